"""What snaptui knows about hosts, domains and snapshots: immutable, pure data.

No libvirt object is ever kept here. Times are seconds since the epoch (UTC), sizes are
bytes. ``None`` always means *not known*; it is never used for *empty*.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from snaptui.common.masking import label
from snaptui.model.image import ImageKey, NotKnown, Unplaced

Version = tuple[int, int, int]


class DomainKey(NamedTuple):
    """What a domain is known by, everywhere: never its name alone."""

    host: str
    """The URI of the host as the user named it."""
    uuid: str

    def __repr__(self) -> str:
        return f"DomainKey({label(self.host)!r}, {self.uuid!r})"


Key = DomainKey | ImageKey
"""What can be changed."""


@dataclass(frozen=True, slots=True)
class Host:
    """A libvirt host as it presented itself when the connection was opened.

    Attributes:
        uri: the URI that the user asked for; the ``host`` of every key on it.
        label: the URI without a password, fit for the screen.
        hostname: what the host calls itself, or empty when it did not say.
        driver: ``QEMU``, ``Test``, ...
        libvirt: version of the *server*'s libvirt, e.g. ``(9, 0, 0)``.
        hypervisor: version of the hypervisor, e.g. ``(7, 2, 22)``; ``None`` if not known.
        local: whether image paths of this host are paths of this machine.
        read_only: whether the connection forbids changes.
        reverts_external: whether its capabilities say that it reverts to external snapshots
            (formatcaps.html, guest features: ``externalSnapshot``).
    """

    uri: str = field(repr=False)
    label: str
    hostname: str
    driver: str
    libvirt: Version
    hypervisor: Version | None
    local: bool
    read_only: bool
    reverts_external: bool = False


class DomainState(enum.Enum):
    """virDomainState (libvirt-domain.h); the value is the word shown."""

    NOSTATE = "no state"
    RUNNING = "running"
    BLOCKED = "blocked"
    PAUSED = "paused"
    SHUTDOWN = "shutting down"
    SHUTOFF = "shut off"
    CRASHED = "crashed"
    PMSUSPENDED = "suspended"
    UNKNOWN = "unknown"

    @property
    def active(self) -> bool:
        """Whether a QEMU process exists for a domain in this state."""
        return self not in (DomainState.SHUTOFF, DomainState.UNKNOWN)


class Reason(enum.Enum):
    """Why a domain is in its state (libvirt-domain.h); the value is the word shown."""

    MIGRATED = "migrated"
    RESTORED = "restored"
    MIGRATION_CANCELLED = "migration cancelled"
    SAVE_CANCELLED = "save cancelled"
    WOKEN_UP = "woken up"
    CRASHED = "crashed"
    POST_COPY = "post-copy"
    POST_COPY_FAILED = "post-copy failed"
    MIGRATING = "migrating"
    SAVING = "saving"
    DUMPING = "dumping"
    IO_ERROR = "I/O error"
    WATCHDOG = "watchdog"
    FROM_SNAPSHOT = "from snapshot"
    SHUTTING_DOWN = "shutting down"
    SNAPSHOT = "snapshot"
    STARTING = "starting"
    API_ERROR = "API error"
    BY_USER = "by user"
    DESTROYED = "destroyed"
    SAVED = "saved"
    FAILED = "failed"
    DAEMON = "daemon"
    PANICKED = "panicked"


class NewReason(NamedTuple):
    """A reason or state that a newer libvirt has added."""

    number: int
    of: str = "reason"

    @property
    def value(self) -> str:
        """The word shown."""
        return f"{self.of} {self.number}"


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain of the list.

    Attributes:
        reason: why it is in its state, or why that is not known; ``None`` where an admin need not
            be told.
    """

    key: DomainKey
    name: str
    state: DomainState
    reason: Reason | NewReason | NotKnown | None = None

    @property
    def why(self) -> str:
        """The reason in words; may be empty."""
        if self.reason is None:
            return ""
        return self.reason.reason if isinstance(self.reason, NotKnown) else self.reason.value


@dataclass(frozen=True, slots=True)
class SnapshotSummary:
    """How many snapshots a domain has, and when the newest was made.

    Attributes:
        count: number of snapshots; ``None`` when it could not be asked.
        newest: creation time of the newest leaf; ``None`` without snapshots or not known.
        error: why something above is not known; empty otherwise.
    """

    count: int | None
    newest: int | None = None
    error: str = ""


class Presence(enum.Enum):
    """How one part (a disk, the memory) takes part in a snapshot."""

    NO = "no"
    INTERNAL = "internal"
    EXTERNAL = "external"
    MANUAL = "manual"


