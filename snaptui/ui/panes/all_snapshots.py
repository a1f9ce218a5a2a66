"""The list of all snapshots of all domains."""

from __future__ import annotations

import time
from collections.abc import Sequence

from snaptui.common import text
from snaptui.model.image import NotKnown
from snaptui.storage.reclaimable import Mark
from snaptui.storage.snapshot_list import Flag, ListedSnapshot, Order
from snaptui.ui.format import Glyphs, clean, fit, fit_name, frees, short_age, written
from snaptui.ui.panes.row_list import Cell, RowList
from snaptui.ui.pictures import BAR, BAR_FROM, most_of, share_line

MARKS, KIND, AGE, SIZE = 4, 3, 5, 9
"""Cells of the marks in front, of the letter of the kind, of the age, and of each figure."""


class AllList(RowList):
    """One row for each snapshot; which ones and in what order is said from outside."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="all")
        self._glyphs = glyphs
        self._rows: tuple[ListedSnapshot, ...] = ()
        self._hosts = False
        self._most = 0
        self._last: int | None = None
        self.marked: frozenset[Mark] = frozenset()

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self._rows)

    @property
    def selected(self) -> ListedSnapshot | None:
        """The one under the cursor."""
        return self._rows[self.cursor] if self._rows else None

    @property
    def shown(self) -> frozenset[Mark]:
        """All that are shown."""
        return frozenset(row.mark for row in self._rows)

    @property
    def versions(self) -> dict[Mark, tuple[int | None, str]]:
        """Which ones these are that are shown: see :attr:`ListedSnapshot.version`."""
        return {row.mark: row.version for row in self._rows}

    def show(self, rows: tuple[ListedSnapshot, ...], *, hosts: bool) -> None:
        """Show these; the cursor stays on its snapshot, or at the top.

        Args:
            hosts: there are several, and each row says which.
        """
        before = self.selected
        self._rows, self._hosts, self._last = rows, hosts, None
        self._most = most_of(row.reclaim for row in rows)
        marks = [row.mark for row in rows]
        known = self.cursor and before is not None and before.mark in marks
        self.rows_changed(marks.index(before.mark) if before and known else self.cursor)

    def mark(self) -> None:
        """Mark the snapshot, or take its mark away, and go on to the next row."""
        if (row := self.selected) is not None:
            self.marked ^= {row.mark}
            self._last = self.cursor
            self.refresh_line(self.cursor)
            self.cursor += 1

    def mark_range(self) -> None:
        """Mark all from the last mark to here; without one, this one."""
        if not self._rows:
            return
        last = self._last if self._last is not None else self.cursor
        first, end = sorted((last, self.cursor))
        self.marked |= {row.mark for row in self._rows[first : end + 1]}
        self._last = self.cursor
        self.refresh()

    def mark_shown(self) -> None:
        """Mark all that are shown, or take their marks away if all have one."""
        shown = self.shown
        self.marked = self.marked - shown if shown <= self.marked else self.marked | shown
        self.refresh()

    def unmark(self) -> None:
        """Take all marks away."""
        self.marked, self._last = frozenset(), None
        self.refresh()

    def columns(self, width: int) -> list[tuple[Order | None, int]]:
        """The columns and their cells, from left to right; ``None`` has the description."""
        bar = BAR if width >= BAR_FROM else 0
        left = max(0, width - MARKS - KIND - AGE - 2 * SIZE - bar)
        host = min(14, left // 5) if self._hosts else 0
        domain = min(20, max(8, left // 4))
        name = min(32, max(10, (left - host - domain) // 2))
        return [
            *([(Order.HOST, host)] if host else []),
            (Order.DOMAIN, domain),
            (Order.NAME, name),
            (Order.AGE, AGE),
            (Order.WRITTEN, SIZE),
            (Order.RECLAIM, SIZE + bar),
            (None, max(0, left - host - domain - name)),
        ]

    def cells(self, index: int, width: int) -> list[Cell]:
        """Marks, host, domain, name, age, figures, description."""
        row, glyphs = self._rows[index], self._glyphs
        chosen = glyphs.marked if row.mark in self.marked else " "
        cells: list[Cell] = [
            (glyphs.cursor if index == self.cursor else " ", "strong"),
            (chosen, "strong"),
            (f"{_sign(row, glyphs)} ", _role(row)),
            (fit(_kind(row), KIND, glyphs), "muted"),
        ]
        words = {
            Order.HOST: row.host,
            Order.DOMAIN: row.domain.name,
            Order.NAME: row.name,
            Order.AGE: short_age(row.created, time.time()) or "?",
            Order.WRITTEN: written(row.cost) if row.cost is not None else "?",
            Order.RECLAIM: _frees(row),
            None: row.unread or row.description.replace("\n", "  "),
        }
        for column, cell in self.columns(width):
            right = column in (Order.AGE, Order.WRITTEN, Order.RECLAIM)
            role = "bad" if column is None and row.unread else "muted" if column is None else ""
            shown = clean(words[column], glyphs)
            if column is Order.RECLAIM and cell > SIZE:
                line = share_line(row.reclaim, self._most, cell - SIZE - 1, glyphs)
                cells.append((fit(shown, SIZE, glyphs, right=True) + " ", role))
                cells.append((fit(line, cell - SIZE - 1, glyphs), "graph"))
            elif right:
                cells.append((fit(shown, cell, glyphs, right=True), role))
            else:
                named = fit_name(shown, cell - 1, glyphs) + " "
                said = " " + fit(shown, cell - 1, glyphs)
                cells.append((said if column is None else named, role))
        return cells

    def heading(self, width: int, glyphs: Glyphs, by: Order) -> str:
        """Titles of the columns, in the places of :meth:`cells`, with a sign at the sorted one."""
        line = " " * (MARKS + KIND)
        for column, cell in self.columns(width):
            title = column.value if column is not None else "Description"
            title += glyphs.sorted if column is by else ""
            if column in (Order.AGE, Order.WRITTEN, Order.RECLAIM):
                figure = min(cell, SIZE)
                line += fit(title, figure, glyphs, right=True) + " " * (cell - figure)
            else:
                line += (" " if column is None else "") + fit(title, cell - 1, glyphs)
                line += "" if column is None else " "
        return line

    def column_at(self, x: int) -> Order | None:
        """The column of a heading at a place, if one can sort by it."""
        at = MARKS + KIND
        for column, cell in self.columns(self.row_width):
            if at <= x < at + cell:
                return column
            at += cell
        return None


def together(rows: Sequence[ListedSnapshot]) -> str:
    """How many snapshots of how many domains."""
    domains = {row.domain.key for row in rows}
    return f"{text.count(len(rows), 'snapshot')} of {text.count(len(domains), 'domain')}"


def _frees(row: ListedSnapshot) -> str:
    if row.cost is not None:
        return frees(row.cost)
    return "?" if isinstance(row.reclaim, NotKnown) else text.tiny_size(row.reclaim)


def _kind(row: ListedSnapshot) -> str:
    if row.snapshot is None:
        return "I" if Flag.UNMANAGED in row.flags else "?"
    inside, outside = Flag.INTERNAL in row.flags, Flag.EXTERNAL in row.flags
    return "M" if inside and outside else "E" if outside else "I" if inside else "-"


def _sign(row: ListedSnapshot, glyphs: Glyphs) -> str:
    if row.unread:
        return glyphs.unreadable
    if Flag.UNMANAGED in row.flags:
        return glyphs.unmanaged
    if Flag.BROKEN in row.flags:
        return glyphs.broken
    held, current = Flag.HELD in row.flags, Flag.CURRENT in row.flags
    if held:
        return glyphs.held_current if current else glyphs.held
    return glyphs.current if current else glyphs.snapshot


def _role(row: ListedSnapshot) -> str:
    wrong = bool(row.unread) or Flag.BROKEN in row.flags
    return "bad" if wrong else "warn" if Flag.UNMANAGED in row.flags else ""
