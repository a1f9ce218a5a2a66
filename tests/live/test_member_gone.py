"""Groups with a member that goes away at each stage: nothing harmed, and said as it is."""

from __future__ import annotations

import asyncio
import enum
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import NotFound
from snaptui.common.worker import Worker
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.choices import Form, RunState
from snaptui.model.domain import DomainKey
from snaptui.model.group_mark import Group
from snaptui.model.host import Host
from snaptui.model.operation_record import Became, StepKind
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.operations.batches import of_operations
from snaptui.operations.operation import Operation, Phase
from snaptui.operations.runner import Operations
from snaptui.plan.combine import reverts
from snaptui.plan.plan import CreateIntent, DeleteIntent, Intent, RevertIntent
from snaptui.plan.planner import make_plans
from tests.guest import Guest, skip_without
from tests.lab import Lab, entries, holds, write
from tests.live.together import GROUP, NAME
from tests.one_host import everywhere

PROMISE = 15.0
"""Seconds after which nothing may be frozen, whatever ended."""


class Gone(enum.Enum):
    """How a member goes away."""

    DESTROYED = "destroyed"
    UNDEFINED = "destroyed and undefined"
    KILLED = "its QEMU is gone, and its monitor with it"
    DISK = "its image has another name"

    def happen(self, lab: Lab, name: str) -> None:
        if self is Gone.KILLED:
            os.kill(lab.qemu(name), signal.SIGKILL)
            until(lambda: lab.state(name) == "shut off", "libvirt to see that")
        elif self is Gone.DISK:
            lab.image(name).rename(away(lab, name))
        else:
            lab.virsh("destroy", name, check=False)
            if self is Gone.UNDEFINED:
                lab.virsh("undefine", name, "--snapshots-metadata")


class Moment(enum.Enum):
    """When it does: around the calls for that member, in their order."""

    KEY = "between dialog and key"
    FREEZING = "before freeze"
    FROZEN = "after freeze"
    TAKING = "before create"
    TAKEN = "after create"
    THAWING = "before thaw"
    THAWED = "after thaw"
    REVERTING = "before revert"
    REVERTED = "after revert"
    DELETING = "before delete"
    DELETED = "after delete"


class Meddled(LibvirtBackend):
    """The backend, and what happens to one domain at a moment."""

    def __init__(self, uri: str) -> None:
        super().__init__(uri)
        self.victim: DomainKey | None = None
        self.moment: Moment | None = None
        self.due = True
        self.meddle: Callable[[], None] = lambda: None

    @property
    def host(self) -> Host | None:
        """As if it could revert to what is taken; none of the calls here depends on that."""
        known = super().host
        return known and replace(known, libvirt=(11, 3, 0), reverts_external=True)

    def reach(self, moment: Moment, key: DomainKey | None) -> None:
        if self.due and moment is self.moment and key == self.victim:
            self.due = False
            self.meddle()

    def freeze(self, key: DomainKey) -> None:
        self.reach(Moment.FREEZING, key)
        super().freeze(key)
        self.reach(Moment.FROZEN, key)

    def create_snapshot(self, key: DomainKey, new: NewSnapshot) -> None:
        if new.name == NAME:
            self.reach(Moment.TAKING, key)
        super().create_snapshot(key, new)
        if new.name == NAME:
            self.reach(Moment.TAKEN, key)

    def thaw(self, key: DomainKey) -> None:
        self.reach(Moment.THAWING, key)
        super().thaw(key)
        self.reach(Moment.THAWED, key)

    def revert(
        self, key: DomainKey, name: str, state: RunState, *, reset_nvram: bool = False
    ) -> None:
        self.reach(Moment.REVERTING, key)
        super().revert(key, name, state, reset_nvram=reset_nvram)
        self.reach(Moment.REVERTED, key)

    def delete_snapshot(self, key: DomainKey, name: str, *, metadata_only: bool = False) -> None:
        self.reach(Moment.DELETING, key)
        super().delete_snapshot(key, name, metadata_only=metadata_only)
        self.reach(Moment.DELETED, key)


async def carried_out(
    lab: Lab, state: Path, intents: Sequence[Intent], moment: Moment, meddle: Callable[[], None]
) -> tuple[Operation, ...]:
    """Confirm them together; ``meddle`` happens at a moment of the second."""
    backend, over = Meddled(lab.uri), asyncio.Event()
    backend.connect()
    key = intents[1].key
    assert isinstance(key, DomainKey)
    backend.victim, backend.moment, backend.meddle = key, moment, meddle
    host = backend.host
    assert host is not None

    def changed(_: Operation) -> None:
        if not operations.unfinished:
            over.set()

    operations = Operations(everywhere(backend, Worker()), state=state, on_change=changed)
    facts = [await operations.facts(host, intent) for intent in intents]
    plans = make_plans(intents, facts)
    backend.reach(Moment.KEY, key)
    parts = list(zip(plans, facts, strict=True))
    in_turn = isinstance(intents[0], DeleteIntent)
    begun = operations.run_in_turn(parts) if in_turn else operations.run_together(parts)
    async with asyncio.timeout(90):
        await over.wait()
    assert not backend.due, f"{moment} never came"
    told = tuple(operations.all[one.number] for one in begun)
    assert await recovered(lab, state, host) == (), "all of it is in the journal"
    operations.close()
    backend.abandon()
    return told


