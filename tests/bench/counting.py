"""Counting images against ``qemu-img check``, and keys while a huge one is counted.

What both take is time of a processor: others may use the machine too.
"""

from __future__ import annotations

import random
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.keys import ROWS, presses
from tests.bench.table import Figure
from tests.lab import MIB, Lab, many_snapshots, qemu_img
from tests.terminal import Terminal

PAIRS = 9
CLUSTERS = 96_000
GIB = 1 << 30
SPARSE = 256 * GIB
BUDGETS = {1: 0.55, 10: 0.5, 50: 0.35}
"""By number of snapshots, of what qemu-img takes."""


def measure(lab: Lab) -> Iterator[Figure]:
    for snapshots in (1, 10, 50):
        path = many_clusters(lab.directory, snapshots)
        what = f"{CLUSTERS:,} clusters, {snapshots} snapshots"
        yield from _against_check(path, what, BUDGETS[snapshots])
        path.unlink()
    for options, budget in (("extended_l2=off", 0.5), ("extended_l2=on", 0.65)):
        path = _sparse(lab.directory, options)
        yield from _against_check(path, f"256 GiB, sparse, 4 snapshots, {options}", budget)
        path.unlink()
    lab.define("huge")
    path = lab.image("huge")
    path.unlink()
    qemu_img("create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", str(path), "1T")
    yield from _against_check(path, "tables of 1 TiB", 0.15, memory=40)
    yield from _keys(lab)
    lab.clean()


def many_clusters(directory: Path, snapshots: int, clusters: int = CLUSTERS) -> Path:
    """An image whose clusters are allocated, with 16 MiB written after each snapshot."""
    path = directory / f"clusters-{snapshots}.qcow2"
    size = clusters * 65536
    qemu_img("create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", str(path), str(size))
    chance = random.Random(snapshots)
    for number in range(snapshots):
        qemu_img("snapshot", "-c", f"s{number}", str(path))
        starts = [chance.randrange(size // MIB - 4) for _ in range(4)]
        words = [word for at in starts for word in ("-c", f"write {at}M 4M")]
        subprocess.run(["qemu-io", "-f", "qcow2", *words, path], check=True, stdout=-3)
    return path


def _sparse(directory: Path, options: str) -> Path:
    """An image of which each snapshot has other tables, with a few entries in each."""
    path = directory / "sparse.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-o", options, str(path), str(SPARSE))
    covered = (256 if options.endswith("on") else 512) * MIB
    chance = random.Random(4)
    for number in range(4):
        starts = [at + 65536 * chance.randrange(4000) for at in range(0, SPARSE, covered)]
        words = [word for at in starts for word in ("-c", f"write {at} 128k")]
        subprocess.run(
            ["qemu-io", "-t", "unsafe", "-f", "qcow2", *words, path], check=True, stdout=-3
        )
        qemu_img("snapshot", "-c", f"s{number}", str(path))
    return path


def _against_check(
    path: Path, what: str, budget: float, *, memory: float | None = None
) -> Iterator[Figure]:
    ours, whole, report, theirs, peak = [], [], [], [], 0.0
    for _ in range(PAIRS):
        seconds, printed = run(sys.executable, "-m", "tests.bench.count_once", str(path))
        counting, resident = map(float, printed.split())
        ours.append(counting)
        whole.append(seconds - counting)  # it counts twice
        peak = max(peak, resident / 1024)
        words = "-m", "snaptui", "report", "--json", str(path)
        report.append(run(sys.executable, *words)[0])
        theirs.append(run("qemu-img", "check", str(path))[0])
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    note = f"{statistics.median(ours) * 1000:.0f} ms, {statistics.median(theirs) * 1000:.0f} ms"
    yield Figure(f"count / qemu-img check: {what}", ratio, "", budget, note)
    ratio = statistics.median(a / b for a, b in zip(whole, theirs, strict=True))
    yield Figure("  the same, whole process with Python's start", ratio)
    ratio = statistics.median(a / b for a, b in zip(report, theirs, strict=True))
    yield Figure("  snaptui report --json of it", ratio)
    yield Figure("  peak of memory, with Python's own", peak, "MiB", memory)


def _keys(lab: Lab) -> Iterator[Figure]:
    many_snapshots(lab, "huge", ROWS)
    with Terminal(["-c", lab.uri, "huge"], size=(80, 24), module="tests.bench.endless") as terminal:
        terminal.wait(f"{ROWS} snapshots", "counting", gone=" read", seconds=60)
        yield from presses(terminal, "1 TiB counted")


def run(*command: str) -> tuple[float, str]:
    """Seconds of a processor that a whole process takes, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, printed
