"""What the screens look like, at the two sizes that are promised."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from snaptui.ui.dialogs.plan_dialog import LAID_OUT
from snaptui.ui.panes.all_snapshots import AllList
from snaptui.ui.panes.reclaimable import ItemList
from snaptui.ui.screens.survey_screen import SurveyScreen
from tests.ui.conftest import MakeApp, loaded, until

SIZES = [(80, 24), (120, 40)]

Compare = Callable[..., bool]


def steps(*keys: str, shows: str = "") -> Callable[[Pilot[None]], Awaitable[None]]:
    """Press keys once everything is there, and wait for a screen that holds a text."""

    async def run(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        if shows:
            await until(pilot, lambda: shows in text_of(pilot), shows)
            await settled(pilot)

    return run


async def settled(pilot: Pilot[None]) -> None:
    """Wait until the screen stays as it is: a dialog makes room once more a moment later."""
    before = ""
    while before != (now := text_of(pilot)):
        before = now
        await pilot.pause(2 * LAID_OUT)


def text_of(pilot: Pilot[None]) -> str:
    """All that the app shows, as text."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in strips)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    ("keys", "shows"),
    [
        pytest.param((), "", id="snapshots"),
        pytest.param(("escape",), "", id="domains"),
        pytest.param(("c",), "Not checked", id="create"),
        pytest.param(("g", "j", "r"), "Not checked", id="revert"),
        pytest.param(("g", "j", "d"), "Not checked", id="delete"),
        pytest.param(("g", "j", "e"), "unchanged", id="edit"),
        pytest.param(("g", "j", "H"), "snapshot-edit", id="hold"),
        pytest.param(("o",), "No operations yet", id="operations"),
        pytest.param(("g", "j", "enter"), "<domainsnapshot>", id="details"),
        pytest.param(("g", "j", "equals_sign"), "Configuration: no difference", id="compare"),
        pytest.param(("L",), "What colleagues did", id="history"),
        pytest.param(("question_mark",), "Domains and snapshots", id="help"),
        pytest.param(("slash", "p", "o", "s", "t"), "", id="filter"),
    ],
)
def test_screen(
    snap_compare: Compare,
    make_app: MakeApp,
    size: tuple[int, int],
    keys: tuple[str, ...],
    shows: str,
) -> None:
    assert snap_compare(make_app(), terminal_size=size, run_before=steps(*keys, shows=shows))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("key", [pytest.param("F", id="spaces"), pytest.param("A", id="all")])
def test_screen_of_files(
    snap_compare: Compare, make_app: MakeApp, size: tuple[int, int], key: str
) -> None:
    async def surveyed(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press(key)
        await until(pilot, lambda: isinstance(pilot.app.screen, SurveyScreen), "the screen")
        screen = pilot.app.screen
        assert isinstance(screen, SurveyScreen)
        rows = screen.query_one(ItemList if key == "F" else AllList)

        def done() -> bool:
            doing = screen.surveys.doing or screen.surveys.counting
            return not doing and rows.count > 1

        await until(pilot, done, "the survey")
        screen.tick()
        await pilot.pause()

    assert snap_compare(make_app(), terminal_size=size, run_before=surveyed)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_read_only(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int]) -> None:
    assert snap_compare(make_app(read_only=True), terminal_size=size, run_before=loaded)


def test_ascii(snap_compare: Compare, make_app: MakeApp) -> None:
    assert snap_compare(make_app(ascii_only=True), terminal_size=(80, 24), run_before=loaded)


@pytest.mark.parametrize("theme", ["light", "ansi"])
@pytest.mark.parametrize("keys", [("g", "j"), ("g", "j", "r")], ids=["snapshots", "revert"])
def test_theme(snap_compare: Compare, make_app: MakeApp, theme: str, keys: tuple[str, ...]) -> None:
    shows = "Not checked" if "r" in keys else ""
    opened = steps(*keys, shows=shows)
    assert snap_compare(make_app(theme=theme), terminal_size=(80, 24), run_before=opened)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_error(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int]) -> None:
    """A domain that was named on the command line and is not there."""

    async def opened(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "There is no domain nope" in text_of(pilot), "the error")

    assert snap_compare(make_app("nope"), terminal_size=size, run_before=opened)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_quit_while_work_is_under_way(
    snap_compare: Compare, make_app: MakeApp, size: tuple[int, int]
) -> None:
    from snaptui.ui.dialogs.message import QuitDialog

    async def asked(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        app = pilot.app
        words = ("web01: take the snapshot pre-upgrade, running for 12 s",)
        app.push_screen(QuitDialog(lambda: words, app.context.glyphs))  # type: ignore[attr-defined]  # SnaptuiApp
        await until(pilot, lambda: "Quit while" in text_of(pilot), "the question")

    assert snap_compare(make_app(), terminal_size=size, run_before=asked)
