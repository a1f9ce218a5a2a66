"""The plan of a delete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from snaptui.common import text
from snaptui.model import libvirt_codes
from snaptui.model.abilities import Wrong, does
from snaptui.model.choices import Scope
from snaptui.model.disk import Presence
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.model.snapshot import Kind, Snapshot, SnapshotDisk
from snaptui.plan.checks import (
    broken,
    by_other_means,
    disk_checks,
    domain_checks,
    encryption,
    image_checks,
    name_checks,
    other_hosts,
    variables,
)
from snaptui.plan.checks.free_space import table_refusals
from snaptui.plan.delete import external
from snaptui.plan.delete.findings import Findings, MergeNeeds
from snaptui.plan.facts import Facts
from snaptui.plan.loss import Loss, MetadataLost, SnapshotsLost
from snaptui.plan.outcome import (
    FREES_NONE,
    After,
    End,
    Space,
    Then,
    Undo,
    UndoBy,
    When,
    after,
    undo,
)
from snaptui.plan.plan import DeleteIntent, DeleteManyIntent, Plan
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Note, Remark, Unchecked, remark
from snaptui.plan.steps.delete_effect import after_delete, descendants, frozen
from snaptui.plan.steps.domain import DeleteSnapshot, DomainStep
from snaptui.plan.steps.metadata import Adopt
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
    for unmanaged in extra:
        refusals += _unmanaged_refusals(unmanaged, facts, metadata_only=intent.metadata_only)
    victims = [facts.snapshots[name] for name in names if name in facts.snapshots]
    if len(victims) != len(names) and not refusals:
        refusals.append(refuse(Why.SOME_UNREAD))
    for snapshot in victims:
        refusals += domain_checks.hold_refusals(snapshot)
    told = Findings()
    if victims or extra:
        told = _metadata(facts, victims) if intent.metadata_only else _data(facts, victims, extra)
    refusals += [one for one in told.refusals if one not in refusals]
    told.warnings += left
    told.warnings += domain_checks.unrecorded_warnings(facts.unrecorded)
    steps: tuple[DomainStep, ...] = (
        *(DeleteSnapshot(snapshot, intent.metadata_only) for snapshot in victims),
        *(step for unmanaged in extra for step in _unmanaged_steps(unmanaged, facts)),
    )
    return Plan(
        intent=intent,
        verb="Delete",
        title=f"Delete {'the metadata of ' if intent.metadata_only else ''}{of}",
        after=_after(facts, names, victims),
        lost=_lost(facts, [*victims, *extra], metadata_only=intent.metadata_only),
        undo=_undo(facts, victims) if intent.metadata_only else undo(UndoBy.NO_DELETED),
        space=FREES_NONE if intent.metadata_only else _space(facts, [*victims, *extra], told.needs),
        refusals=tuple(refusals),
        warnings=(*told.warnings, *domain_checks.version_warnings(facts)),
        unchecked=tuple(told.unchecked),
        notes=tuple(told.notes),
        lines=tuple(step.virsh(facts.host, domain) for step in steps),
        steps=steps,
        type_name=bool(told.unchecked or facts.unrecorded),
    )


def _undo(facts: Facts, victims: Iterable[Snapshot]) -> Undo:
    """How records are brought back that alone are deleted: that makes records anew."""
    if any(map(by_other_means.holds_nothing, victims)):
        return undo(UndoBy.NO_DELETED)
    locked = does(facts.host, Wrong.LOCKS_RECORDS) and domain_checks.checkpoint_refusals(facts)
    return undo(UndoBy.REDEFINE_RUNNING, domain=facts.name) if locked else undo(UndoBy.REDEFINE)


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
    found.refusals += encryption.lost_refusals(facts) if extra else ()
    at, first = facts, len(found.refusals)
    for victim in victims:
        snapshot, before = at.snapshots[victim.name], len(found.refusals)
        found.refusals += domain_checks.kind_refusals(snapshot)
        found.refusals += domain_checks.unfinished_refusals(at, snapshot)
        found.add(
            external.look(at, snapshot) if snapshot.kind is Kind.EXTERNAL else _inside(at, snapshot)
        )
        found.refusals[before:] = _in_turn(found.refusals[first:before], found.refusals[before:])
        at = after_delete(at, snapshot, metadata_only=False)
    written = {disk.path for one in victims for disk in internal_disks(one)}
    written |= {path for one in extra for path, _ in one.parts}
    found.refusals += table_refusals(facts, written)
    found.add(external.room(facts, victims))
    if extra or any(one.kind is Kind.EXTERNAL for one in victims):
        found.unchecked += [remark(Unchecked.OTHERS_USE, reason=one.words) for one in facts.doubts]
    found.unchecked += other_hosts.doubts(facts)
    return found


def _in_turn(earlier: list[Refusal], own: list[Refusal]) -> list[Refusal]:
    """What libvirt would do is not foretold of a delete where that of one before it is not."""
    unforetold = any(one.code is None and one.harm is None for one in earlier)
    return [one.but() for one in own] if unforetold else own


def _inside(facts: Facts, snapshot: Snapshot) -> Findings:
    """The same for one that lies inside of images.

    Beneath an overlay libvirt deletes it only while the domain is off; nothing of what the
    overlay shows changes then (tests/live/test_external_delete.py).
    """
    if (elsewhere := broken.moved(facts, snapshot.name)) is not None:
        return Findings([elsewhere])
    found = Findings(refusals=list(encryption.lost_refusals(facts)))
    found.refusals += image_checks.detached_refusals(facts, snapshot)
    found.refusals += variables.delete_refusals(facts, snapshot)
    if snapshot.config is None:
        found.refusals.append(_without_domain(facts, snapshot))
    for then, now in image_checks.moved_disks(facts, snapshot):
        known = then.path in facts.layers.in_use or snapshot.name in facts.layers.broken
        if not known:
            found.refusals.append(image_checks.other_image(facts, then, now))
        elif facts.status.domain.state.active:
            found.refusals.append(
                refuse(
                    Why.ONLY_WHILE_OFF, Way.SHUT_DOWN, code=libvirt_codes.OPERATION_UNSUPPORTED,
                    name=snapshot.name, path=then.path, domain=facts.name, now=now.path,
                )
            )  # fmt: skip
    if facts.status.domain.state.active:
        found.refusals += name_checks.running_problem(
            facts, snapshot.name, Way.DELETE_WHILE_OFF, harm=Harm.LEFT_INSIDE
        )
    found.refusals += encryption.snapshot_refusals(facts, snapshot, Way.ONLY_ITS_METADATA)
    problems = image_checks.entry_problems(facts, snapshot)
    all_gone = len(problems.gone) == len(internal_disks(snapshot))
    gone = Warn.ONLY_METADATA if all_gone else Warn.PART_GONE
    found.warnings += [remark(gone, fact=one.fact) for one in problems.gone]
    for disk in internal_disks(snapshot):
        if why := image_checks.closed_to_writers(disk, facts):
            if isinstance(facts.images.get(disk.path or ""), ImageInfo):
                held = {name for _, name in facts.entries(disk.path or "") or ()}
                harm = Harm.LEFT_INSIDE if snapshot.name in held else None
                found.refusals.append(why.but(harm=harm))
            else:
                found.warnings.append(remark(Warn.ONLY_METADATA, fact=why.words))
    found.refusals += [one.but(harm=Harm.TWIN_LEFT) for one in problems.twins]
    found.refusals += problems.blind
    found.unchecked += problems.unread
    return found


def _without_domain(facts: Facts, snapshot: Snapshot) -> Refusal:
    """Its record does not say which images it lies in, and libvirt takes that for granted."""
    names: dict[str, Any] = {"name": snapshot.name, "domain": facts.name}
    if facts.status.domain.state.active:
        return refuse(Why.NO_DOMAIN_ACTIVE, Way.ONLY_METADATA_UNMANAGED, harm=Harm.CRASH, **names)
    return refuse(Why.NO_DOMAIN_NOT_YET, Way.ONLY_METADATA_UNMANAGED, **names)


def _unmanaged_steps(unmanaged: Unmanaged, facts: Facts) -> tuple[DomainStep, ...]:
    """Make it known, so that libvirt deletes it under the domain's lock, running or not."""
    disks = domain_checks.writable_disks(facts.status.config.disks)
    snapshot = Snapshot(
        name=unmanaged.name,
        parent=None,
        created=unmanaged.created,
        state="shutoff",
        description="",
        memory=Presence.NO,
        memory_path=None,
        disks=tuple(SnapshotDisk(disk.target, Presence.INTERNAL) for disk in disks),
        config=facts.status.config,
        delete_in_progress=False,
        digest="",
    )
    return Adopt(unmanaged.name, unmanaged.created), DeleteSnapshot(snapshot)


