"""What is shown of a snapshot that is being made."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker
from snaptui.model.domain import DomainKey
from snaptui.model.image import ImageInfo
from snaptui.monitor.snapshots import Shown, SnapshotWatch
from snaptui.storage.damage import Broken, Matter, Part
from tests.lab import Lab


async def looked_at(lab: Lab, key: DomainKey, making: Collection[str]) -> Shown:
    """What is shown once the images have been looked at."""
    backend, there = LibvirtBackend(lab.uri), asyncio.Event()
    backend.connect()

    def changed() -> None:
        if watch.shown is not None and watch.shown.layers.heads:
            there.set()

    watch = SnapshotWatch(backend, Worker(), on_change=changed, making=lambda _key: making)
    watch.select(key)
    await asyncio.wait_for(there.wait(), 20)
    watch.stop()
    backend.abandon()
    assert watch.shown is not None
    return watch.shown


async def test_a_new_one_is_not_hollow_before_its_images_are_read_again(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One image answers late, so that its head is still that of before the snapshot."""
    key = lab.define("web", disks=("vda", "vdb"))
    lab.snapshot("web", "one")
    monkeypatch.setattr("snaptui.discovery.image_heads.PUBLISH", 0.0)
    late, answers = str(lab.image("web", "vdb")), threading.Event()
    answers.set()

    class Late(LibvirtBackend):
        def image(self, path: str, *, raw: bool = False) -> ImageInfo:
            if path == late:
                answers.wait(20)
            return super().image(path, raw=raw)

    backend, told = Late(lab.uri), asyncio.Event()
    backend.connect()
    seen: list[Shown] = []

    def changed() -> None:
        if watch.shown is not None:
            seen.append(watch.shown)
        told.set()

    async def until(true: Callable[[Shown], bool]) -> None:
        while not (seen and true(seen[-1])):
            told.clear()
            await asyncio.wait_for(told.wait(), 20)

    watch = SnapshotWatch(backend, Worker(), on_change=changed)
    watch.select(key)
    await until(lambda shown: shown.odd == {"one": ""})
    answers.clear()
    lab.snapshot("web", "two")
    await until(lambda shown: names_in(shown, lab.image("web")) == ["one", "two"])
    assert names_in(seen[-1], lab.image("web", "vdb")) == ["one"]
    answers.set()
    await until(lambda shown: shown.odd == {"one": "", "two": ""})
    assert not any(word for shown in seen for word in shown.odd.values())
    watch.stop()
    backend.abandon()


def names_in(shown: Shown, path: Path) -> list[str]:
    """Of the snapshots that an image's head has."""
    image = shown.images.get(str(path))
    return [entry.name for entry in image.snapshots] if isinstance(image, ImageInfo) else []


async def test_what_is_being_made_is_not_broken(lab: Lab) -> None:
    """libvirt lists it before its overlay is there: for as long as its RAM is saved."""
    key = lab.define("web", running=True)
    overlay = lab.image("web").with_suffix(".one")
    lab.snapshot("web", "one", "--disk-only")
    overlay.unlink()
    assert dict((await looked_at(lab, key, ())).layers.broken) == {
        "one": Broken(Matter.GONE, Part.OVERLAY, "vda", str(overlay))
    }
    assert not (await looked_at(lab, key, {"one"})).layers.broken
