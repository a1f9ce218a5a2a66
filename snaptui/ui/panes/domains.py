"""The list of domains, and below them the images that are shown for themselves."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence

from rich.cells import cell_len

from snaptui.common import text
from snaptui.model.domain import Domain, DomainKey, Key
from snaptui.monitor.images import ListedImage
from snaptui.operations.operation import Operation
from snaptui.ui.format import Glyphs, clean, fit, fit_name
from snaptui.ui.panes import domain_cells
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
from snaptui.ui.snapshot_graph import cursor_after


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
        shared, before = domain_cells.shares(self.row_width), self.order
        at = 2 + shared.name
        by: Order | None = Order.NAME if x < at else None
        at += 1 + shared.state
        for order, cells in (
            (Order.COUNT, domain_cells.COUNT),
            (Order.OLDEST, domain_cells.AGE),
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
        if len(rows) > self.size.height > 0 and self.row_width >= domain_cells.FREES_FROM:
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
            folded = row.uri in self._maker.folded
            return [(marker, "strong"), *domain_cells.of_host(row, folded, width - 1, glyphs)]
        if isinstance(row, Bare):
            sign = glyphs.unfolded if row.shown else glyphs.folded
            words = f"{text.count(row.number, 'domain')} without snapshots"
            return [(marker, "strong"), (fit(f"{sign} {words}", width - 1, glyphs), "muted")]
        shared = domain_cells.shares(width)
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
        if isinstance(row, Domain):
            host = self._hosts[row.key.host]
            return [*head, *domain_cells.of_domain(row, host, shared, glyphs)]
        return [*head, *domain_cells.of_image(row, shared, glyphs)]

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

    def heading(self, width: int, glyphs: Glyphs, name: str) -> str:
        """Titles of the columns, in the places of :meth:`cells`; ``name`` is the first one."""
        return domain_cells.heading(width, glyphs, name, self.order)
