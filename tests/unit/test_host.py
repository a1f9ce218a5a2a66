"""The watch of a host whose connection goes away; the backend is a fake that only fails."""

from __future__ import annotations

import asyncio
import gc
import queue
import threading
from collections.abc import Callable
from typing import Any, cast

import pytest

from snaptui.backend.protocol import Backend, HostEvent
from snaptui.errors import Disconnected
from snaptui.host import HostWatch, Link
from snaptui.worker import Worker
from tests.unit.made import HOST, KEY


class Failing:
    """Lists once, and then fails when it is told to."""

    uri = KEY.host

    def __init__(self) -> None:
        self.listed = 0
        self.asked, self.fail = threading.Event(), threading.Event()
        self.tell: queue.SimpleQueue[Callable[[HostEvent], None]] = queue.SimpleQueue()

    def domains(self) -> tuple[()]:
        self.listed += 1
        if self.listed == 1:
            return ()
        self.asked.set()
        self.fail.wait(10)
        raise Disconnected("The host is gone.")

    def watch(self, on_event: Callable[[HostEvent], None]) -> None:
        self.tell.put(on_event)

    def abandon(self) -> None:
        pass

    def connect(self) -> object:
        raise Disconnected("It is not there.")


@pytest.mark.parametrize("events_first", [True, False])
async def test_an_error_that_nobody_waits_for_any_more_ends_nothing(
    events_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several that say that the host is gone one is heard; what the others say is no fault."""
    monkeypatch.setattr("snaptui.host.TICK", 0.0)
    others = set(threading.enumerate())
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    backend, lost = Failing(), asyncio.Event()

    def changed() -> None:
        if watch.state.link is Link.LOST:
            lost.set()

    watch = HostWatch(
        cast(Backend, backend),
        Worker(),
        on_change=changed,
        on_hint=lambda _: None,
        on_again=lambda: None,
    )
    watch.opened(HOST)
    running = asyncio.create_task(watch.run())
    assert await asyncio.to_thread(backend.asked.wait, 10)
    tell = await asyncio.to_thread(backend.tell.get, timeout=10)
    if events_first:
        tell(HostEvent(lost=True))
        await asyncio.wait_for(lost.wait(), 10)
        backend.fail.set()
    else:
        backend.fail.set()
        tell(HostEvent(lost=True))
        await asyncio.wait_for(lost.wait(), 10)
    mine = set(threading.enumerate()) - others
    for thread in [t for t in mine if t.name.startswith("reads")]:
        await asyncio.to_thread(thread.join, 0.2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    del running
    gc.collect()
    assert faults == []
