"""Checks of the images of a domain and of what a snapshot keeps in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from snaptui.model import libvirt_codes
from snaptui.model.disk import Disk, Presence
from snaptui.model.image import Damaged, ImageInfo, Missing, NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.plan.checks.whereabouts import traced
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.backing_chain import NOT_READ
from snaptui.storage.disk_cost import Counted
from snaptui.storage.in_image import internal_disks


def detached_refusals(facts: Facts, snapshot: Snapshot) -> list[Refusal]:
    """Disks of an internal snapshot that the domain does not have any more."""
    now = {disk.target for disk in facts.status.config.written}
    return [
        refuse(
            Why.DETACHED_NOT_YET, disk=disk.target, path=disk.path or "no file", domain=facts.name
        )
        for disk in internal_disks(snapshot)
        if disk.target not in now
    ]


def shared_refusals(facts: Facts, snapshot: Snapshot) -> list[Refusal]:
    """Who else reads the images that a revert to an internal snapshot writes: linked clones.

    QEMU's locks keep nobody from it but a clone that runs. A new snapshot, and the delete of an
    internal one, leave what an image shows as it is (tests/live/test_clones.py).
    """
    harm = Harm.OTHER_LOST
    return [
        refuse(Why.USER_SEES_OTHER_DATA, Way.OWN_IMAGE, harm=harm, path=path, user=user.words)
        for disk in internal_disks(snapshot)
        for path in upon(facts, disk.path or "")
        for user in facts.of(path)
    ]


def upon(facts: Facts, path: str) -> Iterator[str]:
    """An image, and what of the domain's own lies upon it, at any height."""
    due, seen = [path], {path}
    while due:
        yield (path := due.pop())
        above = sorted(facts.layers.above.get(path, frozenset()) - seen)
        seen.update(above)
        due += above


def resized(facts: Facts, snapshot: Snapshot) -> Iterator[tuple[Disk, int, int]]:
    """Disks that have another size after a revert: the disk, bytes then, bytes now.

    An entry of an image keeps the size of its time, and an overlay that of the one beneath.
    """
    now = {disk.target: disk for disk in facts.status.config.written}
    inside = {disk.target for disk in internal_disks(snapshot)}
    for disk in snapshot.config.written if snapshot.config is not None else ():
        here = facts.images.get(now[disk.target].path or "") if disk.target in now else None
        image = facts.images.get(disk.path or "")
        if not isinstance(here, ImageInfo) or not isinstance(image, ImageInfo):
            continue
        sizes = [e.virtual_size for e in image.snapshots if e.name == snapshot.name]
        then = (sizes[0] if sizes else None) if disk.target in inside else image.virtual_size
        if then is not None and then != here.virtual_size:
            yield disk, then, here.virtual_size


def moved_disks(facts: Facts, snapshot: Snapshot) -> list[tuple[Disk, Disk]]:
    """Disks of an internal snapshot that write to another image now: then and now."""
    now = {disk.target: disk for disk in facts.status.config.written}
    return [
        (disk, now[disk.target])
        for disk in internal_disks(snapshot)
        if disk.target in now
        and None not in (disk.path, now[disk.target].path)
        and now[disk.target].path != disk.path
    ]


def after_a_failed_load(facts: Facts, snapshot: Snapshot) -> Harm | None:
    """What libvirt leaves where a revert to an internal one fails before anything is reverted.

    It has stopped the guest. Where RAM is loaded it has set the domain to the disks of then.
    """
    if facts.status.domain.state.active:
        return Harm.STOPPED
    return Harm.OTHER_DATA if snapshot.has_memory and moved_disks(facts, snapshot) else None


def other_image(facts: Facts, then: Disk, now: Disk, reason: str = "") -> Refusal:
    """A disk writes to an image that the one of the snapshot has nothing to do with.

    Args:
        reason: why what lies beneath is not known; empty when it is.
    """
    why = Why.OTHER_IMAGE_UNREAD if reason else Why.OTHER_IMAGE
    return refuse(
        why, disk=then.target, domain=facts.name, now=now.path, then=then.path, reason=reason
    )


