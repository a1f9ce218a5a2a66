"""A list draws the lines that look otherwise, and no others."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.strip import Strip

from snaptui.ui.panes.row_list import Cell, RowList


class Names(RowList):
    """One word a row; notes which lines are drawn, and what they show."""

    def __init__(self) -> None:
        super().__init__(id="names")
        self.names = ["one", "two", "three"]
        self.drawn: dict[int, str] = {}

    @property
    def count(self) -> int:
        return len(self.names)

    def cells(self, index: int, width: int) -> list[Cell]:
        return [(self.names[index].ljust(width)[:width], "")]

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        self.drawn[y] = strip.text.strip()
        return strip


class OneList(App[None]):
    """The list alone."""

    def compose(self) -> ComposeResult:
        yield Names()


async def drawn(pilot: Pilot[None], names: list[str], cursor: int) -> dict[int, str]:
    """What is drawn when these are the rows now."""
    rows = pilot.app.query_one(Names)
    await pilot.pause()
    rows.drawn.clear()
    rows.names = names
    rows.rows_changed(cursor)
    await pilot.pause()
    return dict(rows.drawn)


async def test_only_lines_that_changed_are_drawn() -> None:
    async with OneList().run_test(size=(20, 6)) as pilot:
        await drawn(pilot, ["one", "two", "three"], 0)
        assert await drawn(pilot, ["one", "two", "three"], 0) == {}
        assert await drawn(pilot, ["one", "second", "three"], 0) == {1: "second"}
        assert await drawn(pilot, ["one", "second", "three"], 2) == {0: "one", 2: "three"}
        fewer = await drawn(pilot, ["one", "second"], 0)
        assert fewer[2] == "", "another number of rows is laid out as a whole"


async def test_what_is_beyond_the_screen_is_drawn_once_it_is_there() -> None:
    names = [f"row {number}" for number in range(9)]
    async with OneList().run_test(size=(20, 4)) as pilot:
        await drawn(pilot, names, 0)
        assert await drawn(pilot, [*names[:8], "late"], 0) == {}
        await pilot.press("G")
        await pilot.pause()
        assert pilot.app.query_one(Names).drawn[3] == "late"
        await drawn(pilot, ["other", *names[1:]], 8)
        await pilot.resize_terminal(20, 10)
        await pilot.pause()
        assert pilot.app.query_one(Names).drawn[0] == "other"
