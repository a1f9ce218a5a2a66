"""What one image of a backing chain holds by itself, and what it shares with the one beneath.

Ranges are those of the disk that the guest sees. They are told piece by piece, so that
neither memory nor a step of the work grows with the image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import numpy as np

from snaptui.common.errors import DamagedImage
from snaptui.storage.qcow2.mapping import (
    COPIED,
    SLICE,
    ZERO,
    Flags,
    Indices,
    Words,
    data_offsets,
    l2_tables,
)
from snaptui.storage.qcow2.ranges import Ranges, joined, of_units
from snaptui.storage.qcow2.reading import Extent, Progress, fetch_all
from snaptui.storage.qcow2.structures import Entry, Header

SUBCLUSTERS = 32
"""Of a cluster with extended L2 entries."""
RAW_UNIT = 64 << 10
"""Bytes that QEMU copies at once into an image without clusters (block/dirty-bitmap.c,
bdrv_get_default_bitmap_granularity)."""
EXTENTS = 1 << 16
"""Ranges of a raw file in one piece."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What a layer holds of a part of the disk.

    Attributes:
        start, stop: the part.
        data: ranges whose bytes it has, compressed or not.
        zeros: ranges that it says are zeros, without their bytes.
        own: ranges that can be written over where they are, so that the file does not grow.
    """

    start: int
    stop: int
    data: Ranges
    zeros: Ranges
    own: Ranges


class Layer(Protocol):
    """One image of a chain by itself."""

    @property
    def virtual_size(self) -> int:
        """Bytes of the disk as this layer has it."""

    @property
    def unit(self) -> int:
        """Bytes by which a write into it makes it grow."""

    def pieces(self, start: int, stop: int, step: Callable[[int], None]) -> Iterator[Piece]:
        """What it holds between two places, in order; parts that it has nothing of are left out.

        Args:
            step: called with the bytes that were read of tables; what it raises ends it.

        Raises:
            ImageError: the image is damaged; says where.
        """


class Qcow2Layer:
    """A qcow2 image by itself.

    Args:
        f: the image; sought and read, nothing else.
        size: of the file in bytes.
        allocated: which bytes of the file take space on the host; ``None`` for all.
        entry: as it has the disk; without one as the disk is now.

    Raises:
        ImageError: its L1 table is not sound.
    """

    def __init__(
        self,
        f: BinaryIO,
        size: int,
        header: Header,
        allocated: Ranges | None = None,
        entry: Entry | None = None,
    ) -> None:
        self._file, self._size, self._header, self._allocated = f, size, header, allocated
        self.virtual_size = entry.virtual_size if entry is not None else header.virtual_size
        self._parts = SUBCLUSTERS if header.extended_l2 else 1
        self.unit = header.cluster_size // self._parts
        self._l1 = l2_tables(f, size, header, entry)

    @property
    def table_bytes(self) -> int:
        """Bytes of all its L2 tables."""
        return int(np.count_nonzero(self._l1)) << self._header.cluster_bits

    def pieces(self, start: int, stop: int, step: Callable[[int], None]) -> Iterator[Piece]:
        """What it holds; see :class:`Layer`."""
        header = self._header
        covered = header.l2_entries << header.cluster_bits
        at_once = max(1, SLICE // (header.l2_entries * self._parts))
        first = start // covered
        stop = min(stop, self.virtual_size)
        last = min(-(-stop // covered), self._l1.size)
        tables = np.flatnonzero(self._l1[first:last]) + first
        # pieces begin at multiples of their size, and so of every cluster size
        for group in np.split(tables, np.flatnonzero(np.diff(tables // at_once)) + 1):
            if group.size:
                low = max(int(group[0]) // at_once * at_once * covered, start)
                high = min((int(group[0]) // at_once + 1) * at_once * covered, stop)
                yield self._piece(group, low, high, step)

    def _piece(self, tables: Indices, start: int, stop: int, step: Callable[[int], None]) -> Piece:
        header = self._header
        bits, per_table = header.cluster_bits, header.l2_entries
        extents: list[Extent] = []
        numbers: list[Indices] = []
        for table in tables.tolist():
            low = max(0, (start >> bits) - table * per_table)
            high = min(per_table, -(-stop >> bits) - table * per_table)
            offset = int(self._l1[table]) + low * header.l2_entry_size
            length = (high - low) * header.l2_entry_size
            if extents and sum(extents[-1]) == offset:
                extents[-1] = (extents[-1][0], extents[-1][1] + length)
            else:
                extents.append((offset, length))
            numbers.append(np.arange(table * per_table + low, table * per_table + high))
        data = fetch_all(self._file, self._size, extents, "An L2 table", step)
        words = np.frombuffer(data, dtype=">u8").astype(np.uint64)
        units = np.concatenate(numbers)
        if self._parts == 1:
            kinds = self._clusters(words)
        else:
            kinds = self._subclusters(words[::2], words[1::2])
            units = (units[:, None] * self._parts + np.arange(self._parts)).reshape(-1)
        held, zeros, own = (of_units(units[kind], self.unit).cut(start, stop) for kind in kinds)
        return Piece(start, stop, held, zeros, own)

    def _clusters(self, entries: Words) -> tuple[Flags, Flags, Flags]:
        """Data, zeros and what can be written over, by cluster."""
        packed, offsets = data_offsets(entries, self._header, self._size)
        zeros = (entries & ZERO != 0) & ~packed
        there = offsets != 0
        if self._header.external_data_file:
            there |= (entries & COPIED != 0) & ~packed
        own = there & (entries & COPIED != 0) & self._on_the_host(offsets)
        return packed | (there & ~zeros), zeros, own

    def _subclusters(self, entries: Words, bitmaps: Words) -> tuple[Flags, Flags, Flags]:
        """The same by subcluster (docs/interop/qcow2.txt, "Extended L2 Entries")."""
        packed, offsets = data_offsets(entries, self._header, self._size)
        if np.any(entries[~packed] & ZERO):
            raise DamagedImage("An L2 entry has reserved bits set")
        if np.any(bitmaps[packed]):
            raise DamagedImage("A compressed cluster has subclusters")
        bits = np.unpackbits(bitmaps.astype("<u8").view(np.uint8), bitorder="little")
        data, zeros = np.split(bits.reshape(-1, 2 * SUBCLUSTERS) != 0, 2, axis=1)
        there = offsets != 0
        if self._header.external_data_file:
            there |= (entries & COPIED != 0) & ~packed
        if np.any(data & zeros) or np.any(data[~there]):
            raise DamagedImage("The subclusters of an L2 entry contradict each other")
        steps = np.arange(SUBCLUSTERS, dtype=np.uint64) * np.uint64(self.unit)
        own = (there & (entries & COPIED != 0)).repeat(SUBCLUSTERS)
        own &= self._on_the_host((offsets[:, None] + steps).reshape(-1))
        return (data | packed[:, None]).reshape(-1), zeros.reshape(-1), own

    def _on_the_host(self, offsets: Words) -> Flags:
        """Whether all bytes of the units at these offsets take space."""
        if self._allocated is None:
            return np.ones(offsets.size, dtype=bool)
        places = offsets.astype(np.int64)
        ends = np.minimum(places + self.unit, self._size)
        held = self._allocated.below(ends) - self._allocated.below(places)
        found: Flags = (held == ends - places) & (ends > places)
        return found


class RawLayer:
    """A raw file or device by itself.

    Args:
        virtual_size: its bytes.
        extents: between two places, the ranges that are not holes, in order.
    """

    unit = RAW_UNIT

    def __init__(
        self, virtual_size: int, extents: Callable[[int, int], Iterator[tuple[int, int]]]
    ) -> None:
        self.virtual_size = virtual_size
        self._extents = extents

    def pieces(self, start: int, stop: int, step: Callable[[int], None]) -> Iterator[Piece]:
        """What it holds; see :class:`Layer`."""
        stop = min(stop, self.virtual_size)
        found: list[tuple[int, int]] = []
        for extent in self._extents(start, stop):
            found.append(extent)
            if len(found) == EXTENTS:
                step(0)
                yield _raw_piece(start, extent[1], found)
                start, found = extent[1], []
        step(0)
        if found:
            yield _raw_piece(start, stop, found)


@dataclass(slots=True)
class _Uncovered:
    """Of an overlay, what an image beneath it has no space for.

    Attributes:
        data: bytes of what the overlay holds.
        zeros: those that it only says are zero.
    """

    data: int = 0
    zeros: int = 0


def compare(
    upper: Qcow2Layer, lowers: Sequence[Layer], progress: Progress
) -> tuple[int, int, int, int, tuple[tuple[int, int], ...]]:
    """Compare an overlay with the images beneath it.

    Args:
        lowers: the one directly beneath, and what lies beneath that in turn; all of one unit
            where they are more than one.

    Returns:
        ``both``, ``only_upper``, ``zeros_both``, ``zeros_only_upper`` and ``deeper`` of an
        `Overlap`.

    Raises:
        ImageError: one of them is damaged; says where.
    """
    done = held = zeros_both = 0
    uncovered = [_Uncovered() for _ in lowers]

    def step(read: int) -> None:
        nonlocal done
        done += read
        progress(done, upper.table_bytes)

    unit, size = lowers[0].unit, upper.virtual_size
    for piece in upper.pieces(0, size, step):
        data = piece.data.rounded(unit, size)
        everything = data.and_also(piece.zeros.rounded(unit, size))
        held += data.length
        for lower, found in zip(lowers, uncovered, strict=True):
            if not everything.start.size:
                break
            start, stop = int(everything.start[0]), int(everything.stop[-1])
            new, new_or_zero = data.length, everything.length
            passed_on: list[Piece] = []
            for below in lower.pieces(start, stop, lambda read: step(0)):
                new -= data.cut(below.start, below.stop).shared(below.own)
                new_or_zero -= everything.cut(below.start, below.stop).shared(below.own)
                if lower is lowers[0]:
                    zeros_both += piece.zeros.cut(below.start, below.stop).shared(below.own)
                if lower is not lowers[-1]:
                    passed_on.append(below)
            found.data += new
            found.zeros += new_or_zero - new
            for below in passed_on:
                data = data.without(below.data)
                everything = everything.without(below.data.and_also(below.zeros))
    first, *deeper = uncovered
    return (
        held - first.data,
        first.data,
        zeros_both,
        first.zeros,
        tuple((one.data, one.zeros) for one in deeper),
    )


def _raw_piece(start: int, stop: int, extents: list[tuple[int, int]]) -> Piece:
    found = np.array(extents, dtype=np.int64)
    held = joined(found[:, 0], found[:, 1])
    nothing = held.cut(stop, stop)
    return Piece(start, stop, held, nothing, held)
