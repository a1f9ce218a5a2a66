"""What one disk's part of a snapshot costs, and its memory file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from snaptui.model.disk import Disk, Presence
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.model.snapshot import Kind, Snapshot
from snaptui.storage.backing_chain import NOT_READ, Layers
from snaptui.storage.in_image import Unmanaged, internal_disks
from snaptui.storage.qcow2.usage import ImageUsage, Overlap

RAM = "RAM"
"""Stands for the memory file where other figures stand by target."""
Counted = Mapping[str, ImageUsage | NotKnown]
"""By path, what was counted of an image, or why it could not be."""
NOT_YET = NotKnown("not counted yet")
WRITTEN_SINCE = NotKnown("it was written to after it was counted")
NOT_TOLD = NotKnown("the snapshot's metadata does not say which image it was")


@dataclass(frozen=True, slots=True)
class Part:
    """The same of one disk, or of the memory.

    Attributes:
        grows: bytes by which a merge makes the image beneath larger on its file system.
        gross: what goes with the file itself, where that is not ``reclaim``.
        given_back: whether the host gets what is freed; ``None`` where it is not known.
        in_use: whether a QEMU wrote to the image while it was counted; likewise.
    """

    written: int | NotKnown
    reclaim: int | NotKnown
    oldest: bool = True
    approximate: bool = False
    counted_at: float | None = None
    needs: int = 0
    grows: int = 0
    merge: tuple[str, str] | None = None
    given_back: bool | None = True
    in_use: bool | None = None
    gross: int | None = None


def as_counted(
    counted: ImageUsage | NotKnown, image: ImageInfo | NotKnown
) -> ImageUsage | NotKnown:
    """What was counted of an image, as long as it may be true of it as it is now.

    Where a QEMU has it open it may be written to at any time, and is not compared.
    """
    if isinstance(counted, NotKnown):
        return counted
    if isinstance(image, NotKnown):
        return image
    if counted.entries != image.snapshots:
        return NOT_YET
    dated = None not in (counted.written, image.settled)
    return WRITTEN_SINCE if dated and counted.written != image.settled else counted


def inside_part(usage: ImageUsage, place: int) -> Part:
    """What an entry of a snapshot table costs."""
    share = usage.usage.snapshots[place]
    return Part(
        written=share.growth,
        reclaim=share.frees,
        oldest=place == 0 and usage.backing is None,
        approximate=usage.approximate,
        counted_at=usage.counted_at,
        given_back=usage.given_back,
        in_use=usage.in_use,
    )


def outside_parts(
    snapshot: Snapshot, counted: Counted, layers: Layers
) -> Mapping[str, Part] | NotKnown:
    """The parts of a snapshot that lie in files of their own, by target, and its memory."""
    then = snapshot.then
    overlays = layers.branches.overlays_of(snapshot)
    ended = layers.branches.ended.get(snapshot.name)
    fixed = layers.branches.fixed.get(snapshot.name)
    stays = why_it_stays(snapshot, layers)
    parts: dict[str, Part] = {}
    for part in snapshot.disks:
        if part.presence not in (Presence.EXTERNAL, Presence.MANUAL):
            continue
        disk = then.get(part.target)
        if part.presence is Presence.MANUAL or part.path is None:
            return NotKnown(f"{part.target}: it is in no file that libvirt knows")
        if disk is None or disk.path is None:
            return NotKnown(f"{part.target}: {(disk.no_path if disk else NOT_TOLD).reason}")
        parts[part.target] = replace(
            Part(0, NotKnown(fixed.value))
            if fixed is not None
            else _removed(ended.get(part.target), layers)
            if ended is not None
            else Part(0, stays)
            if stays is not None
            else _unfrozen(overlays[part.target], counted, layers),
            written=_frozen(snapshot.name, disk.path, counted, layers),
            oldest=_first(disk.path, layers),
        )
    if snapshot.memory is Presence.EXTERNAL:
        memory = layers.heads.get(snapshot.memory_path or "", NOT_READ)
        if isinstance(memory, NotKnown):
            return NotKnown(f"{RAM}: {memory.reason}")
        parts[RAM] = Part(memory.disk_size, 0 if layers.keeps_memory else memory.disk_size)
    return parts


def why_it_stays(snapshot: Snapshot, layers: Layers) -> NotKnown | None:
    """Why a delete of an external snapshot removes none of its files, where one is broken."""
    broken = layers.broken.get(snapshot.name)
    if broken is None or snapshot.name in layers.branches.ended:
        return None
    return NotKnown(f"a delete is refused: {broken.words}")


def _removed(path: str | None, layers: Layers) -> Part:
    """What deleting a snapshot that ends a branch gives back: the image that it froze, if any."""
    if path is None:
        return Part(0, 0)
    image = layers.heads.get(path, NOT_READ)
    return Part(0, image if isinstance(image, NotKnown) else _whole(image))


def _whole(image: ImageInfo) -> int | NotKnown:
    """What removing an image gives back."""
    if image.device:
        return NotKnown("it is on a block device, which nothing removes")
    if image.data_file is not None:
        return NotKnown("its data is in another file, which stays")
    return image.disk_size


def _first(path: str, layers: Layers) -> bool:
    """Whether nothing lies beneath an image, and nothing older inside it."""
    image = layers.heads.get(path, NOT_READ)
    return isinstance(image, ImageInfo) and image.backing is None and not image.snapshots


def _frozen(name: str, path: str, counted: Counted, layers: Layers) -> int | NotKnown:
    """What the disk of before holds by itself, in the image that a snapshot froze."""
    image = layers.heads.get(path, NOT_READ)
    if isinstance(image, NotKnown):
        return image
    if path in layers.tops:
        return NotKnown("the image that it froze is written to again")
    if layers.frozen_by.get(path, name) != name:
        return NotKnown(f"the image that it froze was written to until {layers.frozen_by[path]}")
    if image.data_file is not None:
        return NotKnown("its data is in another file")
    if not image.snapshots and (not image.device or image.format != "qcow2"):
        return image.disk_size
    usage = counted.get(path, NOT_YET)
    return usage if isinstance(usage, NotKnown) else usage.usage.active


def _unfrozen(overlay: str, counted: Counted, layers: Layers) -> Part:
    """What deleting an overlay gives back, by removing or merging it, and needs before."""
    image = layers.heads.get(overlay, NOT_READ)
    if isinstance(image, NotKnown):
        return Part(0, image)
    if image.snapshots:
        return Part(
            0, NotKnown("its overlay holds internal snapshots, which a delete would destroy")
        )
    above = layers.above.get(overlay, frozenset())
    if overlay not in layers.in_use:
        if layers.doubt or above:
            return Part(0, NotKnown(layers.doubt or "other overlays use its overlay"))
        return Part(0, NotKnown("no disk uses its overlay, so only its metadata can be deleted"))
    lower, usage = image.backing, counted.get(overlay, NOT_YET)
    if not isinstance(lower, str):
        return Part(0, lower or NotKnown("its overlay has no backing file"))
    if len(above) > 1 or layers.above.get(lower, frozenset()) - {overlay}:
        return Part(0, NotKnown("several overlays use its overlay or its backing file"))
    if isinstance(usage, NotKnown):
        return Part(0, usage)
    overlap = usage.overlap
    if overlap is None or (isinstance(overlap, Overlap) and overlap.lower != lower):
        return Part(0, NOT_YET)
    if isinstance(overlap, NotKnown):
        return Part(0, overlap)
    # Zeros of the overlay that the disk writes to are passed on as zeros, those of a deeper one
    # as data (block/mirror.c; block/commit.c before QEMU 10). What they take away from a qcow2
    # image beneath it keeps for its next writes. Into a raw one QEMU 10 writes all zeros.
    top = overlay in layers.tops and not (overlap.lower_raw and layers.branches.fills_raw)
    needs = overlap.only_upper + (0 if top else overlap.zeros_only_upper)
    emptied = overlap.zeros_both if top and overlap.lower_raw else 0
    beneath = layers.heads.get(lower, NOT_READ)
    grows = 0 if isinstance(beneath, ImageInfo) and beneath.device else needs - emptied
    return Part(
        written=0,
        reclaim=usage.disk_size - grows,
        approximate=usage.approximate or overlap.approximate,
        counted_at=usage.counted_at,
        needs=needs,
        grows=needs - emptied,
        merge=(overlay, lower),
        in_use=usage.in_use,
        gross=usage.disk_size,
    )


def merge_needs(overlay: str, counted: Counted, layers: Layers) -> int | NotKnown:
    """What the image beneath an overlay grows by when that is merged into it."""
    part = _unfrozen(overlay, counted, layers)
    return part.reclaim if isinstance(part.reclaim, NotKnown) else part.needs


def places_of(
    thing: Snapshot | Unmanaged, counted: Counted
) -> Mapping[str, tuple[ImageUsage, int]] | NotKnown:
    """By target, the counted image and the place in its snapshot table.

    Of an unmanaged one by part.
    """
    if isinstance(thing, Unmanaged):
        return unmanaged_places(thing, counted)
    if thing.kind is not Kind.INTERNAL:
        return NotKnown("it is not internal")
    return own(thing, counted)


def unmanaged_places(
    unmanaged: Unmanaged, counted: Counted
) -> Mapping[str, tuple[ImageUsage, int]] | NotKnown:
    """By part, the counted image and the place in its snapshot table."""
    places: dict[str, tuple[ImageUsage, int]] = {}
    for path, entry in unmanaged.parts:
        usage = counted.get(path, NOT_YET)
        if isinstance(usage, NotKnown):
            return usage
        if entry not in usage.entries:
            return NOT_YET
        places[f"{path} {entry.id}"] = (usage, usage.entries.index(entry))
    return places


def _usage(disk: Disk | None, counted: Counted) -> ImageUsage | NotKnown:
    if disk is None:
        return NOT_TOLD
    return disk.no_path if disk.path is None else counted.get(disk.path, NOT_YET)


def own(
    snapshot: Snapshot, counted: Counted, *, hollow: bool = False
) -> Mapping[str, tuple[ImageUsage, int]] | NotKnown:
    """By target, the counted image and the snapshot's place in it.

    Args:
        hollow: parts that were gone when their image was counted are left out: their share is
            known to be none.
    """
    if snapshot.config is None:
        return NotKnown("its metadata contains no domain")
    then = snapshot.then
    found: dict[str, tuple[ImageUsage, int]] = {}
    for part in snapshot.disks:
        if part.presence is not Presence.INTERNAL:
            continue
        usage = _usage(then.get(part.target), counted)
        if isinstance(usage, NotKnown):
            return NotKnown(f"{part.target}: {usage.reason}")
        places = usage.places(snapshot.name)
        if hollow and not places and (snapshot.created or usage.counted_at) < usage.counted_at:
            continue
        if len(places) != 1:
            there = "no snapshot" if not places else f"{len(places)} snapshots"
            return NotKnown(f"{part.target} holds {there} of this name")
        found[part.target] = (usage, places[0])
    for disk in internal_disks(snapshot):
        if disk.device != "nvram":
            continue
        usage = _usage(disk, counted)
        if isinstance(usage, NotKnown):
            return NotKnown(f"{disk.target}: {usage.reason}")
        places = usage.places(snapshot.name)
        if len(places) > 1:
            return NotKnown(f"{disk.target} hold {len(places)} snapshots of this name")
        if places:  # older libvirts leave them out
            found[disk.target] = (usage, places[0])
    return found
