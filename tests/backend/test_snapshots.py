"""What is shown of a snapshot that is being made."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from snaptui.backend.libvirt_backend import LibvirtBackend
from snaptui.model import DomainKey
from snaptui.snapshots import Shown, SnapshotWatch
from snaptui.worker import Worker
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


async def test_what_is_being_made_is_not_broken(lab: Lab) -> None:
    """libvirt lists it before its overlay is there: for as long as its RAM is saved."""
    key = lab.define("web", running=True)
    overlay = lab.image("web").with_suffix(".one")
    lab.snapshot("web", "one", "--disk-only")
    overlay.unlink()
    assert dict((await looked_at(lab, key, ())).layers.broken) == {
        "one": f"its overlay is gone ({overlay})"
    }
    assert not (await looked_at(lab, key, {"one"})).layers.broken
