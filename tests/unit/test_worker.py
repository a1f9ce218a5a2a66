"""The worker: which queued call is served when, and what becomes of those left behind."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import threading
import traceback
import weakref
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest

from snaptui.common.threads import begun
from snaptui.common.worker import Lane, Priority, from_threads, start

LONG = 10
"""Seconds after which a test that hangs fails; none ever waits that long."""


class Gate:
    """A call that blocks until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self) -> str:
        self.entered.set()
        assert self.opened.wait(LONG)
        return "done"

    async def under_way(self) -> None:
        assert await asyncio.to_thread(self.entered.wait, LONG)


@pytest.fixture
async def gates() -> AsyncIterator[Callable[[], Gate]]:
    """Makes gates that are all open in the end, so that no thread stays blocked."""
    made: list[Gate] = []

    def make() -> Gate:
        made.append(Gate())
        return made[-1]

    yield make
    for gate in made:
        gate.opened.set()


async def test_the_result_comes_back_from_a_daemon_thread() -> None:
    thread = await Lane("lane", 1).call(threading.current_thread)
    assert thread is not threading.current_thread()
    assert thread.daemon
    assert thread.name == "lane-1"


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)])
async def test_an_exception_comes_back_and_the_thread_goes_on(error: BaseException) -> None:
    lane = Lane("lane", 1)

    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        await lane.call(fail)
    assert caught.value is error
    assert await lane.call(lambda: 7) == 7


async def test_calls_are_served_by_priority_then_in_order(gates: Callable[[], Gate]) -> None:
    lane, gate = Lane("lane", 1), gates()
    first = lane.call(gate)
    await gate.under_way()
    served: list[str] = []
    calls = [
        lane.call(partial(served.append, name), priority=priority)
        for name, priority in [
            ("background", Priority.BACKGROUND),
            ("visible 1", Priority.VISIBLE),
            ("visible 2", Priority.VISIBLE),
            ("user", Priority.USER),
        ]
    ]
    gate.opened.set()
    await asyncio.gather(first, *calls)
    assert served == ["user", "visible 1", "visible 2", "background"]


async def test_one_key_does_not_hold_up_another(gates: Callable[[], Gate]) -> None:
    lane, blocked, waiting = Lane("lane", 3, per_key=1), gates(), gates()
    first = lane.call(blocked, key="a")
    await blocked.under_way()
    second = lane.call(waiting, key="a")
    assert await lane.call(lambda: "b", key="b") == "b"
    assert await lane.call(lambda: "none") == "none"
    assert not waiting.entered.is_set()
    waiting.opened.set()
    blocked.opened.set()
    assert list(await asyncio.gather(first, second)) == ["done", "done"]


async def test_as_many_calls_of_a_key_run_as_allowed(gates: Callable[[], Gate]) -> None:
    lane, made = Lane("lane", 4, per_key=2), [gates() for _ in range(3)]
    calls = [lane.call(gate, key="a") for gate in made]
    await made[0].under_way()
    await made[1].under_way()
    await lane.call(lambda: None)
    assert not made[2].entered.is_set()
    made[0].opened.set()
    await made[2].under_way()
    for gate in made:
        gate.opened.set()
    assert await asyncio.gather(*calls) == ["done"] * 3


async def test_calls_without_a_key_are_not_limited_but_by_the_size(
    gates: Callable[[], Gate],
) -> None:
    lane, made = Lane("lane", 2, per_key=1), [gates() for _ in range(3)]
    calls = [lane.call(gate) for gate in made]
    await made[0].under_way()
    await made[1].under_way()
    assert not made[2].entered.is_set()
    for gate in made:
        gate.opened.set()
    assert await asyncio.gather(*calls) == ["done"] * 3


async def test_reserved_threads_are_kept_for_the_user(gates: Callable[[], Gate]) -> None:
    lane, held, kept_out = Lane("lane", 2, reserved=1), gates(), gates()
    first = lane.call(held, priority=Priority.VISIBLE)
    await held.under_way()
    second = lane.call(kept_out, priority=Priority.BACKGROUND)
    assert await lane.call(lambda: "user") == "user"
    assert not kept_out.entered.is_set()
    held.opened.set()
    kept_out.opened.set()
    assert list(await asyncio.gather(first, second)) == ["done", "done"]


async def test_a_cancelled_queued_call_never_runs(gates: Callable[[], Gate]) -> None:
    lane, gate, queued = Lane("lane", 1), gates(), gates()
    first = lane.call(gate)
    await gate.under_way()
    cancelled = lane.call(queued)
    cancelled.cancel()
    gate.opened.set()
    assert await first == "done"
    assert await lane.call(lambda: "after") == "after"
    assert not queued.entered.is_set()


