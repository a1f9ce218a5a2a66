"""The plan that registers an unmanaged snapshot."""

from __future__ import annotations

from snaptui.common import text
from snaptui.model.disk import Disk, Presence
from snaptui.model.image import ImageInfo, ImageSnapshot, NotKnown
from snaptui.plan.checks import disk_checks, domain_checks, image_checks, name_checks
from snaptui.plan.facts import Facts
from snaptui.plan.loss import NOTHING_LOST
from snaptui.plan.outcome import NO_SPACE, End, UndoBy, after, undo
from snaptui.plan.plan import AdoptIntent, Plan
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import remark
from snaptui.plan.steps.metadata import Adopt
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why


def plan(intent: AdoptIntent, facts: Facts) -> Plan:
    """Plan the metadata for entries of one name that all disks hold.

    libvirt itself does not look whether an image holds what it is told (qemu_snapshot.c,
    qemuSnapshotRedefine), so all of it is checked here.
    """
    name, domain = intent.name, facts.status.domain
    disks = domain_checks.writable_disks(facts.status.config.disks)
    found = {disk.target: _entries(disk, name, facts) for disk in disks}
    entries = [one for inside in found.values() if isinstance(inside, list) for one in inside]
    refusals = [
        *name_checks.spelling_problems(name),
        *domain_checks.record_refusals(facts),
        *domain_checks.journal_refusals(facts.unrecorded),
        *([refuse(Why.KNOWN_ALREADY, name=name)] if name in facts.names else ()),
        *_disk_refusals(facts, disks, found, name),
        *_mistaken(disks, name, facts),
        *disk_checks.apart_refusals(facts, disks, None),
    ]
    if not disks:
        refusals.append(refuse(Why.NO_DISK_HOLDS, domain=domain.name))
    if facts.external:
        refusals.append(refuse(Why.AMONG_EXTERNAL_NOT_YET, domain=domain.name, name=name))
    if any(entry.vm_state for entry in entries):
        refusals.append(refuse(Why.RAM_CANNOT_LOAD, harm=Harm.RAM_IGNORED, name=name))
    created = min((entry.created for entry in entries), default=0)
    step = Adopt(name, created)
    return Plan(
        intent=intent,
        verb="Register",
        title=f"Register {name} of {domain.name}",
        after=after(
            End.ADOPTED, domain.state, name=name, disks=", ".join(found), moment=text.when(created)
        ),
        lost=NOTHING_LOST,
        undo=undo(UndoBy.DELETE_METADATA),
        space=NO_SPACE,
        refusals=tuple(refusals),
        warnings=(
            remark(Warn.RECORDED_AS_TODAY, domain=domain.name),
            *domain_checks.version_warnings(facts),
        ),
        unchecked=(),
        lines=(step.virsh(facts.host, domain),),
        steps=(step,),
        type_name=False,
    )


def _entries(disk: Disk, name: str, facts: Facts) -> list[ImageSnapshot] | NotKnown:
    image = facts.images.get(disk.path or "", NotKnown(f"it is {disk.format or 'not a file'}"))
    if isinstance(image, NotKnown):
        return image
    return [entry for entry in image.snapshots if entry.name == name]


def _disk_refusals(
    facts: Facts,
    disks: tuple[Disk, ...],
    found: dict[str, list[ImageSnapshot] | NotKnown],
    name: str,
) -> list[Refusal]:
    refusals: list[Refusal] = []
    for disk in disks:
        inside = found[disk.target]
        if isinstance(inside, NotKnown):
            refusals.append(refuse(Why.INSIDE_UNKNOWN, disk=disk.target, reason=inside.reason))
        elif not inside:
            # libvirt would take a disk that is set to external for one with an overlay
            setting = facts.status.settings.get(disk.target)
            other = setting in (Presence.NO, Presence.EXTERNAL)
            harm = None if other else Harm.NO_WAY_BACK
            refusals.append(refuse(Why.ENTRY_MISSING, harm=harm, disk=disk.target, name=name))
        elif len(inside) > 1:
            twins = image_checks.twins_of(disk, name, [entry.id for entry in inside])
            refusals.append(twins.but(harm=Harm.FIRST_TWIN))
    return refusals


def _mistaken(disks: tuple[Disk, ...], name: str, facts: Facts) -> list[Refusal]:
    return [
        refusal
        for disk in disks
        if isinstance(image := facts.images.get(disk.path or ""), ImageInfo)
        for refusal in image_checks.mistaken_ids(disk, name, image)
    ]
