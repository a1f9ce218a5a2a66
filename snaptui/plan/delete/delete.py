"""The plan of a delete."""

from __future__ import annotations

from dataclasses import replace

from snaptui.common import text
from snaptui.model import libvirt_codes
from snaptui.model.choices import Scope
from snaptui.model.disk import Presence
from snaptui.model.image import NotKnown
from snaptui.model.snapshot import Kind, Snapshot
from snaptui.plan.checks import domain_checks, other_hosts
from snaptui.plan.checks.free_space import table_refusals
from snaptui.plan.delete import external, inside, metadata, unmanaged
from snaptui.plan.delete.findings import Findings, MergeNeeds
from snaptui.plan.facts import Facts
from snaptui.plan.loss import Loss, MetadataLost, SnapshotsLost
from snaptui.plan.outcome import (
    FREES_NONE,
    After,
    End,
    Space,
    Then,
    UndoBy,
    When,
    after,
    undo,
)
from snaptui.plan.plan import DeleteIntent, DeleteManyIntent, Plan
from snaptui.plan.refusal import Refusal, refuse, unforetold
from snaptui.plan.remark import Note, Remark, Unchecked, remark
from snaptui.plan.steps.delete_effect import after_delete
from snaptui.plan.steps.domain import DeleteSnapshot, DomainStep
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.costs import reclaim_of
from snaptui.storage.in_image import Unmanaged, internal_disks, unmanaged_in
from snaptui.storage.qcow2.usage import ImageUsage


def plan(intent: DeleteIntent, facts: Facts) -> Plan:
    """Plan the delete of one snapshot, of all below it, or of both, leaves first.

    libvirt's own flags for children are never sent: each is one plain call.
    """
    below = tuple(reversed(facts.below))
    names, of = {
        Scope.THIS: ((intent.name,), f"{intent.name} of {facts.status.domain.name}"),
        Scope.WITH_CHILDREN: (
            (*below, intent.name),
            f"{intent.name} of {facts.status.domain.name} and all below it",
        ),
        Scope.CHILDREN: (below, f"all below {intent.name} of {facts.status.domain.name}"),
    }[intent.scope]
    refusals: list[Refusal] = []
    if intent.name not in facts.names:
        refusals.append(facts.absent(intent.name))
    elif not names:
        refusals.append(refuse(Why.NOTHING_BELOW, name=intent.name))
    left: tuple[Remark, ...] = ()
    if intent.scope is Scope.THIS and facts.below:
        number = len(facts.below)
        move = "stays and moves" if number == 1 else "stay and move"
        left = (remark(Warn.BELOW_MOVES_UP, number=text.count(number, "snapshot"), move=move),)
    return _plan(intent, facts, names, of, refusals, left)


def plan_many(intent: DeleteManyIntent, facts: Facts) -> Plan:
    """Plan the delete of several snapshots: no parent before its child."""
    number = len(intent.names) + len(intent.unmanaged)
    what = text.count(number, "snapshot")
    if number == 1:
        what = intent.names[0] if intent.names else f"the unmanaged {intent.unmanaged[0]}"
    refusals = [facts.absent(name) for name in intent.names if name not in facts.names]
    refusals += [
        refuse(Why.SNAPSHOT_OTHER, Way.LIST_AGAIN, name=name)
        for name, digest in intent.listed
        if name in facts.snapshots and facts.snapshots[name].digest != digest
    ]
    names = _children_first(intent.names, facts)
    of = f"{what} of {facts.status.domain.name}"
    planned = _plan(intent, facts, names, of, refusals, (), intent.unmanaged)
    return replace(planned, notes=(deleted(intent), *planned.notes)) if number > 1 else planned


def deleted(intent: DeleteManyIntent) -> Remark:
    """What goes, by name."""
    names = (*intent.names, *(f"{name} (unmanaged)" for name in intent.unmanaged))
    return remark(Note.DELETED, names=", ".join(names), are="are" if len(names) > 1 else "is")


