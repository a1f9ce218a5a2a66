"""The state of hosts' snapshots as monitoring plugins tell it (Monitoring Plugins' guidelines).

Pure: limits and what was read in; state, lines and performance data out.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from snaptui.common import text
from snaptui.common.errors import ConfigError
from snaptui.model.image import NotKnown


class State(enum.IntEnum):
    """What is told; the value is the exit status."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3

    @property
    def rank(self) -> int:
        """The worst is told; what is not known may be more than a warning and hides no critical."""
        return (State.OK, State.WARNING, State.UNKNOWN, State.CRITICAL).index(self)


class Limit(enum.Enum):
    """What can be looked at; the value is the word on the command line."""

    AGE = "age"
    """Of the oldest snapshot of a domain, in days."""
    COUNT = "count"
    """Snapshots of a domain."""
    SPACE = "space"
    """What deleting all snapshots of a domain gives back; counts its images."""
    FULL = "full"
    """Of a file system with images, in percent."""
    BROKEN = "broken"
    """Snapshots whose images are gone or were written to beneath them."""
    ODD = "odd"
    """Hollow snapshots, twins, and those whose RAM is gone."""
    ORPHANS = "orphans"
    """Overlays that nothing names; reads all of the host."""
    UNFINISHED = "unfinished"
    """Snapshots whose delete was begun and not finished."""
    FROZEN = "frozen"
    """Guests whose file systems stand still; asks their agents."""


_OF_HOSTS = (Limit.FULL, Limit.ORPHANS)
NUMBERS = (Limit.AGE, Limit.COUNT, Limit.SPACE, Limit.FULL)
DAY = 86_400
FULL = 100
_SHARE = f"a file system is between 0 and {FULL} percent full: give a limit in between."
_SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_UNITS: Mapping[Limit, Mapping[str, int]] = {
    Limit.AGE: {"": 1, "d": 1},
    Limit.COUNT: {"": 1},
    Limit.SPACE: _SIZES,
    Limit.FULL: {"": 1, "%": 1},
}
"""What may stand behind the number of each, and what it is worth."""

Limits = Mapping[Limit, float]
"""What is looked at, and from which value on; 1 for what is there or not."""