def _unmanaged_refusals(
    unmanaged: Unmanaged, facts: Facts, *, metadata_only: bool
) -> list[Refusal]:
    name = unmanaged.name
    if metadata_only:
        return [refuse(Why.UNMANAGED_HAS_NO_METADATA, name=name)]
    refusals: list[Refusal] = []
    active, disks = facts.status.domain.state.active, facts.status.config.disks
    own = [
        disk for disk in domain_checks.writable_disks(disks) if disk.path in dict(unmanaged.parts)
    ]
    if active:  # QEMU looks on all disks, whatever the record says
        own = [disk for disk in own if disk.snapshot is Presence.EXTERNAL]
    refusals += disk_checks.apart_refusals(facts, own, Harm.LEFT_INSIDE)
    if active:
        refusals += name_checks.running_problem(
            facts, name, Way.DELETE_WHILE_OFF, harm=Harm.LEFT_INSIDE
        )
    else:  # its record names all of them, and libvirt looks for it on each
        all_of_them = domain_checks.writable_disks(disks)
        refusals += disk_checks.network_refusals(all_of_them, Way.DELETE_BY_HAND)
    for path, _ in unmanaged.parts:
        for user in facts.of(path):
            if user.snapshot == name:
                refusals.append(
                    refuse(
                        Why.UNMANAGED_OF_OTHER, Way.DELETE_THERE, harm=Harm.OTHER_LOST,
                        path=path, name=name, user=user.words,
                    )
                )  # fmt: skip
    if "/" in name or name.startswith(".") or "\ufffd" in name:
        refusals.append(refuse(Why.UNMANAGED_NAME, name=name))
    if len(text.utf8(name)) > name_checks.NAME_BYTES:
        refusals.append(refuse(Why.UNMANAGED_NAME_LONG, Way.DELETE_BY_HAND, name=name))
    for disk in domain_checks.writable_disks(facts.status.config.disks):
        if disk.path in dict(unmanaged.parts) and (
            why := image_checks.closed_to_writers(disk, facts)
        ):
            refusals.append(why.but(harm=Harm.LEFT_INSIDE))
    now = {disk.path for disk in domain_checks.writable_disks(facts.status.config.disks)}
    for path, number in Counter(path for path, _ in unmanaged.parts).items():
        if path not in now:
            refusals.append(refuse(Why.UNMANAGED_ELSEWHERE, name=name, path=path))
        elif number > 1:
            refusals.append(refuse(Why.UNMANAGED_TWINS, path=path, number=number, name=name))
    return refusals