async def test_a_call_cancelled_under_way_leaves_the_lane_in_order(
    gates: Callable[[], Gate],
) -> None:
    lane, gate = Lane("lane", 1), gates()
    cancelled = lane.call(gate, key="a")
    await gate.under_way()
    cancelled.cancel()
    gate.opened.set()
    assert await lane.call(lambda: "after", key="a") == "after"
    assert cancelled.cancelled()


async def test_abandon_fails_what_is_under_way_and_queued(gates: Callable[[], Gate]) -> None:
    lane, gate, queued = Lane("lane", 1), gates(), gates()
    under_way = lane.call(gate, key="a")
    await gate.under_way()
    waiting = lane.call(queued, key="a")
    error = ConnectionError("gone")
    lane.abandon(error)
    async with asyncio.timeout(LONG):
        failed = await asyncio.gather(under_way, waiting, return_exceptions=True)
    assert list(failed) == [error, error]
    assert not gate.opened.is_set()
    assert await lane.call(lambda: "anew", key="a") == "anew"
    assert not queued.entered.is_set()


async def test_what_comes_after_an_abandon_changes_nothing(gates: Callable[[], Gate]) -> None:
    lane, gate = Lane("lane", 1), gates()
    thread: list[threading.Thread] = []

    def blocked() -> str:
        thread.append(threading.current_thread())
        return gate()

    future = lane.call(blocked)
    await gate.under_way()
    error = ConnectionError("gone")
    lane.abandon(error)
    gate.opened.set()
    await asyncio.to_thread(thread[0].join, LONG)
    assert not thread[0].is_alive()
    with pytest.raises(ConnectionError) as caught:
        await future
    assert caught.value is error


def test_a_result_after_the_loop_closed_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    uncaught: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", uncaught.append)
    lane, gate = Lane("lane", 1), Gate()

    async def leave_behind() -> None:
        lane.call(gate)
        await gate.under_way()

    asyncio.run(leave_behind())
    gate.opened.set()
    assert asyncio.run(_next(lane)) == "served"
    assert uncaught == []


async def _next(lane: Lane) -> str:
    return await lane.call(lambda: "served")


async def test_what_a_task_beside_raises_reaches_the_loop() -> None:
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: reported.append(context.get("exception"))
    )
    error = ValueError("no")

    async def fail() -> None:
        raise error

    await asyncio.wait([start(fail())])
    await asyncio.wait([start(asyncio.sleep(0))])
    assert reported == [error]


async def test_a_call_that_raises_stop_iteration_does_not_hang() -> None:
    def call() -> None:
        raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration"):
        await asyncio.wait_for(Lane("lane", 1).call(call), 5)


async def test_what_a_thread_calls_runs_in_the_context_that_was_there() -> None:
    """A screen's framework finds its program by the context, which a thread does not have."""
    program = contextvars.ContextVar[str]("program")
    program.set("this one")
    told = asyncio.get_running_loop().create_future()
    call = from_threads(lambda word: told.set_result((word, program.get("none"))))
    threading.Thread(target=call, args=("went on",)).start()
    assert await asyncio.wait_for(told, 10) == ("went on", "this one")


async def test_no_call_is_forgotten_among_many_that_wait_for_each_other() -> None:
    """A call wakes one thread, and a thread that takes one wakes the next."""
    for number in range(20):
        lane = Lane("lane", 6, reserved=2, per_key=1)
        calls = [
            lane.call(partial(int, n), key=n % (number + 1), priority=Priority(n % 3))
            for n in range(200)
        ]
        async with asyncio.timeout(LONG):
            assert await asyncio.gather(*calls) == list(range(200))


class Handle:
    """What a call holds, such as a domain's handle, which keeps its connection open."""


@pytest.mark.parametrize("way", ["lane", "thread"])
async def test_an_error_keeps_nothing_that_its_call_held(way: str) -> None:
    """With the collector off: what only it can free keeps a lost connection's descriptor."""
    held: list[weakref.ref[Handle]] = []

    def call_that_fails() -> None:
        handle = Handle()
        held.append(weakref.ref(handle))
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise ValueError("outer") from error

    gc.disable()
    try:
        with pytest.raises(ValueError, match="outer") as raised:
            await (
                Lane("test", 1).call(call_that_fails)
                if way == "lane"
                else asyncio.wrap_future(begun(call_that_fails))
            )
        del call_that_fails
        assert held[0]() is None
        assert "call_that_fails" in "".join(traceback.format_exception(raised.value))
    finally:
        gc.enable()


async def test_an_error_that_is_raised_again_ends_no_coroutine_that_caught_it() -> None:
    known, lane = ValueError("known"), Lane("test", 1)

    def call() -> None:
        raise known

    async def catch() -> str:
        with contextlib.suppress(ValueError):
            await lane.call(call)
        await asyncio.sleep(0)
        with contextlib.suppress(ValueError):
            await asyncio.create_task(again())
        return "went on"

    async def again() -> None:
        await lane.call(call)

    assert await catch() == "went on"
