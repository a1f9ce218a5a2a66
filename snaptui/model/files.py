"""What is known of files beside images: who names them, who has them open, copies of them."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from snaptui.common import text
from snaptui.model.doubts import Doubt
from snaptui.model.image import ImageSnapshot


class Use(enum.Enum):
    """What an image has another file for; the value is shown."""

    BENEATH = "which lies upon it"
    DATA = "which has its data in it"


@dataclass(frozen=True, slots=True)
class User:
    """Who names a file: a domain, one of its snapshots, or an image.

    Attributes:
        name: of the domain; of an image its path.
        snapshot: whose record names it; empty where the domain itself does.
        disk: target of the disk whose image the file is; empty where it is no image.
        use: of an image, what it has the file for.
        tops: of an image, who names it or what lies upon it, at any height.
        backup: a backup of the domain that runs has it for as long as it does: it ends with QEMU.
    """

    name: str
    snapshot: str = ""
    disk: str = ""
    use: Use | None = None
    tops: tuple[User, ...] = ()
    backup: bool = False

    @property
    def words(self) -> str:
        """The same for a person."""
        if self.use is not None:
            tops = text.some([one.words for one in self.tops])
            return f"the image {self.name}, {self.use.value}{tops and f' ({tops})'}"
        if self.backup:
            return f"the running backup of {self.name}"
        owner = f"the snapshot {self.snapshot} of {self.name}" if self.snapshot else self.name
        return f"disk {self.disk} of {owner}" if self.disk else owner


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that a definition on the host names.

    Attributes:
        by: which definition.
        image: it is the image of a disk.
        raw: which is declared raw: what a guest wrote into it is no head of an image.
    """

    path: str
    by: User
    image: bool
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Files of some places, by path.

    Attributes:
        doubts: why some may be missing.
        idle: directories of pools of which libvirt tells no files.
    """

    paths: tuple[str, ...]
    doubts: tuple[Doubt, ...] = ()
    idle: tuple[str, ...] = ()


class CopyFormat(enum.Enum):
    """What a snapshot is copied to; the value is qemu-img's word."""

    QCOW2 = "qcow2"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class EntryCopy:
    """A copy of an entry of an image to a new file.

    Attributes:
        path: of the image.
        target: of the new file.
        shared: the image may be in use: QEMU's locks are not heeded.
        longer: the image is larger today than the entry.
    """

    path: str
    entry: ImageSnapshot
    target: str
    form: CopyFormat
    shared: bool = False
    longer: bool = False


def unfinished(target: str) -> str:
    """Where a copy is made before it gets its name."""
    folder, _, name = target.rpartition("/")
    return f"{folder}/.{name}.part"


@dataclass(frozen=True, slots=True)
class FileId:
    """Which file it is, under whatever name, and whether it was written to.

    Attributes:
        inode: number of its file system and its own.
        written: when it was written to last, nanoseconds since the epoch.
        links: how many names it has.
    """

    inode: tuple[int, int]
    size: int
    written: int
    links: int


@dataclass(frozen=True, slots=True)
class Inode:
    """Which file it is, whatever is written to it, and whoever it belongs to.

    Attributes:
        device: of its file system; another one after that was mounted anew.
        number: its own; the next file that is made may get that of one that was removed.
        made: nanoseconds since the epoch; ``None`` where its file system does not keep that.
    """

    device: int
    number: int
    made: int | None

    def replaced_by(self, now: Inode) -> bool:
        """Whether it is known to be another one now."""
        if self.made is not None and now.made is not None and self.made != now.made:
            return True
        return self.number != now.number


@dataclass(frozen=True, slots=True)
class Opener:
    """A process of this machine that has a file open."""

    name: str
    pid: int


@dataclass(frozen=True, slots=True)
class Openers:
    """Who has a file open.

    Attributes:
        hidden: there are processes that we may not look into.
    """

    found: tuple[Opener, ...] = ()
    hidden: bool = False
