"""A slice of the table of what plans foretell and libvirt does: ``make matrix`` has all of it."""

from __future__ import annotations

import random

import pytest

from tests.lab import Lab
from tests.live.matrix.cell import Bench, Cell, cells

SEED, CELLS = 20261120, 12
SLOW = {"busy", "hung"}
"""What waits for libvirt to give up is for the whole table."""


def some() -> list[Cell]:
    quick = [cell for cell in cells() if not cell.world.tags & SLOW and not cell.world.restarts]
    return random.Random(SEED).sample(quick, CELLS)


@pytest.mark.parametrize(
    "cell", some(), ids=lambda cell: f"{cell.world.words}; {cell.state}; {cell.ask.words}"
)
def test_libvirt_does_as_foretold(lab: Lab, cell: Cell) -> None:
    bench = Bench(lab)
    try:
        result = bench.run(cell)
    finally:
        bench.close()
    assert result.same, result
