"""What the clusters of images are used for."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from snaptui.backend.files import backing, image_file, image_reader
from snaptui.common.errors import DamagedImage, ImageError

if TYPE_CHECKING:
    from snaptui.storage.qcow2.usage import ImageUsage

NO_NUMPY = "nothing is counted without python3-numpy, which is not installed"


def count_image(path: str, progress: Callable[[int, int], None]) -> ImageUsage:
    """Count what an image's clusters are used for, without taking QEMU's locks.

    What does not add up, or changed meanwhile, is read once more: the image may be in use,
    and QEMU writes its tables late.

    Args:
        progress: called with bytes read and bytes to read; what it raises ends the count.

    Raises:
        DamagedImage: its tables make no sense, and no QEMU writes to it just now.
        ImageError: it cannot be read or counted; says why.
    """
    from snaptui.backend.files.io_priority import idle_io
    from snaptui.backend.files.mounts import gives_back, mount_of

    with image_file.opened(path) as f, idle_io():
        found = os.fstat(f.fileno())
        settled = not image_file.is_locked(f, (image_file.WRITES,))
        usage = count_open_image(f, path, image_file.allocated(f), progress, settled=settled)
        device = stat.S_ISBLK(found.st_mode)
        in_use = not settled or image_file.is_locked(f, (image_file.WRITES,))
    given_back = False if device else gives_back(mount_of(path)[1])
    written = None if device else found.st_mtime
    return replace(usage, given_back=given_back, in_use=in_use, written=written)


def count_open_image(
    f: BinaryIO,
    path: str,
    disk_size: int,
    progress: Callable[[int, int], None],
    *,
    settled: bool = False,
) -> ImageUsage:
    """The same of an image that is open, wherever it is; :func:`count_image` says the rest.

    Args:
        settled: it is known that no QEMU writes to it.
    """
    try:  # not before it is needed: numpy takes a tenth of a second to import
        from snaptui.storage.qcow2.accounting import count
    except ImportError as error:
        if error.name != "numpy":
            raise
        raise ImageError(NO_NUMPY) from error
    from snaptui.storage.qcow2.format import read_header
    from snaptui.storage.qcow2.usage import ImageUsage

    for last in (False, True):
        size = f.seek(0, os.SEEK_END)
        try:
            header, entries = image_reader.read_head(f, size)
            if header.external_data_file:
                raise ImageError("Its data are in another file, and are not counted.")
            usage = count(f, size, header, entries, progress, settled=settled)
            steady = not usage.wrong and read_header(f, size) == header
        except ImageError as error:
            if last and isinstance(error, DamagedImage) and not settled:
                raise ImageError(error.message, hint=error.hint) from error  # perhaps written to
            if last:
                raise
            continue
        if steady or last:
            return ImageUsage(
                path=path,
                entries=tuple(map(image_reader.image_snapshot, entries)),
                usage=usage,
                virtual_size=header.virtual_size,
                file_size=size,
                disk_size=disk_size,
                approximate=not steady,
                counted_at=time.time(),
                backing=backing.named(path, header.backing_file),
            )
    raise AssertionError("the second reading is the last")
