"""What a plan needs of each file system, and what is free there."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from snaptui.common import text
from snaptui.model.abilities import Wrong, does
from snaptui.model.image import FileSystem, Fixed, ImageInfo, NotKnown
from snaptui.plan.facts import Facts
from snaptui.plan.outcome import Space, When, space_on
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Remark, remark
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why

SHARE_LEFT = 20
"""Overlays and images grow with each write: below a twentieth of free space this is said."""
OPERATION_FAILED = 9
"""libvirt's error where QEMU's job fails (virterror.h)."""
TABLE, ENTRY = 16 << 10, 256
"""Bytes that QEMU may need for a new snapshot table, and for each of its entries."""
OVERLAY = 256 << 10
"""Bytes that a new overlay may take: its header and three tables, a cluster of 64 KiB each."""
COPIED, SHARE_OF_TABLES = 256 << 10, 4096
"""Bytes that it may need for a new entry beside: the copy of a table, and, where those that are
there have holes, one in so many of the disk (8 for each cluster of 64 KiB, 2 for its refcount)."""


@dataclass(frozen=True, slots=True)
class Room:
    """The file system on which least is left, if anything is known.

    Attributes:
        needs: bytes on all file systems together.
        space: that file system; ``None`` when none is known.
        takes: what is needed of it.
        missing: another one is not known, on which less may be left.
    """

    needs: int
    space: FileSystem | None = None
    takes: int = 0
    missing: bool = False

    @property
    def lacks(self) -> bool:
        """Whether what is needed is not free."""
        return self.space is not None and bool(self.takes) and self.space.free <= self.takes

    @property
    def tight(self) -> bool:
        """Whether next to nothing would stay free."""
        space = self.space
        return space is not None and (space.free - self.takes) * SHARE_LEFT < space.size

    @property
    def told(self) -> Space:
        """The same for the dialog."""
        space = None if self.missing and not self.lacks else self.space
        return space_on(space, self.needs, when=When.NOW)


def room(facts: Facts, needs: Mapping[str, int]) -> Room:
    """Add up what is needed by file system.

    Args:
        needs: bytes by path of an image or a directory of :attr:`Facts.spaces`; every path
            under which something will grow, with 0 where it is next to nothing.
    """
    takes: dict[str, int] = {}
    spaces: dict[str, FileSystem] = {}
    missing = False
    for path, need in needs.items():
        space = facts.spaces.get(path)
        if isinstance(space, FileSystem):
            spaces[space.name] = space
            takes[space.name] = takes.get(space.name, 0) + need
        elif isinstance(space, NotKnown) and not isinstance(space, Fixed):
            missing = True
    total = sum(needs.values())
    if not spaces:
        return Room(total, missing=missing)
    worst = min(spaces, key=lambda place: spaces[place].free - takes[place])
    return Room(total, spaces[worst], takes[worst], missing)


def table_refusals(facts: Facts, written: Collection[str | None]) -> list[Refusal]:
    """Images in which there is no room for what a delete writes.

    QEMU writes a new snapshot table before it frees anything (qcow2_write_snapshots).

    Where there is no room for it, libvirt drops its metadata all the same and reports success
    (qemu_snapshot.c, qemuSnapshotForEachQcow2: it goes on after errors), unless a job tells it
    while the guest runs. For a domain that is shut off it is root who writes.
    """
    active = facts.status.domain.state.active
    told = active and not does(facts.host, Wrong.FORGETS_WHAT_STAYS)
    code, harm = (OPERATION_FAILED, None) if told else (None, Harm.LEFT_INSIDE)
    refusals: list[Refusal] = []
    for path in sorted(path for path in written if path is not None):
        space, image = facts.spaces.get(path), facts.images.get(path)
        if not isinstance(space, FileSystem) or not isinstance(image, ImageInfo):
            continue
        if len(image.snapshots) == 1:
            continue  # with the last one goes the table
        needed = TABLE + ENTRY * len(image.snapshots)
        left = space.free if active and not space.device else space.free + space.reserve
        if left < needed:
            refusals.append(
                refuse(
                    Why.TABLE_DOES_NOT_FIT,
                    Way.LARGER_DEVICE if space.device else Way.ROOM_FOR_TABLE,
                    code=code, harm=harm, free=text.size(left), path=path,
                    needs=text.size(needed),
                )
            )  # fmt: skip
    return refusals


def overlay_refusals(facts: Facts, beside: Iterable[str], *, code: int) -> Iterator[Refusal]:
    """File systems without room for the overlays of a revert, before which the guest is stopped.

    Args:
        beside: an image in the directory of each overlay.
        code: libvirt's error.
    """
    active = facts.status.domain.state.active
    spaces = {
        os.path.dirname(path): space
        for path, space in facts.spaces.items()
        if isinstance(space, FileSystem) and not space.device
    }
    folders = [folder for path in beside if (folder := os.path.dirname(path)) in spaces]
    then = f", after it stopped {facts.name}" if active else ""
    for name, number in sorted(Counter(spaces[folder].name for folder in folders).items()):
        folder = next(one for one in folders if spaces[one].name == name)
        space, needed = spaces[folder], OVERLAY * number
        if (left := space.free + space.reserve) < needed:
            yield refuse(
                Why.OVERLAYS_DO_NOT_FIT, Way.ROOM, code=code,
                harm=Harm.STOPPED if active else None, folder=folder, free=text.size(left),
                needs=text.size(needed), then=then,
            )  # fmt: skip


def entry_warnings(images: Mapping[str, object], spaces: Mapping[str, object]) -> Iterator[Remark]:
    """Images in which there may be no room for a new entry, while no QEMU has them open.

    A create that fails so leaves clusters that nothing uses, and, where a table had holes, flags
    that ``qemu-img check`` calls errors (block/qcow2-snapshot.c, qcow2_snapshot_create): seen with
    QEMU 7.2, 10.0 and later on a file system with 4 to 100 KiB left. No data is lost by it. What
    one image takes the next one on its file system does not have.
    """
    due: Counter[str] = Counter()
    for path, image in sorted(images.items()):
        space = spaces.get(path)
        if isinstance(space, FileSystem) and isinstance(image, ImageInfo):
            needed = TABLE + ENTRY * len(image.snapshots) + COPIED
            needed += image.virtual_size // SHARE_OF_TABLES
            due[space.name] += needed
            if (left := space.free + space.reserve) < due[space.name]:
                names = {"free": text.size(left), "needs": text.size(due[space.name])}
                yield remark(Warn.ENTRY_MAY_NOT_FIT, path=path, **names)
