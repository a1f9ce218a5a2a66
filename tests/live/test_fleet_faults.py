"""Groups over two hosts of which one goes away: nothing harmed, and said as it is."""

from __future__ import annotations

import asyncio
import enum
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.state_files import state_directory
from snaptui.config import HostEntry
from snaptui.fleet import Fleet
from snaptui.model.choices import RunState, SafetyKind
from snaptui.model.domain import DomainKey
from snaptui.model.group_mark import Group, new_id
from snaptui.model.operation_record import Became, Outcome, StepKind, parse
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.monitor.host import Link
from snaptui.operations import barrier
from snaptui.operations.batches import of_operations
from snaptui.operations.operation import Operation, Phase
from snaptui.operations.recovery import CutShort, Finding
from snaptui.plan.plan import CreateIntent, DeleteIntent, Intent, RevertIntent
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

    def happen(self, lab: Lab, back: threading.Event, stay: threading.Event | None) -> None:
        """Go away, for a while or until something is so."""

        def again() -> None:
            if stay is not None:
                assert stay.wait(60)
            (lab.daemon.restart if self is Strike.KILLED else lab.daemon.resume)()
            back.set()

        (lab.daemon.kill if self is Strike.KILLED else lab.daemon.pause)()
        threading.Timer(AWAY if stay is None else 0.0, again).start()


class Moment(enum.Enum):
    """When it does: between the dialog and the key, or around the call for its member."""

    KEY = "after the key"
    BEFORE = "before the call"
    AFTER = "after the call"


class Struck(LibvirtBackend):
    """The backend of the host that goes away, for a while or until something is so."""

    def __init__(
        self, lab: Lab, strike: Strike, moment: Moment, stay: threading.Event | None = None
    ) -> None:
        super().__init__(lab.uri)
        self._lab, self._strike, self._moment, self._stay = lab, strike, moment, stay
        self.due, self.back = True, threading.Event()

    def at(self, moment: Moment) -> None:
        """Go away, if this is when."""
        if self.due and moment is self._moment:
            self.due = False
            self._strike.happen(self._lab, self.back, self._stay)

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


class Failing(LibvirtBackend):
    """The backend of a host on which an image goes away just before its snapshot is taken."""

    due, back = False, threading.Event()
    back.set()

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab.uri)
        self._lab = lab

    def at(self, _moment: Moment) -> None:
        """Nothing happens before."""

    def create_snapshot(self, key: DomainKey, new: NewSnapshot) -> None:
        image = self._lab.image("web")
        image.rename(image.with_suffix(".away"))
        try:
            super().create_snapshot(key, new)
        finally:
            image.with_suffix(".away").rename(image)


class Onlooker:
    """Says that something changed, and looks at operations alone.

    Args:
        see: is told of each.
    """

    def __init__(self, see: Callable[[Operation], None]) -> None:
        self.changed = asyncio.Event()
        self._see = see

    def host_changed(self) -> None:
        self.changed.set()

    def operation_changed(self, operation: Operation) -> None:
        self._see(operation)
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
    near: Lab,
    far: Lab,
    backend: Struck | Failing,
    intents: Sequence[Intent],
    see: Callable[[Operation], None] = lambda _: None,
) -> tuple[Operation, ...]:
    """Confirm both together, and wait until both have ended, and what they led to."""
    known = (
        KnownHost(HostEntry(near.uri, "near"), LibvirtBackend(near.uri)),
        KnownHost(HostEntry(far.uri, "far"), backend),
    )
    onlooker = Onlooker(see)
    fleet = Fleet(known, reach, onlooker)
    fleet.start()
    try:
        await onlooker.until(lambda: all(one.host.state.loaded for one in fleet))
        facts = [await fleet.read_facts(intent) for intent in intents]
        plans = make_plans(intents, facts)
        assert all(plan.possible for plan in plans), plans
        fleet.operations.run_together(list(zip(plans, facts, strict=True)))
        backend.at(Moment.KEY)
        await onlooker.until(lambda: not fleet.operations.unfinished)
        assert not backend.due, "it never went away"
        back = fleet.session(far.uri).host
        await onlooker.until(lambda: back.state.link is Link.CONNECTED and backend.back.is_set())
        return tuple(fleet.operations.all.values())
    finally:
        fleet.stop()


