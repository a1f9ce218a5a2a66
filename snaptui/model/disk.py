"""Disks as the XML of domains and snapshots describes them."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace

from snaptui.model.image import NotKnown, Unplaced


class Presence(enum.Enum):
    """How one part (a disk, the memory) takes part in a snapshot."""

    NO = "no"
    INTERNAL = "internal"
    EXTERNAL = "external"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of a storage pool, which an XML names instead of a path.

    Attributes:
        place: where its pool says that it is now, or why that is not known.
    """

    pool: str
    name: str
    place: str | Unplaced


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk as a domain's XML describes it.

    Attributes:
        target: ``vda``; what snapshots call the disk by.
        device: ``disk``, ``cdrom``, ``floppy`` or ``lun``.
        source_type: ``file``, ``block``, ``network``, ``volume``, ...
        path: the file or device whose bytes are the image; of a volume the one that QEMU has
            open while the domain runs, else the one that its pool names. ``None`` for an empty
            drive, and where there is none or it is not known.
        format: driver type (``qcow2``, ``raw``); empty when the XML does not say.
        read_only: ``<readonly/>`` is there.
        shareable: ``<shareable/>`` is there.
        snapshot: the disk's own ``snapshot=`` attribute; ``None`` when it has none.
        encryption: the XML has an ``<encryption>`` for it, or for what lies beneath.
        beneath: the images that the XML itself says lie beneath, from the top; ``None`` when it
            says nothing of that. libvirt puts them in and leaves them out by itself, so two disks
            do not differ by them.
        volumes: those of them that the XML names as volumes; they are not in ``beneath``.
        volume: the volume that it is, where the XML names one.
        unknown: why there is no :attr:`path`, though the drive is not empty; empty otherwise.
        passed: who starts the domain opens its file, and libvirt does not (``fdgroup``).
        transient: what the guest writes is given up when it ends (``<transient/>``).
        discards_all: what the guest discards goes from the file although internal snapshots hold
            it (``discard='unmap'`` with ``discard_no_unref='on'``).
    """

    target: str
    device: str
    source_type: str
    path: str | None
    format: str
    read_only: bool = False
    shareable: bool = False
    snapshot: Presence | None = None
    encryption: bool = field(default=False, compare=False)
    beneath: tuple[str, ...] | None = field(default=None, compare=False)
    volumes: tuple[Volume, ...] = field(default=(), compare=False)
    volume: Volume | None = None
    unknown: str = ""
    passed: bool = False
    transient: bool = False
    discards_all: bool = False

    def own(self, domain: str) -> Disk:
        """The same without the overlay that the guest of a domain gives up, if it runs.

        libvirt names it after the image and the domain; it is qcow2 whatever the image is
        (qemu_snapshot.c, qemuSnapshotGetTransientDiskDef).
        """
        if not self.transient or self.path is None:
            return self
        return replace(self, path=self.path.removesuffix(f".TRANSIENT-{domain}"), format="")

    @property
    def placed_beneath(self) -> tuple[str, ...]:
        """Where the pools say that the volumes beneath it are, as far as they say so."""
        return tuple(one.place for one in self.volumes if isinstance(one.place, str))

    @property
    def no_path(self) -> NotKnown:
        """Why it has no path."""
        return NotKnown(self.unknown or "there is no medium in it")

    @property
    def moved_to(self) -> str | NotKnown | None:
        """Where its pool says that it is, while the running QEMU has another file open.

        ``None`` where both agree, or nothing runs.
        """
        if self.volume is None or self.path in (None, self.volume.place):
            return None
        return self.volume.place
