"""Running all cells on two daemons at a time, and printing what came of them."""

from __future__ import annotations

import atexit
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import cache
from itertools import repeat
from pathlib import Path

from tests.lab import Lab, small_disk
from tests.live import tables
from tests.live.faults.cell import ROOM, Bench, Cell, cells
from tests.live.faults.judge import Verdict
from tests.live.faults.shim import Shim, before_qemu_img
from tests.live.tables import Benches
from tests.stacks import Stack
from tests.terminal import Terminal

_stack = ExitStack()
atexit.register(_stack.close)


@cache
def _shim() -> Shim:
    Terminal.forked = True
    return _stack.enter_context(before_qemu_img())


def _bench(place: Path, root: Path) -> Bench:
    _stack.enter_context(small_disk(place / "images", ROOM))
    return Bench(Lab(place, root), _shim())


_benches = Benches(_bench)


def _run(root: Path, number: int) -> Verdict:
    try:
        _shim()  # daemons find it only if it is there when they start
        return _benches.of(root).run(cells()[number])
    except Exception as error:  # a cell that breaks falls short, and the table goes on
        return Verdict(survived=f"{type(error).__name__}: {error}")


def main(words: Sequence[str]) -> int:
    """Run the cells; returns whether any falls short, as an exit code."""
    return tables.run(_print, words)


def _print(pool: ProcessPoolExecutor, stack: Stack, words: Sequence[str]) -> bool:
    """Print the table of one libvirt; returns whether no cell falls short."""
    wanted = [number for number, cell in enumerate(cells()) if _has(stack, cell, words)]
    if not wanted:
        return True
    print(f"\n===== {stack}")
    began, short = time.monotonic(), 0
    for number, verdict in zip(wanted, pool.map(_run, repeat(stack.root), wanted), strict=True):
        _show(cells()[number], verdict)
        short += not verdict.fine
    print(f"\n{stack}: {len(wanted)} cells, {short} fall short, ", end="")
    print(f"in {time.monotonic() - began:.0f} s")
    return not short


def _has(stack: Stack, cell: Cell, words: Sequence[str]) -> bool:
    text = f"{stack.version} | {cell.words}"
    return cell.act.since <= stack.number and all(word in text for word in words)


def _show(cell: Cell, verdict: Verdict) -> None:
    marks = [
        f"{'not ' if short else ''}{word}"
        for word, short in (
            ("survived", verdict.survived),
            ("told", verdict.told),
            ("intact", verdict.intact),
            ("recovered", verdict.recovered),
        )
    ]
    where = f"{cell.act.words:<26} {cell.moment.value:<26} {cell.fault.value:<30}"
    print(f"{where} {', '.join(marks)}", flush=True)
    for why in (verdict.survived, verdict.told, verdict.intact, verdict.recovered):
        if why:
            print(f"      {why}", flush=True)
