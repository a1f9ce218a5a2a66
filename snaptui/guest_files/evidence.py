"""Whether the images still are what was opened; what is read of them counts only then."""

from __future__ import annotations

import os
from dataclasses import dataclass

from snaptui.backend.protocol.files import Files
from snaptui.common.errors import SnaptuiError
from snaptui.guest_files.errors import GuestFilesError, LookEnded
from snaptui.guest_files.source import ServedDisk, Source


@dataclass(frozen=True, slots=True)
class Seen:
    """A layer's file as the file system described it.

    Attributes:
        written: when it was written to last, in nanoseconds.
    """

    device: int
    inode: int
    size: int
    written: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """By disk and layer, in the order of the source, the files as they were opened."""

    source: Source
    files: tuple[tuple[Seen, ...], ...]

    def is_of(self, other: Evidence) -> bool:
        """Whether it is evidence of the same disks in the same files."""
        return self.source == other.source and self._inodes == other._inodes

    @property
    def _inodes(self) -> list[tuple[int, int]]:
        return [(file.device, file.inode) for files in self.files for file in files]

    def check(self, backend: Files) -> None:
        """Look again; blocks.

        A deleted snapshot's clusters are given to whoever writes next, so the check comes after
        each reading. QEMU notes the deletion in the image before it gives any of them away.

        Raises:
            LookEnded: what was read may be something else.
        """
        for disk, files in zip(self.source.disks, self.files, strict=True):
            for depth, (layer, before) in enumerate(zip(disk.layers, files, strict=True)):
                now = _seen(layer.path)
                if (now.device, now.inode) != (before.device, before.inode):
                    raise LookEnded(f"{layer.path} was replaced by another file.")
                live = depth == 0 and (disk.entry is not None or not self.source.steady)
                if not live and now != before:
                    raise LookEnded(f"{layer.path} was written to: it is not what it was.")
            self._check_entry(disk, backend)

    def _check_entry(self, disk: ServedDisk, backend: Files) -> None:
        if disk.entry is None:
            return
        path = disk.layers[0].path
        try:
            entries = backend.image(path).snapshots
        except SnaptuiError as error:
            raise LookEnded(f"{path} cannot be checked any more: {error.message}") from error
        if entries.count(disk.entry) != 1:
            raise LookEnded(f"The snapshot {disk.entry.name} is no longer in {path}.")


def evidence_of(source: Source) -> Evidence:
    """The files of a source as they are; blocks.

    Raises:
        GuestFilesError: one cannot be looked at.
    """
    files = tuple(tuple(_seen(layer.path) for layer in disk.layers) for disk in source.disks)
    return Evidence(source, files)


def _seen(path: str) -> Seen:
    try:
        found = os.stat(path)
    except OSError as error:
        raise GuestFilesError(f"{path}: {error.strerror}") from error
    return Seen(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
