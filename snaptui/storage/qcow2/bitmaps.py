"""The clusters that persistent bitmaps take (docs/interop/qcow2.txt, "Bitmaps")."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from snaptui.common.errors import DamagedImage
from snaptui.storage.qcow2.format import check_table
from snaptui.storage.qcow2.mapping import Indices
from snaptui.storage.qcow2.reading import Layout, fetch
from snaptui.storage.qcow2.structures import Bitmaps, Header

MAX_TABLE_SIZE = 8 * 0x8000000
"""Bytes of one bitmap's table (block/qcow2-bitmap.c, BME_MAX_TABLE_SIZE)."""

_OFFSET = np.uint64(0x00FF_FFFF_FFFF_FE00)
_ENTRY = Layout(
    table_offset="Q",
    table_entries="I",
    flags="I",
    kind="B",
    granularity_bits="B",
    name_size="H",
    extra_size="I",
)


def bitmap_clusters(f: BinaryIO, size: int, header: Header, bitmaps: Bitmaps) -> Indices:
    """The clusters of the directory, of the tables and of the bitmaps themselves.

    Raises:
        ImageError: one of them does not lie inside the file, or the directory is damaged.
    """
    cluster_size = header.cluster_size
    directory = bitmaps.bitmap_directory_size
    check_table(
        "The bitmap directory", bitmaps.bitmap_directory_offset, directory, directory,
        cluster_size, size,
    )  # fmt: skip
    data = fetch(f, size, bitmaps.bitmap_directory_offset, directory, "The bitmap directory")
    found = [_extent(bitmaps.bitmap_directory_offset, directory, header)]
    at = 0
    for number in range(1, bitmaps.nb_bitmaps + 1):
        what = f"Entry {number} of the bitmap directory"
        if at + _ENTRY.size > directory:
            raise DamagedImage(f"{what} lies beyond its end")
        entry = _ENTRY.unpack(data[at : at + _ENTRY.size])
        at = (at + _ENTRY.size + entry["extra_size"] + entry["name_size"] + 7) & ~7
        length = entry["table_entries"] * 8
        check_table(what, entry["table_offset"], length, MAX_TABLE_SIZE, cluster_size, size)
        found.append(_extent(entry["table_offset"], length, header))
        table = fetch(f, size, entry["table_offset"], length, "A bitmap table")
        offsets = np.frombuffer(table, dtype=">u8").astype(np.uint64) & _OFFSET
        offsets = offsets[offsets != 0]
        if offsets.size and int(offsets.max()) + cluster_size > size:
            raise DamagedImage(f"Data of a bitmap lie beyond the file's {size} bytes")
        found.append((offsets >> np.uint64(header.cluster_bits)).astype(np.int64))
    return np.concatenate(found)


def _extent(offset: int, length: int, header: Header) -> Indices:
    last = (offset + length + header.cluster_size - 1) >> header.cluster_bits
    return np.arange(offset >> header.cluster_bits, last)
