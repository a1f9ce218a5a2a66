"""What the snapshots of a domain cost: the figures of its images, added up over its disks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from snaptui.entries import Stray
from snaptui.model import Disk, DomainConfig, Kind, NotKnown, Presence, Snapshot
from snaptui.qcow2.usage import ImageUsage

Counted = Mapping[str, ImageUsage | NotKnown]
"""By path, what was counted of an image, or why it could not be."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one snapshot costs, in bytes.

    Attributes:
        written: what its images grew by for it.
        reclaim: what deleting it gives back.
        oldest: it is the oldest on every disk, so that ``written`` is the disk as it was.
        approximate: an image was in use and did not add up.
        counted_at: when the oldest of the figures was counted.
        by_disk: by target, what is written and reclaimed of it.
    """

    written: int
    reclaim: int
    oldest: bool
    approximate: bool
    counted_at: float
    by_disk: Mapping[str, tuple[int, int]]


def cost_of(thing: Snapshot | Stray, counted: Counted) -> Cost | NotKnown:
    """What a snapshot costs over all disks that it is inside of, known to libvirt or not."""
    places = _places(thing, counted)
    return places if isinstance(places, NotKnown) else _cost(places)


def _cost(places: Mapping[str, tuple[ImageUsage, int]]) -> Cost:
    shares = {target: usage.usage.snapshots[place] for target, (usage, place) in places.items()}
    return Cost(
        written=sum(share.growth for share in shares.values()),
        reclaim=sum(share.frees for share in shares.values()),
        oldest=all(place == 0 for _, place in places.values()),
        approximate=any(usage.approximate for usage, _ in places.values()),
        counted_at=min(usage.counted_at for usage, _ in places.values()),
        by_disk={target: (share.growth, share.frees) for target, share in shares.items()},
    )


def reclaim_of(things: Collection[Snapshot | Stray], counted: Counted) -> int | NotKnown:
    """What deleting these together gives back: not the sum of what each alone does."""
    freed = frees_by_image(things, counted)
    return freed if isinstance(freed, NotKnown) else sum(freed.values())


def frees_by_image(
    things: Collection[Snapshot | Stray], counted: Counted
) -> Mapping[str, int] | NotKnown:
    """The same by path of each image."""
    chosen: dict[str, tuple[ImageUsage, set[int]]] = {}
    for thing in things:
        places = _places(thing, counted)
        if isinstance(places, NotKnown):
            return NotKnown(f"{thing.name}: {places.reason}")
        for usage, place in places.values():
            chosen.setdefault(usage.path, (usage, set()))[1].add(place)
    return {path: usage.usage.frees(places) for path, (usage, places) in chosen.items()}


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
    return _stray_places(thing, counted) if isinstance(thing, Stray) else _own(thing, counted)


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
    if snapshot.kind is not Kind.INTERNAL:
        return NotKnown("only what lies inside of images is counted")
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