class Kind(enum.Enum):
    """Where a snapshot's data lives; the value is the word shown."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    MIXED = "mixed"
    NONE = "no data"


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of a storage pool, which an XML names instead of a path.

    Attributes:
        place: where its pool says that it is now, or why that is not known.
    """

    pool: str
    name: str
    place: str | Unplaced


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk as a domain's XML describes it.

    Attributes:
        target: ``vda``; what snapshots call the disk by.
        device: ``disk``, ``cdrom``, ``floppy`` or ``lun``.
        source_type: ``file``, ``block``, ``network``, ``volume``, ...
        path: the file or device whose bytes are the image; of a volume the one that QEMU has
            open while the domain runs, else the one that its pool names. ``None`` for an empty
            drive, and where there is none or it is not known.
        format: driver type (``qcow2``, ``raw``); empty when the XML does not say.
        read_only: ``<readonly/>`` is there.
        shareable: ``<shareable/>`` is there.
        snapshot: the disk's own ``snapshot=`` attribute; ``None`` when it has none.
        encryption: the XML has an ``<encryption>`` for it, or for what lies beneath.
        beneath: the images that the XML itself says lie beneath, from the top; ``None`` when it
            says nothing of that. libvirt puts them in and leaves them out by itself, so two disks
            do not differ by them.
        volume: the volume that it is, where the XML names one.
        unknown: why there is no :attr:`path`, though the drive is not empty; empty otherwise.
        passed: who starts the domain opens its file, and libvirt does not (``fdgroup``).
        transient: what the guest writes is given up when it ends (``<transient/>``).
        discards_all: what the guest discards goes from the file although internal snapshots hold
            it (``discard='unmap'`` with ``discard_no_unref='on'``).
    """

    target: str
    device: str
    source_type: str
    path: str | None
    format: str
    read_only: bool = False
    shareable: bool = False
    snapshot: Presence | None = None
    encryption: bool = field(default=False, compare=False)
    beneath: tuple[str, ...] | None = field(default=None, compare=False)
    volume: Volume | None = None
    unknown: str = ""
    passed: bool = False
    transient: bool = False
    discards_all: bool = False

    @property
    def no_path(self) -> NotKnown:
        """Why it has no path."""
        return NotKnown(self.unknown or "there is no medium in it")

    @property
    def moved_to(self) -> str | NotKnown | None:
        """Where its pool says that it is, while the running QEMU has another file open.

        ``None`` where both agree, or nothing runs.
        """
        if self.volume is None or self.path in (None, self.volume.place):
            return None
        return self.volume.place


@dataclass(frozen=True, slots=True)
class Machine:
    """What a guest is a machine of; what the XML leaves open is empty.

    Attributes:
        kind: of hypervisor (``kvm``).
        type: QEMU's machine type (``pc-q35-7.2``).
        emulator: path of QEMU.
    """

    kind: str
    arch: str
    type: str
    emulator: str


class Part(enum.Enum):
    """What of a machine a host may not have any more; ``HOST`` is what it is attached to there."""

    MACHINE = enum.auto()
    CPU = enum.auto()
    DEVICE = enum.auto()
    HOST = enum.auto()


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that QEMU on a host is not or has not, or the host itself.

    Attributes:
        part: of a machine.
        name: libvirt's, as ``pc-q35-2.4`` or ``video qxl``; of the host with its article.
        reason: libvirt's words, where it has any.
        sure: a start fails by it; otherwise it may.
    """

    part: Part
    name: str
    reason: str = ""
    sure: bool = True


