"""What a revert promises of its undo, and what the undo then brings back, and the undo of that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.choices import SafetyKind
from snaptui.model.domain import DomainKey
from snaptui.model.host import Host
from snaptui.model.safety_mark import is_safety
from snaptui.operations.step_calls import differences, expected_after, in_the_way, perform
from snaptui.plan.outcome import UndoBy
from snaptui.plan.plan import Plan, RevertIntent
from snaptui.plan.planner import make_plan
from tests.live.matrix.guest import OFF, PAUSED, RUNNING, Guest, Kind

STATES = (OFF, RUNNING, PAUSED)
PROMISES = {UndoBy.DISKS_AND_RAM: True, UndoBy.DISKS: False, UndoBy.DISKS_POWERED_OFF: False}
"""What the plan says of its undo, and whether the guest goes on where it was."""


@dataclass(frozen=True)
class Undo:
    """A revert and its undo.

    Attributes:
        taken: state of the guest when the snapshot was taken.
        state: the same when it is reverted to.
        how: the snapshot is taken.
    """

    taken: str
    state: str
    kind: SafetyKind
    how: Kind = Kind.INTERNAL

    @property
    def since(self) -> tuple[int, int]:
        """The first libvirt that can do it."""
        return (0, 0) if self.how is Kind.INTERNAL else (9, 9)

    @property
    def words(self) -> str:
        taken = f"{self.how}, taken {self.taken}"
        return f"{taken}, reverted to while {self.state}, keeping {self.kind.value}"


def undos() -> Iterator[Undo]:
    """All of them; what is off has no RAM to keep."""
    kinds = (SafetyKind.DISKS, SafetyKind.DISKS_AND_RAM)
    for taken, state, kind in product(STATES, STATES, kinds):
        if state != OFF or kind is SafetyKind.DISKS:
            yield Undo(taken, state, kind)
            yield Undo(taken, state, kind, Kind.EXTERNAL)
            if taken != OFF:
                yield Undo(taken, state, kind, Kind.WITH_RAM)


def otherwise(backend: LibvirtBackend, host: Host, guest: Guest, undo: Undo) -> list[str]:
    """What is otherwise than was promised, in words.

    Disks are compared by their bytes, after the revert, after its undo, and after the undo of that.
    """
    guest.define()
    guest.go(undo.taken)
    guest.take(undo.how, "good")
    guest.go(undo.state)
    wrong: list[str] = []
    target, kind = "good", undo.kind
    held = {"good": guest.held["good"]}
    states = {"good": OFF if undo.how is Kind.EXTERNAL else undo.taken}
    for what in ("the revert", "the undo", "the undo of the undo"):
        before, known = guest.state, guest.snapshots()
        plan = _reverted(backend, host, guest.key, target, kind, wrong)
        guest.now, left = dict(held[target]), dict(guest.now)
        wrong += [f"after {what}: {words}" for words in guest.otherwise()]
        if guest.state != states[target]:
            wrong.append(f"after {what} it is {guest.state}, not {states[target]}")
        made = [name for name in guest.snapshots() - known if is_safety(name)]
        if len(made) != 1:
            return [*wrong, f"{what} took {len(made)} safety snapshots"]
        target = made[0]
        held[target] = left
        states[target] = before if PROMISES[plan.undo.by] else OFF
        kind = SafetyKind.DISKS_AND_RAM if guest.state != OFF else SafetyKind.DISKS
    return wrong


def _reverted(
    backend: LibvirtBackend,
    host: Host,
    key: DomainKey,
    name: str,
    kind: SafetyKind,
    wrong: list[str],
) -> Plan:
    """Carry out a revert, as the program does; what goes wrong is noted."""
    intent = RevertIntent(key, name, safety=kind)
    expected = read_facts(backend, host, intent)
    plan = make_plan(intent, expected)
    assert plan.possible, plan.refusals
    for step in plan.steps:
        before = read_facts(backend, host, intent)
        wrong += map(str, in_the_way(step, expected, before))
        perform(backend, key, step, lambda _: None)
        expected = read_facts(backend, host, intent)
        wrong += map(str, differences(expected_after(step, before), expected))
    return plan
