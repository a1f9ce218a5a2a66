"""What takes space on the file systems of a host, ranked by what deleting it gives back."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from types import MappingProxyType
from typing import TypeGuard

from snaptui.common import text
from snaptui.model.domain import Domain, DomainConfig
from snaptui.model.image import FileSystem, Fixed, ImageInfo, Missing, NotKnown
from snaptui.model.safety_mark import is_safety
from snaptui.model.snapshot import Snapshot
from snaptui.storage.backing_chain import NO_LAYERS, Layers
from snaptui.storage.costs import (
    reclaim_by_image,
    with_older_by_image,
    written_disks,
)
from snaptui.storage.disk_cost import NOT_YET, Counted
from snaptui.storage.in_image import Unmanaged, unmanaged_in
from snaptui.storage.inventory import Inventory
from snaptui.storage.qcow2.usage import ImageUsage
from snaptui.storage.remembered import Remembered
from snaptui.storage.totals import Total

Mark = tuple[str, str, str]
"""The URI of a host, and of an item on it what it is known by."""
Spaces = Mapping[str, FileSystem | NotKnown]
"""By path of an image, the file system that it is on."""
Mounts = Mapping[str, str | None]
"""The same by name; ``None`` for an image that never grows or shrinks."""
NOWHERE = ""
"""Stands for the file system of what is on one that is not known."""


class ItemKind(enum.Enum):
    """What an item is; the value is the word shown."""

    SNAPSHOT = "snapshot"
    SAFETY = "safety"
    UNMANAGED = "unmanaged"
    LEFTOVER = "orphaned"
    UNSURE = "orphaned?"
    """An overlay of which it is not certain that nothing names it."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be deleted, with its share of one file system.

    Attributes:
        domain: ``None`` for a leftover.
        name: of the snapshot; of a leftover its path.
        reclaim: bytes that deleting it gives back on this file system.
        with_older: the same for it and everything older in its images.
        proof: of a leftover, why nobody needs it, or why that is not certain.
        own: of a leftover, bytes of its disk that it holds by itself and no other image has.
        inside: the host gets nothing of this back: it stays free inside of an image.
    """

    kind: ItemKind
    domain: Domain | None
    name: str
    created: int | None
    reclaim: int | NotKnown
    with_older: int | NotKnown
    proof: str = ""
    own: int | NotKnown = 0
    inside: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """By what it is known on all file systems."""
        return (self.domain.key.uuid if self.domain is not None else "", self.name)


@dataclass(frozen=True, slots=True)
class Place:
    """A file system with images on it, or a block device with one.

    Attributes:
        space: why it is not known for what is where nobody knows.
        items: the most reclaim first; what is not known comes last.
        in_snapshots: what only snapshots hold of its images.
    """

    space: FileSystem | NotKnown
    items: tuple[Item, ...]
    in_snapshots: Total

    @property
    def name(self) -> str:
        """What it is told from others by."""
        return self.space.name if isinstance(self.space, FileSystem) else NOWHERE

    @property
    def full(self) -> float | None:
        """The share of it that is in use, 0 to 1; ``None`` when not known."""
        if isinstance(self.space, NotKnown) or not self.space.size:
            return None
        return 1.0 - self.space.free / self.space.size


@dataclass(frozen=True, slots=True)
class PlaceOnHost:
    """A file system of a host.

    Attributes:
        uri: of the host.
        host: as people call it; empty where there is only one.
    """

    uri: str
    host: str
    place: Place


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One domain with all that its snapshots need to be weighed.

    Attributes:
        snapshots: those whose metadata could be read.
        unread: by name, why metadata could not be read.
        layers: how its images lie upon each other.
        current: the current snapshot.
    """

    domain: Domain
    config: DomainConfig
    snapshots: tuple[Snapshot, ...]
    unread: Mapping[str, str]
    layers: Layers = NO_LAYERS
    current: str | None = None

    @property
    def things(self) -> tuple[Snapshot | Unmanaged, ...]:
        """Its snapshots, and what only its images know."""
        known = {*(snapshot.name for snapshot in self.snapshots), *self.unread}
        return (*self.snapshots, *unmanaged_in(known, self.layers.heads))


