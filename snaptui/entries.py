"""What the images of a domain hold beside what libvirt knows: strays, hollow snapshots, twins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from snaptui.image_model import ImageInfo, ImageSnapshot, NotKnown
from snaptui.model import Presence, Snapshot

Images = Mapping[str, ImageInfo | NotKnown]
"""By path, the heads of images, or why they could not be read."""


@dataclass(frozen=True, slots=True)
class Stray:
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


def strays(known: Collection[str], images: Images) -> tuple[Stray, ...]:
    """The strays of some images, oldest first.

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
    made = (Stray(name, tuple(parts)) for name, parts in found.items())
    return tuple(sorted(made, key=lambda stray: (stray.created, stray.name)))


def oddities(snapshot: Snapshot, images: Images) -> Iterator[str]:
    """What is wrong with a snapshot's parts inside the images, in words."""
    inside = {disk.target for disk in snapshot.disks if disk.presence is Presence.INTERNAL}
    for disk in snapshot.config.disks if snapshot.config is not None else ():
        image = images.get(disk.path or "")
        if disk.target not in inside or not isinstance(image, ImageInfo):
            continue
        number = Counter(entry.name for entry in image.snapshots)[snapshot.name]
        if number == 0:
            yield f"hollow: {disk.target} holds no snapshot of this name any more"
        elif number > 1:
            ids = ", ".join(e.id for e in image.snapshots if e.name == snapshot.name)
            yield f"twins: {disk.target} holds {number} snapshots of this name (IDs {ids})"
