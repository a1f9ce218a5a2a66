"""What happened to a domain, as far as this program knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from snaptui.common import text
from snaptui.model.domain import Domain, DomainKey
from snaptui.model.operation_record import Record
from snaptui.operations.history import Undoable, of_domain, subjects, undoable
from snaptui.operations.operation import on_host
from snaptui.session import Session
from snaptui.ui import keymap
from snaptui.ui.action import Scope
from snaptui.ui.closing import Closing, is_there
from snaptui.ui.format import clean
from snaptui.ui.key_line import KeyLine, keys_of_scope
from snaptui.ui.panes.history import Happened, HistoryList
from snaptui.ui.panes.lines import Line, LinesList, Wraps
from snaptui.ui.panes.row_list import RowList
from snaptui.ui.screens.operations import outcome_of, record_lines

if TYPE_CHECKING:
    from snaptui.ui.context import Context

UNKNOWN_TO_US = "What colleagues did from other machines or accounts is here only as seen."
_WORDS = {
    Undoable.NO: "no",
    Undoable.SPENT: "gone",
    Undoable.NOTHING: "",
    Undoable.UNKNOWN: "?",
}
_WHOLE = {
    Undoable.UNDO: "{key} goes back to its safety snapshot",
    Undoable.DELETE: "{key} deletes what it took",
    Undoable.SAME: "the same key puts it back",
    Undoable.NO: "cannot be undone",
    Undoable.SPENT: "no longer: what it took is gone",
    Undoable.UNKNOWN: "? (the snapshots have not been read)",
}


class HistoryScreen(Closing[None]):
    """What this program's journals tell of a domain, and what was seen; all about one below.

    Args:
        earlier: the operations of other runs.
    """

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Scope.HISTORY)
    AUTO_FOCUS = "#history"

    def __init__(
        self, context: Context, session: Session, domain: Domain, earlier: tuple[Record, ...]
    ) -> None:
        super().__init__()
        self.context, self._session = context, session
        self._domain, self._earlier = domain, earlier
        self._glyphs = context.glyphs
        self._shown: tuple[Line, ...] = ()

    def compose(self) -> ComposeResult:
        """Compose title, headings, list, details, what is not here, and keys."""
        name = on_host(self._domain.name, self.context.fleet.called(self._session.uri))
        yield Static(clean(f" History of {name}", self._glyphs), id="header", markup=False)
        yield Static(id="history-heading", classes="heading", markup=False)
        yield HistoryList(self._glyphs, self._undo_words)
        yield LinesList(self._glyphs, id="record", wraps=Wraps.ALWAYS)
        yield Static(f" {UNKNOWN_TO_US}", id="message", markup=False)
        yield KeyLine(keys_of_scope(Scope.HISTORY, self.context.overrides))

    def on_mount(self) -> None:
        """Follow what happens."""
        self.set_interval(0.5, self._draw)
        self._draw()

    def on_resize(self) -> None:
        """Draw the headings in the new width."""
        rows = self.query_one(HistoryList)
        heading = Text(rows.heading(rows.row_width, self._glyphs), no_wrap=True)
        self.query_one("#history-heading", Static).update(heading)

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Draw the details of the row under the cursor."""
        if isinstance(event.rows, HistoryList):
            self._draw()

    def action_copy_one(self) -> None:
        """Copy a name or a line of what is under the cursor."""
        from snaptui.ui.dialogs.copy import ask_copy, of_operation

        row = self.query_one(HistoryList).selected
        lines: tuple[Line, ...] = ()
        if row is not None and isinstance(row.what, Record):
            lines = tuple(of_operation(row.what))
        elif row is not None:
            lines = (("what", row.words),)
        title = row.words if row is not None else ""
        ask_copy(self, title, lines, self._glyphs, self.query_one(KeyLine).answer)

    def _draw(self) -> None:
        if not is_there(self):
            return
        rows = self.query_one(HistoryList)
        rows.show(happened(self._session, self._domain.key, self._earlier))
        lines = tuple(self._details(rows.selected))
        if lines != self._shown:
            self._shown = lines
            self.query_one("#record", LinesList).show(lines)

    def _details(self, row: Happened | None) -> Iterator[Line]:
        since = text.when(int(self._session.sights.since))
        if row is None:
            yield "", f"No operation of this account's, and nothing was seen since {since}."
        elif isinstance(row.what, Record):
            if names := subjects(row.what):
                yield "Snapshot", text.some(names)
            if (whole := _WHOLE.get(row.undo)) is not None:
                yield "Undo", whole.format(key=self._key(row.undo))
            yield from record_lines(row.what, self._glyphs)
        else:
            yield "What", row.words
            moment = text.when(int(row.moment), zone=True, seconds=True)
            yield "Seen", f"{moment}: it happened before that, whoever did it"
            yield "", f"snaptui has been looking since {since}."

    def _undo_words(self, undo: Undoable) -> str:
        if undo is Undoable.SAME:
            return "yes"
        return _WORDS[undo] if undo in _WORDS else self._key(undo)

    def _key(self, undo: Undoable) -> str:
        name = "undo" if undo is Undoable.UNDO else "delete"
        return keymap.key_of(name, self.context.overrides)


def happened(session: Session, key: DomainKey, earlier: tuple[Record, ...]) -> tuple[Happened, ...]:
    """What is known to have happened to a domain, the newest first.

    Args:
        earlier: the operations of other runs.
    """
    host, shown = session.host.state.host, session.snapshots.shown
    known = shown.snapshots if shown is not None and shown.key == key else None
    names = frozenset(known.names) if known is not None else None
    now = tuple(one.record for one in session.operations.all.values())
    label = host.label if host is not None else ""
    found = [
        Happened(record.started, record, outcome_of(record), undoable(record, names))
        for record in of_domain((*now, *earlier), label, key.uuid)
    ]
    found += [Happened(seen.moment, seen) for seen in session.sights.of(key)]
    return tuple(sorted(found, key=lambda one: one.moment, reverse=True))
