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

from snaptui.backend.protocol.backend import Backend
from snaptui.backend.protocol.connection import HostEvent
from snaptui.common.errors import Disconnected, SignInNeeded, SnaptuiError
from snaptui.common.worker import Priority, Worker, from_threads, wait
from snaptui.model.domain import Domain, DomainKey
from snaptui.model.guest_agent import Agent, AgentState
from snaptui.model.host import Host
from snaptui.model.snapshot import SnapshotSummary
from snaptui.monitor.openings import Turn
from snaptui.monitor.summaries import ROUND, Summaries

T = TypeVar("T")

TICK = 2.0
"""Seconds between two looks at the list of domains."""
SEEN, UNSEEN = 5.0, 15.0
"""The same of a host that is only listed: while some of it is on screen, and while nothing is."""
SILENCE = 3.0
"""Seconds without an answer after which what is shown counts as stale."""
SHARE = 0.003
"""Of the time, what the list may take of a core; with some 300 domains it is looked at less often
than every two seconds. Events tell of most that changes."""
PASSING = 1.0
"""Seconds after which a host that was entered is taken for one that stays so: whoever goes through
a list of hosts opens no connections to all of them."""
GIVE_UP = 30.0
"""Seconds without an answer after which a host that is only listed counts as lost: there is no
events connection, whose keepalive would have told. It is more than a revert takes for long."""
LONGEST = 3600.0
"""Of these at most: each time doubles them, because each leaves a thread in its call."""
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
        entered: whether it begins as one that was entered.
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
        entered: bool = True,
    ) -> None:
        self.backend = backend
        self.worker = worker
        self.state = HostState()
        self._turn = turn
        self._on_change = on_change
        self._on_hint = on_hint
        self._on_again = on_again
        self._summaries = Summaries(backend, worker, self._summarised)
        self._entering, self._leaving = asyncio.Event(), asyncio.Event()
        (self._entering if entered else self._leaving).set()
        self._passing = False
        self._patience = GIVE_UP
        self._hinted = asyncio.Event()
        self._lost = asyncio.Event()
        self._retry = asyncio.Event()
        self._listed = asyncio.Event()

    def opened(self, host: Host, listed: tuple[Domain, ...] | None = None) -> None:
        """Take over a connection that was opened elsewhere, and what was listed there."""
        self._update(host=host, link=Link.CONNECTED, answered=time.monotonic(), trouble="")
        if listed is not None:
            self._list(listed)

    @property
    def entered(self) -> bool:
        """Whether the host is more than listed: see :meth:`enter`."""
        return self._entering.is_set()

    def enter(self) -> None:
        """Look at the host closely: events, all numbers of snapshots, a list every two seconds.

        A host that is only listed has one connection, over which its domains are listed now and
        then, and the numbers of those on screen are read.
        """
        if not self.entered:
            self._leaving.clear()
            self._passing = True
            self._entering.set()
            self._hinted.set()

    def leave(self) -> None:
        """Only list the host from now on, over the one connection; never while it is changed."""
        if self.entered:
            self._entering.clear()
            self._leaving.set()
            self.backend.only_list()

    def show(self, visible: Iterable[DomainKey]) -> None:
        """Say which domains are on screen: their numbers of snapshots are read first."""
        hidden = not self._summaries.visible
        self._summaries.show(visible)
        if hidden and self._summaries.visible and not self.entered:
            self._hinted.set()

    def look_again(self, key: DomainKey) -> None:
        """Read one domain's number of snapshots again."""
        self._summaries.want((key,))
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
            if not done and not self.entered:
                done, _ = await asyncio.wait({future}, timeout=self._patience - SILENCE)
                if not done and not self.entered:
                    waited, self._patience = self._patience, min(2 * self._patience, LONGEST)
                    raise Disconnected(f"libvirt has not answered for {waited:g} seconds.")
            result = await future
        finally:  # an error that comes when nobody waits any more would be a fault of ours
            future.cancel()
        self._patience = GIVE_UP
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
            asyncio.create_task(self._summaries.run()),
            asyncio.create_task(self._summarise_again()),
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
        while True:
            await self._entering.wait()
            if self._passing:
                await wait(self._leaving, PASSING)
                self._passing = False
                if not self.entered:
                    continue
                self._summaries.want(self.state.domains)
            with contextlib.suppress(SnaptuiError):
                await self.worker.reads.call(
                    lambda: self.backend.watch(on_event), priority=Priority.BACKGROUND
                )
            if not self.entered:  # it was left meanwhile
                self.backend.only_list()
            await self._leaving.wait()

    async def _tick(self) -> None:
        cost = 0.0

        def look() -> tuple[Domain, ...]:
            nonlocal cost
            began = time.thread_time()
            listed = self.backend.domains()
            cost = time.thread_time() - began
            return listed

        while True:
            self._hinted.clear()
            try:
                listed = await self.answered(
                    self.worker.reads.call(look, priority=Priority.VISIBLE)
                )
            except Disconnected:
                raise
            except SnaptuiError as error:
                self._update(link=Link.UNREADABLE, trouble=error.message)
            else:
                self._list(listed)
            await wait(self._hinted, max(self._until_next, cost / SHARE))

    @property
    def _until_next(self) -> float:
        """Seconds until the next look at the list; many hosts shall not be asked at once."""
        if self.entered:
            return TICK
        pause = SEEN if self._summaries.visible else UNSEEN
        return pause * random.uniform(1 - JITTER, 1 + JITTER)

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
            self._summaries.keep(domains.keys())
        self._listed.set()
        if self.entered:
            self._summaries.want(new)

    async def _summarise_again(self) -> None:
        self._summaries.want(self.state.domains if self.entered else self._summaries.visible)
        while True:
            await asyncio.sleep(ROUND)
            self._summaries.want_round(beside=self.entered)

    def _summarised(self, read: Mapping[DomainKey, SnapshotSummary]) -> None:
        there = {key: one for key, one in read.items() if key in self.state.domains}
        self._update(summaries=MappingProxyType({**self.state.summaries, **there}))

    def _take_event(self, event: HostEvent) -> None:
        if event.lost:
            self._lost.set()
            return
        self._hinted.set()
        if event.uuid:
            key = DomainKey(self.backend.uri, event.uuid)
            self._summaries.want((key,))
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
