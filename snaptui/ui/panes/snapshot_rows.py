"""What lists of snapshots share: columns beside the names, and sorting by what a delete frees."""

from __future__ import annotations

from typing import ClassVar

from snaptui.ui.format import Glyphs
from snaptui.ui.panes.columns import Column, Layout, layout
from snaptui.ui.panes.row_list import RowList


class SnapshotRows(RowList):
    """Rows of snapshots; subclasses say what is in them.

    Attributes:
        columns: those to the right of the names; one is called Frees.
        widest: terminal cells of the longest name with all that stands before it.
    """

    columns: ClassVar[tuple[Column, ...]] = ()

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self.widest = 0
        self._by_frees = False

    @property
    def by_frees(self) -> bool:
        """Whether they are sorted by what a delete frees."""
        return self._by_frees

    def sort(self) -> None:
        """Sort by what a delete frees, or as they were again."""
        self._by_frees = not self._by_frees
        self.draw_rows(same=True)

    def sort_at(self, x: int) -> bool:
        """Sort by the column of the heading at a place, if it is another way; whether it is."""
        other = (self.shared(self.row_width).title_at(x) == "Frees") is not self._by_frees
        if other:
            self.sort()
        return other

    def draw_rows(self, *, same: bool) -> None:
        """Draw what is known now; the cursor stays on its snapshot if they are of the ``same``."""
        raise NotImplementedError

    def shared(self, width: int) -> Layout:
        """Share out a row of ``width`` terminal cells."""
        return layout(width, self.columns, self.widest)

    def heading(self, width: int, glyphs: Glyphs, name: str) -> str:
        """Titles of the columns, in the places of :meth:`cells`; ``name`` is the first one."""
        return self.shared(width).heading(glyphs, name, "Frees" if self._by_frees else "")
