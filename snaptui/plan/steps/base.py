"""What all steps of a plan share, and how their virsh lines are made."""

from __future__ import annotations

from dataclasses import dataclass

from snaptui.model.image import ImageInfo
from snaptui.model.snapshot import Snapshot

SHORT = "It takes a moment, and would be left half done."


class BaseStep:
    """What is the same for all steps, unless they say otherwise."""

    __slots__ = ()

    @property
    def ram_file(self) -> str | None:
        """The file that the RAM is saved in, of which libvirt tells how far it is."""
        return None

    @property
    def defines(self) -> tuple[str, str, str] | None:
        """Name, parent and description of the snapshot that it defines again, if it does."""
        return None

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """By target of a disk, the path that it names there, or lets the disk write to."""
        return ()

    @property
    def merges(self) -> tuple[str, ...]:
        """Targets of the disks of which libvirt tells how much is merged."""
        return ()

    @property
    def seen(self) -> bool:
        """Whether the facts after it tell that it was done, whatever the call answered."""
        return True

    @property
    def no_way_out(self) -> str:
        """Why it cannot be given up, as a sentence; empty when it can."""
        return SHORT


@dataclass(frozen=True, slots=True)
class OfName(BaseStep):
    """A step that is about a snapshot of a name."""

    name: str

    @property
    def subject(self) -> str:
        """The snapshot that it is about; may be empty."""
        return self.name


@dataclass(frozen=True, slots=True)
class OfSnapshot(BaseStep):
    """A step that is about a snapshot that there is."""

    snapshot: Snapshot

    @property
    def subject(self) -> str:
        """The snapshot that it is about; may be empty."""
        return self.snapshot.name


def next_id(image: ImageInfo) -> str:
    """The ID that QEMU gives to the next entry (block/snapshot.c: the highest + 1)."""
    return str(max((int(e.id) for e in image.snapshots if e.id.isdecimal()), default=0) + 1)
