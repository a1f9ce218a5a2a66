"""A slice of the table of what is left after a fault: ``make faults`` has all of it."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from snaptui.demo.setups import HOST
from tests.lab import small_lab
from tests.live.faults.cell import ROOM, Bench, Cell, cells
from tests.live.faults.shim import before_qemu_img

SEED, CELLS, NEWER = 20261126, 2, 6
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


def some(names: Collection[str], number: int, version: tuple[int, int]) -> list[Cell]:
    """Those that are named, and a sample."""
    every = [one for one in cells() if one.act.since <= version]
    quick = [one for one in every if not any(word in one.words for word in SLOW)]
    named = [one for one in every if one.words in names]
    sample = random.Random(SEED).sample(quick, number)
    return [*named, *(one for one in sample if one not in named)]


@pytest.fixture(autouse=True)
def _unsigned() -> None:
    """Here it signs what it takes, as it does without a configuration."""


def bench_on(root: Path) -> Iterator[Bench]:
    with before_qemu_img() as shim, small_lab(ROOM, root) as lab:
        made = Bench(lab, shim)
        yield made
        made.close()


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    yield from bench_on(HOST)


@pytest.fixture(scope="module")
def newer_bench(trixie_root: Path) -> Iterator[Bench]:
    yield from bench_on(trixie_root)


@pytest.mark.parametrize("cell", some(NAMED, CELLS, (9, 0)), ids=lambda cell: cell.words)
def test_what_a_fault_leaves_is_told_and_nothing_is_lost(bench: Bench, cell: Cell) -> None:
    assert bench.run(cell).fine


@pytest.mark.parametrize("cell", some((), NEWER, (11, 3)), ids=lambda cell: cell.words)
def test_so_it_is_on_a_newer_libvirt(newer_bench: Bench, cell: Cell) -> None:
    assert newer_bench.run(cell).fine
