"""Backing chains: which image lies on which, and which of them the disks write to now."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainConfig
from snaptui.model.files import Use, User
from snaptui.model.image import ImageInfo, Looped, NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.storage.branches import NO_BRANCHES, Branches
from snaptui.storage.damage import Broken, broken_of
from snaptui.storage.in_image import Images
from snaptui.storage.totals import Total, total

DEEPEST = 200
"""Images of a chain that are followed: no more than libvirt itself does (qemu_domain.h,
QEMU_DOMAIN_STORAGE_SOURCE_CHAIN_MAX_DEPTH)."""
COMPARED = 16
"""Images of a chain with which one that lies upon them is compared."""
NOT_READ = NotKnown("it is being read")


@dataclass(frozen=True, slots=True)
class Level:
    """One image of a chain, or why the chain cannot be told any further.

    Attributes:
        path: empty when not known.
        format: what names it says it is, else what it looks like; empty when not known.
    """

    path: str
    image: ImageInfo | NotKnown
    format: str = ""


def chain(path: str, form: str, heads: Images) -> tuple[Level, ...]:
    """An image and all that lies beneath it, from the top.

    Args:
        form: what the disk says that the image is; empty when it does not.
        heads: by path.
    """
    levels: list[Level] = []
    seen: set[str] = set()
    while len(levels) < DEEPEST:
        if path in seen:
            return (*levels, Level(path, Looped("it is above already: the chain goes round")))
        seen.add(path)
        image = heads.get(path, NOT_READ)
        if isinstance(image, NotKnown):
            return (*levels, Level(path, image, form))
        levels.append(Level(path, image, form or image.format))
        if image.backing is None:
            return tuple(levels)
        if isinstance(image.backing, NotKnown):
            return (*levels, Level("", image.backing))
        path, form = image.backing, image.backing_format or ""
    return (*levels, Level("", NotKnown(f"more than {DEEPEST} images: not followed any further")))


def backing_size(disk: Disk, heads: Images) -> Total:
    """What the backing files of a disk take on the host; no parts where it has none."""
    levels = chain(disk.path or "", disk.format, heads)[1:]
    sizes = (
        one.image if isinstance(one.image, NotKnown) else one.image.disk_size for one in levels
    )
    return total(sizes)


def disks_with_chains(config: DomainConfig) -> tuple[Disk, ...]:
    """The disks of a domain that have images, and it is known where."""
    return tuple(
        disk for disk in config.disks if disk.path is not None and disk.device in ("disk", "lun")
    )


def disks_unplaced(config: DomainConfig) -> tuple[Disk, ...]:
    """Those beneath which there may be images, but it is not known where."""
    return tuple(
        disk
        for disk in config.disks
        if disk.unknown
        and disk.device in ("disk", "lun")
        and (disk.volume is not None or disk.format != "raw")
    )


def files_of(config: DomainConfig, snapshots: Iterable[Snapshot]) -> Mapping[str, bool]:
    """The files that a domain and its snapshots name.

    Returns:
        By path, whether it is known to be no image with a head, but raw bytes.
    """
    found: dict[str, bool] = {}
    known = tuple(snapshots)
    for one in (config, *(s.config for s in known if s.config is not None)):
        inside = (disk for disk in one.written if disk.device == "nvram" and disk.path is not None)
        for disk in (*disks_with_chains(one), *inside):
            # without a format libvirt takes it for raw (qemuDomainDeviceDiskDefPostParse)
            found.setdefault(disk.path or "", disk.format in ("", "raw"))
    for snapshot in known:
        for path in overlays_of(snapshot):
            found.setdefault(path, False)
        if snapshot.memory_path is not None:
            found.setdefault(snapshot.memory_path, True)
    return found


def overlays_of(snapshot: Snapshot) -> tuple[str, ...]:
    """The files of an external snapshot's overlays."""
    return tuple(
        disk.path
        for disk in snapshot.disks
        if disk.presence is Presence.EXTERNAL and disk.path is not None
    )


def uses_by(path: str) -> tuple[User, User]:
    """An image as the user of the one beneath it, and of the file of its data."""
    return User(path, use=Use.BENEATH), User(path, use=Use.DATA)


