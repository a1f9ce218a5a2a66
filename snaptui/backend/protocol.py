"""What the rest of snaptui asks of a host: plain synchronous calls, model types in and out.

Every method may block for as long as libvirt does and is therefore only called on the
worker's threads. All of them raise :class:`~snaptui.common.errors.SnaptuiError` and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from snaptui.common.ahead import Tell, nobody
from snaptui.model.choices import RunState
from snaptui.model.config_change import ConfigChange
from snaptui.model.domain import Amount, Domain, DomainConfig, DomainKey, DomainStatus, Key
from snaptui.model.guest_agent import Agent
from snaptui.model.host import Host
from snaptui.model.image import FileSystem, ImageInfo
from snaptui.model.machine import Lack
from snaptui.model.snapshot import Snapshot, SnapshotSummary
from snaptui.storage.qcow2.usage import ImageUsage, Overlap

if TYPE_CHECKING:
    from snaptui.model.doubts import Doubt
    from snaptui.model.files import EntryCopy, FileId, Found, Inode, NamedFile, Openers
    from snaptui.model.snapshot_request import NewSnapshot
    from snaptui.storage.disk_then import Stack

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HostEvent:
    """A hint from libvirt that something may have changed; never the change itself.

    Attributes:
        uuid: the domain to look at again; empty for the whole host.
        lost: the events connection is gone, and with it, most likely, the host.
    """

    uuid: str = ""
    lost: bool = False


class Asked(Protocol):
    """What whoever asks a host anything may need to know of it."""

    @property
    def uri(self) -> str:
        """The URI that the user named; the ``host`` of all keys."""

    @property
    def host(self) -> Host | None:
        """The host as it presented itself when it was last connected to."""

    def reading(self, of: Key, tell: Tell = nobody) -> Self:
        """The same host for one reading: what it tells of this is asked for once.

        So are the files that others name, and the heads of images. What :meth:`begin` is given
        is asked at the same time where the host is far, and then ``tell`` is told how far it is.
        """

    def begin(self, call: Callable[[], T]) -> Callable[[], T]:
        """Begin a reading call; what is returned waits for its answer, or raises its error."""

    def together(self, calls: Iterable[Callable[[], T]]) -> list[T]:
        """The answers of reading calls that are made at the same time, in order."""


class Reads(Asked, Protocol):
    """What libvirt tells of a host."""

    def domains(self) -> tuple[Domain, ...]:
        """All domains, in no order, with one call for the whole host."""

    def domain(self, key: DomainKey) -> Domain:
        """One domain, with two calls; NotFound if there is none of the UUID."""

    def summary(self, key: DomainKey) -> SnapshotSummary:
        """Number of snapshots and the newest leaf's creation time."""

    def snapshot_names(self, key: DomainKey) -> tuple[str, ...]:
        """Names of all snapshots, sorted, with one call."""

    def external_snapshots(self, key: DomainKey) -> tuple[str, ...]:
        """Names of the snapshots that libvirt counts as external."""

    def children(self, key: DomainKey, name: str) -> tuple[str, ...]:
        """Names of the snapshots directly below ``name``."""

    def descendants(self, key: DomainKey, name: str) -> tuple[str, ...]:
        """Names of all snapshots below ``name``, parents before children."""

    def checkpoints(self, key: DomainKey) -> tuple[str, ...]:
        """Names of a domain's checkpoints, from which backup tools count changes; one call."""

    def current_snapshot(self, key: DomainKey) -> str | None:
        """Name of the current snapshot, with one call; ``None`` when there is none."""

    def snapshot(self, key: DomainKey, name: str) -> Snapshot:
        """One snapshot's metadata, with one call after ``snapshot_names``."""

    def snapshot_xml(self, key: DomainKey, name: str) -> str:
        """One snapshot's XML as libvirt gives it, without secrets."""

    def domain_xml(self, key: DomainKey) -> str:
        """The live domain's XML, without secrets."""

    def config(self, key: DomainKey) -> DomainConfig:
        """What the live domain's XML says."""

    def config_changes(
        self, key: DomainKey, name: str, later: str | None = None
    ) -> tuple[ConfigChange, ...]:
        """What of the definition is otherwise than at a snapshot's time.

        Args:
            later: as it was at another snapshot's time; without one as it is now.
        """

    def status(self, key: DomainKey) -> DomainStatus:
        """What decides whether a change can be tried; looked up anew."""

    def agent(self, key: DomainKey) -> Agent:
        """The guest agent of a domain: it is asked, which takes seconds if it is silent.

        Raises:
            SnaptuiError: the domain cannot be read; what the agent lacks is told in the result.
        """

    def ram_saved(self, key: DomainKey) -> Amount | None:
        """How much of the RAM is in its file; ``None`` while none is being saved.

        Never while an internal snapshot is taken: libvirt then waits with the answer.
        """

    def written_by_qemu(self, key: DomainKey) -> frozenset[str]:
        """The images that a running guest writes to, as its QEMU itself says.

        Empty when it does not say. libvirt notes in its log that QEMU's monitor was used.
        """

    def merged(self, key: DomainKey, target: str) -> Amount | None:
        """How much of a disk's image is merged; ``None`` while there is no merge."""

    def secret_domain_xml(self, key: DomainKey) -> str:
        """The inactive definition with its secrets: for copies, never for the screen."""

    def secret_snapshot_xml(self, key: DomainKey, name: str) -> str:
        """A snapshot's XML with its secrets: for copies, never for the screen."""

    def lacks(self, key: DomainKey, name: str) -> tuple[Lack, ...]:
        """What a snapshot's domain needs to be started that the host or its QEMU does not have."""

    def named_files(self, key: DomainKey) -> tuple[NamedFile | Doubt, ...]:
        """All files that a domain's definitions, live and inactive, and its snapshots name."""

    def volumes(self) -> Found:
        """The files of the host's active storage pools."""


