"""Running all cells on two daemons at a time, and printing what came of them."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path

from tests.lab import Lab
from tests.live.faults.cell import Bench, Cell, cells
from tests.live.faults.judge import Verdict
from tests.live.faults.shim import Shim, before_qemu_img
from tests.stacks import Stack, missing, stacks
from tests.terminal import Terminal

WORKERS = 2
_stack = ExitStack()
_shims: list[Shim] = []
_place = Path()
_benches: dict[Path, Bench] = {}


def _start(directory: str) -> None:
    global _place
    _place = Path(directory) / str(os.getpid())
    _place.mkdir()
    Terminal.forked = True
    _shims.append(_stack.enter_context(before_qemu_img()))


def _run(root: Path, number: int) -> Verdict:
    try:
        if root not in _benches:
            place = _place / str(len(_benches))
            place.mkdir()
            _benches[root] = Bench(Lab(place, root=root), _shims[0])
        return _benches[root].run(cells()[number])
    except Exception as error:  # a cell that breaks falls short, and the table goes on
        return Verdict(survived=f"{type(error).__name__}: {error}")


def main(words: list[str]) -> int:
    """Run the cells; returns whether any falls short, as an exit code."""
    directory = tempfile.mkdtemp(prefix="snaptui-", dir="/tmp")
    try:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(WORKERS, context, _start, (directory,)) as pool:
            fine = [_print(pool, stack, words) for stack in stacks()]
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(missing())
    return 0 if all(fine) else 1


def _print(pool: ProcessPoolExecutor, stack: Stack, words: list[str]) -> bool:
    """Print the table of one libvirt; returns whether no cell falls short."""
    wanted = [number for number, cell in enumerate(cells()) if _has(stack, cell, words)]
    if not wanted:
        return True
    print(f"\n===== libvirt {stack.version}")
    began, short = time.monotonic(), 0
    for number, verdict in zip(wanted, pool.map(_run, repeat(stack.root), wanted), strict=True):
        _show(cells()[number], verdict)
        short += not verdict.fine
    print(f"\nlibvirt {stack.version}: {len(wanted)} cells, {short} fall short, ", end="")
    print(f"in {time.monotonic() - began:.0f} s")
    return not short


def _has(stack: Stack, cell: Cell, words: list[str]) -> bool:
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
