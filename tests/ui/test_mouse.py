"""The mouse under Textual's pilot: what does not depend on how fast a terminal is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Static

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.ui.app import SnaptuiApp
from snaptui.ui.dialogs.dialog import Choice
from snaptui.ui.dialogs.plan_dialog import PlanDialog
from snaptui.ui.panes.lines import LinesList
from snaptui.ui.panes.row_list import RowList
from tests.lab import Lab
from tests.one_host import alone, reach
from tests.ui.conftest import MakeApp, loaded, until


async def test_a_click_does_not_confirm_what_could_not_be_read(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a key: half a second, from when what is asked stands on the screen."""
    lab.define("web")
    backend = LibvirtBackend(lab.uri)
    app = SnaptuiApp(alone(backend), reach, select="web")
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.session.snapshots.shown is not None, "the domain")
        await pilot.press("c")
        await until(pilot, lambda: bool(app.screen.query("#confirm:enabled")), "still checking")
        dialog = app.screen
        assert isinstance(dialog, PlanDialog)
        with monkeypatch.context() as patched:
            patched.setattr("snaptui.ui.dialogs.dialog.READ", 1000.0)
            dialog.appeared()
            await pilot.click("#confirm")
            assert app.screen is dialog
            assert not app.session.operations.all

        async def clicked() -> None:
            while app.screen is dialog:
                await pilot.click("#confirm")
                await pilot.pause(0.05)

        await clicked()
        await until(
            pilot, lambda: app.session.operations.all[1].phase.over, "the end of the operation"
        )
        assert len(lab.snapshots("web")) == 1


@pytest.mark.parametrize("wished", ["", "full"])
async def test_nothing_is_animated(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, wished: str
) -> None:
    """Each frame costs a slow link; whatever Textual's own setting says."""
    monkeypatch.setattr("textual.constants.TEXTUAL_ANIMATIONS", wished or "basic")
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await loaded(pilot)
        assert app.animation_level == "none"
        await pilot.press("question_mark")
        lines = app.screen.query_one("#lines")
        await pilot.press("end")
        assert lines.scroll_offset.y == lines.max_scroll_y > 0
        assert not app.animator.is_being_animated(lines, "scroll_y")


async def test_what_was_scrolled_to_stays_when_figures_come_in(make_app: MakeApp) -> None:
    """Rows are drawn again every few seconds; the cursor is brought back by a move alone."""
    app = make_app()
    async with app.run_test(size=(80, 14)) as pilot:
        await loaded(pilot)
        await pilot.press("question_mark")
        rows = app.screen.query_one(RowList)
        assert rows.max_scroll_y > 8
        rows.scroll_to(y=8, animate=False)
        await until(pilot, lambda: rows.scroll_offset.y == 8, "the other lines")
        rows.rows_changed(rows.cursor)
        await pilot.pause()
        assert (rows.cursor, rows.scroll_offset.y) == (0, 8)
        rows.rows_changed(1)
        await until(pilot, lambda: rows.scroll_offset.y == 1, "the cursor")


@asynccontextmanager
async def a_create(
    lab: Lab, size: tuple[int, int]
) -> AsyncIterator[tuple[SnaptuiApp, Pilot[None]]]:
    """The dialog of a create of a running guest, which can be confirmed."""
    lab.define("web", running=True)
    backend = LibvirtBackend(lab.uri)
    app = SnaptuiApp(alone(backend), reach, select="web")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.session.snapshots.shown is not None, "the domain")
        await pilot.press("c")
        await until(pilot, lambda: bool(app.screen.query("#confirm:enabled")), "still checking")
        yield app, pilot


KINDS = ("internal", "external")


async def test_a_click_chooses_the_word_that_it_hits_and_moves_nothing_above(lab: Lab) -> None:
    """A box that grew in the middle put another control under the second click."""
    async with a_create(lab, (100, 40)) as (app, pilot):
        choice = app.screen.query(Choice).first()
        await until(pilot, lambda: app.screen.styles.align_vertical == "top", "the box stays")
        top, words = choice.region.y, choice.render().plain
        assert choice.index == 0
        for word in (1, 0, 1):
            at = words.index(KINDS[word])
            assert await pilot.click(choice, offset=(at, 0))
            assert choice.index == word
            await until(pilot, lambda: bool(app.screen.query("#confirm")), "the plan")
            await pilot.pause()
            assert choice.region.y == top
        await pilot.click(choice, offset=(0, 0))
        assert choice.index == 1, "its label is no word"
        await pilot.resize_terminal(100, 36)
        await until(pilot, lambda: choice.region.y != top, "the new middle")
        await until(pilot, lambda: app.screen.styles.align_vertical == "top", "it stays there")
        top = choice.region.y
        assert await pilot.click(choice, offset=(words.index(KINDS[0]), 0))
        await until(pilot, lambda: bool(app.screen.query("#confirm:enabled")), "the plan")
        await pilot.pause()
        assert (choice.index, choice.region.y) == (0, top)


