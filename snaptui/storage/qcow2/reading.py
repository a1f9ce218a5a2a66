"""Packed integers, and reading forward through a file inside its size."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, cast

from snaptui.common.errors import ImageError

if TYPE_CHECKING:
    import io

CHUNK: Final = 64 << 10
"""How much is read at a time: a default cluster, with which most heads are read at once."""


_FURTHEST: Final = (1 << 63) - 1
"""The last place in a file that a system can name (off_t)."""

Progress = Callable[[int, int], None]
"""Called with bytes read and bytes to read; what it raises ends the reading."""
Extent = tuple[int, int]
"""Where bytes of a file are: an offset and a length."""


class ReadsMany(Protocol):
    """A file far away, of which several parts can be under way at the same time."""

    def read_many(self, extents: Sequence[Extent]) -> Iterator[bytes]:
        """The bytes of all extents, one after another, in pieces of any size."""


class Layout:
    """A packed big-endian structure of integers: each field's name and `struct` code."""

    def __init__(self, **fields: str) -> None:
        self._names = tuple(fields)
        self._struct = struct.Struct(">" + "".join(fields.values()))
        self.size = self._struct.size

    def unpack(self, data: bytes) -> dict[str, int]:
        """The fields of the first `size` bytes of ``data``."""
        return dict(zip(self._names, self._struct.unpack_from(data), strict=True))


class Window:
    """Reads going forward through a file, each inside its size, `CHUNK` bytes at a time."""

    def __init__(self, f: BinaryIO, size: int) -> None:
        self._file = f
        self._size = size
        self._start = 0
        self._data = b""

    def read(self, offset: int, length: int, what: str) -> bytes:
        """The ``length`` bytes at ``offset``; ``what`` is what an error calls them."""
        if offset + length > self._size:
            raise ImageError(
                f"{what} ends at byte {offset + length}, but the file has only {self._size} bytes"
            )
        end = self._start + len(self._data)
        if not self._start <= offset <= end:
            self._data, self._start, end = b"", offset, offset
        if offset + length > end:
            wanted = min(max(offset + length - end, CHUNK), self._size - end)
            self._data = self._data[offset - self._start :] + fetch(
                self._file, self._size, end, wanted, what
            )
            self._start = offset
        at = offset - self._start
        return self._data[at : at + length]


def fetch(f: BinaryIO, size: int, offset: int, length: int, what: str) -> bytes:
    """The ``length`` bytes of ``f`` at ``offset``.

    Args:
        size: of the file when it was opened, for the error.
        what: what an error calls them, in the beginning of a sentence.

    Raises:
        ImageError: the file is shorter by now, or cannot be read.
    """
    if offset + length > _FURTHEST:
        raise ImageError(f"{what} lies beyond the end of any file, at byte {offset}")
    parts: list[bytes] = []
    left = length
    try:
        f.seek(offset)
        while left:
            # A raw file may give less than was asked for.
            part = f.read(left)
            if not part:
                raise ImageError(
                    f"{what}: the file ends at byte {offset + length - left}; "
                    f"it had {size} bytes a moment ago"
                )
            parts.append(part)
            left -= len(part)
    except OSError as error:
        raise _unreadable(what, error, offset) from error
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _reads_many(f: BinaryIO) -> bool:
    return hasattr(f, "read_many")  # typing's own way to ask takes longer than to read


def _unreadable(what: str, error: OSError, offset: int) -> ImageError:
    return ImageError(f"{what} cannot be read: {error.strerror or error} (at byte {offset})")


def fetch_all(
    f: BinaryIO,
    size: int,
    extents: Sequence[Extent],
    what: str,
    step: Callable[[int], None],
) -> bytes:
    """The bytes of all extents, one after another.

    Args:
        size, what: as for :func:`fetch`.
        step: called with the length of each piece that came; what it raises ends it.

    Raises:
        ImageError: as :func:`fetch`.
    """
    if _reads_many(f):
        pieces = cast("ReadsMany", f).read_many(extents)
    else:
        pieces = (fetch(f, size, offset, length, what) for offset, length in extents)
    parts: list[bytes] = []
    for part in pieces:
        parts.append(part)
        step(len(part))
    data = parts[0] if len(parts) == 1 else b"".join(parts)
    if len(data) != sum(length for _, length in extents):
        raise ImageError(f"{what}: the file is shorter than the {size} bytes of a moment ago")
    return data


def fetch_into(
    f: BinaryIO,
    size: int,
    extents: Sequence[Extent],
    into: memoryview,
    what: str,
    step: Callable[[int], None],
) -> None:
    """Put the bytes of all extents, one after another, to the beginning of a buffer.

    Args:
        into: of bytes, at least as many as there are.
        size, what, step: as for :func:`fetch_all`.

    Raises:
        ImageError: as :func:`fetch`.
    """
    if _reads_many(f):
        data = fetch_all(f, size, extents, what, step)
        into[: len(data)] = data
        return
    at = 0
    for offset, length in extents:
        _fill(f, size, offset, into[at : at + length], what)
        at += length
        step(length)


def _fill(f: BinaryIO, size: int, offset: int, into: memoryview, what: str) -> None:
    """The same for one extent of a file of this machine."""
    try:
        f.seek(offset)
        done = cast("io.RawIOBase", f).readinto(into)
    except OSError as error:
        raise _unreadable(what, error, offset) from error
    if done != len(into):  # a raw file may give less than was asked for, and says at last why
        into[:] = fetch(f, size, offset, len(into), what)
