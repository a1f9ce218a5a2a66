"""The watch of a host whose connection goes away; the backend is a fake that only fails."""

from __future__ import annotations

import asyncio
import gc
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, cast

import pytest

from snaptui.backend.protocol.backend import Backend
from snaptui.backend.protocol.connection import HostEvent
from snaptui.common.errors import ConfigError, Disconnected, HostError, NotPermitted, SnaptuiError
from snaptui.common.worker import Worker
from snaptui.monitor.host import BACK_OFF, JITTER, SHARE, TICK, HostState, HostWatch, Link
from snaptui.monitor.openings import Openings
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

    def jump_host(self) -> str:
        return ""

    def connect(self) -> object:
        raise Disconnected("It is not there.")


@pytest.mark.parametrize("events_first", [True, False])
async def test_an_error_that_nobody_waits_for_any_more_ends_nothing(
    events_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several that say that the host is gone one is heard; what the others say is no fault."""
    monkeypatch.setattr("snaptui.monitor.host.TICK", 0.0)
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
        turn=Openings().turn(""),
        on_change=changed,
        on_hint=lambda _: None,
        on_again=lambda: None,
    )
    watch.opened(HOST)
    running = asyncio.create_task(watch.run())
    assert await asyncio.to_thread(backend.asked.wait, 10)
    tell = await asyncio.to_thread(backend.tell.get, timeout=60)
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


class Refusing(Failing):
    """A host whose connections end in one way."""

    def __init__(self, error: Exception, *, opens: bool = False) -> None:
        super().__init__()
        self.error = error
        self.opens = opens
        self.connected = 0
        self.again = threading.Event()

    def jump_host(self) -> str:
        return ""

    def connect(self) -> object:
        self.connected += 1
        if self.connected > 1:
            self.again.set()
        if self.opens:
            return HOST
        raise self.error

    def domains(self) -> tuple[()]:
        raise self.error


def watch_of(
    backend: Failing, changed: Callable[[HostState], None], *, entered: bool = True
) -> HostWatch:
    watch = HostWatch(
        cast(Backend, backend),
        Worker(),
        turn=Openings().turn(""),
        on_change=lambda: changed(watch.state),
        on_hint=lambda _: None,
        on_again=lambda: None,
        entered=entered,
    )
    return watch


@pytest.mark.parametrize("error", [NotPermitted("no"), ConfigError("no"), HostError("no")])
async def test_what_refuses_is_asked_again_only_by_hand(error: SnaptuiError) -> None:
    backend, refused = Refusing(error), asyncio.Event()

    def changed(state: HostState) -> None:
        if state.link is Link.REFUSED:
            refused.set()

    watch = watch_of(backend, changed)
    running = asyncio.create_task(watch.run())
    await asyncio.wait_for(refused.wait(), 10)
    for _ in range(50):  # turns in which it could try again by itself
        await asyncio.sleep(0)
    assert (watch.state.trouble, backend.connected) == ("no", 1)
    watch.retry()
    assert await asyncio.to_thread(backend.again.wait, 10)
    running.cancel()


async def test_a_link_that_opens_and_dies_at_once_is_tried_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backend, waits = Refusing(Disconnected("gone"), opens=True), list[float | None]()
    enough = asyncio.Event()

    async def pause(_: HostWatch, seconds: float | None) -> None:
        waits.append(seconds)
        if len(waits) > len(BACK_OFF):
            enough.set()
        await asyncio.sleep(0)

    monkeypatch.setattr(HostWatch, "pause", pause)
    running = asyncio.create_task(watch_of(backend, lambda _: None).run())
    await asyncio.wait_for(enough.wait(), 10)
    running.cancel()
    for wait, planned in zip(waits, (*BACK_OFF, BACK_OFF[-1]), strict=False):
        assert wait is not None
        assert abs(wait / planned - 1) <= JITTER
    assert len(set(waits)) == len(waits), "hosts that went together must not come back together"


async def test_a_list_that_cannot_be_read_is_not_shown_as_current() -> None:
    """What was listed before stays, with why it may be old."""
    backend, told = Refusing(HostError("access denied"), opens=True), asyncio.Event()

    def changed(state: HostState) -> None:
        if state.trouble:
            told.set()

    watch = watch_of(backend, changed)
    watch.opened(HOST)
    running = asyncio.create_task(watch.run())
    await asyncio.wait_for(told.wait(), 10)
    assert (watch.state.link, watch.state.trouble) == (Link.UNREADABLE, "access denied")
    running.cancel()


async def test_a_fault_of_our_own_is_told_and_the_host_is_not_shown_as_current() -> None:
    told, faults = asyncio.Event(), list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))

    def changed(state: HostState) -> None:
        if state.link is Link.REFUSED:
            told.set()

    watch = watch_of(Refusing(ZeroDivisionError(), opens=True), changed)
    watch.opened(HOST)
    running = asyncio.create_task(watch.run())
    await asyncio.wait_for(told.wait(), 10)
    assert isinstance(faults[0]["exception"], ZeroDivisionError)
    running.cancel()


@pytest.mark.parametrize("entered", [True, False])
async def test_a_host_that_is_only_listed_is_not_waited_for_without_end(
    entered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no events connection, whose keepalive tells that the host is gone."""
    monkeypatch.setattr("snaptui.monitor.host.SILENCE", 0.01)
    monkeypatch.setattr("snaptui.monitor.host.GIVE_UP", 0.02)
    monkeypatch.setattr("snaptui.monitor.host.TICK", 0.0)
    monkeypatch.setattr("snaptui.monitor.host.UNSEEN", 0.0)
    backend, silent, lost = Failing(), asyncio.Event(), asyncio.Event()

    def changed(state: HostState) -> None:
        if state.link is Link.SILENT:
            silent.set()
        if state.link is Link.LOST:
            lost.set()

    watch = watch_of(backend, changed, entered=entered)
    watch.opened(HOST)
    running = asyncio.create_task(watch.run())
    await asyncio.wait_for(silent.wait(), 10)
    if entered:
        for _ in range(10):  # it could give up now, which would be wrong
            await asyncio.sleep(0.01)
        assert not lost.is_set()
    else:
        await asyncio.wait_for(lost.wait(), 10)
        assert backend.tell.empty(), "no events are asked for"
    backend.fail.set()
    running.cancel()


class Silent(Failing):
    """Lets itself be connected to, and lists nothing."""

    def connect(self) -> object:
        return HOST

    def domains(self) -> tuple[()]:
        self.fail.wait(10)
        return ()


async def test_a_host_that_stays_silent_is_left_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each time leaves a thread behind, in a call that may never end."""
    monkeypatch.setattr("snaptui.monitor.host.SILENCE", 0.01)
    monkeypatch.setattr("snaptui.monitor.host.GIVE_UP", 0.02)
    monkeypatch.setattr("snaptui.monitor.host.LONGEST", 0.06)
    monkeypatch.setattr("snaptui.monitor.host.BACK_OFF", (0.0,))
    backend, waited, enough = Silent(), list[str](), asyncio.Event()

    def changed(state: HostState) -> None:
        if state.link is Link.LOST:
            waited.append(state.trouble.split()[-2])
        if len(waited) == 4:
            enough.set()

    watch = watch_of(backend, changed, entered=False)
    watch.opened(HOST)
    running = asyncio.create_task(watch.run())
    await asyncio.wait_for(enough.wait(), 10)
    running.cancel()
    backend.fail.set()
    assert waited == ["0.02", "0.04", "0.06", "0.06"]


class Slow(Failing):
    """Whose list takes a while of the CPU."""

    def domains(self) -> tuple[()]:
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            continue
        return ()


async def test_a_list_that_costs_much_is_looked_at_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits, waited = list[float | None](), asyncio.Event()

    async def note(_: asyncio.Event, seconds: float | None) -> None:
        waits.append(seconds)
        waited.set()
        await asyncio.Event().wait()

    monkeypatch.setattr("snaptui.monitor.host.wait", note)
    watch = watch_of(Slow(), lambda _: None)
    watch.opened(HOST)
    running = asyncio.create_task(watch.run())
    await asyncio.wait_for(waited.wait(), 10)
    assert waits[0] is not None
    assert waits[0] >= 0.02 / SHARE > TICK
    running.cancel()
