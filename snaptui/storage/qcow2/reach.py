"""Which clusters are reached by which L1 tables, kept in a few bytes for each cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from snaptui.common.errors import ImageError
from snaptui.storage.qcow2.mapping import SLICE, Indices

MOST_CLUSTERS = 1 << 28
"""Clusters of an image that is counted; two to four bytes of memory each."""
MOST_BITS = 1 << 31
"""Bits of all distinct sets together."""


class ReachSets:
    """For each cluster the set of those who reach it, as the number of a set in a list.

    Sets are few, since most clusters are reached by neighbours in time: unions are made of
    sets, not of clusters.

    Args:
        clusters: of the image's file.
        members: how many there are that can reach one.

    Raises:
        ImageError: there are too many clusters to count.
    """

    def __init__(self, clusters: int, members: int) -> None:
        if clusters > MOST_CLUSTERS:
            raise ImageError(
                f"The image has {clusters} clusters; up to {MOST_CLUSTERS} can be counted"
            )
        self._members = members
        self._set_of: npt.NDArray[Any] = np.zeros(clusters, dtype=np.uint16)
        self._sets = [0]
        self._numbers = {0: 0}

    def add(self, clusters: Indices, members: int) -> None:
        """The clusters are reached by ``members`` (a set) too.

        Raises:
            ImageError: there are too many distinct sets.
        """
        if not clusters.size:
            return
        known = self._set_of[clusters]
        first, last = int(known.min()), int(known.max())
        if first == last:
            number = self._union(first, members)
            self._set_of[clusters] = number
            return
        if known.size <= len(self._sets):
            distinct, places = np.unique(known, return_inverse=True)
            numbers = np.array([self._union(int(at), members) for at in distinct])
            self._set_of[clusters] = numbers[places]
            return
        seen = np.zeros(len(self._sets), dtype=bool)
        seen[known] = True
        numbers = np.zeros(seen.size, dtype=np.int64)
        for at in np.flatnonzero(seen):
            numbers[at] = self._union(int(at), members)
        self._set_of[clusters] = numbers.astype(self._set_of.dtype)[known]

    def numbers(self, start: int, stop: int) -> npt.NDArray[Any]:
        """For clusters ``start`` to ``stop``, the number of each one's set; 0 is the empty set."""
        return self._set_of[start:stop]

    def of(self, clusters: Indices) -> npt.NDArray[Any]:
        """The same for some clusters."""
        return self._set_of[clusters]

    def members(self, number: int) -> int:
        """The set with a number."""
        return self._sets[number]

    def lengths(self) -> npt.NDArray[np.int64]:
        """By number of a set, how many members it has."""
        return np.array([members.bit_count() for members in self._sets], dtype=np.int64)

    def counts(self, step: Callable[[], None]) -> dict[int, int]:
        """By set, how many clusters it reaches; ``step`` is called between slices."""
        totals = np.zeros(len(self._sets), dtype=np.int64)
        for start in range(0, self._set_of.size, SLICE):
            step()
            part = self._set_of[start : start + SLICE]
            totals += np.bincount(part, minlength=totals.size)
        found = zip(self._sets[1:], totals[1:].tolist(), strict=True)
        return {members: count for members, count in found if count}

    def _union(self, number: int, members: int) -> int:
        both = self._sets[number] | members
        known = self._numbers.get(both)
        if known is not None:
            return known
        new = len(self._sets)
        if new * self._members > MOST_BITS:
            raise ImageError("The clusters are shared in too many different ways to count them")
        if new == 1 << 16:
            self._set_of = self._set_of.astype(np.uint32)
        self._sets.append(both)
        self._numbers[both] = new
        return new
