"""How full the file systems are that hold the images of a host, looked at now and then."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
from collections.abc import Callable, Collection, Mapping

from snaptui.backend.protocol import Backend
from snaptui.errors import SnaptuiError
from snaptui.image_model import FileSystem
from snaptui.model import Domain, DomainKey
from snaptui.worker import Priority, Worker

TICK = 10.0
"""Seconds between two looks."""


class Filling:
    """Keeps :attr:`fullest`.

    Args:
        domains: those of the host at this moment.
        on_change: called on the loop after each change.

    Attributes:
        fullest: the file system of which the smallest share is free; ``None`` when not known.
    """

    def __init__(
        self,
        backend: Backend,
        worker: Worker,
        domains: Callable[[], Mapping[DomainKey, Domain]],
        *,
        on_change: Callable[[], None],
    ) -> None:
        self._backend = backend
        self._worker = worker
        self._domains = domains
        self._on_change = on_change
        self._folders: dict[DomainKey, tuple[str, ...]] = {}
        self.fullest: FileSystem | None = None

    async def run(self) -> None:
        """Look, until cancelled."""
        while True:
            with contextlib.suppress(SnaptuiError):  # the connection was lost
                await self._find_folders()
            look = functools.partial(
                self._look, {folder for paths in self._folders.values() for folder in paths}
            )
            fullest = await self._worker.spaces.call(look)
            if fullest != self.fullest:
                self.fullest = fullest
                self._on_change()
            await asyncio.sleep(TICK)

    async def _find_folders(self) -> None:
        domains = self._domains()
        self._folders = {key: at for key, at in self._folders.items() if key in domains}
        for key in domains.keys() - self._folders.keys():
            self._folders[key] = await self._worker.reads.call(
                functools.partial(self._folders_of, key), priority=Priority.BACKGROUND
            )

    def _folders_of(self, key: DomainKey) -> tuple[str, ...]:
        """The directories of a domain's disks; none while it cannot be read."""
        try:
            disks = self._backend.config(key).disks
        except SnaptuiError:
            return ()
        paths = (disk.path for disk in disks if disk.path is not None and not disk.read_only)
        return tuple({os.path.dirname(path) for path in paths} - {"/dev"})

    def _look(self, folders: Collection[str]) -> FileSystem | None:
        found: list[FileSystem] = []
        for folder in folders:
            try:
                found.append(self._backend.file_system(folder))
            except SnaptuiError:
                continue
        return min(found, key=lambda space: space.free / max(space.size, 1), default=None)
