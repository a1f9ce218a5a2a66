"""All operations: those of this run, and those that the journals of earlier ones hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from snaptui.common import text
from snaptui.model.operation_record import Became, Outcome, Record, StepRecord
from snaptui.operations.history import newest_first
from snaptui.ui import keymap
from snaptui.ui.action import Scope
from snaptui.ui.closing import Closing, is_there, overrides_of
from snaptui.ui.format import Glyphs, clean, fit, pasteable
from snaptui.ui.key_line import KeyLine, keys_of_scope
from snaptui.ui.panes.lines import Line, LinesList, Wraps
from snaptui.ui.panes.row_list import Cell, RowList
from snaptui.ui.terminal import clipboard

HEADING = "  Started           Operation"


class RecordList(RowList):
    """One row for each operation, newest first."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="records")
        self._glyphs = glyphs
        self.records: tuple[Record, ...] = ()
        self._outcomes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of operations."""
        return len(self.records)

    @property
    def selected(self) -> Record | None:
        """The operation under the cursor."""
        return self.records[self.cursor] if self.records else None

    def show(self, records: tuple[Record, ...]) -> None:
        """Show these; the cursor stays on its operation."""
        outcomes = tuple(map(outcome_of, records))  # they age
        if (records, outcomes) != (self.records, self._outcomes):
            before = self.selected
            self.records, self._outcomes = records, outcomes
            starts = [record.started for record in records]
            at = starts.index(before.started) if before and before.started in starts else 0
            self.rows_changed(at)

    def cells(self, index: int, width: int) -> list[Cell]:
        """When, what, and how it ended."""
        record = self.records[index]
        outcome = self._outcomes[index]
        role = _ROLES.get(record.outcome, "warn")
        marker = self._glyphs.cursor if index == self.cursor and self.has_focus else " "
        what = fit(clean(record.title, self._glyphs), max(1, width - 37), self._glyphs)
        return [
            (f"{marker} {text.when(int(record.started)):16}  ", ""),
            (what, ""),
            (" " + fit(clean(outcome, self._glyphs), 16, self._glyphs, right=True), role),
        ]


class OperationsPane(Closing[None]):
    """The list above, all about the selected one below.

    Args:
        now: the operations of this run, as they stand.
        earlier: those of other runs.
        cancel: gives up the operation of a number, or returns why that cannot be.
    """

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Scope.OPERATIONS)
    AUTO_FOCUS = "#records"

    def __init__(
        self,
        now: Callable[[], tuple[Record, ...]],
        earlier: tuple[Record, ...],
        cancel: Callable[[int], str],
        glyphs: Glyphs,
    ) -> None:
        super().__init__()
        self._now = now
        self._earlier = earlier
        self._cancel = cancel
        self._glyphs = glyphs
        self._shown: tuple[Line, ...] = ()

    def compose(self) -> ComposeResult:
        """Compose title, list, details and keys."""
        yield Static("Operations", id="header", markup=False)
        yield Static(Text(HEADING, no_wrap=True), classes="heading")
        yield RecordList(self._glyphs)
        yield LinesList(self._glyphs, id="record", wraps=Wraps.ALWAYS)
        yield KeyLine(keys_of_scope(Scope.OPERATIONS, overrides_of(self)))

    def on_mount(self) -> None:
        """Follow what is under way."""
        self.set_interval(0.5, self._draw)
        self._draw()

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Draw the details of the row under the cursor."""
        if isinstance(event.rows, RecordList):
            self._draw()

    def action_copy(self) -> None:
        """Give the command lines to the terminal's clipboard (OSC 52)."""
        record = self.query_one(RecordList).selected
        if record is not None:
            lines = "".join(f"{step.line}\n" for step in record.steps)
            clipboard.give(self.app, lines)
            self._answer("The command lines were copied to the terminal's clipboard.")

    def action_give_up(self) -> None:
        """Cancel what is under way, or say why that cannot be."""
        record = self.query_one(RecordList).selected
        if record is None:
            return
        if record.outcome is not None or record in self._earlier:
            self._answer("This has ended, or another snaptui runs it.")
        elif why := self._cancel(record.number):
            self._answer(f"This cannot be cancelled. {why}")
        else:
            self._answer(f"{record.title}: cancelling.")

    def _answer(self, words: str) -> None:
        self.query_one(KeyLine).answer(clean(words, self._glyphs))

    def _draw(self) -> None:
        if not is_there(self):
            return
        records = self.query_one(RecordList)
        records.show(newest_first(*self._now(), *self._earlier))
        record = records.selected
        lines: tuple[Line, ...] = (("", "No operations yet."),)
        if record is not None:
            lines = tuple(record_lines(record, self._glyphs))
        if lines != self._shown:
            self._shown = lines
            self.query_one("#record", LinesList).show(lines)


def outcome_of(record: Record) -> str:
    """``done``, ``failed`` or ``cancelled``; how far and since when; ``cut short``."""
    if record.outcome is not None:
        return record.outcome.value
    if record.found or record.alive is False:
        return "cut short"
    far = "running" if record.share is None else f"{int(record.share * 100)} %"
    return f"{far}, {_seconds_since(record.started)} s"


def record_lines(record: Record, glyphs: Glyphs) -> Iterator[Line]:
    """Everything about an operation."""
    yield "What", f"{record.title}: {outcome_of(record)}"
    what = record.image or f"domain {record.domain}, {record.uuid}"
    yield "Where", f"{record.host}, {what}"
    yield "Who", record.who
    took = record.ended - record.started if record.ended is not None else None
    ended = f", took {took:.1f} s" if took is not None else ""
    yield "When", f"{text.when(int(record.started), zone=True, seconds=True)}{ended}"
    for number, step in enumerate(record.steps, 1):
        yield f"Step {number}", f"{step.words}: {_how(record, step)}"
    if record.share is not None and record.outcome is None:
        done, total = record.amount or (None, None)
        amount = f", {text.size(done)} of {text.size(total)}" if total else ""
        yield "So far", f"{int(record.share * 100)} %{amount}"
    for label, words in (
        ("Error", record.error),
        # where it stopped because of that, the error says it
        ("Meanwhile", record.meanwhile if record.outcome is Outcome.DONE else ""),
        ("Next", record.hint),
        ("Found", record.found),
    ):
        yield from ((label, line) for line in words.split("\n") if words)
    for step in record.steps:
        yield "qemu-img" if record.image else "virsh", pasteable(step.line, glyphs)
    if record.copies:
        yield "XML before", record.copies


_ROLES: dict[Outcome | None, str] = {Outcome.DONE: "good", Outcome.FAILED: "bad"}
_ENDS = {
    Became.DONE: "done",
    Became.NOT_DONE: "not done",
    Became.IN_PART: "done in part",
    Became.PERHAPS: "not done, perhaps started",
    Became.BY_OTHERS: "done by someone else",
    Became.GONE: "unknown: its target is gone",
    Became.UNKNOWN: "not known",
}


def _how(record: Record, step: StepRecord) -> str:
    """How a step ended, or how far it is."""
    if step.ended is not None and step.began is not None:
        return f"done in {step.ended - step.began:.1f} s"
    if step.began is None:
        return "not begun"
    if record.became is not None and step is record.under_way:
        return _ENDS[record.became]
    if record.outcome is not None:
        return "not done"
    if record.found or not record.alive:
        return "cut short"
    return f"running for {_seconds_since(step.began)} s"


def _seconds_since(moment: float) -> int:
    return max(0, int(time.time() - moment))
