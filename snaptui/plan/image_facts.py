"""What a plan for one image is built on, and what changed between two readings of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import MappingProxyType

from snaptui.doubts import Doubt
from snaptui.files import FileId, Openers
from snaptui.image_model import FileSystem, ImageInfo, ImageSnapshot, NotKnown, PlacedEntry
from snaptui.model import Host
from snaptui.shares import Counted


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
        counted: by path, what was counted of it at some time before.
        unrecorded: why the journal cannot take what is done; empty when it can.
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
    holders: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    hidden: bool = False
    copy: CopyFacts | None = None
    removal: RemovalFacts | None = None
    placed: PlacedEntry | None = None
    counted: Counted = field(default_factory=lambda: MappingProxyType({}))
    unrecorded: str = ""

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


def image_differences(expected: ImageFacts, found: ImageFacts) -> tuple[str, ...]:
    """What is otherwise than expected, in words; empty when a plan may go on.

    Free space, sizes and what else lies in a directory are left out. A time of 0 of what is
    expected means that it could not be told before.
    """
    if expected.removal is not None:
        return tuple(_removal_differences(expected, found))
    if isinstance(found.image, NotKnown):
        return () if isinstance(expected.image, NotKnown) else (found.image.reason,)
    if expected.copy is not None:
        return tuple(_copy_differences(expected, found))
    return tuple(_differences(expected, found))


def _copy_differences(expected: ImageFacts, found: ImageFacts) -> Iterator[str]:
    placed, was, now = expected.placed, expected.copy, found.copy
    if placed is not None and placed.entry not in found.entries:
        yield f"{placed.words} is not in {found.path} any more"
    if was is None or now is None:
        return
    if isinstance(now.names, NotKnown):
        if not isinstance(was.names, NotKnown):
            yield now.names.reason
    else:
        yield from (f"there is no {was.folder}/{name}" for name in sorted(was.made - now.names))


def _removal_differences(expected: ImageFacts, found: ImageFacts) -> Iterator[str]:
    was, now = expected.removal, found.removal
    assert was is not None
    assert now is not None
    for before, after, name in (
        (was.there, now.there, "file"),
        (was.aside, now.aside, "set aside"),
    ):
        if before != after:
            became = "is gone" if after is None else "was changed or is another one"
            yield f"the {name} of {found.path} {became}"
    yield from _new_users(expected, found)


def _differences(expected: ImageFacts, found: ImageFacts) -> Iterator[str]:
    if not _same(expected.entries, found.entries):
        yield f"the snapshots in {found.path} changed"
    elif isinstance(found.as_now, NotKnown):
        if not isinstance(expected.as_now, NotKnown):
            yield found.as_now.reason
    elif not isinstance(expected.as_now, NotKnown) and expected.as_now - found.as_now:
        yield f"the disk in {found.path} is not what it is expected to be"
    yield from _new_users(expected, found)
    if found.writable is False and expected.writable is not False:
        yield f"{found.path} may not be written to any more"


def _new_users(expected: ImageFacts, found: ImageFacts) -> Iterator[str]:
    yield from (
        f"{holder} names {found.name} now"
        for holder in found.holders
        if holder not in expected.holders
    )
    yield from (doubt.words for doubt in found.doubts if doubt not in expected.doubts)
    if not isinstance(found.openers, NotKnown):
        known = () if isinstance(expected.openers, NotKnown) else expected.openers.found
        yield from (
            f"{opener.name} (process {opener.pid}) opened {found.name}"
            for opener in found.openers.found
            if opener not in known
        )


def _same(expected: tuple[ImageSnapshot, ...], found: tuple[ImageSnapshot, ...]) -> bool:
    return len(expected) == len(found) and all(
        was == now or (was.created == 0 and (was.id, was.name) == (now.id, now.name))
        for was, now in zip(expected, found, strict=True)
    )
