"""What a plan for one image is built on, and what changed between two readings of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from snaptui.model.doubts import Doubt
from snaptui.model.files import FileId, Openers, User
from snaptui.model.host import Host
from snaptui.model.image import FileSystem, ImageInfo, ImageSnapshot, NotKnown, PlacedEntry
from snaptui.plan.change import Change, Difference
from snaptui.storage.disk_cost import Counted


@dataclass(frozen=True, slots=True)
class CopyFacts:
    """What a copy of an entry depends on beside its image.

    Attributes:
        names: what is in the directory of the new file.
        made: of these, what a copy made there.
        needs: bytes that the copy takes.
        writers: who has the unfinished file open.
    """

    folder: str
    names: frozenset[str] | NotKnown
    made: frozenset[str] = frozenset()
    needs: int | NotKnown = field(default_factory=lambda: NotKnown("not measured"))
    writers: Openers = field(default_factory=Openers)

    def exists(self, name: str) -> bool | None:
        """Whether the directory has such a file; ``None`` when not known."""
        return None if isinstance(self.names, NotKnown) else name in self.names


@dataclass(frozen=True, slots=True)
class RemovalFacts:
    """What the removal of a whole image depends on beside the image.

    Attributes:
        there: the file under its name; ``None`` when there is none.
        aside: the file under the name that it is given first.
        own: bytes of the disk that it holds by itself and no other image has.
    """

    there: FileId | None
    aside: FileId | None
    own: int | NotKnown = 0


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """One reading of everything that a plan for one image depends on.

    Attributes:
        who: the admin, as ``user@machine``.
        read_at: when it was read, seconds since the epoch.
        as_now: IDs of the entries that the disk is as now.
        openers: the processes that have it open.
        holders: who names it: domains, snapshots, other images; not asked for a copy.
        doubts: why there may be more of these.
        hidden: it may be a volume that somebody names, and that could not be resolved.
        writable: whether the file may be written to.
        space: the file system under it, or under the new file.
        copy: of a copy alone: only that its entry stays matters then.
        removal: of a removal alone.
        cut_off: what is gone of that which lies beneath it, or the file of its data; empty when
            nothing is.
        encrypted: what is encrypted of that which lies beneath it; empty when nothing is.
        in_writing: what a QEMU writes to of that which lies beneath it; empty when none does.
        counted: by path, what was counted of it at some time before.
        unrecorded: why the journal cannot take what is done; empty when it can.
        unlocked: by its path the type of its file system, where another host may have it open
            and no lock tells.
        file: device and number of the file; ``None`` where they are not known.
    """

    host: Host
    who: str
    read_at: float
    path: str
    image: ImageInfo | NotKnown
    as_now: frozenset[str] | NotKnown
    openers: Openers | NotKnown
    writable: bool | NotKnown
    space: FileSystem | NotKnown
    holders: tuple[User, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    hidden: bool = False
    copy: CopyFacts | None = None
    removal: RemovalFacts | None = None
    placed: PlacedEntry | None = None
    cut_off: str = ""
    encrypted: str = ""
    in_writing: str = ""
    counted: Counted = field(default_factory=lambda: MappingProxyType({}))
    unrecorded: str = ""
    unlocked: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    file: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """What it is about, as people call it."""
        return self.path.rpartition("/")[2]

    @property
    def busy(self) -> bool:
        """Whether something may still be under way there: a qemu-img that we lost."""
        who = self.copy.writers if self.copy is not None else self.openers
        return not isinstance(who, NotKnown) and bool(who.found)

    @property
    def entries(self) -> tuple[ImageSnapshot, ...]:
        """The snapshot table; empty when it is not known."""
        return self.image.snapshots if isinstance(self.image, ImageInfo) else ()

    def has(self, placed: PlacedEntry) -> bool:
        """Whether an entry is where it was."""
        return self.entries[placed.place : placed.place + 1] == (placed.entry,)


def image_differences(expected: ImageFacts, found: ImageFacts) -> tuple[Difference, ...]:
    """What is otherwise than expected; empty when a plan may go on.

    Free space, sizes and what else lies in a directory are left out. A time of 0 of what is
    expected means that it could not be told before.
    """
    if expected.removal is not None:
        return tuple(_removal_differences(expected, found))
    if expected.file is not None and found.file != expected.file:
        return (Difference(Change.FILE_OTHER, found.path),)
    if isinstance(found.image, NotKnown):
        known = not isinstance(expected.image, NotKnown)
        return (Difference(Change.UNREAD, found.path, now=found.image.reason),) if known else ()
    if expected.copy is not None:
        return tuple(_copy_differences(expected, found))
    return tuple(_differences(expected, found))


def _copy_differences(expected: ImageFacts, found: ImageFacts) -> Iterator[Difference]:
    placed, was, now = expected.placed, expected.copy, found.copy
    if placed is not None and placed.entry not in found.entries:
        yield Difference(Change.ENTRY_GONE, found.path, placed.words)
    if was is None or now is None:
        return
    if isinstance(now.names, NotKnown):
        if not isinstance(was.names, NotKnown):
            yield Difference(Change.UNREAD, was.folder, now=now.names.reason)
    else:
        gone = sorted(was.made - now.names)
        yield from (Difference(Change.FILE_GONE, f"{was.folder}/{name}") for name in gone)


def _removal_differences(expected: ImageFacts, found: ImageFacts) -> Iterator[Difference]:
    was, now = expected.removal, found.removal
    assert was is not None
    assert now is not None
    for before, after, gone, other in (
        (was.there, now.there, Change.FILE_GONE, Change.FILE_OTHER),
        (was.aside, now.aside, Change.ASIDE_GONE, Change.ASIDE_OTHER),
    ):
        if before != after:
            yield Difference(gone if after is None else other, found.path)
    yield from _new_users(expected, found)


def _differences(expected: ImageFacts, found: ImageFacts) -> Iterator[Difference]:
    if not _same(expected.entries, found.entries):
        yield Difference(Change.ENTRIES, found.path)
    elif isinstance(found.as_now, NotKnown):
        if not isinstance(expected.as_now, NotKnown):
            yield Difference(Change.UNREAD, found.path, now=found.as_now.reason)
    elif not isinstance(expected.as_now, NotKnown) and expected.as_now - found.as_now:
        yield Difference(Change.NOT_AS_EXPECTED, found.path)
    yield from _new_users(expected, found)
    if found.writable is False and expected.writable is not False:
        yield Difference(Change.READ_ONLY, found.path)


def _new_users(expected: ImageFacts, found: ImageFacts) -> Iterator[Difference]:
    for holder in found.holders:
        if holder not in expected.holders:
            yield Difference(Change.USER, found.path, now=holder.words)
    for doubt in found.doubts:
        if doubt not in expected.doubts:
            yield Difference(Change.UNREAD, found.path, now=doubt.words)
    if not isinstance(found.openers, NotKnown):
        known = () if isinstance(expected.openers, NotKnown) else expected.openers.found
        for opener in found.openers.found:
            if opener not in known:
                who = f"{opener.name} (process {opener.pid})"
                yield Difference(Change.OPENED, found.path, now=who)


def _same(expected: tuple[ImageSnapshot, ...], found: tuple[ImageSnapshot, ...]) -> bool:
    return len(expected) == len(found) and all(
        was == now or (was.created == 0 and (was.id, was.name) == (now.id, now.name))
        for was, now in zip(expected, found, strict=True)
    )
