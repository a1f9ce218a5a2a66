"""The tree of the selected domain's snapshots."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from snaptui.common import text
from snaptui.model.domain import DomainKey
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.monitor.snapshots import Shown
from snaptui.storage.backing_chain import NO_LAYERS
from snaptui.storage.costs import Cost, cost_of, reclaim_of, written_since
from snaptui.storage.disk_cost import Counted
from snaptui.storage.in_image import Stray, strays
from snaptui.storage.unnamed import Unnamed
from snaptui.ui import snapshot_graph
from snaptui.ui.format import (
    Glyphs,
    added,
    clean,
    fit,
    holds,
    mark,
    reclaim,
    size_or_mark,
    state_of,
    written,
)
from snaptui.ui.panes.row_list import Cell, RowList
from snaptui.ui.snapshot_graph import Row, RowKind

NAME = 18
"""Cells that a name gets before a column of lower rank is shown."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column to the right of the name; a higher rank gives way sooner."""

    title: str
    width: int
    rank: int
    right: bool = False


CREATED = Column("Created", 16, 0)
COLUMNS = (
    CREATED,
    Column("Holds", 11, 0),
    Column("State", 9, 2),
    Column("VM state", 9, 3, right=True),
    Column("Written", 10, 1, right=True),
    Column("Reclaim", 9, 0, right=True),
)


_ROLES = {RowKind.CURRENT: "strong", RowKind.BROKEN: "bad", RowKind.UNREADABLE: "bad"}


