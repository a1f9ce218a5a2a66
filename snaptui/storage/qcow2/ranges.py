"""Ranges of bytes, as many as fit into arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from snaptui.storage.qcow2.mapping import Indices

_NOWHERE, _EVERYWHERE = np.array([-1]), np.array([np.iinfo(np.int64).max])


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges of bytes, sorted, that do not touch: from each of ``start`` to that of ``stop``."""

    start: Indices
    stop: Indices

    @property
    def length(self) -> int:
        """Bytes of all of them."""
        return int((self.stop - self.start).sum())

    def rounded(self, unit: int, end: int) -> Ranges:
        """Made larger to whole units, but not beyond ``end``."""
        start = self.start // unit * unit
        stop = np.minimum(-(-self.stop // unit) * unit, end)
        return joined(start, stop)

    def cut(self, start: int, stop: int) -> Ranges:
        """The parts between two places."""
        first = int(np.searchsorted(self.stop, start, "right"))
        last = int(np.searchsorted(self.start, stop, "left"))
        return Ranges(
            np.maximum(self.start[first:last], start), np.minimum(self.stop[first:last], stop)
        )

    def shared(self, other: Ranges) -> int:
        """Bytes that are in both."""
        return int((other.below(self.stop) - other.below(self.start)).sum())

    def without(self, other: Ranges) -> Ranges:
        """What is not in the other."""
        gaps = Ranges(np.append(_NOWHERE, other.stop), np.append(other.start, _EVERYWHERE))
        first = np.searchsorted(gaps.stop, self.start, "right")
        met = np.searchsorted(gaps.start, self.stop, "left") - first
        mine = np.repeat(np.arange(self.start.size), met)
        nth = np.arange(mine.size) - np.repeat(np.cumsum(met) - met, met)
        theirs = first[mine] + nth
        return Ranges(
            np.maximum(self.start[mine], gaps.start[theirs]),
            np.minimum(self.stop[mine], gaps.stop[theirs]),
        )

    def below(self, places: Indices) -> Indices:
        """For each place, the bytes of all ranges that lie below it."""
        if not self.start.size:
            return np.zeros(places.size, dtype=np.int64)
        before = np.zeros(self.start.size + 1, dtype=np.int64)
        np.cumsum(self.stop - self.start, out=before[1:])
        at = np.searchsorted(self.start, places, "right")
        last = np.maximum(at - 1, 0)
        inside_last = np.clip(places - self.start[last], 0, self.stop[last] - self.start[last])
        return np.where(at > 0, before[last] + inside_last, 0)

    def and_also(self, other: Ranges) -> Ranges:
        """What is in either."""
        start = np.concatenate([self.start, other.start])
        stop = np.concatenate([self.stop, other.stop])
        order = np.argsort(start, kind="stable")
        return joined(start[order], stop[order])


def joined(start: Indices, stop: Indices) -> Ranges:
    """Ranges sorted by where they start, with those that touch or overlap made one."""
    if not start.size:
        return Ranges(start, stop)
    stop = np.maximum.accumulate(stop)
    begins = np.ones(start.size, dtype=bool)
    begins[1:] = start[1:] > stop[:-1]
    first = np.flatnonzero(begins)
    last = np.append(first[1:] - 1, start.size - 1)
    return Ranges(start[first], stop[last])


def of_units(units: Indices, size: int) -> Ranges:
    """The ranges of units of a size, given by their sorted numbers."""
    return joined(units * size, (units + 1) * size)
