"""Which snapshots a rule lets go, and why each of the others stays; pure.

Rules are those of ``restic forget --keep-*``: each keeps the newest of each of the last so many
days, weeks or months that have one, and what any of them keeps stays. They count for each domain
by itself. Days, weeks (from Monday) and months are of libvirt's times, in UTC.
"""

from __future__ import annotations

import enum
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from snaptui.model.domain import DomainKey, DomainStatus
from snaptui.model.group_mark import group_of
from snaptui.model.image import NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.storage.reclaimable import Mark
from snaptui.storage.snapshot_list import AGE_UNITS, Flag, ListedSnapshot

DAY = 86_400
_NUMBER = re.compile(r"[0-9]{1,6}")
_AGE = re.compile(rf"([0-9]{{1,6}}(?:\.[0-9]{{1,3}})?)({'|'.join(AGE_UNITS)})")


class RuleFault(enum.Enum):
    """Why what was typed is no rule."""

    NOTHING = enum.auto()
    """There is no number in it."""
    NUMBER = enum.auto()
    """How many to keep is no whole number from 1 on."""
    AGE = enum.auto()
    """The age is no number with a unit."""


@dataclass(frozen=True, slots=True)
class KeepRule:
    """What stays of each domain; at least one field says something.

    Attributes:
        last, daily, weekly, monthly: so many are kept; 0 for no such rule.
        older: seconds; what is younger stays too. ``None`` for no such rule.
    """

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    older: float | None = None

    @staticmethod
    def of(last: str, daily: str, weekly: str, monthly: str, older: str) -> KeepRule | RuleFault:
        """What was typed; an empty field is no rule."""
        fields = [field.strip() for field in (last, daily, weekly, monthly)]
        age = older.strip()
        if not age and not any(fields):
            return RuleFault.NOTHING
        if any(field and (not _NUMBER.fullmatch(field) or not int(field)) for field in fields):
            return RuleFault.NUMBER
        seconds = None
        if age:
            found = _AGE.fullmatch(age)
            if found is None or not float(found[1]):
                return RuleFault.AGE
            seconds = float(found[1]) * AGE_UNITS[found[2]]
        numbers = [int(field or "0") for field in fields]
        return KeepRule(numbers[0], numbers[1], numbers[2], numbers[3], seconds)


class Use(enum.Enum):
    """Whether something is at work with a domain."""

    FREE = enum.auto()
    BUSY = enum.auto()
    """A job, a backup, or an operation of snaptui."""
    UNFINISHED = enum.auto()
    """An operation of snaptui was cut short, and it is not known what became of it."""
    UNKNOWN = enum.auto()
    """It was not asked, or does not say."""

    @staticmethod
    def of(status: DomainStatus) -> Use:
        """What a domain says of itself."""
        if status.busy or status.block_jobs or status.backup:
            return Use.BUSY
        return Use.UNKNOWN if status.busy is None or status.hung else Use.FREE


class Fate(enum.Enum):
    """What a rule does with a snapshot, and why."""

    GOES = enum.auto()
    # kept by the rule
    LAST = enum.auto()
    DAILY = enum.auto()
    WEEKLY = enum.auto()
    MONTHLY = enum.auto()
    YOUNG = enum.auto()
    ONLY = enum.auto()
    """Nothing else that can be reverted to would stay of its domain."""
    WITH_GROUP = enum.auto()
    """Another one of its group stays."""
    NOT_SHOWN = enum.auto()
    """A filter hides it."""
    # never named by a rule
    UNREAD = enum.auto()
    UNMANAGED = enum.auto()
    BROKEN = enum.auto()
    SAFETY = enum.auto()
    HELD = enum.auto()
    CURRENT = enum.auto()
    NO_TIME = enum.auto()
    FUTURE = enum.auto()
    TIMES = enum.auto()
    """Its time and that of its parent or a child contradict each other, or one is not known."""
    DEPENDANTS = enum.auto()
    """What depends on it is not known: another snapshot of the domain was not read."""
    UNFINISHED = enum.auto()
    BUSY = enum.auto()
    USE_UNKNOWN = enum.auto()
    FIGURE = enum.auto()
    """What deleting it frees is not known."""
    GROUP_PART = enum.auto()
    """Not all of its group are listed."""


