"""What is known of images as files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Protocol

from snaptui.backend.protocol.asked import Asked
from snaptui.model.image import FileSystem, ImageInfo
from snaptui.storage.qcow2.usage import ImageUsage, Overlap

if TYPE_CHECKING:
    from snaptui.model.files import FileId, Found, Inode, Openers
    from snaptui.storage.disk_then import Stack


class Files(Asked, Protocol):
    """Reads images as files: of this machine, or volumes of another.

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

    def on_several_hosts(self, path: str) -> bool | None:
        """Whether other hosts reach a file under its path, too.

        By the type of its file system, or of its pool; ``None`` when these do not tell it.
        SnaptuiError when the file system does not answer, or the file is in no pool.
        """

    def open_beside(self, path: str, uuid: str) -> Openers:
        """The processes other than this one and a domain's QEMU that have a file open."""

    def may_write(self, path: str) -> bool:
        """Whether a file may be written to; ImageError when it cannot be known."""

    def copy_size(self, path: str, entry_id: str) -> int:
        """Bytes that a copy of an entry takes; ImageError when it cannot be known."""

    def file_id(self, path: str) -> FileId | None:
        """Which file it is, links not followed; ImageError when it cannot be known."""
