"""How the files below a folder differ at two times, by their metadata, and by hash where asked.

Equal metadata do not make two files the same: whoever writes to one may set its times. Such a file
is *not compared* until the hashes of both are known.
"""

from __future__ import annotations

import enum
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from snaptui.model.guest_file import GuestFile


class Change(enum.Enum):
    """What became of a file; the value is the word shown."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    NOT_COMPARED = "not compared"
    SAME = "same"


class Aspect(enum.Enum):
    """In what the metadata differ; the value is the word shown."""

    TYPE = "type"
    SIZE = "size"
    TARGET = "target"
    MODE = "mode"
    OWNER = "owner"
    MODIFIED = "modified"
    INODE = "inode"
    TOUCHED = "inode's time"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One path at two times.

    Attributes:
        path: relative to the folder that is compared; its parts joined by ``/``.
        one: at the first time; ``None`` where it was not there.
        other: at the second time; one of the two is there.
        equal: whether the contents have the same hash; ``None`` when not hashed.
    """

    path: str
    one: GuestFile | None
    other: GuestFile | None
    equal: bool | None = None

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def later(self) -> GuestFile:
        """At the second time, or what was removed."""
        file = self.other if self.other is not None else self.one
        assert file is not None
        return file

    @property
    def aspects(self) -> tuple[Aspect, ...]:
        """In what the metadata differ; nothing where it is there at one time only.

        The inode and its own time, which follow other changes, only where nothing else differs.
        """
        if self.one is None or self.other is None:
            return ()
        aspects = tuple(_aspects(self.one, self.other))
        if aspects or stat.S_ISDIR(self.one.mode):
            return aspects
        if self.one.inode != self.other.inode:
            return (Aspect.INODE,)
        return (Aspect.TOUCHED,) if self.one.changed != self.other.changed else ()

    @property
    def kind(self) -> Change:
        """What became of it."""
        if self.one is None:
            return Change.ADDED
        if self.other is None:
            return Change.REMOVED
        if self.equal is False or self.aspects:
            return Change.CHANGED
        if self.equal or not self.hashable:
            return Change.SAME
        return Change.NOT_COMPARED

    @property
    def hashable(self) -> bool:
        """Whether there is content at both times, which hashes could tell apart."""
        one, other = self.one, self.other
        return (
            one is not None
            and other is not None
            and one.size == other.size > 0
            and stat.S_ISREG(one.mode)
            and stat.S_ISREG(other.mode)
        )

    @property
    def grown(self) -> int:
        """Bytes that the file takes more at the second time; folders count as none."""
        return _size(self.other) - _size(self.one)


def _size(file: GuestFile | None) -> int:
    return file.size if file is not None and stat.S_ISREG(file.mode) else 0


def _aspects(one: GuestFile, other: GuestFile) -> Iterator[Aspect]:
    """Of folders only what is their own: size and times follow what is in them."""
    if stat.S_IFMT(one.mode) != stat.S_IFMT(other.mode):
        yield Aspect.TYPE
        return
    folder = stat.S_ISDIR(one.mode)
    if one.target != other.target:
        yield Aspect.TARGET
    elif one.size != other.size and not folder:
        yield Aspect.SIZE
    if one.mode != other.mode:
        yield Aspect.MODE
    if (one.owner, one.group) != (other.owner, other.group):
        yield Aspect.OWNER
    if one.modified != other.modified and not folder:
        yield Aspect.MODIFIED


def compared(
    one: Mapping[str, GuestFile], other: Mapping[str, GuestFile], folder: str = ""
) -> Iterator[FileChange]:
    """Compare two trees; each folder comes before what is in it.

    Args:
        folder: put in front of the paths, without a slash at its end; empty for none.
    """
    before = f"{folder}/" if folder else ""
    for path in sorted({*one, *other}, key=_parts):
        yield FileChange(before + path, one.get(path), other.get(path))


def _parts(path: str) -> list[str]:
    return path.split("/")


@dataclass(slots=True)
class Sums:
    """What is below a folder: numbers of files and folders, and bytes of files.

    Attributes:
        grown: bytes that the files take more at the second time.
    """

    number: dict[Change, int] = field(default_factory=lambda: dict.fromkeys(Change, 0))
    size: dict[Change, int] = field(default_factory=lambda: dict.fromkeys(Change, 0))
    grown: int = 0

    def add(self, kind: Change, size: int, grown: int, sign: int = 1) -> None:
        """Count one of so many bytes at the later time, or take it out again (-1)."""
        self.number[kind] += sign
        self.size[kind] += sign * size
        self.grown += sign * grown

    @property
    def differing(self) -> int:
        """How many are added, removed or changed."""
        return sum(self.number[one] for one in (Change.ADDED, Change.REMOVED, Change.CHANGED))


@dataclass(slots=True)
class Branch:
    """A folder with all that is in it.

    Attributes:
        change: of the folder itself; ``None`` for that which is compared.
        sums: of all below it, at any depth, without itself.
    """

    path: str
    change: FileChange | None = None
    folders: dict[str, Branch] = field(default_factory=dict)
    files: dict[str, FileChange] = field(default_factory=dict)
    sums: Sums = field(default_factory=Sums)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    def below(self) -> Iterator[FileChange]:
        """All files below it, at any depth, as a tree: each folder's own first, by name."""
        yield from (self.files[name] for name in sorted(self.files))
        for name in sorted(self.folders):
            yield from self.folders[name].below()


class ChangeTree:
    """What was compared so far, with sums for each folder."""

    def __init__(self) -> None:
        self.root = Branch("")

    def put(self, change: FileChange) -> None:
        """Take one in, or what has become known of it since; its folder comes before it."""
        *folders, name = change.path.split("/")
        way = [self.root]
        for each in folders:
            way.append(way[-1].folders[each])
        holder = way[-1]
        if _is_folder(change):
            branch = holder.folders.get(name)
            before = branch.change if branch is not None else None
            if branch is None:
                branch = holder.folders[name] = Branch(change.path)
            branch.change = change
        else:
            before = holder.files.get(name)
            holder.files[name] = change
        for counted, sign in ((before, -1), (change, 1)):
            if counted is not None:
                figures = counted.kind, _size(counted.later), counted.grown
                for each_branch in way:
                    each_branch.sums.add(*figures, sign)

    def branch(self, path: str) -> Branch:
        """The folder of a path; the root for an empty one.

        Raises:
            KeyError: there is none.
        """
        found = self.root
        for each in path.split("/") if path else ():
            found = found.folders[each]
        return found


def _is_folder(change: FileChange) -> bool:
    """Whether something may be below it at either time."""
    one, other = change.one, change.other
    return (one is not None and stat.S_ISDIR(one.mode)) or (
        other is not None and stat.S_ISDIR(other.mode)
    )
