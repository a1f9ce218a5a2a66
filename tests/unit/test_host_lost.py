"""A host that is lost is lost, and no fault of our own."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pytest

from snaptui.backend.libvirt_backend import LibvirtBackend
from snaptui.errors import Disconnected
from snaptui.heads import Heads
from snaptui.host import HostWatch
from snaptui.worker import Worker


@pytest.fixture
async def faults() -> list[dict[str, Any]]:
    """What asyncio calls a fault; the app ends with it."""
    found: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: found.append(context))
    return found


@pytest.fixture
def watch() -> Iterator[HostWatch]:
    backend = LibvirtBackend("test:///default")
    yield HostWatch(backend, Worker(), on_change=lambda: None, on_hint=lambda _key: None)
    backend.abandon()


async def collected() -> None:
    """Let callbacks run, and drop what nobody refers to."""
    for _ in range(3):
        await asyncio.sleep(0)
        gc.collect()


async def test_a_call_that_fails_after_the_loss_was_told_otherwise(
    watch: HostWatch, faults: list[dict[str, Any]]
) -> None:
    """libvirt says that the connection closed, and then the call under way fails too."""
    gate = asyncio.Event()

    async def failing() -> None:
        await gate.wait()
        raise Disconnected("Cannot recv data: Connection reset by peer")

    asking = asyncio.create_task(watch.answered(failing()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
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
