"""Lines of label and value, as the details and whole screens of text show them."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len

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


LABEL = 24
"""Cells of a label at most: in some stands what others called a disk."""


class LinesList(RowList):
    """Lines of label and value; values of others are made safe here."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:  # noqa: A002  # Textual's word
        super().__init__(id=id)
        self._glyphs = glyphs
        self._lines: tuple[Line | Sides, ...] = ()
        self._label = 0

    @property
    def count(self) -> int:
        """Number of lines."""
        return len(self._lines)

    def show(self, lines: tuple[Line | Sides, ...]) -> None:
        """Show other lines, from the top; only what differs is drawn again."""
        before, label = self._lines, self._label
        self._lines = lines
        labels = (len(line[0]) for line in lines if not isinstance(line, Sides))
        self._label = min(max(labels, default=0), LABEL) + 1
        if before[:1] != lines[:1]:  # they are of something else
            self.scroll_to(y=0, animate=False)
        if (len(before), label, self.cursor) != (len(lines), self._label, 0):
            self.rows_changed(0)
            return
        for index, (old, new) in enumerate(zip(before, lines, strict=True)):
            if old != new:
                self.refresh_line(index)

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
