"""What is the matter with snapshots whose images are gone or lie upon one that a disk writes to.

That a disk names an image beneath an overlay proves no loss: somebody may have set it so, and
nothing was written there yet. Whether it was is judged by evidence alone.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from snaptui.model.disk import Presence
from snaptui.model.image import ImageInfo, Missing, NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.storage.branches import Branches
from snaptui.storage.evidence import NO_EVIDENCE, Evidence, judge
from snaptui.storage.in_image import Images


class Matter(enum.Enum):
    """What is the matter with an image of a snapshot, and how it is known."""

    GONE = enum.auto()
    """The file is not there."""
    WRITTEN = enum.auto()
    """A disk writes beneath it, and that file was written to since."""
    NOT_KNOWN = enum.auto()
    """A disk writes beneath it, and nothing tells whether anything was written there."""
    UNTOUCHED = enum.auto()
    """A disk was set to what lies beneath it, and that was not written to since."""
    MOVED = enum.auto()
    """The file is not there, and the disk's image of now holds the entry."""
    COPIED = enum.auto()
    """The file is there, and the disk's image of now, which is another one, holds the entry."""

    @property
    def severe(self) -> int:
        """How little is left to be hoped for, beside the others."""
        return -self.value

    @property
    def mark(self) -> str:
        """The word in the snapshot's row."""
        return _MARKS.get(self, "broken")


_MARKS = {
    Matter.UNTOUCHED: "unused",
    Matter.NOT_KNOWN: "broken?",
    Matter.MOVED: "moved",
    Matter.COPIED: "moved?",
}
_WRITTEN = {True: Matter.WRITTEN, False: Matter.UNTOUCHED, None: Matter.NOT_KNOWN}
SAME = 60
"""Seconds between libvirt's time of an internal snapshot and that in the image, at most: QEMU takes
its own when it begins, after the guest was stopped."""


class Part(enum.Enum):
    """Which of a snapshot's images it is; the value is shown."""

    OVERLAY = "its overlay"
    FROZEN = "the image that it froze"
    IMAGE = "its image"


@dataclass(frozen=True, slots=True)
class Broken:
    """What is the matter with one image of a snapshot.

    Attributes:
        target: the disk.
        path: the image.
        upon: the image beneath that a disk writes to now; empty where the file is gone.
        now: the disk's image of now, where that is another one and holds the snapshot.
        left: of a copied one, whether ``path`` holds it as well; ``None`` when not known.
        tops: the images that lie upon ``upon`` and have none upon them: the disk wrote to one.
        evidence: whether ``upon`` was written to.
    """

    matter: Matter
    part: Part
    target: str
    path: str
    upon: str = ""
    tops: tuple[str, ...] = ()
    evidence: Evidence = NO_EVIDENCE
    now: str = ""
    left: bool | None = None

    @property
    def moved(self) -> bool:
        """Whether nothing is lost, and only the record may say a wrong place."""
        return self.matter in (Matter.MOVED, Matter.COPIED)

    @property
    def words(self) -> str:
        """What is the matter, without a full stop."""
        if self.matter is Matter.GONE:
            return f"{self.part.value} is missing ({self.path})"
        if self.matter is Matter.MOVED:
            return f"its metadata says {self.path}, but {self.now}, the current disk, holds it"
        if self.matter is Matter.COPIED:
            if self.left is False:
                return f"its metadata says {self.path}, which does not hold it; {self.now} does"
            return (
                f"its record says {self.path}, and {self.now}, the disk of now, holds an entry of "
                "its name and time: which of both it is is not known"
            )
        again = self.path == self.upon
        if self.matter is Matter.UNTOUCHED:
            what = self.part.value if again else f"the backing file of {self.part.value}"
            return f"{self.target} was set to {what} ({self.upon}); it was not written to since"
        where = self.path if again else f"{self.path} on {self.upon}"
        what = self.part.value if again else f"the backing file of {self.part.value}"
        if self.matter is Matter.WRITTEN:
            return f"{what} was written to after it ({where}): {self.evidence.words}"
        why = f" ({self.evidence.words})" if self.evidence.words else ""
        return f"{what} is a disk's now ({where}), and whether it was written to is not known{why}"

    @property
    def way_back(self) -> str:
        """What brings it back, where something may; empty otherwise."""
        if self.matter is Matter.MOVED:
            return f"register it, so that its metadata says {self.now}"
        if self.matter is Matter.COPIED:
            return f"if the one in {self.now} is meant, register it"
        if self.matter in (Matter.GONE, Matter.WRITTEN) or not self.tops:
            return ""
        tops = " or ".join(self.tops)
        return f"set {self.target} to {tops} again, without a <backingStore> (virsh edit)"


@dataclass(frozen=True, slots=True)
class _Spoiled:
    """An image that lies upon one that a disk writes to; ``over`` lies directly upon that."""

    top: str
    over: str