class SnapshotPane(RowList):
    """Snapshots drawn like a commit graph, with what is known of each."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="snapshots")
        self._glyphs = glyphs
        self._shown: Shown | None = None
        self._counted: Counted = {}
        self._all: tuple[Row, ...] = ()
        self._rows: tuple[Row, ...] = ()
        self._filter = ""
        self._marked: frozenset[str] = frozenset()
        self._by_reclaim = False
        self._wanted: tuple[DomainKey, str] | None = None

    @property
    def marked(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the marked snapshots, and of the marked strays; each sorted."""
        known = self._shown.snapshots if self._shown is not None else None
        names = self._marked & set(known.names if known is not None else ())
        return tuple(sorted(names)), tuple(sorted(self._marked - names))

    @property
    def marked_things(self) -> tuple[Snapshot | Stray, ...]:
        """The marked snapshots and strays, as far as they have been read."""
        things = (row.snapshot or row.stray for row in self._all if row.name in self._marked)
        return tuple(thing for thing in things if thing is not None)

    @property
    def freed(self) -> int | NotKnown:
        """What deleting the marked ones together gives back."""
        layers = self._shown.layers if self._shown is not None else NO_LAYERS
        things = self.marked_things
        unread = self._marked - {thing.name for thing in things}
        if unread:
            return NotKnown(f"{text.some(sorted(unread))}: it could not be read, or not yet")
        return reclaim_of(things, self._counted, layers)

    @property
    def marked_number(self) -> int:
        """How many are marked."""
        return len(self._marked)

    @property
    def count(self) -> int:
        """Number of rows, *you are here* among them."""
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
        self._draw_rows(same=True)

    def unmark(self) -> None:
        """Take all marks away."""
        self._marked = frozenset()
        self.refresh()

    def sort(self) -> bool:
        """Sort by what a delete gives back, or as a tree again; whether by the former."""
        self._by_reclaim = not self._by_reclaim
        self._draw_rows(same=True)
        return self._by_reclaim

    def update_counted(self, counted: Counted) -> None:
        """Show figures that were counted meanwhile."""
        if counted == self._counted:
            return
        self._counted = counted
        if self._by_reclaim:
            self._draw_rows(same=True)
        else:
            self.refresh()

    def update_shown(self, shown: Shown | None, counted: Counted, filter_text: str) -> None:
        """Show what is known now; the cursor stays on its snapshot.

        For another domain it goes to the current snapshot, where the next revert is most
        likely to start from, and the marks are gone.
        """
        same = self._shown is not None and shown is not None and self._shown.key == shown.key
        self._shown, self._counted, self._filter = shown, counted, filter_text
        self._draw_rows(same=same)

    def _draw_rows(self, *, same: bool) -> None:
        snapshots = self._shown.snapshots if self._shown is not None else None
        rows = snapshot_graph.rows(snapshots) if snapshots is not None else ()
        if self._shown is not None and snapshots is not None:
            rows = snapshot_graph.with_broken(rows, _broken(self._shown))
            rows = snapshot_graph.with_strays(rows, strays(snapshots.names, self._shown.images))
            rows = snapshot_graph.with_overlays(
                rows, [one for one in self._shown.unnamed if one.taken]
            )
        self._all = rows
        there = {row.name for row in rows if row.name is not None}
        self._marked = self._marked & there if same else frozenset()
        if self._filter:
            rows = snapshot_graph.filtered(rows, self._filter)
        if self._by_reclaim:
            rows = snapshot_graph.ranked(rows, self._reclaim)
        if same and self._rows:
            cursor = snapshot_graph.cursor_after(
                [row.name for row in self._rows], self.cursor, [row.name for row in rows]
            )
        else:
            cursor = next((at for at, row in enumerate(rows) if row.kind is RowKind.CURRENT), 0)
        for at, row in enumerate(rows):
            if self._shown is not None and self._wanted == (self._shown.key, row.name):
                cursor, self._wanted = at, None
        self._rows = rows
        self.rows_changed(cursor)

    def _reclaim(self, row: Row) -> float | None:
        cost = _cost(row, self._shown, self._counted)
        if isinstance(cost, NotKnown) or isinstance(cost.reclaim, NotKnown):
            return None
        return cost.reclaim

    def cells(self, index: int, width: int) -> list[Cell]:
        """Cursor, graph and name, then the columns that fit."""
        row = self._rows[index]
        glyphs = self._glyphs
        marker = glyphs.cursor if index == self.cursor else " "
        name, columns = layout(width, COLUMNS)
        graph = mark(row, glyphs) + " "
        graph = fit(graph, min(len(graph), name // 2), glyphs)
        role = "strong" if row.name is None else _ROLES.get(row.kind, "")
        title = "you are here" if row.name is None else clean(row.title, glyphs)
        mark_cell = glyphs.marked if row.name in self._marked else " "
        cells = [
            (f"{marker}{mark_cell}", "strong"),
            (graph, "graph"),
            (fit(title, name - len(graph), glyphs), role),
        ]
        values = _values(row, self._shown, self._counted)
        for column in columns:
            value, value_role = values.get(column.title, ("", ""))
            shown = fit(clean(value, glyphs), column.width, glyphs, right=column.right)
            cells.append((" " + shown, value_role))
        return cells

    @staticmethod
    def heading(width: int, glyphs: Glyphs, name: str) -> str:
        """Titles of the columns, in the places of :meth:`cells`; ``name`` is the first one."""
        return columns_heading(width, COLUMNS, glyphs, name)


def columns_heading(width: int, columns: Sequence[Column], glyphs: Glyphs, name: str) -> str:
    """Titles of the columns that fit."""
    room, fitting = layout(width, columns)
    zone = time.strftime("%Z")
    titles = [
        fit(f"{c.title} {zone}" if c is CREATED else c.title, c.width, glyphs, right=c.right)
        for c in fitting
    ]
    return " ".join(["  " + fit(name, room, glyphs), *titles])


def layout(width: int, columns: Sequence[Column]) -> tuple[int, list[Column]]:
    """Cells for graph and name, and the columns that fit."""
    fitting = [column for column in columns if column.rank == 0]
    for column in sorted(columns, key=lambda column: column.rank):
        if column.rank and _left(width, [*fitting, column]) >= NAME:
            fitting.append(column)
    return max(_left(width, fitting), 4), [column for column in columns if column in fitting]


def _left(width: int, columns: list[Column]) -> int:
    return width - 2 - sum(column.width + 1 for column in columns)


def _values(row: Row, shown: Shown | None, counted: Counted) -> dict[str, Cell]:
    if row.kind is RowKind.HERE:
        config = shown.config if shown is not None else None
        since = written_since(config, counted) if config is not None else NotKnown("")
        return {"Written": ("?", "muted") if isinstance(since, NotKnown) else (added(since), "")}
    if row.kind is RowKind.UNREADABLE:
        return {"Created": ("cannot be read", "bad"), "Reclaim": ("?", "muted")}
    cost = _cost(row, shown, counted)
    figures = {
        title: (shown_as, "muted" if shown_as == "?" else "")
        for title, shown_as in (("Written", written(cost)), ("Reclaim", reclaim(cost)))
    }
    if row.stray is not None:
        saved = sum(entry.vm_state for _, entry in row.stray.parts)
        return {
            "Created": (text.when(row.stray.created), ""),
            "Holds": ("- unmanaged", "warn"),
            "VM state": (size_or_mark(saved), ""),
            **figures,
        }
    if row.overlay is not None and shown is not None:
        return {"Holds": ("- overlay", "warn"), **_overlay_values(row.overlay, shown)}
    snapshot = row.snapshot
    if snapshot is None or shown is None:
        return {}
    return {
        "Created": (text.when(snapshot.created), ""),
        "Holds": (f"{holds(snapshot)[0]} {row.broken}", "bad")
        if row.kind is RowKind.BROKEN
        else (holds(snapshot), ""),
        "State": (state_of(snapshot), ""),
        "VM state": (_vm_state(snapshot, shown), ""),
        **figures,
    }


def _overlay_values(overlay: Unnamed, shown: Shown) -> dict[str, Cell]:
    """What it takes on the host; what a merge gives back is not counted."""
    image = shown.layers.heads.get(overlay.path)
    size = text.short_size(image.disk_size) if isinstance(image, ImageInfo) else "?"
    return {"Written": (size, "" if size != "?" else "muted"), "Reclaim": ("?", "muted")}


def _broken(shown: Shown) -> dict[str, str]:
    """By name, what is wrong with snapshots in a word."""
    odd = {name: word for name, word in shown.odd.items() if word}
    return odd | {name: one.matter.mark for name, one in shown.layers.broken.items()}


def _cost(row: Row, shown: Shown | None, counted: Counted) -> Cost | NotKnown:
    thing = row.stray or row.snapshot
    if thing is None or shown is None:
        return NotKnown("")
    return cost_of(thing, counted, shown.layers)


def _vm_state(snapshot: Snapshot, shown: Shown) -> str:
    return size_or_mark(shown.vm_state(snapshot)) if snapshot.has_memory else ""
