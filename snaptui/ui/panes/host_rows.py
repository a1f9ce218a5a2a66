"""The rows of the list of domains: hosts as headings, their domains, and images."""

from __future__ import annotations

import enum
import itertools
import operator
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from snaptui.model.domain import Domain, DomainKey, Key
from snaptui.monitor.free_space import Fullest
from snaptui.monitor.host import HostState
from snaptui.monitor.images import ImagesState, ListedImage
from snaptui.storage.domain_figures import DomainFigures

SHARERS = 8
"""Others that are named of an image, at most: more say no more, and cost with their square."""


@dataclass(frozen=True, slots=True)
class ListedHost:
    """A host as it is at one moment.

    Attributes:
        uri: the ``host`` of all its keys.
        name: as people call it.
        figures: what the snapshots of domains take together, of those that were read whole.
        disks: by domain, the paths of its images, as far as they are known.
        shared: those of them that other hosts reach under the same path.
    """

    uri: str
    name: str
    state: HostState
    images: ImagesState
    fullest: Fullest
    figures: Mapping[DomainKey, DomainFigures] = field(default_factory=dict)
    disks: Mapping[DomainKey, frozenset[str]] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()

    @property
    def near(self) -> bool:
        """Whether it is this machine."""
        return self.state.host is not None and self.state.host.local


@dataclass(frozen=True, slots=True)
class ImagesHeading:
    """Stands above the images of a host; the cursor never stands on it."""

    uri: str


@dataclass(frozen=True, slots=True)
class Bare:
    """Stands for the domains of a host that have no snapshots, above them where they are shown.

    Attributes:
        number: how many these are.
        shown: they stand below.
    """

    uri: str
    number: int
    shown: bool


Row = ListedHost | Domain | ListedImage | ImagesHeading | Bare


def host_of(row: Row) -> str:
    """The URI of the host that a row belongs to."""
    return row.key.host if isinstance(row, Domain | ListedImage) else row.uri


def identity(row: Row) -> Key | tuple[str, str]:
    """What a row is known by while what it shows changes."""
    if isinstance(row, Domain | ListedImage):
        return row.key
    return row.uri, type(row).__name__


class Order(enum.Enum):
    """What domains are sorted by; the value is the title of the column."""

    NAME = "Domain"
    COUNT = "Snaps"
    OLDEST = "Oldest"
    FREES = "Frees"


