"""Running all cells on each libvirt, on two daemons at a time, and printing what came of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from types import MappingProxyType

from tests.lab import Lab
from tests.live import tables
from tests.live.matrix.cell import Bench, Cell, Foretold, Result, cells
from tests.live.matrix.undo import undos
from tests.live.tables import Benches
from tests.stacks import Stack

LONGEST = 400
_NO_UNDOS: Mapping[str, str] = MappingProxyType({})


class _Lab(Lab):
    quick = True


_benches = Benches(lambda place, root: Bench(_Lab(place, root)))


def _run(root: Path, number: int) -> Result:
    return _benches.of(root).run(cells()[number])


def _undo(root: Path, number: int) -> list[str]:
    return _benches.of(root).undo(list(undos())[number])


def main(words: Sequence[str]) -> int:
    """Run the cells; returns whether any differs, as an exit code."""
    return tables.run(_print, words)


def _print(pool: ProcessPoolExecutor, stack: Stack, words: Sequence[str]) -> bool:
    """Print the table of one libvirt; returns whether all of it is as predicted."""
    wanted = [i for i, cell in enumerate(cells()) if _has(stack, cell, words)]
    undone = [
        number
        for number, one in enumerate(undos())
        if one.since <= stack.number
        if _all(words, f"{stack.version} | undo | {one.words}")
    ]
    if not wanted and not undone:
        return True
    print(f"\n===== {stack}")
    began = time.monotonic()
    results: list[Result] = []
    for result in pool.map(_run, repeat(stack.root), wanted, chunksize=1):
        _show(result, results[-1] if results else None)
        results.append(result)
    broken = _show_undos(undone, list(pool.map(_undo, repeat(stack.root), undone, chunksize=1)))
    differ = [one for one in results if not one.same]
    foretold = Counter(one.answer.foretold for one in results)
    print(f"\n{stack}: {len(results)} cells in {time.monotonic() - began:.0f} s")
    print(f"{len(results) - len(differ)} in which libvirt does as predicted")
    print(f"{foretold[Foretold.WORKS]} work")
    print(f"{foretold[Foretold.NOT_CHECKED]} are not checked, and said to be")
    print(f"{sum(one.refused for one in results)} are refused, of them")
    print(f"{foretold[Foretold.NOT_YET]} because snaptui does not do it yet")
    needless = [one for one in results if one.needless]
    print(f"{len(needless)} needlessly: libvirt does it, and nothing is harmed")
    unsent = sum(not one.answer.sent for one in results)
    print(f"{unsent} refused by us: they would bring a program down")
    print(f"{len(differ)} in which libvirt does otherwise than predicted")
    print(f"{len(undone)} undos, {len(broken)} of which bring back something else than promised")
    _show_lines(f"What {stack} does otherwise than foretold", stack, differ, broken)
    _show_lines(f"What {stack} does, and is refused", stack, needless)
    return not differ and not broken


def _show_lines(
    title: str, stack: Stack, results: Sequence[Result], undone: Mapping[str, str] = _NO_UNDOS
) -> None:
    """In the form of a table, with what a line of ``abilities.py`` needs.

    Args:
        undone: by what was undone, what came of it instead.
    """
    if results or undone:
        print(f"\n{title}, to be reported or made a line:\n")
        print("| libvirt | QEMU | world | guest | asked | foretold | happened | why |")
        print("|---|---|---|---|---|---|---|---|")
    for one in results:
        said = one.answer
        cells = (one.world, one.state, one.ask, said.predicted, said.happened, said.why[:LONGEST])
        print(f"| {' | '.join((stack.version, stack.qemu, *cells))} |")
    for words, wrong in undone.items():
        cells = (words, "", "undo", "as promised", wrong[:LONGEST], "")
        print(f"| {' | '.join((stack.version, stack.qemu, *cells))} |")


def _show_undos(numbers: list[int], all_wrong: list[list[str]]) -> dict[str, str]:
    """Print what came of them; returns those that broke their promise, and how."""
    if numbers:
        print("\nA revert to a snapshot, its undo, and the undo of that")
    broken = {}
    for number, wrong in zip(numbers, all_wrong, strict=True):
        words, came = list(undos())[number].words, "; ".join(wrong)
        print(f"  {words:<72} {came or 'as promised'}")
        if wrong:
            broken[words] = came
    return broken


def _has(stack: Stack, cell: Cell, words: Sequence[str]) -> bool:
    if cell.world.since > stack.number:
        return False
    told = (stack.version, cell.world.words, cell.state, cell.ask.words)
    return _all(words, " | ".join(told))


def _all(words: Sequence[str], text: str) -> bool:
    return all(word in text for word in words)


def _show(result: Result, last: Result | None) -> None:
    if last is None or (last.world, last.state) != (result.world, result.state):
        print(f"\n{result.world}; the guest is {result.state}")
    mark = " " if result.same else "DIFFERS"
    answer = result.answer
    print(f"  {result.ask:<38} {answer.predicted:<34} {answer.happened:<34} {mark}", flush=True)
    if not result.same:
        print(f"      {answer.why[:LONGEST]}")
