"""The list of domains, and below them the images that are shown for themselves."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from snaptui.common import text
from snaptui.model.domain import Domain, DomainKey, Key
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.monitor.host import Link
from snaptui.monitor.images import WAITING, ListedImage
from snaptui.operations.operation import Operation
from snaptui.ui import status_lines
from snaptui.ui.format import Glyphs, clean, fit, fit_name, short_age, state_style, state_words
from snaptui.ui.panes.host_rows import (
    Bare,
    ImagesHeading,
    ListedHost,
    Order,
    Row,
    Rows,
    by_name,
    host_of,
    identity,
    told_apart,
)
from snaptui.ui.panes.row_list import Cell, RowList
from snaptui.ui.pictures import growth_line
from snaptui.ui.snapshot_graph import cursor_after

COUNT, AGE, FREES, GROWN = 6, 7, 7, 14
"""Cells of the number of snapshots, the age of the oldest, and what all of them take."""
FREES_FROM, GROWN_FROM = 45, 56
"""Cells of a row from which on the last two are there."""
FROZEN = "frozen"
"""The state of a guest whose file systems are frozen: what it waits for matters most."""


class DomainPane(RowList):
    """All domains of the hosts: name, state, and what is known of their snapshots.

    Where there are several hosts, each is a heading above its domains, which can be folded.
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="domains")
        self._glyphs = glyphs
        self._hosts: Mapping[str, ListedHost] = {}
        self._under_way: Mapping[Key, Operation] = {}
        self._maker = Rows()
        self._rows: tuple[Row, ...] = ()
        self._names: Mapping[str, str] = {}
        self._marked: frozenset[DomainKey] = frozenset()
        self._lost: tuple[str, str] | None = None
        self._again: Callable[[], None] = lambda: None

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self._rows)

    @property
    def marked(self) -> tuple[Domain, ...]:
        """The marked domains, by name."""
        found = (self._domain(key) for key in self._marked)
        return tuple(sorted((one for one in found if one is not None), key=by_name))

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

    def unmark_one(self, key: Key) -> None:
        """Take the mark of a domain away, if it has one."""
        self._marked = frozenset(one for one in self._marked if one != key)
        self.refresh()

    def fold(self) -> bool:
        """Fold the host, or the domains without snapshots, under the cursor; whether it is one."""
        row = self._row
        if isinstance(row, Bare):
            self._maker.unfolded ^= {row.uri}
            self._again()
        elif isinstance(row, ListedHost):
            self.folded ^= {row.uri}
        return isinstance(row, Bare | ListedHost)

    @property
    def folded(self) -> frozenset[str]:
        """URIs of the hosts whose domains are not shown."""
        return self._maker.folded

    @folded.setter
    def folded(self, uris: frozenset[str]) -> None:
        self._maker.folded = uris
        self._again()

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
    def selected_host(self) -> ListedHost | None:
        """The host of what is under the cursor."""
        return self._hosts.get(host_of(self._row)) if self._row is not None else None

    def also_on(self, domain: Domain) -> tuple[str, ...]:
        """The other hosts that have the same guest."""
        uris = self._maker.twins.get(domain.key.uuid, frozenset()) - {domain.key.host}
        return tuple(sorted(map(self._host_name, uris)))

    def shares_with(self, domain: Domain) -> tuple[str, ...]:
        """The guests of other hosts that have an image of this one, each with its host."""
        found = (self._domain(key) for key in self._maker.sharers.get(domain.key, ()))
        names = (
            f"{clean(one.name, self._glyphs)} on {self._host_name(one.key.host)}"
            for one in found
            if one is not None
        )
        return tuple(sorted(names))

    def _host_name(self, uri: str) -> str:
        return clean(self._hosts[uri].name, self._glyphs)

    @property
    def order(self) -> Order:
        """The column that the domains are sorted by."""
        return self._maker.order

    def sort(self, by: Order | None = None) -> Order:
        """Sort by a column, or by the next one; by which."""
        orders = list(Order)
        self._maker.order = by or orders[(orders.index(self.order) + 1) % len(orders)]
        self._again()
        return self.order

    def sort_at(self, x: int) -> bool:
        """Sort by the column of the heading at a place, if one can; whether that is another."""
        shared, before = shares(self.row_width), self.order
        at = 2 + shared.name
        by: Order | None = Order.NAME if x < at else None
        at += 1 + shared.state
        for order, cells in (
            (Order.COUNT, COUNT),
            (Order.OLDEST, AGE),
            (Order.FREES, shared.frees),
        ):
            by = order if at <= x < at + cells else by
            at += cells
        if by is not None:
            self.sort(by)
        return self.order is not before

    @property
    def on_heading(self) -> bool:
        """Whether the cursor is on a host."""
        return isinstance(self._row, ListedHost)

    @property
    def _row(self) -> Row | None:
        return self._rows[self.cursor] if self._rows and self.cursor >= 0 else None

    @property
    def visible_keys(self) -> tuple[DomainKey, ...]:
        """Keys of the domains that can be seen."""
        rows = (self._rows[index] for index in self.on_screen)
        return tuple(row.key for row in rows if isinstance(row, Domain))

    @property
    def visible_hosts(self) -> frozenset[str]:
        """URIs of the hosts of which anything can be seen."""
        return frozenset(host_of(self._rows[index]) for index in self.on_screen)

    def update_hosts(
        self,
        hosts: Sequence[ListedHost],
        running: Mapping[Key, Operation],
        wanted: str,
        select: Key | None = None,
    ) -> None:
        """Show new states; the cursor stays on its row, or goes to ``select``.

        When its domain is gone from the host, it goes to the one of the same name there, or
        nowhere until there is one: what is pressed then is meant for none of the others.

        Args:
            wanted: text that the names, or the paths of images, must have.
        """
        self._again = functools.partial(self.update_hosts, hosts, running, wanted)
        lost, self._hosts = self.selected, {host.uri: host for host in hosts}
        if lost is not None:
            gone = self._domain(lost.key) is None
            self._lost = (lost.key.host, lost.name) if gone else None
        rows = self._maker.of(hosts, wanted)
        if len(rows) > self.size.height > 0 and self.row_width >= FREES_FROM:
            keys = {*self._marked, *running, select, lost.key if lost is not None else None}
            rows = self._maker.of(
                hosts, wanted, lambda one: one.key in keys or (one.key.host, one.name) == self._lost
            )
        old, new = list(map(identity, self._rows)), list(map(identity, rows))
        named = [(row.key.host, row.name) if isinstance(row, Domain) else None for row in rows]
        if select is not None and select in new:
            cursor = new.index(select)
        elif self._lost is not None:
            cursor = named.index(self._lost) if self._lost in named else -1
        else:
            cursor = cursor_after(old, max(0, self.cursor), new) if old else 0
        self._names = told_apart(
            [one.key.path for host in hosts for one in host.images.images.values()]
        )
        self._under_way, self._rows = running, rows
        self._marked = frozenset(key for key in self._marked if self._domain(key) is not None)
        self.rows_changed(self._beside_heading(cursor))

    def _domain(self, key: DomainKey) -> Domain | None:
        host = self._hosts.get(key.host)
        return host.state.domains.get(key) if host is not None else None

    def on_resize(self) -> None:
        """Fold or unfold domains without snapshots: another number has room."""
        super().on_resize()
        self._again()

    @property
    def on_bare(self) -> bool:
        """Whether the cursor is on the line of domains without snapshots."""
        return isinstance(self._row, Bare)

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a row, and off the heading of the images."""
        return self._beside_heading(super().validate_cursor(cursor))

    def _beside_heading(self, cursor: int) -> int:
        if not 0 <= cursor < len(self._rows) or not isinstance(self._rows[cursor], ImagesHeading):
            return cursor
        return cursor - 1 if 0 < cursor < self.cursor else cursor + 1

    def go_to(self, key: DomainKey) -> None:
        """Select a domain, if it is there; its host is unfolded."""
        if key.host in self.folded:
            self.folded -= {key.host}
        if not any(isinstance(row, Domain) and row.key == key for row in self._rows):
            self._maker.unfolded |= {key.host}
            self._again()
        for at, row in enumerate(self._rows):
            if isinstance(row, Domain) and row.key == key:
                self.cursor = at

    def cells(self, index: int, width: int) -> list[Cell]:
        """Cursor, name, state, snapshots, age."""
        row, glyphs = self._rows[index], self._glyphs
        if isinstance(row, ImagesHeading):
            return [(fit("  Images", width, glyphs), "muted")]
        marker = glyphs.cursor if index == self.cursor else " "
        if isinstance(row, ListedHost):
            return [(marker, "strong"), *self._of_host(row, width - 1)]
        if isinstance(row, Bare):
            sign = glyphs.unfolded if row.shown else glyphs.folded
            words = f"{text.count(row.number, 'domain')} without snapshots"
            return [(marker, "strong"), (fit(f"{sign} {words}", width - 1, glyphs), "muted")]
        shared = shares(width)
        name = row.name if isinstance(row, Domain) else self._names.get(row.key.path, row.key.path)
        chosen = glyphs.marked if row.key in self._marked else " "
        name = f"{' ' * (len(self._hosts) > 1)}{name}"
        head: list[Cell] = [
            (f"{marker}{chosen}", "strong"),
            self._titled(row, clean(name, glyphs), shared.name),
        ]
        operation = self._under_way.get(row.key)
        if operation is not None:
            seconds = int(time.time() - operation.started)
            share = operation.share
            far = operation.phase.value if share is None else f"{int(share * 100)} %"
            doing = f"{operation.plan.verb} {seconds} s: {far}"
            return [*head, (fit(doing, width - 3 - shared.name, glyphs), "warn")]
        state, count, age = self._of_domain(row) if isinstance(row, Domain) else self._of_image(row)
        return [
            *head,
            (fit(state[0], shared.state, glyphs), state[1]),
            (fit(count, COUNT, glyphs, right=True), "bad" if count == "?" else ""),
            (fit(age, AGE, glyphs, right=True), "muted"),
            *(self._figures(row, shared) if isinstance(row, Domain) else ()),
        ]

    def _figures(self, row: Domain, shared: Shares) -> list[Cell]:
        """What deleting all of its snapshots frees, and what each made its images grow by."""
        host, glyphs = self._hosts[row.key.host], self._glyphs
        summary, known = host.state.summaries.get(row.key), host.figures.get(row.key)
        if summary is None or not summary.count:
            return []
        fresh = known if known is not None and known.count == summary.count else None
        frees, grown = "?", ""
        if fresh is not None:
            if (freed := fresh.frees.bound) is not None:
                frees = f"{'' if fresh.frees.whole else '>'}{text.tiny_size(freed)}"
            grown = growth_line(fresh.grown, shared.grown - 2, glyphs)
        cells: list[Cell] = []
        if shared.frees:
            cells.append((fit(frees, shared.frees, glyphs, right=True), "muted" * (frees == "?")))
        if shared.grown:
            cells.append(("  " + fit(grown, shared.grown - 2, glyphs), "graph"))
        return cells

    def _titled(self, row: Domain | ListedImage, name: str, width: int) -> Cell:
        """A name, and on which other hosts the guest or its image is; the details say it whole."""
        others: Sequence[str] = ()
        if isinstance(row, Domain):
            sharers = self._maker.sharers.get(row.key, frozenset())
            there = {self._host_name(key.host) for key in sharers if key.host in self._hosts}
            others = sorted(there.union(self.also_on(row)))
        words = ", ".join(others)
        ways = (f", also {words}", f" +{words}", f" +{len(others)}") if others else ("",)
        also = next((one for one in ways if cell_len(name + one) <= width), ways[-1])
        room = max(width - cell_len(also), 1)
        shown = name if cell_len(name) <= room else fit_name(name, room, self._glyphs)
        return fit(shown + also, width, self._glyphs) + " ", "warn" if others else ""

    def _of_host(self, host: ListedHost, width: int) -> list[Cell]:
        """Whether it is folded, its name, and how it is."""
        glyphs, state = self._glyphs, host.state
        sign = glyphs.folded if host.uri in self._maker.folded else glyphs.unfolded
        words, role = status_lines.link_words(state), "muted"
        if state.link is Link.CONNECTED:
            words = status_lines.heading_figures(state, host.fullest, width - 14)
            full = host.fullest.space
            role = (
                "bad" if full is not None and full.free / full.size < status_lines.FULL else "muted"
            )
        elif state.link is not Link.CONNECTING:
            role = "bad"
        shown = clean(words, glyphs)
        room = max(width - 2 - cell_len(shown) - 1, min(12, width - 2))
        rest = width - 2 - room - 1
        return [
            (f"{sign} ", "graph"),
            (fit(clean(host.name, glyphs), room, glyphs) + " ", "strong"),
            (fit(shown, rest, glyphs, right=True), role),
        ]

    def _of_domain(self, domain: Domain) -> tuple[Cell, str, str]:
        """State, number of snapshots, age of the oldest."""
        known = self._hosts[domain.key.host].state
        summary = known.summaries.get(domain.key)
        count = "" if summary is None else "?" if summary.count is None else str(summary.count)
        age = short_age(summary.oldest, time.time()) if summary is not None else ""
        words, role = clean(state_words(domain), self._glyphs), state_style(domain.state)
        state: Cell = (words, role)
        if domain.key in known.frozen and domain.state.active:
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

    def heading(self, width: int, glyphs: Glyphs, name: str) -> str:
        """Titles of the columns, in the places of :meth:`cells`; ``name`` is the first one."""
        shared = shares(width)
        by = {order: f"{order.value}{glyphs.sorted * (order is self.order)}" for order in Order}
        return "".join(
            [
                "  "
                + fit(f"{name}{glyphs.sorted * (self.order is Order.NAME)}", shared.name, glyphs),
                " " + fit("State", shared.state, glyphs),
                fit(by[Order.COUNT], COUNT, glyphs, right=True),
                fit(by[Order.OLDEST], AGE, glyphs, right=True),
                fit(by[Order.FREES], shared.frees, glyphs, right=True),
                "  " + fit("Grown", shared.grown - 2, glyphs) if shared.grown else "",
            ]
        )


@dataclass(frozen=True, slots=True)
class Shares:
    """Cells of each part of a row."""

    name: int
    state: int
    frees: int
    grown: int


def shares(width: int) -> Shares:
    """Share out a row: the wider it is, the more is said."""
    frees = FREES if width >= FREES_FROM else 0
    grown = GROWN if width >= GROWN_FROM else 0
    spare = width - 2 - COUNT - AGE - frees - grown
    state = max(9, min(24, spare * 2 // 5))
    return Shares(max(spare - state - 1, 1), state, frees, grown)
