"""What a plan is built on, and what changed between two readings of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from snaptui.chains import NO_LAYERS, Layers, uses_by
from snaptui.image_model import FileSystem, ImageInfo, NotKnown
from snaptui.model import Agent, DomainStatus, Host, Snapshot, SnapshotDisk
from snaptui.plan.refusal import Refusal, refuse
from snaptui.plan.why import Why
from snaptui.shares import Counted

CHOSEN = ""
"""Stands for the path of an overlay to which libvirt gives a name."""


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
        cut_off: by path of such an image, what is gone of that which lies beneath it; only of a
            domain that is off.
        looped: by path of such an image, where what lies beneath it comes to itself again.
        encrypted: by path of such an image, the encrypted one that it is or lies upon.
        missing: by path, whether a file that the snapshot's domain names is gone.
        spaces: by path of an image, the file system under it.
        folders: by path of a directory, what is in it; those in which files are made or removed.
        layers: how the images lie upon each other, where there are external snapshots.
        others: by path of such an image, who else on the host names it or lies upon it.
        doubts: why somebody may be missing in :attr:`others`.
        gone: files that a step has removed; only of what is expected.
        fresh: by target, the image beneath a new overlay, whose path is :data:`CHOSEN` in what
            is expected, for libvirt makes the name.
        counted: by path, what was counted of an image, at some time before.
        agent: the guest agent, when a create with a freeze is planned, or a thaw.
        changes: for a revert, what of the configuration becomes as it was, in words.
        held: by path of a disk's image of a domain that is off, the QEMU or qemu-img of this
            machine that has it open, and with it a lock; also one that goes on after its
            libvirtd has died.
        unrecorded: why the journal cannot take what is done; empty when it can.
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
    cut_off: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    looped: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    encrypted: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    missing: Mapping[str, bool | NotKnown] = field(default_factory=lambda: MappingProxyType({}))
    spaces: Mapping[str, FileSystem | NotKnown] = field(
        default_factory=lambda: MappingProxyType({})
    )
    folders: Mapping[str, frozenset[str] | NotKnown] = field(
        default_factory=lambda: MappingProxyType({})
    )
    layers: Layers = NO_LAYERS
    others: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    doubts: tuple[str, ...] = ()
    gone: frozenset[str] = frozenset()
    fresh: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    counted: Counted = field(default_factory=lambda: MappingProxyType({}))
    agent: Agent | None = None
    changes: tuple[str, ...] | NotKnown = ()
    held: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    unrecorded: str = ""

    @property
    def name(self) -> str:
        """What it is about, as people call it."""
        return self.status.domain.name

    @property
    def busy(self) -> bool:
        """Whether something may still be under way there."""
        return bool(self.status.busy) or self.status.hung or bool(self.held)

    def exists(self, path: str) -> bool | None:
        """Whether a file is in one of :attr:`folders`; ``None`` when not known."""
        folder, _, name = path.rpartition("/")
        inside = self.folders.get(folder)
        return None if inside is None or isinstance(inside, NotKnown) else name in inside

    def of(self, path: str) -> tuple[str, ...]:
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


def differences(expected: Facts, found: Facts) -> tuple[str, ...]:
    """What is otherwise than expected, in words; empty when a plan may go on.

    Free space, sizes, times and what else lies in a directory are left out: they change all
    the time. An empty digest of what is expected means that it could not be told before.
    """
    expected = _with_chosen(expected, found)
    words: list[str] = []
    was, now = expected.status, found.status
    name = now.domain.name
    if was.domain.name != name:
        words.append(f"the domain {was.domain.name} is now called {name}")
    if was.domain.state is not now.domain.state:
        words.append(f"{name} was {was.domain.state.value} and is now {now.domain.state.value}")
    if was.config.disks != now.config.disks:
        words.append(f"the disks of {name} changed")
    if was.config.digest and was.config.digest != now.config.digest:
        words.append(f"the definition of {name} changed")
    if was.persistent != now.persistent:
        words.append(f"{name} is {'persistent' if now.persistent else 'transient'} now")
    if was.managed_save != now.managed_save:
        words.append(f"the managed save of {name} {'appeared' if now.managed_save else 'is gone'}")
    if now.busy and not was.busy:
        words.append(f"another job holds {name}")
    if now.block_jobs and not was.block_jobs:
        words.append(f"a block job runs on {', '.join(now.block_jobs)}")
    words += _name_differences(expected, found)
    if expected.current != found.current and set(expected.names) == set(found.names):
        words.append(f"the current snapshot is now {found.current or 'none'}")
    if set(expected.external) ^ set(found.external):
        words.append("which snapshots are external changed")
    for snapshot in expected.snapshots.keys() & found.snapshots.keys():
        before, after = expected.snapshots[snapshot], found.snapshots[snapshot]
        if before != (after if before.digest else replace(after, digest="")):
            words.append(f"the snapshot {snapshot} was changed or made anew")
    for path in sorted(expected.images.keys() & found.images.keys()):
        if expected.entries(path) != found.entries(path):
            words.append(f"the snapshots inside {path} changed")
    words += _file_differences(expected, found)
    for path, gone in found.missing.items():
        at_first = gone if isinstance(gone, NotKnown) else False
        if gone != expected.missing.get(path, at_first):
            became = "cannot be looked at any more"
            if not isinstance(gone, NotKnown):
                became = "is gone" if gone else "is there again"
            words.append(f"{path} {became}")
    return tuple(words)


def _with_chosen(expected: Facts, found: Facts) -> Facts:
    """With the paths that libvirt chose, where these are new overlays on the right images."""
    chosen = {}
    for disk in found.status.config.disks:
        lower, path = expected.fresh.get(disk.target), disk.path or ""
        beneath = found.layers.beneath(path)
        right = beneath == lower or isinstance(beneath, NotKnown)
        if lower is not None and right and path not in expected.layers.heads:
            chosen[disk.target] = path
    if not chosen:
        return expected

    def named(parts: tuple[SnapshotDisk, ...]) -> tuple[SnapshotDisk, ...]:
        return tuple(
            replace(part, path=chosen.get(part.target)) if part.path == CHOSEN else part
            for part in parts
        )

    disks = tuple(
        replace(disk, path=chosen.get(disk.target, CHOSEN)) if disk.path == CHOSEN else disk
        for disk in expected.status.config.disks
    )
    config = replace(expected.status.config, disks=disks)
    return replace(
        expected,
        status=replace(expected.status, config=config),
        snapshots=MappingProxyType(
            {
                name: replace(one, disks=named(one.disks), revert_disks=named(one.revert_disks))
                for name, one in expected.snapshots.items()
            }
        ),
    )


def _file_differences(expected: Facts, found: Facts) -> list[str]:
    """How the images lie upon each other, who else uses them, and what should be gone."""
    words = [f"{path} is still there" for path in sorted(expected.gone) if found.exists(path)]
    for path in sorted(expected.layers.heads.keys() & found.layers.heads.keys()):
        was, now = expected.layers.beneath(path), found.layers.beneath(path)
        if was != now:
            words.append(f"what lies beneath {path} changed")
    # an image that no record names any more is somebody else's for the inventory
    own = {words for path in expected.layers.heads for words in uses_by(path)}
    for path, users in found.others.items():
        new = (user for user in users if user not in own and user not in expected.of(path))
        words += [f"{path} is used by {user}" for user in new]
    return words


def _name_differences(expected: Facts, found: Facts) -> list[str]:
    words = [f"the snapshot {name} is gone" for name in expected.names if name not in found.names]
    words += [
        f"the snapshot {name} has been made" for name in found.names if name not in expected.names
    ]
    return words
