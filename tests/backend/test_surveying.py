"""What fills the file systems, while the host goes away."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import Disconnected
from snaptui.common.worker import Worker
from snaptui.monitor import reclaimable
from snaptui.monitor.reclaimable import Surveying
from snaptui.monitor.usage import Counting
from snaptui.storage.reclaimable import Place, Survey
from tests.world import write_world


async def test_what_was_read_is_weighed_though_the_connection_was_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: faults.append(told))
    begun, go_on, weighed = threading.Event(), threading.Event(), asyncio.Event()

    def weigh(_survey: Survey, _counted: object, _known: object) -> tuple[Place, ...]:
        begun.set()
        go_on.wait(15)
        return ()

    monkeypatch.setattr(reclaimable, "places", weigh)
    backend = LibvirtBackend(write_world(tmp_path / "world.xml"))
    host, worker = backend.connect(), Worker()
    counting = Counting(backend, worker, on_change=lambda: None)

    def changed() -> None:
        if go_on.is_set():
            weighed.set()

    survey = Surveying(backend, worker, counting, on_change=changed)
    survey.start(host, backend.domains())
    survey.counted()
    assert await asyncio.to_thread(begun.wait, 15)
    for lane in (worker.reads, worker.changes):
        lane.abandon(Disconnected("The connection was lost."))
    go_on.set()
    async with asyncio.timeout(15):
        await weighed.wait()
    survey.stop()
    assert faults == []