def _metadata(facts: Facts, victims: list[Snapshot]) -> Findings:
    """The same, where only libvirt's records go."""
    refusals = domain_checks.metadata_refusals(facts)
    refusals += [
        one.but(harm=Harm.MARK_LOST)
        for each in victims
        for one in domain_checks.unfinished_refusals(facts, each)
    ]
    refusals += _spoiling_refusals(facts, victims)
    warnings: list[Remark] = []
    inside = [one.name for one in victims if one.kind in (Kind.INTERNAL, Kind.MIXED)]
    if inside:
        warnings.append(remark(Warn.DATA_STAY, names=", ".join(inside)))
    warnings += _between(facts, victims)
    files = [path for one in victims for path in _files(one)]
    if files:
        warnings.append(remark(Warn.FILES_STAY, files=", ".join(files)))
    for one in victims:
        warnings += broken.forgotten(facts, one.name)
    return Findings(refusals, warnings)


def _spoiling_refusals(facts: Facts, victims: list[Snapshot]) -> list[Refusal]:
    """It lets external ones below name the images beneath, as if data were merged too."""
    if not does(facts.host, Wrong.SPOILS_RECORDS):
        return []
    names = {one.name for one in victims}
    return [
        refuse(
            Why.RECORD_MOVED,
            Way.METADATA_BELOW_TOO,
            harm=Harm.RECORDS_SPOILED,
            below=below.name,
            name=victim.name,
        )
        for victim in victims
        for name in sorted(descendants(facts.snapshots, victim.name) - names)
        if (below := facts.snapshots[name]).kind is Kind.EXTERNAL
        and below.config is not None
        and {disk.path for disk in below.config.disks} & frozen(victim).keys()
    ]


def _between(facts: Facts, victims: list[Snapshot]) -> list[Remark]:
    """Where libvirt keeps branches, what it can merge no more: overlays stay between."""
    branches, names = facts.layers.branches, {one.name for one in victims}
    return [
        remark(Warn.OVERLAYS_BETWEEN, parent=one.parent, name=one.name)
        for one in victims
        if branches.known and one.kind is Kind.EXTERNAL and one.name not in branches.ended
        if one.parent not in names and one.parent in facts.external
    ]


def _files(snapshot: Snapshot) -> list[str]:
    overlays = [part.path for part in snapshot.disks if part.path is not None]
    return overlays + ([snapshot.memory_path] if snapshot.memory_path is not None else [])


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
