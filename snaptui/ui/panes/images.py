"""The snapshots that the selected image keeps inside, and all about it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

from rich.text import Text

from snaptui.common import text
from snaptui.model.image import ImageInfo, NotKnown, PlacedEntry
from snaptui.monitor.images import ListedImage
from snaptui.monitor.usage import CountState
from snaptui.storage.costs import Cost, cost_of, reclaim_of
from snaptui.storage.disk_cost import Counted
from snaptui.storage.in_image import Unmanaged
from snaptui.storage.qcow2.usage import ImageUsage
from snaptui.ui import snapshot_graph
from snaptui.ui.format import (
    Glyphs,
    added,
    clean,
    fit,
    fit_name,
    frees,
    short_age,
    size_or_mark,
    written,
)
from snaptui.ui.panes.columns import Column, widest
from snaptui.ui.panes.details import cost_lines
from snaptui.ui.panes.lines import Line
from snaptui.ui.panes.row_list import Cell
from snaptui.ui.panes.snapshot_rows import SnapshotRows
from snaptui.ui.panes.snapshots import NOW

COLUMNS = (
    Column("Age", 5, 0, right=True),
    Column("Holds", 8, 0, gap=2),
    Column("Created", 16, 2, gap=2),
    Column("VM state", 9, 3, right=True),
    Column("Written", 8, 1, right=True),
    Column("Frees", 8, 0, right=True),
)


class ImagePane(SnapshotRows):
    """The entries of an image's own snapshot table, the oldest first, and *now*."""

    columns = COLUMNS

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__("entries")
        self._glyphs = glyphs
        self._shown: ListedImage | None = None
        self._counted: Counted = {}
        self._rows: tuple[PlacedEntry | None, ...] = ()
        self._filter = ""
        self._marked: frozenset[PlacedEntry] = frozenset()

    @property
    def marked(self) -> tuple[PlacedEntry, ...]:
        """The marked entries, the oldest first."""
        return tuple(sorted(self._marked, key=lambda placed: placed.place))

    @property
    def marked_number(self) -> int:
        """How many are marked."""
        return len(self._marked)

    @property
    def count(self) -> int:
        """Number of rows, *now* among them."""
        return len(self._rows)

    @property
    def selected(self) -> PlacedEntry | None:
        """The entry under the cursor; ``None`` for *now*."""
        return self._rows[self.cursor] if self._rows else None

    def mark(self) -> None:
        """Mark the selected entry, or take its mark away, and go on to the next row."""
        placed = self.selected
        if placed is not None:
            self._marked ^= {placed}
            self.refresh_line(self.cursor)
            self.cursor += 1

    def unmark(self) -> None:
        """Take all marks away."""
        self._marked = frozenset()
        self.refresh()

    def update_shown(self, shown: ListedImage | None, counted: Counted, filter_text: str) -> None:
        """Show what is known now; the cursor stays on its entry.

        For another image it goes to the newest one, and the marks are gone.
        """
        same = self._shown is not None and shown is not None and self._shown.key == shown.key
        unchanged = (self._shown, self._counted, self._filter) == (shown, counted, filter_text)
        if unchanged:
            return
        entries = placed_entries(shown)
        there = frozenset(entries)
        self.widest = 2 + widest(clean(one.entry.name, self._glyphs) for one in entries)
        self._marked = self._marked & there if same else frozenset()
        self._shown, self._counted, self._filter = shown, counted, filter_text
        self.draw_rows(same=same)

    def draw_rows(self, *, same: bool) -> None:
        """Draw what is known now."""
        wanted = self._filter.casefold()
        rows: list[PlacedEntry | None] = [
            placed
            for placed in placed_entries(self._shown)
            if wanted in placed.entry.name.casefold()
        ]
        if self.by_frees:
            rows.sort(key=self._rank, reverse=True)
        elif self._shown is not None and isinstance(self._shown.head, ImageInfo) and not wanted:
            rows.append(None)
        if same and self._rows:
            cursor = snapshot_graph.cursor_after(
                [_identity(row) for row in self._rows],
                self.cursor,
                [_identity(row) for row in rows],
            )
        else:
            cursor = max(0, sum(row is not None for row in rows) - 1)
        self._rows = tuple(rows)
        self.rows_changed(cursor)

    def _rank(self, placed: PlacedEntry | None) -> tuple[bool, int]:
        """What is not known comes last."""
        cost = entry_cost(self._shown, placed, self._counted)
        if isinstance(cost, NotKnown) or isinstance(cost.reclaim, NotKnown):
            return False, 0
        return True, cost.reclaim

    def cells(self, index: int, width: int) -> list[Cell]:
        """Cursor, mark and name, then the columns that fit."""
        placed, glyphs = self._rows[index], self._glyphs
        marker = glyphs.cursor if index == self.cursor else " "
        shared = self.shared(width)
        chosen = glyphs.marked if placed in self._marked else " "
        shown = NOW if placed is None else clean(placed.entry.name, glyphs)
        twin = placed is not None and _twins(self._shown, placed) > 1
        cells = [
            (f"{marker}{chosen}", "strong"),
            (f"{glyphs.here if placed is None else glyphs.snapshot} ", "graph"),
            (
                fit_name(shown, shared.name - 2, glyphs),
                "strong" if placed is None else "warn" if twin else "",
            ),
        ]
        values = self._values(placed)
        for column in shared.columns:
            value, role = values.get(column.title, ("", ""))
            cells.append(
                (" " * column.gap + fit(value, column.width, glyphs, right=column.right), role)
            )
        return cells

    def _values(self, placed: PlacedEntry | None) -> dict[str, Cell]:
        if placed is None:
            since = _since(self._shown, self._counted)
            return {
                "Written": ("?", "muted") if isinstance(since, NotKnown) else (added(since), "")
            }
        cost = entry_cost(self._shown, placed, self._counted)
        unknown = isinstance(cost, NotKnown)
        return {
            "Age": (short_age(placed.entry.created, time.time()) or "?", ""),
            "Created": (text.when(placed.entry.created), ""),
            "Holds": (entry_holds(placed), ""),
            "VM state": (size_or_mark(placed.entry.vm_state), ""),
            "Written": (written(cost), "muted" if unknown else ""),
            "Frees": (frees(cost), "muted" if unknown else ""),
        }


