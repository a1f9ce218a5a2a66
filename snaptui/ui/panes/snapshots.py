"""The tree of the selected domain's snapshots."""

from __future__ import annotations

import time

from snaptui.common import text
from snaptui.model import group_mark
from snaptui.model.domain import DomainKey
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.monitor.snapshots import Shown
from snaptui.storage.backing_chain import NO_LAYERS
from snaptui.storage.costs import Cost, cost_of, reclaimed, written_since
from snaptui.storage.disk_cost import Counted
from snaptui.storage.in_image import Unmanaged, unmanaged_in
from snaptui.storage.totals import Total
from snaptui.storage.unnamed import Unnamed
from snaptui.ui import snapshot_graph
from snaptui.ui.format import (
    Glyphs,
    added,
    clean,
    fit,
    fit_name,
    frees,
    holds,
    mark,
    short_age,
    size_or_mark,
    state_of,
    written,
)
from snaptui.ui.panes.columns import Column, widest
from snaptui.ui.panes.differences import differences
from snaptui.ui.panes.row_list import Cell
from snaptui.ui.panes.snapshot_rows import SnapshotRows
from snaptui.ui.pictures import BAR, most_of, share_line
from snaptui.ui.snapshot_graph import Row, RowKind

BARS = ""
"""The title of the bars beside what a delete frees."""
COLUMNS = (
    Column("Age", 5, 0, right=True),
    Column("Holds", 10, 0, gap=2),
    Column("State", 9, 4),
    Column("VM state", 9, 5, right=True),
    Column("Written", 8, 1, right=True),
    Column("Frees", 8, 0, right=True),
    Column(BARS, BAR - 1, 3),
    Column("Description", 0, 2, gap=2),
)


NOW = "now"
"""The title of the row that stands for the domain as it is."""

_ROLES = {RowKind.CURRENT: "strong", RowKind.BROKEN: "bad", RowKind.UNREADABLE: "bad"}


