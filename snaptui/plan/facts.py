"""What a plan is built on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from snaptui.model.config_change import ConfigChange
from snaptui.model.domain import DomainStatus
from snaptui.model.doubts import Doubt
from snaptui.model.elsewhere import Elsewhere, ImageElsewhere
from snaptui.model.files import Inode, User
from snaptui.model.guest_agent import Agent
from snaptui.model.host import Host
from snaptui.model.image import FileSystem, ImageInfo, NotKnown
from snaptui.model.machine import Lack
from snaptui.model.snapshot import Snapshot
from snaptui.model.virsh_line import virsh_there
from snaptui.plan.refusal import Refusal, refuse
from snaptui.plan.words.why import Why
from snaptui.storage.backing_chain import NO_LAYERS, Layers
from snaptui.storage.defined_chain import Departure
from snaptui.storage.disk_cost import Counted
from snaptui.storage.traces import Trace

CHOSEN = ""
"""Stands for the path of an overlay to which libvirt gives a name."""


@dataclass(frozen=True, slots=True)
class OverlayUse:
    """Whether somebody is at work with an overlay that is to be merged.

    Attributes:
        made: when its file was made, seconds since the epoch.
        open_in: by path of what lies beneath, the processes beside the domain's QEMU that have it
            open, in words.
        unseen: why some of these may be missing; empty otherwise.
    """

    made: float | NotKnown
    open_in: Mapping[str, str]
    unseen: str


@dataclass(frozen=True, slots=True)
class Facts:
    """One reading of everything that a plan for one domain depends on.

    Attributes:
        who: the admin, as ``user@machine``.
        read_at: when it was read, seconds since the epoch.
        names: all snapshots.
        external: those of them that libvirt calls external.
        snapshots: metadata of the snapshots that the intent names or implies; of all where some
            are external.
        below: descendants of the snapshot that the intent names, parents before children; for
            an edit its children alone.
        images: by path, the images of the domain's disks now and at the snapshot's time.
        in_writing: by path of such an image, what a QEMU writes to of that which lies beneath it;
            only of a domain that is off.
        no_start_upon: the same with raw images, which forbid it to a guest that is started alone.
        cut_off: by path of such an image, what is gone of that which lies beneath it.
        beneath: by path of such an image, how many lie beneath it; of those whose chain is known
            to its end.
        data_gone: by path of such an image, the file of its data, or of those of an image beneath
            it, which is gone.
        looped: by path of such an image, where what lies beneath it comes to itself again.
        departures: where the definition names other images beneath a disk than its image does.
        recorded_departures: the same of the metadata of snapshots, by name.
        encrypted: by path of such an image, the encrypted one that it is or lies upon.
        luks: by path of such an image, the raw one with a LUKS header that it is or lies upon.
        missing: by path, whether a file that the snapshot's domain names is gone.
        spaces: by path of an image, the file system under it.
        folders: by path of a directory, what is in it; those in which files are made or removed.
        layers: how the images lie upon each other, where there are external snapshots.
        others: by path of such an image, who else on the host names it or lies upon it.
        asked: images of a create for which that was asked too.
        doubts: why somebody may be missing in :attr:`others`.
        traces: by path of an image that is gone, where it may be.
        gone: files that a step has removed; only of what is expected.
        fresh: by target, the image beneath a new overlay, whose path is :data:`CHOSEN` in what
            is expected, for libvirt makes the name.
        counted: by path, what was counted of an image, at some time before.
        agent: the guest agent, when a create with a freeze is planned, or a thaw.
        changes: for a revert, what of the configuration is otherwise than it was.
        held: by path of a disk's image of a domain that is off, the QEMU or qemu-img of this
            machine that has it open, and with it a lock; also one that goes on after its
            libvirtd has died.
        boot_gone: of a domain that is off, or that a create halts, files that are gone and without
            which QEMU does not start.
        raw_locked: of a domain that is off, the raw images of its disks that a QEMU keeps others
            from writing to, as it does with what its own images lie upon.
        let_go: images of the disks of a running domain that its QEMU has let go of: it writes
            beneath them.
        unlocked: by path of a disk's image of a domain that is off, the type of its file system,
            where another host may have it open and no lock tells.
        inodes: by path of an image of a domain that is on this machine, which file it is.
        lacks: for a revert, what the host's QEMU is not or has not of the machine of then.
        keys_gone: for the delete of one of a domain that is off, keys of its encrypted disks that
            the host does not have.
        firmware: for a revert that loads RAM, when the firmware that is part of it was changed
            last, seconds since the epoch; ``None`` where its metadata name none.
        overlay: of a merge, whether somebody is at work with it.
        elsewhere: the same guest on other hosts that are looked at.
        images_elsewhere: its images in use by other guests there.
        unasked: names of the hosts that may use its images too, and did not say.
        unrecorded: why the journal cannot take what is done; empty when it can.
        author: whom a snapshot that is taken names in its description; empty for nobody.
        apparmor: whether AppArmor confines the guests of the host; asked for a create and a revert.
    """

    host: Host
    who: str
    read_at: float
    status: DomainStatus
    names: tuple[str, ...]
    external: tuple[str, ...]
    current: str | None
    snapshots: Mapping[str, Snapshot] = field(default_factory=lambda: MappingProxyType({}))
    below: tuple[str, ...] = ()
    images: Mapping[str, ImageInfo | NotKnown] = field(default_factory=lambda: MappingProxyType({}))
    in_writing: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    no_start_upon: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    cut_off: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    beneath: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    data_gone: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    looped: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    departures: tuple[Departure, ...] = ()
    recorded_departures: Mapping[str, tuple[Departure, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    encrypted: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    luks: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    missing: Mapping[str, bool | NotKnown] = field(default_factory=lambda: MappingProxyType({}))
    spaces: Mapping[str, FileSystem | NotKnown] = field(
        default_factory=lambda: MappingProxyType({})
    )
    folders: Mapping[str, frozenset[str] | NotKnown] = field(
        default_factory=lambda: MappingProxyType({})
    )
    layers: Layers = NO_LAYERS
    others: Mapping[str, tuple[User, ...]] = field(default_factory=lambda: MappingProxyType({}))
    asked: frozenset[str] = frozenset()
    doubts: tuple[Doubt, ...] = ()
    traces: Mapping[str, Trace] = field(default_factory=lambda: MappingProxyType({}))
    gone: frozenset[str] = frozenset()
    fresh: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    counted: Counted = field(default_factory=lambda: MappingProxyType({}))
    agent: Agent | None = None
    changes: tuple[ConfigChange, ...] | NotKnown = ()
    held: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    boot_gone: frozenset[str] = frozenset()
    raw_locked: frozenset[str] = frozenset()
    let_go: frozenset[str] = frozenset()
    unlocked: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    inodes: Mapping[str, Inode] = field(default_factory=lambda: MappingProxyType({}))
    lacks: tuple[Lack, ...] | NotKnown = ()
    keys_gone: tuple[Lack, ...] = ()
    firmware: float | NotKnown | None = None
    overlay: OverlayUse | None = None
    elsewhere: tuple[Elsewhere, ...] = ()
    images_elsewhere: tuple[ImageElsewhere, ...] = ()
    unasked: tuple[str, ...] = ()
    unrecorded: str = ""
    author: str = ""
    apparmor: bool = False

    @property
    def name(self) -> str:
        """What it is about, as people call it."""
        return self.status.domain.name

    @property
    def edit_line(self) -> str:
        """What edits the domain's definition by hand."""
        return virsh_there("edit", self.name, self.status.domain.key.uuid)

    @property
    def busy(self) -> bool:
        """Whether something may still be under way there."""
        return bool(self.status.busy) or self.status.hung or bool(self.held)

    def exists(self, path: str) -> bool | None:
        """Whether a file is in one of :attr:`folders`; ``None`` when not known."""
        folder, _, name = path.rpartition("/")
        inside = self.folders.get(folder)
        return None if inside is None or isinstance(inside, NotKnown) else name in inside

    def of(self, path: str) -> tuple[User, ...]:
        """Who else on the host uses an image."""
        return self.others.get(path, ())

    def absent(self, name: str) -> Refusal:
        """Why a snapshot is not in :attr:`snapshots`."""
        why = Why.SNAPSHOT_UNREAD if name in self.names else Why.SNAPSHOT_GONE
        return refuse(why, name=name)

    def entries(self, path: str) -> frozenset[tuple[str, str]] | None:
        """ID and name of an image's own snapshots; ``None`` when not known."""
        image = self.images.get(path)
        if not isinstance(image, ImageInfo):
            return None
        return frozenset((entry.id, entry.name) for entry in image.snapshots)
