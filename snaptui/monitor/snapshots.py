"""The snapshots of the selected domain, kept fresh; it has no screen.

libvirt sends no event when a snapshot is made or deleted, so the names are polled. One tick
is one list of names and one further call, whatever the number of snapshots: in turns the
name of the current snapshot, and the metadata of that snapshot, which tell when it was made
anew under its old name. On any sign of a change all metadata are read again, those on
screen first; those on screen are also read again every half minute, for edits.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

from snaptui.backend.protocol.backend import Looks
from snaptui.backend.protocol.reads import Reads
from snaptui.common.errors import Disconnected, NotFound, SnaptuiError
from snaptui.common.worker import Priority, Worker, start, wait
from snaptui.discovery.image_heads import Heads
from snaptui.model.abilities import Wrong, does
from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainConfig, DomainKey
from snaptui.model.image import NotKnown
from snaptui.model.snapshot import Snapshot, SnapshotSet
from snaptui.storage.backing_chain import NO_LAYERS, Layers, files_of, layers_of
from snaptui.storage.branches import NO_BRANCHES, branches_of
from snaptui.storage.costs import holding
from snaptui.storage.disk_cost import NOT_TOLD
from snaptui.storage.in_image import Images, odd, settled, without_ram
from snaptui.storage.totals import of_one
from snaptui.storage.unnamed import Unnamed, unnamed_overlays

T = TypeVar("T")

TICK = 1.0
"""Seconds between two looks at the names."""
EDITS = 30.0
"""Seconds after which metadata on screen are read again."""
PUBLISH = 0.25
"""Seconds between two changes of what is shown while many metadata arrive."""
SLICE = 0.02
"""Seconds for which one call of the worker reads metadata before it hands them over."""
KEPT = 8
"""Domains whose snapshots are kept when another one is selected."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is known of the selected domain's snapshots.

    Attributes:
        snapshots: ``None`` before the first answer.
        images: by path, the heads of the images that hold the snapshots, of the disks as they
            are now, and of overlays.
        odd: by name, what is wrong with a snapshot's parts inside the images, in a word.
        layers: how these lie upon each other, and upon others.
        config: the domain as it is now; ``None`` until it was read.
        checkpoints: names of its checkpoints; ``None`` until they were read.
        error: why the latest look failed; what is in ``snapshots`` is then stale.
    """

    key: DomainKey
    snapshots: SnapshotSet | None = None
    images: Images = field(default_factory=lambda: MappingProxyType({}))
    odd: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    layers: Layers = NO_LAYERS
    config: DomainConfig | None = None
    checkpoints: tuple[str, ...] | None = None
    error: str = ""

    @property
    def unnamed(self) -> tuple[Unnamed, ...]:
        """Overlays that no snapshot names; none as long as not every snapshot was read."""
        known = self.snapshots
        if known is None or self.config is None or len(known.details) < len(known.names):
            return ()
        return unnamed_overlays(self.config, known.details.values(), self.layers)

    def vm_state(self, snapshot: Snapshot) -> int | NotKnown:
        """Bytes of the guest's memory that a snapshot keeps inside its images."""
        if snapshot.config is None:
            return NotKnown("its metadata contains no domain")
        then = snapshot.then
        inside = (part for part in snapshot.disks if part.presence is Presence.INTERNAL)
        return of_one(
            (part.target, self._saved(then.get(part.target), snapshot.name)) for part in inside
        )

    def _saved(self, disk: Disk | None, name: str) -> int | NotKnown:
        if disk is None:
            return NOT_TOLD
        if disk.path is None:
            return disk.no_path
        image = self.images.get(disk.path, NotKnown("not read yet"))
        if isinstance(image, NotKnown):
            return image
        return sum(entry.vm_state for entry in image.snapshots if entry.name == name)


