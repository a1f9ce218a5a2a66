"""Snapshots as libvirt's metadata describe them."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainConfig


@dataclass(frozen=True, slots=True)
class SnapshotSummary:
    """How many snapshots a domain has, and when the newest was made.

    Attributes:
        count: number of snapshots; ``None`` when it could not be asked.
        newest: creation time of the newest leaf; ``None`` without snapshots or not known.
        error: why something here is not known; empty otherwise.
        oldest: creation time of the oldest root; ``None`` as above.
    """

    count: int | None
    newest: int | None = None
    error: str = ""
    oldest: int | None = None


class Kind(enum.Enum):
    """Where a snapshot's data lives; the value is the word shown."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    MIXED = "mixed"
    NONE = "no data"


@dataclass(frozen=True, slots=True)
class SnapshotDisk:
    """A disk's part in a snapshot; ``path`` is the overlay of an external one."""

    target: str
    presence: Presence
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One domain snapshot as libvirt's metadata describe it.

    Attributes:
        parent: name of the parent; ``None`` for a root.
        created: seconds since the epoch; ``None`` when the XML does not say.
        state: libvirt's word: ``running``, ``paused``, ``shutoff``, ``disk-snapshot``, ...
        memory: how the guest's memory is kept.
        memory_path: file of an external memory state.
        disks: the disks' parts.
        config: the domain as it was then; ``None`` when the XML has none.
        delete_in_progress: a delete of one above it was begun and not finished: its overlay
            is merged in part into an image that this one froze.
        digest: hash of its XML, to see whether it changed.
        revert_disks: the overlays that the domain writes to after a revert to this one, where
            it has children, whose images its own overlays are.
        defined_otherwise: disks whose image in the definition of that time is another than the
            one that the guest wrote to.
    """

    name: str
    parent: str | None
    created: int | None
    state: str
    description: str
    memory: Presence
    memory_path: str | None
    disks: tuple[SnapshotDisk, ...]
    config: DomainConfig | None
    delete_in_progress: bool
    digest: str
    revert_disks: tuple[SnapshotDisk, ...] = ()
    defined_otherwise: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """Where the data lives; a mix when disks and memory do not agree."""
        parts = [self.memory, *(disk.presence for disk in self.disks)]
        internal = Presence.INTERNAL in parts
        external = Presence.EXTERNAL in parts or Presence.MANUAL in parts
        if internal and external:
            return Kind.MIXED
        if external:
            return Kind.EXTERNAL
        return Kind.INTERNAL if internal else Kind.NONE

    @property
    def is_external(self) -> bool:
        """Whether libvirt takes it for external (virDomainSnapshotIsExternal).

        It does not where all its parts were left to other means.
        """
        return Presence.EXTERNAL in (self.memory, *(disk.presence for disk in self.disks))

    @property
    def then(self) -> Mapping[str, Disk]:
        """The disks as they were then, by target; none where the XML has no domain."""
        return {} if self.config is None else {disk.target: disk for disk in self.config.disks}

    @property
    def inside(self) -> tuple[Disk, ...]:
        """The disks, as they were then, that it keeps inside their images."""
        kept = {part.target for part in self.disks if part.presence is Presence.INTERNAL}
        return tuple(disk for disk in self.then.values() if disk.target in kept)

    @property
    def has_memory(self) -> bool:
        """Whether a revert to it brings the guest's RAM back."""
        return self.memory in (Presence.INTERNAL, Presence.EXTERNAL)


def depths(snapshots: Iterable[Snapshot]) -> dict[str, int]:
    """By name, how many others lie before each: of one second, a parent is before its children.

    Should the parents form a circle, read while they were changed, it is opened somewhere.
    """
    parents = {one.name: one.parent for one in snapshots}
    found: dict[str, int] = {}
    for name in parents:
        way: dict[str, None] = {}
        at: str | None = name
        while at is not None and at in parents and at not in found and at not in way:
            way[at] = None
            at = parents[at]
        depth = found.get(at, -1) if at is not None else -1
        for one in reversed(way):
            depth += 1
            found[one] = depth
    return found


@dataclass(frozen=True, slots=True)
class SnapshotSet:
    """The snapshots of one domain, as far as they have been read.

    ``names`` is complete as soon as it exists; the details follow. A name is in ``details``
    or in ``errors`` or not read yet.
    """

    names: tuple[str, ...]
    current: str | None
    details: Mapping[str, Snapshot] = field(default_factory=lambda: MappingProxyType({}))
    errors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def complete(self) -> bool:
        """Whether every snapshot has been read, or could not be."""
        return len(self.details) + len(self.errors) >= len(self.names)