def _children_first(names: tuple[str, ...], facts: Facts) -> tuple[str, ...]:
    """The names, each before what it is below of, as far as the facts hold what lies between.

    Then none of them is changed by the delete of another: libvirt gives the children of a
    deleted snapshot a new parent.
    """
    depth: dict[str, int] = {}
    for name in names:
        chain: list[str] = []
        at: str | None = name
        while at is not None and at not in depth and at not in chain:
            chain.append(at)
            snapshot = facts.snapshots.get(at)
            at = snapshot.parent if snapshot is not None else None
        start = depth.get(at or "", 0)
        for place, one in enumerate(reversed(chain), 1):
            depth[one] = start + place
    return tuple(sorted(names, key=lambda name: -depth[name]))


def _plan(
    intent: DeleteIntent | DeleteManyIntent,
    facts: Facts,
    names: tuple[str, ...],
    of: str,
    refusals: list[Refusal],
    left: tuple[Remark, ...],
    unmanaged_names: tuple[str, ...] = (),
) -> Plan:
    domain = facts.status.domain
    found = {one.name: one for one in unmanaged_in(facts.names, facts.images)}
    extra = [found[name] for name in unmanaged_names if name in found]
    refusals += [
        refuse(Why.UNMANAGED_GONE, name=name) for name in unmanaged_names if name not in found
    ]
    for one in extra:
        refusals += unmanaged.refusals_of(one, facts, metadata_only=intent.metadata_only)
    victims = [facts.snapshots[name] for name in names if name in facts.snapshots]
    if len(victims) != len(names) and not refusals:
        refusals.append(refuse(Why.SOME_UNREAD))
    for snapshot in victims:
        refusals += domain_checks.hold_refusals(snapshot)
    told = Findings()
    if victims or extra:
        told = (
            metadata.look(facts, victims) if intent.metadata_only else _data(facts, victims, extra)
        )
    refusals += [one for one in told.refusals if one not in refusals]
    told.warnings += left
    told.warnings += domain_checks.unrecorded_warnings(facts.unrecorded)
    steps: tuple[DomainStep, ...] = (
        *(DeleteSnapshot(snapshot, intent.metadata_only) for snapshot in victims),
        *(step for one in extra for step in unmanaged.steps_of(one, facts)),
    )
    return Plan(
        intent=intent,
        verb="Delete",
        title=f"Delete {'the metadata of ' if intent.metadata_only else ''}{of}",
        after=_after(facts, names, victims),
        lost=_lost(facts, [*victims, *extra], metadata_only=intent.metadata_only),
        undo=metadata.undo_of(facts, victims) if intent.metadata_only else undo(UndoBy.NO_DELETED),
        space=FREES_NONE if intent.metadata_only else _space(facts, [*victims, *extra], told.needs),
        refusals=tuple(refusals),
        warnings=(*told.warnings, *domain_checks.version_warnings(facts)),
        unchecked=tuple(told.unchecked),
        notes=tuple(told.notes),
        lines=tuple(step.virsh(facts.host, domain) for step in steps),
        steps=steps,
        type_name=bool(told.unchecked or facts.unrecorded),
    )


