"""The list of what a rule lets go and what stays, by domain."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.cells import cell_len

from snaptui.common import text
from snaptui.model.domain import DomainKey
from snaptui.model.image import NotKnown
from snaptui.operations.operation import on_host
from snaptui.storage.keep_rules import Fate, Fated
from snaptui.ui.format import Glyphs, clean, fit, short_age
from snaptui.ui.panes.row_list import Cell, RowList

FATES = {
    Fate.GOES: "goes",
    Fate.LAST: "one of the last",
    Fate.DAILY: "newest of its day",
    Fate.WEEKLY: "newest of its week",
    Fate.MONTHLY: "newest of its month",
    Fate.YOUNG: "not that old",
    Fate.ONLY: "the last that is left",
    Fate.WITH_GROUP: "another of its group stays",
    Fate.NOT_SHOWN: "the filter hides it",
    Fate.UNREAD: "cannot be read",
    Fate.UNMANAGED: "unmanaged",
    Fate.BROKEN: "broken",
    Fate.SAFETY: "safety snapshot",
    Fate.HELD: "held",
    Fate.CURRENT: "current",
    Fate.NO_TIME: "? when it was taken",
    Fate.FUTURE: "its time lies in the future",
    Fate.TIMES: "its time contradicts another's",
    Fate.DEPENDANTS: "? what depends on it",
    Fate.UNFINISHED: "an operation is unfinished",
    Fate.BUSY: "a job uses its domain",
    Fate.USE_UNKNOWN: "? whether a job uses its domain",
    Fate.FIGURE: "? what deleting it frees",
    Fate.GROUP_PART: "not all of its group are listed",
}
"""What becomes of a snapshot, for people."""
WHY = max(map(len, FATES.values()))
AGE, SIZE, LONGEST = 6, 11, 48
"""Cells of the age and of the figure, and of a name at most."""


class FatedList(RowList):
    """A heading for each domain, and below it its snapshots, the oldest first."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="fates")
        self._glyphs = glyphs
        self._rows: tuple[str | Fated, ...] = ()

    @property
    def count(self) -> int:
        """Number of rows, with the headings."""
        return len(self._rows)

    def show(self, fated: Sequence[Fated]) -> None:
        """Show these; domains of which something goes come first."""
        domains: dict[DomainKey, list[Fated]] = {}
        for one in fated:
            domains.setdefault(one.row.domain.key, []).append(one)
        rows: list[str | Fated] = []
        for own in sorted(domains.values(), key=_place):
            own.sort(key=lambda one: (one.row.created or 0, one.row.name))
            rows += [_heading(own), *own]
        self._rows = tuple(rows)
        self.rows_changed(self.cursor)

    def cells(self, index: int, width: int) -> list[Cell]:
        """Cursor, name, age, figure, and why; the name of what goes is struck out."""
        row, glyphs = self._rows[index], self._glyphs
        cursor = glyphs.cursor if index == self.cursor and self.has_focus else " "
        if isinstance(row, str):
            return [(cursor, "strong"), (fit(clean(row, glyphs), width - 1, glyphs), "strong")]
        snapshot, goes = row.row, row.goes
        cell = min(LONGEST, max(8, width - 3 - AGE - SIZE - 2 - WHY))
        name = clean(snapshot.name, glyphs)
        shown = fit(name, min(cell, cell_len(name)), glyphs)
        size = snapshot.reclaim
        figure = "?" if isinstance(size, NotKnown) else text.short_size(size)
        age = short_age(snapshot.created, time.time()) or "?"
        return [
            (f"{cursor}  ", "strong"),
            (shown, "struck" if goes else ""),
            (" " * (cell - cell_len(shown)), ""),
            (fit(age, AGE, glyphs, right=True), ""),
            (fit(figure, SIZE, glyphs, right=True), ""),
            ("  ", ""),
            (fit(FATES[row.fate], WHY, glyphs), "strong" if goes else "muted"),
        ]


def _place(own: Sequence[Fated]) -> tuple[bool, str, str]:
    row = own[0].row
    return not any(one.goes for one in own), row.domain.name, row.host


def _heading(own: Sequence[Fated]) -> str:
    """The domain, and how many of its snapshots go."""
    number, row = sum(one.goes for one in own), own[0].row
    go = "goes" if number == 1 else "go"
    name = on_host(row.domain.name, row.host)
    return f"{name}: {number} of {text.count(len(own), 'snapshot')} {go}"
