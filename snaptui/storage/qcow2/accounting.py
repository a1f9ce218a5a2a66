"""Counting what the clusters of a qcow2 image are used for.

Each L1 table (one of each snapshot, one of the disk as it is now) reaches L2 tables, and
each of these reaches data clusters (docs/interop/qcow2.txt, "Cluster mapping"). An L2 table
is read once, however many snapshots share it: first it is found who reaches the L2 tables,
then all that reach the same ones pass this on to the data together.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import BinaryIO, Final

import numpy as np

from snaptui.common.errors import DamagedImage, ImageError
from snaptui.storage.qcow2.bitmaps import bitmap_clusters
from snaptui.storage.qcow2.comparison import Comparison
from snaptui.storage.qcow2.figures import figures
from snaptui.storage.qcow2.format import L1_ENTRY_SIZE, MAX_L1_SIZE, check_table
from snaptui.storage.qcow2.l2_found import Columns, FoundTables
from snaptui.storage.qcow2.mapping import (
    COMPRESSED,
    L2_RESERVED,
    OFFSET,
    SLICE,
    Flags,
    Indices,
    Words,
    inside,
    l1_words,
)
from snaptui.storage.qcow2.reach import Numbers, ReachSets, Unions
from snaptui.storage.qcow2.reading import Extent, Progress, fetch
from snaptui.storage.qcow2.refcounts import Refcounts
from snaptui.storage.qcow2.structures import Entry, Header
from snaptui.storage.qcow2.tables import Stretches
from snaptui.storage.qcow2.usage import Usage

RUN: Final = 256
"""Clusters beside each other, on average, from which on they are kept as a run."""

_SECTOR: Final = 512


def count(
    f: BinaryIO,
    size: int,
    header: Header,
    entries: Sequence[Entry],
    progress: Progress = lambda done, total: None,
    *,
    settled: bool = True,
) -> Usage:
    """Count the clusters of an image.

    Args:
        f: the image; sought and read, nothing else.
        size: of the file or device in bytes.
        header, entries: what was read of it.
        progress: called between slices of the work.
        settled: no QEMU writes to it, whose refcounts may be in memory alone: one that is too
            high stays so.

    Raises:
        ImageError: the image is damaged, or cannot be counted; says why.
    """
    return _Count(f, size, header, entries, progress).usage(settled=settled)


class _Count:
    def __init__(
        self,
        f: BinaryIO,
        size: int,
        header: Header,
        entries: Sequence[Entry],
        progress: Progress,
    ) -> None:
        self._file, self._size, self._header, self._entries = f, size, header, entries
        self._progress = progress
        self._bits = header.cluster_bits
        # QEMU takes a cluster that begins where the file ends for one that is not written yet
        self._clusters = (size >> self._bits) + 1
        self._reach = ReachSets(self._clusters, len(entries) + 1)
        self._packed: Flags | None = None
        self._done = 0
        self._total = 0

    def usage(self, *, settled: bool) -> Usage:
        """All of it."""
        refcounts = Refcounts(self._file, self._size, self._header)
        columns = self._columns()
        self._total = (columns.tables.size + refcounts.metadata.size) << self._bits
        self._progress(0, self._total)
        if not self._header.external_data_file:
            self._walk(columns)
        metadata = self._metadata(refcounts)
        found = self._compare(refcounts, metadata)
        shared = found.shared()
        stuck: dict[int, int] = {}
        if settled:
            stuck = {self._reach.members(number): n for number, n in found.stuck.items()}
        own_tables, own_l2 = self._own_tables(columns)
        known = not self._header.dirty
        return replace(
            figures(
                self._header,
                self._sizes(),
                shared,
                stuck,
                int(metadata.size),
                found.leaked if known else None,
                found.wrong,
            ),
            highest_refcount=found.highest if known else None,
            own_tables=own_tables << self._bits,
            own_l2=own_l2,
        )

    # -- from L1 to L2 tables -------------------------------------------------------------

    def _columns(self) -> Columns:
        """All L2 tables, each once; who reaches them is noted."""
        header = self._header
        read: dict[Extent, int] = {}
        total = 0
        places = [(entry.l1_offset, entry.l1_entries) for entry in self._entries]
        places.append((header.l1_table_offset, header.l1_size))
        for place, (offset, length) in enumerate(places):
            self._step()
            what = self._name(place)
            check_table(
                what, offset, length * L1_ENTRY_SIZE, MAX_L1_SIZE, header.cluster_size, self._size
            )
            total += length * L1_ENTRY_SIZE
            if total > self._size:
                raise DamagedImage("The L1 tables together are larger than the file")
            read[offset, length] = read.get((offset, length), 0) | 1 << place
        found = FoundTables(self._reach)
        tables = list(read)
        for some in self._batches(tables):
            self._step()
            found.add(*self._l1_tables(some, read), [read[table] for table in some])
        first = np.array([offset >> self._bits for offset, _ in tables])
        own = np.array([-(-n * L1_ENTRY_SIZE // header.cluster_size) for _, n in tables])
        numbers = np.array([self._reach.number(members) for members in read.values()])
        before = np.cumsum(own) - own
        clusters = np.arange(own.sum()) + np.repeat(first - before, own)
        self._reach.add(clusters, np.repeat(numbers, own))
        return found.in_columns()

    def _own_tables(self, columns: Columns) -> tuple[int, bool]:
        """L1 and L2 tables that only the disk as it is now has, and whether it has such an L2."""
        header = self._header
        l1 = header.l1_table_offset, header.l1_size
        taken = any((entry.l1_offset, entry.l1_entries) == l1 for entry in self._entries)
        l1_clusters = 0 if taken else -(-header.l1_size * L1_ENTRY_SIZE // header.cluster_size)
        l2 = columns.tables[columns.numbers == self._reach.number(1 << len(self._entries))]
        disk = np.isin(l2, self._beyond_the_disk(), invert=True)
        return l1_clusters + int(l2.size), bool(disk.any())

    def _batches(self, tables: Sequence[Extent]) -> Iterator[Sequence[Extent]]:
        """L1 tables, so many together that what is made of them does not grow with their number."""
        most = SLICE // (len(self._entries) // 64 + 1)
        start = entries = 0
        for at, (_, length) in enumerate(tables):
            if entries + length > most and at > start:
                yield tables[start:at]
                start, entries = at, 0
            entries += length
        yield tables[start:]

    def _l1_tables(
        self, tables: Sequence[Extent], read: Mapping[Extent, int]
    ) -> tuple[Indices, Indices, Indices]:
        """The clusters of the L2 tables, where in its L1 table each is, and in which of these."""
        names = [self._name(read[table].bit_length() - 1) for table in tables]
        data = [
            fetch(self._file, self._size, offset, length * L1_ENTRY_SIZE, what)
            for (offset, length), what in zip(tables, names, strict=True)
        ]
        try:
            offsets = self._l2_offsets(b"".join(data), "An L1 table")
        except ImageError:
            for one, what in zip(data, names, strict=True):  # now it says which
                self._l2_offsets(one, what)
            raise
        lengths = np.array([length for _, length in tables])
        there = np.flatnonzero(offsets)
        turns = np.repeat(np.arange(lengths.size), lengths)[there]
        places = there - (np.cumsum(lengths) - lengths)[turns]
        return (offsets[there] >> np.uint64(self._bits)).view(np.int64), places, turns

    def _l2_offsets(self, data: bytes, what: str) -> Words:
        offsets: Words = l1_words(data, what) & OFFSET
        inside(offsets, self._header, self._size, f"{what}: an L2 table")
        return offsets

    def _name(self, place: int) -> str:
        if place == len(self._entries):
            return "The active L1 table"
        return f"The L1 table of the snapshot {self._entries[place].name}"

    # -- from L2 tables to data -----------------------------------------------------------

    def _walk(self, columns: Columns) -> None:
        here = self._reach.number(1 << len(self._entries))
        state = np.isin(columns.tables, self._beyond_the_disk()) & (columns.numbers == here)
        for words, numbers in self._stretches(columns, ~state):
            if words.size and not self._add_runs(words, numbers):
                for data, theirs in self._data(words, numbers):
                    self._reach.add(data, theirs)
        for words, _ in self._stretches(columns, state):
            for data, _ in self._data(words, here) if words.size else ():
                self._reach.add(data[self._reach.of(data) == 0], here)

    def _stretches(self, columns: Columns, which: Flags) -> Stretches:
        """What some of the tables hold."""
        chosen = Columns(*(each[which] for each in columns))
        return Stretches(
            self._file,
            self._size,
            self._header,
            chosen,
            united=Unions(self._reach, chosen.numbers),
            step=self._step,
        )

    def _beyond_the_disk(self) -> Indices:
        """L2 tables that the active L1 table names beyond the end of the disk.

        There QEMU puts the RAM while it takes a snapshot, and lets go of it afterwards (block/
        qcow2-snapshot.c, qcow2_snapshot_create, and qcow2_vm_state_offset). Of a guest that runs
        that is not in the file before QEMU writes its tables the next time: what a snapshot has
        is not the active state's there, whatever the table says.
        """
        header = self._header
        covered = header.cluster_size * header.l2_entries
        first = -(-header.virtual_size // covered)
        offset, length = header.l1_table_offset, header.l1_size
        if first >= length or not self._entries:
            return np.zeros(0, dtype=np.int64)
        data = fetch(self._file, self._size, offset, length * L1_ENTRY_SIZE, "The active L1 table")
        beyond = l1_words(data, "The active L1 table")[first:] & OFFSET
        found: Indices = (beyond[beyond != 0] >> np.uint64(self._bits)).astype(np.int64)
        return found

    def _add_runs(self, words: Words, numbers: int | Numbers) -> bool:
        """Note the data of entries that lie in long runs; ``False`` where they do not.

        Nor is anything noted of entries that are not sound, or of compressed data.
        """
        broken = words[1:] - words[:-1] != self._header.cluster_size
        if not isinstance(numbers, int):
            broken |= numbers[1:] != numbers[:-1]
        breaks = broken.nonzero()[0]
        if breaks.size * RUN >= words.size:
            return False
        first, last = [0, *(breaks + 1).tolist()], [*breaks.tolist(), words.size - 1]
        starts, ends = words[first].tolist(), words[last].tolist()
        flags = functools.reduce(operator.or_, starts + ends)
        where, inside_one = int(OFFSET), self._header.cluster_size - 1
        if flags & (int(COMPRESSED) | L2_RESERVED | where & inside_one):
            return False
        offsets = [one & where for one in starts + ends]
        if not all(offsets) or max(offsets) > self._size:
            return False
        theirs = itertools.repeat(numbers) if isinstance(numbers, int) else numbers[first].tolist()
        for offset, at, end, number in zip(offsets, first, last, theirs, strict=False):
            self._reach.add_run(offset >> self._bits, end - at + 1, number)
        return True

    def _data(
        self, entries: Words, numbers: int | Numbers
    ) -> Iterator[tuple[Indices, int | Numbers]]:
        """The data clusters in this file that L2 entries point to, and who reaches them."""
        flags = int(np.bitwise_or.reduce(entries))
        if flags & int(COMPRESSED):
            packed = (entries & COMPRESSED) != 0
            yield from self._compressed(entries[packed], _some(numbers, packed))
            entries, numbers = entries[~packed], _some(numbers, ~packed)
            flags = int(np.bitwise_or.reduce(entries)) if entries.size else 0
        if flags & L2_RESERVED:
            raise DamagedImage("An L2 entry has reserved bits set")
        offsets = entries & OFFSET
        if np.count_nonzero(offsets) < offsets.size:
            there = offsets != 0
            offsets, numbers = offsets[there], _some(numbers, there)
        inside(offsets, self._header, self._size, "A data cluster")
        yield (offsets >> np.uint64(self._bits)).view(np.int64), numbers

    def _compressed(
        self, entries: Words, numbers: int | Numbers
    ) -> Iterator[tuple[Indices, int | Numbers]]:
        """The clusters that hold compressed data, which may begin and end inside of clusters."""
        width = np.uint64(62 - (self._bits - 8))
        offsets = entries & ((np.uint64(1) << width) - np.uint64(1))
        sectors = (entries & np.uint64((1 << 62) - 1)) >> width
        ends = (offsets & ~np.uint64(_SECTOR - 1)) + (sectors + np.uint64(1)) * np.uint64(_SECTOR)
        bits = np.uint64(self._bits)
        if int(offsets.max()) >= self._size or int(ends.max()) > self._clusters << self._bits:
            raise DamagedImage(f"Compressed data lie beyond the file's {self._size} bytes")
        first = (offsets >> bits).astype(np.int64)
        last = ((ends - np.uint64(1)) >> bits).astype(np.int64)
        if self._packed is None:
            self._packed = np.zeros(self._clusters, dtype=bool)
        while first.size:
            self._packed[first] = True
            yield first, numbers
            more = first < last
            first, last, numbers = first[more] + 1, last[more], _some(numbers, more)

    # -- what is neither data nor tables of them ---------------------------------------------

    def _metadata(self, refcounts: Refcounts) -> Indices:
        header = self._header
        parts = [self._extent(0, 1), refcounts.metadata]
        if self._entries:
            length = self._entries[-1].end - header.snapshots_offset
            parts.append(self._extent(header.snapshots_offset, length))
        if header.luks is not None:
            check_table(
                "The LUKS header", header.luks.offset, header.luks.length, self._size,
                header.cluster_size, self._size,
            )  # fmt: skip
            parts.append(self._extent(header.luks.offset, header.luks.length))
        if header.bitmaps is not None:
            parts.append(bitmap_clusters(self._file, self._size, header, header.bitmaps))
        clusters = np.sort(np.concatenate(parts))
        if np.any(clusters[1:] == clusters[:-1]):
            raise DamagedImage("A cluster is used for two kinds of metadata")
        return clusters

    def _sizes(self) -> tuple[int, ...]:
        """Bytes of each entry of the snapshot table, with those that pad it."""
        ends = [self._header.snapshots_offset, *(one.end + 7 & ~7 for one in self._entries)]
        return tuple(end - start for start, end in itertools.pairwise(ends))

    def _extent(self, offset: int, length: int) -> Indices:
        last = (offset + length + self._header.cluster_size - 1) >> self._bits
        return np.arange(offset >> self._bits, last)

    def _compare(self, refcounts: Refcounts, metadata: Indices) -> Comparison:
        """Look at all clusters; of an image that was not closed the refcounts do not matter."""
        found = Comparison(self._reach, metadata, self._packed)
        at = 0
        if not self._header.dirty:
            clusters = -(-self._size // self._header.cluster_size)
            for first, counts in refcounts.slices(clusters, self._step):
                at = first + counts.size
                found.look(first, at, counts)
        for first in range(at, self._clusters, SLICE):
            self._step()
            found.look(first, min(first + SLICE, self._clusters), None)
        return found

    def _step(self, read: int = 0) -> None:
        self._done += read
        self._progress(self._done, self._total)


def _some(numbers: int | Numbers, which: Flags) -> int | Numbers:
    """Those of some entries."""
    return numbers if isinstance(numbers, int) else numbers[which]
