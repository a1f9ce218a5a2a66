"""A slice of the table of what is left after a fault: ``make faults`` has all of it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.lab import small_lab
from tests.live.faults.cell import ROOM, Bench, Cell, cells
from tests.live.faults.shim import before_qemu_img

SEED, CELLS = 20261126, 2
SLOW = ("daemon stopped", "until given up", "external with RAM")
"""What waits for a link to be given up, or for RAM, is for the whole table."""
NAMED = (
    "create internal, running | between check and call | connection cut",
    "undo, off | during the call | daemon killed",
    "undo, off | during the call | program killed",
    "delete with children, off | between two steps | daemon killed",
    "create internal, running | during the call | domain destroyed",
    "delete marked, off | between call and read-back | another admin's delete",
    "revert, running | between call and read-back | another admin's snapshot",
    "create internal, running | between check and call | domain migrated away",
)
"""What once fell short."""


def some() -> list[Cell]:
    """Those that once fell short, and a sample."""
    every = [one for one in cells() if one.act.since <= (9, 0)]
    quick = [one for one in every if not any(word in one.words for word in SLOW)]
    named = [one for one in every if one.words in NAMED]
    return [*named, *(one for one in random.Random(SEED).sample(quick, CELLS) if one not in named)]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with before_qemu_img() as shim, small_lab(ROOM) as lab:
        made = Bench(lab, shim)
        yield made
        made.close()


@pytest.mark.parametrize("cell", some(), ids=lambda cell: cell.words)
def test_what_a_fault_leaves_is_told_and_nothing_is_lost(bench: Bench, cell: Cell) -> None:
    assert bench.run(cell).fine
