"""The entries of L1 and L2 tables (docs/interop/qcow2.txt, "Cluster mapping")."""

from __future__ import annotations

from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from snaptui.common.errors import DamagedImage
from snaptui.storage.qcow2.format import L1_ENTRY_SIZE, MAX_L1_SIZE, check_table
from snaptui.storage.qcow2.reading import fetch
from snaptui.storage.qcow2.structures import Entry, Header

Indices = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

SLICE: Final = 1 << 18
"""Clusters or entries that one step of numpy works on: it holds the interpreter for as long."""

OFFSET: Final = np.uint64(0x00FF_FFFF_FFFF_FE00)
COMPRESSED: Final = np.uint64(1 << 62)
COPIED: Final = np.uint64(1 << 63)
"""Set where nothing else reaches the cluster, in the tables of the disk as it is now only."""
ZERO: Final = np.uint64(1)
L1_RESERVED: Final = 0x7F00_0000_0000_01FF
L2_RESERVED: Final = 0x3F00_0000_0000_01FE


def l1_words(data: bytes, what: str) -> Words:
    """The entries of an L1 table; ``what`` is what an error calls it.

    Raises:
        ImageError: reserved bits are set.
    """
    raw = np.frombuffer(data, dtype=">u8").astype(np.uint64)
    if raw.size and int(np.bitwise_or.reduce(raw)) & L1_RESERVED:
        raise DamagedImage(f"{what} has reserved bits set")
    return raw


def inside(offsets: Words, header: Header, size: int, what: str) -> None:
    """Check that offsets are those of clusters of a file.

    QEMU takes a cluster that begins where the file ends for one that is not written yet.

    Args:
        size: of the file in bytes.
        what: what an error calls what lies there, in the beginning of a sentence.

    Raises:
        ImageError: one is not.
    """
    if not offsets.size:
        return
    if int(np.bitwise_or.reduce(offsets)) & (header.cluster_size - 1):
        raise DamagedImage(f"{what} does not start where a cluster does")
    largest = int(offsets.max())
    if largest > size:
        raise DamagedImage(f"{what} lies beyond the file's {size} bytes, at byte {largest}")


def l2_tables(f: BinaryIO, size: int, header: Header, entry: Entry | None = None) -> Words:
    """Where the L2 tables of the disk are, in order; 0 where there is none.

    Args:
        f: the image; sought and read, nothing else.
        size: of the file in bytes.
        entry: as it has the disk; without one as the disk is now.

    Raises:
        ImageError: its L1 table is not sound.
    """
    what, offset, entries = "The active L1 table", header.l1_table_offset, header.l1_size
    if entry is not None:
        what = f"The L1 table of the snapshot {entry.name}"
        offset, entries = entry.l1_offset, entry.l1_entries
    length = entries * L1_ENTRY_SIZE
    check_table(what, offset, length, MAX_L1_SIZE, header.cluster_size, size)
    found: Words = l1_words(fetch(f, size, offset, length, what), what) & OFFSET
    inside(found, header, size, f"{what}: an L2 table")
    return found


def data_offsets(entries: Words, header: Header, size: int) -> tuple[Flags, Words]:
    """Which L2 entries are of compressed clusters, and where the other clusters are.

    Args:
        size: of the file in bytes.

    Raises:
        ImageError: an entry is not sound.
    """
    packed = entries & COMPRESSED != 0
    plain = np.where(packed, np.uint64(0), entries)
    if plain.size and int(np.bitwise_or.reduce(plain)) & L2_RESERVED:
        raise DamagedImage("An L2 entry has reserved bits set")
    offsets = plain & OFFSET
    inside(offsets, header, 1 << 62 if header.external_data_file else size, "A data cluster")
    return packed, offsets
