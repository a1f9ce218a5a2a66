"""Which clusters are reached by which L1 tables, kept in a byte or more for each cluster."""

from __future__ import annotations

import bisect
import itertools
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from snaptui.common.errors import ImageError
from snaptui.storage.qcow2.mapping import Indices

Numbers = npt.NDArray[Any]

MOST_CLUSTERS: Final = 1 << 28
"""Clusters of an image that is counted; one to four bytes of memory each."""
MOST_BITS: Final = 1 << 31
"""Bits of all distinct sets together."""
_MOST_PAIRS: Final = 1 << 20
"""Pairs of sets of which a table is made."""
_FEW: Final = 64
"""Sets that are united one by one, or are compared by what they are."""
_MOST_SPANS: Final = 1 << 14
"""Unions that are kept for those that are made of them."""
_NOTHING: Final = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint32))


class ReachSets:
    """For each cluster the set of those who reach it, as the number of a set in a list.

    Sets are few, since most clusters are reached by neighbours in time: unions are made of
    sets, not of clusters. Long runs of clusters are kept as such until somebody asks.

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
        self._set_of: Numbers = np.zeros(clusters, dtype=np.uint8)
        self._sets = [0]
        self._numbers = {0: 0}
        self._runs: list[tuple[int, int, int]] = []
        self._longest = 0
        self._spots: tuple[Indices, Numbers] = _NOTHING
        self._lengths = np.zeros(0, dtype=np.int64)
        self._sorted = True

    def number(self, members: int) -> int:
        """The number of a set.

        Raises:
            ImageError: there are too many distinct sets.
        """
        known = self._numbers.get(members)
        if known is not None:
            return known
        new = len(self._sets)
        if new * self._members > MOST_BITS:
            raise ImageError("The clusters are shared in too many different ways to count them")
        if new == 1 << 8 * self._set_of.itemsize:
            self._set_of = self._set_of.astype(np.uint16 if new == 1 << 8 else np.uint32)
        self._sets.append(members)
        self._numbers[members] = new
        return new

    def members(self, number: int) -> int:
        """The set with a number."""
        return self._sets[number]

    def lengths(self) -> npt.NDArray[np.int64]:
        """By number of a set, how many members it has."""
        if self._lengths.size < len(self._sets):
            self._lengths = np.array([one.bit_count() for one in self._sets], dtype=np.int64)
        return self._lengths

    def add(self, clusters: Indices, numbers: int | Numbers) -> None:
        """The clusters are reached by one set, or each by one of its own, too.

        Raises:
            ImageError: there are too many distinct sets.
        """
        if not clusters.size:
            return
        known = self._set_of[clusters]
        wanted = self.united(known, numbers)
        self._set_of[clusters] = wanted
        if isinstance(wanted, int) or isinstance(numbers, int):
            return
        # a cluster that is there more than once has got one of its sets
        lost = np.flatnonzero(self._set_of[clusters] != wanted)
        lost = lost[np.argsort(numbers[lost], kind="stable")]
        for same in np.split(lost, np.flatnonzero(np.diff(numbers[lost])) + 1):
            if same.size:
                self.add(clusters[same], int(numbers[same[0]]))

    def add_run(self, first: int, clusters: int, number: int) -> None:
        """So many clusters beside each other are reached by a set too."""
        self._runs.append((first, first + clusters, number))
        self._longest = max(self._longest, clusters)
        self._sorted = False

    def add_spots(self, clusters: Indices, numbers: Numbers) -> None:
        """Some clusters, sorted, are reached by a set each, too; this once."""
        self._spots = clusters, numbers

    def of(self, clusters: Indices) -> Numbers:
        """For some clusters the number of each one's set; 0 is the empty set.

        Raises:
            ImageError: there are too many distinct sets.
        """
        for first, stop, number in self._runs:
            self._set_of[first:stop] = self.united(self._set_of[first:stop], number)
        self._runs.clear()
        self.add(*self._spots)
        self._spots = _NOTHING
        return self._set_of[clusters]

    def between(self, first: int, stop: int) -> Numbers:
        """The same for all clusters from one to another, which is not to be changed.

        Raises:
            ImageError: there are too many distinct sets.
        """
        if not self._sorted:
            self._runs.sort()
            self._sorted = True
        parts: list[tuple[slice | Indices, int | Numbers]] = []
        at = bisect.bisect_left(self._runs, (first - self._longest,))
        for start, end, number in itertools.islice(self._runs, at, None):
            if start >= stop:
                break
            if end > first:
                parts.append((slice(max(start - first, 0), end - first), number))
        low, high = np.searchsorted(self._spots[0], (first, stop))
        if low < high:
            parts.append((self._spots[0][low:high] - first, self._spots[1][low:high]))
        found = self._set_of[first:stop]
        if parts:
            found = found.copy()
        for part, numbers in parts:
            wanted = self.united(found[part], numbers)
            found = found.astype(self._set_of.dtype, copy=False)
            found[part] = wanted
        return found

    def united(self, known: Numbers, numbers: int | Numbers) -> int | Numbers:
        """The numbers of sets, each united with another one.

        Raises:
            ImageError: there are too many distinct sets.
        """
        if not known.any():
            return numbers
        sets = len(self._sets)
        if isinstance(numbers, int):
            keys, most = known, sets
        else:
            keys, most = known.astype(np.int64) * sets + numbers, sets * sets

        def union(key: int) -> int:
            one, other = (key, numbers) if isinstance(numbers, int) else divmod(key, sets)
            return self.number(self._sets[one] | self._sets[other])

        if keys.size <= _FEW:
            return np.array([union(key) for key in keys.tolist()])
        if keys.size <= most or most > _MOST_PAIRS:
            distinct, places = np.unique(keys, return_inverse=True)
            found: Numbers = np.array([union(key) for key in distinct.tolist()])
            return found[places]
        seen = np.zeros(most, dtype=bool)
        seen[keys] = True
        found = np.zeros(most, dtype=np.int64)
        for key in np.flatnonzero(seen).tolist():
            found[key] = union(key)
        return found[keys]


class Unions:
    """The numbers of the unions of sets that stand behind each other.

    Args:
        reach: has the sets.
        numbers: of all of them.
    """

    def __init__(self, reach: ReachSets, numbers: Numbers) -> None:
        self._reach, self._numbers = reach, numbers
        self._alike: dict[bytes, int] = {}
        self._spans: dict[tuple[int, int], int] = {}

    def __call__(self, first: int, last: int) -> int:
        """Of all sets from one to another."""
        alike = self._numbers[first : last + 1].tobytes() if last - first < _FEW else b""
        number = self._alike.get(alike)
        if number is None:
            # two spans, which may overlap, are all of them
            level = (last - first + 1).bit_length() - 1
            all_ = self._span(first, level) | self._span(last + 1 - (1 << level), level)
            number = self._reach.number(all_)
            if alike:
                self._alike[alike] = number
            if len(self._alike) + len(self._spans) > _MOST_SPANS:
                self._alike.clear()
                self._spans.clear()
        return number

    def _span(self, first: int, level: int) -> int:
        """The union of so many sets as two to the power of a level."""
        if not level:
            return self._reach.members(int(self._numbers[first]))
        known = self._spans.get((first, level))
        if known is None:
            half = 1 << level - 1
            known = self._span(first, level - 1) | self._span(first + half, level - 1)
            self._spans[first, level] = known
        return known
