"""Which parts of a file have space on its file system."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Iterator

_FIEMAP = 0xC020660B
"""The ioctl FS_IOC_FIEMAP (linux/fiemap.h)."""
_HEAD = struct.Struct("=QQLLLL")
_EXTENT = struct.Struct("=QQQQQLLLL")
_LAST = 0x1
_SHARED = 0x2000
_AT_ONCE = 256


def allocated(descriptor: int, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The ranges between two places that can be written to without taking more space.

    What was reserved and not written yet is among them, what is shared with another file
    (reflink) is not. Where the file system does not tell this, all that is not a hole.

    Raises:
        OSError: the file cannot be looked at.
    """
    try:
        yield from _mapped(descriptor, start, stop)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL):
            raise
        yield from not_holes(descriptor, start, stop)


def not_holes(descriptor: int, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The ranges between two places that hold data (lseek(2), SEEK_DATA).

    Raises:
        OSError: the file cannot be looked at.
    """
    while start < stop:
        try:
            data = os.lseek(descriptor, start, os.SEEK_DATA)
            hole = os.lseek(descriptor, data, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole up to the end
                return
            raise
        if data < stop:
            yield data, min(hole, stop)
        start = hole


def _mapped(descriptor: int, start: int, stop: int) -> Iterator[tuple[int, int]]:
    while start < stop:
        answer = bytearray(_HEAD.size + _AT_ONCE * _EXTENT.size)
        _HEAD.pack_into(answer, 0, start, stop - start, 0, 0, _AT_ONCE, 0)
        fcntl.ioctl(descriptor, _FIEMAP, answer)
        found = _HEAD.unpack_from(answer)[3]
        if not found:
            return
        for number in range(found):
            at, _, length, _, _, flags, *_ = _EXTENT.unpack_from(
                answer, _HEAD.size + number * _EXTENT.size
            )
            low, start = max(at, start), at + length
            if low < min(start, stop) and not flags & _SHARED:
                yield low, min(start, stop)
            if flags & _LAST:
                return
