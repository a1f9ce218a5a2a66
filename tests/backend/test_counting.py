"""When images are counted, and when they are not counted again."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker
from snaptui.model.disk import Presence
from snaptui.model.image import ImageInfo
from snaptui.model.snapshot import SnapshotDisk
from snaptui.monitor.usage import Counting
from snaptui.storage.backing_chain import Layers, layers_of
from snaptui.storage.in_image import Images
from snaptui.storage.qcow2.usage import ImageUsage, Overlap
from tests.lab import Lab, qemu_img
from tests.unit.made import VDA, config, snapshot


class Noting(LibvirtBackend):
    """Notes what is counted; counts wait while they are held."""

    def __init__(self, uri: str) -> None:
        super().__init__(uri)
        self.counted: Counter[str] = Counter()
        self.compared: Counter[str] = Counter()
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.go_on.set()

    def count_image(self, path: str, progress: Callable[[int, int], None]) -> ImageUsage:
        self.counted[path] += 1
        self.begun.release()
        while not self.go_on.wait(0.01):
            progress(1, 2)
        return super().count_image(path, progress)

    def overlap(self, path: str, progress: Callable[[int, int], None], depth: int = 1) -> Overlap:
        self.compared[path] += 1
        return super().overlap(path, progress, depth)


class Setting:
    """Three images upon each other, whose upper two are the overlays of snapshots."""

    def __init__(self, lab: Lab) -> None:
        self.paths = [str(lab.images / f"{name}.qcow2") for name in "abc"]
        below: str | None = None
        for path in self.paths:
            beneath = [] if below is None else ["-b", below, "-F", "qcow2"]
            qemu_img("create", "-q", "-f", "qcow2", *beneath, path, "1M")
            below = path
        self.backend = Noting(lab.uri)
        self.told = asyncio.Event()
        self.counting = Counting(self.backend, Worker(), on_change=self.told.set)
        self.heads: dict[str, ImageInfo] = {p: self.backend.image(p) for p in self.paths}

    def layers(self) -> Layers:
        made = [
            snapshot(
                name,
                disks=(SnapshotDisk("vda", Presence.EXTERNAL, self.paths[at + 1]),),
                config=config(replace(VDA, path=self.paths[at])),
            )
            for at, name in enumerate(("one", "two"))
        ]
        now = config(replace(VDA, path=self.paths[2]))
        return layers_of(now, made, self.heads, keeps_memory=False)

    def want(self, *, again: bool = False, near: bool = True) -> None:
        images: Images = self.heads
        self.counting.want(images, near=near, layers=self.layers(), again=again)

    def grow(self, at: int) -> None:
        path = self.paths[at]
        self.heads[path] = replace(self.heads[path], disk_size=self.heads[path].disk_size + 4096)

    async def done(self) -> None:
        while self.counting.under_way:
            self.told.clear()
            await asyncio.wait_for(self.told.wait(), 15)

    def times(self) -> list[int]:
        return [self.backend.counted[path] for path in self.paths]


@pytest.fixture
def setting(lab: Lab) -> Setting:
    return Setting(lab)


async def test_overlays_are_compared_and_nothing_is_counted_twice(setting: Setting) -> None:
    for _ in range(2):
        setting.want()
        await setting.done()
    assert setting.times() == [1, 1, 1]
    assert setting.backend.compared == Counter(setting.paths[1:])
    base, *overlays = (setting.counting.state.counted[path] for path in setting.paths)
    assert isinstance(base, ImageUsage)
    assert base.overlap is None
    for usage, lower in zip(overlays, setting.paths, strict=False):
        assert isinstance(usage, ImageUsage)
        assert isinstance(usage.overlap, Overlap)
        assert usage.overlap.lower == lower
    assert [len(usage.overlap.deeper) for usage in overlays] == [0, 1]  # type: ignore[union-attr]  # asserted


async def test_that_a_guest_writes_is_no_reason_and_that_something_was_merged_is(
    setting: Setting,
) -> None:
    setting.want()
    await setting.done()
    setting.grow(2)
    setting.want()
    await setting.done()
    assert setting.times() == [1, 1, 1]
    setting.grow(0)
    setting.want()
    await setting.done()
    assert setting.times() == [2, 2, 2]


async def test_what_was_asked_for_goes_on_when_heads_are_read_again(setting: Setting) -> None:
    setting.want()
    await setting.done()
    setting.backend.go_on.clear()
    for _ in setting.paths:
        setting.backend.begun.acquire(blocking=False)
    setting.want(again=True)
    await asyncio.to_thread(setting.backend.begun.acquire, timeout=60)
    setting.grow(2)
    setting.want()
    setting.backend.go_on.set()
    await setting.done()
    assert setting.times() == [2, 2, 2]


async def test_a_count_that_is_still_wanted_is_not_begun_anew(setting: Setting) -> None:
    setting.backend.go_on.clear()
    setting.want()
    await asyncio.to_thread(setting.backend.begun.acquire, timeout=60)
    setting.want()
    setting.backend.go_on.set()
    await setting.done()
    assert setting.times() == [1, 1, 1]


async def test_what_is_far_away_is_counted_when_asked_for(setting: Setting) -> None:
    setting.want(near=False)
    await setting.done()
    assert setting.times() == [0, 0, 0]
    assert "far away" in str(setting.counting.state.counted[setting.paths[0]])
    setting.want(near=False, again=True)
    setting.want(near=False)
    await setting.done()
    assert setting.times() == [1, 1, 1]


async def test_another_watch_that_does_not_compare_takes_what_was_counted(
    setting: Setting,
) -> None:
    setting.want()
    await setting.done()
    told = asyncio.Event()
    other = Counting(setting.backend, Worker(), kept=setting.counting.kept, on_change=told.set)
    other.want(setting.heads, near=True)
    assert not other.under_way
    assert other.state.path == ""
    usage = other.state.counted[setting.paths[2]]
    assert isinstance(usage, ImageUsage)
    assert usage.overlap is not None
