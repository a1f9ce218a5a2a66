"""Groups over two hosts of which one goes away: nothing harmed, and said as it is."""

from __future__ import annotations

import asyncio
import enum
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.config import HostEntry
from snaptui.fleet import Fleet
from snaptui.model.choices import RunState, SafetyKind
from snaptui.model.domain import DomainKey
from snaptui.model.group_mark import Group, new_id
from snaptui.model.operation_record import Became, StepKind
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.monitor.host import Link
from snaptui.operations.operation import Operation, Phase
from snaptui.operations.recovery import CutShort, Finding
from snaptui.plan.plan import CreateIntent, Intent, RevertIntent
from snaptui.plan.planner import make_plans
from snaptui.session import KnownHost
from tests.conftest import one_lab
from tests.lab import Lab
from tests.one_host import reach

NAME = "together"
AWAY = 3.0
"""Seconds for which the host is away."""


class Strike(enum.Enum):
    """How a host goes away; it comes back after a while."""

    KILLED = "its daemon is killed"
    STOPPED = "its daemon is stopped"

    def happen(self, lab: Lab, back: threading.Event) -> None:
        def again() -> None:
            (lab.daemon.restart if self is Strike.KILLED else lab.daemon.resume)()
            back.set()

        (lab.daemon.kill if self is Strike.KILLED else lab.daemon.pause)()
        threading.Timer(AWAY, again).start()


class Moment(enum.Enum):
    """When it does: between the dialog and the key, or around the call for its member."""

    KEY = "after the key"
    BEFORE = "before the call"
    AFTER = "after the call"


class Struck(LibvirtBackend):
    """The backend of the host that goes away."""

    def __init__(self, lab: Lab, strike: Strike, moment: Moment) -> None:
        super().__init__(lab.uri)
        self._lab, self._strike, self._moment = lab, strike, moment
        self.due, self.back = True, threading.Event()

    def at(self, moment: Moment) -> None:
        """Go away, if this is when."""
        if self.due and moment is self._moment:
            self.due = False
            self._strike.happen(self._lab, self.back)

    def create_snapshot(self, key: DomainKey, new: NewSnapshot) -> None:
        wanted = new.name == NAME
        if wanted:
            self.at(Moment.BEFORE)
        super().create_snapshot(key, new)
        if wanted:
            self.at(Moment.AFTER)

    def revert(
        self, key: DomainKey, name: str, state: RunState, *, reset_nvram: bool = False
    ) -> None:
        self.at(Moment.BEFORE)
        super().revert(key, name, state, reset_nvram=reset_nvram)
        self.at(Moment.AFTER)


class Onlooker:
    """Says that something changed, and looks at nothing."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()

    def host_changed(self) -> None:
        self.changed.set()

    def operation_changed(self, _operation: Operation) -> None:
        self.changed.set()

    def snapshots_changed(self) -> None: ...

    def images_changed(self) -> None: ...

    def counted(self) -> None: ...

    def journal_failed(self, problem: str) -> None: ...

    def became(self, cuts: tuple[CutShort, ...], findings: Mapping[int, Finding]) -> None: ...

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true, and look at each change."""
        async with asyncio.timeout(90):
            while not true():
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
def other() -> Iterator[Lab]:
    """The host that goes away."""
    yield from one_lab()


async def carried_out(
    near: Lab, far: Lab, backend: Struck, intents: Sequence[Intent]
) -> tuple[Operation, ...]:
    """Confirm both together, and wait until both have ended."""
    known = (
        KnownHost(HostEntry(near.uri, "near"), LibvirtBackend(near.uri)),
        KnownHost(HostEntry(far.uri, "far"), backend),
    )
    onlooker = Onlooker()
    fleet = Fleet(known, reach, onlooker)
    fleet.start()
    try:
        await onlooker.until(lambda: all(one.host.state.loaded for one in fleet))
        facts = [await fleet.read_facts(intent) for intent in intents]
        plans = make_plans(intents, facts)
        assert all(plan.possible for plan in plans), plans
        begun = fleet.operations.run_together(list(zip(plans, facts, strict=True)))
        backend.at(Moment.KEY)
        await onlooker.until(lambda: not fleet.operations.unfinished)
        assert not backend.due, "it never went away"
        back = fleet.session(far.uri).host
        await onlooker.until(lambda: back.state.link is Link.CONNECTED and backend.back.is_set())
        return tuple(fleet.operations.all[one.number] for one in begun)
    finally:
        fleet.stop()


def group() -> Group:
    return Group(new_id(1_800_000_000.0, "abcd"), 2)


CELLS = [
    pytest.param(
        moment, strike, marks=() if (moment, strike) == (Moment.AFTER, Strike.KILLED) else
        (pytest.mark.long,),
    )
    for moment in Moment
    for strike in Strike
]  # fmt: skip


@pytest.mark.parametrize(("moment", "strike"), CELLS)
async def test_taken_on_two_hosts_one_goes_away(
    lab: Lab, other: Lab, moment: Moment, strike: Strike, tmp_path: Path
) -> None:
    """What is called taken is there; what is not called so is not, or is not known."""
    keys = [one.define("web") for one in (lab, other)]
    intents = [CreateIntent(key, NAME, "", group=group()) for key in keys]
    backend = Struck(other, strike, moment)
    near, far = await carried_out(lab, other, backend, intents)
    for operation, at in ((near, lab), (far, other)):
        told = any(step.kind is StepKind.CREATE for step in operation.plan.steps[: operation.done])
        there = at.snapshots("web") == [NAME]
        assert told is there or operation.became is Became.UNKNOWN, operation.error
        assert operation.title.endswith(" on near" if at is lab else " on far")
    assert lab.snapshots("web") == [NAME], "the other host has nothing to do with it"
    assert near.phase is Phase.DONE or "far" in near.error, near.error


@pytest.mark.parametrize(("moment", "strike"), CELLS)
async def test_reverted_on_two_hosts_one_goes_away(
    lab: Lab, other: Lab, moment: Moment, strike: Strike, tmp_path: Path
) -> None:
    """What is called reverted is; who waits for the other one ends, and says why."""
    keys = []
    for one in (lab, other):
        keys.append(one.define("web"))
        one.snapshot("web", NAME)
        one.snapshot("web", "later")
    intents = [RevertIntent(key, NAME, RunState.RECORDED, SafetyKind.DISKS) for key in keys]
    backend = Struck(other, strike, moment)
    near, far = await carried_out(lab, other, backend, intents)
    for operation, at in ((near, lab), (far, other)):
        told = any(step.kind is StepKind.REVERT for step in operation.plan.steps[: operation.done])
        there = at.current("web") == NAME
        assert told is there or operation.became is Became.UNKNOWN, operation.error
        safe = [name for name in at.snapshots("web") if name.startswith("safety-")]
        assert not there or safe, "none is reverted before it has its safety snapshot"