_COUNTS = (Fate.HELD, Fate.CURRENT)
"""What stays whatever the rule says, and is one of those that the rule keeps all the same."""
_USES = {
    Use.BUSY: Fate.BUSY,
    Use.UNFINISHED: Fate.UNFINISHED,
    Use.UNKNOWN: Fate.USE_UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Fated:
    """A snapshot, and what a rule does with it."""

    row: ListedSnapshot
    fate: Fate

    @property
    def goes(self) -> bool:
        """Whether it goes."""
        return self.fate is Fate.GOES


def decide(
    rule: KeepRule,
    rows: Sequence[ListedSnapshot],
    uses: Mapping[DomainKey, Use],
    now: float,
    shown: Collection[Mark] | None = None,
) -> tuple[Fated, ...]:
    """What a rule does with each of these, in their order.

    Args:
        rows: all of each domain, whatever a filter hides.
        uses: what is not in it is not known.
        shown: those that a filter leaves; nothing else goes.
    """
    by_domain: dict[DomainKey, list[ListedSnapshot]] = {}
    for row in rows:
        by_domain.setdefault(row.domain.key, []).append(row)
    fates: dict[Mark, Fate] = {}
    for key, own in by_domain.items():
        fates |= _of_domain(rule, own, uses.get(key, Use.UNKNOWN), now)
    for mark, fate in fates.items():
        if fate is Fate.GOES and shown is not None and mark not in shown:
            fates[mark] = Fate.NOT_SHOWN
    _groups_whole(rows, fates)
    return tuple(Fated(row, fates[row.mark]) for row in rows)


def domains_to_ask(fated: Iterable[Fated]) -> Iterator[DomainKey]:
    """Domains of which it must be known whether something uses them, before anything goes."""
    yield from dict.fromkeys(one.row.domain.key for one in fated if one.fate is Fate.USE_UNKNOWN)


def _of_domain(
    rule: KeepRule, rows: Sequence[ListedSnapshot], use: Use, now: float
) -> dict[Mark, Fate]:
    family = _Family.of(rows)
    never = {row.mark: why for row in rows if (why := _never(row, family, now)) is not None}
    counted = [row for row in rows if never.get(row.mark, Fate.HELD) in _COUNTS]
    # which of one second is the newest cannot be told: those that stay anyway are counted first
    counted.sort(key=lambda row: (-(row.created or 0), row.mark not in never, row.name))
    kept = _kept(rule, counted, now)
    if not kept and not any(row.mark in never for row in counted):
        kept = {row.mark: Fate.ONLY for row in counted[:1]}
    rest = _USES.get(use, Fate.GOES)
    return {row.mark: never.get(row.mark) or kept.get(row.mark) or rest for row in rows}


def _kept(rule: KeepRule, newest_first: Sequence[ListedSnapshot], now: float) -> dict[Mark, Fate]:
    """What the rule keeps, each for the first reason."""
    kept = {row.mark: Fate.LAST for row in newest_first[: rule.last]}
    periods: tuple[tuple[int, Fate, Callable[[int], object]], ...] = (
        (rule.daily, Fate.DAILY, lambda created: created // DAY),
        (rule.weekly, Fate.WEEKLY, lambda created: (created // DAY + 3) // 7),  # 1970: a Thursday
        (rule.monthly, Fate.MONTHLY, lambda created: time.gmtime(created)[:2]),
    )
    for number, fate, period in periods:
        newest: dict[object, Mark] = {}
        for row in newest_first if number else ():
            newest.setdefault(period(row.created or 0), row.mark)
        for mark in list(newest.values())[:number]:
            kept.setdefault(mark, fate)
    if rule.older is not None:
        for row in newest_first:
            if now - (row.created or 0) <= rule.older:
                kept.setdefault(row.mark, Fate.YOUNG)
    return kept


@dataclass(frozen=True, slots=True)
class _Family:
    """The snapshots of a domain that were read, by name, and what is true of all of them.

    Attributes:
        out_of_order: those whose times and their parents' contradict each other.
        unread: one of the domain's could not be read, which may be a child of any.
        deleting: libvirt has begun to delete one, and not ended.
    """

    known: Mapping[str, Snapshot]
    out_of_order: frozenset[str]
    unread: bool
    deleting: bool

    @staticmethod
    def of(rows: Sequence[ListedSnapshot]) -> _Family:
        known = {row.name: row.snapshot for row in rows if row.snapshot is not None}
        off: set[str] = set()
        for one in known.values():
            parent = known.get(one.parent or "")
            if parent is not None and not _in_order(parent.created, one.created):
                off |= {parent.name, one.name}
        return _Family(
            known,
            frozenset(off),
            any(row.unread for row in rows),
            any(one.delete_in_progress for one in known.values()),
        )


def _in_order(first: int | None, then: int | None) -> bool:
    return first is not None and then is not None and first <= then


def _never(row: ListedSnapshot, family: _Family, now: float) -> Fate | None:
    """Why no rule may name a snapshot, whatever it says; ``None`` where one may."""
    snapshot = row.snapshot
    if snapshot is None:
        return Fate.UNMANAGED if Flag.UNMANAGED in row.flags else Fate.UNREAD
    created = row.created if row.created is not None and row.created > 0 else None
    orphan = snapshot.parent is not None and snapshot.parent not in family.known
    tests = (
        (Flag.BROKEN in row.flags, Fate.BROKEN),
        (family.deleting, Fate.UNFINISHED),
        (created is None, Fate.NO_TIME),
        (created is not None and created > now, Fate.FUTURE),
        (row.name in family.out_of_order, Fate.TIMES),
        (Flag.SAFETY in row.flags, Fate.SAFETY),
        (isinstance(row.reclaim, NotKnown), Fate.FIGURE),
        (family.unread or orphan, Fate.DEPENDANTS),
        (Flag.HELD in row.flags, Fate.HELD),
        (Flag.CURRENT in row.flags, Fate.CURRENT),
    )
    return next((fate for is_so, fate in tests if is_so), None)


def _groups_whole(rows: Iterable[ListedSnapshot], fates: dict[Mark, Fate]) -> None:
    """Let no part of a group go."""
    groups: dict[str, list[ListedSnapshot]] = {}
    sizes: dict[str, set[int]] = {}
    for row in rows:
        group = group_of(row.snapshot) if row.snapshot is not None else None
        if group is not None:
            groups.setdefault(group.id, []).append(row)
            sizes.setdefault(group.id, set()).add(group.size)
    for name, members in groups.items():
        whole = {len(members), len({row.domain.key for row in members})} == sizes[name]
        if whole and all(fates[row.mark] is Fate.GOES for row in members):
            continue
        for row in members:
            if fates[row.mark] is Fate.GOES:
                fates[row.mark] = Fate.WITH_GROUP if whole else Fate.GROUP_PART
