"""When a file was made, and with that which file it is.

Python tells it from 3.15 on (os.statx); until then statx(2) is called as its manual has it.
"""

from __future__ import annotations

import ctypes
import functools
import os
import stat
import struct
from collections.abc import Iterable

from snaptui.common.errors import ImageError
from snaptui.model.files import Inode

_AT_FDCWD = -100
_STATX_BTIME = 0x800
_SIZE, _MASK, _MODE, _INODE, _BIRTH, _DEVICE = 256, 0x00, 0x1C, 0x20, 0x50, 0x88
"""The size of struct statx, and where its fields begin (linux/stat.h)."""


def birth(path: str) -> float:
    """When a file was made, in seconds since the epoch, as the file system keeps it.

    Raises:
        ImageError: it is not known.
    """
    try:
        told = _statx(path)
    except OSError as error:
        raise ImageError(f"{path}: when it was made cannot be asked.") from error
    made = _born(told)
    if made is None:
        raise ImageError(f"{path}: its file system does not keep when it was made.")
    return made / 1e9


def inodes(paths: Iterable[str]) -> dict[str, Inode]:
    """By path, which file it is, links followed; what is no plain file or unreadable is left out.

    The node of a block device is made anew when the device is, and tells nothing.
    """
    found = {}
    for path in paths:
        try:
            told = _statx(path)
        except OSError:
            continue
        if stat.S_ISREG(struct.unpack_from("=H", told, _MODE)[0]):
            (number,) = struct.unpack_from("=Q", told, _INODE)
            device = os.makedev(*struct.unpack_from("=II", told, _DEVICE))
            found[path] = Inode(device, number, _born(told))
    return found


def _born(told: bytes) -> int | None:
    (mask,) = struct.unpack_from("=I", told, _MASK)
    seconds, nanoseconds = struct.unpack_from("=qI", told, _BIRTH)
    made: int = seconds * 10**9 + nanoseconds
    return made if mask & _STATX_BTIME and made > 0 else None


@functools.cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _statx(path: str) -> bytes:
    told = ctypes.create_string_buffer(_SIZE)
    basic_and_birth = 0x7FF | _STATX_BTIME
    try:
        ask = _library().statx
    except AttributeError as error:
        raise OSError("The C library has no statx.") from error
    if ask(_AT_FDCWD, os.fsencode(path), 0, basic_and_birth, told):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
    return told.raw
