"""Which images made a disk what it was at a snapshot's time, and which make it what it is now."""

from __future__ import annotations

from dataclasses import dataclass, replace

from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainConfig
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.storage.backing_chain import NOT_READ, Layers, chain
from snaptui.storage.disk_cost import NOT_TOLD
from snaptui.storage.in_image import Unmanaged


@dataclass(frozen=True, slots=True)
class At:
    """A disk as one image by itself has it.

    Attributes:
        entry: ID of an entry of its snapshot table, as which it has the disk; empty for as the
            disk is now.
    """

    path: str
    entry: str = ""


Stack = tuple[At, ...]
"""An image and all that lies beneath it, from the top."""


@dataclass(frozen=True, slots=True)
class DiskAt:
    """A disk at one time.

    Attributes:
        size: bytes of the disk.
    """

    stack: Stack
    size: int


def disk_now(config: DomainConfig, target: str, layers: Layers) -> DiskAt | NotKnown:
    """A disk as it is now."""
    disk = _disk_of(config, target)
    if disk is None:
        return NotKnown("the domain does not have it now")
    return _stacked(disk, "", layers)


def disk_then(snapshot: Snapshot, target: str, layers: Layers) -> DiskAt | NotKnown:
    """A disk as a snapshot has it."""
    if snapshot.config is None:
        return NOT_TOLD
    disk = _disk_of(snapshot.config, target)
    if disk is None:
        return NotKnown(f"the domain did not have it at {snapshot.name}")
    if (broken := layers.broken.get(snapshot.name)) is not None:
        return NotKnown(broken.words)
    part = next((one for one in snapshot.disks if one.target == target), None)
    if part is None or part.presence is Presence.NO:
        return NotKnown(f"{snapshot.name} does not hold this disk")
    if part.presence is Presence.MANUAL:
        return NotKnown("it is in no file that libvirt knows")
    if part.presence is Presence.INTERNAL:
        return _stacked(disk, snapshot.name, layers)
    if disk.path in layers.tops:
        return NotKnown(f"the image that {snapshot.name} froze is written to again")
    last = layers.frozen_by.get(disk.path or "", snapshot.name)
    if last != snapshot.name:
        return NotKnown(f"the image that {snapshot.name} froze was written to until {last}")
    return _stacked(disk, "", layers)


def disk_inside(
    found: Unmanaged, config: DomainConfig, target: str, layers: Layers
) -> DiskAt | NotKnown:
    """A disk as an unmanaged snapshot has it, in the first of its images now that holds one."""
    disk = _disk_of(config, target)
    if disk is None:
        return NotKnown("the domain does not have it now")
    if disk.path is None:
        return disk.no_path
    holding = {path for path, _ in found.parts}
    levels = chain(disk.path, disk.format, layers.heads)
    for level in levels:
        if level.path in holding:
            lower = replace(disk, path=level.path, format=level.format)
            return _stacked(lower, found.name, layers)
        if isinstance(level.image, NotKnown):
            return level.image
    return NotKnown(f"{found.name} does not hold this disk")


def unshared(one: Stack, other: Stack) -> tuple[Stack, Stack] | NotKnown:
    """What of the two is not the same; in the end both may have one image, as different entries."""
    ours, theirs = list(one), list(other)
    common = 0
    while ours and theirs and ours[-1] == theirs[-1]:
        common += 1
        ours.pop()
        theirs.pop()
    if not common and ours[-1].path != theirs[-1].path:
        return NotKnown("the two have no image in common")
    return tuple(ours), tuple(theirs)


def _disk_of(config: DomainConfig, target: str) -> Disk | None:
    return next((disk for disk in config.disks if disk.target == target), None)


def _stacked(disk: Disk, name: str, layers: Layers) -> DiskAt | NotKnown:
    """The images of a disk; the first one as its entry of a name has it, where one is given."""
    if disk.path is None:
        return disk.no_path
    levels = chain(disk.path, disk.format, layers.heads)
    for level in levels:
        if isinstance(level.image, NotKnown):
            return level.image
        if level.image.data_file is not None:
            return NotKnown("its data are in another file")
    top = layers.heads.get(disk.path, NOT_READ)
    if not isinstance(top, ImageInfo):
        return top
    beneath = tuple(At(level.path) for level in levels[1:])
    if not name:
        return DiskAt((At(disk.path), *beneath), top.virtual_size)
    entries = [entry for entry in top.snapshots if entry.name == name]
    if len(entries) != 1:
        there = "no snapshot" if not entries else f"{len(entries)} snapshots"
        return NotKnown(f"its image holds {there} of this name")
    (entry,) = entries
    return DiskAt((At(disk.path, entry.id), *beneath), entry.virtual_size or top.virtual_size)
