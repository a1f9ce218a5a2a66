"""What the images of the selected domain are used for, counted in the background.

One image at a time. A count is kept, and made again when the image's snapshot table is
another one or when it is asked for: that a running guest writes is no reason.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from snaptui.backend.protocol import Backend
from snaptui.costs import Counted
from snaptui.errors import SnaptuiError
from snaptui.model import ImageInfo, NotKnown
from snaptui.qcow2.usage import ImageUsage
from snaptui.worker import Priority, Worker, start

Kept = OrderedDict[str, ImageUsage | NotKnown]
KEPT = 4096
"""Images whose counts are kept."""
TELL = 0.25
"""Seconds between two tellings of how far a count is."""


@dataclass(frozen=True, slots=True)
class CountState:
    """What has been counted so far.

    Attributes:
        counted: by path.
        path: the image that is being counted; empty when none is.
        share: how much of it is done, 0 to 1.
    """

    counted: Counted = field(default_factory=lambda: MappingProxyType({}))
    path: str = ""
    share: float = 0.0


class Counting:
    """Counts images and keeps :attr:`state`.

    Attributes:
        kept: by path, the latest used last.

    Args:
        kept: what another one has counted; it is shared with it.
        on_change: called on the loop after each change of :attr:`state`.
    """

    def __init__(
        self,
        backend: Backend,
        worker: Worker,
        *,
        kept: Kept | None = None,
        on_change: Callable[[], None],
    ) -> None:
        self._backend = backend
        self._worker = worker
        self._on_change = on_change
        self.kept: Kept = OrderedDict() if kept is None else kept
        self._wanted: tuple[str, ...] = ()
        self._task: asyncio.Task[None] | None = None
        self._end = threading.Event()
        self.state = CountState()

    def want(
        self, images: Mapping[str, ImageInfo | NotKnown], *, near: bool, again: bool = False
    ) -> None:
        """Say which images there are to count, and end the count of any other.

        Args:
            images: by path, their heads as they were read just now.
            near: they are on this machine: others are counted only ``again``.
            again: count those too whose snapshot table is the one that was counted.
        """
        due: list[str] = []
        for path, image in images.items():
            if isinstance(image, NotKnown):
                self._keep(path, image)
            elif image.format != "qcow2":
                self._keep(path, NotKnown(f"it is {image.format}, not qcow2"))
            elif again or (near and not _same(self.kept.get(path), image)):
                due.append(path)
            elif not _same(self.kept.get(path), image):
                self._keep(path, NotKnown("far away: counted when asked for (refresh)"))
        wanted = tuple(due)
        if not again and wanted == self._wanted and self._task is not None:
            return
        self.stop()
        self._wanted = wanted
        if wanted:
            self._end = threading.Event()
            self._task = start(self._count(wanted, self._end))
        self._tell()

    def stop(self) -> None:
        """End the count that is under way."""
        self._end.set()
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._wanted = ()
        self.state = CountState(self.state.counted)

    async def _count(self, paths: tuple[str, ...], end: threading.Event) -> None:
        loop = asyncio.get_running_loop()
        for path in paths:
            told = 0.0

            def progress(done: int, total: int, path: str = path) -> None:
                nonlocal told
                if end.is_set():
                    raise _Ended
                if total and (now := time.monotonic()) - told >= TELL:
                    told = now
                    loop.call_soon_threadsafe(self._progressed, end, path, done / total)

            def count(
                path: str = path, progress: Callable[[int, int], None] = progress
            ) -> ImageUsage | NotKnown:
                try:
                    return self._backend.count_image(path, progress)
                except SnaptuiError as error:
                    return NotKnown(error.message)

            self._tell(path)
            counted = await self._worker.files.call(count, priority=Priority.BACKGROUND)
            self._keep(path, counted)
        self._task, self._wanted = None, ()
        self._tell()

    def _progressed(self, end: threading.Event, path: str, share: float) -> None:
        if not end.is_set():
            self._tell(path, share)

    def _keep(self, path: str, counted: ImageUsage | NotKnown) -> None:
        self.kept[path] = counted
        self.kept.move_to_end(path)
        while len(self.kept) > KEPT:
            self.kept.popitem(last=False)

    def _tell(self, path: str = "", share: float = 0.0) -> None:
        state = CountState(MappingProxyType(dict(self.kept)), path, share)
        if state != self.state:
            self.state = state
            self._on_change()


class _Ended(Exception):
    """Nobody wants the count any more."""


def _same(counted: ImageUsage | NotKnown | None, image: ImageInfo) -> bool:
    return isinstance(counted, ImageUsage) and counted.entries == image.snapshots
