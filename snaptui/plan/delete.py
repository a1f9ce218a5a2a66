"""The plan of a delete."""

from __future__ import annotations

from snaptui import text
from snaptui.model import ImageInfo
from snaptui.plan import checks
from snaptui.plan.facts import Facts
from snaptui.plan.plan import DeleteIntent, Plan
from snaptui.plan.steps import DeleteSnapshot


def plan(intent: DeleteIntent, facts: Facts) -> Plan:
    """Plan the delete of one snapshot, or of it and all below it, leaves first.

    libvirt's own flags for children are never used: they crash its daemon in some trees.
    """
    domain = facts.status.domain
    names = (*reversed(facts.below), intent.name) if intent.children else (intent.name,)
    victims = [facts.snapshots[name] for name in names if name in facts.snapshots]
    refusals = checks.domain_refusals(facts)
    warnings: list[str] = []
    unchecked: list[str] = []
    if intent.name not in facts.names:
        refusals.append(f"The snapshot {intent.name} is not there any more.")
    elif len(victims) != len(names):
        refusals.append("Some of the snapshots could not be read.")
    for snapshot in victims:
        refusals += checks.kind_refusals(snapshot, "delete")
        refusals += checks.overlay_refusals(facts, snapshot)
        gone, twins, _, unread = checks.entry_problems(facts, snapshot)
        warnings += [f"{sentence} Only its metadata go." for sentence in gone]
        refusals += [f"{sentence} libvirt would delete only one of them." for sentence in twins]
        unchecked += unread
    if facts.external:
        refusals.append(
            f"{domain.name} has external snapshots too; deleting internal ones beneath or above "
            "them can destroy data. snaptui does not do it yet."
        )
    if not intent.children and facts.below:
        warnings.append(f"{text.count(len(facts.below), 'snapshot')} below it stay and move up.")
    if facts.unrecorded:
        warnings.append(
            f"The journal cannot be written ({facts.unrecorded}): nothing will tell later how "
            "far this came."
        )
    steps = tuple(DeleteSnapshot(snapshot) for snapshot in victims)
    return Plan(
        intent=intent,
        verb="Delete",
        title=f"Delete {intent.name} of {domain.name}"
        + (" and all below it" if intent.children else ""),
        after=_after(intent, facts, names),
        lost=_lost(facts, steps),
        undo="NO, a deleted snapshot cannot be brought back",
        space=_space(facts, names),
        refusals=tuple(refusals),
        warnings=(*warnings, *checks.version_warnings(facts)),
        unchecked=tuple(unchecked),
        lines=tuple(step.virsh(facts.host, domain) for step in steps),
        steps=() if refusals else steps,
        type_name=bool(unchecked or facts.unrecorded),
    )


def _after(intent: DeleteIntent, facts: Facts, names: tuple[str, ...]) -> str:
    left = text.count(len(set(facts.names) - set(names)), "snapshot")
    after = f"{facts.status.domain.name} goes on as it is, with {left} left."
    if facts.current in names:
        snapshot = facts.snapshots.get(intent.name)
        parent = snapshot.parent if snapshot is not None else None
        after += f" Current becomes {parent or 'none'}."
    return after


def _lost(facts: Facts, steps: tuple[DeleteSnapshot, ...]) -> str:
    if len(steps) == 1:
        snapshot = steps[0].snapshot
        holds = "disks and RAM" if snapshot.has_memory else "disks"
        made = text.when(snapshot.created)
        return f"the state of {made} ({text.age(snapshot.created, facts.read_at)}): {holds}"
    return f"{len(steps)} snapshots: {', '.join(step.snapshot.name for step in steps)}"


def _space(facts: Facts, names: tuple[str, ...]) -> str:
    saved = sum(
        entry.vm_state
        for image in facts.images.values()
        if isinstance(image, ImageInfo)
        for entry in image.snapshots
        if entry.name in names
    )
    frees = f"frees ? ({text.size(saved)} of saved RAM at least)" if saved else "frees ?"
    space = checks.smallest_space(facts)
    return f"{frees}, free {text.size(space[0]) if space else '?'}"
