"""Lines of label and value, as the details and whole screens of text show them."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from snaptui.ui.format import Glyphs, clean, cut, fit
from snaptui.ui.panes.row_list import Cell, RowList

Line = tuple[str, str]
"""A label and a value; both may be empty."""


@dataclass(frozen=True, slots=True)
class Sides:
    """A line with a name, something about it, and more at the right end of the line.

    Attributes:
        role: of all but the name.
    """

    name: str
    left: str = ""
    right: str = ""
    role: str = ""


class Wraps(enum.Enum):
    """Whether what is longer than a row goes on in the next ones."""

    NEVER = enum.auto()
    WHERE_ROOM = enum.auto()
    """As far as no line has to leave the screen for it."""
    ALWAYS = enum.auto()


MOST_ROWS = 8
"""Of one line; whoever wrote it, the others have room. It is copied whole."""
MORE = "(it goes on; copy it to read all)"
LABEL = 24
"""Cells of a label at most: in some stands what others called a disk."""


class LinesList(RowList):
    """Lines of label and value; values of others are made safe here.

    Args:
        wraps: whether long ones go on below.
    """

    def __init__(
        self,
        glyphs: Glyphs,
        *,
        id: str,  # noqa: A002  # Textual's word
        wraps: Wraps = Wraps.NEVER,
    ) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._wraps = wraps
        self._given: tuple[Line | Sides, ...] = ()
        self._lines: tuple[Line | Sides, ...] = ()
        self._of: tuple[int, ...] = ()
        self._label = 0

    @property
    def count(self) -> int:
        """Number of lines."""
        return len(self._lines)

    @property
    def at(self) -> int:
        """Which of the lines that were given is under the cursor."""
        return self._of[self.cursor] if self._of else 0

    def go_to(self, line: int) -> None:
        """Put the cursor on one of the lines that were given."""
        self.cursor = self._of.index(line) if line in self._of else 0

    def show(self, lines: tuple[Line | Sides, ...]) -> None:
        """Show other lines, from the top; only what differs is drawn again."""
        before, label = self._lines, self._label
        self._given = lines
        labels = (len(line[0]) for line in lines if not isinstance(line, Sides))
        self._label = min(max(labels, default=0), LABEL) + 1
        self._lines = lines = self._laid_out(lines)
        if before[:1] != lines[:1]:  # they are of something else
            self.scroll_to(y=0, animate=False)
        if (len(before), label, self.cursor) != (len(lines), self._label, 0):
            self.rows_changed(0)
            return
        for index, (old, new) in enumerate(zip(before, lines, strict=True)):
            if old != new:
                self.refresh_line(index)

    def on_resize(self) -> None:
        """Other lines have room."""
        super().on_resize()
        if self._wraps is not Wraps.NEVER:
            at = self.at
            self.show(self._given)
            self.go_to(at)

    def _laid_out(self, lines: tuple[Line | Sides, ...]) -> tuple[Line | Sides, ...]:
        self._of = tuple(range(len(lines)))
        if self._wraps is Wraps.NEVER or not self.row_width:
            return lines
        room = self.row_width - 3
        found = [_bounded(list(wrapped(line, room, self._label))) for line in lines]
        if self._wraps is Wraps.WHERE_ROOM:
            found = with_room(lines, found, self.size.height)
        self._of = tuple(at for at, rows in enumerate(found) for _ in rows)
        return tuple(row for rows in found for row in rows)

    def cells(self, index: int, width: int) -> list[Cell]:
        """Label and value, or what stands at both sides."""
        line = self._lines[index]
        if isinstance(line, Sides):
            return sides(line, width, self._glyphs)
        label, value = line
        shown = clean(value, self._glyphs)
        marker = self._glyphs.cursor if index == self.cursor and self.has_focus else " "
        if not label:
            return [(f"{marker} ", "strong"), (fit(shown, width - 2, self._glyphs), "")]
        return [
            (f"{marker} ", "strong"),
            (fit(clean(label, self._glyphs), self._label, self._glyphs), "muted"),
            (fit(shown, width - 2 - self._label, self._glyphs), "bad" if label == "Error" else ""),
        ]


def with_room(
    lines: Sequence[Line | Sides], rows: Sequence[list[Line | Sides]], height: int
) -> list[list[Line | Sides]]:
    """The rows of each line, or the line as one row where its rows have no room, the first first.

    Args:
        rows: of each line, if it goes on below.
        height: rows that there are.
    """
    spare, found = height - len(lines), []
    for line, whole in zip(lines, rows, strict=True):
        more = len(whole) - 1
        found.append(whole if more <= max(spare, 0) else [line])
        spare -= more if more <= spare else 0
    return found


def _bounded(rows: list[Line | Sides]) -> list[Line | Sides]:
    """Not so many that one line is all that is seen."""
    return rows if len(rows) <= MOST_ROWS else [*rows[: MOST_ROWS - 1], ("", MORE)]


def wrapped(line: Line | Sides, width: int, label: int) -> Iterator[Line | Sides]:
    """A line as several that need no more than so many cells each.

    Args:
        label: cells of a label.
    """
    if isinstance(line, Sides):
        name = cell_len(line.name) + 2 if line.name else 0
        if name + cell_len(line.left) + 2 + cell_len(line.right) <= width:
            yield line
            return
        first, *more = parts(line.left, max(width - name, width // 2))
        yield Sides(line.name, first, "", line.role)
        yield from (Sides("", " " * name + part, "", line.role) for part in more)
        if line.right:
            yield Sides("", "", line.right, line.role)
        return
    title, value = line
    first, *more = parts(value, max(width - label * bool(title), width // 2))
    yield title, first
    yield from ((" " * bool(title), part) for part in more)


def parts(text: str, width: int) -> list[str]:
    """A text in parts of so many cells at most, parted at spaces where there are any."""
    found: list[str] = []
    while cell_len(text) > width > 1:
        head = set_cell_size(text, width).rstrip()
        at = head.rfind(" ")
        if not text[len(head) :].startswith(" ") and at >= len(head) // 2:
            head = head[:at].rstrip()
        found.append(head)
        text = text[len(head) :].lstrip()
    return [*found, text]


def sides(line: Sides, width: int, glyphs: Glyphs) -> list[Cell]:
    """The cells of such a line: the right side keeps a third of it, and the name both ends."""
    width -= 3
    left, right = clean(line.left, glyphs), clean(line.right, glyphs)
    name = clean(line.name, glyphs)
    spare = width - cell_len(name) - cell_len(left) - 4
    right = cut(right, max(width // 3, spare), glyphs)
    room = width - cell_len(right) - 2 * bool(right)
    name = cut(name, max(room - cell_len(left) - 2, room // 2), glyphs)
    gap = "  " if name and left else ""
    rest = room - cell_len(name) - len(gap)
    return [
        ("  ", "strong"),
        (name, "strong"),
        (gap + fit(left, rest, glyphs), line.role),
        (f"  {right}" if right else "", line.role),
    ]
