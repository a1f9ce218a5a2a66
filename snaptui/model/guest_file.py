"""Files inside a guest's file systems, as its kernel would name them. All of it is hostile text.

Names and paths are ``str`` as :func:`os.fsdecode` gives them: a byte that is not UTF-8 is a lone
surrogate, and :func:`os.fsencode` gives the very bytes back.
"""

from __future__ import annotations

import enum
import stat
from dataclasses import dataclass


class FileType(enum.Enum):
    """What a directory entry is; the value is the word shown."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "symbolic link"
    BLOCK_DEVICE = "block device"
    CHARACTER_DEVICE = "character device"
    FIFO = "FIFO"
    SOCKET = "socket"
    UNKNOWN = "unknown type"


_TYPES = {
    stat.S_IFREG: FileType.FILE,
    stat.S_IFDIR: FileType.DIRECTORY,
    stat.S_IFLNK: FileType.LINK,
    stat.S_IFBLK: FileType.BLOCK_DEVICE,
    stat.S_IFCHR: FileType.CHARACTER_DEVICE,
    stat.S_IFIFO: FileType.FIFO,
    stat.S_IFSOCK: FileType.SOCKET,
}


@dataclass(frozen=True, slots=True)
class GuestFile:
    """One directory entry, not followed where it is a symbolic link.

    Attributes:
        name: the last part of its path.
        mode: ``st_mode``, type and permissions (inode(7)).
        owner: user ID in the guest.
        group: group ID in the guest.
        size: bytes.
        modified: nanoseconds since the epoch, by the guest's clock.
        changed: the same of its inode (``st_ctime``).
        inode: its number, unique within ``device``.
        device: number that the appliance gave to the file system it is on.
        links: how many names the inode has.
        target: where a symbolic link points; empty for all else.
    """

    name: str
    mode: int
    owner: int
    group: int
    size: int
    modified: int
    changed: int
    inode: int
    device: int
    links: int
    target: str = ""

    @property
    def type(self) -> FileType:
        """What it is."""
        return _TYPES.get(stat.S_IFMT(self.mode), FileType.UNKNOWN)

    @property
    def permissions(self) -> str:
        """As ``ls -l`` shows type and permissions: ten letters."""
        return stat.filemode(self.mode)


@dataclass(frozen=True, slots=True)
class GuestVolume:
    """What may be one file system: a partition, a logical volume, a whole disk.

    Attributes:
        device: as the appliance calls it: ``/dev/sda1``, ``/dev/vg/root``.
        disk: target of the domain's disk it lies on; empty where it may lie on several.
        type: of the file system, as blkid names it: ``ext4``, ``crypto_LUKS``, ``swap``;
            ``unknown`` where none was recognised.
        label: of the file system; empty without one.
        size: bytes of the device.
    """

    device: str
    disk: str
    type: str
    label: str
    size: int

    @property
    def locked(self) -> bool:
        """Whether a passphrase opens it."""
        return self.type in ("crypto_LUKS", "BitLocker")

    @property
    def browsable(self) -> bool:
        """Whether it may hold files that can be listed."""
        return not self.locked and self.type not in ("swap", "unknown", "LVM2_member")


@dataclass(frozen=True, slots=True)
class GuestSystem:
    """An operating system that inspection found, with all that its own fstab mounts.

    Attributes:
        root: device of its root, by which it is mounted.
        product: name and version for people: ``Debian GNU/Linux 12 (bookworm)``.
        hostname: empty where it is not known.
        windows: whether its first drive is shown as ``/``.
        mounts: mount point and device, shortest mount point first.
        drives: letter and device of Windows drives.
    """

    root: str
    product: str
    hostname: str
    windows: bool
    mounts: tuple[tuple[str, str], ...]
    drives: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class GuestContent:
    """What can be opened of the disks of a domain.

    Attributes:
        systems: operating systems that were found.
        volumes: all volumes, also those that the systems mount.
    """

    systems: tuple[GuestSystem, ...]
    volumes: tuple[GuestVolume, ...]
