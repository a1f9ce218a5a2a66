"""What takes space on the file systems of a host, ranked by what deleting it gives back."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from snaptui import text
from snaptui.chains import NO_LAYERS, Layers
from snaptui.costs import frees_by_image, reclaim_by_image, with_older_by_image
from snaptui.entries import Stray, strays
from snaptui.image_model import FileSystem, NotKnown
from snaptui.inventory import Inventory
from snaptui.model import Domain, DomainConfig, Snapshot
from snaptui.plan.safety import is_safety
from snaptui.qcow2.usage import ImageUsage
from snaptui.shares import Counted


class ItemKind(enum.Enum):
    """What an item is; the value is the word shown."""

    SNAPSHOT = "snapshot"
    SAFETY = "safety"
    STRAY = "stray"
    LEFTOVER = "leftover"


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be deleted, with its share of one file system.

    Attributes:
        domain: ``None`` for a leftover.
        name: of the snapshot; of a leftover its path.
        reclaim: bytes that deleting it gives back on this file system.
        with_older: the same for it and everything older in its images.
        proof: of a leftover, why nobody needs it, or why that is not certain.
    """

    kind: ItemKind
    domain: Domain | None
    name: str
    created: int | None
    reclaim: int | NotKnown
    with_older: int | NotKnown
    proof: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """By what it is known on all file systems."""
        return (self.domain.key.uuid if self.domain is not None else "", self.name)


@dataclass(frozen=True, slots=True)
class Place:
    """A file system with images on it.

    Attributes:
        items: the most reclaim first; what is not known comes last.
        in_snapshots: what only snapshots hold of its images, as far as they are counted.
    """

    space: FileSystem
    items: tuple[Item, ...]
    in_snapshots: int

    @property
    def full(self) -> float:
        """The share of it that is in use, 0 to 1."""
        return 1.0 - self.space.free / self.space.size if self.space.size else 1.0


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
    def things(self) -> tuple[Snapshot | Stray, ...]:
        """Its snapshots, and what only its images know."""
        known = {*(snapshot.name for snapshot in self.snapshots), *self.unread}
        return (*self.snapshots, *strays(known, self.layers.heads))


@dataclass(frozen=True, slots=True)
class Survey:
    """All domains of a host, as far as they have been read.

    Attributes:
        spaces: by path of an image, the file system that it is on.
        failed: by name, domains that could not be read, and why.
        inventory: who names which file; ``None`` before that is known.
    """

    domains: tuple[Surveyed, ...] = ()
    spaces: Mapping[str, FileSystem | NotKnown] = field(
        default_factory=lambda: MappingProxyType({})
    )
    failed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    inventory: Inventory | None = None


def places(survey: Survey, counted: Counted) -> tuple[Place, ...]:
    """The file systems, the fullest first, and what is on each."""
    found: dict[str, FileSystem] = {}
    for space in survey.spaces.values():
        if isinstance(space, FileSystem):
            found.setdefault(space.mount or space.path, space)
    items: dict[str, list[Item]] = {mount: [] for mount in found}
    for mount, item in _items(survey, counted):
        items[mount].append(item)
    held = dict.fromkeys(found, 0)
    for path, image in counted.items():
        on = _mount(survey, path)
        if on is not None and isinstance(image, ImageUsage):
            held[on] += image.usage.snapshots_only
    made = (
        Place(space, tuple(sorted(items[mount], key=_rank)), held[mount])
        for mount, space in found.items()
    )
    return tuple(sorted(made, key=lambda place: (-place.full, place.space.mount)))


def promised(
    survey: Survey, counted: Counted, marked: Collection[tuple[str, str]]
) -> Mapping[str, int] | NotKnown:
    """By mount point, what deleting all marked items together gives back.

    Args:
        marked: by :attr:`Item.key`.
    """
    totals: dict[str, int] = {}
    for one in survey.domains:
        uuid = one.domain.key.uuid
        chosen = [thing for thing in one.things if (uuid, thing.name) in marked]
        if not chosen:
            continue
        freed = frees_by_image(chosen, counted, one.layers)
        if isinstance(freed, NotKnown):
            return NotKnown(f"{one.domain.name}: {freed.reason}")
        for path, size in freed.items():
            mount = _mount(survey, path)
            if mount is not None:
                totals[mount] = totals.get(mount, 0) + size
    for path in leftovers(survey):
        mount = _mount(survey, path)
        if ("", path) in marked and mount is not None:
            totals[mount] = totals.get(mount, 0) + _disk_size(survey, path)
    return totals


