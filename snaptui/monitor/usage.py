"""What the images of the selected domain are used for, counted in the background.

One image at a time. A count is kept, and made again when the image's snapshot table is
another one, when a snapshot in it was reverted to, when it was written to while no QEMU had it
open, or when it is asked for: that a running guest writes is no reason.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from types import MappingProxyType

from snaptui.backend.protocol.files import Files
from snaptui.common.worker import Priority, Worker, from_threads, start
from snaptui.discovery.image_counts import count
from snaptui.model.image import ImageSnapshot, NotKnown
from snaptui.storage.backing_chain import NO_LAYERS, Layers
from snaptui.storage.disk_cost import NOT_YET, Counted
from snaptui.storage.in_image import Images
from snaptui.storage.qcow2.usage import ImageUsage

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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be counted, and what the count rests on.

    Attributes:
        depth: with how many of the images beneath it is compared; 0 for none.
        stamp: of :meth:`Layers.stamp`; ``None`` where it does not matter.
        settled: of :attr:`ImageInfo.settled`.
    """

    entries: tuple[ImageSnapshot, ...]
    depth: int
    stamp: Hashable
    settled: float | None

    def met_by(self, counted: Wanted | None) -> bool:
        """Whether what was counted is as good."""
        return (
            counted is not None
            and counted.entries == self.entries
            and counted.depth >= self.depth
            and self.stamp in (None, counted.stamp)
            and self.settled in (None, counted.settled)
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """What was counted; ``wanted`` is ``None`` where it could not be."""

    counted: ImageUsage | NotKnown
    wanted: Wanted | None


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
        backend: Files,
        worker: Worker,
        *,
        kept: OrderedDict[str, Kept] | None = None,
        on_change: Callable[[], None],
    ) -> None:
        self._backend = backend
        self._worker = worker
        self._on_change = on_change
        self.kept: OrderedDict[str, Kept] = OrderedDict() if kept is None else kept
        self._due: dict[str, Wanted] = {}
        self._now: tuple[str, Wanted] | None = None
        self._task: asyncio.Task[None] | None = None
        self._end = threading.Event()
        self._told = 0.0
        self.state = CountState()

    def want(
        self,
        images: Images,
        *,
        near: bool,
        layers: Layers = NO_LAYERS,
        again: bool = False,
    ) -> None:
        """Say which images there are to count, and end the count of any other.

        Args:
            images: by path, their heads as they were read just now.
            near: they are on this machine: others are counted only ``again``.
            layers: how they lie upon each other: overlays that a delete would merge are
                compared with what lies beneath.
            again: count those too whose snapshot table is the one that was counted.
        """
        due: dict[str, Wanted] = {}
        pending = self._due if self._now is None else {**self._due, self._now[0]: self._now[1]}
        for path, image in images.items():
            if isinstance(image, NotKnown):
                self._keep(path, image)
                continue
            if image.format != "qcow2":
                self._keep(path, NotKnown(f"it is {image.format}, not qcow2"))
                continue
            depth = len(layers.merged_beneath(path))
            wanted = Wanted(image.snapshots, depth, layers.stamp(path), image.settled)
            kept = self.kept.get(path)
            counted = kept is not None and wanted.met_by(kept.wanted)
            if again or (near and not counted) or pending.get(path) == wanted:
                due[path] = wanted
            elif not counted:
                self._keep(path, NotKnown("far away: counted when asked for (refresh)"))
        if self._now is not None and (again or due.get(self._now[0]) != self._now[1]):
            self.stop()
        self._due = {path: wanted for path, wanted in due.items() if (path, wanted) != self._now}
        if self._due and self._task is None:
            self._end = threading.Event()
            self._task = start(self._count(self._end))
        self._tell(self.state.path, self.state.share)

    def forget(self, paths: Iterable[str]) -> None:
        """Count these again when they are wanted: they hold something else, by the same table."""
        for path in paths:
            if self._now is not None and self._now[0] == path:
                self.stop()
            if path in self.kept:
                self._keep(path, NOT_YET)

    @property
    def under_way(self) -> bool:
        """Whether anything is being counted, or will be."""
        return self._task is not None

    def stop(self) -> None:
        """End the count that is under way."""
        self._end.set()
        if self._task is not None:
            self._task.cancel()
        self._task = self._now = None
        self._due = {}
        self.state = CountState(self.state.counted)

    async def _count(self, end: threading.Event) -> None:
        tell = from_threads(self._progressed)
        while self._due:
            path, wanted = next(iter(self._due.items()))
            del self._due[path]
            self._now = path, wanted
            if time.monotonic() - self._told >= TELL:
                self._tell(path)
            told = time.monotonic()

            def progress(done: int, total: int, path: str = path) -> None:
                nonlocal told
                if end.is_set():
                    raise _Ended
                if total and (now := time.monotonic()) - told >= TELL:
                    told = now
                    tell(end, path, done / total)

            call = functools.partial(count, self._backend, path, wanted.depth, progress)
            counted = await self._worker.files.call(call, priority=Priority.BACKGROUND)
            self._now = None
            self._keep(path, counted, wanted)
        self._task = None
        self._tell()

    def _progressed(self, end: threading.Event, path: str, share: float) -> None:
        if not end.is_set() and self._now is not None and self._now[0] == path:
            self._tell(path, share)

    def _keep(
        self, path: str, counted: ImageUsage | NotKnown, wanted: Wanted | None = None
    ) -> None:
        self.kept[path] = Kept(counted, wanted if isinstance(counted, ImageUsage) else None)
        self.kept.move_to_end(path)
        while len(self.kept) > KEPT:
            self.kept.popitem(last=False)

    def _tell(self, path: str = "", share: float = 0.0) -> None:
        counted = {one: kept.counted for one, kept in self.kept.items()}
        state = CountState(MappingProxyType(counted), path, share)
        self._told = time.monotonic()
        if state != self.state:
            self.state = state
            self._on_change()


class _Ended(Exception):
    """The count is not wanted any more."""
