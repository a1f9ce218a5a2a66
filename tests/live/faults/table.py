"""Running all cells on two daemons at a time, and printing what came of them."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from tests.lab import Lab
from tests.live.faults.cell import Bench, cells
from tests.live.faults.judge import Verdict
from tests.live.faults.shim import before_qemu_img
from tests.terminal import Terminal

WORKERS = 2
_stack = ExitStack()
_benches: list[Bench] = []


def _start(directory: str) -> None:
    place = Path(directory) / str(os.getpid())
    place.mkdir()
    Terminal.forked = True
    shim = _stack.enter_context(before_qemu_img())
    _benches.append(Bench(Lab(place), shim))


def _run(number: int) -> Verdict:
    try:
        return _benches[0].run(cells()[number])
    except Exception as error:
        return Verdict(survived=f"{type(error).__name__}: {error}")


def main(words: list[str]) -> int:
    """Run the cells; returns whether any falls short, as an exit code."""
    wanted = [n for n, cell in enumerate(cells()) if all(word in cell.words for word in words)]
    directory, began, short = tempfile.mkdtemp(prefix="snaptui-", dir="/tmp"), time.monotonic(), 0
    try:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(WORKERS, context, _start, (directory,)) as pool:
            for number, verdict in zip(wanted, pool.map(_run, wanted), strict=True):
                _show(number, verdict)
                short += not verdict.fine
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"\n{len(wanted)} cells, {short} fall short, in {time.monotonic() - began:.0f} s")
    return 1 if short else 0


def _show(number: int, verdict: Verdict) -> None:
    cell = cells()[number]
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