def placed_entries(shown: ListedImage | None) -> tuple[PlacedEntry, ...]:
    """The entries of an image with their places; none when they are not known."""
    if shown is None or not isinstance(shown.head, ImageInfo):
        return ()
    return tuple(PlacedEntry(at, entry) for at, entry in enumerate(shown.head.snapshots))


def entry_cost(
    shown: ListedImage | None, placed: PlacedEntry | None, counted: Counted
) -> Cost | NotKnown:
    """What an entry costs."""
    if shown is None or placed is None:
        return NotKnown("")
    return cost_of(_as_unmanaged(shown, placed), counted)


def freed_together(
    shown: ListedImage, chosen: tuple[PlacedEntry, ...], counted: Counted
) -> int | NotKnown:
    """What deleting these together gives back."""
    return reclaim_of([_as_unmanaged(shown, placed) for placed in chosen], counted)


def entry_holds(placed: PlacedEntry) -> str:
    """What an entry holds."""
    return "disk+RAM" if placed.entry.vm_state else "disk"


def image_title(shown: ListedImage | None, counts: CountState, glyphs: Glyphs, create: str) -> Text:
    """The selected image, over its snapshots.

    Args:
        create: the key that takes a snapshot; empty without.
    """
    if shown is None:
        return Text(" reading ...", "dim")
    line = Text(f" {clean(shown.key.name, glyphs)}", "bold")
    if isinstance(shown.head, NotKnown):
        line.append(f"  {clean(shown.head.reason, glyphs)}", "bold red")
        return line
    number = len(shown.head.snapshots)
    none = f"no snapshots yet{create and f': {create} takes one'}"
    line.append(f"  {text.count(number, 'snapshot') if number else none}")
    if counts.path == shown.key.path:
        line.append(f"  counting {int(counts.share * 100)} %", "dim")
    else:
        line.append(f"   {text.size(shown.head.disk_size)} on the host", "dim")
    if not isinstance(shown.holders, NotKnown) and shown.holders:
        line.append(f"   in use: {clean(shown.holders[0].words, glyphs)}", "yellow")
    return line


