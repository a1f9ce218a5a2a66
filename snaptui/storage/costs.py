"""What the snapshots of a domain cost: the figures of its images, added up over its disks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainConfig
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.model.snapshot import Kind, Snapshot
from snaptui.storage.backing_chain import NO_LAYERS, NOT_READ, Layers, overlays_of
from snaptui.storage.disk_cost import (
    NOT_YET,
    RAM,
    Counted,
    Part,
    inside_part,
    outside_parts,
    own,
    places_of,
    unmanaged_places,
    why_it_stays,
)
from snaptui.storage.in_image import Unmanaged
from snaptui.storage.qcow2.usage import ImageUsage, Overlap
from snaptui.storage.totals import Total, of_one


@dataclass(frozen=True, slots=True)
class Cost:
    """What one snapshot costs, in bytes.

    Attributes:
        written: what was written for it: inside an image by how much that grew, else the space
            of the layers that it froze and of its memory file.
        reclaim: what deleting it gives back.
        oldest: it is the oldest on every disk, so that ``written`` is the disk as it was.
        approximate: an image did not add up, or has holes that cannot be seen.
        in_use: whether those that did not add up were in use; ``None`` where that is not known.
        counted_at: when the oldest of the figures was counted; ``None`` when none had to be.
        by_disk: by target, what is written and reclaimed of it.
        needs: what the images beneath grow by before anything is given back.
        merges: by target, overlay and the image that it is merged into when it is deleted.
        given_back: whether the host gets all of :attr:`reclaim`: ``False`` where some stays in
            an image on a block device; ``None`` where the images may keep it.
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
    given_back: bool | None = True
    in_use: bool | None = None
    memory_left: str = ""


def cost_of(
    thing: Snapshot | Unmanaged, counted: Counted, layers: Layers = NO_LAYERS
) -> Cost | NotKnown:
    """What a snapshot costs over all disks and its memory, known to libvirt or not."""
    places = (
        unmanaged_places(thing, counted) if isinstance(thing, Unmanaged) else own(thing, counted)
    )
    if isinstance(places, NotKnown):
        return places
    parts = {target: inside_part(usage, place) for target, (usage, place) in places.items()}
    left, stays = "", None
    if isinstance(thing, Snapshot):
        outside = outside_parts(thing, counted, layers)
        if isinstance(outside, NotKnown):
            return outside
        parts.update(outside)
        stays = why_it_stays(thing, layers) if outside else None
        if layers.keeps_memory and thing.memory is Presence.EXTERNAL:
            left = thing.memory_path or ""
    if not parts:
        return NotKnown("it holds no data")
    times = [part.counted_at for part in parts.values() if part.counted_at is not None]
    return Cost(
        written=of_one((target, part.written) for target, part in parts.items()),
        reclaim=stays or of_one((target, part.reclaim) for target, part in parts.items()),
        oldest=all(part.oldest for part in parts.values()),
        approximate=any(part.approximate for part in parts.values()),
        counted_at=min(times, default=None),
        by_disk={target: (part.written, part.reclaim) for target, part in parts.items()},
        needs=sum(part.needs for part in parts.values()),
        merges={target: part.merge for target, part in parts.items() if part.merge is not None},
        given_back=_all_of([part.given_back for part in parts.values()]),
        in_use=_all_of([part.in_use for part in parts.values() if part.approximate]),
        memory_left=left,
    )


def _all_of(parts: Collection[bool | None]) -> bool | None:
    return False if False in parts else None if None in parts else True


def reclaim_of(
    things: Collection[Snapshot | Unmanaged], counted: Counted, layers: Layers = NO_LAYERS
) -> int | NotKnown:
    """What deleting these together gives back: not the sum of what each alone does."""
    freed = frees_by_image(things, counted, layers)
    if isinstance(freed, NotKnown):
        return freed
    return sum(size for path, size in freed.items() if size >= 0 or not _on_device(path, layers))


def reclaimed(
    things: Collection[Snapshot | Unmanaged], counted: Counted, layers: Layers = NO_LAYERS
) -> Total:
    """The same as far as it is known: of those of which it is, what they give back together."""
    known: list[Snapshot | Unmanaged] = []
    found = Total()
    for thing in things:
        alone = reclaim_of((thing,), counted, layers)
        if isinstance(alone, NotKnown):
            found = found.plus(alone, least=takes_nothing(thing, layers))
        else:
            known.append(thing)
    together = reclaim_of(known, counted, layers)
    if isinstance(together, NotKnown):
        for thing in known:
            found = found.plus(together, least=takes_nothing(thing, layers))
        return found
    return found.plus(together, of=len(known))


def takes_nothing(thing: Snapshot | Unmanaged, layers: Layers) -> bool:
    """Whether a delete can at least not make any image larger, whatever it gives back."""
    if isinstance(thing, Unmanaged) or thing.kind is Kind.INTERNAL:
        return True
    return why_it_stays(thing, layers) is not None


def _on_device(path: str, layers: Layers) -> bool:
    image = layers.heads.get(path)
    return isinstance(image, ImageInfo) and image.device


