"""The plans that change what libvirt's record of a snapshot says: its description, a hold."""

from __future__ import annotations

from snaptui.model import Snapshot
from snaptui.plan import checks, hold
from snaptui.plan.facts import Facts
from snaptui.plan.plan import EditIntent, HoldIntent, Plan, impossible
from snaptui.plan.refusal import Harm, Refusal
from snaptui.plan.steps import Describe


def plan_edit(intent: EditIntent, facts: Facts) -> Plan:
    """Plan another description; a hold stays."""
    snapshot = facts.snapshots.get(intent.name)
    title = f"Describe {intent.name} of {facts.status.domain.name}"
    if snapshot is None:
        return impossible(intent, "Describe", title, facts.absent(intent.name))
    refusals = checks.description_problems(intent.description)
    if intent.description == hold.described(snapshot):
        refusals.append("The description is as it was. Tab goes to it.")
    description = hold.marked(intent.description, hold.hold_of(snapshot))
    after = f"{snapshot.name} has the new description; all else of it stays as it is."
    return _plan(intent, facts, snapshot, title, after, description, refusals)


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
        return _plan(intent, facts, snapshot, title, after, description, refusals)
    if held is not None:
        sentence = f"{snapshot.name} is held by {held.who} already."
        refusals.append(Refusal(sentence, harm=Harm.HOLDER_LOST))
    after = (
        f"snaptui does not delete {snapshot.name} until it is released; virsh and others still "
        "can. The mark is in its description."
    )
    mark = hold.new_hold(facts.who, facts.read_at)
    description = hold.marked(hold.described(snapshot), mark)
    return _plan(intent, facts, snapshot, title, after, description, refusals)


def _plan(
    intent: EditIntent | HoldIntent,
    facts: Facts,
    snapshot: Snapshot,
    title: str,
    after: str,
    description: str,
    refusals: list[str],
) -> Plan:
    if snapshot.config is None:
        sentence = f"The metadata of {snapshot.name} hold no domain, and libvirt takes none such."
        refusals = [*refusals, Refusal(sentence, code=checks.INTERNAL_ERROR)]
    refusals = [
        *refusals,
        *checks.metadata_refusals(facts),
        *checks.journal_refusals(facts.unrecorded),
    ]
    step = Describe(snapshot, description)
    return Plan(
        intent=intent,
        verb=title.partition(" ")[0],
        title=title,
        after=after,
        lost="the description as it was" if isinstance(intent, EditIntent) else "nothing",
        undo="yes, by the same key; the XML is saved before",
        space="needs nothing",
        refusals=tuple(refusals),
        warnings=tuple(checks.version_warnings(facts)),
        unchecked=(),
        lines=(step.virsh(facts.host, facts.status.domain),),
        steps=(step,),
        type_name=False,
    )
