"""Compares two times of a domain while somebody looks: what can be read at once, then the images.

One disk at a time; who leaves ends the count that is under way.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from snaptui.backend.protocol.backend import Looks
from snaptui.common.errors import SnaptuiError
from snaptui.common.worker import Priority, Worker, from_threads, start
from snaptui.discovery.comparison import read_comparison
from snaptui.model.domain import Domain
from snaptui.model.host import Host
from snaptui.model.image import NotKnown
from snaptui.storage.comparison import ComparedDisk, Comparison

TELL = 0.25
"""Seconds between two tellings of how far a count is."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What is known so far.

    Attributes:
        read: ``None`` before it was read.
        differing: by target, the most bytes that differ.
        target: of the disk whose images are being read; empty when none is.
        share: how much of them is read, 0 to 1.
        failed: why nothing can be compared; empty otherwise.
    """

    read: Comparison | None = None
    differing: Mapping[str, int | NotKnown] = field(default_factory=lambda: MappingProxyType({}))
    target: str = ""
    share: float = 0.0
    failed: str = ""

    @property
    def reading(self) -> bool:
        """Whether the first answer has not come yet."""
        return self.read is None and not self.failed


class Comparing:
    """Keeps :attr:`state`.

    Args:
        on_change: called on the loop after each change of it.
    """

    def __init__(self, backend: Looks, worker: Worker, on_change: Callable[[], None]) -> None:
        self._backend = backend
        self._worker = worker
        self._on_change = on_change
        self._end = threading.Event()
        self._task: asyncio.Task[None] | None = None
        self.state = Compared()

    def start(self, host: Host, domain: Domain, one: str, other: str | None) -> None:
        """Compare a domain at the time of a snapshot with another one, or with now (``None``)."""
        self.stop()
        self._end = threading.Event()
        self.state = Compared()
        read = functools.partial(read_comparison, self._backend, host, domain, one, other)
        self._task = start(self._compare(read, domain, self._end))

    def stop(self) -> None:
        """Stop comparing."""
        self._end.set()
        if self._task is not None:
            self._task.cancel()
        self._task = None

    async def _compare(
        self, read: Callable[[], Comparison], domain: Domain, end: threading.Event
    ) -> None:
        try:
            found = await self._worker.reads.call(read, key=domain.key)
        except SnaptuiError as error:
            self._set(Compared(failed=f"{error.title}: {error.message}"))
            return
        self._set(Compared(found))
        tell = from_threads(self._progressed)
        for disk in found.disks:
            self._set(replace(self.state, target=disk.target, share=0.0))
            differing = await self._differing(disk, end, tell)
            now = {**self.state.differing, disk.target: differing}
            self._set(replace(self.state, differing=MappingProxyType(now)))
        self._set(replace(self.state, target="", share=0.0))

    async def _differing(
        self, disk: ComparedDisk, end: threading.Event, tell: Callable[..., None]
    ) -> int | NotKnown:
        if isinstance(disk.unshared, NotKnown):
            return disk.unshared
        one, other = disk.unshared
        if not one and not other:
            return 0
        told = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal told
            if end.is_set():
                raise _Ended
            if total and (now := time.monotonic()) - told >= TELL:
                told = now
                tell(end, disk.target, done / total)

        count = functools.partial(self._backend.difference, one, other, progress)
        try:
            return await self._worker.files.call(count, priority=Priority.VISIBLE)
        except SnaptuiError as error:
            return NotKnown(error.message)

    def _progressed(self, end: threading.Event, target: str, share: float) -> None:
        if not end.is_set() and self.state.target == target:
            self._set(replace(self.state, share=share))

    def _set(self, state: Compared) -> None:
        self.state = state
        self._on_change()


class _Ended(Exception):
    """The comparison is not wanted any more."""