class SnapshotWatch:
    """Keeps :attr:`shown` fresh for one domain at a time.

    Args:
        on_change: called on the loop after each change of :attr:`shown`.
        making: names of a domain's snapshots that are being made: libvirt lists them before
            their files are there.
    """

    def __init__(
        self,
        backend: Looks,
        worker: Worker,
        *,
        on_change: Callable[[], None],
        making: Callable[[DomainKey], Collection[str]] = lambda _key: (),
    ) -> None:
        self._backend = backend
        self._worker = worker
        self._on_change = on_change
        self._making = making
        self.shown: Shown | None = None
        self._kept: OrderedDict[DomainKey, SnapshotSet] = OrderedDict()
        self._visible: tuple[str, ...] = ()
        self._task: asyncio.Task[None] | None = None
        self._heads = Heads(backend, worker)
        self._reading: asyncio.Task[None] | None = None
        self._look = asyncio.Event()
        self._suspect = False

    def select(self, key: DomainKey | None) -> None:
        """Follow another domain, or none."""
        if self.shown is not None and self.shown.key == key:
            return
        self.stop()
        self._visible = ()
        self.shown = None if key is None else Shown(key, self._kept.get(key))
        self._on_change()
        if key is not None:
            self._task = start(self._follow(key))

    def stop(self) -> None:
        """Stop reading."""
        for task in (self._task, self._reading):
            if task is not None:
                task.cancel()
        self._task = self._reading = None

    def show(self, visible: Iterable[str]) -> None:
        """Say which snapshots are on screen: they are read first."""
        self._visible = tuple(visible)

    def look_again(self) -> None:
        """Read everything of the selected domain again, now."""
        self._suspect = True
        self._look.set()

    async def _follow(self, key: DomainKey) -> None:
        turn = 0
        edits_due = time.monotonic() + EDITS
        self._suspect = True
        while True:
            self._look.clear()
            try:
                await self._tick(key, turn)
                if time.monotonic() >= edits_due:
                    edits_due = time.monotonic() + EDITS
                    known = self._known(key)
                    on_screen = tuple(n for n in self._visible if n in known.names)
                    await self._read(key, known.names, known.current, on_screen)
                    await self._read_checkpoints(key)
                    host = self._backend.host
                    if self._unplaced() or (host is not None and host.local):
                        await self._read_images(key)
            except SnaptuiError as error:
                self._suspect = True
                self._publish(key, self._kept.get(key), error.message)
            turn += 1
            await wait(self._look, TICK)

    async def _tick(self, key: DomainKey, turn: int) -> None:
        known = self._known(key)
        names = await self._call(lambda: self._backend.snapshot_names(key))
        changed = self._suspect or set(names) != set(known.names)
        current = known.current
        if changed or current is None or turn % 2 == 0:
            current = await self._call(lambda: self._backend.current_snapshot(key))
            changed = changed or current != known.current
        else:
            changed = await self._metadata(key, current) != known.details.get(current)
        if changed:
            await self._read(key, names, current, names)
            self._suspect = False
            await self._read_images(key)
        else:
            self._publish(key, known)

    async def _metadata(self, key: DomainKey, name: str) -> Snapshot | None:
        try:
            return await self._call(lambda: self._backend.snapshot(key, name))
        except NotFound:
            return None

    async def _read(
        self, key: DomainKey, names: Sequence[str], current: str | None, wanted: Sequence[str]
    ) -> None:
        """Read the wanted metadata and show them as they arrive.

        Those never read come first, then those on screen. Over a slow link many are read at
        the same time; whether it is slow is measured on the first.
        """
        known = self._known(key)
        there = set(names)
        details = {n: s for n, s in known.details.items() if n in there}
        errors = {n: e for n, e in known.errors.items() if n in there}
        queue = _Queue(wanted, lambda: self._visible, details)
        publish_at = time.monotonic() + (PUBLISH if details else 0.0)

        def show() -> None:
            nonlocal publish_at
            publish_at = time.monotonic() + PUBLISH
            shown = SnapshotSet(
                tuple(names),
                current,
                MappingProxyType(dict(details)),
                MappingProxyType(dict(errors)),
            )
            self._publish(key, shown)

        async def drain(seconds: float) -> None:
            while queue:
                read = await self._call(lambda: queue.read(self._backend, key, seconds))
                for name, found in read.items():
                    details.pop(name, None)
                    errors.pop(name, None)
                    if isinstance(found, Snapshot):
                        details[name] = found
                    else:
                        errors[name] = found
                if time.monotonic() >= publish_at:
                    show()
                if seconds == 0.0:
                    return

        if not details:
            show()
        asked = time.monotonic()
        await drain(0.0)
        slow = time.monotonic() - asked > 0.01
        await asyncio.gather(*(drain(SLICE) for _ in range(12 if slow else 2)))
        show()

    async def _read_images(self, key: DomainKey) -> None:
        """Begin to read the heads of all images and what lies beneath; nothing waits for files."""
        now = await self._call(lambda: self._backend.config(key))
        await self._read_checkpoints(key)
        making = self._making(key)
        details = self._known(key).details
        snapshots = tuple(one for name, one in details.items() if name not in making)
        counted = holding(now, snapshots)
        host = self._backend.host
        keeps_memory = host is not None and does(host, Wrong.KEEPS_MEMORY_FILES)
        branches = NO_BRANCHES
        if host is not None:
            branches = branches_of(host, now, snapshots, self._known(key).current)
        before = self.shown.layers.heads if self.shown is not None else {}
        wanted = files_of(now, snapshots)

        def tell(found: Images) -> None:
            known = {path: before[path] for path in wanted if path in before}
            heads = MappingProxyType({**known, **found})
            assert self.shown is not None
            # in heads that were read before a snapshot was made, that one is not yet
            words = {n: word for n, word in self.shown.odd.items() if n in details}
            shown = replace(
                self.shown,
                odd=MappingProxyType(
                    {**words, **odd(snapshots, found), **without_ram(snapshots, heads)}
                ),
                images=MappingProxyType({p: head for p, head in heads.items() if p in counted}),
                layers=layers_of(
                    now, snapshots, heads, keeps_memory=keeps_memory, branches=branches
                ),
                config=now,
            )
            if shown != self.shown or settled(shown.images) != settled(self.shown.images):
                self.shown = shown
                self._on_change()

        if self._reading is not None:
            self._reading.cancel()
        self._reading = start(self._heads.read(wanted, tell))

    async def _read_checkpoints(self, key: DomainKey) -> None:
        found = await self._call(lambda: self._backend.checkpoints(key))
        if self.shown is not None and self.shown.checkpoints != found:
            self.shown = replace(self.shown, checkpoints=found)
            self._on_change()

    def _unplaced(self) -> bool:
        """Whether it is not known where a volume is: its pool may be started meanwhile."""
        config = self.shown.config if self.shown is not None else None
        disks = config.disks if config is not None else ()
        return any(disk.volume is not None and disk.unknown for disk in disks)

    def _known(self, key: DomainKey) -> SnapshotSet:
        return self._kept.get(key, SnapshotSet((), None))

    async def _call(self, run: Callable[[], T]) -> T:
        return await self._worker.reads.call(run, priority=Priority.VISIBLE)

    def _publish(self, key: DomainKey, snapshots: SnapshotSet | None, error: str = "") -> None:
        if snapshots is not None:
            self._kept[key] = snapshots
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        assert self.shown is not None
        shown = replace(self.shown, snapshots=snapshots, error=error)
        if shown != self.shown:
            self.shown = shown
            self._on_change()


class _Queue:
    """Names whose metadata are to be read, taken by several threads."""

    def __init__(
        self,
        names: Sequence[str],
        visible: Callable[[], tuple[str, ...]],
        known: Container[str],
    ) -> None:
        self._lock = threading.Lock()
        self._visible = visible
        self._order = iter(sorted(names, key=lambda name: name in known))
        self._left = set(names)

    def __bool__(self) -> bool:
        return bool(self._left)

    def read(self, backend: Reads, key: DomainKey, seconds: float) -> dict[str, Snapshot | str]:
        """Read one, and more while the time lasts: metadata by name, or why there are none."""
        until = time.monotonic() + seconds
        found: dict[str, Snapshot | str] = {}
        while (name := self._take()) is not None:
            try:
                found[name] = backend.snapshot(key, name)
            except NotFound:
                continue
            except Disconnected:
                raise
            except SnaptuiError as error:
                found[name] = error.message
            if time.monotonic() >= until:
                break
        return found

    def _take(self) -> str | None:
        with self._lock:
            for name in itertools.chain(self._visible(), self._order):
                if name in self._left:
                    self._left.remove(name)
                    return name
            return None
