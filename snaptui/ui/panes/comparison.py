"""What is otherwise at two times of a domain, line by line: the way, the disks, the definition."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from snaptui.common import text
from snaptui.model.config_change import Change, ConfigChange
from snaptui.model.group_mark import described
from snaptui.model.image import NotKnown
from snaptui.monitor.comparing import Compared
from snaptui.storage.comparison import ComparedDisk, Comparison
from snaptui.ui.format import Glyphs, clean, fit, short_age
from snaptui.ui.panes.row_list import Cell, RowList

NOW = "now"
_ROLES = {Change.ADDED: "good", Change.REMOVED: "bad", Change.VALUE: "warn"}
LABEL = 24
"""Cells of a label at most."""


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """One line; a heading has no label.

    Attributes:
        role: in which it is drawn.
    """

    label: str
    words: str
    role: str = ""


class ComparisonList(RowList):
    """The lines, of which the labels stand below each other."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="comparison")
        self._glyphs = glyphs
        self._lines: tuple[ComparedLine, ...] = ()
        self._label = 0

    @property
    def count(self) -> int:
        """Number of lines."""
        return len(self._lines)

    @property
    def selected(self) -> ComparedLine | None:
        """The line under the cursor."""
        return self._lines[self.cursor] if self._lines else None

    def show(self, state: Compared) -> None:
        """Show what is known so far."""
        lines = tuple(lines_of(state, self._glyphs)) if state.read is not None else ()
        if lines != self._lines:
            self._lines = lines
            labels = (cell_len(clean(one.label, self._glyphs)) for one in lines)
            self._label = min(LABEL, max(labels, default=0)) + 2
            self.rows_changed(self.cursor)

    def cells(self, index: int, width: int) -> list[Cell]:
        """Cursor, label, words."""
        line, glyphs = self._lines[index], self._glyphs
        marker = glyphs.cursor if index == self.cursor and self.has_focus else " "
        words = clean(line.words, glyphs)
        if not line.label:
            return [(f"{marker} ", "strong"), (fit(words, width - 2, glyphs), line.role)]
        label = fit(clean(line.label, glyphs), self._label, glyphs)
        return [
            (f"{marker}  ", "strong"),
            (label, line.role or "muted"),
            (fit(words, width - 3 - self._label, glyphs), line.role),
        ]


def lines_of(state: Compared, glyphs: Glyphs) -> Iterator[ComparedLine]:
    """All that is known so far."""
    if (read := state.read) is None:
        return
    yield from _way(read, glyphs)
    yield ComparedLine("", f"Disks: {_total(state)}", "strong")
    for disk in read.disks:
        yield ComparedLine(disk.target, *_disk_words(disk, state))
    yield from _changes(read)


def _way(read: Comparison, glyphs: Glyphs) -> Iterator[ComparedLine]:
    if isinstance(read.way, NotKnown):
        yield ComparedLine("", f"Between: ? ({read.way.reason})", "strong")
        return
    number = max(0, len(read.way.names) - 2)
    between = text.count(number, "snapshot") if number else "no snapshot"
    yield ComparedLine("", f"Between: {between}", "strong")
    for name in read.way.names:
        if name is None:
            yield ComparedLine(f"{glyphs.here} {NOW}", "")
            continue
        snapshot = read.known.get(name)
        age = short_age(snapshot.created, time.time()) if snapshot is not None else "?"
        told = described(snapshot).split("\n", 1)[0] if snapshot is not None else ""
        turns = "both come from it  " if name == read.way.turn else ""
        yield ComparedLine(f"{glyphs.snapshot} {name}", f"{age:>4}  {turns}{told}".rstrip())


def _total(state: Compared) -> str:
    """What all disks have in common, or how far it is known."""
    figures = [one for one in state.differing.values() if not isinstance(one, NotKnown)]
    disks = state.read.disks if state.read is not None else ()
    if len(state.differing) < len(disks):
        return "being read"
    unknown = len(disks) - len(figures)
    about = "~" if state.read is not None and state.read.running else ""
    words = f"up to {about}{text.size(sum(figures))} differ" if any(figures) else ""
    if not words and figures:
        words = "nothing differs" if not about else "nothing is seen to differ"
    if unknown:
        return f"{words}, {unknown} ?" if words else "?"
    return words or "none"


def _disk_words(disk: ComparedDisk, state: Compared) -> tuple[str, str]:
    """What is known of a disk, and in which role it is drawn."""
    found = state.differing.get(disk.target)
    if found is None:
        share = f"{int(state.share * 100)} % read" if disk.target == state.target else "..."
        return share, "muted"
    if isinstance(found, NotKnown):
        return f"? ({found.reason})", "muted"
    running = state.read is not None and state.read.running
    if isinstance(disk.one, NotKnown) or isinstance(disk.other, NotKnown):
        return "?", "muted"
    before, after = disk.one.size, disk.other.size
    resized = f"; it is {text.size(after)}, and was {text.size(before)}" * (before != after)
    if found:
        of = f" of {text.size(after)}" if before == after else ""
        return f"up to {'~' * running}{text.size(found)}{of} differ{resized}", "warn"
    words = "nothing is seen to differ" if running else "nothing differs"
    return words + resized, "warn" if resized else ""


def _changes(read: Comparison) -> Iterator[ComparedLine]:
    if isinstance(read.changes, NotKnown):
        yield ComparedLine("", f"Configuration: ? ({read.changes.reason})", "strong")
        return
    later = read.other.name if read.other is not None else NOW
    yield from change_lines(read.changes, read.one.name, later)


def change_lines(
    changes: Sequence[ConfigChange], name: str, later: str = NOW
) -> Iterator[ComparedLine]:
    """What of the configuration is otherwise at a later time than at a snapshot's."""
    number = text.count(len(changes), "difference") if changes else "no difference"
    yield ComparedLine("", f"Configuration: {number} from {name} to {later}", "strong")
    for change in changes:
        yield ComparedLine(
            f"{change.change.value} {change.what}", _values(change), _ROLES[change.change]
        )


def _values(change: ConfigChange) -> str:
    """What it was and what it became; nothing for what is there as a whole, or is not."""
    if change.change is not Change.VALUE:
        return "added" if change.change is Change.ADDED else "removed"
    nothing = "not set" if change.attribute else "nothing"
    return f"{change.then or nothing} -> {change.now or nothing}"
