"""The latest state of one host, kept fresh; it has no screen.

All of it lives on one asyncio loop; only the backend's calls run on the worker's threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

from snaptui.backend.protocol import Backend, HostEvent
from snaptui.common.errors import Disconnected, SignInNeeded, SnaptuiError
from snaptui.common.worker import Priority, Worker, from_threads, wait
from snaptui.model.domain import Domain, DomainKey
from snaptui.model.guest_agent import Agent, AgentState
from snaptui.model.host import Host
from snaptui.model.snapshot import SnapshotSummary
from snaptui.monitor.openings import Turn

T = TypeVar("T")

TICK = 2.0
"""Seconds between two looks at the list of domains."""
SILENCE = 3.0
"""Seconds without an answer after which what is shown counts as stale."""
SUMMARIES = 30.0
"""Seconds between two readings of the numbers of snapshots of all domains."""
BACK_OFF = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each attempt to connect again; a link that lasts longer than the last of them
begins anew with the first."""
JITTER = 0.2
"""Share by which these differ at random: hosts that went together do not come back together."""


class Link(enum.Enum):
    """How things stand between us and the host; the value is the word shown."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    SILENT = "no answer"
    LOST = "connection lost"
    SIGN_IN = "sign-in needed"
    REFUSED = "refused"
    UNREADABLE = "domains not read"


@dataclass(frozen=True, slots=True)
class HostState:
    """What is known of a host at one moment.

    Attributes:
        host: as it presented itself; ``None`` before the first connection.
        answered: monotonic time of its last answer.
        trouble: why the link is not ``CONNECTED``; empty otherwise.
        loaded: whether the domains have been listed at least once.
        frozen: domains whose agent said, when it was asked last, that it is frozen.
    """

    host: Host | None = None
    link: Link = Link.CONNECTING
    answered: float = 0.0
    trouble: str = ""
    loaded: bool = False
    domains: Mapping[DomainKey, Domain] = field(default_factory=lambda: MappingProxyType({}))
    summaries: Mapping[DomainKey, SnapshotSummary] = field(
        default_factory=lambda: MappingProxyType({})
    )
    frozen: frozenset[DomainKey] = frozenset()


class HostWatch:
    """Keeps a :class:`HostState` fresh and says when it changed.

    Args:
        turn: holds a connection back until it may be opened.
        on_change: called on the loop after each change of :attr:`state`.
        on_hint: called on the loop when one domain's snapshots may have changed.
        on_again: called on the loop when the host is there again: it may be another version of
            it, and nothing that was known before is known now.
    """

    def __init__(
        self,
        backend: Backend,
        worker: Worker,
        *,
        turn: Turn,
        on_change: Callable[[], None],
        on_hint: Callable[[DomainKey], None],
        on_again: Callable[[], None],
    ) -> None:
        self.backend = backend
        self.worker = worker
        self.state = HostState()
        self._turn = turn
        self._on_change = on_change
        self._on_hint = on_hint
        self._on_again = on_again
        self._visible: tuple[DomainKey, ...] = ()
        self._wanted: set[DomainKey] = set()
        self._due = asyncio.Event()
        self._hinted = asyncio.Event()
        self._lost = asyncio.Event()
        self._retry = asyncio.Event()
        self._listed = asyncio.Event()

    def opened(self, host: Host, listed: tuple[Domain, ...] | None = None) -> None:
        """Take over a connection that was opened elsewhere, and what was listed there."""
        self._update(host=host, link=Link.CONNECTED, answered=time.monotonic(), trouble="")
        if listed is not None:
            self._list(listed)

    def show(self, visible: Iterable[DomainKey]) -> None:
        """Say which domains are on screen: their numbers of snapshots are read first."""
        self._visible = tuple(visible)
        self._want(key for key in self._visible if key not in self.state.summaries)

    def look_again(self, key: DomainKey) -> None:
        """Read one domain's number of snapshots again."""
        self._want((key,))
        self._hinted.set()

    def agent_said(self, key: DomainKey, agent: Agent) -> None:
        """Keep whether a guest is frozen; a silent agent does not tell."""
        if agent.state is AgentState.FROZEN:
            self._update(frozen=self.state.frozen | {key})
        elif agent.state is not AgentState.SILENT:
            self._update(frozen=self.state.frozen - {key})

    def retry(self) -> None:
        """Try to connect now, without waiting for the next attempt."""
        self._retry.set()

    async def run(self) -> None:
        """Connect, keep fresh, and connect again, until cancelled.

        What refuses is not asked again but by :meth:`retry`: who tries a wrong password again and
        again is locked out.
        """
        attempt = 0
        while True:
            opened = time.monotonic()
            try:
                if self.state.link is not Link.CONNECTED:
                    await self._open()
                await self._serve()
            except SignInNeeded as error:
                self._update(link=Link.SIGN_IN, trouble=error.message)
                await self.pause(None)
            except Disconnected as error:
                self._update(link=Link.LOST, trouble=error.message)
                if time.monotonic() - opened > BACK_OFF[-1]:
                    attempt = 0
                seconds = BACK_OFF[min(attempt, len(BACK_OFF) - 1)]
                await self.pause(seconds * random.uniform(1 - JITTER, 1 + JITTER))
                attempt += 1
            except SnaptuiError as error:
                self._update(link=Link.REFUSED, trouble=error.message)
                await self.pause(None)
            except Exception as error:  # a fault of ours: what is shown must not look current
                asyncio.get_running_loop().call_exception_handler({"exception": error})
                self._update(link=Link.REFUSED, trouble="a fault of snaptui")
                await self.pause(None)

    async def answered(self, call: Awaitable[T]) -> T:
        """Await a call; while it takes longer than ``SILENCE``, the link is *silent*."""
        future = asyncio.ensure_future(call)
        try:
            done, _ = await asyncio.wait({future}, timeout=SILENCE)
            if not done:
                self._update(link=Link.SILENT, trouble="libvirt does not answer")
            result = await future
        finally:  # an error that comes when nobody waits any more would be a fault of ours
            future.cancel()
        self._update(link=Link.CONNECTED, answered=time.monotonic(), trouble="")
        return result

    async def _open(self) -> None:
        self.backend.abandon()
        for lane in (self.worker.reads, self.worker.changes):
            lane.abandon(Disconnected("The connection was lost before libvirt answered."))
        through = await self.worker.reads.call(self.backend.jump_host)
        async with self._turn(through):
            host = await self.worker.reads.call(self.backend.connect)
        self.opened(host)
        self._on_again()

    async def _serve(self) -> None:
        self._lost.clear()
        on_event = from_threads(self._take_event)
        tasks = [
            asyncio.create_task(self._tick()),
            asyncio.create_task(self._summarise()),
            asyncio.create_task(self._request_summaries()),
            asyncio.create_task(self._watch_events(on_event)),
            asyncio.create_task(self._lost.wait()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            raise Disconnected("The connection to libvirt is gone.")
        finally:
            for task in tasks:
                task.cancel()
            # several may say that the host is gone, and one of them is heard
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch_events(self, on_event: Callable[[HostEvent], None]) -> None:
        """Open the events connection once the domains are there; do without if need be."""
        await self._listed.wait()
        with contextlib.suppress(SnaptuiError):
            await self.worker.reads.call(
                lambda: self.backend.watch(on_event), priority=Priority.BACKGROUND
            )
        await asyncio.Event().wait()

    async def _tick(self) -> None:
        while True:
            self._hinted.clear()
            try:
                listed = await self.answered(
                    self.worker.reads.call(self.backend.domains, priority=Priority.VISIBLE)
                )
            except Disconnected:
                raise
            except SnaptuiError as error:
                self._update(link=Link.UNREADABLE, trouble=error.message)
            else:
                self._list(listed)
            await wait(self._hinted, TICK)

    def _list(self, listed: tuple[Domain, ...]) -> None:
        domains = {domain.key: domain for domain in listed}
        new = [key for key in domains if key not in self.state.domains]
        if domains != self.state.domains or not self.state.loaded:
            summaries = {k: v for k, v in self.state.summaries.items() if k in domains}
            self._update(
                domains=MappingProxyType(domains),
                summaries=MappingProxyType(summaries),
                loaded=True,
            )
        self._listed.set()
        self._want(new)

    async def _request_summaries(self) -> None:
        while True:
            self._want(self.state.domains)
            await asyncio.sleep(SUMMARIES)

    async def _summarise(self) -> None:
        """Read the wanted summaries, those on screen first, a few at a time."""
        running: set[asyncio.Task[None]] = set()
        while True:
            while not self._wanted:
                self._due.clear()
                await self._due.wait()
            on_screen = [key for key in self._visible if key in self._wanted]
            key = on_screen[0] if on_screen else next(iter(self._wanted))
            self._wanted.discard(key)
            priority = Priority.VISIBLE if on_screen else Priority.BACKGROUND
            running.add(asyncio.create_task(self._read_summary(key, priority)))
            if len(running) >= 4:
                _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)

    async def _read_summary(self, key: DomainKey, priority: Priority) -> None:
        try:
            summary = await self.worker.reads.call(
                lambda: self.backend.summary(key), key=key, priority=priority
            )
        except SnaptuiError as error:
            known = self.state.summaries.get(key, SnapshotSummary(None))
            summary = replace(known, count=None, error=error.message)
        if key in self.state.domains and self.state.summaries.get(key) != summary:
            self._update(summaries=MappingProxyType({**self.state.summaries, key: summary}))

    def _want(self, keys: Iterable[DomainKey]) -> None:
        self._wanted.update(keys)
        self._due.set()

    def _take_event(self, event: HostEvent) -> None:
        if event.lost:
            self._lost.set()
            return
        self._hinted.set()
        if event.uuid:
            key = DomainKey(self.backend.uri, event.uuid)
            self._want((key,))
            self._on_hint(key)

    async def pause(self, seconds: float | None) -> None:
        """Wait before the next attempt; ``None`` until :meth:`retry`."""
        self._retry.clear()
        await wait(self._retry, seconds)

    def _update(self, **changes: object) -> None:
        state = replace(self.state, **changes)  # type: ignore[arg-type]  # names of HostState's fields
        quiet = replace(state, answered=self.state.answered) == self.state
        self.state = state
        if not quiet:
            self._on_change()
