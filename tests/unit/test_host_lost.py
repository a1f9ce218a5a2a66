"""A host that is lost, or a domain that is left, ends what was done for it: all, and quietly."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

import snaptui
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import Disconnected
from snaptui.common.worker import Worker, wait
from snaptui.discovery.image_heads import Heads
from snaptui.monitor.host import HostWatch
from snaptui.monitor.openings import Openings


@pytest.fixture
async def faults() -> list[dict[str, Any]]:
    """What asyncio calls a fault; the app ends with it."""
    found: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: found.append(context))
    return found


@pytest.fixture
def watch() -> Iterator[HostWatch]:
    backend = LibvirtBackend("test:///default")
    yield HostWatch(
        backend,
        Worker(),
        turn=Openings().turn(""),
        on_change=lambda: None,
        on_hint=lambda _key: None,
        on_again=lambda: None,
    )
    backend.abandon()


class Awaited(asyncio.Event):
    """An event that knows whether somebody waits for it."""

    waiting = False

    async def wait(self) -> Literal[True]:
        self.waiting = True
        try:
            return await super().wait()
        finally:
            self.waiting = False


async def until(true: Callable[[], bool]) -> None:
    """Wait until something is true."""
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never was")


async def collected() -> None:
    """Let callbacks run, and drop what nobody refers to."""
    for _ in range(3):
        await asyncio.sleep(0)
        gc.collect()


async def test_a_call_that_fails_after_the_loss_was_told_otherwise(
    watch: HostWatch, faults: list[dict[str, Any]]
) -> None:
    """libvirt says that the connection closed, and then the call under way fails too."""
    begun, gate = asyncio.Event(), asyncio.Event()

    async def failing() -> None:
        begun.set()
        await gate.wait()
        raise Disconnected("Cannot recv data: Connection reset by peer")

    asking = asyncio.create_task(watch.answered(failing()))
    await begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    gate.set()
    del asking
    await collected()
    assert faults == []


async def test_heads_that_fail_in_the_same_moment_are_one_loss(
    faults: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(2)

    def gone(*_: object, **__: object) -> None:
        together.wait(10)
        raise Disconnected("gone")

    monkeypatch.setattr(LibvirtBackend, "image", gone)
    heads = Heads(LibvirtBackend("test:///default"), Worker())
    try:
        await heads.read({"/img/a": False, "/img/b": False}, lambda _images: None)
    except Disconnected as error:
        assert error.message == "gone"  # noqa: PT017 - pytest.raises would keep all that it holds
    await collected()
    assert faults == []


@pytest.mark.parametrize("turns", range(6))
async def test_a_wait_that_is_cancelled_as_its_event_comes_ends(turns: int) -> None:
    """Or a host that is lost stays alive, and what was read of a domain is the next one's."""
    event = Awaited()
    waiting = asyncio.create_task(forever(event))
    await until(lambda: event.waiting)
    event.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting}, timeout=30)
    assert waiting.cancelled()


async def forever(event: Awaited) -> None:
    while True:
        event.clear()
        await wait(event, 60)


def test_nothing_waits_otherwise() -> None:
    for path in Path(snaptui.__file__).parent.rglob("*.py"):
        assert "asyncio.wait_for(" not in path.read_text(), path
