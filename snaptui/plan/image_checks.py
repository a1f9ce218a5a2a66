"""Checks of the images of a domain and of what a snapshot keeps in them."""

from __future__ import annotations

from collections import Counter

from snaptui.image_model import Damaged, ImageInfo, Missing, NotKnown
from snaptui.model import Disk, Presence, Snapshot
from snaptui.plan.facts import Facts
from snaptui.shares import NO_FILE


def detached_refusals(facts: Facts, snapshot: Snapshot) -> list[str]:
    """Disks of an internal snapshot that the domain does not have any more."""
    now = {disk.target for disk in facts.status.config.written}
    return [
        f"{disk.target} ({disk.path or 'no file'}) was part of {facts.status.domain.name} then "
        "and is not now; snaptui does not handle this yet."
        for disk in internal_disks(snapshot)
        if disk.target not in now
    ]


def internal_disks(snapshot: Snapshot) -> tuple[Disk, ...]:
    """The disks, as they were then, that the snapshot keeps inside their images.

    UEFI variables in qcow2 are always kept with them (qemuSnapshotForEachQcow2).
    """
    inside = {disk.target for disk in snapshot.disks if disk.presence is Presence.INTERNAL}
    disks = snapshot.config.written if snapshot.config is not None and inside else ()
    return tuple(disk for disk in disks if disk.target in inside or disk.device == "nvram")


def moved_disks(facts: Facts, snapshot: Snapshot) -> list[tuple[Disk, Disk]]:
    """Disks of an internal snapshot that write to another image now: then and now."""
    now = {disk.target: disk for disk in facts.status.config.written}
    return [
        (disk, now[disk.target])
        for disk in internal_disks(snapshot)
        if disk.target in now and now[disk.target].path != disk.path
    ]


def other_image(facts: Facts, then: Disk, now: Disk) -> str:
    """A disk writes to an image that the one of the snapshot has nothing to do with."""
    return (
        f"{then.target} of {facts.status.domain.name} is {now.path} now but was {then.path} "
        "then: another image lies between."
    )


def closed_to_writers(disk: Disk, facts: Facts) -> str:
    """Why QEMU will not open the image of a disk to write; empty when it will or is not known.

    While the domain is active its own QEMU has it open.
    """
    image = facts.images.get(disk.path or "")
    if facts.status.domain.state.active:
        return ""
    if isinstance(image, Missing):
        return f"{disk.path}, the image of {disk.target}, is gone. Put it back first."
    if isinstance(image, Damaged):
        return f"The image of {disk.target} is damaged: {image.reason}. Repair it first."
    if not isinstance(image, ImageInfo):
        return ""
    if beneath := facts.cut_off.get(image.path):
        return f"{beneath}, on which the image of {disk.target} lies, is gone. Put it back first."
    if image.corrupt:
        return (
            f"{image.path}, the image of {disk.target}, is marked corrupt. Repair it first "
            "(qemu-img check -r all, on a copy)."
        )
    if image.locked:
        who = facts.held.get(image.path, "Another program of QEMU's")
        return (
            f"{who} has {image.path} open, the image of {disk.target}. End that first, or wait "
            "for it."
        )
    return ""


def entry_problems(
    facts: Facts, snapshot: Snapshot
) -> tuple[list[str], list[str], list[str], list[str]]:
    """How the snapshot's parts inside the images look.

    Returns:
        Sentences about parts that are gone, about twins (several of the same name in one
        image), about other entries whose *ID* is the snapshot's name (QEMU looks for an ID
        before a name: qemu block/snapshot.c, ``bdrv_snapshot_find_by_id_and_name``), and
        about images that could not be read.
    """
    name = snapshot.name
    gone, twins, mistaken = [], [], []
    known = {disk.target for disk in snapshot.config.disks} if snapshot.config else set()
    unread = [
        f"What {disk.target} holds inside: the snapshot's metadata do not say which image it was."
        for disk in snapshot.disks
        if disk.presence is Presence.INTERNAL and disk.target not in known
    ]
    for disk in internal_disks(snapshot):
        image = facts.images.get(disk.path or "", NO_FILE)
        if isinstance(image, NotKnown) and closed_to_writers(disk, facts):
            continue
        if isinstance(image, NotKnown):
            unread.append(f"What {disk.target} holds inside: {image.reason}")
            continue
        count = Counter(entry.name for entry in image.snapshots)[name]
        if count == 0:
            gone.append(f"{disk.target} holds no snapshot {name} any more ({image.path}).")
        elif count > 1:
            ids = ", ".join(entry.id for entry in image.snapshots if entry.name == name)
            twins.append(f"{disk.target} holds {count} snapshots called {name} (IDs {ids}).")
        mistaken += [
            f"On {disk.target} the ID {name} belongs to the snapshot {entry.name}: QEMU looks "
            f"for an ID before a name and would take that one."
            for entry in image.snapshots
            if entry.id == name and entry.name != name
        ]
    return gone, twins, mistaken, unread


def image_problem(disk: Disk, facts: Facts) -> str:
    """Why a disk cannot take an internal snapshot; empty when it can or is not known."""
    if disk.snapshot not in (None, Presence.INTERNAL):
        return f'{disk.target} is set to snapshot="{disk.snapshot.value}" in the domain.'
    if disk.source_type not in ("file", "block"):
        return f"{disk.target} is a {disk.source_type} disk."
    if disk.format != "qcow2":
        return f"{disk.target} is {disk.format or 'of unknown format'}, not qcow2."
    image = facts.images.get(disk.path or "")
    if isinstance(image, ImageInfo) and image.format != "qcow2":
        return f"{disk.target} is called qcow2 but holds {image.format}."
    return ""
