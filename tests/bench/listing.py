"""Reading the snapshots of a domain: how long, and how many calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker, start
from snaptui.model.domain import DomainKey
from snaptui.monitor import snapshots
from snaptui.monitor.host import HostWatch
from snaptui.monitor.openings import Openings
from tests.bench.table import Figure
from tests.lab import Lab

COUNT = 200
TICKS = 10


def measure(lab: Lab) -> Iterator[Figure]:
    key = lab.define("many")
    for number in range(COUNT):
        lab.snapshot("many", f"s{number:03}")
    yield from asyncio.run(_read(lab.uri, key))
    lab.clean()


async def _read(uri: str, key: DomainKey) -> list[Figure]:
    backend = LibvirtBackend(uri)
    worker = Worker()
    changed = asyncio.Event()
    watch = snapshots.SnapshotWatch(backend, worker, on_change=changed.set)
    host = HostWatch(
        backend,
        worker,
        turn=Openings().turn(""),
        on_change=lambda: None,
        on_hint=lambda _key: None,
        on_again=lambda: None,
    )
    host.opened(await worker.reads.call(backend.connect))
    await worker.reads.call(backend.domains)
    before, began, named = backend.calls, time.perf_counter(), 0.0
    watch.select(key)
    while True:
        await changed.wait()
        changed.clear()
        known = watch.shown.snapshots if watch.shown is not None else None
        if known is not None and not named:
            named = time.perf_counter() - began
        if known is not None and known.complete:
            break
    complete, calls = time.perf_counter() - began, backend.calls - before
    before = backend.calls
    await asyncio.sleep(TICKS * snapshots.TICK)
    watched = backend.calls - before
    watch.stop()

    running = start(host.run())
    await asyncio.sleep(2.5)  # the first list and the numbers of snapshots are read once
    before = backend.calls
    await asyncio.sleep(10.0)  # what it asks for in these is the figure
    listed = backend.calls - before
    running.cancel()
    backend.abandon()
    return [
        Figure(f"{COUNT} snapshots: names known after", named * 1000, "ms"),
        Figure(f"{COUNT} snapshots: all details after", complete * 1000, "ms"),
        Figure("calls made for it", calls, "", 2 + COUNT, "1 list + 1 current + 1 each"),
        Figure("idle: calls a tick of the selected domain", watched / TICKS, "", 2),
        Figure("idle: calls in 10 s for the list of domains", listed, "", 5, "1 each 2 s"),
    ]
