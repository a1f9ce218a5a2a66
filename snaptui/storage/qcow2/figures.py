"""What the clusters that snapshots share come to: what each takes, and what deleting it frees."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from snaptui.storage.qcow2.mapping import SLICE
from snaptui.storage.qcow2.structures import Header
from snaptui.storage.qcow2.usage import SnapshotUsage, Usage, table_frees


def figures(
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
