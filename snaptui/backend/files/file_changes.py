"""Files that are renamed or removed, if they are the very ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from snaptui.backend.files import file_status, image_file
from snaptui.common.errors import ImageError

if TYPE_CHECKING:
    from snaptui.model.files import FileId


def set_aside(path: str, aside: str, file: FileId) -> None:
    """Give a file another name in its directory, which must be free, if it is the very one.

    Args:
        path, aside: without symbolic links: who may write to a directory on the way could
            lead us with one to a file of the same name elsewhere.

    Raises:
        ImageError: it is another one, the name is not free, or it cannot be renamed.
    """
    name, other = os.path.basename(path), os.path.basename(aside)
    with _folder_of(path) as folder:
        _check_file(path, file, folder)
        with suppress(FileNotFoundError):
            os.stat(other, dir_fd=folder, follow_symlinks=False)
            raise ImageError(f"{aside} is there already.")
        os.rename(name, other, src_dir_fd=folder, dst_dir_fd=folder)


def remove_file(path: str, file: FileId) -> None:
    """Remove a file, if it is the very one; the path is without symbolic links.

    Raises:
        ImageError: it is another one, or it cannot be removed.
    """
    with _folder_of(path) as folder:
        _check_file(path, file, folder)
        os.unlink(os.path.basename(path), dir_fd=folder)


@contextmanager
def _folder_of(path: str) -> Iterator[int]:
    """The directory of a file; no symbolic link on the way is followed.

    Raises:
        ImageError: it cannot be opened, or what is done there fails.
    """
    flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        folder = os.open("/", flags)
        try:
            for name in filter(None, path.split("/")[:-1]):
                above, folder = folder, os.open(name, flags, dir_fd=folder)
                os.close(above)
            yield folder
        finally:
            os.close(folder)
    except OSError as error:
        raise image_file.unreadable(path, error) from error


def _check_file(path: str, file: FileId, folder: int) -> None:
    found = os.stat(os.path.basename(path), dir_fd=folder, follow_symlinks=False)
    if file_status.identity(found) != file:
        raise ImageError(f"{path} is not the file that it was.")