class Files(Asked, Protocol):
    """Images as files: of this machine, or volumes of another.

    What only the files of this machine tell is an ImageError for others.
    """

    def image(self, path: str, *, raw: bool = False) -> ImageInfo:
        """Head and snapshot table of an image, read without locks.

        Args:
            raw: it is known to be raw: what a guest wrote into it is not taken for a head.

        Raises:
            ImageError: it is remote, missing, not readable, or not sound; says which.
        """

    def count_image(self, path: str, progress: Callable[[int, int], None]) -> ImageUsage:
        """Count what an image's clusters are used for, read without locks.

        Args:
            progress: called with bytes read and bytes to read; what it raises ends the count.

        Raises:
            ImageError: it is remote, or cannot be counted; says why.
        """

    def overlap(self, path: str, progress: Callable[[int, int], None], depth: int = 1) -> Overlap:
        """Compare what an overlay holds with what the images beneath it hold.

        Args:
            progress: called with bytes read and bytes to read; what it raises ends it.
            depth: with how many of those beneath, one at least.

        Raises:
            ImageError: it cannot be told; says why.
        """

    def difference(self, one: Stack, other: Stack, progress: Callable[[int, int], None]) -> int:
        """The most bytes of a disk that differ between two times, read without locks.

        Args:
            one, other: the images that the two times do not share.
            progress: called with bytes read and bytes to read; what it raises ends it.

        Raises:
            ImageError: it cannot be told; says why.
        """

    def real_path(self, path: str) -> str:
        """A path without symbolic links; of another host's, which cannot be seen, as it is.

        Raises:
            ImageError: its file system does not answer.
        """

    def missing_file(self, path: str) -> bool:
        """Whether ``path`` is known not to exist.

        Raises:
            ImageError: this cannot be known here.
        """

    def file_system(self, path: str) -> FileSystem:
        """Space on the file system of ``path``; ImageError when it cannot be known."""

    def pool_space(self, path: str) -> FileSystem:
        """Space of the pool that holds an image of another host, as it was refreshed last.

        Raises:
            ImageError: it is in no active pool.
        """

    def names_in(self, path: str) -> frozenset[str]:
        """What is in a directory; ImageError when it cannot be known."""

    def qcow2_in(self, folder: str) -> Found:
        """The qcow2 images in a directory; ImageError when it cannot be listed."""

    def entries_as_now(self, path: str) -> frozenset[str]:
        """IDs of the entries of an image that its disk is as now; ImageError if not known."""

    def openers(self, path: str) -> Openers:
        """The other processes that have a file open; none if there is no such file."""

    def qemu_at(self, paths: Collection[str]) -> Mapping[str, str]:
        """By path, the QEMU or qemu-img that is known to have it open, in words."""

    def inodes(self, paths: Collection[str]) -> Mapping[str, Inode]:
        """By path, which file it is, links followed; what cannot be known is left out."""

    def birth(self, path: str) -> float:
        """When a file was made, seconds since the epoch; ImageError when it is not known."""

    def changed(self, path: str) -> float:
        """When a file was written to, replaced or renamed last (ctime), links followed.

        Seconds since the epoch; ImageError when it is not known.
        """

    def unlocked(self, path: str) -> str:
        """The type of a file's file system, where other hosts may have it open unseen.

        No lock of QEMU's reaches from one host to another there. Empty elsewhere, and when not
        known; ImageError when the file system does not answer.
        """

    def open_beside(self, path: str, uuid: str) -> Openers:
        """The processes other than this one and a domain's QEMU that have a file open."""

    def may_write(self, path: str) -> bool:
        """Whether a file may be written to; ImageError when it cannot be known."""

    def copy_size(self, path: str, entry_id: str) -> int:
        """Bytes that a copy of an entry takes; ImageError when it cannot be known."""

    def file_id(self, path: str) -> FileId | None:
        """Which file it is, links not followed; ImageError when it cannot be known."""


class Looks(Reads, Files, Protocol):
    """All that can be looked at, and nothing that changes anything."""