def broken_of(
    snapshots: Iterable[Snapshot],
    heads: Images,
    tops: Collection[str],
    above: Mapping[str, Collection[str]],
    branches: Branches,
    now: Mapping[str, str],
) -> Mapping[str, Broken]:
    """By name, the snapshots with whose images something is the matter, and the worst of it.

    Where branches are kept, the overlay of a snapshot that ends one may be gone.

    Args:
        tops: the images that the disks write to.
        above: by path, the images that lie directly upon it.
        now: by target, the images of the disks.
    """
    found: dict[str, Broken] = {}
    for name, broken in _parts(tuple(snapshots), heads, tops, above, branches, now):
        if name not in found or found[name].matter.severe < broken.matter.severe:
            found[name] = broken
    return found


def _parts(
    known: Sequence[Snapshot],
    heads: Images,
    tops: Collection[str],
    above: Mapping[str, Collection[str]],
    branches: Branches,
    now: Mapping[str, str],
) -> Iterator[tuple[str, Broken]]:
    """The same for each image."""
    frozen_at = dict(_frozen_at(known))
    spoiled = _spoiled(tops, above)
    for snapshot in known:
        then = {disk.target: disk.path for disk in snapshot.config.disks} if snapshot.config else {}
        for disk in snapshot.disks:
            outside = disk.presence is Presence.EXTERNAL
            froze = then.get(disk.target) or ""
            if outside and not branches.known and disk.path is not None:
                part, path = Part.OVERLAY, disk.path
                there = heads.get(path)
                if froze in tops and path not in spoiled and not isinstance(there, Missing):
                    part, path = Part.FROZEN, froze
            elif ((outside and branches.known) or disk.presence is Presence.INTERNAL) and froze:
                part, path = Part.FROZEN if outside else Part.IMAGE, froze
            else:
                continue
            over = spoiled.get(path)
            if part is Part.FROZEN and path in tops:
                over = _Spoiled(path, disk.path or "")
            if over is not None:
                found = judge(heads.get(over.top), heads.get(over.over), frozen_at.get(over.top))
                ends = tuple(sorted(_ends(over.top, above)))
                matter = _WRITTEN[found.written]
                broken = Broken(matter, part, disk.target, path, over.top, ends, found)
                yield snapshot.name, broken
                continue
            there, place = heads.get(path), now.get(disk.target, "")
            gone = isinstance(there, Missing)
            if part is Part.IMAGE and _elsewhere(path, place, heads, snapshot):
                matter = Matter.MOVED if gone else Matter.COPIED
                left = holds(there, snapshot)
                yield snapshot.name, Broken(matter, part, disk.target, path, now=place, left=left)
            elif gone:
                yield snapshot.name, Broken(Matter.GONE, part, disk.target, path)


def _elsewhere(path: str, place: str, heads: Images, snapshot: Snapshot) -> bool:
    """Whether an internal snapshot of one image is in another one, which does not lie upon it."""
    at: str | NotKnown | None = place
    seen: set[str] = set()
    while isinstance(at, str) and at not in seen:
        if at == path:
            return False
        seen.add(at)
        image = heads.get(at)
        at = image.backing if isinstance(image, ImageInfo) else image
    return holds(heads.get(place), snapshot) is True


def holds(image: ImageInfo | NotKnown | None, snapshot: Snapshot) -> bool | None:
    """Whether an image has one entry of a snapshot's name, and that was made when it was."""
    if not isinstance(image, ImageInfo) or snapshot.created is None:
        return False if isinstance(image, Missing) else None
    of_name = [one.created for one in image.snapshots if one.name == snapshot.name]
    return len(of_name) == 1 and 0 <= of_name[0] - snapshot.created <= SAME


def frozen_images(snapshot: Snapshot) -> set[str]:
    """The paths of the images that an external snapshot froze, by its own definition."""
    outside = {disk.target for disk in snapshot.disks if disk.presence is Presence.EXTERNAL}
    disks = snapshot.config.disks if snapshot.config is not None else ()
    return {disk.path for disk in disks if disk.target in outside and disk.path is not None}


def _frozen_at(snapshots: Iterable[Snapshot]) -> Iterator[tuple[str, int | None]]:
    """By path of an image, when the first snapshot froze it."""
    found: dict[str, list[int | None]] = {}
    for one in snapshots:
        for path in frozen_images(one):
            found.setdefault(path, []).append(one.created)
    for path, times in found.items():
        known = [time for time in times if time is not None]
        yield path, min(known) if len(known) == len(times) else None


def _spoiled(tops: Iterable[str], above: Mapping[str, Collection[str]]) -> Mapping[str, _Spoiled]:
    """The images that lie upon one that a disk writes to, and which one that is."""
    found: dict[str, _Spoiled] = {}
    due = [(top, top, "") for top in tops]
    while due:
        path, top, over = due.pop()
        for upper in above.get(path, ()):
            if upper not in found:
                found[upper] = _Spoiled(top, over or upper)
                due.append((upper, top, over or upper))
    return found


def _ends(path: str, above: Mapping[str, Collection[str]]) -> set[str]:
    """The images upon one that have none upon them."""
    found: set[str] = set()
    seen, due = {path}, [path]
    while due:
        at = due.pop()
        uppers = set(above.get(at, ()))
        if not uppers and at != path:
            found.add(at)
        due += uppers - seen
        seen |= uppers
    return found