async def recovered(lab: Lab, state: Path, host: Host) -> tuple[object, ...]:
    """What another program finds cut short."""
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    later = Operations(everywhere(backend, Worker()), state=state, on_change=lambda _: None)
    await later.records.open()
    found = await later.records.cut_short(host)
    later.close()
    backend.abandon()
    return found


def until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PROMISE
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def away(lab: Lab, name: str) -> Path:
    return lab.image(name).with_suffix(".away")


def there(lab: Lab, name: str) -> list[str]:
    """Its snapshots; none where there is no such domain."""
    return lab.snapshots(name) if name in lab.virsh("list", "--all", "--name").split() else []


def runs(lab: Lab, name: str) -> bool:
    return name in lab.virsh("list", "--name").split()


EARLY = (Moment.KEY, Moment.FREEZING, Moment.FROZEN)
"""Where all or none are taken; later each is taken by itself, so that none waits frozen."""
QUICK = ((Moment.FROZEN, Gone.DESTROYED), (Moment.TAKEN, Gone.KILLED))
LONG = (
    (Moment.KEY, Gone.UNDEFINED),
    (Moment.KEY, Gone.DISK),
    (Moment.FREEZING, Gone.DESTROYED),
    (Moment.FROZEN, Gone.DISK),
    (Moment.TAKING, Gone.KILLED),
    (Moment.TAKING, Gone.UNDEFINED),
    (Moment.TAKEN, Gone.UNDEFINED),
    (Moment.TAKEN, Gone.DISK),
    (Moment.THAWING, Gone.DESTROYED),
    (Moment.THAWED, Gone.UNDEFINED),
)
GROUPED = (*QUICK, *(pytest.param(*one, marks=pytest.mark.long) for one in LONG))


@pytest.mark.parametrize(("moment", "gone"), GROUPED)
async def test_of_guests_frozen_together_one_goes_away(
    lab: Lab, tmp_path: Path, moment: Moment, gone: Gone
) -> None:
    skip_without()
    guests = [Guest(lab, number) for number in range(3)]
    intents = [
        CreateIntent(guest.key, NAME, "", Form.DISK_ONLY, quiesce=True, group=GROUP)
        for guest in guests
    ]
    name = guests[1].name
    operations = await carried_out(
        lab, tmp_path / "state", intents, moment, lambda: gone.happen(lab, name)
    )
    until(lambda: not any(guest.frozen for guest in guests if runs(lab, guest.name)), "all to thaw")
    first, victim, third = operations
    for operation in (first, third):
        taken = there(lab, operation.name) == [NAME]
        assert (operation.phase is Phase.DONE) is taken, operation.error
        assert taken is (moment not in EARLY), operation.error
        assert taken or operation.became in (None, Became.NOT_DONE)
    assert runs(lab, first.name)
    assert runs(lab, third.name)
    steps = victim.plan.steps[: victim.done]
    if gone is not Gone.UNDEFINED:
        took = any(step.kind is StepKind.CREATE for step in steps)
        assert took is (there(lab, name) == [NAME]), victim.error
    assert victim.phase is Phase.FAILED
    assert says(gone, victim, lab.image(name)), (victim.error, victim.hint)
    assert first.batch is not None
    summary = of_operations(first.batch, operations)
    number = sum(any(s.kind is StepKind.CREATE for s in o.plan.steps[: o.done]) for o in operations)
    assert f"{number} of 3 taken" in summary.title
    if moment in EARLY:
        assert "all-or-nothing" in first.error
        assert name in first.error
        assert victim.error in summary.words


def says(gone: Gone, operation: Operation, image: Path) -> bool:
    """Whether what is said of it names what happened to it, in our words or libvirt's."""
    words = f"{operation.error} {operation.hint}"
    wanted = {
        Gone.DESTROYED: ("shut off", "not running"),
        Gone.UNDEFINED: ("is gone", "Domain not found", "not running", "transient", "shut off"),
        Gone.KILLED: ("shut off", "not running", "monitor"),
        Gone.DISK: (str(image),),
    }
    return any(part in words for part in wanted[gone])


def three_that_are_off(lab: Lab, *, grouped: Group) -> list[DomainKey]:
    """Each with a snapshot of the group, and other data since."""
    keys = [lab.define(name) for name in NAMES]
    for name in NAMES:
        lab.snapshot(name, NAME, f"--description=[{grouped.words}]")
        write(lab.image(name), 0x22)
    return keys


NAMES = ("a", "b", "c")


