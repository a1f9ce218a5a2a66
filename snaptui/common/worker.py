"""The async worker: blocking calls on daemon threads, in lanes, with priorities.

A *lane* is a priority queue served by its own daemon threads. Daemon threads, because a
call into libvirt cannot be interrupted: on quitting, and when a host stops answering, the
threads in it are left behind. asyncio's default executor would wait for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import enum
import functools
import heapq
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from snaptui.common.threads import without_frames

T = TypeVar("T")


class Priority(enum.IntEnum):
    """Which queued call is served first."""

    USER = 0
    VISIBLE = 1
    BACKGROUND = 2


@dataclass(order=True, slots=True)
class _Job:
    """A queued call; ordered by priority, then by age."""

    priority: Priority
    order: int
    run: Callable[[], Any] = field(compare=False)
    key: Hashable = field(compare=False)
    future: asyncio.Future[Any] = field(compare=False)
    loop: asyncio.AbstractEventLoop = field(compare=False)


class Lane:
    """Daemon threads that serve one priority queue; calls come back as asyncio futures.

    Args:
        name: for the threads' names.
        size: calls under way at the same time.
        reserved: of these, how many only ``Priority.USER`` calls may take.
        per_key: calls under way at the same time with the same key (a domain).
    """

    def __init__(self, name: str, size: int, *, reserved: int = 0, per_key: int = 1) -> None:
        self._name = name
        self._size = size
        self._reserved = reserved
        self._per_key = per_key
        self._ready = threading.Condition()
        self._queue: list[_Job] = []
        self._order = itertools.count()
        self._crew = _Crew()

    def call(
        self,
        run: Callable[[], T],
        *,
        key: Hashable = None,
        priority: Priority = Priority.USER,
    ) -> asyncio.Future[T]:
        """Queue a call from a running asyncio loop.

        Cancelling the future takes a queued call out of the queue; one that is under way is
        left to itself. Calls without a key are not limited per key.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        future.add_done_callback(heed)
        with self._ready:
            job = _Job(priority, next(self._order), run, key, future, loop)
            heapq.heappush(self._queue, job)
            self._ready.notify()
            if self._crew.threads < self._size and self._crew.idle < len(self._queue):
                self._crew.threads += 1
                threading.Thread(
                    target=self._serve,
                    args=(self._crew,),
                    name=f"{self._name}-{self._crew.threads}",
                    daemon=True,
                ).start()
        return future

    def abandon(self, error: Exception) -> None:
        """Leave all calls behind, queued or under way: their futures get ``error``."""
        with self._ready:
            for job in (*self._queue, *self._crew.running):
                _deliver(job, functools.partial(job.future.set_exception, error))
            self._queue.clear()
            self._crew.abandoned = True
            self._crew = _Crew()
            self._ready.notify_all()

    def _serve(self, crew: _Crew) -> None:
        while True:
            with self._ready:
                job = self._take(crew)
                while job is None and not crew.abandoned:
                    crew.idle += 1
                    self._ready.wait()
                    crew.idle -= 1
                    job = self._take(crew)
                if job is None:
                    return
                crew.running.append(job)
                if self._queue:  # what one more thread may take; all of them at once cost much
                    self._ready.notify()
            _run(job)
            with self._ready:
                crew.running.remove(job)
            del job  # what it brought is not this thread's

    def _take(self, crew: _Crew) -> _Job | None:
        if crew.abandoned:
            return None
        passed: list[_Job] = []
        taken = None
        keys = Counter(job.key for job in crew.running if job.key is not None)
        others = sum(job.priority is not Priority.USER for job in crew.running)
        while self._queue and taken is None:
            job = heapq.heappop(self._queue)
            if job.future.cancelled():
                continue
            if job.priority is not Priority.USER and others >= self._size - self._reserved:
                passed.append(job)
                break
            if keys[job.key] >= self._per_key:
                passed.append(job)
            else:
                taken = job
        for job in passed:
            heapq.heappush(self._queue, job)
        return taken


def heed(future: asyncio.Future[Any]) -> None:
    """Look at an error: whoever awaited it may be gone, and then it is nobody's fault."""
    if not future.cancelled():
        future.exception()


def from_threads(callback: Callable[..., None]) -> Callable[..., None]:
    """What other threads call instead: it runs on the running loop, in the context of now.

    In that of a thread Textual does not find its app: a timer that is set there never fires
    (textual/timer.py of 8.2, Timer._tick). Once the loop is closed nobody is called.
    """
    loop, context = asyncio.get_running_loop(), contextvars.copy_context()

    def call(*words: object) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(functools.partial(callback, *words), context=context)

    return call


def start(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Run a coroutine beside the caller.

    What it raises nobody awaits: it reaches the loop's exception handler, which must not
    pass over it.
    """
    task = asyncio.create_task(coroutine)
    task.add_done_callback(lambda done: None if done.cancelled() else done.result())
    return task


async def wait(event: asyncio.Event, seconds: float | None) -> None:
    """Wait for an event, for some seconds at most; ``None`` for as long as it takes.

    asyncio.wait_for of Python 3.11 forgets to be cancelled when its event is set just then.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


class Worker:
    """The lanes of one host.

    Attributes:
        reads: calls that only look; at most two under way for one domain that may block.
        changes: one at a time for each domain, four at a time for the host.
        files: image files, two at a time.
        spaces: how full file systems are; one that hangs keeps nobody else waiting.
    """

    def __init__(self) -> None:
        self.reads = Lane("reads", 16, reserved=4, per_key=2)
        self.changes = Lane("changes", 4)
        self.files = Lane("files", 2)
        self.spaces = Lane("spaces", 1)


class _Crew:
    """The threads of a lane that are not left behind, and what they are doing."""

    def __init__(self) -> None:
        self.threads = 0
        self.idle = 0
        self.abandoned = False
        self.running: list[_Job] = []


def _run(job: _Job) -> None:
    if job.future.cancelled():
        return
    try:
        result = job.run()
    except BaseException as error:  # whatever it is belongs to the one who awaits it
        # a future refuses StopIteration, and the one who awaits it would wait for ever
        given = RuntimeError(repr(error)) if isinstance(error, StopIteration) else error
        _deliver(job, functools.partial(job.future.set_exception, without_frames(given)))
        del given
    else:
        _deliver(job, lambda: job.future.set_result(result))


def _deliver(job: _Job, settle: Callable[[], object]) -> None:
    def settle_once() -> None:
        if not job.future.done():
            settle()

    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        job.loop.call_soon_threadsafe(settle_once)
