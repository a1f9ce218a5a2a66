"""The entries of L2 tables; what several tables have in common is looked at once.

L2 tables that stand at the same place of different L1 tables describe the same part of the
disk at different times, and differ by what was written in between. They are read one after
another, each is compared with the one before it as both are in the file, and of each entry
it is told in which of them it stayed the same. Only then are entries turned into numbers;
those that are zero, which most are in a sparse image, never are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from snaptui.storage.qcow2.l2_found import Columns
from snaptui.storage.qcow2.mapping import SLICE, Indices, Words
from snaptui.storage.qcow2.reach import Numbers
from snaptui.storage.qcow2.reading import Extent, fetch_into
from snaptui.storage.qcow2.structures import Header

Since = npt.NDArray[np.uint16]

_WORD: Final = 8
AT_ONCE: Final = SLICE // 2
"""Words of tables that are looked at together: what is read stays in the processor's cache."""
MOST_TABLES: Final = 1 << 12
"""Tables that are looked at together, unless one column has more."""
PIECE: Final = 1 << 14
"""Entries that are turned into numbers together: what is made of them is small enough for the
memory that was used for the ones before."""
_SPARSE: Final = 8
"""One of so many entries is not zero, at least, where they are taken piece by piece."""


class Stretches:
    """What L2 tables hold, each entry once for each series of tables in which it stays the same.

    Args:
        f: the image; sought and read, nothing else.
        size: of the file in bytes.
        united: the number of all who reach one of the tables from one to another of a column,
            both given by where they are in ``columns``.
        step: called with the bytes that were read; what it raises ends it.
    """

    def __init__(
        self,
        f: BinaryIO,
        size: int,
        header: Header,
        columns: Columns,
        *,
        united: Callable[[int, int], int],
        step: Callable[[int], None],
    ) -> None:
        self._file, self._size, self._columns = f, size, columns
        self._bits = header.cluster_bits
        self._words = header.cluster_size // _WORD
        self._entry_bits = header.l2_entries.bit_length() - 1
        self._united, self._step = united, step

    def __iter__(self) -> Iterator[tuple[Words, int | Numbers]]:
        """The entries that are not zero, and the numbers of those who reach the tables with them.

        That is one number where it is the same for all.

        Raises:
            ImageError: the tables cannot be read.
        """
        places = self._columns.places
        first = np.flatnonzero(np.diff(places, prepend=-1))
        heights = np.diff(first, append=places.size)
        order = np.lexsort((self._columns.tables[first], -heights))
        first, heights = first[order], heights[order]
        at_once = max(1, AT_ONCE // self._words)
        shape = min(at_once, first.size) * self._words
        one, other = np.empty((2, shape), dtype=np.uint64)
        buffers = one, other
        start = 0
        while start < first.size:
            tables = np.cumsum(heights[start : start + at_once])
            stop = start + max(1, int(np.searchsorted(tables, MOST_TABLES, "right")))
            yield from self._block(first[start:stop], heights[start:stop], buffers)
            start = stop

    def _block(
        self, first: Indices, heights: Indices, buffers: tuple[Words, Words]
    ) -> Iterator[tuple[Words, int | Numbers]]:
        """Of some columns, the highest first, given by their first tables and how many each has."""
        before, now = buffers
        highest, rows = int(heights[0]), first.size
        since = np.zeros(rows << self._entry_bits if highest > 1 else 0, dtype=np.uint16)
        for layer in range(highest + 1):
            left = int(np.searchsorted(-heights, -layer))
            if left:
                self._read(first[:left] + layer, now)
            if layer and left:
                yield self._changed(before, now, since, first[:left], layer)
            if layer and left < rows:
                yield from self._over(before, since, first[:rows], left, layer)
            before, now, rows = now, before, left

    def _read(self, which: Indices, into: Words) -> None:
        """Fill a buffer with tables; neighbours are read together."""
        tables = self._columns.tables[which]
        breaks = (np.flatnonzero(tables[1:] - tables[:-1] != 1) + 1).tolist()
        extents: list[Extent] = [
            (int(tables[low]) << self._bits, (high - low) << self._bits)
            for low, high in zip([0, *breaks], [*breaks, tables.size], strict=True)
        ]
        into = into[: tables.size * self._words].view(np.uint8)
        fetch_into(self._file, self._size, extents, into.data, "An L2 table", self._step)

    def _changed(
        self, before: Words, now: Words, since: Since, first: Indices, layer: int
    ) -> tuple[Words, int | Numbers]:
        """The entries that are others in the next table of their column."""
        rows = first.size
        entries = self._entries(before, 0, rows)
        changed = np.flatnonzero(self._entries(now, 0, rows) != entries)
        keys = since[changed] + (changed >> self._entry_bits) * layer
        since[changed] = layer
        words = entries[changed]
        there = words != 0
        if np.count_nonzero(there) < there.size:
            words, keys = words[there], keys[there]
        return _native(words), self._numbers(keys, first, layer)

    def _over(
        self, before: Words, since: Since, first: Indices, left: int, layer: int
    ) -> Iterator[tuple[Words, int | Numbers]]:
        """The entries of columns, from one on, that have no further table."""
        entries = self._entries(before, left, first.size)
        held = int(np.count_nonzero(entries))
        piece = PIECE if held * _SPARSE > entries.size else entries.size
        low = left << self._entry_bits
        for at in range(0, entries.size if held else 0, piece):
            words = entries[at : at + piece]
            there: slice | Indices = slice(None)
            if held < entries.size:
                there = np.flatnonzero(words != 0)
                if not there.size:
                    continue
            yield (
                _native(words[there]),
                self._reached(since, first, layer, low + at, words.size, there),
            )

    def _reached(
        self, since: Since, first: Indices, layer: int, low: int, size: int, there: slice | Indices
    ) -> int | Numbers:
        """The numbers of those who reach some of the entries from one on, up to the last tables."""
        bits = self._entry_bits
        rows = first[low >> bits : (low + size - 1 >> bits) + 1]
        begun = since[low : low + size]
        if layer == 1 or not begun.any():
            alone = [self._united(at, at + layer - 1) for at in rows.tolist()]
            if alone.count(alone[0]) == len(alone):
                return alone[0]
        keys = (np.arange(low, low + size)[there] >> bits) - (low >> bits)
        keys *= layer
        if layer > 1:
            keys += begun[there]
        return self._numbers(keys, rows, layer)

    def _entries(self, buffer: Words, low: int, high: int) -> Words:
        """Those of some rows, as they are in the file, without the bitmaps of subclusters."""
        stride = self._words >> self._entry_bits
        return buffer[low * self._words : high * self._words : stride]

    def _numbers(self, keys: Indices, first: Indices, layer: int) -> int | Numbers:
        """The numbers of those who reach entries.

        Args:
            keys: of each, ``layer`` times its row, and in which table of the column it began.
            first: the first table of each row.
        """
        seen = np.zeros(first.size * layer, dtype=bool)
        seen[keys] = True
        numbers = np.zeros(seen.size, dtype=np.uint32)
        for key in np.flatnonzero(seen).tolist():
            row, start = divmod(key, layer)
            numbers[key] = self._united(int(first[row]) + start, int(first[row]) + layer - 1)
        distinct = numbers[seen]
        if distinct.size and (distinct == distinct[0]).all():
            return int(distinct[0])
        found: Numbers = numbers[keys]
        return found


def _native(words: Words) -> Words:
    """Entries as numbers, which in the file are big-endian."""
    return words.view(">u8").astype(np.uint64)
