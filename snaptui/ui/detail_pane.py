"""All about the selected snapshot or domain, line by line."""

from __future__ import annotations

import time
from collections.abc import Iterator

from snaptui import text, tree
from snaptui.host import HostState
from snaptui.model import (
    Domain,
    Kind,
    NotKnown,
    Presence,
    Snapshot,
    SnapshotSet,
)
from snaptui.plan import hold
from snaptui.snapshots import Shown
from snaptui.tree import Row
from snaptui.ui.format import Glyphs, clean, fit, holds, state_of, state_words
from snaptui.ui.row_list import Cell, RowList

NOT_COUNTED = "? (what is in the images is not counted yet)"

Line = tuple[str, str]
"""A label and a value; both may be empty."""


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
        self._label = max((len(name) for name, _ in lines), default=0) + 1
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
            (fit(label, self._label, self._glyphs), "muted"),
            (fit(shown, width - 2 - self._label, self._glyphs), "bad" if label == "Error" else ""),
        ]


def snapshot_lines(row: Row, shown: Shown) -> tuple[Line, ...]:
    """Everything that is known of a snapshot."""
    snapshots = shown.snapshots
    if row.name is None or snapshots is None:
        current = snapshots.current if snapshots is not None else None
        return (
            ("You are here", "the state of the domain now"),
            ("After", current or "no snapshot"),
            ("Written since", NOT_COUNTED),
        )
    lines = [("Name", row.name)]
    if row.name in snapshots.errors:
        return (*lines, ("Error", snapshots.errors[row.name]))
    if row.snapshot is None:
        return (*lines, ("", "being read"))
    return (*lines, *_known_lines(row.snapshot, snapshots, shown))


def _known_lines(snapshot: Snapshot, snapshots: SnapshotSet, shown: Shown) -> Iterator[Line]:
    created = text.when(snapshot.created, zone=True, seconds=True)
    yield "Created", f"{created}, {text.age(snapshot.created, time.time())}"
    current = ", current" if snapshots.current == snapshot.name else ""
    yield "State", f"{state_of(snapshot)}, {snapshot.kind.value}{current}"
    yield "Holds", holds(snapshot)[2:]
    if snapshot.delete_in_progress:
        yield "Error", "an earlier delete of it was not finished"
    if (held := hold.hold_of(snapshot)) is not None:
        yield "Held", f"by {held.who} since {held.since}: cannot be deleted here"
    if description := hold.described(snapshot):
        yield "Description", description
    yield "Parent", snapshot.parent or "none"
    below = [name for name in tree.children_of(snapshots).get(snapshot.name, []) if name]
    yield "Children", ", ".join(below) or "none"
    if snapshot.memory is Presence.EXTERNAL:
        yield "Memory", snapshot.memory_path or "?"
    elif snapshot.has_memory:
        state = shown.vm_state(snapshot)
        yield (
            "VM state",
            f"? ({state.reason})" if isinstance(state, NotKnown) else text.size(state),
        )
    disks = {disk.target: disk for disk in snapshot.config.disks} if snapshot.config else {}
    for part in snapshot.disks:
        then = disks.get(part.target)
        source = then.path or then.source_type if then is not None else "?"
        over = f" -> {part.path}" if part.path else ""
        yield f"Disk {part.target}", f"{part.presence.value}, {source}{over}"
    yield "Written", NOT_COUNTED
    yield "Reclaim", NOT_COUNTED if snapshot.kind is not Kind.NONE else "0 B"


def domain_lines(domain: Domain, state: HostState) -> tuple[Line, ...]:
    """Everything that is known of a domain without asking more."""
    summary = state.summaries.get(domain.key)
    lines: list[Line] = [
        ("Name", domain.name),
        ("UUID", domain.key.uuid),
        ("State", state_words(domain)),
    ]
    if summary is not None:
        lines.append(("Snapshots", "?" if summary.count is None else str(summary.count)))
        if summary.newest is not None:
            newest = text.when(summary.newest, zone=True)
            lines.append(("Newest", f"{newest}, {text.age(summary.newest, time.time())}"))
        if summary.error:
            lines.append(("Error", summary.error))
    return tuple(lines)
