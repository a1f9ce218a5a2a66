"""A slice of the table of what plans foretell and libvirt does: ``make matrix`` has all of it."""

from __future__ import annotations

import random

import pytest

from tests.lab import Lab
from tests.live.matrix.cell import Bench, Cell, Result, cells

SEED, CELLS, NEWER = 20261120, 9, 8
SLOW = {"busy", "hung"}
"""What waits for libvirt to give up is for the whole table."""
DANGERS = {
    "external, above it internal, taken shut off: a | shut off | delete": (
        "destroys what lies inside"
    ),
    "external s -> a -> b, a -> c, taken shut off: s | shut off | delete": "crashes the daemon",
    "external a -> b, back at a, which is forgotten, taken shut off: b | shut off | revert as "
    "recorded": "crashes the daemon",
    "external a -> b of vda -> c, b -> d, taken shut off: c | shut off | delete": (
        "destroys another image"
    ),
    "internal a -> external b, back at a: b | shut off | revert as recorded": (
        "brings back other data"
    ),
    "internal a -> external b, back at a: b | shut off | delete": "works",
}
"""What newer versions do with branches, and are not asked for."""


def words(cell: Cell) -> str:
    return f"{cell.world.words} | {cell.state} | {cell.ask.words}"


def some(number: int, version: tuple[int, int]) -> list[Cell]:
    quick = [
        cell
        for cell in cells()
        if not cell.world.tags & SLOW and not cell.world.restarts and cell.world.since <= version
    ]
    return random.Random(SEED).sample(quick, number)


def judged(lab: Lab, cell: Cell) -> Result:
    bench = Bench(lab)
    try:
        return bench.run(cell)
    finally:
        bench.close()


@pytest.mark.parametrize("cell", some(CELLS, (9, 0)), ids=words)
def test_libvirt_does_as_foretold(lab: Lab, cell: Cell) -> None:
    result = judged(lab, cell)
    assert result.same, result


@pytest.mark.parametrize("cell", some(NEWER, (11, 3)), ids=words)
def test_a_newer_libvirt_does_as_foretold(newer_lab: Lab, cell: Cell) -> None:
    result = judged(newer_lab, cell)
    assert result.same, result


@pytest.mark.parametrize("danger", DANGERS)
def test_what_a_newer_libvirt_breaks_is_foretold(newer_lab: Lab, danger: str) -> None:
    (cell,) = [cell for cell in cells() if words(cell) == danger]
    result = judged(newer_lab, cell)
    assert result.same, result
    assert result.predicted == DANGERS[danger]
