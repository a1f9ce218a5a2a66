"""How many bytes of a disk can differ between two times, from the tables of its images.

Where the tables of both times name the same data nothing differs; where they do not, the data may
still be the same bytes: what is counted is the most that differs, in the images' own units.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, Protocol

import numpy as np

from snaptui.common.errors import ImageError
from snaptui.storage.qcow2.layers import SUBCLUSTERS, Piece
from snaptui.storage.qcow2.mapping import (
    COPIED,
    OFFSET,
    SLICE,
    ZERO,
    Indices,
    Words,
    data_offsets,
    l2_tables,
)
from snaptui.storage.qcow2.ranges import Ranges, of_units
from snaptui.storage.qcow2.reading import Extent, Progress, fetch_all
from snaptui.storage.qcow2.structures import Entry, Header

_NOTHING = Ranges(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
_END = int(np.iinfo(np.int64).max)
"""Beyond the end of any disk that tables can hold, whatever an image says of its size."""
_ZEROS = np.uint64(1)
"""The key of a unit that reads as zeros: no cluster is at that offset."""


class Held(Protocol):
    """What tells by pieces what it has of a disk."""

    @property
    def table_bytes(self) -> int:
        """Bytes of the tables that are read for that."""

    def pieces(self, start: int, stop: int, step: Callable[[int], None]) -> Iterator[Piece]:
        """As those of a layer, in order."""


class BetweenTables:
    """Where the disk is not the same in two L1 tables of one image.

    Args:
        f: the image; sought and read, nothing else.
        size: of the file in bytes.
        entries: those that have the tables; ``None`` stands for the disk as it is now.

    Raises:
        ImageError: an L1 table is not sound.
    """

    def __init__(
        self, f: BinaryIO, size: int, header: Header, entries: tuple[Entry | None, Entry | None]
    ) -> None:
        self._file, self._size, self._header = f, size, header
        self._parts = SUBCLUSTERS if header.extended_l2 else 1
        self._unit = header.cluster_size // self._parts
        self._covered = header.l2_entries << header.cluster_bits
        both = [self._table(entry) for entry in entries]
        self._ends = tuple(end for _, end in both)
        tables = max(l2.size for l2, _ in both)
        first, second = (np.pad(l2, (0, tables - l2.size)) for l2, _ in both)
        self._l2 = (first, second)
        self._unlike: Indices = np.flatnonzero(first != second)

    def _table(self, entry: Entry | None) -> tuple[Words, int]:
        """Its L2 tables, without those beyond the end of the disk, where RAM is; and that end."""
        end = min(_END, (entry or self._header).virtual_size)
        l2 = l2_tables(self._file, self._size, self._header, entry)
        return l2[: -(-end // self._covered)], end

    @property
    def table_bytes(self) -> int:
        """Bytes of the L2 tables that only one of the two has."""
        found = sum(int(np.count_nonzero(l2[self._unlike])) for l2 in self._l2)
        return found << self._header.cluster_bits

    def pieces(self, start: int, stop: int, step: Callable[[int], None]) -> Iterator[Piece]:
        """Where it is not the same, as data."""
        at_once = max(1, SLICE // (self._header.l2_entries * self._parts))
        for first in range(0, self._unlike.size, at_once):
            group = self._unlike[first : first + at_once]
            keys = [self._keys(l2[group], end, group, step) for l2, end in self._both]
            units = np.flatnonzero(keys[0] != keys[1])
            low, high = int(group[0]) * self._covered, (int(group[-1]) + 1) * self._covered
            found = of_units(self._units(group)[units], self._unit).cut(start, stop)
            yield Piece(max(low, start), min(high, stop), found, _NOTHING, _NOTHING)

    @property
    def _both(self) -> Iterator[tuple[Words, int]]:
        return zip(self._l2, self._ends, strict=True)

    def _units(self, tables: Indices) -> Indices:
        """The numbers of the units that L2 tables of these numbers are about."""
        per_table = self._header.l2_entries * self._parts
        found: Indices = (tables[:, None] * per_table + np.arange(per_table)).reshape(-1)
        return found

    def _keys(
        self, offsets: Words, end: int, tables: Indices, step: Callable[[int], None]
    ) -> Words:
        """What each unit holds, as a number: the same ones hold the same."""
        header = self._header
        words = np.zeros((tables.size, header.cluster_size // 8), dtype=np.uint64)
        there = np.flatnonzero(offsets)
        extents: list[Extent] = [(int(offset), header.cluster_size) for offset in offsets[there]]
        if extents:
            data = fetch_all(self._file, self._size, extents, "An L2 table", step)
            read = np.frombuffer(data, dtype=">u8").astype(np.uint64)
            words[there] = read.reshape(there.size, -1)
        flat = words.reshape(-1)
        keys = self._of_clusters(flat) if self._parts == 1 else self._of_subclusters(flat)
        if header.backing_file is None:
            keys[keys == _ZEROS] = 0  # so does what is not there
        keys[self._units(tables) >= -(-end // self._unit)] = 0
        return keys

    def _of_clusters(self, entries: Words) -> Words:
        packed, offsets = data_offsets(entries, self._header, self._size)
        zeros = (entries & ZERO != 0) & ~packed
        found: Words = np.where(packed, entries & ~COPIED, np.where(zeros, _ZEROS, offsets))
        return found

    def _of_subclusters(self, words: Words) -> Words:
        """The same by subcluster (docs/interop/qcow2.txt, "Extended L2 Entries")."""
        entries, bitmaps = words[::2], words[1::2]
        packed, offsets = data_offsets(entries, self._header, self._size)
        bits = np.unpackbits(bitmaps.astype("<u8").view(np.uint8), bitorder="little")
        data, zeros = np.split(bits.reshape(-1, 2 * SUBCLUSTERS) != 0, 2, axis=1)
        if np.any(bitmaps[packed]) or np.any(data & zeros) or np.any(data[offsets == 0]):
            raise ImageError("The subclusters of an L2 entry contradict each other")
        here = np.where(data, offsets[:, None] & OFFSET, np.where(zeros, _ZEROS, np.uint64(0)))
        found: Words = np.where(packed[:, None], (entries & ~COPIED)[:, None], here).reshape(-1)
        return found


def bytes_held(held: Sequence[Held], progress: Progress) -> int:
    """Bytes of a disk of which at least one holds something.

    Args:
        progress: called with bytes read and bytes to read; what it raises ends it.

    Raises:
        ImageError: one of them is damaged; says where.
    """
    total = sum(one.table_bytes for one in held)
    done = 0

    def step(read: int) -> None:
        nonlocal done
        done += read
        progress(done, total)

    found = 0
    pending = _NOTHING
    for piece in _in_order(one.pieces(0, _END, step) for one in held):
        found += pending.cut(0, piece.start).length
        pending = pending.cut(piece.start, _END).and_also(piece.data).and_also(piece.zeros)
    return found + pending.length


def _in_order(every: Iterable[Iterator[Piece]]) -> Iterator[Piece]:
    return heapq.merge(*every, key=lambda piece: piece.start)
