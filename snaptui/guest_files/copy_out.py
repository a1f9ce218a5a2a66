"""Copies files of a snapshot into a directory of this machine, and nothing but their bytes.

What a guest named and how it is linked decides nothing here: each file and directory is made
anew relative to a directory that is open already, and nothing that is there is written to.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from snaptui.common.worker import Worker
from snaptui.guest_files.errors import GuestFilesError, LookEnded
from snaptui.guest_files.libguestfs import MOST_READ
from snaptui.guest_files.opened import GuestFiles
from snaptui.model.guest_file import FileType, GuestFile

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_NAME = 255
"""Bytes of a name (NAME_MAX of limits.h)."""
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Tell = Callable[[int, int], None]
"""Is told how many bytes are written, and how many there will be."""


@dataclass(slots=True)
class Copied:
    """What came of a copy.

    Attributes:
        name: of what was made in the directory.
        files: that were written.
        size: bytes of them.
        left_out: by path in the guest, what was not made, and why.
    """

    name: str
    files: int = 0
    size: int = 0
    left_out: dict[str, str] = field(default_factory=dict)


async def copy_out(files: GuestFiles, worker: Worker, path: str, into: str, tell: Tell) -> Copied:
    """Copy a file, or a directory with all below it, into an existing directory.

    Files are of this user and for this user alone (0600, directories 0700), with the time at
    which they were written. Who cancels keeps the files that are whole.

    Raises:
        GuestFilesError: nothing was written, or no more could be.
    """
    found = await files.stat(path)
    if found.type not in (FileType.FILE, FileType.DIRECTORY):
        raise GuestFilesError(
            f"{path} is a {found.type.value}: only files and directories are copied."
        )
    below: Mapping[str, GuestFile] = {}
    if found.type is FileType.DIRECTORY:
        below = await files.tree(path)
    copied = Copied(safe_name(found.name) or "root")
    total = sum(one.size for one in (found, *below.values()) if one.type is FileType.FILE)
    copy = _Copy(files, worker, copied, total, tell)
    with _directory(into) as top:
        _check_space(top, into, total)
        if found.type is FileType.FILE:
            await copy.file(path, found, top, copied.name)
        else:
            await copy.tree(path, below, top)
    if not copied.files and len(copied.left_out) == 1 and not below:
        raise GuestFilesError(next(iter(copied.left_out.values())))
    return copied


def safe_name(name: str) -> str:
    """A guest's name with ``_`` for what no terminal or shell should meet in a name.

    That is what cannot be printed (control characters, those that change the direction of text,
    bytes that are not UTF-8), a slash, and a minus at the beginning.
    """
    safe = "".join(letter if letter.isprintable() and letter != "/" else "_" for letter in name)
    if safe.startswith("-") or safe in (".", ".."):
        safe = "_" + safe[1:]
    while len(safe.encode()) > LONGEST_NAME:
        safe = safe[:-1]
    return safe


@dataclass(slots=True)
class _Copy:
    """A copy that is under way."""

    files: GuestFiles
    worker: Worker
    copied: Copied
    total: int
    tell: Tell

    async def tree(self, path: str, below: Mapping[str, GuestFile], top: int) -> None:
        """Make a directory, and all below it; one directory of it is open at a time."""
        try:
            _make_directory(self.copied.name, top)
        except FileExistsError as error:
            raise GuestFilesError(f"{self.copied.name} exists already.") from error
        folders: dict[str, list[str]] = {"": []}
        for name, one in below.items():
            if one.type is FileType.DIRECTORY:
                folders.setdefault(name, [])
            folders.setdefault(name.rpartition("/")[0], []).append(name)
        absent: set[str] = set()
        for folder in sorted(folders):
            if folder.rpartition("/")[0] in absent:
                absent.add(folder)
                continue
            try:
                parts = [self.copied.name, *map(safe_name, folder.split("/") if folder else ())]
                with _walked(top, parts) as here:
                    for name in folders[folder]:
                        if not await self._one(f"{path.rstrip('/')}/{name}", below[name], here):
                            absent.add(name)
            except OSError as error:
                self.copied.left_out[folder] = error.strerror or str(error)

    async def _one(self, path: str, one: GuestFile, here: int) -> bool:
        """Make one, in a directory; says whether it is one that others can be made in."""
        await asyncio.sleep(0)  # an empty file waits for nothing else: keys have their turn
        if one.type is FileType.FILE:
            await self.file(path, one, here, safe_name(one.name))
        elif one.type is FileType.DIRECTORY:
            try:
                _make_directory(safe_name(one.name), here)
                return True
            except OSError as error:
                self.copied.left_out[path] = error.strerror or str(error)
        elif one.type is FileType.LINK:
            self.copied.left_out[path] = f"symbolic link to {one.target}"
        else:
            self.copied.left_out[path] = one.type.value
        return False

    async def file(self, path: str, one: GuestFile, here: int, name: str) -> None:
        """Write one file; what is not whole in the end is removed again."""
        try:
            descriptor = os.open(name, _MAKE, 0o600, dir_fd=here)
        except FileExistsError:
            self.copied.left_out[path] = f"{name} exists already"
            return
        except OSError as error:
            self.copied.left_out[path] = f"{name}: {error.strerror}"
            return
        whole = False
        try:
            await self._content(path, one, descriptor)
            whole = True
        except LookEnded:
            raise
        except GuestFilesError as error:
            self.copied.left_out[path] = error.message
        except OSError as error:
            raise GuestFilesError(f"{name} cannot be written: {error.strerror}.") from error
        finally:
            os.close(descriptor)
            if not whole:
                with suppress(OSError):
                    os.unlink(name, dir_fd=here)
        if whole:
            self.copied.files += 1

    async def _content(self, path: str, one: GuestFile, into: int) -> None:
        done = 0
        while done < one.size:
            part = await self.files.read(path, done, MOST_READ)
            if not part:
                raise GuestFilesError(f"it ends after {done} of {one.size} bytes")
            await self.worker.files.call(partial(_write, into, part, done))
            done += len(part)
            self.copied.size += len(part)
            self.tell(self.copied.size, self.total)
        os.ftruncate(into, done)
        with suppress(OSError, OverflowError):  # a guest's times may be none that this host has
            os.utime(into, ns=(one.modified, one.modified))


def _write(into: int, part: bytes, at: int) -> None:
    """Zeros are left out: the file is as sparse as it may have been."""
    if part.count(0) == len(part):
        return
    while part:
        written = os.pwrite(into, part, at)
        part, at = part[written:], at + written


def _check_space(directory: int, shown: str, wanted: int) -> None:
    room = os.fstatvfs(directory)
    free = room.f_bavail * room.f_frsize
    if wanted > free:
        raise GuestFilesError(
            f"{wanted} bytes are to be copied, and {shown} has {free} bytes free."
        )


@contextmanager
def _directory(path: str) -> Iterator[int]:
    """A directory that the admin named; links in that are the admin's own."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise GuestFilesError(f"{path}: {error.strerror}.") from error
    try:
        yield descriptor
    except OSError as error:
        raise GuestFilesError(f"{path}: {error.strerror}.") from error
    finally:
        os.close(descriptor)


@contextmanager
def _walked(top: int, names: Iterable[str]) -> Iterator[int]:
    """A directory that we made below an open one."""
    here = os.dup(top)
    try:
        for name in names:
            below = os.open(name, _OPEN, dir_fd=here)
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


def _make_directory(name: str, here: int) -> None:
    os.mkdir(name, 0o700, dir_fd=here)