class Changes(Protocol):
    """What changes a host. Objects are looked up anew each time.

    Images are changed for themselves only on this machine, and where nobody uses them; an
    ImageError says why not.
    """

    def create_snapshot(self, key: DomainKey, new: NewSnapshot) -> None:
        """Take a snapshot; an external one of all its disks or of none.

        libvirt makes the overlays and refuses those that are there; a file for the RAM that
        is there it overwrites.
        """

    def give_up_ram(self, key: DomainKey) -> None:
        """Give up saving the RAM to a file: the create fails with Cancelled."""

    def power_off(self, key: DomainKey) -> None:
        """Stop the guest at once, as pulling the plug does."""

    def freeze(self, key: DomainKey) -> None:
        """Freeze the file systems of a guest on this machine, until :meth:`thaw`.

        If that does not come within ten seconds, or this process ends, they are thawed by
        another one.
        """

    def thaw(self, key: DomainKey) -> None:
        """Thaw the file systems of a guest; HostError when none was frozen any more."""

    def revert(
        self, key: DomainKey, name: str, state: RunState, *, reset_nvram: bool = False
    ) -> None:
        """Revert; never with the force flag.

        Args:
            reset_nvram: the UEFI variables start from their template.
        """

    def delete_snapshot(self, key: DomainKey, name: str, *, metadata_only: bool = False) -> None:
        """Delete one snapshot with one plain call; never with libvirt's children flags.

        Args:
            metadata_only: only libvirt's record of it; its data stay.
        """

    def adopt_snapshot(self, key: DomainKey, name: str, created: int) -> None:
        """Define metadata for what the images hold, as of a domain that was shut off.

        Args:
            created: seconds since the epoch.
        """

    def redefine_snapshot(
        self, key: DomainKey, name: str, after: Snapshot, *, current: bool
    ) -> None:
        """Define a snapshot again, with all else as it is.

        Args:
            after: name, description and parent are taken from it; under another name it is one
                more snapshot.
            current: make it the current one.
        """

    def merge_overlay(
        self, key: DomainKey, target: str, path: str, lower: str, progress: Callable[[float], None]
    ) -> None:
        """Merge an overlay of an active domain into the image beneath, and remove it.

        Args:
            target: the disk in whose chain it is.
            progress: called with the share that is done; what it raises gives the merge up.
        """

    def create_entry(self, path: str, name: str) -> None:
        """Add an entry to an image that nobody uses; all of these raise ImageError."""

    def apply_entry(self, path: str, entry_id: str) -> None:
        """Make the disk in an image as the first entry of an ID has it."""

    def delete_entry(self, path: str, name: str) -> None:
        """Delete the first entry of a name."""

    def extract_entry(self, copy: EntryCopy, progress: Callable[[float], None]) -> None:
        """Copy an entry to a new file; what is unfinished is removed if it fails.

        Args:
            progress: called all the time with the share that is done, 0 to 1; what it raises
                ends the copy.
        """

    def set_aside(self, path: str, aside: str, file: FileId) -> None:
        """Give a file another name beside it, which must be free, if it is the very one.

        Neither path may have a symbolic link in it; ImageError when it cannot be.
        """

    def remove_file(self, path: str, file: FileId) -> None:
        """Remove a file, if it is the very one; ImageError when it is not, or cannot be."""


class Connection(Asked, Protocol):
    """How a host is connected to. Reading, changing and event calls may use several links."""

    @property
    def answers(self) -> bool:
        """Whether the host has answered since :meth:`connect` was called last.

        It may be at work then for what comes next: libvirt runs each QEMU that it does not know
        yet, or that has changed, before it says which one it has (qemu_capabilities.c).
        """

    @property
    def calls(self) -> int:
        """Number of calls sent to libvirt so far."""

    @property
    def link(self) -> int:
        """Which link to the host this is: another number after each :meth:`abandon`."""

    def over(self, link: int) -> AbstractContextManager[None]:
        """Let the changes that this thread asks for go over this link, or not at all.

        A thread may be held up, until the link that it looked at the host through was given up,
        and what it was about to do was judged. A change of it then raises Disconnected.
        """

    def jump_host(self) -> str:
        """The host that ssh goes through to this one (ssh_config(5), ProxyJump); empty without."""

    def connect(self, *, interactive: bool = False) -> Host:
        """Open the reading connection, dropping one that was open before.

        Args:
            interactive: libvirt may ask on the terminal (ssh passwords, host keys).

        Raises:
            SignInNeeded: it would have to ask, and ``interactive`` is false.
            NotPermitted, Disconnected, ConfigError: with a hint on what to do.
        """

    def watch(self, on_event: Callable[[HostEvent], None]) -> None:
        """Open the events connection; ``on_event`` is called on libvirt's thread.

        It must return at once and never raise. Watching again replaces the callback.
        """

    def expect_changes(self) -> None:
        """Open what changes go over now, if the host is far; blocks, and never raises.

        Not on a host whose events are not watched: it may have let in one connection alone.
        """

    def only_list(self) -> None:
        """Close all connections but the one that :meth:`connect` opened, without waiting.

        Others are opened again when they are needed. A change that is under way fails.
        """

    def abandon(self) -> None:
        """Drop all connections without waiting for calls that are under way."""


class Backend(Connection, Looks, Changes, Protocol):
    """One host."""
