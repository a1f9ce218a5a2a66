"""A host that is lost, or a domain that is left, ends what was done for it: all, and quietly."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import Disconnected
from snaptui.common.worker import Worker
from snaptui.discovery.image_heads import Heads
from snaptui.monitor.host import HostWatch
from snaptui.monitor.snapshots import SnapshotWatch


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
            break
        await asyncio.sleep(0.01)
    assert true()


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
    async def gone(*_: object) -> None:
        raise Disconnected("gone")

    heads = Heads(LibvirtBackend("test:///default"), Worker())
    monkeypatch.setattr(heads, "_one", gone)
    try:
        await heads.read({"/img/a": False, "/img/b": False}, lambda _images: None)
    except Disconnected as error:
        assert error.message == "gone"  # noqa: PT017 - pytest.raises would keep all that it holds
    await collected()
    assert faults == []


@pytest.mark.parametrize("turns", range(6))
async def test_a_hint_in_the_moment_of_the_loss_keeps_nothing_alive(
    watch: HostWatch, turns: int
) -> None:
    """asyncio.wait_for of Python 3.11 forgets to be cancelled when its event is set just then."""
    watch.opened(watch.backend.connect())
    hinted = watch._hinted = Awaited()
    ticking = asyncio.create_task(watch._tick())
    await until(lambda: watch.state.loaded and hinted.waiting)
    watch._hinted.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    ticking.cancel()
    await asyncio.wait({ticking}, timeout=1)
    assert ticking.cancelled()


@pytest.mark.parametrize("turns", range(6))
async def test_a_domain_that_is_left_is_not_followed_any_more(turns: int) -> None:
    """Or its snapshots would be shown as those of the next one."""
    backend = LibvirtBackend("test:///default")
    backend.connect()
    (domain,) = backend.domains()
    following = SnapshotWatch(backend, Worker(), on_change=lambda: None, making=lambda _key: "")
    look = following._look = Awaited()
    following.select(domain.key)
    task = following._task
    assert task is not None
    await until(
        lambda: look.waiting and following.shown is not None and following.shown.config is not None
    )
    following._look.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    following.select(None)
    await asyncio.wait({task}, timeout=1)
    assert task.cancelled()
    backend.abandon()
