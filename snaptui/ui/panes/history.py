"""The list of what happened to a domain: this program's operations, and what it saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from snaptui.common import text
from snaptui.model.operation_record import Outcome, Record
from snaptui.monitor.seen import Seen, Sight
from snaptui.operations.history import Undoable
from snaptui.ui.format import Glyphs, clean, fit
from snaptui.ui.panes.row_list import Cell, RowList

WHEN, OUTCOME, UNDO = 16, 10, 6
SIGHTS = {
    Sight.DEFINED: "seen: defined as {now}",
    Sight.GONE: "seen: undefined, {then} is gone",
    Sight.STATE: "seen: {now} (was {then})",
    Sight.TAKEN: "seen: new {now}",
    Sight.DELETED: "seen: gone {then}",
    Sight.CURRENT: "seen: current {now} (was {then})",
}
"""What a sight is in words."""
_ROLES: dict[Outcome | None, str] = {Outcome.DONE: "good", Outcome.FAILED: "bad"}


@dataclass(frozen=True, slots=True)
class Happened:
    """One row.

    Attributes:
        what: an operation, or what was seen.
        outcome: how the operation ended.
        undo: whether it can be undone.
    """

    moment: float
    what: Record | Seen
    outcome: str = ""
    undo: Undoable = Undoable.NOTHING

    @property
    def words(self) -> str:
        """What happened, in words."""
        if isinstance(self.what, Record):
            return self.what.title
        nothing = "none"
        return SIGHTS[self.what.sight].format(
            then=self.what.then or nothing, now=self.what.now or nothing
        )

    def names(self, snapshot: str) -> bool:
        """Whether it was about a snapshot, or the step to or from it."""
        if isinstance(self.what, Record):
            return any(step.subject == snapshot for step in self.what.steps)
        of_snapshots = self.what.sight in (Sight.TAKEN, Sight.DELETED, Sight.CURRENT)
        return of_snapshots and snapshot in (self.what.then, self.what.now)


class HistoryList(RowList):
    """One row for each, the newest first.

    Args:
        undo_words: says in a few cells whether something can be undone.
    """

    def __init__(self, glyphs: Glyphs, undo_words: Callable[[Undoable], str]) -> None:
        super().__init__(id="history")
        self._glyphs = glyphs
        self._undo_words = undo_words
        self._rows: tuple[Happened, ...] = ()

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self._rows)

    @property
    def selected(self) -> Happened | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if self._rows else None

    def show(self, rows: Sequence[Happened]) -> None:
        """Show these; the cursor stays on its row."""
        if tuple(rows) == self._rows:
            return
        before, self._rows = self.selected, tuple(rows)
        moments = [one.moment for one in rows]
        at = moments.index(before.moment) if before and before.moment in moments else 0
        self.rows_changed(at)

    def cells(self, index: int, width: int) -> list[Cell]:
        """When, what, how it ended, whether it can be undone."""
        row, glyphs = self._rows[index], self._glyphs
        marker = glyphs.cursor if index == self.cursor and self.has_focus else " "
        operation = isinstance(row.what, Record)
        role = _ROLES.get(row.what.outcome, "warn") if isinstance(row.what, Record) else "muted"
        room = max(1, width - 2 - WHEN - 2 - OUTCOME - 1 - UNDO - 1)
        return [
            (f"{marker} ", "strong"),
            (fit(text.when(int(row.moment)), WHEN, glyphs) + "  ", "muted"),
            (fit(clean(row.words, glyphs), room, glyphs), "" if operation else "muted"),
            (" " + fit(clean(row.outcome, glyphs), OUTCOME, glyphs), role),
            (" " + fit(self._undo_words(row.undo), UNDO, glyphs), ""),
        ]

    @staticmethod
    def heading(width: int, glyphs: Glyphs) -> str:
        """Titles of the columns, in the places of :meth:`cells`."""
        room = max(1, width - 2 - WHEN - 2 - OUTCOME - 1 - UNDO - 1)
        return (
            "  " + fit("When", WHEN + 2, glyphs) + fit("What", room, glyphs)
            + " " + fit("Outcome", OUTCOME, glyphs) + " " + fit("Undo", UNDO, glyphs)
        )  # fmt: skip