class Rows:
    """Makes the rows, of a host that did not change not once more.

    Attributes:
        folded: URIs of the hosts whose domains are not shown.
        unfolded: URIs of the hosts whose domains without snapshots are shown all the same.
        order: of the domains of each host; images go by name.
        twins: by UUID of a domain that several hosts have, the URIs of these.
        sharers: by domain, those of other hosts and UUIDs that have an image of it.
    """

    def __init__(self) -> None:
        self.folded: frozenset[str] = frozenset()
        self.unfolded: frozenset[str] = frozenset()
        self.order = Order.NAME
        self.twins: Mapping[str, frozenset[str]] = {}
        self.sharers: Mapping[DomainKey, frozenset[DomainKey]] = {}
        self._compared: list[Mapping[DomainKey, frozenset[str]]] = []
        self._seen: list[Mapping[DomainKey, Domain]] = []
        self._sorted: dict[str, tuple[Mapping[DomainKey, Domain], str, tuple[Domain, ...]]] = {}

    def of(
        self,
        hosts: Sequence[ListedHost],
        wanted: str,
        kept: Callable[[Domain], bool] | None = None,
    ) -> tuple[Row, ...]:
        """All rows in order; hosts are headings where there are several.

        Args:
            wanted: text that the names of domains or hosts, or paths of images, must have. While
                there is one nothing is folded, and hosts without a match are left out.
            kept: of domains without snapshots whether they stay among the others; where it is
                not given all do.
        """
        folded = wanted.casefold()
        self._find_twins(hosts)
        self._find_sharers(hosts)
        several = len(hosts) > 1
        rows: list[Row] = []
        for host in hosts:
            # a host that is looked for by its name is shown whole
            named = several and folded in host.name.casefold()
            domains = self._domains(host, "" if named else folded)
            images = _images(host, folded)
            if several and (not wanted or domains or images):
                rows.append(host)
            if several and not wanted and host.uri in self.folded:
                continue
            rows += self._with_bare(host, domains, None if wanted else kept)
            rows += [ImagesHeading(host.uri)] if images else []
            rows += images
        self._sorted = {uri: one for uri, one in self._sorted.items() if uri in _uris(hosts)}
        return tuple(rows)

    def _find_twins(self, hosts: Sequence[ListedHost]) -> None:
        seen = [host.state.domains for host in hosts]
        if len(seen) == len(self._seen) and all(map(operator.is_, seen, self._seen)):
            return
        self._seen = seen
        numbers = Counter(key.uuid for domains in seen for key in domains)
        twice = {uuid for uuid, number in numbers.items() if number > 1}
        self.twins = {
            uuid: frozenset(
                host.uri for host in hosts if DomainKey(host.uri, uuid) in host.state.domains
            )
            for uuid in twice
        }

    def _find_sharers(self, hosts: Sequence[ListedHost]) -> None:
        """Those whose images are one file for sure: on one machine, or where several reach it."""
        disks = [host.disks for host in hosts]
        if len(disks) == len(self._compared) and all(map(operator.is_, disks, self._compared)):
            return
        self._compared = disks
        users: dict[str, list[tuple[ListedHost, DomainKey]]] = {}
        for host in hosts:
            for key, paths in host.disks.items():
                for path in paths if host.near else paths & host.shared:
                    users.setdefault(path, []).append((host, key))
        found: dict[DomainKey, set[DomainKey]] = {}
        for path, those in users.items():
            if len({key.uuid for _, key in those}) == 1:
                continue
            for one, key in those:
                sharers = (
                    its
                    for other, its in those
                    if one is not other
                    and key.uuid != its.uuid
                    and ((one.near and other.near) or (path in one.shared and path in other.shared))
                )
                found.setdefault(key, set()).update(itertools.islice(sharers, SHARERS))
        self.sharers = {key: frozenset(its) for key, its in found.items() if its}

    def _domains(self, host: ListedHost, folded: str) -> tuple[Domain, ...]:
        known = self._sorted.get(host.uri)
        if known is not None and known[0] is host.state.domains and known[1] == folded:
            return known[2]
        found = (one for one in host.state.domains.values() if folded in one.name.casefold())
        domains = tuple(sorted(found, key=by_name))
        self._sorted[host.uri] = (host.state.domains, folded, domains)
        return domains

    def _with_bare(
        self,
        host: ListedHost,
        domains: tuple[Domain, ...],
        kept: Callable[[Domain], bool] | None,
    ) -> list[Row]:
        """The domains in order, those without snapshots in one line, or below it."""
        bare = {one.key for one in domains if kept and _is_bare(host, one) and not kept(one)}
        rows: list[Row] = [one for one in self._ordered(host, domains) if one.key not in bare]
        if bare:
            shown = host.uri in self.unfolded
            rows.append(Bare(host.uri, len(bare), shown))
            rows += [one for one in domains if shown and one.key in bare]
        return rows

    def _ordered(self, host: ListedHost, domains: tuple[Domain, ...]) -> Sequence[Domain]:
        """By the wanted column, the most first and the oldest first; what is not known last."""
        if self.order is Order.NAME:
            return domains
        return sorted(domains, key=lambda domain: _rank(host, domain, self.order), reverse=True)


def _is_bare(host: ListedHost, domain: Domain) -> bool:
    summary = host.state.summaries.get(domain.key)
    return summary is not None and summary.count == 0


def _rank(host: ListedHost, domain: Domain, by: Order) -> float:
    """Below zero where it is not known."""
    summary, figures = host.state.summaries.get(domain.key), host.figures.get(domain.key)
    if summary is None or not summary.count:
        return -1.0 if summary is None or summary.count is None else -0.5
    if by is Order.COUNT:
        return summary.count
    if by is Order.OLDEST:
        return -1.0 if summary.oldest is None else 1 / (1 + summary.oldest)
    freed = figures.frees.bound if figures is not None else None
    return -0.2 if freed is None else freed


def _uris(hosts: Iterable[ListedHost]) -> frozenset[str]:
    return frozenset(host.uri for host in hosts)


def _images(host: ListedHost, folded: str) -> list[ListedImage]:
    found = (one for one in host.images.images.values() if folded in one.key.path.casefold())
    return sorted(found, key=lambda one: (one.key.name.casefold(), one.key))


def by_name(domain: Domain) -> tuple[str, DomainKey]:
    """The order of domains."""
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