@pytest.mark.parametrize("gone", [Gone.UNDEFINED, Gone.DISK])
def test_one_that_is_gone_before_the_dialog_is_named_there(lab: Lab, gone: Gone) -> None:
    """It is an error, or a refusal of all."""
    keys = three_that_are_off(lab, grouped=Group(GROUP.id, 3, spread=0.4))
    gone.happen(lab, "b")
    backend = LibvirtBackend(lab.uri)
    host = backend.connect()
    intents = [RevertIntent(key, NAME) for key in keys]
    if gone is Gone.UNDEFINED:
        with pytest.raises(NotFound):
            read_facts(backend, host, intents[1])
    else:
        facts = [read_facts(backend, host, intent) for intent in intents]
        plan = reverts(make_plans(intents, facts), NAMES, GROUP, None)
        assert any(str(lab.image("b")) in refusal.words for refusal in plan.refusals)
    backend.abandon()


@pytest.mark.parametrize("gone", [Gone.UNDEFINED, Gone.DISK])
@pytest.mark.parametrize("moment", [Moment.KEY, Moment.REVERTING, Moment.REVERTED])
async def test_of_a_group_that_is_reverted_one_goes_away(
    lab: Lab, tmp_path: Path, moment: Moment, gone: Gone
) -> None:
    """Until all can be undone none is reverted; what comes later stops no other."""
    keys = three_that_are_off(lab, grouped=Group(GROUP.id, 3, spread=0.4))
    intents = [RevertIntent(key, NAME) for key in keys]
    operations = await carried_out(
        lab, tmp_path / "state", intents, moment, lambda: gone.happen(lab, "b")
    )
    first, victim, third = operations
    for name, operation in (("a", first), ("c", third)):
        reverted = moment is not Moment.KEY
        assert (operation.phase is Phase.DONE) is reverted, operation.error
        assert holds(lab.image(name), 0x11 if reverted else 0x22)
        assert reverted or "all-or-nothing. Not ready: b" in operation.error
    kept = away(lab, "b") if gone is Gone.DISK else lab.image("b")
    assert holds(kept, 0x11 if moment is Moment.REVERTED else 0x22)
    if (moment, gone) != (Moment.REVERTED, Gone.DISK) or victim.phase is not Phase.DONE:
        assert victim.phase is Phase.FAILED
        assert says(gone, victim, lab.image("b")), (victim.error, victim.hint)
    assert all("safety" in one for one in there(lab, "a") if one != NAME)


@pytest.mark.parametrize("gone", [Gone.UNDEFINED, Gone.DISK])
@pytest.mark.parametrize("moment", [Moment.KEY, Moment.DELETING, Moment.DELETED])
async def test_of_several_deletes_one_domain_goes_away(
    lab: Lab, tmp_path: Path, moment: Moment, gone: Gone
) -> None:
    """It stops no other; what is written stays."""
    keys = three_that_are_off(lab, grouped=Group(GROUP.id, 3, spread=0.4))
    intents = [DeleteIntent(key, NAME) for key in keys]
    operations = await carried_out(
        lab, tmp_path / "state", intents, moment, lambda: gone.happen(lab, "b")
    )
    first, victim, third = operations
    assert (first.phase, third.phase) == (Phase.DONE, Phase.DONE)
    assert there(lab, "a") == there(lab, "c") == []
    kept = away(lab, "b") if gone is Gone.DISK else lab.image("b")
    assert all(holds(path, 0x22) for path in (lab.image("a"), kept, lab.image("c")))
    inside = [name for _, name in entries(kept)]
    assert inside == ([] if moment is Moment.DELETED else [NAME])
    assert victim.phase is Phase.FAILED
    assert says(gone, victim, lab.image("b")), (victim.error, victim.hint)
    if gone is Gone.DISK and moment is not Moment.KEY:
        assert victim.became is Became.IN_PART, "its record went, and of its data nothing is known"


@pytest.mark.parametrize("gone", [Gone.DESTROYED, Gone.UNDEFINED, Gone.DISK])
async def test_after_a_kill_in_a_group_one_is_gone(lab: Lab, tmp_path: Path, gone: Gone) -> None:
    """The program was ended after the first snapshot; a later one finds what there is."""
    skip_without()
    guests = [Guest(lab, number) for number in range(2)]
    words = [lab.uri, str(tmp_path / "state"), str(int(signal.SIGKILL)), "after create 1"]
    words += [guest.key.uuid for guest in guests]
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.live.together", *words, stdout=asyncio.subprocess.DEVNULL
    )
    assert await killed.wait() == -signal.SIGKILL
    until(lambda: not any(guest.frozen for guest in guests), "all to thaw")
    for guest in guests:
        gone.happen(lab, guest.name)
    backend = LibvirtBackend(lab.uri)
    host = backend.connect()
    operations = Operations(
        everywhere(backend, Worker()), state=tmp_path / "state", on_change=lambda _: None
    )
    (batch,) = await operations.records.cut_short(host)
    for cut in batch:
        finding = await operations.records.resolve(cut, lab.uri)
        assert finding is not None
        taken = NAME in there(lab, cut.record.domain)
        if gone is Gone.UNDEFINED:
            assert finding.became is Became.GONE
        elif finding.became is Became.DONE:
            assert taken
        elif finding.became is Became.NOT_DONE:
            assert not taken
        assert finding.words
    operations.close()
    backend.abandon()
