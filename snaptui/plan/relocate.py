"""The plan that lets a snapshot's record say where its images are now."""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.damage import Matter
from snaptui.image_model import Missing
from snaptui.model import Disk, Snapshot
from snaptui.plan import checks
from snaptui.plan.facts import Facts
from snaptui.plan.loss import NOTHING_LOST
from snaptui.plan.metadata_steps import Relocate
from snaptui.plan.outcome import NO_SPACE, End, UndoBy, after, undo
from snaptui.plan.plan import Plan, RelocateIntent, impossible
from snaptui.plan.refusal import Refusal, refuse
from snaptui.plan.why import Why


def plan(intent: RelocateIntent, facts: Facts) -> Plan:
    """Plan the record anew with the paths that the domain's disks have now.

    Only where these images hold the snapshot. libvirt keeps its time, parent and children, and
    which one is current (virDomainSnapshotRedefinePrep).
    """
    verb, name = "Relocate", intent.name
    title = f"Let the record of {name} of {facts.name} say where it is"
    snapshot = facts.snapshots.get(name)
    if snapshot is None:
        return impossible(intent, verb, title, facts.absent(name))
    moved = {then.target: now for then, now in _moved(facts, snapshot)}
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
        undo=undo(UndoBy.REDEFINE),
        space=NO_SPACE,
        refusals=(
            *_refusals(facts, snapshot),
            *checks.record_refusals(facts),
            *checks.journal_refusals(facts.unrecorded),
        ),
        warnings=tuple(checks.version_warnings(facts)),
        unchecked=(),
        lines=(step.virsh(facts.host, facts.status.domain),),
        steps=(step,),
        type_name=False,
    )  # fmt: skip


def _moved(facts: Facts, snapshot: Snapshot) -> Iterator[tuple[Disk, Disk]]:
    """The disks of its record whose images are gone, and the same disks of now."""
    now = {disk.target: disk for disk in facts.status.config.disks}
    for then in snapshot.config.disks if snapshot.config is not None else ():
        disk = now.get(then.target)
        gone = isinstance(facts.layers.heads.get(then.path or ""), Missing)
        if gone and disk is not None and disk.path is not None:
            yield then, disk


def _refusals(facts: Facts, snapshot: Snapshot) -> Iterator[Refusal]:
    broken = facts.layers.broken.get(snapshot.name)
    if broken is None or broken.matter is not Matter.MOVED:
        yield refuse(Why.NOT_MOVED, name=snapshot.name)
    for then, now in _moved(facts, snapshot):
        if (then.source_type, then.format) != (now.source_type, now.format) or now.volume:
            yield refuse(
                Why.MOVED_TO_ANOTHER_KIND_NOT_YET, disk=then.target, path=then.path, now=now.path
            )
