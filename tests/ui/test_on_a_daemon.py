"""The app under Textual's pilot on a real daemon."""

from __future__ import annotations

from textual.pilot import Pilot
from textual.widgets import Input

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.model.safety_mark import is_safety
from snaptui.operations.operation import Phase
from snaptui.ui.app import SnaptuiApp
from snaptui.ui.dialogs.plan_dialog import PlanDialog
from snaptui.ui.terminal.key_queue import BURST, CLOSED
from tests.lab import Lab, holds, write
from tests.one_host import alone, reach
from tests.ui.conftest import loaded, until


async def left(pilot: Pilot[None]) -> None:
    """Tab until what is typed is no text."""
    while isinstance(pilot.app.focused, Input):
        await pilot.press("tab")


async def confirmed(pilot: Pilot[None], key: str, typed: str = "") -> None:
    """Open a dialog with a key, and confirm it once it can be confirmed."""
    app = pilot.app
    assert isinstance(app, SnaptuiApp)
    known = len(app.session.operations.all)
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, PlanDialog), "the dialog")
    dialog = app.screen
    await until(
        pilot,
        lambda: bool(dialog.query("#confirm:enabled")) or dialog.query_one("#typed").display,
        "still checking",
    )
    assert app.focused is not None
    assert app.focused.id == ("name" if key == "c" else "cancel")
    await left(pilot)
    if typed:
        app.screen.query_one("#typed").focus()
        await pilot.press(*typed, "tab")

    async def pressed() -> None:
        while isinstance(app.screen, PlanDialog):
            await pilot.pause(2 * BURST)
            await pilot.press("Y")
            await pilot.pause(2 * BURST)

    await pressed()
    await pilot.pause(CLOSED)
    await until(
        pilot, lambda: app.session.operations.all[known + 1].phase.over, "the end of the operation"
    )
    assert app.session.operations.all[known + 1].phase is Phase.DONE


async def test_create_revert_delete(lab: Lab) -> None:
    lab.define("web")
    backend = LibvirtBackend(lab.uri)
    app = SnaptuiApp(alone(backend), reach, select="web")
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.session.snapshots.shown is not None, "the domain")
        await confirmed(pilot, "c")
        (name,) = lab.snapshots("web")
        write(lab.image("web"), 0x22)
        await loaded(pilot)
        await pilot.press("g")
        await confirmed(pilot, "r")
        assert holds(lab.image("web"), 0x11)
        assert lab.current("web") == name
        await confirmed(pilot, "d")
        assert [is_safety(left) for left in lab.snapshots("web")] == [True]
