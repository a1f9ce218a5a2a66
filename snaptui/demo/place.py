"""The directory of a demo: locked while it is in use, removed afterwards, if need be by the next.

The lock (flock(2)) is on the directory itself and goes with the process, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snaptui.errors import ConfigError

PREFIX = "snaptui-demo-"
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

    Only directories that are ours and that nobody else may enter are touched, and no
    symbolic link is followed.
    """
    for path in sorted(parent.glob(f"{PREFIX}*")):
        try:
            lock = _open(path)
        except OSError:
            continue
        try:
            found = os.fstat(lock)
            if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) == 0o700:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(path, lock)
        except BlockingIOError:
            continue  # its demo runs
        finally:
            os.close(lock)


def _make(parent: Path) -> tuple[Path, int]:
    while True:
        try:
            path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
            lock = _open(path)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and parent.is_dir():
                continue  # swept before it was opened
            raise ConfigError(
                f"No directory can be made in {parent}: {error.strerror}.",
                hint="Name another with TMPDIR.",
            ) from error
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:
            return path, lock
        os.close(lock)  # swept before it was locked


def _open(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _remove(path: Path, opened: int) -> None:
    """Empty the open directory, whatever its path means by now, and remove it."""
    for _ in range(TRIES):
        for entry in os.scandir(opened):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.name, ignore_errors=True, dir_fd=opened)
            else:
                os.unlink(entry.name, dir_fd=opened)
        try:
            os.rmdir(path)
        except OSError:
            time.sleep(0.02)
        else:
            return
