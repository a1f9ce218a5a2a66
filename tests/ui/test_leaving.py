"""What comes for a screen, or for the program, that has just been left changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from snaptui.ui.dialogs.message import ErrorDialog
from snaptui.ui.dialogs.plan_dialog import PlanDialog
from snaptui.ui.screens.reclaimable import SpaceScreen
from tests.ui.conftest import MakeApp, loaded, until


async def test_of_the_program(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await loaded(pilot)
    changed: tuple[Callable[[], None], ...] = (
        app.host_changed, app.snapshots_changed, app.images_changed, app.counted,
    )  # fmt: skip
    for tell in changed:
        tell()


@pytest.mark.parametrize("key", ["c", "d", "F"])
async def test_of_a_screen(make_app: MakeApp, key: str) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await loaded(pilot)
        await pilot.press("g", key)
        await until(pilot, lambda: len(app.screen_stack) == 2, "the screen")
        screen = app.screen
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1, "the main screen")
        if isinstance(screen, SpaceScreen):
            screen.draw()
            screen.draw()
            screen.tick()
        else:
            assert isinstance(screen, PlanDialog)
            screen.make_room()


async def test_a_screen_closes_once(make_app: MakeApp) -> None:
    """By a key that comes twice, and neither the one beneath nor the program goes with it."""
    app = make_app()
    async with app.run_test() as pilot:
        await loaded(pilot)
        for words in ("first", "second"):
            app.show_error(words, "it failed", "")
        await until(pilot, lambda: len(app.screen_stack) == 3, "both errors")
        upper = app.screen
        assert isinstance(upper, ErrorDialog)
        for _ in range(3):
            upper.action_cancel()
        await pilot.pause()
        assert len(app.screen_stack) == 2
        assert app.is_running
