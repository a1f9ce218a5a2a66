"""Files and block devices that are open as images: how they are opened, their size and locks."""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from snaptui.common.errors import ImageError, NoImage, NotAnImage

_QCOW2, _LUKS = b"QFI\xfb", b"LUKS\xba\xbe"

WRITES, WRITES_ALONE = 101, 201
"""The bytes of a file that a QEMU locks while it writes, and while it lets no other write
(block/file-posix.c, RAW_LOCK_PERM_BASE and RAW_LOCK_SHARED_BASE; BLK_PERM_WRITE)."""


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Open a file or a block device, and nothing else, to read it.

    Raises:
        ImageError: it cannot be opened, or reading it failed.
    """
    try:
        # what an image names may be anything: to open a watchdog's device starts it
        looked_at = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            mode = os.fstat(looked_at).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
                raise NotAnImage(f"{path} is neither a file nor a block device.")
            descriptor = os.open(f"/proc/self/fd/{looked_at}", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            os.close(looked_at)
        with open(descriptor, "rb", buffering=0) as f:
            yield f
    except OSError as error:
        raise unreadable(path, error) from error


def allocated(f: BinaryIO) -> int:
    """Bytes that an open file takes on its file system; of a device all."""
    found = os.fstat(f.fileno())
    return f.seek(0, os.SEEK_END) if stat.S_ISBLK(found.st_mode) else found.st_blocks * 512


def is_luks(f: BinaryIO) -> bool:
    """Whether it begins as a LUKS volume does."""
    f.seek(0)
    return f.read(len(_LUKS)) == _LUKS


def is_qcow2(f: BinaryIO) -> bool:
    """Whether it begins as a qcow2 image does."""
    f.seek(0)
    return f.read(len(_QCOW2)) == _QCOW2


def is_locked(f: BinaryIO, those: Iterable[int] = (WRITES, WRITES_ALONE)) -> bool:
    """Whether a QEMU or one of its tools keeps others from writing to an image."""
    for byte in those:
        asked = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)
        with suppress(OSError):  # a file system without locks
            found = fcntl.fcntl(f, fcntl.F_OFD_GETLK, asked)
            if struct.unpack_from("h", found)[0] != fcntl.F_UNLCK:
                return True
    return False


def unreadable(path: str, error: OSError) -> ImageError:
    """What a file system said of a path, as an error with what to do."""
    if isinstance(error, FileNotFoundError):
        return NoImage(f"{path}: {os.strerror(error.errno or 0)}.")
    denied = isinstance(error, PermissionError)
    hint = "Your user may not read it (ls -l shows who may)." if denied else ""
    return ImageError(f"{path}: {os.strerror(error.errno or 0)}.", hint=hint)