def frees_by_image(
    things: Collection[Snapshot | Unmanaged], counted: Counted, layers: Layers = NO_LAYERS
) -> Mapping[str, int] | NotKnown:
    """The same by path of each image or file; below zero for one that others are merged into."""
    chosen: dict[str, tuple[ImageUsage, set[int]]] = {}
    given: dict[str, int] = {}
    merged: dict[str, tuple[str, int]] = {}
    for thing in things:
        if isinstance(thing, Snapshot) and thing.kind is not Kind.INTERNAL:
            parts = why_it_stays(thing, layers) or outside_parts(thing, counted, layers)
            removed = _by_image(thing, parts, layers, merged)
            if isinstance(removed, NotKnown):
                return NotKnown(f"{thing.name}: {removed.reason}")
            for path, size in removed.items():
                given[path] = given.get(path, 0) + size
        places = _own_places(thing, counted)
        if isinstance(places, NotKnown):
            return NotKnown(f"{thing.name}: {places.reason}")
        for usage, place in places.values():
            chosen.setdefault(usage.path, (usage, set()))[1].add(place)
    for path in {*merged, *(lower for lower, _ in merged.values())} & chosen.keys():
        return NotKnown(f"snapshots inside of {path} are deleted, and it is merged")
    for path, (usage, numbers) in chosen.items():
        given[path] = given.get(path, 0) + usage.usage.frees(numbers)
    for path in merged:
        end, grows = _merged_into(path, merged, counted, layers)
        if isinstance(grows, NotKnown):
            return grows
        given[end] = given.get(end, 0) - grows
    return given


def _own_places(
    thing: Snapshot | Unmanaged, counted: Counted
) -> Mapping[str, tuple[ImageUsage, int]] | NotKnown:
    if isinstance(thing, Unmanaged):
        return unmanaged_places(thing, counted)
    return own(thing, counted, hollow=True)


def entries_of(
    things: Collection[Snapshot | Unmanaged], counted: Counted
) -> Mapping[str, frozenset[int]]:
    """By path of each image, the places in its snapshot table of what these have inside of it."""
    found: dict[str, frozenset[int]] = {}
    for thing in things:
        places = _own_places(thing, counted)
        for usage, place in () if isinstance(places, NotKnown) else places.values():
            found[usage.path] = found.get(usage.path, frozenset()) | {place}
    return found


def _by_image(
    snapshot: Snapshot,
    parts: Mapping[str, Part] | NotKnown,
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
            return NotKnown(f"{target}: which file goes is not known")
        gross = part.reclaim if part.gross is None else part.gross
        given[path] = given.get(path, 0) + gross
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
    thing: Snapshot | Unmanaged, counted: Counted, layers: Layers
) -> Mapping[str, int] | NotKnown:
    """By path of each image or file, what deleting one snapshot gives back."""
    return frees_by_image((thing,), counted, layers)


def with_older_by_image(
    thing: Snapshot | Unmanaged, counted: Counted
) -> Mapping[str, int] | NotKnown:
    """By path, what deleting this and everything older in its images gives back."""
    places = places_of(thing, counted)
    if isinstance(places, NotKnown):
        return places
    return {
        usage.path: usage.usage.snapshots[place].frees_with_older
        for usage, place in places.values()
    }


def written_since(config: DomainConfig, counted: Counted) -> int | NotKnown:
    """The space of what only the disks as they are now hold, with its tables."""
    return of_one((disk.target, _active(disk, counted)) for disk in written_disks(config))


def _active(disk: Disk, counted: Counted) -> int | NotKnown:
    usage = held_now(disk, counted)
    return usage if isinstance(usage, NotKnown) else usage.usage.active


def unsaved_of(config: DomainConfig, counted: Counted) -> int | NotKnown:
    """The data that only the disks as they are now hold: what a revert can lose."""
    return of_one((disk.target, unsaved_on(disk, counted)) for disk in written_disks(config))


def unsaved_on(disk: Disk, counted: Counted) -> int | NotKnown:
    """The same of one disk."""
    usage = held_now(disk, counted)
    return usage if isinstance(usage, NotKnown) else usage.usage.unsaved


def held_now(disk: Disk, counted: Counted) -> ImageUsage | NotKnown:
    """What was counted of the image that a disk writes to, or why nothing can be."""
    if disk.path is None:
        return disk.no_path
    if disk.format != "qcow2":
        form = disk.format or "declared as nothing, and so raw"
        return NotKnown(f"it is {form}: what is written to it leaves no trace")
    return counted.get(disk.path, NOT_YET)


def written_disks(config: DomainConfig) -> tuple[Disk, ...]:
    """The disks that a guest writes to, wherever they are."""
    return tuple(
        disk
        for disk in config.disks
        if disk.device in ("disk", "lun")
        and not disk.read_only
        and (disk.path is not None or disk.unknown)
    )


def counted_disks(config: DomainConfig) -> tuple[Disk, ...]:
    """The disks of a domain in whose images snapshots can lie, and its UEFI variables."""
    return tuple(
        disk
        for disk in config.written
        if disk.path is not None and disk.format == "qcow2" and not disk.read_only
    )


def holding(config: DomainConfig, snapshots: Iterable[Snapshot]) -> frozenset[str]:
    """The images in which a domain's snapshots can lie, or which are their overlays."""
    known = tuple(snapshots)
    configs = (config, *(one.config for one in known if one.config is not None))
    disks = (disk for one in configs for disk in counted_disks(one))
    overlays = (path for one in known for path in overlays_of(one))
    return frozenset((*(disk.path for disk in disks if disk.path is not None), *overlays))
