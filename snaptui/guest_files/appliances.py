"""One appliance at a time: the look that is open, or the last one, for the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from snaptui.backend.protocol.files import Files
from snaptui.common.worker import Worker, start
from snaptui.guest_files.evidence import evidence_of
from snaptui.guest_files.opened import GuestFiles, Stage
from snaptui.guest_files.source import Source

STAYS = 180.0
"""Seconds for which an appliance that nobody looks at stays."""


class Appliances:
    """Opens the files of snapshots; of all hosts, one after the other."""

    def __init__(self) -> None:
        self._open: GuestFiles | None = None
        self._emulate = False
        self._leaving: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def open(self, backend: Files, worker: Worker, read: Callable[[], Source]) -> GuestFiles:
        """Open disks; what was open before is closed, unless it is the same.

        Args:
            read: one of :mod:`snaptui.guest_files.reading`; blocks.

        Returns:
            What begins to open; reading waits for it.

        Raises:
            SnaptuiError: it cannot be opened.
        """
        async with self._turn:
            self._stay()
            evidence = await worker.files.call(lambda: evidence_of(read()))
            before = self._open
            if before is not None and before.stage is not Stage.ENDED and before.is_of(evidence):
                return before
            await self._end()
            self._open = files = GuestFiles(evidence, backend, worker)
            await files.start(emulate=self._emulate)
            return files

    def leave(self, files: GuestFiles) -> None:
        """Nobody looks at it now; it stays for a while."""
        if files is self._open:
            self._stay()
            files.on_change = lambda: None
            self._leaving = start(self._end_later())

    async def end(self) -> None:
        """End whatever is open."""
        self._stay()
        async with self._turn:
            await self._end()

    async def _end_later(self) -> None:
        await asyncio.sleep(STAYS)
        async with self._turn:
            self._leaving = None
            await self._end()

    def _stay(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    async def _end(self) -> None:
        files, self._open = self._open, None
        if files is not None:
            self._emulate |= files.slow
            await files.end()