@dataclass(frozen=True, slots=True)
class DomainConfig:
    """What snaptui needs of a domain's XML.

    Attributes:
        disks: in the order of the XML.
        memory: bytes of RAM at most.
        pflash: whether UEFI variables are kept in a pflash image.
        passthrough: host devices given to the guest, by their XML's type (``pci``, ``usb``).
        digest: hash of the XML, to see whether it changed.
        variables: the image of the UEFI variables, where it is a file of its own.
        machine: what it is a machine of; ``None`` where the XML has no ``<os>``.
        tpm: it has an emulated TPM, whose state lies beside its disks.
        firmware: the file of its firmware, where the XML names one.
        template: of which the image of its variables is made where that is not there.
        boot_files: its firmware, the template of its variables, its kernel and initrd.
    """

    disks: tuple[Disk, ...]
    memory: int
    pflash: bool
    passthrough: tuple[str, ...]
    digest: str
    variables: Disk | None = None
    machine: Machine | None = None
    firmware: str | None = None
    template: str | None = None
    boot_files: tuple[str, ...] = ()
    tpm: bool = False

    @property
    def written(self) -> tuple[Disk, ...]:
        """The disks, and the UEFI variables where snapshots can lie inside their image."""
        inside = self.variables is not None and self.variables.format == "qcow2"
        return (*self.disks, self.variables) if inside and self.variables else self.disks

    def at(self, places: Iterable[tuple[str, str]]) -> bool:
        """Whether its disks have these paths, by target."""
        paths = {disk.target: disk.path for disk in self.disks}
        return all(paths.get(target) == path for target, path in places)

    @property
    def of_pools(self) -> bool:
        """Whether it has a disk that is a volume of a storage pool."""
        return any(disk.volume is not None for disk in self.disks)


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

    @property
    def kind(self) -> Kind:
        """Where the data lives; a mix when disks and memory do not agree."""
        parts = {d.presence for d in self.disks} | {self.memory}
        internal = Presence.INTERNAL in parts
        external = bool(parts & {Presence.EXTERNAL, Presence.MANUAL})
        if internal and external:
            return Kind.MIXED
        if external:
            return Kind.EXTERNAL
        return Kind.INTERNAL if internal else Kind.NONE

    @property
    def inside(self) -> tuple[Disk, ...]:
        """The disks, as they were then, that it keeps inside their images."""
        kept = {part.target for part in self.disks if part.presence is Presence.INTERNAL}
        disks = self.config.disks if self.config is not None else ()
        return tuple(disk for disk in disks if disk.target in kept)

    @property
    def has_memory(self) -> bool:
        """Whether a revert to it brings the guest's RAM back."""
        return self.memory in (Presence.INTERNAL, Presence.EXTERNAL)


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


class RunState(enum.Enum):
    """What a domain does after a revert (virDomainSnapshotRevertFlags)."""

    RECORDED = "as recorded"
    RUNNING = "running"
    PAUSED = "paused"


class Form(enum.Enum):
    """What a new snapshot is made of; the value is the word shown."""

    INTERNAL = "internal"
    DISK_ONLY = "external, disks only"
    EXTERNAL = "external, disks and RAM"


class Scope(enum.Enum):
    """What a delete takes away; the value is the word shown."""

    THIS = "this one"
    WITH_CHILDREN = "this and all below it"
    CHILDREN = "only those below it"


class SafetyKind(enum.Enum):
    """What a snapshot taken before a revert holds; the value is the word shown."""

    DISKS_AND_RAM = "disks and RAM"
    DISKS = "disks only"
    NONE = "none"


class AgentState(enum.Enum):
    """What is known of the agent in a guest; the value is the word shown."""

    ABSENT = "not configured"
    DISCONNECTED = "not connected"
    SILENT = "does not answer"
    FROZEN = "frozen already"
    ANSWERS = "answers"
    UNKNOWN = "cannot be asked"


@dataclass(frozen=True, slots=True)
class Agent:
    """The guest agent of a domain, as it was when it was asked.

    Attributes:
        mounts: where the file systems are mounted that a freeze takes, in the guest's words;
            empty unless it answers.
        reason: why it does not answer or cannot be asked; may be empty.
    """

    state: AgentState
    mounts: tuple[str, ...] = ()
    reason: str = ""


class Amount(NamedTuple):
    """How far a job is, in bytes; what is to be done may grow."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class DomainStatus:
    """What decides whether a change of a domain can be tried, read in one go.

    Attributes:
        domain: its name and state as they are now.
        config: disks of the *live* domain, digest of the *inactive* definition.
        persistent: whether it outlives its shutdown.
        managed_save: whether a saved state waits to be loaded at the next start.
        busy: a job holds it (virDomainGetControlInfo); ``None`` where it cannot be asked.
        hung: its QEMU runs but does not answer.
        block_jobs: targets of the disks that QEMU copies or merges just now.
        ready_jobs: those of them whose copy or merge is whole and waits to be told what to keep.
        backup: those of them that a backup reads (virDomainBackupBegin); in pull mode until the
            tool that began it ends it.
        checkpoints: names of the points in time from which backup tools count changes.
        lost_checkpoints: those of them of which the running QEMU has no bitmap, or none that is
            whole, so that no backup can count from them.
        next_start: by target, the images of the *inactive* definition.
    """

    domain: Domain
    config: DomainConfig
    persistent: bool
    managed_save: bool
    busy: bool | None
    hung: bool = False
    block_jobs: tuple[str, ...] = ()
    ready_jobs: tuple[str, ...] = ()
    backup: tuple[str, ...] = ()
    checkpoints: tuple[str, ...] = ()
    lost_checkpoints: tuple[str, ...] = ()
    next_start: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), compare=False
    )
