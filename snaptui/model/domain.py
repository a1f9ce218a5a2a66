"""Domains: their names, states, definitions, and what decides whether they can be changed."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from snaptui.common.masking import label
from snaptui.model.disk import Disk, Presence
from snaptui.model.image import ImageKey, NotKnown
from snaptui.model.machine import Machine


class DomainKey(NamedTuple):
    """What a domain is known by, everywhere: never its name alone."""

    host: str
    """The URI of the host as the user named it."""
    uuid: str

    def __repr__(self) -> str:
        return f"DomainKey({label(self.host)!r}, {self.uuid!r})"


Key = DomainKey | ImageKey
"""What can be changed."""


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
class DomainConfig:
    """What snaptui needs of a domain's XML.

    Attributes:
        disks: in the order of the XML.
        memory: bytes of RAM at most.
        pflash: whether UEFI variables are kept in a pflash image, or in a store.
        varstore: the file of the store that they are in (libvirt 12.1 and later), empty where the
            XML names none: QEMU has them in a device. ``None`` without one.
        passthrough: host devices given to the guest, by their XML's type (``pci``, ``usb``).
        digest: hash of the XML, to see whether it changed.
        variables: the image of the UEFI variables, where it is a file of its own.
        machine: what it is a machine of; ``None`` where the XML has no ``<os>``.
        tpm: the type of its TPM's backend (formatdomain.html, *TPM device*); empty without one.
            Its state lies beside the disks.
        firmware: the file of its firmware, where the XML names one.
        template: of which the image of its variables is made where that is not there.
        boot_files: its firmware, the template of its variables, its kernel and initrd.
        drives: the images that it starts with and that are no writable qcow2.
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
    drives: tuple[str, ...] = field(default=(), compare=False)
    tpm: str = ""
    varstore: str | None = None

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
        """Whether it has a disk that is a volume of a storage pool, or is said to lie upon one."""
        return any(disk.volume is not None or disk.volumes for disk in self.disks)


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
        settings: by target, how that says that a disk takes part in snapshots, where it says so.
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
    settings: Mapping[str, Presence] = field(
        default_factory=lambda: MappingProxyType({}), compare=False
    )
