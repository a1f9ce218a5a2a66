"""A list of rows with a cursor that draws only what changed.

Drawn through Textual's line API: the cost of a key does not depend on the number of rows,
and moving the cursor repaints two lines.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from snaptui.ui import keymap
from snaptui.ui.action import Scope

Cell = tuple[str, str]
"""Text of exactly the width that it takes, and the role that it is drawn in."""
_Look = tuple[int, bool, list[Cell]] | None
"""Width of a line, whether the cursor is on it, what is in it; ``None`` below the last row."""

ROLES = ("good", "warn", "bad", "muted", "strong", "graph", "struck")


class RowList(ScrollView, can_focus=True):
    """Rows, one line each; subclasses say what is in a row.

    Attributes:
        cursor: index of the selected row; ``0`` when there are none, ``-1`` when none is selected
            because it is gone.
    """

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Scope.LIST)
    COMPONENT_CLASSES: ClassVar[set[str]] = {"row--cursor", *(f"row--{role}" for role in ROLES)}

    cursor: reactive[int] = reactive(0, repaint=False, init=False)

    class Moved(Message):
        """The cursor stands on another row."""

        def __init__(self, rows: RowList) -> None:
            super().__init__()
            self.rows = rows

        @property
        def control(self) -> RowList:
            """The list."""
            return self.rows

        def can_replace(self, message: Message) -> bool:
            """Of several moves of one list only the last counts."""
            return isinstance(message, RowList.Moved) and message.rows is self.rows

    class Picked(Message):
        """A row was clicked twice."""

    class Scrolled(Message):
        """Other rows are on screen."""

        def __init__(self, rows: RowList) -> None:
            super().__init__()
            self.rows = rows

        def can_replace(self, message: Message) -> bool:
            """Of several scrolls of one list only the last counts."""
            return isinstance(message, RowList.Scrolled) and message.rows is self.rows

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._looks: dict[int, _Look] = {}

    @property
    def count(self) -> int:
        """Number of rows."""
        return 0

    @property
    def row_width(self) -> int:
        """Terminal cells that a row can use."""
        return self.scrollable_content_region.width

    def cells(self, index: int, width: int) -> list[Cell]:
        """The cells of a row, ``width`` terminal cells in all at most."""
        raise NotImplementedError

    @property
    def on_screen(self) -> range:
        """Indexes of the rows that can be seen."""
        top = self.scroll_offset.y
        return range(top, min(self.count, top + max(self.size.height, 1)))

    def rows_changed(self, cursor: int) -> None:
        """Draw again after the rows changed; the cursor goes to ``cursor``, or nowhere (-1).

        Who has scrolled away from it stays there, unless it moves.
        """
        before, seen = self.cursor, self.cursor in self.on_screen
        self.virtual_size = Size(0, self.count)
        least = min(0, max(cursor, -1))
        self.set_reactive(RowList.cursor, max(least, min(cursor, self.count - 1)))
        if seen or self.cursor != before:
            self._reveal()
        self._draw_others()
        self.post_message(self.Scrolled(self))
        if self.cursor != before:
            self.post_message(self.Moved(self))

    def _draw_others(self) -> None:
        """Draw the lines that look otherwise now: most do not when something was read again."""
        top, width = self.scroll_offset.y, self.row_width
        for y in range(self.size.height):
            if y not in self._looks or self._looks[y] != self._look(top + y, width):
                self.refresh_line(top + y)

    def _look(self, index: int, width: int) -> _Look:
        if index >= self.count:
            return None
        return width, index == self.cursor, self.cells(index, width)

    def render_line(self, y: int) -> Strip:
        """One line of the screen, for Textual."""
        width = self.row_width
        index = y + self.scroll_offset.y
        base = self.rich_style
        look = self._looks[y] = self._look(index, width)
        if look is None:
            return Strip.blank(width, base)
        _, selected, cells = look
        line = base + self.get_component_rich_style("row--cursor") if selected else base
        segments = []
        for shown, role in cells:
            style = line
            if role:
                own = self.get_component_rich_style(f"row--{role}", partial=True)
                style = line + Style(bold=own.bold, strike=own.strike) if selected else line + own
            segments.append(Segment(shown, style))
        return Strip(segments).simplify().adjust_cell_length(width, line)

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a row."""
        return max(0, min(cursor, self.count - 1))

    def watch_cursor(self, before: int, after: int) -> None:
        """Repaint the two rows that changed."""
        if before >= 0:
            self.refresh_line(before)
        self.refresh_line(after)
        self._reveal()
        self.post_message(self.Moved(self))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell which rows are on screen now."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.post_message(self.Scrolled(self))

    def on_resize(self) -> None:
        """Keep the cursor on screen."""
        self._looks.clear()
        self.refresh()
        self._reveal()
        self.post_message(self.Scrolled(self))

    def on_focus(self) -> None:
        """Draw the cursor as it looks with the focus."""
        self.refresh_line(self.cursor)

    def on_blur(self) -> None:
        """Draw the cursor as it looks without the focus."""
        self.refresh_line(self.cursor)

    def on_click(self, event: events.Click) -> None:
        """Select the row clicked; a second click picks it."""
        place = event.get_content_offset(self)
        if place is not None and (index := place.y + self.scroll_offset.y) < self.count:
            self.cursor = index
            if event.chain == 2:
                self.post_message(self.Picked())

    def action_up(self) -> None:
        """Go up one row."""
        self.cursor -= 1

    def action_down(self) -> None:
        """Go down one row."""
        self.cursor += 1

    def action_page_up(self) -> None:
        """Go up a page."""
        self.cursor -= max(1, self.size.height - 1)

    def action_page_down(self) -> None:
        """Go down a page."""
        self.cursor += max(1, self.size.height - 1)

    def action_top(self) -> None:
        """Go to the first row."""
        self.cursor = 0

    def action_bottom(self) -> None:
        """Go to the last row."""
        self.cursor = self.count - 1

    def _reveal(self) -> None:
        if self.size.height and self.cursor >= 0:
            self.scroll_to_region(
                Region(0, self.cursor, 1, 1), animate=False, force=True, x_axis=False
            )
