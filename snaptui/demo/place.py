"""The directory of a demo: locked while it is in use, removed afterwards, if need be by the next.

The lock (flock(2)) is on the directory itself and goes with the process, however it ends. A
file in it says that a demo made this very directory: its name, mode and owner prove nothing.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from snaptui.common.errors import ConfigError
from snaptui.common.state_files import open_own

PREFIX = "snaptui-demo-"
MARK = ".made-by-snaptui-demo"
"""A file that holds the number of the directory that it lies in; a copy of both has another."""
LONGEST = 40
"""Characters of the temporary directory's path: a socket's may have 107, far below it."""
TRIES = 100
"""Looks at a directory that is still being written to by a daemon that dies."""


@contextmanager
def private_directory() -> Iterator[Path]:
    """A new directory of mode 0700 in the temporary directory; removed with all in it.

    What demos left there that could not do so themselves is removed first.

    Raises:
        ConfigError: nothing can be made there, or its path is too long.
    """
    parent = Path(tempfile.gettempdir())
    if len(str(parent)) > LONGEST:
        raise ConfigError(
            f"The path of {parent} is too long for the sockets of libvirt.",
            hint="Name another directory: TMPDIR=/tmp snaptui --demo",
        )
    sweep(parent)
    path, lock = _make(parent)
    try:
        yield path
    finally:
        _remove(path, lock)
        os.close(lock)


def sweep(parent: Path) -> None:
    """Remove the directories of demos that do not run any more.

    Only directories that a demo has marked, that are ours and that nobody else may enter are
    touched, no symbolic link is followed, and nothing on another mount is removed.
    """
    for path in sorted(parent.glob(f"{PREFIX}*")):
        try:
            lock = _open(path)
        except OSError:
            continue
        try:
            found = os.fstat(lock)
            private = found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) == 0o700
            if private and _is_marked(lock):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(path, lock)
        except BlockingIOError:
            continue  # its demo runs
        finally:
            os.close(lock)


def _make(parent: Path) -> tuple[Path, int]:
    try:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        lock = _open(path)
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark = open_own(MARK, os.O_WRONLY | os.O_CREAT | os.O_EXCL, lock)
        with os.fdopen(mark, "w") as file:
            file.write(_mark_of(lock))
    except OSError as error:
        raise ConfigError(
            f"No directory can be made in {parent}: {error.strerror}.",
            hint="Name another with TMPDIR.",
        ) from error
    return path, lock


def _mark_of(folder: int) -> str:
    found = os.fstat(folder)
    return f"{found.st_dev} {found.st_ino}\n"


def _is_marked(folder: int) -> bool:
    try:
        with os.fdopen(open_own(MARK, os.O_RDONLY, folder)) as file:
            return file.read(100) == _mark_of(folder)
    except (OSError, ValueError):
        return False


def _open(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _remove(path: Path, opened: int) -> None:
    """Empty the open directory, whatever its path means by now, and remove it.

    Its mark goes last: what could not be removed now is removed by the next demo.
    """
    for _ in range(TRIES):
        _empty(opened, _mount_of(opened), keep=MARK)
        if os.listdir(opened) == [MARK]:
            with suppress(OSError):
                os.unlink(MARK, dir_fd=opened)
                os.rmdir(path)
                return
        time.sleep(0.02)


def _empty(folder: int, mount: str, keep: str = "") -> None:
    for entry in list(os.scandir(folder)):
        with suppress(OSError):
            if not entry.is_dir(follow_symlinks=False):
                if entry.name != keep:
                    os.unlink(entry.name, dir_fd=folder)
                continue
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            inner = os.open(entry.name, flags, dir_fd=folder)
            try:
                if _mount_of(inner) == mount:
                    _empty(inner, mount)
            finally:
                os.close(inner)
            os.rmdir(entry.name, dir_fd=folder)


def _mount_of(folder: int) -> str:
    """Which mount an open directory is on (proc(5): mnt_id); a bind mount is one of its own."""
    lines = Path(f"/proc/self/fdinfo/{folder}").read_text().splitlines()
    return next(line for line in lines if line.startswith("mnt_id:"))