def chosen(
    survey: Survey, marked: Collection[tuple[str, str]]
) -> tuple[tuple[str, ...], tuple[tuple[Domain, tuple[str, ...], tuple[str, ...]], ...]]:
    """What marked items are: paths of leftovers; and by domain names of snapshots, of strays."""
    files = tuple(path for path in leftovers(survey) if ("", path) in marked)
    parts = []
    for one in survey.domains:
        things = [thing for thing in one.things if (one.domain.key.uuid, thing.name) in marked]
        names = tuple(thing.name for thing in things if isinstance(thing, Snapshot))
        extra = tuple(thing.name for thing in things if isinstance(thing, Stray))
        if things:
            parts.append((one.domain, names, extra))
    return files, tuple(parts)


def leftovers(survey: Survey) -> tuple[str, ...]:
    """Paths of the overlays that nothing names, as far as that is known by now."""
    return survey.inventory.leftovers if survey.inventory is not None else ()


def _items(survey: Survey, counted: Counted) -> Iterator[tuple[str, Item]]:
    for one in survey.domains:
        for thing in one.things:
            freed = reclaim_by_image(thing, counted, one.layers)
            older = with_older_by_image(thing, counted)
            stray = isinstance(thing, Stray)
            kind = ItemKind.SAFETY if is_safety(thing.name) else ItemKind.SNAPSHOT
            for mount in _mounts(survey, one, thing, () if isinstance(freed, NotKnown) else freed):
                yield (
                    mount,
                    Item(
                        ItemKind.STRAY if stray else kind,
                        one.domain,
                        thing.name,
                        thing.created,
                        _share(survey, freed, mount),
                        _share(survey, older, mount),
                    ),
                )
    for path in leftovers(survey):
        on = _mount(survey, path)
        if on is not None:
            size = _disk_size(survey, path)
            yield on, Item(ItemKind.LEFTOVER, None, path, None, size, size, _proof(survey))


def _mounts(
    survey: Survey, one: Surveyed, thing: Snapshot | Stray, freed: Collection[str]
) -> tuple[str, ...]:
    """Where what a snapshot holds lies, and where deleting it frees or takes space."""
    if isinstance(thing, Stray):
        paths = [path for path, _ in thing.parts]
    else:
        config = thing.config or one.config
        paths = [disk.path for disk in config.disks if disk.path is not None and not disk.read_only]
    mounts = (_mount(survey, path) for path in (*paths, *freed))
    return tuple(dict.fromkeys(mount for mount in mounts if mount is not None))


def _share(survey: Survey, by_image: Mapping[str, int] | NotKnown, mount: str) -> int | NotKnown:
    if isinstance(by_image, NotKnown):
        return by_image
    return sum(size for path, size in by_image.items() if _mount(survey, path) == mount)


def _mount(survey: Survey, path: str) -> str | None:
    space = survey.spaces.get(path)
    return space.mount or space.path if isinstance(space, FileSystem) else None


def _disk_size(survey: Survey, path: str) -> int:
    assert survey.inventory is not None
    return survey.inventory.images[path].disk_size


def _proof(survey: Survey) -> str:
    assert survey.inventory is not None
    asked = text.count(survey.inventory.domains, "domain")
    if survey.inventory.doubts:
        return f"not certain: {survey.inventory.doubts[0]}"
    return f"nothing names it: asked {asked}, their snapshots, and the images beside it"


def _rank(item: Item) -> tuple[bool, int, str]:
    unknown = isinstance(item.reclaim, NotKnown)
    return (unknown, -item.reclaim if isinstance(item.reclaim, int) else 0, item.name)
