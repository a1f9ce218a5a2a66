"""All snapshots of many domains as one list: its rows, what is looked for, the order."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from snaptui.model.domain import Domain
from snaptui.model.group_mark import author_of, described, group_of
from snaptui.model.hold_mark import hold_of
from snaptui.model.image import NotKnown
from snaptui.model.safety_mark import is_safety
from snaptui.model.snapshot import Kind, Snapshot, depths
from snaptui.storage.costs import Cost, cost_of, reclaim_of
from snaptui.storage.disk_cost import Counted
from snaptui.storage.in_image import Unmanaged, odd, without_ram
from snaptui.storage.reclaimable import Mark, Surveyed


class Flag(enum.Enum):
    """What may be looked for by a word; the value is the word."""

    HELD = "held"
    SAFETY = "safety"
    UNMANAGED = "unmanaged"
    CURRENT = "current"
    GROUP = "group"
    EXTERNAL = "external"
    INTERNAL = "internal"
    RAM = "ram"
    BROKEN = "broken"
    ME = "me"
    """The snapshot says that this account took it; whether that is true is not known."""


@dataclass(frozen=True, slots=True)
class ListedSnapshot:
    """One row.

    Attributes:
        host: as people call it; empty where there is only one.
        snapshot: ``None`` for an unmanaged one, and for what could not be read.
        created: seconds since the epoch; ``None`` where not known.
        written, reclaim: bytes; see :class:`Cost`.
        cost: both with their signs; ``None`` for an unmanaged one.
        unread: why its record could not be read; empty otherwise.
        depth: how many snapshots of the domain lie before it.
    """

    host: str
    domain: Domain
    name: str
    snapshot: Snapshot | None
    description: str
    created: int | None
    written: int | NotKnown
    reclaim: int | NotKnown
    cost: Cost | NotKnown | None
    flags: frozenset[Flag]
    unread: str = ""
    depth: int = 0

    @property
    def mark(self) -> Mark:
        """What it is known by over all hosts."""
        return (self.domain.key.host, self.domain.key.uuid, self.name)

    @property
    def version(self) -> tuple[int | None, str]:
        """When it was made, and the hash of its XML: another of the same name has others."""
        return self.created, self.snapshot.digest if self.snapshot is not None else ""


def listed(host: str, one: Surveyed, counted: Counted, me: str = "") -> Iterator[ListedSnapshot]:
    """The snapshots of a domain, its unmanaged ones, and what could not be read.

    Args:
        host: as people call it; empty where there is only one.
        me: how this account signs what it takes.
    """
    heads = one.layers.heads
    wrong = set(one.layers.broken)
    for found in (without_ram(one.snapshots, heads), odd(one.snapshots, heads)):
        wrong |= {name for name, what in found.items() if what}
    depth = depths(one.snapshots)
    for snapshot in one.snapshots:
        cost = cost_of(snapshot, counted, one.layers)
        yield ListedSnapshot(
            host,
            one.domain,
            snapshot.name,
            snapshot,
            described(snapshot),
            snapshot.created,
            cost if isinstance(cost, NotKnown) else cost.written,
            cost if isinstance(cost, NotKnown) else cost.reclaim,
            cost,
            _flags(
                snapshot,
                current=one.current == snapshot.name,
                wrong=snapshot.name in wrong,
                mine=me != "" and author_of(snapshot) == me,
            ),
            depth=depth[snapshot.name],
        )
    for thing in one.things:
        if isinstance(thing, Unmanaged):
            freed = reclaim_of((thing,), counted, one.layers)
            written = NotKnown("unmanaged")
            yield ListedSnapshot(
                host, one.domain, thing.name, None, "", thing.created, written, freed, None,
                frozenset({Flag.UNMANAGED, Flag.INTERNAL}),
            )  # fmt: skip
    for name, why in one.unread.items():
        unread = NotKnown(why)
        yield ListedSnapshot(
            host, one.domain, name, None, "", None, unread, unread, unread, frozenset(), why
        )


def _flags(snapshot: Snapshot, *, current: bool, wrong: bool, mine: bool) -> frozenset[Flag]:
    found = {
        Flag.HELD: hold_of(snapshot) is not None,
        Flag.SAFETY: is_safety(snapshot.name),
        Flag.CURRENT: current,
        Flag.GROUP: group_of(snapshot) is not None,
        Flag.EXTERNAL: snapshot.kind in (Kind.EXTERNAL, Kind.MIXED),
        Flag.INTERNAL: snapshot.kind in (Kind.INTERNAL, Kind.MIXED),
        Flag.RAM: snapshot.has_memory,
        Flag.BROKEN: wrong,
        Flag.ME: mine,
    }
    return frozenset(flag for flag, there in found.items() if there)


class Order(enum.Enum):
    """By which column; the value is its title."""

    HOST = "Host"
    DOMAIN = "Domain"
    NAME = "Snapshot"
    AGE = "Age"
    WRITTEN = "Written"
    RECLAIM = "Frees"


def ordered(rows: Iterable[ListedSnapshot], by: Order) -> tuple[ListedSnapshot, ...]:
    """Names from A to Z, the oldest first, the most bytes first; what is not known comes last.

    Of one second a parent comes before its children.
    """

    def key(row: ListedSnapshot) -> tuple[object, ...]:
        names = (row.domain.name.casefold(), row.host.casefold(), row.name.casefold(), row.name)
        if by is Order.HOST:
            return (row.host.casefold(), *names)
        if by is Order.NAME:
            return (row.name.casefold(), *names)
        if by is Order.AGE:
            return (row.created is None, row.created or 0, *names[:2], row.depth, *names)
        if by in (Order.WRITTEN, Order.RECLAIM):
            size = row.written if by is Order.WRITTEN else row.reclaim
            return (True, 0, *names) if isinstance(size, NotKnown) else (False, -size, *names)
        return names

    return tuple(sorted(rows, key=key))


AGE_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_557_600}
"""Seconds of what an age may be told in."""
_SIZES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_WORD = re.compile(r'!?"[^"]*"?|\S+')
"""What is in quotes is one word, also while the last one is not typed yet."""
_LIMIT = re.compile(r"([<>])(\d+(?:\.\d+)?)(s|min|h|d|w|y|K|M|G|T)")


@dataclass(frozen=True, slots=True)
class Query:
    """What rows must be; each word counts.

    ``>30d`` is older than 30 days (s, min, h, d, w, y), ``<2h`` younger, ``>1G`` gives back more
    than 1 GiB (K, M, G, T); the words of :class:`Flag` are what it is. Anything else is text of
    the name, the description, the domain or the host; so is all that stands in quotes, such as
    ``"held"`` or ``"two words"``. With ``!`` before a word it is what a row is not.
    """

    words: tuple[str, ...] = ()

    @staticmethod
    def of(typed: str) -> Query:
        """What was typed, word by word."""
        return Query(tuple(_WORD.findall(typed)))

    @property
    def unclear(self) -> tuple[str, ...]:
        """The words that begin as a limit and are none: no row fits them."""
        return tuple(word for word in self.words if _unclear(_without_not(word)))

    def fits(self, row: ListedSnapshot, now: float) -> bool:
        """Whether a row is looked for; what is not known is neither more nor less."""
        return all(_fits(word, row, now) for word in self.words)


def _without_not(word: str) -> str:
    return word[1:] if word.startswith("!") and word != "!" else word


def _unclear(bare: str) -> bool:
    return bare[0] in "<>" and _LIMIT.fullmatch(bare) is None


def _fits(word: str, row: ListedSnapshot, now: float) -> bool:
    bare = _without_not(word)
    wanted = bare == word
    if _unclear(bare):
        return False
    if bare.startswith('"'):
        return _has_text(bare.strip('"'), row) is wanted
    if (limit := _LIMIT.fullmatch(bare)) is not None:
        sign, number, unit = limit.groups()
        if unit in AGE_UNITS:
            known, of = row.created is not None, now - (row.created or 0)
            bound = float(number) * AGE_UNITS[unit]
        else:
            known = not isinstance(row.reclaim, NotKnown)
            of = 0.0 if isinstance(row.reclaim, NotKnown) else float(row.reclaim)
            bound = float(number) * _SIZES[unit]
        return known and (of > bound if sign == ">" else of < bound) is wanted
    for flag in Flag:
        if flag.value == bare.casefold():
            return (flag in row.flags) is wanted
    return _has_text(bare, row) is wanted


def _has_text(words: str, row: ListedSnapshot) -> bool:
    folded = words.casefold()
    texts = (row.name, row.description, row.domain.name, row.host)
    return any(folded in text.casefold() for text in texts)
