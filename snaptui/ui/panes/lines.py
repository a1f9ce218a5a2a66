"""Lines of label and value, as the details and whole screens of text show them."""

from __future__ import annotations

from snaptui.ui.format import Glyphs, clean, fit
from snaptui.ui.panes.row_list import Cell, RowList

Line = tuple[str, str]
"""A label and a value; both may be empty."""


LABEL = 24
"""Cells of a label at most: in some stands what others called a disk."""


class LinesList(RowList):
    """Lines of label and value; values of others are made safe here."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:  # noqa: A002  # Textual's word
        super().__init__(id=id)
        self._glyphs = glyphs
        self._lines: tuple[Line, ...] = ()
        self._label = 0

    @property
    def count(self) -> int:
        """Number of lines."""
        return len(self._lines)

    def show(self, lines: tuple[Line, ...]) -> None:
        """Show other lines, from the top; only what differs is drawn again."""
        before, label = self._lines, self._label
        self._lines = lines
        self._label = min(max((len(name) for name, _ in lines), default=0), LABEL) + 1
        if before[:1] != lines[:1]:  # they are of something else
            self.scroll_to(y=0, animate=False)
        if (len(before), label, self.cursor) != (len(lines), self._label, 0):
            self.rows_changed(0)
            return
        for index, (old, new) in enumerate(zip(before, lines, strict=True)):
            if old != new:
                self.refresh_line(index)

    def cells(self, index: int, width: int) -> list[Cell]:
        """Label and value."""
        label, value = self._lines[index]
        shown = clean(value, self._glyphs)
        marker = self._glyphs.cursor if index == self.cursor and self.has_focus else " "
        if not label:
            return [(f"{marker} ", "strong"), (fit(shown, width - 2, self._glyphs), "")]
        return [
            (f"{marker} ", "strong"),
            (fit(clean(label, self._glyphs), self._label, self._glyphs), "muted"),
            (fit(shown, width - 2 - self._label, self._glyphs), "bad" if label == "Error" else ""),
        ]
