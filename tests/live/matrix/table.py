"""Running all cells, on two daemons at a time, and printing what came of them."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.lab import Lab
from tests.live.matrix.cell import Bench, Cell, Result, cells
from tests.live.matrix.undo import undos

WORKERS = 2
LONGEST = 400
_bench: Bench | None = None


def _start(directory: str) -> None:
    global _bench
    place = Path(directory) / str(os.getpid())
    place.mkdir()
    _bench = Bench(Lab(place))


def _run(number: int) -> Result:
    assert _bench is not None
    return _bench.run(cells()[number])


def _undo(number: int) -> list[str]:
    assert _bench is not None
    return _bench.undo(list(undos())[number])


def main(words: list[str]) -> int:
    """Run the cells; returns whether any differs, as an exit code."""
    wanted = [number for number, cell in enumerate(cells()) if _has(cell, words)]
    undone = [number for number, one in enumerate(undos()) if _all(words, f"undo | {one.words}")]
    directory = tempfile.mkdtemp(prefix="snaptui-", dir="/tmp")
    began = time.monotonic()
    results: list[Result] = []
    try:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(WORKERS, context, _start, (directory,)) as pool:
            for result in pool.map(_run, wanted, chunksize=1):
                _show(result, results[-1] if results else None)
                results.append(result)
            broken = _show_undos(undone, list(pool.map(_undo, undone, chunksize=1)))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    differ = [one for one in results if not one.same]
    print(f"\n{len(results)} cells in {time.monotonic() - began:.0f} s")
    print(f"{sum(one.predicted == 'works' for one in results)} work")
    print(f"{sum(one.refused for one in results)} are refused, of them")
    print(f"{sum(one.not_yet for one in results)} because snaptui does not do it yet")
    print(f"{len(differ)} in which libvirt does otherwise than predicted")
    print(f"{len(undone)} undos, {broken} of which bring back something else than promised")
    return 1 if differ or broken else 0


def _show_undos(numbers: list[int], all_wrong: list[list[str]]) -> int:
    """Print what came of them; returns how many broke their promise."""
    if numbers:
        print("\nA revert to an internal snapshot, its undo, and the undo of that")
    for number, wrong in zip(numbers, all_wrong, strict=True):
        print(f"  {list(undos())[number].words:<72} {'; '.join(wrong) or 'as promised'}")
    return sum(map(bool, all_wrong))


def _has(cell: Cell, words: list[str]) -> bool:
    return _all(words, f"{cell.world.words} | {cell.state} | {cell.ask.words}")


def _all(words: list[str], text: str) -> bool:
    return all(word in text for word in words)


def _show(result: Result, last: Result | None) -> None:
    if last is None or (last.world, last.state) != (result.world, result.state):
        print(f"\n{result.world}; the guest is {result.state}")
    mark = " " if result.same else "DIFFERS"
    print(f"  {result.ask:<38} {result.predicted:<34} {result.happened:<34} {mark}", flush=True)
    if not result.same:
        print(f"      {result.why[:LONGEST]}")