async def test_a_box_that_grows_beyond_the_screen_keeps_its_buttons_on_it(lab: Lab) -> None:
    """It begins higher then, and is cut only where the screen is too low for all of it."""
    async with a_create(lab, (80, 24)) as (app, pilot):
        await until(pilot, lambda: app.screen.styles.align_vertical == "top", "the box stays")
        choice = app.screen.query(Choice).first()
        box, buttons = app.screen.query_one("#box"), app.screen.query_one("#buttons")
        before = box.region.height
        choice.index = 2
        await until(pilot, lambda: box.region.height > before, "more to say")
        await until(pilot, lambda: buttons.region.bottom < box.region.bottom <= 24, "all of it")


async def test_a_click_on_a_heading_sorts_by_its_column(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await loaded(pilot)

        def heading(name: str) -> str:
            return str(app.screen.query_one(f"#{name}-heading").render())

        for name, title in (("snapshots", "Frees"), ("domains", "Oldest"), ("domains", "Domain")):
            at = heading(name).index(title)
            await pilot.click(f"#{name}-heading", offset=(at + 1, 0))
            await until(pilot, lambda n=name, t=title: f"{t}▾" in heading(n), title)  # type: ignore[misc]  # its defaults
        at = heading("snapshots").index("Age")
        await pilot.click("#snapshots-heading", offset=(at, 0))
        await until(pilot, lambda: "▾" not in heading("snapshots"), "the tree")


@pytest.mark.parametrize(
    ("keys", "words", "shown"),
    [
        ("", "c create", "CreateDialog"),
        ("", "A all", "AllScreen"),
        ("", "? help", "TextScreen"),
        ("", ": commands", "CommandPalette"),
        ("A", "? help", "TextScreen"),
        ("A", "M rule", "KeepDialog"),
        ("A", "Esc close", "MainScreen"),
        ("F", "Esc close", "MainScreen"),
        ("o", "Esc close", "MainScreen"),
        ("L", "Esc close", "MainScreen"),
        ("?", "Esc close", "MainScreen"),
    ],
)
async def test_a_click_on_a_key_of_a_footer_does_what_the_key_does(
    make_app: MakeApp, keys: str, words: str, shown: str
) -> None:
    app = make_app()
    async with app.run_test(size=(200, 40)) as pilot:
        await loaded(pilot)
        if keys:
            await pilot.press(*["question_mark" if key == "?" else key for key in keys])
            await until(pilot, lambda: len(app.screen_stack) == 2, "the screen")
        await until(pilot, lambda: words in footer(app), words)
        x, y = place(footer(app), words)
        assert await pilot.click("#footer", offset=(x + len(words) - 1, y))
        await until(pilot, lambda: type(app.screen).__name__ == shown, shown)


async def test_a_click_that_was_meant_for_a_dialog_hits_no_key_below_it(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=(200, 40)) as pilot:
        await loaded(pilot)
        await pilot.press("c")
        await until(pilot, lambda: len(app.screen_stack) == 2, "the dialog")
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1, "the screen below")
        app.dialog_closed()
        x, y = place(footer(app), "A all")
        await pilot.click("#footer", offset=(x, y))
        await pilot.pause()
        assert len(app.screen_stack) == 1
        await until(pilot, lambda: not app.deaf, "the end of that")
        await pilot.click("#footer", offset=(x, y))
        await until(pilot, lambda: len(app.screen_stack) == 2, "all snapshots")


async def test_a_click_on_a_key_changes_nothing_when_read_only(make_app: MakeApp) -> None:
    app = make_app(read_only=True)
    async with app.run_test(size=(200, 40)) as pilot:
        await loaded(pilot)
        for changing in ("c create", "r revert", "d delete"):
            assert changing not in footer(app)


async def test_a_click_selects_the_row_that_it_hits_below_a_border(make_app: MakeApp) -> None:
    """The border of a list is a line of it, and none of its rows."""
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await loaded(pilot)
        await pilot.press("o")
        await until(pilot, lambda: len(app.screen_stack) == 2, "the operations")
        rows = app.screen.query_one("#record", LinesList)
        await until(pilot, lambda: rows.count == 1, "that there are none")
        rows.show(tuple(("", f"line {number}") for number in range(5)))
        await pilot.pause()
        assert rows.styles.border_top[0] == "solid"
        for y, cursor in ((1, 0), (3, 2), (0, 2)):
            await pilot.click("#record", offset=(3, y))
            await pilot.pause()
            assert rows.cursor == cursor, y


def footer(app: App[None]) -> str:
    return str(app.screen.query_one("#footer", Static).render())


def place(text: str, words: str) -> tuple[int, int]:
    """The column and the line of words in a text."""
    before = text[: text.index(words)].split("\n")
    return len(before[-1]), len(before) - 1
