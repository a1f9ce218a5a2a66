"""The plans that change what libvirt's record of a snapshot says: name, description, a hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from snaptui.common import text
from snaptui.model import group_mark, hold_mark, libvirt_codes
from snaptui.model.snapshot import Kind, Snapshot
from snaptui.plan.checks import by_other_means, domain_checks, name_checks
from snaptui.plan.facts import Facts
from snaptui.plan.loss import NOTHING_LOST, Loss, TextLost
from snaptui.plan.outcome import NO_SPACE, After, End, UndoBy, after, undo
from snaptui.plan.plan import EditIntent, HoldIntent, Plan, impossible
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Remark, remark
from snaptui.plan.steps.domain import DeleteSnapshot, DomainStep
from snaptui.plan.steps.metadata import Redefine
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why


def plan_edit(intent: EditIntent, facts: Facts) -> Plan:
    """Plan another description or name; a hold stays, and what it belongs to."""
    snapshot = facts.snapshots.get(intent.name)
    renamed = intent.new_name not in ("", intent.name)
    verb = "Rename" if renamed else "Describe"
    title = f"{verb} {intent.name} of {facts.status.domain.name}"
    if snapshot is None:
        return impossible(intent, verb, title, facts.absent(intent.name))
    refusals = name_checks.description_problems(intent.description)
    description = group_mark.redescribed(
        snapshot, intent.description, group_mark.group_of(snapshot)
    )
    edited = replace(snapshot, description=description)
    if renamed:
        return _plan_rename(
            intent, facts, snapshot, replace(edited, name=intent.new_name), refusals
        )
    if intent.description == group_mark.described(snapshot):
        refusals.append(refuse(Why.SAME_TEXTS))
    end = after(End.DESCRIBED, facts.status.domain.state, name=snapshot.name)
    lost = TextLost(name=False)
    return _plan(intent, facts, verb, title, end, lost, (Redefine(snapshot, edited),), refusals)


def _plan_rename(
    intent: EditIntent, facts: Facts, snapshot: Snapshot, edited: Snapshot, refusals: list[Refusal]
) -> Plan:
    """Plan another name: a second record, what is below put below it, the first record dropped.

    In this order: libvirt gives the children of a record that is dropped to its parent.
    """
    name = snapshot.name
    refusals += name_checks.name_problems(edited.name, facts, inside=False)
    if snapshot.kind in (Kind.INTERNAL, Kind.MIXED):
        refusals.append(refuse(Why.NAME_IS_INSIDE, Way.DESCRIBE, harm=Harm.NO_WAY_BACK, name=name))
    children = [one for one in facts.snapshots.values() if one.parent == name]
    unread = [one for one in facts.below if one not in facts.snapshots]
    refusals += [refuse(Why.CHILD_UNREAD, name=one) for one in unread]
    refusals += [one for child in children for one in _redefine_refusals(child)]
    steps: tuple[DomainStep, ...] = (
        Redefine(snapshot, edited, current=facts.current == name),
        *(Redefine(child, replace(child, parent=edited.name)) for child in children),
        DeleteSnapshot(snapshot, metadata_only=True),
    )
    title = f"Rename {name} of {facts.status.domain.name}"
    end = after(End.RENAMED, facts.status.domain.state, name=name, new_name=edited.name)
    files = [part.path for part in snapshot.disks if part.path is not None]
    files += [snapshot.memory_path] if snapshot.memory_path is not None else []
    warnings = [remark(Warn.FILES_KEEP_NAMES, files=", ".join(files))] if files else []
    lost = TextLost(name=True)
    return _plan(intent, facts, "Rename", title, end, lost, steps, refusals, warnings)


def plan_hold(intent: HoldIntent, facts: Facts) -> Plan:
    """Plan to hold a snapshot, or to release it."""
    snapshot = facts.snapshots.get(intent.name)
    verb = "Hold" if intent.hold else "Release"
    title = f"{verb} {intent.name} of {facts.status.domain.name}"
    if snapshot is None:
        return impossible(intent, verb, title, facts.absent(intent.name))
    held = hold_mark.hold_of(snapshot)
    refusals: list[Refusal] = []
    state = facts.status.domain.state
    if not intent.hold:
        by = f", held by {held.who} since {held.since}," if held is not None else ""
        if held is None:
            refusals.append(refuse(Why.NOT_HELD, name=snapshot.name))
        end = after(End.RELEASED, state, name=snapshot.name, by=by)
        description = hold_mark.described(snapshot)
        step = Redefine(snapshot, replace(snapshot, description=description))
        return _plan(intent, facts, verb, title, end, NOTHING_LOST, (step,), refusals)
    if held is not None:
        harm = Harm.HOLDER_LOST
        refusals.append(refuse(Why.HELD_ALREADY, harm=harm, name=snapshot.name, who=held.who))
    end = after(End.HELD, state, name=snapshot.name)
    mark = hold_mark.new_hold(facts.who, facts.read_at)
    description = hold_mark.marked(hold_mark.described(snapshot), mark)
    step = Redefine(snapshot, replace(snapshot, description=description))
    return _plan(intent, facts, verb, title, end, NOTHING_LOST, (step,), refusals)


def _redefine_refusals(snapshot: Snapshot) -> Iterator[Refusal]:
    """What libvirt's record says that it does not take back."""
    if snapshot.config is None:
        code = libvirt_codes.INTERNAL_ERROR
        yield refuse(Why.NO_DOMAIN_REDEFINE, code=code, name=snapshot.name)
    elif lacks := [one.target for one in snapshot.disks if one.target not in snapshot.then]:
        # a revert has them from the definition, which had more disks than the guest that ran
        disks, code = text.some(lacks), libvirt_codes.CONFIG_UNSUPPORTED
        yield refuse(Why.DISKS_NOT_OF_THEN, code=code, name=snapshot.name, disks=disks)
    yield from by_other_means.empty_refusals(snapshot, code=libvirt_codes.CONFIG_UNSUPPORTED)


def _plan(
    intent: EditIntent | HoldIntent,
    facts: Facts,
    verb: str,
    title: str,
    end: After,
    lost: Loss,
    steps: tuple[DomainStep, ...],
    refusals: list[Refusal],
    warnings: Sequence[Remark] = (),
) -> Plan:
    snapshot = facts.snapshots[intent.name]
    refusals = [
        *refusals,
        *_redefine_refusals(snapshot),
        *domain_checks.record_refusals(facts),
        *domain_checks.journal_refusals(facts.unrecorded),
    ]
    return Plan(
        intent=intent,
        verb=verb,
        title=title,
        after=end,
        lost=lost,
        undo=undo(UndoBy.SAME_KEY),
        space=NO_SPACE,
        refusals=tuple(refusals),
        warnings=(*warnings, *domain_checks.version_warnings(facts)),
        unchecked=(),
        lines=tuple(step.virsh(facts.host, facts.status.domain) for step in steps),
        steps=steps,
        type_name=False,
    )
