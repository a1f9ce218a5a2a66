"""Pure data about images and the file systems they are on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from snaptui.common.masking import label


class ImageKey(NamedTuple):
    """What an image is known by that is shown for itself, not as a disk of a domain."""

    host: str
    """The URI of the host as the user named it."""
    path: str
    """Absolute."""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    def __repr__(self) -> str:
        return f"ImageKey({label(self.host)!r}, {self.path!r})"


@dataclass(frozen=True, slots=True)
class NotKnown:
    """Stands where something could not be established, and says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Missing(NotKnown):
    """Stands for a file that is known not to be there."""


@dataclass(frozen=True, slots=True)
class Damaged(NotKnown):
    """Stands for an image of which the head, or what it says is where, makes no sense."""


@dataclass(frozen=True, slots=True)
class Looped(NotKnown):
    """Stands where a backing chain comes to an image that is above already."""


@dataclass(frozen=True, slots=True)
class Silent(NotKnown):
    """Stands for a file whose file system does not answer."""


@dataclass(frozen=True, slots=True)
class Fixed(NotKnown):
    """Stands for the space of an image that neither grows nor shrinks: a raw block device."""


@dataclass(frozen=True, slots=True)
class Unplaced(NotKnown):
    """Stands for the path of a pool's volume that cannot be resolved.

    Attributes:
        folder: where it would be; ``None`` when not known, empty when it is no file at all.
    """

    folder: str | None = None


@dataclass(frozen=True, slots=True)
class NoPath(NotKnown):
    """Stands for the path of what an image names otherwise: by a protocol, or by options.

    Attributes:
        files: the files of the host that it may open; empty for another protocol, ``None`` when
            it may be any.
    """

    files: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class ImageSnapshot:
    """An entry of a qcow2 image's own snapshot table.

    ``name`` and ``id`` are shown text; bytes that are not UTF-8 become U+FFFD.

    Attributes:
        virtual_size: of the disk when it was made; ``None`` when not known.
    """

    id: str
    name: str
    created: int
    vm_state: int
    virtual_size: int | None = None


@dataclass(frozen=True, slots=True)
class PlacedEntry:
    """One entry and no other: several of an image may have its name, or even its ID.

    Attributes:
        place: in the snapshot table, from 0.
    """

    place: int
    entry: ImageSnapshot

    @property
    def words(self) -> str:
        """Name and ID."""
        return f"{self.entry.name} (ID {self.entry.id})"


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What the head of an image says, and what the file system says of the file.

    Attributes:
        backing: path of the image beneath; ``None`` without one.
        data_file: path of the file that holds its data, where that is another one.
        encrypted: nothing of its data can be had without a secret.
        faults: why QEMU should not write to it, in words: marked corrupt, not closed.
        corrupt: it is marked so: QEMU does not open it to write.
        locked: a QEMU keeps others from writing to it; ``False`` where that cannot be known.
        in_writing: a QEMU writes to it; none opens what lies upon it meanwhile.
        device: it is on a block device, of which ``disk_size`` is the size.
        bitmaps: how many persistent dirty bitmaps of backup tools it holds.
        data_beside: that file is named by a relative path.
        holds_qcow2: it is declared raw, and begins as a qcow2 image does.
        holds_luks: it is declared raw, and begins as a LUKS volume does.
        written: when the file was written to last, seconds since the epoch; ``None`` for what is
            no file of this machine.
        changed: when anything of the file was changed last: bytes, owner, name, times.
        departed: when the newest of those snapshots was made that the disk is not as any more: it
            was written to after that. ``None`` when not known; of several, the newest are
            compared.
        refcount_limit: the highest refcount that its refcounts are wide enough for.
    """

    path: str
    format: str
    virtual_size: int
    disk_size: int
    snapshots: tuple[ImageSnapshot, ...]
    backing: str | NotKnown | None = None
    backing_format: str | None = None
    data_file: str | NotKnown | None = None
    encrypted: bool = False
    faults: tuple[str, ...] = ()
    corrupt: bool = False
    locked: bool = False
    in_writing: bool = field(default=False, compare=False)
    device: bool = False
    bitmaps: int = 0
    holds_qcow2: bool = False
    holds_luks: bool = False
    data_beside: bool = False
    written: float | None = field(default=None, compare=False)  # a guest writes all the time
    changed: float | None = field(default=None, compare=False)
    departed: int | None = field(default=None, compare=False)
    refcount_limit: int = 65535

    @property
    def settled(self) -> float | None:
        """When it was written to last, where no QEMU has it open; ``None`` else, or not known."""
        return None if self.locked else self.written


ONE_HOST = frozenset(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "tmpfs", "overlay", "jfs", "bcachefs"}
)
"""File systems that no other host has mounted at the same time."""


@dataclass(frozen=True, slots=True)
class FileSystem:
    """Space on the file system that holds a path, or on the block device that it is.

    Attributes:
        free: what an ordinary user may still use; of a device, what lies behind the end of the
            image on it.
        reserve: what root may use beyond that; of a device, what is free inside of the image,
            where next to nothing lies behind its end.
        mount: where it is mounted; empty when not known.
        kind: its type as the kernel calls it (``ext4``); empty when not known.
        stale: these are figures of some time ago.
        device: it is a block device with an image on it: what is freed there stays the image's,
            and the host gets nothing.
    """

    path: str
    size: int
    free: int
    reserve: int = 0
    mount: str = ""
    kind: str = ""
    stale: bool = False
    device: bool = False

    @property
    def of_one_host(self) -> bool:
        """Whether no other host uses it: on all others an image may be in use next door."""
        return self.kind in ONE_HOST

    @property
    def name(self) -> str:
        """What it is told from others by."""
        return self.mount or self.path
