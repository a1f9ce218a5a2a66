"""Copies files of a snapshot into a directory of this machine, and nothing but their bytes.

What a guest named and how it is linked decides nothing here: each file and directory is made
anew relative to a directory that is open already, and nothing that is there is written to. A
directory of a file server that does not answer holds up a thread, and no key.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from snaptui.common.worker import Lane, Worker
from snaptui.guest_files.errors import GuestFilesError, LookEnded
from snaptui.guest_files.libguestfs import MOST_READ
from snaptui.guest_files.opened import GuestFiles
from snaptui.model.guest_file import FileType, GuestFile

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
    copy = _Copy(files, worker.files, copied, total, tell)
    try:
        async with _opened(worker.files, partial(_directory, into)) as top:
            await worker.files.call(partial(_check_space, top, into, total))
            if found.type is FileType.FILE:
                await copy.file(path, found, top, copied.name)
            else:
                await copy.tree(path, below, top)
    except OSError as error:
        raise GuestFilesError(f"{into}: {error.strerror}.") from error
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
    threads: Lane
    copied: Copied
    total: int
    tell: Tell

    async def tree(self, path: str, below: Mapping[str, GuestFile], top: int) -> None:
        """Make a directory, and all below it; one directory of it is open at a time."""
        try:
            await self.threads.call(partial(_make_directory, self.copied.name, top))
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
                async with _opened(self.threads, partial(_walked, top, parts)) as here:
                    for name in folders[folder]:
                        if not await self._one(f"{path.rstrip('/')}/{name}", below[name], here):
                            absent.add(name)
            except OSError as error:
                self.copied.left_out[folder] = error.strerror or str(error)

    async def _one(self, path: str, one: GuestFile, here: int) -> bool:
        """Make one, in a directory; says whether it is one that others can be made in."""
        if one.type is FileType.FILE:
            await self.file(path, one, here, safe_name(one.name))
        elif one.type is FileType.DIRECTORY:
            try:
                await self.threads.call(partial(_make_directory, safe_name(one.name), here))
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
        new = _NewFile(name, here)
        try:
            await self.threads.call(new.make, key=new)
        except FileExistsError:
            self.copied.left_out[path] = f"{name} exists already"
            return
        except OSError as error:
            self.copied.left_out[path] = f"{name}: {error.strerror}"
            return
        except asyncio.CancelledError:
            await self.threads.call(new.remove, key=new)
            raise
        whole = False
        try:
            await self._content(path, one, new)
            await self.threads.call(partial(new.finish, one), key=new)
            whole = True
        except LookEnded:
            raise
        except GuestFilesError as error:
            self.copied.left_out[path] = error.message
        except OSError as error:
            raise GuestFilesError(f"{name} cannot be written: {error.strerror}.") from error
        finally:
            if not whole:
                await self.threads.call(new.remove, key=new)
        self.copied.files += whole

    async def _content(self, path: str, one: GuestFile, into: _NewFile) -> None:
        done = 0
        while done < one.size:
            part = await self.files.read(path, done, MOST_READ)
            if not part:
                raise GuestFilesError(f"it ends after {done} of {one.size} bytes")
            await self.threads.call(partial(into.write, part, done), key=into)
            done += len(part)
            self.copied.size += len(part)
            self.tell(self.copied.size, self.total)


class _NewFile:
    """A file that is written; its calls block, and are made one after the other.

    Args:
        name: in the directory.
        here: the directory, open.
    """

    def __init__(self, name: str, here: int) -> None:
        self._name, self._here = name, here
        self._descriptor = -1
        self._made = False

    def make(self) -> None:
        """Make it, where nothing is."""
        self._descriptor = os.open(self._name, _MAKE, 0o600, dir_fd=self._here)
        self._made = True

    def write(self, part: bytes, at: int) -> None:
        """Zeros are left out: the file is as sparse as it may have been."""
        if part.count(0) == len(part):
            return
        while part:
            written = os.pwrite(self._descriptor, part, at)
            part, at = part[written:], at + written

    def finish(self, one: GuestFile) -> None:
        """Give it its length and its time, and close it."""
        os.ftruncate(self._descriptor, one.size)
        with suppress(OSError, OverflowError):  # a guest's times may be none that this host has
            os.utime(self._descriptor, ns=(one.modified, one.modified))
        self._close()

    def remove(self) -> None:
        """Remove what was made; nothing where that was not."""
        if not self._made:
            return
        with suppress(OSError):
            os.unlink(self._name, dir_fd=self._here)
        with suppress(OSError):
            self._close()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor != -1:
            os.close(descriptor)


@asynccontextmanager
async def _opened(threads: Lane, run: Callable[[], int]) -> AsyncIterator[int]:
    """A descriptor that is opened in a thread; one that comes too late is closed too."""
    coming = threads.call(run)
    try:
        descriptor = await asyncio.shield(coming)
    except asyncio.CancelledError:
        coming.add_done_callback(_closed)
        raise
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _closed(coming: asyncio.Future[int]) -> None:
    if not coming.cancelled() and coming.exception() is None:
        os.close(coming.result())


def _check_space(directory: int, shown: str, wanted: int) -> None:
    room = os.fstatvfs(directory)
    free = room.f_bavail * room.f_frsize
    if wanted > free:
        raise GuestFilesError(
            f"{wanted} bytes are to be copied, and {shown} has {free} bytes free."
        )


def _directory(path: str) -> int:
    """Open a directory that the admin named; links in that are the admin's own."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _walked(top: int, names: Iterable[str]) -> int:
    """Open a directory that we made below an open one."""
    here = os.dup(top)
    for name in names:
        try:
            below = os.open(name, _OPEN, dir_fd=here)
        finally:
            os.close(here)
        here = below
    return here


def _make_directory(name: str, here: int) -> None:
    os.mkdir(name, 0o700, dir_fd=here)
