"""The refcounts of an image, slice by slice (docs/interop/qcow2.txt, "Host cluster management")."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from snaptui.common.errors import DamagedImage
from snaptui.storage.qcow2.mapping import SLICE, Indices
from snaptui.storage.qcow2.reading import fetch, fetch_into
from snaptui.storage.qcow2.structures import Header

_OFFSET = 0xFFFF_FFFF_FFFF_FE00


class Refcounts:
    """Where an image's refcounts are.

    Args:
        f: the image; read from as ``fetch`` does.
        size: of the file in bytes.

    Attributes:
        metadata: clusters of the refcount table and of all refcount blocks.

    Raises:
        ImageError: the table cannot be read, or a block does not lie inside the file.
    """

    def __init__(self, f: BinaryIO, size: int, header: Header) -> None:
        self._file, self._size, self._header = f, size, header
        length = header.refcount_table_clusters * header.cluster_size
        table = fetch(f, size, header.refcount_table_offset, length, "The refcount table")
        entries = np.frombuffer(table, dtype=">u8").astype(np.uint64)
        self._blocks = entries & np.uint64(_OFFSET)
        used = self._blocks[self._blocks != 0]
        if used.size and int(np.bitwise_or.reduce(used)) & (header.cluster_size - 1):
            raise DamagedImage("A refcount block does not start where a cluster does")
        if used.size and int(used.max()) + header.cluster_size > size:
            raise DamagedImage(
                f"A refcount block lies beyond the file's {size} bytes, at byte {int(used.max())}"
            )
        first = header.refcount_table_offset >> header.cluster_bits
        table_clusters = np.arange(first, first + header.refcount_table_clusters)
        blocks = (used >> np.uint64(header.cluster_bits)).astype(np.int64)
        self.metadata: Indices = np.concatenate([table_clusters, blocks])

    def end(self) -> int:
        """Where the last cluster ends that is in use, in bytes.

        Raises:
            ImageError: a block cannot be read.
        """
        header = self._header
        per_block = header.cluster_size * 8 // header.refcount_bits
        for block in reversed(np.flatnonzero(self._blocks).tolist()):
            offset = int(self._blocks[block])
            data = fetch(self._file, self._size, offset, header.cluster_size, "A refcount block")
            used = np.flatnonzero(_unpacked(data, header.refcount_bits))
            if used.size:
                return (block * per_block + int(used[-1]) + 1) << header.cluster_bits
        return 0

    def unused(self, end: int) -> int:
        """Bytes of the clusters below ``end`` that nothing uses.

        Raises:
            ImageError: a block cannot be read.
        """
        clusters = end >> self._header.cluster_bits
        slices = self.slices(clusters, lambda _: None)
        used = sum(int(np.count_nonzero(values)) for _, values in slices)
        return (clusters - used) << self._header.cluster_bits

    def slices(
        self, clusters: int, step: Callable[[int], None]
    ) -> Iterator[tuple[int, npt.NDArray[Any]]]:
        """The first cluster and the refcounts of each slice of ``clusters`` in all.

        What a slice holds is there until the next one is asked for.

        Args:
            step: called with the number of bytes that were read; what it raises ends it.

        Raises:
            ImageError: a block cannot be read.
        """
        header, bits = self._header, self._header.refcount_bits
        per_block = header.cluster_size * 8 // bits
        at_once = max(1, SLICE // per_block)
        needed = -(-clusters // per_block)
        buffer = np.empty((min(at_once, needed), header.cluster_size), dtype=np.uint8)
        for start in range(0, needed, at_once):
            step(0)
            number = min(at_once, needed - start)
            blocks = buffer[:number]
            offsets = self._blocks[start : start + number]
            there = np.flatnonzero(offsets)
            extents = [(offset, header.cluster_size) for offset in offsets[there].tolist()]
            data = blocks.reshape(-1)
            fetch_into(self._file, self._size, extents, data.data, "A refcount block", step)
            if there.size < number:
                held = blocks[: there.size].copy()
                blocks[:] = 0
                blocks[there] = held
            first = start * per_block
            left = min(clusters - first, number * per_block)
            for at in range(0, left, SLICE):
                step(0)
                some = min(SLICE, left - at)
                part = data[at * bits // 8 : -(-(at + some) * bits // 8)]
                yield first + at, _unpacked(part, bits)[:some]


def _unpacked(data: bytes | npt.NDArray[np.uint8], bits: int) -> npt.NDArray[Any]:
    """Refcounts of ``bits`` each; of several in a byte the lowest bits come first."""
    if bits >= 8:
        return np.frombuffer(data, dtype=f">u{bits // 8}")
    packed = np.frombuffer(data, dtype=np.uint8)
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    return ((packed[:, None] >> shifts) & np.uint8((1 << bits) - 1)).reshape(-1)