def closed_to_writers(disk: Disk, facts: Facts) -> Refusal | None:
    """Why QEMU will not open the image of a disk to write; ``None`` when it will or is not known.

    While the domain is active its own QEMU has it open.
    """
    image = facts.images.get(disk.path or "")
    if facts.status.domain.state.active:
        return None
    names: dict[str, Any] = {"path": disk.path, "disk": disk.target}
    if isinstance(image, Missing):
        return traced(facts, refuse(Why.IMAGE_GONE, Way.PUT_BACK, **names), disk.path or "")
    if isinstance(image, Damaged):
        return refuse(Why.IMAGE_DAMAGED, Way.REPAIR, reason=image.reason, **names)
    if not isinstance(image, ImageInfo):
        return None
    if beneath := facts.cut_off.get(image.path):
        cut = refuse(Why.IMAGE_CUT_OFF, Way.PUT_BACK, beneath=beneath, **names)
        return traced(facts, cut, beneath)
    if data := facts.data_gone.get(image.path):
        return refuse(Why.DATA_FILE_GONE, Way.PUT_BACK, path=data, disk=disk.target)
    if again := facts.looped.get(image.path):
        return refuse(Why.SELF_BACKED, Way.LOOK_INTO_CHAIN, path=again, disk=disk.target)
    if image.corrupt:
        return refuse(Why.IMAGE_CORRUPT, Way.REPAIR_COPY, **names)
    if image.locked:
        return _open_elsewhere(disk, facts)
    if lower := facts.in_writing.get(image.path):
        return refuse(Why.IMAGE_WRITTEN_BENEATH, Way.END_FIRST, lower=lower, **names)
    return None


def _open_elsewhere(disk: Disk, facts: Facts) -> Refusal:
    who = facts.held.get(disk.path or "", "Another program of QEMU's")
    return refuse(Why.IMAGE_OPEN, Way.END_FIRST, who=who, path=disk.path, disk=disk.target)


def damaged(counted: Counted, paths: Iterable[str]) -> Iterator[Remark]:
    """Images whose tables made no sense when they were counted, so that QEMU may fail halfway."""
    for path in paths:
        if isinstance(found := counted.get(path), Damaged):
            yield remark(Unchecked.DAMAGED, path=path, reason=found.reason)


def unopened(facts: Facts, without: Collection[str]) -> Iterator[Refusal]:
    """What a QEMU that is started for a merge will not open, beside the disks that are merged.

    Args:
        without: targets of these.
    """
    for path in sorted(facts.boot_gone):
        shown = {disk.path for disk in facts.status.config.disks} | {facts.status.config.template}
        code = libvirt_codes.NO_FILE if path in shown else libvirt_codes.INTERNAL_ERROR
        yield refuse(Why.BOOT_FILE_GONE, Way.PUT_BACK, code=code, path=path, domain=facts.name)
    for disk in facts.status.config.disks:
        if disk.target not in without and (why := closed_to_writers(disk, facts)):
            path = disk.path or ""
            gone = isinstance(facts.images.get(path), Missing) or path in facts.cut_off
            code = libvirt_codes.NO_FILE if gone else libvirt_codes.INTERNAL_ERROR
            # newer versions look for it, others leave that to QEMU
            yield why.but(code=None if why.why is Why.DATA_FILE_GONE else code)
        elif disk.target not in without and disk.path in facts.raw_locked:
            yield _open_elsewhere(disk, facts).but(code=libvirt_codes.INTERNAL_ERROR)


