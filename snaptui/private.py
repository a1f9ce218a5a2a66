"""Directories of our own: nobody else can put something in the way of what is written there."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def own_directory(path: Path) -> None:
    """Make a directory of mode 0700, or see that the one that is there is as good.

    Raises:
        OSError: it cannot be made, is a symbolic link, or others may write to it.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, f"{path} is a symbolic link")
    if found.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, f"{path} belongs to another user")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(errno.EPERM, f"others may write to {path}")