def journal() -> bytes:
    """What was written of the operations."""
    (path,) = Path(state_directory() / "journal").iterdir()
    return path.read_bytes()


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
    """Both are taken or none, whenever it goes away; what is called taken is there."""
    keys = [one.define("web") for one in (lab, other)]
    intents = [CreateIntent(key, NAME, "", group=group()) for key in keys]
    backend = Struck(other, strike, moment)
    near, far, *deletes = await carried_out(lab, other, backend, intents)
    for operation, at in ((near, lab), (far, other)):
        told = operation.has_taken and not operation.undone
        there = at.snapshots("web") == [NAME]
        assert told is there or operation.became is Became.UNKNOWN, operation.error
        assert operation.title.endswith(" on near" if at is lab else " on far")
    assert lab.snapshots("web") == other.snapshots("web")
    assert near.phase is Phase.DONE or far.number in near.because_of, near.error
    assert all(one.phase is Phase.DONE for one in deletes)
    assert len(deletes) == near.undone + far.undone


async def test_what_was_taken_is_deleted_again_where_another_host_refuses(
    lab: Lab, other: Lab
) -> None:
    """The delete is an operation of its own, in the journal, and the group is told as it is."""
    keys = [one.define("web") for one in (lab, other)]
    intents = [CreateIntent(key, NAME, "", group=group()) for key in keys]
    near, far, delete = await carried_out(lab, other, Failing(other), intents)
    assert lab.snapshots("web") == other.snapshots("web") == []
    assert far.phase is Phase.FAILED
    assert near.because_of == (far.number,)
    assert near.undone
    assert delete.phase is Phase.DONE
    assert delete.plan.intent == DeleteIntent(keys[0], NAME)
    assert near.batch is not None
    told = of_operations(near.batch, (near, far))
    assert told.title.endswith(": 0 of 2 taken")
    cause, rest = (told.words.index(f"web on {host}: ") for host in ("far", "near"))
    assert cause < rest
    assert f"{NAME} was deleted again" in told.words[rest:]
    told_of = {one.number: (one.undone, one.outcome) for one in parse(journal())[0]}
    assert told_of == {
        near.number: (True, Outcome.FAILED),
        far.number: (False, Outcome.FAILED),
        delete.number: (False, Outcome.DONE),
    }


@pytest.mark.parametrize(
    "strike",
    [pytest.param(Strike.KILLED), pytest.param(Strike.STOPPED, marks=pytest.mark.long)],
)
async def test_a_host_that_stays_away_is_not_waited_for_and_ends_the_same_way(
    lab: Lab, other: Lab, strike: Strike, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the snapshot is deleted again at once; there once that can be asked, unknown so far."""
    monkeypatch.setattr(barrier, "LOST", 1.0)
    keys = [one.define("web") for one in (lab, other)]
    intents = [CreateIntent(key, NAME, "", group=group()) for key in keys]
    near_over, seen = threading.Event(), list[tuple[str, Phase]]()

    def see(operation: Operation) -> None:
        if operation.batch is not None:
            seen.append((operation.where, operation.phase))
            if operation.where == "near" and operation.phase.over:
                assert operation.undone
                assert lab.snapshots("web") == []
                near_over.set()

    backend = Struck(other, strike, Moment.AFTER, near_over)
    near, far, *deletes = await carried_out(lab, other, backend, intents, see)
    ended = seen.index(("near", Phase.FAILED))
    assert ("far", Phase.ASKING) in seen[:ended], "unknown while the other one ends"
    assert ("far", Phase.FAILED) in seen[ended:]
    assert near.undone
    assert far.undone
    assert [one.phase for one in deletes] == [Phase.DONE] * 2
    assert lab.snapshots("web") == other.snapshots("web") == []


async def test_what_has_another_mark_now_is_not_deleted_again(lab: Lab, other: Lab) -> None:
    """Somebody took it out of the group meanwhile: it is told, and stays."""
    keys = [one.define("web") for one in (lab, other)]
    intents = [CreateIntent(key, NAME, "", group=group()) for key in keys]
    near: list[Operation] = []

    class Slow(Failing):
        def create_snapshot(self, key: DomainKey, new: NewSnapshot) -> None:
            def taken() -> bool:
                return bool(near) and near[-1].done > 0

            while not taken():
                threading.Event().wait(0.05)
            xml = lab.virsh("snapshot-dumpxml", "--domain=web", f"--snapshotname={NAME}")
            mark = group().id
            assert mark in xml
            again = lab.directory / "again.xml"
            again.write_text(xml.replace(mark, mark.replace("abcd", "0000")))
            words = ("--domain=web", f"--xmlfile={again}", "--redefine", "--current")
            lab.virsh("snapshot-create", *words)
            super().create_snapshot(key, new)

    def see(operation: Operation) -> None:
        if operation.where == "near":
            near.append(operation)

    here, _far = await carried_out(lab, other, Slow(other), intents, see)
    assert lab.snapshots("web") == [NAME]
    assert not here.undone
    assert f"{NAME} is there still" in here.hint


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
