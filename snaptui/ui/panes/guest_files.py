"""The list of a folder inside a guest."""

from __future__ import annotations

import enum
import stat
from collections.abc import Iterable
from operator import attrgetter

from snaptui.common import text
from snaptui.model.guest_file import FileType, GuestFile
from snaptui.ui.format import Glyphs, clean, fit
from snaptui.ui.panes.row_list import Cell, RowList

MODE, SIZE, TIME, GAP = 10, 6, 16, 1
"""Cells of type and permissions, of the size, of the moment, and between columns."""
NAME = 20
"""Cells that a name has before the moment, and then the permissions, are shown."""


class FileOrder(enum.Enum):
    """What the files are sorted by; the value is the word shown. Folders come first."""

    NAME = "name"
    SIZE = "size, largest first"
    MODIFIED = "time, latest first"


def is_folder(file: GuestFile) -> bool:
    """Whether other files are in it."""
    return file.type is FileType.DIRECTORY


class FileList(RowList):
    """One row for each entry of a folder; a filter hides those without its text.

    Attributes:
        order: what they are sorted by.
        total: how many there are, with those that the filter hides.
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="files")
        self._glyphs = glyphs
        self._by_name: list[GuestFile] = []
        self._sorted: list[GuestFile] = []
        self._folded: list[str] = []
        self._rows: list[GuestFile] = []
        self._wanted = ""
        self.order = FileOrder.NAME

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self._rows)

    @property
    def total(self) -> int:
        """How many entries the folder has."""
        return len(self._sorted)

    @property
    def selected(self) -> GuestFile | None:
        """The one under the cursor."""
        return self._rows[self.cursor] if 0 <= self.cursor < len(self._rows) else None

    def show(self, files: Iterable[GuestFile], name: str = "") -> None:
        """Show another folder, without a filter.

        Args:
            name: which one the cursor goes to, if it is there; else to the top.
        """
        self._by_name = sorted(files, key=attrgetter("name"))
        self._wanted = ""
        self._sort()
        self._show_rows(name)

    def filter(self, wanted: str) -> None:
        """Hide the names that do not contain a text, whatever its case."""
        before = self.selected
        self._wanted = wanted.casefold()
        self._show_rows(before.name if before is not None else "")

    def sort(self) -> None:
        """Sort by the next order; the cursor stays on its file."""
        orders, before = list(FileOrder), self.selected
        self.order = orders[(orders.index(self.order) + 1) % len(orders)]
        self._sort()
        self._show_rows(before.name if before is not None else "")

    def _sort(self) -> None:
        """Within a tenth of a second, also a hundred thousand; equal ones stay by name."""
        parted: tuple[list[GuestFile], list[GuestFile]] = ([], [])
        for file in self._by_name:
            parted[not stat.S_ISDIR(file.mode)].append(file)
        if self.order is not FileOrder.NAME:
            of = attrgetter("size" if self.order is FileOrder.SIZE else "modified")
            for part in parted:
                part.sort(key=of, reverse=True)
        self._sorted = [*parted[0], *parted[1]]
        self._folded = []

    def _show_rows(self, name: str) -> None:
        rows, wanted = self._sorted, self._wanted
        if wanted:
            self._folded = self._folded or [file.name.casefold() for file in rows]
            pairs = zip(rows, self._folded, strict=True)
            rows = [file for file, folded in pairs if wanted in folded]
        self._rows = rows
        at = next((i for i, file in enumerate(rows) if file.name == name), 0) if name else 0
        self.rows_changed(at)

    def cells(self, index: int, width: int) -> list[Cell]:
        """Cursor, type and permissions, size, when it was modified, name."""
        file, glyphs = self._rows[index], self._glyphs
        cells: list[Cell] = [(f"{glyphs.cursor if index == self.cursor else ' '} ", "strong")]
        gap = " " * GAP
        for title, cell in columns(width):
            if title == "Mode":
                cells.append((file.permissions + gap, "muted"))
            elif title == "Size":
                shown = "" if is_folder(file) else text.tiny_size(file.size)
                cells.append((fit(shown, cell, glyphs, right=True) + gap, ""))
            elif title == "Modified":
                cells.append((fit(moment(file.modified), cell, glyphs) + gap, "muted"))
            else:
                cells.append(self._named(file, cell))
        return cells

    def _named(self, file: GuestFile, width: int) -> Cell:
        shown = clean(file.name, self._glyphs)
        if file.type is FileType.LINK:
            shown += f" -> {clean(file.target, self._glyphs)}"
        if is_folder(file):
            return fit(f"{shown}/", width, self._glyphs), "strong"
        return fit(shown, width, self._glyphs), "" if file.type is FileType.FILE else "graph"

    def heading(self, width: int, glyphs: Glyphs) -> str:
        """Titles of the columns, in the places of :meth:`cells`."""
        sign = {FileOrder.NAME: "Name", FileOrder.SIZE: "Size", FileOrder.MODIFIED: "Modified"}
        line = "  "
        for title, cell in columns(width):
            shown = title + (glyphs.sorted if title == sign[self.order] else "")
            line += fit(shown, cell, glyphs, right=title == "Size") + " " * GAP
        return line


def columns(width: int) -> list[tuple[str, int]]:
    """The columns that fit and their cells, from left to right."""
    room = width - 2 - SIZE - GAP
    timed = room - TIME - GAP >= NAME
    room -= (TIME + GAP) * timed
    moded = room - MODE - GAP >= NAME
    room -= (MODE + GAP) * moded
    return [
        *([("Mode", MODE)] if moded else []),
        ("Size", SIZE),
        *([("Modified", TIME)] if timed else []),
        ("Name", max(room, 1)),
    ]


def moment(nanoseconds: int) -> str:
    """When it was, by the guest's clock, in the time zone of this machine."""
    return text.when(nanoseconds // 10**9)
