"""What the snapshots of a domain cost: the figures of its images, added up over its disks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from snaptui.chains import NO_LAYERS, NOT_READ, Layers
from snaptui.entries import Stray
from snaptui.model import Disk, DomainConfig, ImageInfo, Kind, NotKnown, Presence, Snapshot
from snaptui.qcow2.usage import ImageUsage, Overlap

RAM = "RAM"
"""Stands for the memory file where other figures stand by target."""
Counted = Mapping[str, ImageUsage | NotKnown]
"""By path, what was counted of an image, or why it could not be."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one snapshot costs, in bytes.

    Attributes:
        written: what was written for it: inside an image by how much that grew, else the space
            of the layers that it froze and of its memory file.
        reclaim: what deleting it gives back.
        oldest: it is the oldest on every disk, so that ``written`` is the disk as it was.
        approximate: an image was in use and did not add up, or has holes that cannot be seen.
        counted_at: when the oldest of the figures was counted; ``None`` when none had to be.
        by_disk: by target, what is written and reclaimed of it.
        needs: what the images beneath grow by before anything is given back.
        merges: by target, overlay and the image that it is merged into when it is deleted.
        given_back: whether the host gets :attr:`reclaim`; else it may only be reusable inside
            of the images.
        memory_left: the memory file that libvirt leaves behind when it is deleted.
    """

    written: int | NotKnown
    reclaim: int | NotKnown
    oldest: bool
    approximate: bool
    counted_at: float | None
    by_disk: Mapping[str, tuple[int | NotKnown, int | NotKnown]]
    needs: int = 0
    merges: Mapping[str, tuple[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    given_back: bool = True
    memory_left: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """The same of one disk, or of the memory.

    Attributes:
        grows: bytes by which a merge makes the image beneath larger on its file system.
    """

    written: int | NotKnown
    reclaim: int | NotKnown
    oldest: bool = True
    approximate: bool = False
    counted_at: float | None = None
    needs: int = 0
    grows: int = 0
    merge: tuple[str, str] | None = None
    given_back: bool = True


def cost_of(
    thing: Snapshot | Stray, counted: Counted, layers: Layers = NO_LAYERS
) -> Cost | NotKnown:
    """What a snapshot costs over all disks and its memory, known to libvirt or not."""
    places = _stray_places(thing, counted) if isinstance(thing, Stray) else _own(thing, counted)
    if isinstance(places, NotKnown):
        return places
    parts = {target: _inside(usage, place) for target, (usage, place) in places.items()}
    left = ""
    if isinstance(thing, Snapshot):
        outside = _outside(thing, counted, layers)
        if isinstance(outside, NotKnown):
            return outside
        parts.update(outside)
        if layers.keeps_memory and thing.memory is Presence.EXTERNAL:
            left = thing.memory_path or ""
    if not parts:
        return NotKnown("it holds no data")
    times = [part.counted_at for part in parts.values() if part.counted_at is not None]
    return Cost(
        written=_sum({target: part.written for target, part in parts.items()}),
        reclaim=_sum({target: part.reclaim for target, part in parts.items()}),
        oldest=all(part.oldest for part in parts.values()),
        approximate=any(part.approximate for part in parts.values()),
        counted_at=min(times, default=None),
        by_disk={target: (part.written, part.reclaim) for target, part in parts.items()},
        needs=sum(part.needs for part in parts.values()),
        merges={target: part.merge for target, part in parts.items() if part.merge is not None},
        given_back=all(part.given_back for part in parts.values()),
        memory_left=left,
    )


def _sum(figures: Mapping[str, int | NotKnown]) -> int | NotKnown:
    total = 0
    for target, figure in figures.items():
        if isinstance(figure, NotKnown):
            return NotKnown(f"{target}: {figure.reason}")
        total += figure
    return total


def _inside(usage: ImageUsage, place: int) -> _Part:
    share = usage.usage.snapshots[place]
    return _Part(
        written=share.growth,
        reclaim=share.frees,
        oldest=place == 0 and usage.backing is None,
        approximate=usage.approximate,
        counted_at=usage.counted_at,
        given_back=bool(usage.given_back),
    )


def _outside(
    snapshot: Snapshot, counted: Counted, layers: Layers
) -> Mapping[str, _Part] | NotKnown:
    """The parts of a snapshot that lie in files of their own, by target, and its memory."""
    then = {disk.target: disk for disk in snapshot.config.disks} if snapshot.config else {}
    overlays = layers.branches.overlays_of(snapshot)
    ended = layers.branches.ended.get(snapshot.name)
    fixed = layers.branches.fixed.get(snapshot.name)
    parts: dict[str, _Part] = {}
    for part in snapshot.disks:
        if part.presence not in (Presence.EXTERNAL, Presence.MANUAL):
            continue
        disk = then.get(part.target)
        if part.presence is Presence.MANUAL or disk is None or None in (disk.path, part.path):
            return NotKnown(f"{part.target}: it is in no file that libvirt knows")
        parts[part.target] = replace(
            _Part(0, NotKnown(fixed.value))
            if fixed is not None
            else _removed(ended.get(part.target), layers)
            if ended is not None
            else _unfrozen(overlays[part.target], counted, layers),
            written=_frozen(snapshot.name, disk.path or "", counted, layers),
            oldest=_first(disk.path or "", layers),
        )
    if snapshot.memory is Presence.EXTERNAL:
        memory = layers.heads.get(snapshot.memory_path or "", NOT_READ)
        if isinstance(memory, NotKnown):
            return NotKnown(f"{RAM}: {memory.reason}")
        parts[RAM] = _Part(memory.disk_size, 0 if layers.keeps_memory else memory.disk_size)
    return parts


def _removed(path: str | None, layers: Layers) -> _Part:
    """What deleting a snapshot that ends a branch gives back: the image that it froze, if any."""
    if path is None:
        return _Part(0, 0)
    image = layers.heads.get(path, NOT_READ)
    return _Part(0, image if isinstance(image, NotKnown) else image.disk_size)


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
    if not image.snapshots:
        return image.disk_size
    usage = counted.get(path, _NOT_YET)
    return usage if isinstance(usage, NotKnown) else usage.usage.active


def _unfrozen(overlay: str, counted: Counted, layers: Layers) -> _Part:
    """What deleting an overlay gives back, by removing or merging it, and needs before."""
    image = layers.heads.get(overlay, NOT_READ)
    if isinstance(image, NotKnown):
        return _Part(0, image)
    if image.snapshots:
        return _Part(0, NotKnown("inside its overlay are snapshots, which a delete would destroy"))
    above = layers.above.get(overlay, frozenset())
    if overlay not in layers.in_use:
        if layers.doubt or above:
            return _Part(0, NotKnown(layers.doubt or "other images lie on its overlay"))
        return _Part(0, image.disk_size)
    lower, usage = image.backing, counted.get(overlay, _NOT_YET)
    if not isinstance(lower, str):
        return _Part(0, lower or NotKnown("there is no image beneath its overlay"))
    if len(above) > 1 or layers.above.get(lower, frozenset()) - {overlay}:
        return _Part(0, NotKnown("several images lie on its overlay, or on the one beneath"))
    if isinstance(usage, NotKnown):
        return _Part(0, usage)
    overlap = usage.overlap
    if overlap is None or (isinstance(overlap, Overlap) and overlap.lower != lower):
        return _Part(0, _NOT_YET)
    if isinstance(overlap, NotKnown):
        return _Part(0, overlap)
    # Zeros of the overlay that the disk writes to are passed on as zeros, those of a deeper one
    # as data (block/mirror.c; block/commit.c before QEMU 10). What they take away from a qcow2
    # image beneath it keeps for its next writes. Into a raw one QEMU 10 writes all zeros.
    top = overlay in layers.tops and not (overlap.lower_raw and layers.branches.fills_raw)
    needs = overlap.only_upper + (0 if top else overlap.zeros_only_upper)
    emptied = overlap.zeros_both if top and overlap.lower_raw else 0
    return _Part(
        written=0,
        reclaim=usage.disk_size - needs + emptied,
        approximate=usage.approximate or overlap.approximate,
        counted_at=usage.counted_at,
        needs=needs,
        grows=needs - emptied,
        merge=(overlay, lower),
    )


def merge_needs(overlay: str, counted: Counted, layers: Layers) -> int | NotKnown:
    """What the image beneath an overlay grows by when that is merged into it."""
    part = _unfrozen(overlay, counted, layers)
    return part.reclaim if isinstance(part.reclaim, NotKnown) else part.needs


def reclaim_of(
    things: Collection[Snapshot | Stray], counted: Counted, layers: Layers = NO_LAYERS
) -> int | NotKnown:
    """What deleting these together gives back: not the sum of what each alone does."""
    freed = frees_by_image(things, counted, layers)
    return freed if isinstance(freed, NotKnown) else sum(freed.values())


def frees_by_image(
    things: Collection[Snapshot | Stray], counted: Counted, layers: Layers = NO_LAYERS
) -> Mapping[str, int] | NotKnown:
    """The same by path of each image or file; below zero for one that others are merged into."""
    chosen: dict[str, tuple[ImageUsage, set[int]]] = {}
    given: dict[str, int] = {}
    merged: dict[str, tuple[str, int]] = {}
    for thing in things:
        if isinstance(thing, Snapshot) and thing.kind is not Kind.INTERNAL:
            parts = _outside(thing, counted, layers)
            removed = _by_image(thing, parts, layers, merged)
            if isinstance(removed, NotKnown):
                return NotKnown(f"{thing.name}: {removed.reason}")
            for path, size in removed.items():
                given[path] = given.get(path, 0) + size
            continue
        places = _places(thing, counted)
        if isinstance(places, NotKnown):
            return NotKnown(f"{thing.name}: {places.reason}")
        for usage, place in places.values():
            chosen.setdefault(usage.path, (usage, set()))[1].add(place)
    for path in {*merged, *(lower for lower, _ in merged.values())} & chosen.keys():
        return NotKnown(f"snapshots inside of {path} are deleted, and it is merged")
    for path, (usage, numbers) in chosen.items():
        given[path] = usage.usage.frees(numbers)
    for path in merged:
        end, grows = _merged_into(path, merged, counted, layers)
        if isinstance(grows, NotKnown):
            return grows
        given[end] = given.get(end, 0) - grows
    return given


def _by_image(
    snapshot: Snapshot,
    parts: Mapping[str, _Part] | NotKnown,
    layers: Layers,
    merged: dict[str, tuple[str, int]],
) -> Mapping[str, int] | NotKnown:
    """What the files of an external snapshot take that go.

    Args:
        merged: by overlay, gets the image into which it is merged, and what that grows by.
    """
    if isinstance(parts, NotKnown):
        return parts
    paths = {disk.target: disk.path for disk in snapshot.config.disks} if snapshot.config else {}
    if snapshot.name not in layers.branches.ended:
        paths |= layers.branches.overlays_of(snapshot)
    paths[RAM] = snapshot.memory_path
    given: dict[str, int] = {}
    for target, part in parts.items():
        if isinstance(part.reclaim, NotKnown):
            return NotKnown(f"{target}: {part.reclaim.reason}")
        path = paths.get(target)
        if path is None:
            continue
        given[path] = given.get(path, 0) + part.reclaim + part.grows
        if part.merge is not None:
            merged[path] = part.merge[1], part.grows
    return given


def _merged_into(
    path: str, merged: Mapping[str, tuple[str, int]], counted: Counted, layers: Layers
) -> tuple[str, int | NotKnown]:
    """Where an overlay's data end when others are merged too, and what that grows by for them.

    What lies upon others is merged first. Where zeros hide data, more may come back.
    """
    end, grows = merged[path]
    between, top = 0, path
    while end in merged:
        end, between = merged[end][0], between + 1
    upon = {lower: upper for upper, (lower, _) in merged.items()}
    while top in upon:
        top = upon[top]
    usage = counted[path]
    assert isinstance(usage, ImageUsage)
    assert isinstance(usage.overlap, Overlap)
    if top == path and not between:
        return end, grows
    reached = ((usage.overlap.only_upper, usage.overlap.zeros_only_upper), *usage.overlap.deeper)
    if between >= len(reached):
        return end, NotKnown(f"{path} could not be compared with {end}")
    data, zeros = reached[between]
    image = layers.heads.get(end, NOT_READ)
    fills = layers.branches.fills_raw and isinstance(image, ImageInfo) and image.format == "raw"
    return end, data if top in layers.tops and not fills else data + zeros


def reclaim_by_image(
    thing: Snapshot | Stray, counted: Counted, layers: Layers
) -> Mapping[str, int] | NotKnown:
    """By path of each image or file, what deleting one snapshot gives back."""
    return frees_by_image((thing,), counted, layers)


def with_older_by_image(thing: Snapshot | Stray, counted: Counted) -> Mapping[str, int] | NotKnown:
    """By path, what deleting this and everything older in its images gives back."""
    places = _places(thing, counted)
    if isinstance(places, NotKnown):
        return places
    return {
        usage.path: usage.usage.snapshots[place].frees_with_older
        for usage, place in places.values()
    }


def written_since(config: DomainConfig, counted: Counted) -> int | NotKnown:
    """What only the disks as they are now hold."""
    total = 0
    for disk in counted_disks(config):
        usage = counted.get(disk.path or "", _NOT_YET)
        if isinstance(usage, NotKnown):
            return NotKnown(f"{disk.target}: {usage.reason}")
        total += usage.usage.active
    return total


def counted_disks(config: DomainConfig) -> tuple[Disk, ...]:
    """The disks of a domain in whose images snapshots can lie."""
    return tuple(
        disk
        for disk in config.disks
        if disk.path is not None and disk.format == "qcow2" and not disk.read_only
    )


_NOT_YET = NotKnown("not counted yet")


def _places(
    thing: Snapshot | Stray, counted: Counted
) -> Mapping[str, tuple[ImageUsage, int]] | NotKnown:
    """By target, the counted image and the place in its snapshot table; of strays by part."""
    if isinstance(thing, Stray):
        return _stray_places(thing, counted)
    if thing.kind is not Kind.INTERNAL:
        return NotKnown("it is not inside of images")
    return _own(thing, counted)


def _stray_places(
    stray: Stray, counted: Counted
) -> Mapping[str, tuple[ImageUsage, int]] | NotKnown:
    places: dict[str, tuple[ImageUsage, int]] = {}
    for path, entry in stray.parts:
        usage = counted.get(path, _NOT_YET)
        if isinstance(usage, NotKnown):
            return usage
        if entry not in usage.entries:
            return _NOT_YET
        places[f"{path} {entry.id}"] = (usage, usage.entries.index(entry))
    return places


def _own(snapshot: Snapshot, counted: Counted) -> Mapping[str, tuple[ImageUsage, int]] | NotKnown:
    """By target, the counted image and the snapshot's place in it."""
    if snapshot.config is None:
        return NotKnown("its metadata hold no domain")
    then = {disk.target: disk for disk in snapshot.config.disks}
    found: dict[str, tuple[ImageUsage, int]] = {}
    for part in snapshot.disks:
        if part.presence is not Presence.INTERNAL:
            continue
        disk = then.get(part.target)
        usage = counted.get(disk.path or "", _NOT_YET) if disk is not None else _NOT_YET
        if isinstance(usage, NotKnown):
            return NotKnown(f"{part.target}: {usage.reason}")
        places = usage.places(snapshot.name)
        if len(places) != 1:
            there = "no snapshot" if not places else f"{len(places)} snapshots"
            return NotKnown(f"{part.target} holds {there} of this name")
        found[part.target] = (usage, places[0])
    return found
