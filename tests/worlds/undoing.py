"""The undo that a plan promises, carried out as the program would."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import libvirt

from snaptui.common.errors import SnaptuiError
from snaptui.model.choices import SafetyKind, Scope
from snaptui.model.image import ImageInfo, PlacedEntry
from snaptui.model.safety_mark import is_safety
from snaptui.operations.step_calls import perform
from snaptui.plan.outcome import UndoBy
from snaptui.plan.plan import (
    AdoptIntent,
    CreateIntent,
    DeleteIntent,
    DeleteManyIntent,
    EditIntent,
    HoldIntent,
    ImageApply,
    ImageCreate,
    ImageDelete,
    Intent,
    Plan,
    RevertIntent,
)
from snaptui.plan.words.warn import Warn
from tests.live.matrix.guest import OFF, VARIABLES
from tests.worlds.asking import planned
from tests.worlds.contents import Contents, not_as_before
from tests.worlds.machine import DidNot, Machine
from tests.worlds.member import Member
from tests.worlds.verdict import Kind, Verdict

LATER = {
    UndoBy.DELETE_ONCE_PLACED,
    UndoBy.MERGE_ONCE_ALONE,
    UndoBy.MERGE_ONCE_OPENED,
    UndoBy.MERGE_ONCE_PLACED,
    UndoBy.MERGE_ONCE_UNSHARED,
}
"""What must be done first: until then the undo is refused."""


@dataclass(frozen=True)
class Records:
    """What libvirt knew of a domain's snapshots.

    Attributes:
        xml: by name, parents first.
        current: the name of the current one.
    """

    xml: Mapping[str, str]
    current: str | None


@dataclass(frozen=True)
class Before:
    """What there was, and must be again.

    Attributes:
        states: of all domains; of a guest that the plan halts, that it is off.
        tpm: what the guest's keeps, where nothing of the plan lets it run.
    """

    contents: Contents
    states: Mapping[str, str]
    records: Records
    tpm: bytes | None


AS_BEFORE = {UndoBy.DISKS_AND_RAM}
"""By these the guest goes on where it was; by the other safety snapshots it is off."""


def undo(
    verdict: Verdict,
    machine: Machine,
    member: Member,
    plan: Plan,
    before: Before,
) -> None:
    """Carry it out, and compare all that all domains and images hold with what was before."""
    if plan.undo.by in LATER:
        (intent,) = _delete(machine, member, plan)
        possible = planned(machine, intent)[0].possible
        verdict.compare(Kind.UNDO, *(["it can be undone at once"] if possible else []))
    make = _WAYS.get(plan.undo.by)
    if make is None:
        return
    try:
        intents = make(machine, member, plan)
        wrong = [words for intent in intents for words in _carry_out(machine, intent)]
        if plan.undo.by in (UndoBy.REDEFINE, UndoBy.REDEFINE_CURRENT):
            wrong += _redefined(machine, member, plan, before.records)
    except (SnaptuiError, DidNot, libvirt.libvirtError) as error:
        wrong = [f"{plan.undo.by.name}: {error}"]
    if intents_made := not wrong:
        then = dict(before.contents)
        if any(one.what is Warn.VARIABLES_NOT_KEPT for one in plan.warnings):
            for name in before.states:
                then.pop(f"{name}:{VARIABLES}", None)
        otherwise = not_as_before(then, machine.contents())
        if before.tpm is not None and member.tpm != before.tpm:
            otherwise.append("its TPM holds something else")
        now, off = machine.states(), plan.undo.by in _SAFETIES and plan.undo.by not in AS_BEFORE
        for name, was in before.states.items():
            due = OFF if off and machine.members[name] is member else was
            if now.get(name) != due:
                otherwise.append(f"{name} is {now.get(name)}, not {due}")
        wrong += [f"after the undo {words}" for words in otherwise]
    verdict.undone = intents_made
    verdict.compare(Kind.UNDO, *wrong)


def _carry_out(machine: Machine, intent: Intent) -> list[str]:
    plan, _ = planned(machine, intent)
    if not plan.possible:
        return [f"the undo is refused: {'; '.join(one.words for one in plan.refusals)}"]
    for step in plan.steps:
        perform(machine.backend, intent.key, step, lambda _: None)
    return []


def _delete(machine: Machine, member: Member, plan: Plan) -> Sequence[Intent]:
    if isinstance(plan.intent, ImageCreate):
        key, name = plan.intent.key, plan.intent.name
        head = machine.backend.image(key.path)
        placed = [PlacedEntry(at, one) for at, one in enumerate(head.snapshots) if one.name == name]
        return [ImageDelete(key, tuple(placed))]
    assert isinstance(plan.intent, CreateIntent)
    return [DeleteIntent(member.key, plan.intent.name)]


def _forget(_: Machine, member: Member, plan: Plan) -> Sequence[Intent]:
    assert isinstance(plan.intent, AdoptIntent)
    return [DeleteIntent(member.key, plan.intent.name, Scope.THIS, metadata_only=True)]


def _same_key(_: Machine, member: Member, plan: Plan) -> Sequence[Intent]:
    intent = plan.intent
    if isinstance(intent, HoldIntent):
        return [HoldIntent(member.key, intent.name, not intent.hold)]
    assert isinstance(intent, EditIntent)
    if intent.new_name:
        return [EditIntent(member.key, intent.new_name, "", intent.name)]
    return [EditIntent(member.key, intent.name, "")]


def _safety(_: Machine, member: Member, __: Plan) -> Sequence[Intent]:
    newest = max(name for name in member.snapshots() if is_safety(name))
    return [RevertIntent(member.key, newest, safety=SafetyKind.NONE)]


def _apply(machine: Machine, _: Member, plan: Plan) -> Sequence[Intent]:
    assert isinstance(plan.intent, ImageApply)
    head = machine.backend.image(plan.intent.key.path)
    assert isinstance(head, ImageInfo)
    name = dict(plan.undo.names)["name"]
    for at, one in enumerate(head.snapshots):
        if one.name == name:
            return [ImageApply(plan.intent.key, PlacedEntry(at, one), safety=False)]
    raise DidNot("the entry that it is undone by is not there")


def _nothing(_: Machine, __: Member, ___: Plan) -> Sequence[Intent]:
    return []


def _redefined(machine: Machine, member: Member, plan: Plan, records: Records) -> list[str]:
    """Give libvirt back the records that were saved."""
    assert isinstance(plan.intent, DeleteIntent | DeleteManyIntent) or plan.steps
    for name, xml in records.xml.items():
        with suppress(libvirt.libvirtError):
            if _record(member, name) == xml:
                continue
        path = machine.xml(member, xml)
        current = ["--current"] if name == records.current else []
        machine.virsh("snapshot-create", "--redefine", *current, member.name, str(path))
    wrong = [f"{name} is not known again" for name in records.xml.keys() - member.snapshots()]
    wrong += [
        f"{name} is not known as it was"
        for name in records.xml.keys() & member.snapshots()
        if _record(member, name) != records.xml[name]
    ]
    if records.current is not None and records.current != member.current:
        wrong.append(f"{records.current} is not the current snapshot again")
    return wrong


def _record(member: Member, name: str) -> str:
    snapshot = member.domain.snapshotLookupByName(name)
    return str(snapshot.getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE))


_SAFETIES = (UndoBy.DISKS, UndoBy.DISKS_POWERED_OFF, UndoBy.DISKS_AND_RAM)
_WAYS: Mapping[UndoBy, Callable[[Machine, Member, Plan], Sequence[Intent]]] = {
    UndoBy.DELETE: _delete,
    UndoBy.MERGE: _delete,
    UndoBy.DELETE_METADATA: _forget,
    UndoBy.SAME_KEY: _same_key,
    UndoBy.REDEFINE: _nothing,
    UndoBy.REDEFINE_CURRENT: _nothing,
    UndoBy.APPLY: _apply,
    **dict.fromkeys(_SAFETIES, _safety),
}