@dataclass(frozen=True, slots=True)
class Survey:
    """All domains of a host, as far as they have been read.

    Attributes:
        spaces: of the images.
        failed: by name, domains that could not be read, and why.
        inventory: who names which file; ``None`` before that is known.
        own: by path of an overlay that nothing names, bytes of its disk that it holds by itself.
    """

    domains: tuple[Surveyed, ...] = ()
    spaces: Spaces = field(default_factory=lambda: MappingProxyType({}))
    failed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    inventory: Inventory | None = None
    own: Mapping[str, int | NotKnown] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def mounts(self) -> Mounts:
        """By path of each image of :attr:`spaces`, what its file system is called."""
        return {path: _named(space) for path, space in self.spaces.items()}


Items = tuple[tuple[str, Item], ...]
"""Each with the file system that it is on."""


def places(
    survey: Survey, counted: Counted, known: Remembered[Surveyed, Items] | None = None
) -> tuple[Place, ...]:
    """The file systems, the fullest first, and what is on each; what is nowhere comes last.

    Args:
        known: of :func:`items_of`, where more is found out bit by bit.
    """
    found: dict[str, FileSystem] = {}
    for space in survey.spaces.values():
        if isinstance(space, FileSystem):
            found.setdefault(space.name, space)
    items: dict[str, list[Item]] = {}
    domains = {one.domain.key: one for one in survey.domains}
    of_domains = (known or Remembered(items_of)).of(domains, counted, survey.mounts)
    for mount, item in (*chain.from_iterable(of_domains), *_leftovers(survey)):
        inside = mount in found and found[mount].device
        items.setdefault(mount, []).append(replace(item, inside=True) if inside else item)
    held: dict[str, Total] = {}
    for mount, part in _held(survey, counted):
        held[mount] = held.get(mount, Total()).plus(part)
    made = [
        Place(space, _ranked(items.get(mount, ())), held.get(mount, Total()))
        for mount, space in found.items()
    ]
    made.sort(key=lambda place: (place.full is None, -(place.full or 0), place.name))
    nowhere = held.get(NOWHERE, Total())
    if NOWHERE in items or not nowhere.whole:
        reason = NotKnown(nowhere.reason or _first_reason(survey))
        made.append(Place(reason, _ranked(items.get(NOWHERE, ())), nowhere))
    return tuple(made)


def _held(survey: Survey, counted: Counted) -> Iterator[tuple[str, int | NotKnown]]:
    """By file system, what only snapshots hold of each image, and of what cannot be looked at."""
    heads = {path: head for one in survey.domains for path, head in one.layers.heads.items()}
    mounts = survey.mounts
    for path, head in heads.items():
        yield mounts.get(path) or NOWHERE, _in_snapshots(head, counted.get(path, NOT_YET))
    for one in survey.domains:
        for disk in written_disks(one.config):
            if disk.path is None:
                yield NOWHERE, NotKnown(f"{disk.target} of {one.domain.name}: {disk.unknown}")
    for name, reason in survey.failed.items():
        yield NOWHERE, NotKnown(f"{name}: {reason}")


def _in_snapshots(head: ImageInfo | NotKnown, usage: ImageUsage | NotKnown) -> int | NotKnown:
    if isinstance(usage, ImageUsage):
        return usage.usage.snapshots_only
    if isinstance(head, Missing) or (isinstance(head, ImageInfo) and not head.snapshots):
        return 0
    return head if isinstance(head, NotKnown) else usage


def _first_reason(survey: Survey) -> str:
    reasons = (one.reason for one in survey.spaces.values() if _lacks(one))
    return next(reasons, "its file system is not known")


def _lacks(space: FileSystem | NotKnown) -> TypeGuard[NotKnown]:
    return isinstance(space, NotKnown) and not isinstance(space, Fixed)


def leftovers(survey: Survey) -> tuple[str, ...]:
    """Paths of the overlays that nothing names, as far as that is known by now."""
    return survey.inventory.orphans if survey.inventory is not None else ()


