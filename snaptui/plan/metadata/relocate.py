"""The plan that lets a snapshot's record say where its images are now."""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.model.disk import Disk, Presence
from snaptui.model.image import Missing
from snaptui.model.snapshot import Snapshot
from snaptui.plan.checks import domain_checks
from snaptui.plan.facts import Facts
from snaptui.plan.loss import NOTHING_LOST
from snaptui.plan.outcome import NO_SPACE, End, after
from snaptui.plan.plan import Plan, RelocateIntent, impossible
from snaptui.plan.refusal import Refusal, refuse
from snaptui.plan.remark import Unchecked, remark
from snaptui.plan.steps.metadata import Relocate
from snaptui.plan.words.why import Why
from snaptui.storage.damage import Broken, Matter


def plan(intent: RelocateIntent, facts: Facts) -> Plan:
    """Plan the record anew with the paths that the domain's disks have now.

    Only where these images hold the snapshot. libvirt keeps its time, parent and children, and
    which one is current (virDomainSnapshotRedefinePrep).
    """
    verb, name = "Relocate", intent.name
    title = f"Correct where {name} of {facts.name} is"
    snapshot = facts.snapshots.get(name)
    if snapshot is None:
        return impossible(intent, verb, title, facts.absent(name))
    moved = {then.target: now for then, now in _moved(facts, snapshot)}
    copied = _copied(facts, snapshot)
    unchecked = () if copied is None or copied.left is False else (
        remark(Unchecked.WHICH_COPY, now=copied.now, path=copied.path),
    )  # fmt: skip
    step = Relocate(snapshot, tuple((target, now.path or "") for target, now in moved.items()))
    return Plan(
        intent=intent,
        verb=verb,
        title=title,
        after=after(
            End.RELOCATED, facts.status.domain.state, name=name,
            places=", ".join(f"{target} in {now.path}" for target, now in moved.items()),
        ),
        lost=NOTHING_LOST,
        undo=domain_checks.redefined(facts, [name]),
        space=NO_SPACE,
        refusals=(
            *_refusals(facts, snapshot),
            *domain_checks.record_refusals(facts),
            *domain_checks.journal_refusals(facts.unrecorded),
        ),
        warnings=tuple(domain_checks.version_warnings(facts)),
        unchecked=unchecked,
        lines=(step.virsh(facts.host, facts.status.domain),),
        steps=(step,),
        type_name=bool(unchecked),
    )  # fmt: skip


def _moved(facts: Facts, snapshot: Snapshot) -> Iterator[tuple[Disk, Disk]]:
    """The disks of its record whose images are gone or were copied, and the same disks of now."""
    now = {disk.target: disk for disk in facts.status.config.disks}
    copied = _copied(facts, snapshot)
    for then in snapshot.config.disks if snapshot.config is not None else ():
        disk = now.get(then.target)
        gone = isinstance(facts.layers.heads.get(then.path or ""), Missing)
        if disk is None or disk.path is None or disk.path == then.path:
            continue
        if gone or (copied is not None and then.target in _inside(snapshot)):
            yield then, disk


def _copied(facts: Facts, snapshot: Snapshot) -> Broken | None:
    """What is known of one whose image of then is there still, beside the one of now."""
    broken = facts.layers.broken.get(snapshot.name)
    return broken if broken is not None and broken.matter is Matter.COPIED else None


def _inside(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(d.target for d in snapshot.disks if d.presence is Presence.INTERNAL)


def _refusals(facts: Facts, snapshot: Snapshot) -> Iterator[Refusal]:
    broken = facts.layers.broken.get(snapshot.name)
    if broken is None or not broken.moved:
        yield refuse(Why.NOT_MOVED, name=snapshot.name)
    for then, now in _moved(facts, snapshot):
        if (then.source_type, then.format) != (now.source_type, now.format) or now.volume:
            yield refuse(
                Why.MOVED_TO_ANOTHER_KIND_NOT_YET, disk=then.target, path=then.path, now=now.path
            )
