"""The refcounts of clusters beside the number of those who reach them."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np

from snaptui.common.errors import ImageError
from snaptui.storage.qcow2.mapping import Flags, Indices
from snaptui.storage.qcow2.reach import Numbers, ReachSets

_LOOKED_AT: Final = 32
"""Clusters of a slice of which the most frequent set is taken for that of most."""


class Comparison:
    """What was found so far, of slices of clusters in their order.

    Args:
        reach: who reaches which cluster.
        metadata: the clusters of metadata, sorted.
        packed: which clusters hold compressed data; ``None`` where none does.

    Attributes:
        leaked: clusters in use by the refcounts, but reached by nothing.
        wrong: other clusters whose refcount is not what reaches them.
        highest: of all refcounts.
        stuck: by number of a set, the clusters whose refcount is higher than that. QEMU 7.2 and
            10.0 leave such where a revert with RAM makes the disk smaller: all of the RAM that
            was loaded before.
    """

    def __init__(self, reach: ReachSets, metadata: Indices, packed: Flags | None) -> None:
        self._reach, self._metadata, self._packed = reach, metadata, packed
        self._clusters: Counter[int] = Counter()
        self.leaked = self.wrong = self.highest = 0
        self.stuck: Counter[int] = Counter()

    def shared(self) -> dict[int, int]:
        """By set of those who reach them, how many clusters there are."""
        return {self._reach.members(number): n for number, n in self._clusters.items() if number}

    def look(self, first: int, stop: int, refcounts: Numbers | None) -> None:
        """Look at the clusters from one to another.

        Args:
            refcounts: as the image has them, of each; ``None`` where they do not matter.

        Raises:
            ImageError: metadata are reached as data are.
        """
        if first >= stop:
            return
        numbers = self._reach.between(first, stop)
        low, high = np.searchsorted(self._metadata, (first, stop))
        metadata = self._metadata[low:high] - first
        if numbers[metadata].any():
            raise ImageError("A cluster of metadata is used by the disk or a snapshot too")
        at = _most_alike(numbers)
        usual = int(numbers[at])
        others = numbers != usual
        self._count(numbers[others], numbers.size, usual)
        if refcounts is None:
            return
        raw = refcounts.view(f"u{refcounts.itemsize}")  # whether two are the same needs no order
        odd = others | (raw != raw[at])
        odd[metadata] = True
        if refcounts[at] != self._reach.lengths()[usual]:
            odd[:] = True
        else:
            self.highest = max(self.highest, int(refcounts[at]))
        self._compare(first, numbers, refcounts, np.flatnonzero(odd), metadata)

    def _count(self, others: Numbers, all_: int, usual: int) -> None:
        counts = np.bincount(others)
        for number in np.flatnonzero(counts).tolist():
            self._clusters[number] += int(counts[number])
        self._clusters[usual] += all_ - others.size

    def _compare(
        self, first: int, numbers: Numbers, refcounts: Numbers, which: Indices, metadata: Indices
    ) -> None:
        """Compare some clusters of a slice; those of metadata are among them."""
        if not which.size:
            return
        found, theirs = refcounts[which], numbers[which]
        expected = self._reach.lengths()[theirs]
        expected[np.searchsorted(which, metadata)] = 1
        differ = found != expected
        if self._packed is not None:
            # each piece of compressed data in a cluster counts, so there may be more
            differ &= ~(self._packed[first + which] & (found > expected))
        used = expected != 0
        self.leaked += int(np.count_nonzero(differ & ~used))
        self.wrong += int(np.count_nonzero(differ & used))
        self.highest = max(self.highest, int(found.max()))
        for number, count in enumerate(np.bincount(theirs[differ & (found > expected)])):
            if number and count:
                self.stuck[number] += int(count)


def _most_alike(numbers: Numbers) -> int:
    """Where one of the most frequent ones is, of some that are looked at."""
    step = max(1, numbers.size // _LOOKED_AT)
    some: list[int] = numbers[::step].tolist()
    return step * some.index(Counter(some).most_common(1)[0][0])
