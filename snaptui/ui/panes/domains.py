"""The list of domains, and below them the images that are shown for themselves."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping

from snaptui.common import text
from snaptui.model.domain import Domain, DomainKey, Key
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.monitor.host import HostState
from snaptui.monitor.images import WAITING, ImagesState, ListedImage
from snaptui.operations.operation import Operation
from snaptui.ui.format import Glyphs, clean, fit, short_age, state_style, state_words
from snaptui.ui.panes.row_list import Cell, RowList
from snaptui.ui.snapshot_graph import cursor_after

FROZEN = "frozen"
"""The state of a guest whose file systems are frozen: what it waits for matters most."""

Row = Domain | ListedImage | None
"""``None`` is the heading of the images, on which the cursor never stands."""


class DomainPane(RowList):
    """All domains of the host: name, state, number of snapshots, age of the newest."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="domains")
        self._glyphs = glyphs
        self._state = HostState()
        self._under_way: Mapping[Key, Operation] = {}
        self._rows: tuple[Row, ...] = ()
        self._names: Mapping[str, str] = {}
        self._marked: frozenset[DomainKey] = frozenset()
        self._lost = ""

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self._rows)

    @property
    def marked(self) -> tuple[Domain, ...]:
        """The marked domains, by name."""
        found = (self._state.domains[key] for key in self._marked)
        return tuple(sorted(found, key=_by_name))

    def mark(self) -> bool:
        """Mark the selected domain, or take its mark away, and go on; whether there is one."""
        domain = self.selected
        if domain is not None:
            self._marked ^= {domain.key}
            self.refresh_line(self.cursor)
            self.cursor += 1
        return domain is not None

    def unmark(self) -> None:
        """Take all marks away."""
        self._marked = frozenset()
        self.refresh()

    @property
    def selected(self) -> Domain | None:
        """The domain under the cursor."""
        row = self._row
        return row if isinstance(row, Domain) else None

    @property
    def selected_image(self) -> ListedImage | None:
        """The image under the cursor."""
        row = self._row
        return row if isinstance(row, ListedImage) else None

    @property
    def _row(self) -> Row:
        return self._rows[self.cursor] if self._rows and self.cursor >= 0 else None

    @property
    def visible_keys(self) -> tuple[DomainKey, ...]:
        """Keys of the domains that can be seen."""
        rows = (self._rows[index] for index in self.on_screen)
        return tuple(row.key for row in rows if isinstance(row, Domain))

    def update_state(
        self,
        state: HostState,
        images: ImagesState,
        running: Mapping[Key, Operation],
        wanted: str,
        select: Key | None = None,
    ) -> None:
        """Show a new state; the cursor stays on its row, or goes to ``select``.

        When its domain is gone from the host, it goes to the one of the same name, or nowhere
        until there is one: what is pressed then is meant for none of the others.

        Args:
            wanted: text that the names, or the paths of images, must have.
        """
        folded = wanted.casefold()
        domains = sorted(
            (d for d in state.domains.values() if folded in d.name.casefold()),
            key=_by_name,
        )
        listed = sorted(
            (one for one in images.images.values() if folded in one.key.path.casefold()),
            key=lambda one: (one.key.name.casefold(), one.key),
        )
        heading: list[Row] = [None] if listed else []
        rows = (*domains, *heading, *listed)
        old = [str(row.key) if row is not None else "" for row in self._rows]
        new = [str(row.key) if row is not None else "" for row in rows]
        if (lost := self.selected) is not None:
            self._lost = lost.name if lost.key not in state.domains else ""
        named = [row.name if isinstance(row, Domain) else "" for row in rows]
        if select is not None and str(select) in new:
            cursor = new.index(str(select))
        elif self._lost:
            cursor = named.index(self._lost) if self._lost in named else -1
        else:
            cursor = cursor_after(old, max(0, self.cursor), new) if old else 0
        self._names = told_apart([one.key.path for one in images.images.values()])
        self._state, self._under_way, self._rows = state, running, rows
        self._marked &= state.domains.keys()
        self.rows_changed(self._beside_heading(cursor))

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a row, and off the heading."""
        return self._beside_heading(super().validate_cursor(cursor))

    def _beside_heading(self, cursor: int) -> int:
        if not 0 <= cursor < len(self._rows) or self._rows[cursor] is not None:
            return cursor
        return cursor - 1 if 0 < cursor < self.cursor else cursor + 1

    def go_to(self, key: DomainKey) -> None:
        """Select a domain, if it is there."""
        for at, row in enumerate(self._rows):
            if isinstance(row, Domain) and row.key == key:
                self.cursor = at

    def cells(self, index: int, width: int) -> list[Cell]:
        """Cursor, name, state, snapshots, age."""
        row, glyphs = self._rows[index], self._glyphs
        if row is None:
            return [(fit("  Images", width, glyphs), "muted")]
        marker = glyphs.cursor if index == self.cursor else " "
        spare = width - 2 - 6 - 5
        state_width = max(9, min(30, spare * 2 // 5))
        name = row.name if isinstance(row, Domain) else self._names.get(row.key.path, row.key.path)
        chosen = glyphs.marked if row.key in self._marked else " "
        head: list[Cell] = [
            (f"{marker}{chosen}", "strong"),
            (fit(clean(name, glyphs), spare - state_width - 1, glyphs) + " ", ""),
        ]
        operation = self._under_way.get(row.key)
        if operation is not None:
            seconds = int(time.time() - operation.started)
            share = operation.share
            far = operation.phase.value if share is None else f"{int(share * 100)} %"
            doing = f"{operation.plan.verb} {seconds} s: {far}"
            return [*head, (fit(doing, state_width + 6 + 5, glyphs), "warn")]
        state, count, age = self._of_domain(row) if isinstance(row, Domain) else self._of_image(row)
        return [
            *head,
            (fit(state[0], state_width, glyphs), state[1]),
            (fit(count, 6, glyphs, right=True), "bad" if count == "?" else ""),
            (fit(age, 5, glyphs, right=True), "muted"),
        ]

    def _of_domain(self, domain: Domain) -> tuple[Cell, str, str]:
        """State, number of snapshots, age of the newest."""
        summary = self._state.summaries.get(domain.key)
        count = "" if summary is None else "?" if summary.count is None else str(summary.count)
        age = short_age(summary.newest, time.time()) if summary is not None else ""
        state: Cell = (clean(state_words(domain), self._glyphs), state_style(domain.state))
        if domain.key in self._state.frozen and domain.state.active:
            state = (FROZEN, "bad")
        return state, count, age

    def _of_image(self, listed: ListedImage) -> tuple[Cell, str, str]:
        """Size on the host, number of snapshots, age of the newest."""
        head = listed.head
        if not isinstance(head, ImageInfo):
            return ("cannot be read" if head != WAITING else "", "bad"), "?", ""
        used = not isinstance(listed.holders, NotKnown) and bool(listed.holders)
        size = text.short_size(head.disk_size)
        newest = max((entry.created for entry in head.snapshots), default=None)
        return (
            (f"in use, {size}", "warn") if used else (size, "muted"),
            str(len(head.snapshots)),
            short_age(newest, time.time()),
        )

    @staticmethod
    def heading(width: int, glyphs: Glyphs, name: str) -> str:
        """Titles of the columns, in the places of :meth:`cells`; ``name`` is the first one."""
        spare = width - 2 - 6 - 5
        state_width = max(9, min(30, spare * 2 // 5))
        return (
            "  "
            + fit(name, spare - state_width - 1, glyphs)
            + " "
            + fit("State", state_width, glyphs)
            + fit("Snaps", 6, glyphs, right=True)
            + fit("Age", 5, glyphs, right=True)
        )


def _by_name(domain: Domain) -> tuple[str, DomainKey]:
    return domain.name.casefold(), domain.key


def told_apart(paths: Collection[str]) -> Mapping[str, str]:
    """By path, as much of its end as no other one has."""
    names: dict[str, str] = {}
    left, parts = list(paths), 1
    while left:
        ends = {path: "/".join(path.split("/")[-parts:]) for path in left}
        numbers = Counter(ends.values())
        names |= ends
        left = [path for path in left if numbers[ends[path]] > 1 and ends[path] != path]
        parts += 1
    return names