class SnapshotPane(SnapshotRows):
    """Snapshots drawn like a commit graph, with what is known of each."""

    columns = COLUMNS

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__("snapshots")
        self._glyphs = glyphs
        self._shown: Shown | None = None
        self._counted: Counted = {}
        self._all: tuple[Row, ...] = ()
        self._rows: tuple[Row, ...] = ()
        self._most: int | None = None
        self._filter = ""
        self._marked: frozenset[str] = frozenset()
        self._drawn: dict[str | None, str] = {}
        self._wanted: tuple[DomainKey, str] | None = None
        self._renamed: tuple[DomainKey, str, str] | None = None

    @property
    def marked(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the marked snapshots, and of the marked unmanaged ones; each sorted."""
        known = self._shown.snapshots if self._shown is not None else None
        names = self._marked & set(known.names if known is not None else ())
        return tuple(sorted(names)), tuple(sorted(self._marked - names))

    @property
    def marked_things(self) -> tuple[Snapshot | Unmanaged, ...]:
        """The marked snapshots and unmanaged ones, as far as they have been read."""
        things = (row.snapshot or row.unmanaged for row in self._all if row.name in self._marked)
        return tuple(thing for thing in things if thing is not None)

    @property
    def freed(self) -> Total:
        """What deleting the marked ones together gives back."""
        layers = self._shown.layers if self._shown is not None else NO_LAYERS
        things = self.marked_things
        found = reclaimed(things, self._counted, layers)
        for name in sorted(self._marked - {thing.name for thing in things}):
            unread = NotKnown(f"{name}: it could not be read, or not yet")
            found = found.plus(unread, least=False)
        return found

    @property
    def marked_number(self) -> int:
        """How many are marked."""
        return len(self._marked)

    @property
    def count(self) -> int:
        """Number of rows, *now* among them."""
        return len(self._rows)

    @property
    def selected(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if self._rows else None

    @property
    def visible_names(self) -> tuple[str, ...]:
        """Names of the snapshots that can be seen."""
        rows = (self._rows[index] for index in self.on_screen)
        return tuple(row.name for row in rows if row.name is not None)

    def mark(self) -> None:
        """Mark the selected snapshot, or take its mark away, and go on to the next row."""
        row = self.selected
        if row is not None and row.name is not None and row.overlay is None:
            self._marked ^= {row.name}
            self.refresh_line(self.cursor)
            self.cursor += 1

    def go_to(self, key: DomainKey, name: str) -> None:
        """Select a snapshot of a domain as soon as it is there."""
        self._wanted = (key, name)
        self.draw_rows(same=True)

    def follow(self, key: DomainKey, name: str, new_name: str) -> None:
        """Stay on a snapshot that gets another name, once the old one is gone."""
        self._renamed = (key, name, new_name)

    def unmark(self) -> None:
        """Take all marks away."""
        self._marked = frozenset()
        self.refresh()

    def grow_older(self) -> None:
        """Draw again the rows on screen whose age is another one now."""
        for at in self.on_screen:
            row = self._rows[at]
            if self._drawn.get(row.name) != _age_of(row):
                self.refresh_line(at)

    def update_counted(self, counted: Counted) -> None:
        """Show figures that were counted meanwhile."""
        if counted == self._counted:
            return
        self._counted, self._most = counted, None
        if self.by_frees:
            self.draw_rows(same=True)
        else:
            self.refresh()

    def update_shown(self, shown: Shown | None, counted: Counted, filter_text: str) -> None:
        """Show what is known now; the cursor stays on its snapshot.

        For another domain it goes to the current snapshot, where the next revert is most
        likely to start from, and the marks are gone.
        """
        same = self._shown is not None and shown is not None and self._shown.key == shown.key
        self._shown, self._counted, self._filter = shown, counted, filter_text
        self.draw_rows(same=same)

    def draw_rows(self, *, same: bool) -> None:
        """Draw what is known now."""
        snapshots = self._shown.snapshots if self._shown is not None else None
        rows = snapshot_graph.rows(snapshots) if snapshots is not None else ()
        if self._shown is not None and snapshots is not None:
            rows = snapshot_graph.with_broken(rows, _broken(self._shown))
            rows = snapshot_graph.with_unmanaged(
                rows, unmanaged_in(snapshots.names, self._shown.images)
            )
            rows = snapshot_graph.with_overlays(
                rows, [one for one in self._shown.unnamed if one.taken]
            )
        self._all = rows
        shown = (self._title(row) + " " * (len(row.prefix) + 2) for row in rows)
        self.widest = widest(shown)
        there = {row.name for row in rows if row.name is not None}
        self._marked = self._marked & there if same else frozenset()
        if self._filter:
            rows = snapshot_graph.filtered(rows, self._filter)
        if self.by_frees:
            rows = snapshot_graph.ranked(rows, self._frees)
        if same and self._rows:
            names = [row.name for row in rows]
            before = [self._name_now(row.name, names) for row in self._rows]
            cursor = snapshot_graph.cursor_after(before, self.cursor, names)
        else:
            cursor = next((at for at, row in enumerate(rows) if row.kind is RowKind.CURRENT), 0)
        for at, row in enumerate(rows):
            if self._shown is not None and self._wanted == (self._shown.key, row.name):
                cursor, self._wanted = at, None
        self._rows, self._drawn, self._most = rows, {}, None
        self.rows_changed(cursor)

    def _name_now(self, name: str | None, names: list[str | None]) -> str | None:
        """A name that was shown, or the one that came in its place."""
        if self._renamed is None or self._shown is None or name in names:
            return name
        key, old, new = self._renamed
        return new if (key, old) == (self._shown.key, name) else name

    def _frees(self, row: Row) -> float | None:
        freed = self._reclaim(row)
        return None if isinstance(freed, NotKnown) else freed

    def _reclaim(self, row: Row) -> int | NotKnown:
        cost = _cost(row, self._shown, self._counted)
        return cost if isinstance(cost, NotKnown) else cost.reclaim

    @property
    def _most_freed(self) -> int:
        """What a full bar means; found once for all rows, and only where there are bars."""
        if self._most is None:
            self._most = most_of(map(self._reclaim, self._rows))
        return self._most

    def cells(self, index: int, width: int) -> list[Cell]:
        """Cursor, graph and name, then the columns that fit."""
        row = self._rows[index]
        self._drawn[row.name] = _age_of(row)
        glyphs = self._glyphs
        marker = glyphs.cursor if index == self.cursor else " "
        shared = self.shared(width)
        graph = mark(row, glyphs) + " "
        graph = fit(graph, min(len(graph), shared.name // 2), glyphs)
        role = "strong" if row.name is None else _ROLES.get(row.kind, "")
        mark_cell = glyphs.marked if row.name in self._marked else " "
        cells = [
            (f"{marker}{mark_cell}", "strong"),
            (graph, "graph"),
            (fit_name(self._title(row), shared.name - len(graph), glyphs), role),
        ]
        values = _values(row, self._shown, self._counted)
        if any(column.title == BARS for column in shared.columns):
            line = share_line(self._reclaim(row), self._most_freed, BAR - 1, glyphs)
            values[BARS] = (line, "graph")
        for column in shared.columns:
            value, value_role = values.get(column.title, ("", ""))
            shown = fit(clean(value, glyphs), column.width, glyphs, right=column.right)
            cells.append((" " * column.gap + shown, value_role))
        return cells

    def _title(self, row: Row) -> str:
        return NOW if row.name is None else clean(row.title, self._glyphs)


def _values(row: Row, shown: Shown | None, counted: Counted) -> dict[str, Cell]:
    if row.kind is RowKind.HERE:
        return _values_now(shown, counted)
    if row.kind is RowKind.UNREADABLE:
        why = shown.snapshots.errors.get(row.name or "", "") if shown and shown.snapshots else ""
        return {
            "Holds": ("unreadable", "bad"),
            "Frees": ("?", "muted"),
            "Description": (why, "bad"),
        }
    cost = _cost(row, shown, counted)
    figures = {
        title: (shown_as, "muted" if shown_as == "?" else "")
        for title, shown_as in (("Written", written(cost)), ("Frees", frees(cost)))
    }
    if row.unmanaged is not None:
        saved = sum(entry.vm_state for _, entry in row.unmanaged.parts)
        return {
            "Age": (_age(row.unmanaged.created), ""),
            "Holds": ("unmanaged", "warn"),
            "VM state": (size_or_mark(saved), ""),
            **figures,
        }
    if row.overlay is not None and shown is not None:
        return {"Holds": ("- overlay", "warn"), **_overlay_values(row.overlay, shown)}
    snapshot = row.snapshot
    if snapshot is None or shown is None:
        return {}
    described = group_mark.described(snapshot).strip().replace("\n", "  ")
    return {
        "Age": (_age(snapshot.created), ""),
        "Holds": (f"{holds(snapshot)[0]} {row.broken}", "bad")
        if row.kind is RowKind.BROKEN
        else (holds(snapshot), ""),
        "State": (state_of(snapshot), ""),
        "VM state": (_vm_state(snapshot, shown), ""),
        **figures,
        "Description": (described, "muted"),
    }


def _values_now(shown: Shown | None, counted: Counted) -> dict[str, Cell]:
    """What is in no snapshot, and how the domain differs from its current one."""
    config = shown.config if shown is not None else None
    if shown is None or config is None:
        return {"Written": ("?", "muted")}
    since = written_since(config, counted)
    known = shown.snapshots.details if shown.snapshots is not None else {}
    current = known.get(shown.snapshots.current or "") if shown.snapshots is not None else None
    then = current.config if current is not None else None
    return {
        "Written": ("?", "muted") if isinstance(since, NotKnown) else (added(since), ""),
        "Description": (", ".join(differences(then, config)) if then is not None else "", "warn"),
    }


def _age_of(row: Row) -> str:
    thing = row.unmanaged or row.snapshot
    return _age(thing.created) if thing is not None else ""


def _age(moment: int | None) -> str:
    return short_age(moment, time.time()) or "?"


def _overlay_values(overlay: Unnamed, shown: Shown) -> dict[str, Cell]:
    """What it takes on the host; what a merge gives back is not counted."""
    image = shown.layers.heads.get(overlay.path)
    size = text.tiny_size(image.disk_size) if isinstance(image, ImageInfo) else "?"
    return {
        "Written": (size, "" if size != "?" else "muted"),
        "Frees": ("?", "muted"),
        "Description": ("no snapshot names it", "muted"),
    }


def _broken(shown: Shown) -> dict[str, str]:
    """By name, what is wrong with snapshots in a word."""
    odd = {name: word for name, word in shown.odd.items() if word}
    return odd | {name: one.matter.mark for name, one in shown.layers.broken.items()}


def _cost(row: Row, shown: Shown | None, counted: Counted) -> Cost | NotKnown:
    thing = row.unmanaged or row.snapshot
    if thing is None or shown is None:
        return NotKnown("")
    return cost_of(thing, counted, shown.layers)


def _vm_state(snapshot: Snapshot, shown: Shown) -> str:
    return size_or_mark(shown.vm_state(snapshot)) if snapshot.has_memory else ""
