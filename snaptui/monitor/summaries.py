"""How many snapshots the domains of a host have, read a few at a time; it has no screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from snaptui.backend.protocol.reads import Reads
from snaptui.common.errors import SnaptuiError
from snaptui.common.worker import Priority, Worker
from snaptui.model.domain import DomainKey
from snaptui.model.snapshot import SnapshotSummary

ROUND = 30.0
"""Seconds after which the numbers of what is on screen are read again."""
BESIDE = 50
"""Domains that are not on screen and are read again in such a round: those of a small host, and
of a large one as many in turn."""
AT_ONCE = 4
"""Numbers that are read at the same time."""
PUBLISH = 0.1
"""Seconds for which numbers are gathered before they are handed over."""


class Summaries:
    """Reads what is wanted, those on screen first.

    Args:
        on_read: called on the loop with numbers that are new or differ from those before.
    """

    def __init__(
        self,
        backend: Reads,
        worker: Worker,
        on_read: Callable[[Mapping[DomainKey, SnapshotSummary]], None],
    ) -> None:
        self._backend = backend
        self._worker = worker
        self._on_read = on_read
        self._known: dict[DomainKey, SnapshotSummary] = {}
        self._fresh: dict[DomainKey, SnapshotSummary] = {}
        self._telling: asyncio.TimerHandle | None = None
        self._wanted: set[DomainKey] = set()
        self._due = asyncio.Event()
        self.visible: tuple[DomainKey, ...] = ()

    def show(self, visible: Iterable[DomainKey]) -> None:
        """Say which domains are on screen."""
        self.visible = tuple(visible)
        self.want(key for key in self.visible if key not in self._known)

    def want(self, keys: Iterable[DomainKey]) -> None:
        """Read these, or read them again."""
        self._wanted.update(keys)
        self._due.set()

    def keep(self, domains: Collection[DomainKey]) -> None:
        """Forget all but these."""
        for kept in (self._known, self._fresh):
            for key in kept.keys() - domains:
                del kept[key]
        self._wanted.intersection_update(domains)

    def want_round(self, *, beside: bool) -> None:
        """Read again what is on screen and, so asked, some of those that were read longest ago."""
        self.want(key for key in self.visible if key in self._known)
        if beside:  # what was read is put at the end of those that are known
            seen = frozenset(self.visible)
            others = (key for key in self._known if key not in seen)
            self.want([key for key, _ in zip(others, range(BESIDE), strict=False)])

    async def run(self) -> None:
        """Read, until cancelled."""
        running: set[asyncio.Task[None]] = set()
        if self._fresh:  # of before the link was lost
            self._tell_soon()
        try:
            while True:
                while not self._wanted:
                    self._due.clear()
                    await self._due.wait()
                seen = next((key for key in self.visible if key in self._wanted), None)
                key = next(iter(self._wanted)) if seen is None else seen
                self._wanted.discard(key)
                priority = Priority.BACKGROUND if seen is None else Priority.VISIBLE
                running.add(asyncio.create_task(self._read(key, priority)))
                if len(running) >= AT_ONCE:
                    _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if self._telling is not None:
                self._telling.cancel()
                self._telling = None

    async def _read(self, key: DomainKey, priority: Priority) -> None:
        known = self._known.get(key)
        try:
            summary = await self._worker.reads.call(
                lambda: self._backend.summary(key), key=key, priority=priority
            )
        except SnaptuiError as error:
            summary = replace(known or SnapshotSummary(None), count=None, error=error.message)
        self._known.pop(key, None)
        self._known[key] = summary
        if summary == known:
            return
        self._fresh[key] = summary
        self._tell_soon()

    def _tell_soon(self) -> None:
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(PUBLISH, self._tell)

    def _tell(self) -> None:
        fresh, self._fresh, self._telling = self._fresh, {}, None
        self._on_read(fresh)