def items_of(one: Surveyed, counted: Counted, mounts: Mounts) -> Items:
    """What could be deleted of a domain, once for each file system that it is on."""
    return tuple(_items(one, counted, mounts))


def _items(one: Surveyed, counted: Counted, mounts: Mounts) -> Iterator[tuple[str, Item]]:
    for thing in one.things:
        freed = reclaim_by_image(thing, counted, one.layers)
        older = with_older_by_image(thing, counted)
        unmanaged = isinstance(thing, Unmanaged)
        kind = ItemKind.SAFETY if is_safety(thing.name) else ItemKind.SNAPSHOT
        for mount in mounts_of(mounts, one, thing, () if isinstance(freed, NotKnown) else freed):
            yield (
                mount,
                Item(
                    ItemKind.UNMANAGED if unmanaged else kind,
                    one.domain,
                    thing.name,
                    thing.created,
                    _share(mounts, freed, mount),
                    _share(mounts, older, mount),
                ),
            )
    for name, reason in one.unread.items():
        why = NotKnown(reason)
        kind = ItemKind.SAFETY if is_safety(name) else ItemKind.SNAPSHOT
        for mount in mounts_of(mounts, one, None, ()):
            yield mount, Item(kind, one.domain, name, None, why, why)


def _leftovers(survey: Survey) -> Iterator[tuple[str, Item]]:
    mounts = survey.mounts
    for path in leftovers(survey):
        on = mounts.get(path, NOWHERE)
        if on is not None:
            yield on, _leftover(survey, path)


def mounts_of(
    mounts: Mounts, one: Surveyed, thing: Snapshot | Unmanaged | None, freed: Collection[str]
) -> tuple[str, ...]:
    """Where what a snapshot holds lies, and where deleting it frees or takes space.

    Args:
        thing: ``None`` for a snapshot of which nothing is known.
    """
    if isinstance(thing, Unmanaged):
        paths = [path for path, _ in thing.parts]
        unknown = False
    else:
        disks = written_disks((thing.config if thing is not None else None) or one.config)
        paths = [disk.path for disk in disks if disk.path is not None]
        unknown = any(disk.path is None for disk in disks)
    named = (mounts.get(path, NOWHERE) for path in (*paths, *freed))
    found = dict.fromkeys(mount for mount in named if mount is not None)
    return tuple(found) if found and not unknown else (*found, NOWHERE)


def _share(mounts: Mounts, by_image: Mapping[str, int] | NotKnown, mount: str) -> int | NotKnown:
    if isinstance(by_image, NotKnown):
        return by_image
    return sum(size for path, size in by_image.items() if mounts.get(path, NOWHERE) == mount)


def _named(space: FileSystem | NotKnown) -> str | None:
    if isinstance(space, Fixed):
        return None
    return space.name if isinstance(space, FileSystem) else NOWHERE


def disk_size(survey: Survey, path: str) -> int:
    """Bytes of an overlay that nothing names."""
    assert survey.inventory is not None
    return survey.inventory.images[path].disk_size


def _leftover(survey: Survey, path: str) -> Item:
    assert survey.inventory is not None
    kind, size = ItemKind.LEFTOVER, disk_size(survey, path)
    asked = text.count(survey.inventory.domains, "domain")
    proof = f"nothing names it: asked {asked}, their snapshots, and the images beside it"
    if doubts := survey.inventory.doubts_about((path,)):
        kind = ItemKind.UNSURE
        proof = f"uncertain: {doubts[0].words}"
        if len(doubts) > 1:
            proof += f" ({len(doubts) - 1} more)"
    return Item(kind, None, path, None, size, size, proof, survey.own.get(path, NOT_YET))


def _ranked(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(sorted(items, key=_rank))


def _rank(item: Item) -> tuple[bool, int, str]:
    unknown = isinstance(item.reclaim, NotKnown)
    return (unknown, -item.reclaim if isinstance(item.reclaim, int) else 0, item.name)
