"""Which L2 tables the L1 tables of an image name, each once, and who reaches them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from snaptui.storage.qcow2.mapping import Indices
from snaptui.storage.qcow2.reach import Numbers, ReachSets


class Columns(NamedTuple):
    """L2 tables, those of one place of L1 tables behind each other, in an order that is kept.

    Attributes:
        tables: the clusters that they are.
        places: for each the place of the L1 tables.
        numbers: for each a number of those who reach it.
    """

    tables: Indices
    places: Indices
    numbers: Numbers


class FoundTables:
    """The L2 tables that L1 tables name, each once.

    Args:
        reach: is told who reaches them.
    """

    def __init__(self, reach: ReachSets) -> None:
        self._reach = reach
        self._tables, self._places = np.zeros((2, 0), dtype=np.int64)
        self._turns, self._numbers = np.zeros((2, 0), dtype=np.int64)
        self._turn = 0

    def add(self, tables: Indices, places: Indices, turns: Indices, sets: Sequence[int]) -> None:
        """Those of further L1 tables, in their order, and where in its L1 table each is.

        Args:
            turns: for each which of these L1 tables names it.
            sets: of each of these L1 tables the set of those who have it.

        Raises:
            ImageError: there are too many distinct sets.
        """
        order = np.argsort(tables, kind="stable")
        tables = tables[order]
        firsts = np.flatnonzero(np.diff(tables, prepend=-1))
        numbers = self._together(turns[order], firsts, sets)
        tables, order = tables[firsts], order[firsts]
        places, turns = places[order], turns[order] + self._turn
        self._turn += len(sets)
        at = np.searchsorted(self._tables, tables)
        new = np.ones(tables.size, dtype=bool)
        inside = at < self._tables.size
        new[inside] = self._tables[at[inside]] != tables[inside]
        known = at[~new]
        self._numbers[known] = self._reach.united(self._numbers[known], numbers[~new])
        if new.any():
            all_ = np.concatenate([self._tables, tables[new]])
            order = np.argsort(all_, kind="stable")
            self._tables = all_[order]
            self._places = np.concatenate([self._places, places[new]])[order]
            self._turns = np.concatenate([self._turns, turns[new]])[order]
            self._numbers = np.concatenate([self._numbers, numbers[new]])[order]

    def _together(self, turns: Indices, firsts: Indices, sets: Sequence[int]) -> Numbers:
        """The numbers of all who reach the same table: from one of ``firsts`` to the next."""
        if len(sets) == 1 or not firsts.size:
            return np.full(firsts.size, self._reach.number(sets[0]), dtype=np.int64)
        width = -(-max(sets).bit_length() // 64) * 8
        packed = b"".join(one.to_bytes(width, "little") for one in sets)
        rows = np.frombuffer(packed, dtype=np.uint64).reshape(len(sets), -1)[turns]
        rows = np.bitwise_or.reduceat(rows, firsts, axis=0)
        heads = np.append(True, (rows[1:] != rows[:-1]).any(axis=1))
        distinct = [int.from_bytes(row.tobytes(), "little") for row in rows[heads]]
        found = np.array(list(map(self._reach.number, distinct)), dtype=np.int64)
        in_all: Numbers = found[heads.cumsum() - 1]
        return in_all

    def in_columns(self) -> Columns:
        """All of them; those of a place in the order in which L1 tables were found to name them."""
        self._reach.add_spots(self._tables, self._numbers)
        order = np.lexsort((self._turns, self._places))
        return Columns(self._tables[order], self._places[order], self._numbers[order])