def image_lines(shown: ListedImage, counted: Counted, doubts: tuple[str, ...]) -> tuple[Line, ...]:
    """Everything that is known of an image."""
    return tuple(_image_lines(shown, counted, doubts))


def _image_lines(shown: ListedImage, counted: Counted, doubts: tuple[str, ...]) -> Iterator[Line]:
    head = shown.head
    yield "Image", shown.key.path
    if isinstance(head, NotKnown):
        yield "Error", head.reason
    elif head.encrypted:
        yield "Error", "it is encrypted: nothing of it can be read or copied without its secret"
    if isinstance(shown.holders, NotKnown):
        yield "Used by", f"? ({shown.holders.reason})"
    else:
        for holder in shown.holders:
            yield "Used by", holder.words
        if not shown.holders:
            yield "Used by", "nothing on this host" if not doubts else "nothing that was found"
    if isinstance(head, ImageInfo):
        for fault in head.faults:
            yield "Error", f"{fault} (qemu-img check says more)"
        yield (
            "Size",
            f"{text.size(head.disk_size)} on the host, {text.size(head.virtual_size)} inside",
        )
        yield "Format", head.format
        if head.backing is not None:
            beneath = head.backing
            yield "Beneath", beneath if isinstance(beneath, str) else f"? ({beneath.reason})"
        usage = _usage(shown, counted)
        since = usage if isinstance(usage, NotKnown) else usage.usage.unsaved
        yield (
            "Written since",
            f"? ({since.reason})"
            if isinstance(since, NotKnown)
            else f"{added(since, text.short_size)} in no snapshot",
        )
    for doubt in doubts:
        yield "Not known", doubt


def entry_lines(shown: ListedImage, placed: PlacedEntry, counted: Counted) -> tuple[Line, ...]:
    """Everything that is known of an entry."""
    return tuple(_entry_lines(shown, placed, counted))


def _entry_lines(shown: ListedImage, placed: PlacedEntry, counted: Counted) -> Iterator[Line]:
    entry = placed.entry
    yield "Name", entry.name
    yield "ID", f"{entry.id}, number {placed.place + 1} in {shown.key.path}"
    created = text.when(entry.created, zone=True, seconds=True)
    yield "Created", f"{created}, {text.age(entry.created, time.time())}"
    saved = f", {text.size(entry.vm_state)} of RAM" if entry.vm_state else ""
    yield "Holds", f"{entry_holds(placed)}{saved}"
    if (twins := _twins(shown, placed)) > 1:
        yield "Twins", f"{twins} snapshots of this name: their IDs tell them apart"
    if entry.virtual_size is not None:
        yield "Disk", f"{text.size(entry.virtual_size)} large then"
    yield from cost_lines(_as_unmanaged(shown, placed), entry_cost(shown, placed, counted), counted)


def _since(shown: ListedImage | None, counted: Counted) -> int | NotKnown:
    usage = _usage(shown, counted)
    return usage if isinstance(usage, NotKnown) else usage.usage.active


def _usage(shown: ListedImage | None, counted: Counted) -> ImageUsage | NotKnown:
    if shown is None:
        return NotKnown("")
    return counted.get(shown.key.path, NotKnown("not counted yet"))


def _as_unmanaged(shown: ListedImage, placed: PlacedEntry) -> Unmanaged:
    """The same as what a domain's images hold beside what libvirt knows."""
    return Unmanaged(placed.entry.name, ((shown.key.path, placed.entry),))


def _twins(shown: ListedImage | None, placed: PlacedEntry) -> int:
    if shown is None or not isinstance(shown.head, ImageInfo):
        return 0
    return Counter(entry.name for entry in shown.head.snapshots)[placed.entry.name]


def _identity(placed: PlacedEntry | None) -> str | None:
    if placed is None:
        return None
    entry = placed.entry
    return f"{entry.id}\0{entry.name}\0{entry.created}"
