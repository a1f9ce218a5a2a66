"""Whether a snapshot holds what the disk is now: both L1 tables name the same L2 tables."""

from __future__ import annotations

from typing import BinaryIO

from snaptui.common.errors import ImageError
from snaptui.storage.qcow2.format import L1_ENTRY_SIZE, MAX_L1_SIZE, check_table
from snaptui.storage.qcow2.reading import fetch
from snaptui.storage.qcow2.structures import Entry, Header

_WITHOUT_COPIED = bytes(byte & 0x7F for byte in range(256))
"""The first byte of an L1 entry without its highest bit, QCOW_OFLAG_COPIED."""


def is_as_now(f: BinaryIO, size: int, header: Header, entry: Entry) -> bool:
    """Whether nothing was written since an entry was made or applied.

    An entry whose L1 table cannot be walked is like nothing. ``size``: of the file in bytes.

    Raises:
        ImageError: the active L1 table cannot be read.
    """
    return compared(f, size, header, entry) is True


def compared(f: BinaryIO, size: int, header: Header, entry: Entry) -> bool | None:
    """The same; ``None`` for an entry whose L1 table cannot be walked."""
    if entry.virtual_size != header.virtual_size:
        return False
    length = entry.l1_entries * L1_ENTRY_SIZE
    try:
        check_table("Its L1 table", entry.l1_offset, length, MAX_L1_SIZE, header.cluster_size, size)
        then = _table(f, size, entry.l1_offset, length)
    except ImageError:
        return None
    now = _table(f, size, header.l1_table_offset, header.l1_size * L1_ENTRY_SIZE)
    longest = max(len(then), len(now))
    return then.ljust(longest, b"\0") == now.ljust(longest, b"\0")


def _table(f: BinaryIO, size: int, offset: int, length: int) -> bytes:
    table = bytearray(fetch(f, size, offset, length, "An L1 table"))
    table[::L1_ENTRY_SIZE] = table[::L1_ENTRY_SIZE].translate(_WITHOUT_COPIED)
    return bytes(table)
