"""The plan that makes a stray known to libvirt."""

from __future__ import annotations

from snaptui import text
from snaptui.image_model import ImageInfo, ImageSnapshot, NotKnown
from snaptui.model import Disk
from snaptui.plan import checks
from snaptui.plan.facts import Facts
from snaptui.plan.metadata_steps import Adopt
from snaptui.plan.plan import AdoptIntent, Plan
from snaptui.plan.refusal import Harm, Refusal


def plan(intent: AdoptIntent, facts: Facts) -> Plan:
    """Plan the metadata for entries of one name that all disks hold.

    libvirt itself does not look whether an image holds what it is told (qemu_snapshot.c,
    qemuSnapshotRedefine), so all of it is checked here.
    """
    name, domain = intent.name, facts.status.domain
    disks = checks.writable_disks(facts.status.config.disks)
    found = {disk.target: _entries(disk, name, facts) for disk in disks}
    entries = [one for inside in found.values() if isinstance(inside, list) for one in inside]
    refusals = [
        *checks.spelling_problems(name),
        *checks.metadata_refusals(facts),
        *checks.journal_refusals(facts.unrecorded),
        *([f"libvirt knows a snapshot called {name} already."] if name in facts.names else ()),
        *_disk_refusals(found, name),
        *_mistaken(disks, name, facts),
    ]
    if not disks:
        refusals.append(f"{domain.name} has no disk that could hold it.")
    if facts.external:
        refusals.append(
            f"{domain.name} has external snapshots; whether {name} lies beneath or above them "
            "snaptui does not find out yet."
        )
    if any(entry.vm_state for entry in entries):
        refusals.append(
            Refusal(
                f"{name} holds the RAM of a running guest, and what libvirt needs to load it "
                "again (its CPU, its devices) is not in the image.",
                harm=Harm.RAM_IGNORED,
            )
        )
    created = min((entry.created for entry in entries), default=0)
    step = Adopt(name, created)
    return Plan(
        intent=intent,
        verb="Adopt",
        title=f"Adopt {name} of {domain.name}",
        after=f"libvirt knows {name} as a snapshot of {', '.join(found)}, made "
        f"{text.when(created)}; the images stay as they are.",
        lost="nothing",
        undo="yes, by deleting its metadata",
        space="needs nothing",
        refusals=tuple(refusals),
        warnings=(
            f"What {domain.name} was like then is not known: it is recorded as it is today.",
            *checks.version_warnings(facts),
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


def _disk_refusals(found: dict[str, list[ImageSnapshot] | NotKnown], name: str) -> list[str]:
    refusals: list[str] = []
    for target, inside in found.items():
        if isinstance(inside, NotKnown):
            refusals.append(f"What {target} holds inside is not known: {inside.reason}")
        elif not inside:
            sentence = f"{target} holds no snapshot {name}: a revert to it would fail."
            refusals.append(Refusal(sentence, harm=Harm.NO_WAY_BACK))
        elif len(inside) > 1:
            ids = ", ".join(entry.id for entry in inside)
            sentence = f"{target} holds {len(inside)} snapshots called {name} (IDs {ids})."
            refusals.append(Refusal(sentence, harm=Harm.FIRST_TWIN))
    return refusals


def _mistaken(disks: tuple[Disk, ...], name: str, facts: Facts) -> list[str]:
    """Names that are another entry's ID, which QEMU would take instead."""
    return [
        f"On {disk.target} the ID {name} belongs to the snapshot {entry.name}."
        for disk in disks
        if isinstance(image := facts.images.get(disk.path or ""), ImageInfo)
        for entry in image.snapshots
        if entry.id == name and entry.name != name
    ]