@dataclass(frozen=True, slots=True)
class EntryProblems:
    """How a snapshot's parts inside the images look.

    Attributes:
        gone: parts that are not there any more.
        twins: several of the same name in one image.
        mistaken: other entries whose *ID* is the snapshot's name (QEMU looks for an ID before a
            name: qemu block/snapshot.c, ``bdrv_snapshot_find_by_id_and_name``).
        blind: disks of which nobody can tell, whatever is tried.
        unread: about images that could not be read.
    """

    gone: tuple[Refusal, ...]
    twins: tuple[Refusal, ...]
    mistaken: tuple[Refusal, ...]
    blind: tuple[Refusal, ...]
    unread: tuple[Remark, ...]


def entry_problems(facts: Facts, snapshot: Snapshot) -> EntryProblems:
    """Look at the snapshot's parts inside the images."""
    name = snapshot.name
    gone, twins, mistaken, blind = [], [], [], []
    known = {disk.target for disk in snapshot.config.disks} if snapshot.config else set()
    unread = [
        remark(Unchecked.INSIDE_UNNAMED, disk=disk.target)
        for disk in snapshot.disks
        if disk.presence is Presence.INTERNAL and disk.target not in known
    ]
    for disk in internal_disks(snapshot):
        if disk.path is None:
            reason = f"{disk.no_path.reason}."
            blind.append(refuse(Why.INSIDE_UNKNOWN, disk=disk.target, reason=reason))
            continue
        image = facts.images.get(disk.path, NOT_READ)
        if isinstance(image, NotKnown) and closed_to_writers(disk, facts):
            continue
        if isinstance(image, NotKnown):
            unread.append(remark(Unchecked.INSIDE, disk=disk.target, reason=image.reason))
            continue
        ids = [entry.id for entry in image.snapshots if entry.name == name]
        if not ids:
            gone.append(refuse(Why.ENTRY_GONE, disk=disk.target, name=name, path=image.path))
        elif len(ids) > 1:
            twins.append(twins_of(disk, name, ids))
        mistaken += mistaken_ids(disk, name, image)
    return EntryProblems(tuple(gone), tuple(twins), tuple(mistaken), tuple(blind), tuple(unread))


def twins_of(disk: Disk, name: str, ids: Sequence[str]) -> Refusal:
    """Several entries of one name in the image of a disk."""
    told = ", ".join(ids)
    return refuse(Why.ENTRY_TWINS, disk=disk.target, number=len(ids), name=name, ids=told)


def mistaken_ids(disk: Disk, name: str, image: ImageInfo) -> list[Refusal]:
    """Entries of other names that have this name for an ID, so that QEMU takes them instead."""
    return [
        refuse(Why.ENTRY_ID_OF_OTHER, disk=disk.target, name=name, other=entry.name)
        for entry in image.snapshots
        if entry.id == name and entry.name != name
    ]


def image_problem(disk: Disk, facts: Facts) -> Refusal | None:
    """Why a disk cannot take an internal snapshot; ``None`` when it can or is not known."""
    name = disk.target
    way = Way.OUTSIDE_WITHOUT if disk.device == "lun" else Way.ONLY_EXTERNAL
    if disk.snapshot not in (None, Presence.INTERNAL):
        setting = disk.snapshot.value
        return refuse(Why.SET_ASIDE_BY_DOMAIN, Way.LEAVE_OUT_OUTSIDE, disk=name, setting=setting)
    if disk.device == "lun" and disk.source_type == "file":
        return refuse(Why.LUN_INSIDE, way, disk=name)
    if disk.source_type not in ("file", "block", "volume"):
        return refuse(Why.NOT_A_FILE, way, disk=name, kind=disk.source_type)
    if disk.format != "qcow2":
        return refuse(Why.NOT_QCOW2, way, disk=name, format=disk.format or "of unknown format")
    image = facts.images.get(disk.path or "")
    if isinstance(image, ImageInfo) and image.format != "qcow2":
        return refuse(Why.HOLDS_ANOTHER, way, disk=name, format=image.format)
    if isinstance(image, ImageInfo) and image.data_file is not None:
        return refuse(Why.DATA_FILE, way, image=image.path)
    return None
