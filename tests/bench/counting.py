"""Counting images against ``qemu-img check``, and keys while a huge one is counted."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.keys import ROWS, presses
from tests.bench.table import Figure
from tests.lab import MIB, Lab, many_snapshots, qemu_img
from tests.terminal import Terminal

PAIRS = 9
CLUSTERS = 96_000
BUDGET = 0.6


def measure(lab: Lab) -> Iterator[Figure]:
    for snapshots in (1, 10, 50):
        path = _many_clusters(lab.directory, snapshots)
        yield from _against_check(path, f"{CLUSTERS:,} clusters, {snapshots} snapshots")
        path.unlink()
    lab.define("huge")
    path = lab.image("huge")
    path.unlink()
    qemu_img("create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", str(path), "1T")
    yield from _against_check(path, "tables of 1 TiB")
    yield from _keys(lab)
    lab.clean()


def _many_clusters(directory: Path, snapshots: int) -> Path:
    """An image whose clusters are allocated, with 16 MiB written after each snapshot."""
    path = directory / f"clusters-{snapshots}.qcow2"
    size = CLUSTERS * 65536
    qemu_img("create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", str(path), str(size))
    chance = random.Random(snapshots)
    for number in range(snapshots):
        qemu_img("snapshot", "-c", f"s{number}", str(path))
        starts = [chance.randrange(size // MIB - 4) for _ in range(4)]
        words = [word for at in starts for word in ("-c", f"write {at}M 4M")]
        subprocess.run(["qemu-io", "-f", "qcow2", *words, path], check=True, stdout=-3)
    return path


def _against_check(path: Path, what: str) -> Iterator[Figure]:
    ours, whole, theirs, peak = [], [], [], 0.0
    for _ in range(PAIRS):
        seconds, printed = _run(sys.executable, "-m", "tests.bench.count_once", str(path))
        counting, memory = map(float, printed.split())
        ours.append(counting)
        whole.append(seconds - counting)  # it counts twice
        peak = max(peak, memory / 1024)
        theirs.append(_run("qemu-img", "check", str(path))[0])
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    note = f"{statistics.median(ours) * 1000:.0f} ms, {statistics.median(theirs) * 1000:.0f} ms"
    yield Figure(f"count / qemu-img check: {what}", ratio, "", BUDGET, note)
    ratio = statistics.median(a / b for a, b in zip(whole, theirs, strict=True))
    note = f"peak {peak:.0f} MiB with Python's own"
    yield Figure("  the same, whole process with Python's start", ratio, "", None, note)


def _keys(lab: Lab) -> Iterator[Figure]:
    many_snapshots(lab, "huge", ROWS)
    with Terminal(["-c", lab.uri, "huge"], size=(80, 24), module="tests.bench.endless") as terminal:
        terminal.wait(f"{ROWS} snapshots", "counting", gone=" read", seconds=60)
        yield from presses(terminal, "1 TiB counted")


def _run(*command: str) -> tuple[float, str]:
    """Seconds of a whole process, and what it printed."""
    began = time.perf_counter()
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return time.perf_counter() - began, printed
