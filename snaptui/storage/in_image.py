"""What images hold beside what libvirt knows: unmanaged and hollow snapshots, twins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from snaptui.model.disk import Disk, Presence
from snaptui.model.image import ImageInfo, ImageSnapshot, Missing, NotKnown
from snaptui.model.snapshot import Snapshot

Images = Mapping[str, ImageInfo | NotKnown]
"""By path, the heads of images, or why they could not be read."""
HOLLOW, TWINS = "hollow", "twins"
"""An image holds none, or more than one, of a snapshot's name."""
NO_RAM = "no RAM"
"""The file that the RAM was saved in is gone."""


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """A snapshot inside of images that libvirt does not know, as ``qemu-img snapshot -c`` makes it.

    Attributes:
        parts: path of each image that has one of this name, and the entry.
    """

    name: str
    parts: tuple[tuple[str, ImageSnapshot], ...]

    @property
    def created(self) -> int:
        """When the first of its parts was made."""
        return min(entry.created for _, entry in self.parts)


def settled(images: Images) -> Mapping[str, float | None]:
    """By path, when each was written to last, of those that no QEMU has open."""
    return {path: one.settled for path, one in images.items() if isinstance(one, ImageInfo)}


def unmanaged_in(known: Collection[str], images: Images) -> tuple[Unmanaged, ...]:
    """The unmanaged snapshots of some images, oldest first.

    Args:
        known: names of the domain's snapshots.
        images: of the domain's disks, now and at the time of its snapshots.
    """
    names = set(known)
    found: dict[str, list[tuple[str, ImageSnapshot]]] = {}
    for path, image in images.items():
        if isinstance(image, ImageInfo):
            for entry in image.snapshots:
                if entry.name not in names:
                    found.setdefault(entry.name, []).append((path, entry))
    made = (Unmanaged(name, tuple(parts)) for name, parts in found.items())
    return tuple(sorted(made, key=lambda one: (one.created, one.name)))


def internal_disks(snapshot: Snapshot) -> tuple[Disk, ...]:
    """The disks, as they were then, that the snapshot keeps inside their images.

    UEFI variables in qcow2 are always kept with them (qemuSnapshotForEachQcow2).
    """
    inside = {disk.target for disk in snapshot.disks if disk.presence is Presence.INTERNAL}
    disks = snapshot.config.written if snapshot.config is not None and inside else ()
    return tuple(disk for disk in disks if disk.target in inside or disk.device == "nvram")


def without_ram(snapshots: Iterable[Snapshot], heads: Images) -> Mapping[str, str]:
    """By name, the word for a snapshot whose file with the RAM is gone."""
    return {
        one.name: NO_RAM
        for one in snapshots
        if one.memory_path is not None and isinstance(heads.get(one.memory_path), Missing)
    }


def odd(snapshots: Iterable[Snapshot], images: Images) -> Mapping[str, str]:
    """By name, what is wrong with the parts inside the images in a word; empty for nothing.

    Snapshots of which an image is not among ``images``, or cannot be read as what the guest
    sees, are left out.
    """
    held = {
        path: Counter(entry.name for entry in image.snapshots)
        for path, image in images.items()
        if isinstance(image, ImageInfo)
    }
    found = {}
    for snapshot in snapshots:
        paths = [disk.path or "" for disk in snapshot.inside if _tells(disk)]
        if len(paths) == len(snapshot.inside) and all(path in images for path in paths):
            numbers = {held[path][snapshot.name] for path in paths if path in held}
            found[snapshot.name] = HOLLOW if 0 in numbers else TWINS if numbers - {1} else ""
    return MappingProxyType(found)


def _tells(disk: Disk) -> bool:
    """Whether the snapshot table of its image is that of the disk: libvirt takes it for qcow2."""
    return disk.path is not None and disk.format == "qcow2"


def oddities(snapshot: Snapshot, images: Images) -> Iterator[str]:
    """What is wrong with a snapshot's parts inside the images, in words."""
    for disk in snapshot.inside:
        image = images.get(disk.path or "")
        if not isinstance(image, ImageInfo) or not _tells(disk):
            continue
        number = Counter(entry.name for entry in image.snapshots)[snapshot.name]
        if number == 0:
            yield f"{HOLLOW}: {disk.target} holds no snapshot of this name any more"
        elif number > 1:
            ids = ", ".join(e.id for e in image.snapshots if e.name == snapshot.name)
            yield f"{TWINS}: {disk.target} holds {number} snapshots of this name (IDs {ids})"
