"""How full the file systems are that hold the images of a host, looked at now and then."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from snaptui.backend.protocol.backend import Looks
from snaptui.common.errors import Disconnected, FixedSize, SnaptuiError
from snaptui.common.worker import Priority, Worker, wait
from snaptui.model.disk import Disk
from snaptui.model.domain import Domain, DomainKey
from snaptui.model.image import FileSystem
from snaptui.storage.costs import written_disks

TICK = 10.0
"""Seconds between two looks."""
RARELY = 600.0
"""The same of a host that is only listed: each domain's XML is read for it."""
KEPT = 60.0
"""Seconds for which it is taken for granted where a domain's images are."""
AGAIN = 20
"""Domains of which it is read again in one look, at most: of many it is taken for longer."""


@dataclass(frozen=True, slots=True)
class Fullest:
    """How full the host's images make it.

    Attributes:
        space: the file system, or the device, of which the smallest share is free; ``None``
            where not one is known.
        missing: of how many images' places it is not known.
        places: how many there are.
        directories: the directories with images that are known to lie on :attr:`space`.
    """

    space: FileSystem | None = None
    missing: int = 0
    places: int = 0
    directories: frozenset[str] = frozenset()


class Filling:
    """Keeps :attr:`fullest`.

    Attributes:
        places: by domain, the directories and devices of its images; ``None`` for what is not
            known.
        images: by domain, the paths of its images, as far as they are known.
        shared: those of them that other hosts are known to reach under the same path.

    Args:
        domains: those of the host at this moment.
        closely: whether the host is looked at closely at this moment.
        on_change: called on the loop after each change.
    """

    def __init__(
        self,
        backend: Looks,
        worker: Worker,
        domains: Callable[[], Mapping[DomainKey, Domain]],
        *,
        closely: Callable[[], bool] = lambda: True,
        on_change: Callable[[], None],
    ) -> None:
        self._backend = backend
        self._worker = worker
        self._domains = domains
        self._closely = closely
        self._now = asyncio.Event()
        self._on_change = on_change
        self.places: dict[DomainKey, frozenset[str | None]] = {}
        self.images: Mapping[DomainKey, frozenset[str]] = {}
        self.shared: frozenset[str] = frozenset()
        self._several: dict[str, bool] = {}
        self._read_at: dict[DomainKey, float] = {}
        self.fullest = Fullest()

    async def run(self) -> None:
        """Look, until cancelled."""
        while True:
            known = self.fullest, self.images
            self.fullest = await self.look()
            if known != (self.fullest, self.images):
                self._on_change()
            often = self._closely() or not self._domains()
            await wait(self._now, TICK if often else RARELY)
            self._now.clear()

    @property
    def paths(self) -> frozenset[str]:
        """Of all images that the host's domains were seen with last."""
        return frozenset().union(*self.images.values())

    def look_now(self) -> None:
        """Do not wait for the next look."""
        self._now.set()

    async def look(self) -> Fullest:
        """Look once."""
        with contextlib.suppress(SnaptuiError):  # the connection was lost
            await self._find_places()
        look = functools.partial(self._look, tuple(self.places.values()))
        return await self._worker.spaces.call(look)

    async def _find_places(self) -> None:
        """Of new domains, of those that changed or were read a while ago, and of unknown ones."""
        domains = self._domains()
        self.places = {key: at for key, at in self.places.items() if key in domains}
        images = {key: at for key, at in self.images.items() if key in domains}
        self._read_at = {key: at for key, at in self._read_at.items() if key in domains}
        before = time.monotonic() - KEPT
        new = [
            key
            for key in domains
            if key not in self._read_at or None in self.places.get(key, {None})
        ]
        known = sorted((at, key) for key, at in self._read_at.items() if at <= before)
        for key in dict.fromkeys((*new, *(key for _, key in known[:AGAIN]))):
            self._read_at[key] = time.monotonic()
            disks = await self._worker.reads.call(
                functools.partial(self._disks_of, key), priority=Priority.BACKGROUND
            )
            self.places[key] = frozenset({None}) if disks is None else _places(disks)
            images[key] = frozenset(disk.path for disk in disks or () if disk.path)
        if images != self.images:
            shared = functools.partial(self._shared, frozenset().union(*images.values()))
            self.shared = await self._worker.reads.call(shared, priority=Priority.BACKGROUND)
            self.images = images

    def changed(self, key: DomainKey) -> None:
        """A domain may have its disks elsewhere now."""
        self._read_at.pop(key, None)

    def _disks_of(self, key: DomainKey) -> tuple[Disk, ...] | None:
        """The disks of a domain that are written to; ``None`` when not known."""
        try:
            return tuple(written_disks(self._backend.config(key)))
        except SnaptuiError:
            return None

    def _shared(self, paths: frozenset[str]) -> frozenset[str]:
        """The images that other hosts reach; where is asked once for each directory."""
        for path in paths:
            if (folder := os.path.dirname(path)) not in self._several:
                try:
                    self._several[folder] = self._backend.on_several_hosts(path) is True
                except Disconnected:
                    raise
                except SnaptuiError:
                    self._several[folder] = False
        return frozenset(path for path in paths if self._several[os.path.dirname(path)])

    def _look(self, of_domains: Collection[frozenset[str | None]]) -> Fullest:
        wanted = frozenset().union(*of_domains)
        unknown = sum(None in places for places in of_domains)
        found: list[FileSystem] = []
        at: dict[str, str] = {}
        for place in sorted(place for place in wanted if place is not None):
            try:
                space = self._backend.file_system(place)
            except FixedSize:
                continue
            except SnaptuiError:
                unknown += 1
                continue
            if space.size:
                found.append(space)
                at[place] = space.name
            else:
                unknown += 1
        fullest = min(found, key=lambda space: space.free / space.size, default=None)
        there = (place for place, name in at.items() if fullest and name == fullest.name)
        return Fullest(fullest, unknown, len(found) + unknown, frozenset(there))


def _places(disks: Iterable[Disk]) -> frozenset[str | None]:
    """The directories and devices of images; ``None`` for what is not known."""
    return frozenset(
        _place(disk) for disk in disks if disk.volume is not None or disk.path is not None
    )


def _place(disk: Disk) -> str | None:
    """Where the space is that a disk's image grows in: a directory, or a device by itself."""
    if disk.path is None:
        return None
    device = disk.source_type == "block" or disk.path.startswith("/dev/")
    return disk.path if device else os.path.dirname(disk.path)
