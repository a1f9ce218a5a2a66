"""Whether the images still are what was opened; what is read of them counts only then."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from snaptui.backend.protocol.files import Files
from snaptui.common.errors import SnaptuiError
from snaptui.guest_files.errors import GuestFilesError, LookEnded
from snaptui.guest_files.source import ServedDisk, Source


@dataclass(frozen=True, slots=True)
class Seen:
    """A layer's file as its file system describes it.

    Attributes:
        written: when it was written to last: seconds with their fraction, or nanoseconds.
    """

    device: int
    inode: int
    size: int
    written: str


Described = tuple[tuple[Seen, ...], ...]
"""By disk and layer."""


@dataclass(slots=True)
class Evidence:
    """A source, and how its files were when it was opened.

    Attributes:
        files: empty for another host's, before that has answered for the first time.
        snapshots: what another host's images say of the snapshots inside, by disk with an entry.
    """

    source: Source
    files: Described = ()
    snapshots: tuple[str, ...] = field(default=())

    def is_of(self, other: Evidence) -> bool:
        """Whether it is evidence of the same disks in the same files."""
        return self.source == other.source and _inodes(self.files) == _inodes(other.files)

    def check(self, backend: Files) -> None:
        """Look again at files of this machine; blocks.

        A deleted snapshot's clusters are given to whoever writes next, so the check comes after
        each reading. QEMU notes the deletion in the image before it gives any of them away.

        Raises:
            LookEnded: what was read may be something else.
        """
        try:
            self._compare(_seen_here(self.source))
        except GuestFilesError as error:
            raise LookEnded(error.message) from error
        for disk in self.source.disks:
            if disk.entry is None:
                continue
            path = disk.layers[0].path
            try:
                entries = backend.image(path).snapshots
            except SnaptuiError as error:
                raise LookEnded(f"{path} cannot be checked any more: {error.message}") from error
            if entries.count(disk.entry) != 1:
                raise _gone(disk)

    def check_told(self, told: Any) -> None:
        """The same, by what another host has told of its files; the first time it is believed.

        Raises:
            LookEnded: what was read may be something else.
        """
        files, snapshots = _parsed(told, self.source)
        kept = [disk for disk in self.source.disks if disk.entry is not None]
        if not self.files:
            self.files, self.snapshots = files, tuple(snapshots)
        self._compare(files)
        for disk, before, now in zip(kept, self.snapshots, snapshots, strict=True):
            if _entries(before, disk) != _entries(now, disk) or len(_entries(now, disk)) != 1:
                raise _gone(disk)

    def _compare(self, files: Described) -> None:
        for disk, earlier, later in zip(self.source.disks, self.files, files, strict=True):
            for depth, (layer, before, now) in enumerate(
                zip(disk.layers, earlier, later, strict=True)
            ):
                if (now.device, now.inode) != (before.device, before.inode):
                    raise LookEnded(f"{layer.path} was replaced by another file.")
                live = depth == 0 and (disk.entry is not None or not self.source.steady)
                if not live and now != before:
                    raise LookEnded(f"{layer.path} was written to: it is not what it was.")


def evidence_of(source: Source) -> Evidence:
    """The files of a source as they are; blocks.

    Raises:
        GuestFilesError: one cannot be looked at.
    """
    return Evidence(source, () if source.ssh else _seen_here(source))


def _inodes(files: Described) -> list[tuple[int, int]]:
    return [(file.device, file.inode) for of_disk in files for file in of_disk]


def _seen_here(source: Source) -> Described:
    return tuple(tuple(_seen(layer.path) for layer in disk.layers) for disk in source.disks)


def _seen(path: str) -> Seen:
    try:
        found = os.stat(path)
    except OSError as error:
        raise GuestFilesError(f"{path}: {error.strerror}") from error
    return Seen(found.st_dev, found.st_ino, found.st_size, str(found.st_mtime_ns))


def _parsed(told: Any, source: Source) -> tuple[Described, Sequence[str]]:
    try:
        lines, snapshots = told
        rest = iter(lines)
        files = tuple(tuple(_of_line(next(rest)) for _ in disk.layers) for disk in source.disks)
        return files, [str(one) for one in snapshots]
    except (ValueError, TypeError, StopIteration, RuntimeError) as error:
        raise LookEnded(f"The host does not say how its files are: {told}") from error


def _of_line(line: str) -> Seen:
    device, inode, size, written = line.split()
    return Seen(int(device), int(inode), int(size), written)


def _entries(snapshots: str, disk: ServedDisk) -> list[Any]:
    assert disk.entry is not None
    return [one for one in json.loads(snapshots) if one.get("id") == disk.entry.id]


def _gone(disk: ServedDisk) -> LookEnded:
    assert disk.entry is not None
    return LookEnded(f"The snapshot {disk.entry.name} is no longer in {disk.layers[0].path}.")