@dataclass(frozen=True, slots=True)
class Layers:
    """How the images of a domain and of its snapshots lie upon each other.

    Attributes:
        heads: by path, of all of them.
        tops: the images that the disks write to now.
        in_use: these and all that lies beneath them.
        doubt: why something may be missing in :attr:`in_use`; empty otherwise.
        above: by path, those of the images that lie directly upon it.
        frozen_by: by path, the snapshot that made a disk write elsewhere; the newest.
        merging: the overlays of external snapshots that a delete would merge.
        keeps_memory: the host's libvirt leaves the memory file of a snapshot that it deletes.
        broken: by name, snapshots whose images are not what they were, and what is the matter.
        branches: what libvirt does with the files of the external ones.
    """

    heads: Images = field(default_factory=lambda: MappingProxyType({}))
    tops: frozenset[str] = frozenset()
    in_use: frozenset[str] = frozenset()
    doubt: str = "the images were not read yet"
    above: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    frozen_by: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    merging: frozenset[str] = frozenset()
    keeps_memory: bool = False
    broken: Mapping[str, Broken] = field(default_factory=lambda: MappingProxyType({}))
    branches: Branches = NO_BRANCHES

    def beneath(self, path: str) -> str | NotKnown | None:
        """What an image lies upon."""
        image = self.heads.get(path, NOT_READ)
        return image if isinstance(image, NotKnown) else image.backing

    def stamp(self, path: str) -> Hashable:
        """What the count of an image rests on beside its snapshot table.

        An image that no disk writes to changes only when something is merged into it.
        ``None``: on nothing.
        """
        beneath = self.merged_beneath(path)
        known = (self._size(path), *((one, self._size(one)) for one in beneath))
        return known if known != (None,) else None

    def merged_beneath(self, path: str) -> tuple[str, ...]:
        """The images into which deletes of external snapshots could merge one, the next first."""
        found: list[str] = []
        while path in self.merging and len(found) < COMPARED:
            beneath = self.beneath(path)
            if not isinstance(beneath, str) or beneath in found:
                break
            found.append(beneath)
            path = beneath
        return tuple(found)

    def _size(self, path: str) -> int | None:
        image = self.heads.get(path)
        return image.disk_size if isinstance(image, ImageInfo) and path not in self.tops else None


NO_LAYERS = Layers()


def of_several(all_layers: Iterable[Layers]) -> Layers:
    """Those of several domains as far as counting their images needs them."""
    heads: dict[str, ImageInfo | NotKnown] = {}
    tops: frozenset[str] = frozenset()
    merging: frozenset[str] = frozenset()
    for one in all_layers:
        heads.update(one.heads)
        tops, merging = tops | one.tops, merging | one.merging
    return Layers(heads=MappingProxyType(heads), tops=tops, merging=merging)


def layers_of(
    config: DomainConfig,
    snapshots: Iterable[Snapshot],
    heads: Images,
    *,
    keeps_memory: bool,
    branches: Branches = NO_BRANCHES,
) -> Layers:
    """Find out how images lie upon each other.

    Args:
        config: the domain as it is now.
        heads: by path, of all that :func:`files_of` names and of what lies beneath.
    """
    known = sorted(snapshots, key=lambda one: (one.created or 0, one.name))
    in_use: set[str] = set()
    doubts = [f"where {disk.target} is: {disk.unknown}" for disk in disks_unplaced(config)]
    disks = disks_with_chains(config)
    for disk in disks:
        levels = chain(disk.path or "", disk.format, heads)
        in_use.update(level.path for level in levels)
        end = levels[-1].image
        if isinstance(end, NotKnown):
            doubts.append(f"the chain of {disk.target} is not known to its end: {end.reason}")
    above: dict[str, set[str]] = {}
    for path, image in heads.items():
        if isinstance(image, ImageInfo) and isinstance(image.backing, str):
            above.setdefault(image.backing, set()).add(path)
    frozen_by: dict[str, str] = {}
    for snapshot in known:
        outside = {d.target for d in snapshot.disks if d.presence is Presence.EXTERNAL}
        for disk in snapshot.config.disks if snapshot.config is not None else ():
            if disk.target in outside and disk.path is not None:
                frozen_by[disk.path] = snapshot.name
    now = {disk.target: disk.path for disk in disks if disk.path is not None}
    tops = frozenset(disk.path for disk in disks if disk.path is not None)
    return Layers(
        heads=heads,
        tops=tops,
        in_use=frozenset(in_use),
        doubt="; ".join(doubts),
        above=MappingProxyType({path: frozenset(some) for path, some in above.items()}),
        frozen_by=MappingProxyType(frozen_by),
        merging=frozenset(
            path for one in known for path in branches.overlays_of(one).values() if path in in_use
        ),
        keeps_memory=keeps_memory,
        broken=MappingProxyType(broken_of(known, heads, tops, above, branches, now)),
        branches=branches,
    )