def _data(facts: Facts, victims: list[Snapshot], extra: list[Unmanaged]) -> Findings:
    """What is to be said where the data go.

    Each delete is looked at as things are after those before it. A managed save fits the disks
    after the delete of what lies inside of them as before.
    """
    merges = any(victim.kind is not Kind.INTERNAL for victim in victims)
    in_backup = libvirt_codes.OPERATION_TIMEOUT
    found = Findings(
        refusals=domain_checks.domain_refusals(facts, saved=merges, in_backup=in_backup)
    )
    at, first = facts, len(found.refusals)
    for victim in victims:
        snapshot, before = at.snapshots[victim.name], len(found.refusals)
        found.refusals += domain_checks.kind_refusals(snapshot)
        found.refusals += domain_checks.unfinished_refusals(at, snapshot)
        found.add(
            external.look(at, snapshot)
            if snapshot.kind is Kind.EXTERNAL
            else inside.look(at, snapshot)
        )
        found.refusals[before:] = _in_turn(found.refusals[first:before], found.refusals[before:])
        at = after_delete(at, snapshot, metadata_only=False)
    written = {disk.path for one in victims for disk in internal_disks(one)}
    written |= {path for one in extra for path, _ in one.parts}
    found.refusals += table_refusals(facts, written)
    room = external.room(facts, victims)
    if any(one.why is Why.TRANSIENT_OVERLAY for one in found.refusals):
        # the QEMU that merges makes the overlay of a transient disk first, which needs room too
        room.refusals[:] = unforetold(room.refusals)
    several = len(victims) > 1 and bool(room.refusals or room.unchecked)
    found.add(room)
    # which delete runs out of room is not known, nor what those before it have met; and which
    # chain libvirt looks at is not, where the definition lists another one than the images
    if several or (merges and facts.departures):
        found.refusals[:] = unforetold(found.refusals)
    if extra or any(one.kind is Kind.EXTERNAL for one in victims):
        found.unchecked += [remark(Unchecked.OTHERS_USE, reason=one.words) for one in facts.doubts]
    found.unchecked += other_hosts.doubts(facts)
    return found


def _in_turn(earlier: list[Refusal], own: list[Refusal]) -> list[Refusal]:
    """What libvirt would do is not foretold of a delete where that of one before it is not."""
    unforetold = any(one.code is None and one.harm is None for one in earlier)
    return [one.but() for one in own] if unforetold else own


def _after(facts: Facts, names: tuple[str, ...], victims: list[Snapshot]) -> After:
    domain = facts.status.domain
    left = text.count(len(set(facts.names) - set(names)), "snapshot")
    current, parents = facts.current, {one.name: one.parent for one in victims}
    while current in parents:
        current = parents[current]
    if current == facts.current:
        return after(End.DELETED, domain.state, domain=domain.name, left=left)
    end, becomes = End.DELETED_CURRENT, current or "none"
    return after(end, domain.state, domain=domain.name, left=left, current=becomes)


def _lost(facts: Facts, all_of_it: list[Snapshot | Unmanaged], *, metadata_only: bool) -> Loss:
    if metadata_only:
        return MetadataLost()
    names = tuple(one.name for one in all_of_it)
    if len(all_of_it) != 1:
        return SnapshotsLost(names)
    (snapshot,) = all_of_it
    if isinstance(snapshot, Unmanaged):
        return SnapshotsLost(names, snapshot.created, facts.read_at, unmanaged=True)
    overlays = any(part.presence is Presence.EXTERNAL for part in snapshot.disks)
    merged = overlays and snapshot.name not in facts.layers.branches.ended
    return SnapshotsLost(
        names, snapshot.created, facts.read_at, memory=snapshot.has_memory, merged=merged
    )


def _space(facts: Facts, victims: list[Snapshot | Unmanaged], needs: MergeNeeds | None) -> Space:
    counted = domain_checks.still_true(facts)
    freed = reclaim_of(victims, counted, facts.layers)
    space = domain_checks.shown_space(facts)
    told = Space(frees=freed, free=space.free if space is not None else None)
    if needs is not None:
        return replace(told, needs=needs.most, exact=needs.exact, when=When.FIRST)
    if isinstance(freed, NotKnown):
        return told
    images = (facts.counted[path] for path in counted if path in facts.images)
    given = [one.given_back if isinstance(one, ImageUsage) else None for one in images]
    if given and all(one is False for one in given):
        return replace(told, then=Then.INSIDE)
    shrink = all(given)
    return replace(told, then=Then.SHRINK if shrink else Then.MAY_KEEP)
