"""What the long tables share: cells on two daemons at a time, on each libvirt in turn."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Generic, TypeVar

from tests.stacks import Stack, chosen, missing, stacks

Bench = TypeVar("Bench")
WORKERS = 2
_places: list[Path] = []


def run(
    print_one: Callable[[ProcessPoolExecutor, Stack, Sequence[str]], bool], words: Sequence[str]
) -> int:
    """Print the table of each libvirt; returns whether one is not fine, as an exit code."""
    wanted = chosen()
    directory = tempfile.mkdtemp(prefix="snaptui-", dir="/tmp")
    try:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(WORKERS, context, _start, (directory,)) as pool:
            fine = [print_one(pool, stack, words) for stack in wanted]
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if left_out := [one for one in stacks() if one not in wanted]:
        print(f"Not run on, since STACKS names others: {'; '.join(map(str, left_out))}")
    print(missing())
    return 0 if all(fine) else 1


def _start(directory: str) -> None:
    place = Path(directory) / str(os.getpid())
    place.mkdir()
    _places.append(place)


class Benches(Generic[Bench]):
    """What this process runs cells on, by the root of the stack; each has a daemon of its own.

    Args:
        make: makes one of an empty directory and the root.
    """

    def __init__(self, make: Callable[[Path, Path], Bench]) -> None:
        self._make = make
        self._made: dict[Path, Bench] = {}

    def of(self, root: Path) -> Bench:
        if root not in self._made:
            place = _places[0] / str(len(self._made))
            place.mkdir()
            self._made[root] = self._make(place, root)
        return self._made[root]
