"""What changes a host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from snaptui.model.choices import RunState
from snaptui.model.domain import DomainKey
from snaptui.model.snapshot import Snapshot

if TYPE_CHECKING:
    from snaptui.model.files import EntryCopy, FileId
    from snaptui.model.snapshot_request import NewSnapshot


class Changes(Protocol):
    """Changes a host; objects are looked up anew each time.

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

    def agent_command(
        self, key: DomainKey, command: str, arguments: Mapping[str, Any], seconds: int
    ) -> Any:
        """What a guest's agent returns to a command of the QEMU guest agent protocol.

        It is what the guest says, parsed and nothing more. libvirt marks the domain as tainted
        by a custom agent command until it is shut off.

        Args:
            arguments: by name, as JSON has them.
            seconds: that libvirt waits for the answer; after them the command may still be
                carried out.

        Raises:
            SnaptuiError: the agent does not answer, refuses, or answers at too great a length.
        """

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