@dataclass(frozen=True, slots=True)
class DomainRead:
    """What was read of a domain.

    Attributes:
        oldest: seconds since the epoch; ``None`` without a snapshot that says.
        found: names of snapshots by what is the matter with them.
        frozen: its agent says so; ``None`` where it was not asked.
        unread: why something of it is not known.
    """

    name: str
    count: int
    oldest: int | None
    space: int | NotKnown | None = None
    found: Mapping[Limit, tuple[str, ...]] = field(default_factory=dict)
    frozen: bool | None = None
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostRead:
    """What was read of a host.

    Attributes:
        places: share that is taken of each file system with images, by where it is mounted.
        orphans: paths of overlays that nothing names; ``None`` where they were not looked for.
        unread: what is not known, and why.
    """

    label: str
    domains: tuple[DomainRead, ...] = ()
    places: Mapping[str, float] = field(default_factory=dict)
    orphans: tuple[str, ...] | None = None
    unread: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """All that is not known of it and of its domains."""
        of_domains = (f"{one.name}: {why}" for one in self.domains for why in one.unread)
        return (*self.unread, *of_domains)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is told.

    Attributes:
        lines: one for each thing that is not as wanted, the worst first.
        data: label, value, unit, limit of the warning and of the critical state.
        fine: one for each domain that was named and is as wanted, where something else is not.
    """

    state: State
    lines: tuple[str, ...]
    data: tuple[str, ...]
    summary: str
    fine: tuple[str, ...] = ()

    def __str__(self) -> str:
        first = self.lines[0] if self.lines else self.summary
        more = "".join(f"{line}\n" for line in (*self.lines[1:], *self.fine))
        data = f" | {' '.join(self.data)}" if self.data else ""
        return f"SNAPTUI {self.state.name} - {first}{data}\n{more}"


def parse(words: str) -> Limits:
    """Limits as the command line has them (``age=30d,count=20,space=50G,full=85%,broken``).

    Raises:
        ConfigError: something of it is no limit; says which ones there are.
    """
    found: dict[Limit, float] = {}
    for word in filter(None, (one.strip() for one in words.split(","))):
        name, _, value = word.partition("=")
        limit = next((one for one in Limit if one.value == name), None)
        number = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([KMGTd%]?)", value)
        units = _UNITS.get(limit) if limit is not None else None
        fits = units is not None and number is not None and number[2] in units
        if limit is None or not (fits if units is not None else name == word):
            if limit is Limit.FULL and re.fullmatch(r"-[0-9.]+%?", value):
                raise ConfigError(f"{word}: {_SHARE}")
            raise ConfigError(
                f"{word} is no limit.",
                hint="There are age=DAYS, count=N, space=SIZE (50G), full=PERCENT, "
                + ", ".join(one.value for one in Limit if one not in NUMBERS)
                + ".",
            )
        found[limit] = 1.0
        if units is not None and number is not None:
            found[limit] = float(number[1]) * units[number[2]]
        if limit is Limit.FULL and found[limit] > FULL:
            raise ConfigError(f"{word}: {_SHARE}")
    return found


def judge(
    hosts: Collection[HostRead], warn: Limits, crit: Limits, now: float, *, named: bool = False
) -> Verdict:
    """What is to be told of hosts that were read.

    Args:
        named: the domains were asked for by name: each is told of, also where others are worse.
    """
    several = len(hosts) > 1
    told: list[tuple[State, str]] = []
    data: list[str] = []
    fine: list[str] = []
    for host in hosts:
        before = f"{host.label}: " if several else ""
        faulty = {one.name for one in host.domains if any(_unread_of(one, warn, crit))}
        for limit, what, value, words in _values(host, now):
            state = _state(limit, value, warn, crit)
            if state is not State.OK:
                told.append((state, f"{before}{words}"))
                faulty |= {what} if limit not in _OF_HOSTS else set()
            if limit in NUMBERS and (limit in warn or limit in crit):
                data.append(_performance(limit, f"{before}{what}", value, warn, crit))
        told += [(State.UNKNOWN, f"{before}{why}") for why in _unread(host, warn, crit)]
        fine += [
            f"{before}{one.name}: OK, {text.count(one.count, 'snapshot')}"
            for one in host.domains
            if named and one.name not in faulty
        ]
    told.sort(key=lambda one: -one[0].rank)
    domains = sum(len(host.domains) for host in hosts)
    count = sum(domain.count for host in hosts for domain in host.domains)
    summary = f"{text.count(count, 'snapshot')} of {text.count(domains, 'domain')}"
    worst = told[0][0] if told else State.OK
    lines = tuple(_line(words) for _, words in told)
    beside = tuple(map(_line, fine)) if told else ()
    return Verdict(worst, lines, tuple(data), summary, beside)


def _line(words: str) -> str:
    return text.literal(words).replace("|", "/")


def _values(host: HostRead, now: float) -> Iterator[tuple[Limit, str, float, str]]:
    """All that is known: what, of which thing, how much, and in words."""
    for domain in host.domains:
        name = domain.name
        if domain.oldest is not None:
            days = (now - domain.oldest) / DAY
            yield Limit.AGE, name, days, f"{name}: the oldest snapshot is {days:.0f} days old"
        yield Limit.COUNT, name, domain.count, f"{name}: {text.count(domain.count, 'snapshot')}"
        if isinstance(domain.space, int):
            words = f"{name}: {text.size(domain.space)} in snapshots"
            yield Limit.SPACE, name, domain.space, words
        for limit, those in domain.found.items():
            yield limit, name, len(those), f"{name}: {limit.value}: {', '.join(those)}"
        if domain.frozen:
            yield Limit.FROZEN, name, 1, f"{name}: its file systems are frozen"
    for mount, share in host.places.items():
        yield Limit.FULL, mount, 100 * share, f"{mount} is {100 * share:.0f} % full"
    if host.orphans:
        words = f"nothing names {', '.join(host.orphans)}"
        yield Limit.ORPHANS, "orphans", len(host.orphans), words


def _state(limit: Limit, value: float, warn: Limits, crit: Limits) -> State:
    for state, limits in ((State.CRITICAL, crit), (State.WARNING, warn)):
        if limit in limits and value >= limits[limit]:
            return state
    return State.OK


def _unread(host: HostRead, warn: Limits, crit: Limits) -> Iterator[str]:
    yield from host.unread
    for domain in host.domains:
        yield from _unread_of(domain, warn, crit)


def _unread_of(domain: DomainRead, warn: Limits, crit: Limits) -> Iterator[str]:
    yield from (f"{domain.name}: {why}" for why in domain.unread)
    asked = Limit.SPACE in warn or Limit.SPACE in crit
    if asked and isinstance(domain.space, NotKnown):
        yield f"{domain.name}: what its snapshots take is not known: {domain.space.reason}"


def _performance(limit: Limit, what: str, value: float, warn: Limits, crit: Limits) -> str:
    unit = {Limit.SPACE: "B", Limit.FULL: "%"}.get(limit, "")
    label = re.sub(r"['=|\s]+", "_", text.literal(f"{limit.value} {what}", ascii_only=True))
    ends = (f"{limits[limit]:g}" if limit in limits else "" for limits in (warn, crit))
    shown = f"{value:.0f}" if limit in (Limit.SPACE, Limit.COUNT) else f"{value:.1f}"
    return f"'{label}'={shown}{unit};{';'.join(ends)}"


def as_metrics(hosts: Iterable[HostRead], now: float) -> str:
    """The same for Prometheus' textfile collector (its exposition format, version 0.0.4)."""
    samples: dict[str, list[str]] = {name: [] for name in _METRICS}

    def add(name: str, value: float, **labels: str) -> None:
        words = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels.items())
        samples[name].append(f"{name}{{{words}}} {value:.15g}")

    for host in hosts:
        where = host.label
        add(
            "snaptui_unread",
            len(host.unread) + sum(len(d.unread) for d in host.domains),
            host=where,
        )
        if host.orphans is not None:
            add("snaptui_orphaned_overlays", len(host.orphans), host=where)
        for mount, share in host.places.items():
            add("snaptui_filesystem_used_ratio", share, host=where, mountpoint=mount)
        for domain in host.domains:
            of = {"host": where, "domain": domain.name}
            add("snaptui_snapshots", domain.count, **of)
            if domain.oldest is not None:
                add("snaptui_oldest_snapshot_timestamp_seconds", domain.oldest, **of)
            if isinstance(domain.space, int):
                add("snaptui_reclaimable_bytes", domain.space, **of)
            if domain.frozen is not None:
                add("snaptui_frozen", domain.frozen, **of)
            for limit in (Limit.BROKEN, Limit.ODD, Limit.UNFINISHED):
                number = len(domain.found.get(limit, ()))
                add("snaptui_faulty_snapshots", number, **of, kind=limit.value)
    lines = [f"# HELP snaptui_last_check_timestamp_seconds {_METRICS_WHEN}"]
    lines += ["# TYPE snaptui_last_check_timestamp_seconds gauge"]
    lines += [f"snaptui_last_check_timestamp_seconds {now:.15g}"]
    for name, those in samples.items():
        if those:
            lines += [f"# HELP {name} {_METRICS[name]}", f"# TYPE {name} gauge", *those]
    return "".join(f"{line}\n" for line in lines)


_METRICS_WHEN = "When this was read."
_METRICS = {
    "snaptui_unread": "Things of the host that could not be read.",
    "snaptui_orphaned_overlays": "Overlays that nothing names.",
    "snaptui_filesystem_used_ratio": "Share that is taken of a file system with images.",
    "snaptui_snapshots": "Snapshots of the domain.",
    "snaptui_oldest_snapshot_timestamp_seconds": "When the oldest snapshot was taken.",
    "snaptui_reclaimable_bytes": "What deleting all snapshots of the domain gives back.",
    "snaptui_frozen": "Whether the guest's file systems are frozen.",
    "snaptui_faulty_snapshots": "Snapshots with which something is the matter.",
}


def _escaped(label: str) -> str:
    shown = text.literal(label)[:_LONGEST]
    return shown.replace("\\", "\\\\").replace('"', '\\"')


_LONGEST = 128
"""Characters of a label."""
