"""How cost grows: clusters, snapshots, domains and hosts, each doubled four times."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from tests.bench.counting import CLUSTERS, many_clusters, run
from tests.bench.many import fill, ticks, uris
from tests.bench.table import Figure
from tests.lab import Lab
from tests.terminal import Terminal

DOUBLED = 4


def measure(lab: Lab) -> Iterator[Figure]:
    directory = lab.directory
    for what, first, cost in (
        ("clusters, one snapshot: counted", CLUSTERS // 16, lambda n: _counted(directory, n, 1)),
        ("snapshots, 96,000 clusters: counted", 6, lambda n: _counted(directory, CLUSTERS, n)),
        ("domains, 5 snapshots each: listed", 40, lambda n: _listed(lab, n, 1)),
        ("hosts, 10 domains each: listed", 2, lambda n: _listed(lab, 10, n)),
    ):
        yield from _doubled(what, first, cost)


def _doubled(what: str, first: int, cost: Callable[[int], float]) -> Iterator[Figure]:
    numbers = [first << step for step in range(DOUBLED + 1)]
    costs = [cost(number) for number in numbers]
    for number, value, note in zip(
        numbers, costs, ["", *(f"x {b / a:.2f}" for a, b in pairwise(costs))], strict=True
    ):
        yield Figure(f"{number:,} {what}", value * 1000, "ms", None, note)


def _counted(directory: Path, clusters: int, snapshots: int) -> float:
    """Seconds, the least of three times."""
    path = many_clusters(directory, snapshots, clusters)
    words = sys.executable, "-m", "tests.bench.count_once", str(path)
    least = min(float(run(*words)[1].split()[0]) for _ in range(3))
    path.unlink()
    return least


def _listed(lab: Lab, domains: int, hosts: int) -> float:
    """Seconds of a processor until all domains of all hosts are in the list."""
    fill(lab, domains, 5)
    with Terminal(uris(lab, hosts), module="snaptui") as terminal:
        words = f"{hosts} hosts" if hosts > 1 else f"{domains} domains"
        terminal.wait(words, "d0000", gone="connecting", seconds=60)
        seconds = ticks(terminal.process.pid) / os.sysconf("SC_CLK_TCK")
    lab.clean()
    return seconds
