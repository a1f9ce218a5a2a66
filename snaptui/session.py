"""All that is alive for one host: its connection, its watches and its operations. No screen."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from snaptui.backend.protocol.backend import Backend
from snaptui.common.ahead import Tell, nobody
from snaptui.common.errors import Disconnected, SnaptuiError
from snaptui.common.worker import Worker, start
from snaptui.config import HostEntry
from snaptui.model.domain import Domain, DomainKey
from snaptui.model.guest_agent import Agent, AgentState
from snaptui.model.host import Host
from snaptui.model.operation_record import StepKind
from snaptui.model.snapshot import Snapshot
from snaptui.monitor.figures import FiguresWatch
from snaptui.monitor.free_space import Filling
from snaptui.monitor.host import HostWatch, Link
from snaptui.monitor.images import WAITING, ImageWatch
from snaptui.monitor.openings import Turn
from snaptui.monitor.seen import Sights
from snaptui.monitor.snapshots import SnapshotWatch
from snaptui.monitor.usage import Counting
from snaptui.operations.operation import ASK_AGAIN, Operation, Phase
from snaptui.operations.runner import Operations
from snaptui.storage.backing_chain import NO_LAYERS
from snaptui.storage.disk_cost import NOT_YET, WRITTEN_SINCE, as_counted
from snaptui.storage.in_image import Images, Unmanaged, internal_disks, unmanaged_in
from snaptui.storage.qcow2.usage import ImageUsage

if TYPE_CHECKING:
    from snaptui.discovery.group_members import Members
    from snaptui.operations.recovery import CutShort, Finding
    from snaptui.plan.plan import Intent
    from snaptui.plan.planner import AnyFacts

T = TypeVar("T")


class Listener(Protocol):
    """Who is told what changed, on the loop."""

    def host_changed(self) -> None:
        """Domains, link, numbers of snapshots, or how full the file systems are."""

    def snapshots_changed(self) -> None:
        """The snapshots of the selected domain, or more of their details."""

    def images_changed(self) -> None:
        """The images that no domain uses, or what is known of the selected one."""

    def counted(self) -> None:
        """More was counted of what images are used for."""

    def operation_changed(self, operation: Operation) -> None:
        """An operation went on or is over."""

    def journal_failed(self, problem: str) -> None:
        """The journal cannot be written."""

    def became(self, cuts: tuple[CutShort, ...], findings: Mapping[int, Finding]) -> None:
        """What became of operations, confirmed together, that an earlier snaptui did not end."""


@dataclass(frozen=True, slots=True)
class KnownHost:
    """A host that is to be looked at, and what is known of it so far.

    Attributes:
        backend: not watched by anybody else.
        host: what it answered, if it was connected.
        listed: its domains, if they were listed then.
        images: paths of images to show, without symbolic links.
    """

    entry: HostEntry
    backend: Backend
    host: Host | None = None
    listed: tuple[Domain, ...] | None = None
    images: tuple[str, ...] = ()


class Session:
    """A host as long as it is looked at.

    Args:
        turn: holds a connection back until it may be opened.
        entered: it is looked at closely from the start; else it is only listed.

    Attributes:
        entry: what it was named by.
        sights: what was seen of its domains so far.
    """

    def __init__(
        self,
        known: KnownHost,
        operations: Operations,
        listener: Listener,
        turn: Turn,
        *,
        entered: bool,
    ) -> None:
        self._listener = listener
        self.entry = known.entry
        self.backend = backend = known.backend
        self.worker = Worker()
        self.operations = operations
        self.host = HostWatch(
            backend,
            self.worker,
            turn=turn,
            entered=entered,
            on_change=self._host_changed,
            on_hint=self._hinted,
            on_again=self._again,
        )
        self.snapshots = SnapshotWatch(
            backend,
            self.worker,
            on_change=self._snapshots_changed,
            making=lambda key: self.operations.making(key),
        )
        self.counting = Counting(backend, self.worker, on_change=self._counted)
        self.figures = FiguresWatch(on_change=listener.host_changed)
        self.filling = Filling(
            backend,
            self.worker,
            lambda: self.host.state.domains,
            closely=lambda: self.host.entered,
            on_change=listener.host_changed,
        )
        self.images = ImageWatch(
            backend,
            self.worker,
            lambda: self.host.state.host or self.host.state.trouble,
            known.images,
            on_change=self._images_changed,
        )
        self.sights = Sights()
        self._images_here = bool(known.images)
        self._tasks: list[asyncio.Task[None]] = []
        self._connected = asyncio.Event()
        self._further = asyncio.Event()
        self._entered = asyncio.Event()
        if entered:
            self._entered.set()
        if known.host is not None:
            self.host.opened(known.host, known.listed)

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed on it."""
        host = self.host.state.host
        return self.entry.read_only or (host is not None and host.read_only)

    @property
    def uri(self) -> str:
        """The ``host`` of all its keys."""
        return self.backend.uri

    @property
    def away(self) -> str:
        """Why it cannot be asked now; empty when it can."""
        link = self.host.state.link
        return "" if link in (Link.CONNECTED, Link.UNREADABLE) else link.value

    @property
    def in_snapshots(self) -> int:
        """Bytes that only snapshots hold, of what was counted in the fullest file system.

        A lower bound: overlays are not in it, nor images that nobody has counted yet.
        """
        places = self.filling.fullest.directories
        return sum(
            usage.usage.snapshots_only
            for path, usage in self.counting.state.counted.items()
            if isinstance(usage, ImageUsage) and os.path.dirname(path) in places
        )

    @property
    def uuids(self) -> frozenset[str]:
        """Of the domains that it was seen with last."""
        return frozenset(key.uuid for key in self.host.state.domains)

    def start(self) -> None:
        """Begin to watch the host, and look what became of operations that were cut short."""
        self._tasks += [start(self.host.run()), start(self._begin())]

    def look_further(self) -> None:
        """Begin with what the first screen does without, once it is connected."""
        self._further.set()

    async def _begin(self) -> None:
        await self._connected.wait()
        self._tasks.append(start(self._tell_cut_short()))
        await self._further.wait()
        self._tasks.append(start(self.filling.run()))
        await self._entered.wait()
        self.images.start()

    def _host_changed(self) -> None:
        if self.host.state.host is not None:
            self._connected.set()
        elif self.host.state.trouble and self._images_here:
            self._images_here = False
            self.images.start()  # they can be looked at without it
        if self.host.state.loaded:
            self.sights.listed(self.host.state.domains)
        self._listener.host_changed()

    def enter(self) -> None:
        """The screen is about this host now."""
        self.host.enter()
        self.filling.look_now()
        self._entered.set()

    def deselect(self) -> None:
        """The screen is about another host now."""
        self.snapshots.select(None)
        self.images.select(None)

    def leave(self) -> None:
        """Only list the host from now on, over one connection; never while it is changed."""
        self.host.leave()

    def stop(self) -> None:
        """Stop watching; calls under way are left behind."""
        for task in self._tasks:
            task.cancel()
        self.snapshots.stop()
        self.images.stop()
        self.counting.stop()
        self.figures.stop()
        self.backend.abandon()

    async def read_facts(self, intent: Intent, tell: Tell = nobody) -> AnyFacts:
        """Read the facts for a dialog.

        Args:
            tell: is told on other threads how far it is, where the host is far.

        Raises:
            SnaptuiError: not connected, or what it is about cannot be read.
        """
        from snaptui.plan.facts import Facts

        host = self.host.state.host
        if host is None:
            raise Disconnected("There is no connection.")
        facts = await self.operations.facts(host, intent, tell)
        counted = self.counting.state.counted
        if isinstance(facts, Facts):
            if facts.agent is not None:
                self.host.agent_said(facts.status.domain.key, facts.agent)
            images = facts.images.items()
            now = (as_counted(counted.get(path, NOT_YET), image) for path, image in images)
            if WRITTEN_SINCE in now:
                self.snapshots.look_again()  # they are counted again then
        return replace(facts, counted=counted)

    async def find_group(self, group: str, tell: Callable[[int, int], None]) -> Members:
        """Find all snapshots of a group on the host."""
        from snaptui.discovery.group_members import find

        domains = self.host.state.domains.values()
        return await find(self.backend, self.worker, domains, group, tell)

    async def ask_agent(self, key: DomainKey) -> None:
        """Ask a guest's agent whether it is frozen; seconds if it is silent."""
        with contextlib.suppress(SnaptuiError):  # then nothing is known
            agent = await self.worker.reads.call(lambda: self.backend.agent(key), key=key)
            self.host.agent_said(key, agent)

    async def read(self, call: Callable[[], T], key: DomainKey) -> T:
        """Run a reading call that the user asked for."""
        return await self.worker.reads.call(call, key=key)

    def sign_in(self) -> None:
        """Connect while the terminal is free for questions; blocks.

        Raises:
            SnaptuiError: it cannot be opened.
        """
        self.host.opened(self.backend.connect(interactive=True))

    def count(self, *, again: bool = False) -> None:
        """Count the selected image, or those of the selected domain; anew, if so asked."""
        shown, image = self.snapshots.shown, self.images.shown
        wanted: Images = {}
        layers = NO_LAYERS
        if image is not None and image.head != WAITING:
            wanted = {image.key.path: image.head}
        elif shown is not None:
            wanted, layers = shown.images, shown.layers
        host = self.host.state.host
        near = host is None or host.local  # without one there are images of here alone
        self.counting.want(wanted, near=near, layers=layers, again=again)

    async def _tell_cut_short(self) -> None:
        """Look what became of operations that an earlier snaptui did not end, and say it."""
        host = self.host.state.host
        if host is None or self.read_only:
            return
        if problem := await self.operations.records.open():
            self._listener.journal_failed(problem)
        cut_short = await self.operations.records.cut_short(host)
        await asyncio.gather(*map(self._tell_what_became, cut_short))

    async def _tell_what_became(self, cuts: tuple[CutShort, ...]) -> None:
        """Of what was confirmed together; one that stays busy keeps no other waiting."""
        findings = {cut.record.number: await self._what_became(cut) for cut in cuts}
        self._listener.became(cuts, findings)

    async def _what_became(self, cut: CutShort) -> Finding:
        """Ask the host until it says what became of an operation."""
        while True:
            with contextlib.suppress(SnaptuiError):
                if (
                    found := await self.operations.records.resolve(cut, self.backend.uri)
                ) is not None:
                    return found
            await asyncio.sleep(ASK_AGAIN)

    def _images_changed(self) -> None:
        self.count()
        self._listener.images_changed()

    def _counted(self) -> None:
        self._weigh()
        self._listener.counted()

    def _weigh(self) -> None:
        """Keep what the snapshots of the selected domain take, once all was read."""
        shown, counting = self.snapshots.shown, self.counting
        known = shown.snapshots if shown is not None else None
        if shown is None or known is None or not known.complete or counting.under_way:
            return
        things: tuple[Snapshot | Unmanaged, ...] = (
            *known.details.values(),
            *unmanaged_in(known.names, shown.images),
        )
        self.figures.weigh({shown.key: (things, shown.layers)}, counting.state.counted)

    def _snapshots_changed(self) -> None:
        shown = self.snapshots.shown
        if shown is not None and shown.snapshots is not None and not shown.error:
            self.sights.read(shown.key, shown.snapshots)
        self.count()
        self._weigh()
        self._listener.snapshots_changed()

    def operation_changed(self, operation: Operation) -> None:
        """An operation on the host went on or is over: what it may have changed is read again."""
        key = operation.plan.intent.key
        over = operation.phase.over
        if over and (reverted := frozenset(_reverted_in(operation))):
            self.counting.forget(reverted)
            self.count()
        if not isinstance(key, DomainKey):
            if over:
                self.images.look_again()
            return
        if operation.phase is Phase.DONE and operation.plan.steps[-1].kind is StepKind.THAW:
            self.host.agent_said(key, Agent(AgentState.ANSWERS))
        if over:
            self.host.look_again(key)
            shown = self.snapshots.shown
            if shown is not None and shown.key == key:
                self.snapshots.look_again()

    def _again(self) -> None:
        """The host is there again: read everything anew."""
        self.snapshots.look_again()
        self.images.look_again()

    def _hinted(self, key: DomainKey) -> None:
        self.filling.changed(key)
        shown = self.snapshots.shown
        if shown is not None and shown.key == key:
            self.snapshots.look_again()


def _reverted_in(operation: Operation) -> Iterator[str]:
    """The images whose disks are those of a snapshot inside them again."""
    from snaptui.plan.steps.domain import RevertTo
    from snaptui.plan.steps.image import ApplyEntry

    for step in operation.plan.steps:
        if isinstance(step, RevertTo):
            yield from (disk.path for disk in internal_disks(step.snapshot) if disk.path)
        elif isinstance(step, ApplyEntry):
            yield step.path
