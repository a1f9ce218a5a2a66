"""Counting what the clusters of a qcow2 image are used for.

Each L1 table (one of each snapshot, one of the disk as it is now) reaches L2 tables, and
each of these reaches data clusters (docs/interop/qcow2.txt, "Cluster mapping"). An L2 table
is read once, however many snapshots share it: first it is found who reaches the L2 tables,
then all that reach the same ones pass this on to the data together.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from snaptui.common.errors import ImageError
from snaptui.storage.qcow2.bitmaps import bitmap_clusters
from snaptui.storage.qcow2.format import L1_ENTRY_SIZE, MAX_L1_SIZE, check_table
from snaptui.storage.qcow2.mapping import (
    COMPRESSED,
    L2_RESERVED,
    OFFSET,
    SLICE,
    Indices,
    Words,
    inside,
    l1_words,
)
from snaptui.storage.qcow2.reach import ReachSets
from snaptui.storage.qcow2.reading import Progress, fetch, fetch_all
from snaptui.storage.qcow2.refcounts import Refcounts
from snaptui.storage.qcow2.structures import Entry, Header
from snaptui.storage.qcow2.usage import SnapshotUsage, Usage, table_frees

Flags = npt.NDArray[np.bool_]

_SECTOR = 512


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
        tables = self._l2_tables()
        self._total = (tables.size + refcounts.metadata.size) << self._bits
        self._walk(tables)
        metadata = self._metadata(refcounts)
        stuck: Counter[int] = Counter()
        leaked, wrong, highest = self._compare(refcounts, metadata, stuck)
        if not settled:
            stuck.clear()
        shared = self._reach.counts(self._step)
        found = _figures(
            self._header, self._sizes(), shared, stuck, int(metadata.size), leaked, wrong
        )
        return replace(found, highest_refcount=highest)

    # -- from L1 to L2 tables -------------------------------------------------------------

    def _l2_tables(self) -> Indices:
        """The clusters of all L2 tables, each once; who reaches them is noted."""
        header = self._header
        found: list[Indices] = []
        read: dict[tuple[int, int], int] = {}
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
                raise ImageError("The L1 tables together are larger than the file")
            read[offset, length] = read.get((offset, length), 0) | 1 << place
        for (offset, length), members in read.items():
            self._step()
            what = self._name(members.bit_length() - 1)
            table = self._l1_table(offset, length, what)
            first = offset >> self._bits
            own = -(-length * L1_ENTRY_SIZE // header.cluster_size)
            self._reach.add(np.arange(first, first + own), members)
            self._reach.add(table, members)
            found.append(table)
        tables = np.sort(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)
        different = np.ones(tables.size, dtype=bool)
        different[1:] = tables[1:] != tables[:-1]
        return tables[different]

    def _l1_table(self, offset: int, length: int, what: str) -> Indices:
        data = fetch(self._file, self._size, offset, length * L1_ENTRY_SIZE, what)
        return self._inside(l1_words(data, what) & OFFSET, f"{what}: an L2 table")

    def _name(self, place: int) -> str:
        if place == len(self._entries):
            return "The active L1 table"
        return f"The L1 table of the snapshot {self._entries[place].name}"

    # -- from L2 tables to data -----------------------------------------------------------

    def _walk(self, tables: Indices) -> None:
        here = 1 << len(self._entries)
        beyond = self._beyond_the_disk()
        alone = [self._reach.members(number) == here for number in self._reach.of(beyond).tolist()]
        state = beyond[np.array(alone, dtype=bool)]
        self._walk_all(tables[~np.isin(tables, state)])
        for entries in self._read_tables(state):
            for data in self._data(entries):
                self._reach.add(data[self._reach.of(data) == 0], here)

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

    def _walk_all(self, tables: Indices) -> None:
        if not tables.size:
            return
        reached_by = self._reach.of(tables)
        order = np.argsort(reached_by, kind="stable")
        tables, reached_by = tables[order], reached_by[order]
        bounds = np.flatnonzero(np.diff(reached_by)) + 1
        groups = [
            (self._reach.members(int(self._reach.of(group[:1])[0])), group)
            for group in np.split(tables, bounds)
            if group.size
        ]
        for members, group in groups:
            for entries in self._read_tables(group):
                for data in self._data(entries):
                    self._reach.add(data, members)

    def _read_tables(self, tables: Indices) -> Iterator[Words]:
        """The entries of the L2 tables, ``SLICE`` at a time; neighbours are read together."""
        header = self._header
        at_once = max(1, SLICE // header.l2_entries)
        for start in range(0, tables.size, at_once):
            part = tables[start : start + at_once]
            breaks = np.flatnonzero(np.diff(part) != 1) + 1
            runs = zip([0, *breaks.tolist()], [*breaks.tolist(), part.size], strict=True)
            extents = [
                (int(part[first]) << self._bits, (last - first) << self._bits)
                for first, last in runs
            ]
            data = fetch_all(self._file, self._size, extents, "An L2 table", self._step)
            entries = np.frombuffer(data, dtype=">u8")
            yield (entries[::2] if header.extended_l2 else entries).astype(np.uint64)

    def _data(self, entries: Words) -> Iterator[Indices]:
        """The data clusters in this file that L2 entries point to."""
        if self._header.external_data_file:
            return
        flags = int(np.bitwise_or.reduce(entries))
        if flags >> 62 & 1:
            packed = (entries & COMPRESSED) != 0
            yield from self._compressed(entries[packed])
            entries = entries[~packed]
            flags = int(np.bitwise_or.reduce(entries)) if entries.size else 0
        if flags & L2_RESERVED:
            raise ImageError("An L2 entry has reserved bits set")
        yield self._inside(entries & OFFSET, "A data cluster")

    def _compressed(self, entries: Words) -> Iterator[Indices]:
        """The clusters that hold compressed data, which may begin and end inside of clusters."""
        width = np.uint64(62 - (self._bits - 8))
        offsets = entries & ((np.uint64(1) << width) - np.uint64(1))
        sectors = (entries & np.uint64((1 << 62) - 1)) >> width
        ends = (offsets & ~np.uint64(_SECTOR - 1)) + (sectors + np.uint64(1)) * np.uint64(_SECTOR)
        bits = np.uint64(self._bits)
        if int(offsets.max()) >= self._size or int(ends.max()) > self._clusters << self._bits:
            raise ImageError(f"Compressed data lie beyond the file's {self._size} bytes")
        first = (offsets >> bits).astype(np.int64)
        last = ((ends - np.uint64(1)) >> bits).astype(np.int64)
        if self._packed is None:
            self._packed = np.zeros(self._clusters, dtype=bool)
        while first.size:
            self._packed[first] = True
            yield first
            more = first < last
            first, last = first[more] + 1, last[more]

    def _inside(self, offsets: Words, what: str) -> Indices:
        """The clusters at the offsets that are not 0, after a check that there are such."""
        inside(offsets, self._header, self._size, what)
        clusters = (offsets >> np.uint64(self._bits)).astype(np.int64)
        if np.count_nonzero(clusters) < clusters.size:
            clusters = clusters[clusters != 0]
        return clusters

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
            raise ImageError("A cluster is used for two kinds of metadata")
        if self._reach.of(clusters).any():
            raise ImageError("A cluster of metadata is used by the disk or a snapshot too")
        return clusters

    def _sizes(self) -> tuple[int, ...]:
        """Bytes of each entry of the snapshot table, with those that pad it."""
        ends = [self._header.snapshots_offset, *(one.end + 7 & ~7 for one in self._entries)]
        return tuple(end - start for start, end in itertools.pairwise(ends))

    def _extent(self, offset: int, length: int) -> Indices:
        last = (offset + length + self._header.cluster_size - 1) >> self._bits
        return np.arange(offset >> self._bits, last)

    def _compare(
        self, refcounts: Refcounts, metadata: Indices, stuck: Counter[int]
    ) -> tuple[int | None, int, int | None]:
        """Leaked clusters, those whose refcount is not what reaches them, the highest refcount.

        Args:
            stuck: gets, by set, the clusters whose refcount is higher than that. QEMU 7.2 and 10.0
                leave such where a revert with RAM makes the disk smaller: all of the RAM that was
                loaded before.
        """
        if self._header.dirty:
            return None, 0, None
        lengths = self._reach.lengths()
        leaked = wrong = highest = 0
        clusters = -(-self._size // self._header.cluster_size)
        for first, found in refcounts.slices(clusters, self._step):
            stop = first + found.size
            numbers = self._reach.numbers(first, stop)
            expected = lengths[numbers]
            low, high = np.searchsorted(metadata, (first, stop))
            expected[metadata[low:high] - first] = 1
            differ = found != expected
            if self._packed is not None:
                # each piece of compressed data in a cluster counts, so there may be more
                differ &= ~(self._packed[first:stop] & (found > expected))
            used = expected != 0
            leaked += int(np.count_nonzero(differ & ~used))
            wrong += int(np.count_nonzero(differ & used))
            highest = max(highest, int(found.max(initial=0)))
            for number, count in enumerate(np.bincount(numbers[differ & (found > expected)])):
                if number and count:
                    stuck[self._reach.members(number)] += int(count)
        return leaked, wrong, highest

    def _step(self, read: int = 0) -> None:
        self._done += read
        self._progress(self._done, self._total)


def _figures(
    header: Header,
    entry_sizes: tuple[int, ...],
    shared: dict[int, int],
    stuck: Mapping[int, int],
    metadata: int,
    leaked: int | None,
    wrong: int,
) -> Usage:
    """Sums over the sets: a set belongs to the growth of its oldest member."""
    snapshots = len(entry_sizes)
    refers, growth = [0] * snapshots, [0] * snapshots
    alone, youngest = [0] * snapshots, [0] * (snapshots + 1)
    here = 1 << snapshots
    reached = 0
    for members, clusters in shared.items():
        reached += clusters
        freed = clusters - stuck.get(members, 0)
        youngest[members.bit_length() - 1] += freed
        oldest = (members & -members).bit_length() - 1
        if oldest < snapshots:
            growth[oldest] += clusters
        if members == 1 << oldest and members != here:
            alone[oldest] += freed
    for place, clusters in enumerate(_sums(shared, snapshots)):
        refers[place] = clusters
    size = header.cluster_size
    with_older = list(itertools.accumulate(youngest[:snapshots]))
    table, older = sum(entry_sizes), 0
    for place, length in enumerate(entry_sizes):
        older += length
        alone[place] += table_frees(table, length, size)
        with_older[place] += table_frees(table, older, size)
    return Usage(
        cluster_size=size,
        refcount_limit=(1 << header.refcount_bits) - 1,
        allocated=size * (reached + metadata + (leaked or 0)),
        active=size * shared.get(here, 0),
        metadata=size * metadata,
        leaked=None if leaked is None else size * leaked,
        wrong=wrong,
        snapshots=tuple(
            SnapshotUsage(*(size * figure for figure in figures))
            for figures in zip(refers, growth, alone, with_older, strict=True)
        ),
        shared=MappingProxyType(shared),
        entry_sizes=entry_sizes,
        stuck=MappingProxyType(dict(stuck)),
    )


def _sums(shared: dict[int, int], snapshots: int) -> list[int]:
    """For each snapshot, the clusters of all sets that it is in."""
    width = -(-(snapshots + 1) // 8)
    totals = np.zeros(width * 8, dtype=np.int64)
    items = list(shared.items())
    at_once = max(1, SLICE // width)
    for start in range(0, len(items), at_once):
        part = items[start : start + at_once]
        data = b"".join(members.to_bytes(width, "little") for members, _ in part)
        packed = np.frombuffer(data, dtype=np.uint8).reshape(-1, width)
        bits = np.unpackbits(packed, axis=1, bitorder="little")
        totals += np.array([clusters for _, clusters in part], dtype=np.int64) @ bits
    return [int(total) for total in totals[:snapshots]]
