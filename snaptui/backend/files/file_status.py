"""Whether files are there, which they are, and what is in directories."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from snaptui.backend.files import image_file
from snaptui.common.errors import ImageError

if TYPE_CHECKING:
    from snaptui.model.files import FileId


def missing_file(path: str) -> bool:
    """Whether a path is known not to exist.

    Raises:
        ImageError: it cannot be known, for want of permission or for an I/O error.
    """
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        raise image_file.unreadable(path, error) from error
    return False


def may_write(path: str) -> bool:
    """Whether this user may write to a file, and its file system lets anybody.

    Raises:
        ImageError: it cannot be known.
    """
    if missing_file(path):
        raise ImageError(f"{path}: No such file or directory.")
    return os.access(path, os.W_OK, effective_ids=True)


def file_id(path: str) -> FileId | None:
    """Which file a path names, links not followed; ``None`` when there is none.

    Raises:
        ImageError: it cannot be known.
    """
    try:
        return identity(os.lstat(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise image_file.unreadable(path, error) from error


def identity(found: os.stat_result) -> FileId:
    """Which file it is that ``stat`` has found."""
    from snaptui.model.files import FileId

    return FileId((found.st_dev, found.st_ino), found.st_size, found.st_mtime_ns, found.st_nlink)


def changed(path: str) -> float:
    """When a file was changed last, links followed; seconds since the epoch.

    Raises:
        ImageError: it cannot be known.
    """
    try:
        return os.stat(path).st_ctime
    except OSError as error:
        raise image_file.unreadable(path, error) from error


def names_in(path: str) -> frozenset[str]:
    """What is in a directory.

    Raises:
        ImageError: it cannot be listed.
    """
    try:
        return frozenset(os.listdir(path or "/"))
    except OSError as error:
        raise image_file.unreadable(path, error) from error
