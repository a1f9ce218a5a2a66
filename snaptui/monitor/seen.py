"""What was seen of a host's domains since this program began to look, whoever did it."""

from __future__ import annotations

import enum
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from snaptui.model.domain import Domain, DomainKey
from snaptui.model.snapshot import SnapshotSet

MOST = 10_000
"""Sights of a host that are kept, the newest ones."""


class Sight(enum.Enum):
    """What changed."""

    DEFINED = enum.auto()
    GONE = enum.auto()
    STATE = enum.auto()
    TAKEN = enum.auto()
    DELETED = enum.auto()
    CURRENT = enum.auto()


@dataclass(frozen=True, slots=True)
class Seen:
    """One change of a domain; it happened some time before it was seen.

    Attributes:
        moment: when it was seen, seconds since the epoch.
        then, now: libvirt's words for a state, or names of snapshots; empty for none.
    """

    moment: float
    key: DomainKey
    sight: Sight
    then: str = ""
    now: str = ""


class Sights:
    """Compares what is known with what was known before.

    Attributes:
        since: when it began, seconds since the epoch.
    """

    def __init__(self) -> None:
        self.since = time.time()
        self._seen: deque[Seen] = deque(maxlen=MOST)
        self._domains: Mapping[DomainKey, Domain] | None = None
        self._snapshots: dict[DomainKey, SnapshotSet] = {}

    def of(self, key: DomainKey) -> tuple[Seen, ...]:
        """What was seen of a domain, the newest first."""
        return tuple(one for one in reversed(self._seen) if one.key == key)

    def listed(self, domains: Mapping[DomainKey, Domain]) -> None:
        """Take over which domains there are, and their states."""
        before, self._domains = self._domains, domains
        if before is None or before is domains:
            return
        for key, domain in domains.items():
            old = before.get(key)
            if old is domain:
                continue
            if old is None:
                self._note(key, Sight.DEFINED, now=domain.name)
            elif old.state is not domain.state:
                self._note(key, Sight.STATE, old.state.value, domain.state.value)
        for key in before.keys() - domains.keys():
            self._note(key, Sight.GONE, before[key].name)
            self._snapshots.pop(key, None)

    def read(self, key: DomainKey, snapshots: SnapshotSet) -> None:
        """Take over which snapshots a domain has, and which one is current."""
        before = self._snapshots.get(key)
        self._snapshots[key] = snapshots
        if before is None or before is snapshots:
            return
        if before.names is not snapshots.names:
            old, new = set(before.names), set(snapshots.names)
            for name in sorted(new - old):
                self._note(key, Sight.TAKEN, now=name)
            for name in sorted(old - new):
                self._note(key, Sight.DELETED, name)
        read = before.complete and snapshots.complete
        if read and before.current != snapshots.current:
            self._note(key, Sight.CURRENT, before.current or "", snapshots.current or "")

    def _note(self, key: DomainKey, sight: Sight, then: str = "", now: str = "") -> None:
        self._seen.append(Seen(time.time(), key, sight, then, now))
