"""The plans that change what libvirt's record of a snapshot says: name, description, a hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from snaptui.model import Kind, Snapshot
from snaptui.plan import checks, group, hold
from snaptui.plan.facts import Facts
from snaptui.plan.metadata_steps import Redefine
from snaptui.plan.plan import EditIntent, HoldIntent, Plan, impossible
from snaptui.plan.refusal import Harm, Refusal
from snaptui.plan.steps import DeleteSnapshot, DomainStep


def plan_edit(intent: EditIntent, facts: Facts) -> Plan:
    """Plan another description or name; a hold stays, and what it belongs to."""
    snapshot = facts.snapshots.get(intent.name)
    renamed = intent.new_name not in ("", intent.name)
    verb = "Rename" if renamed else "Describe"
    title = f"{verb} {intent.name} of {facts.status.domain.name}"
    if snapshot is None:
        return impossible(intent, verb, title, facts.absent(intent.name))
    refusals = checks.description_problems(intent.description)
    description = group.redescribed(snapshot, intent.description, group.group_of(snapshot))
    after = replace(snapshot, description=description)
    if renamed:
        return _plan_rename(intent, facts, snapshot, replace(after, name=intent.new_name), refusals)
    if intent.description == group.described(snapshot):
        refusals.append("Name and description are as they were.")
    words = f"{snapshot.name} has the new description; all else of it stays as it is."
    return _plan(intent, facts, title, words, (Redefine(snapshot, after),), refusals)


def _plan_rename(
    intent: EditIntent, facts: Facts, snapshot: Snapshot, after: Snapshot, refusals: list[str]
) -> Plan:
    """Plan another name: a second record, what is below put below it, the first record dropped.

    In this order: libvirt gives the children of a record that is dropped to its parent.
    """
    name = snapshot.name
    refusals += checks.name_problems(after.name, facts, inside=False)
    if snapshot.kind in (Kind.INTERNAL, Kind.MIXED):
        refusals.append(
            Refusal(
                f"The data of {name} lie inside the images under this name, which no tool can "
                "change, and libvirt would not find them under another one: it could not be "
                "reverted to any more. Describe it instead, or copy it out of its image.",
                harm=Harm.NO_WAY_BACK,
            )
        )
    children = [one for one in facts.snapshots.values() if one.parent == name]
    unread = [one for one in facts.below if one not in facts.snapshots]
    refusals += [f"{one}, which is below it, could not be read." for one in unread]
    steps: tuple[DomainStep, ...] = (
        Redefine(snapshot, after, current=facts.current == name),
        *(Redefine(child, replace(child, parent=after.name)) for child in children),
        DeleteSnapshot(snapshot, metadata_only=True),
    )
    title = f"Rename {name} of {facts.status.domain.name}"
    words = f"{name} is called {after.name}; its place, time, data and all below it stay."
    files = [part.path for part in snapshot.disks if part.path is not None]
    files += [snapshot.memory_path] if snapshot.memory_path is not None else []
    warnings = [f"Its files keep their names: {', '.join(files)}."] if files else []
    return _plan(intent, facts, title, words, steps, refusals, warnings)


def plan_hold(intent: HoldIntent, facts: Facts) -> Plan:
    """Plan to hold a snapshot, or to release it."""
    snapshot = facts.snapshots.get(intent.name)
    verb = "Hold" if intent.hold else "Release"
    title = f"{verb} {intent.name} of {facts.status.domain.name}"
    if snapshot is None:
        return impossible(intent, verb, title, facts.absent(intent.name))
    held = hold.hold_of(snapshot)
    refusals: list[str] = []
    if not intent.hold:
        by = f", held by {held.who} since {held.since}" if held is not None else ""
        if held is None:
            refusals.append(f"{snapshot.name} is not held.")
        after = f"{snapshot.name}{by}, can be deleted again."
        description = hold.described(snapshot)
        step = Redefine(snapshot, replace(snapshot, description=description))
        return _plan(intent, facts, title, after, (step,), refusals)
    if held is not None:
        sentence = f"{snapshot.name} is held by {held.who} already."
        refusals.append(Refusal(sentence, harm=Harm.HOLDER_LOST))
    after = (
        f"snaptui does not delete {snapshot.name} until it is released; virsh and others still "
        "can. The mark is in its description."
    )
    mark = hold.new_hold(facts.who, facts.read_at)
    description = hold.marked(hold.described(snapshot), mark)
    step = Redefine(snapshot, replace(snapshot, description=description))
    return _plan(intent, facts, title, after, (step,), refusals)


def _plan(
    intent: EditIntent | HoldIntent,
    facts: Facts,
    title: str,
    after: str,
    steps: tuple[DomainStep, ...],
    refusals: list[str],
    warnings: Sequence[str] = (),
) -> Plan:
    snapshot = facts.snapshots[intent.name]
    if snapshot.config is None:
        sentence = f"The metadata of {snapshot.name} hold no domain, and libvirt takes none such."
        refusals = [*refusals, Refusal(sentence, code=checks.INTERNAL_ERROR)]
    refusals = [
        *refusals,
        *checks.metadata_refusals(facts),
        *checks.journal_refusals(facts.unrecorded),
    ]
    verb = title.partition(" ")[0]
    lost = {"Describe": "the description as it was", "Rename": "the name as it was"}
    return Plan(
        intent=intent,
        verb=verb,
        title=title,
        after=after,
        lost=lost.get(verb, "nothing"),
        undo="yes, by the same key; the XML is saved before",
        space="needs nothing",
        refusals=tuple(refusals),
        warnings=(*warnings, *checks.version_warnings(facts)),
        unchecked=(),
        lines=tuple(step.virsh(facts.host, facts.status.domain) for step in steps),
        steps=steps,
        type_name=False,
    )
