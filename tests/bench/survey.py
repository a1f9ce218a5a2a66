"""A host with many images: idle, then F over all of them, beside qemu-img info of each."""

from __future__ import annotations

import os
import re
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.many import CALM, IDLE, WINDOW, busy, fill, resident
from tests.bench.table import Figure
from tests.lab import Lab, qemu_img
from tests.terminal import Terminal

DOMAINS, SNAPSHOTS = 300, 10
PAIRS = 3
AT_ONCE = 4
"""Calls of qemu-img at the same time."""
UNDER_WAY = re.compile("reading d[0-9]|looking for|counting ")
QUIET = 1.0
"""Seconds without such words after which all has been read."""


def measure(lab: Lab) -> Iterator[Figure]:
    fill(lab, DOMAINS, SNAPSHOTS, images=True)
    of = f"{DOMAINS} images, {SNAPSHOTS} snapshots each"
    ours, theirs = [], []
    for number in range(PAIRS):
        theirs.append(_infos(lab))
        with Terminal(["-c", lab.uri, "d0000"], module="snaptui") as terminal:
            terminal.wait(f"{SNAPSHOTS} snapshots", seconds=60)
            pid = terminal.process.pid
            while busy(terminal, pid, WINDOW) > CALM:
                continue
            if number == 0:
                before = _switches(pid)
                yield Figure(f"{of}: idle", busy(terminal, pid, IDLE) * 100, "%", 1, "of a core")
                woken = (_switches(pid) - before) / IDLE
                yield Figure(f"{of}: threads woken in a second", woken)
                yield Figure(f"{of}: resident", resident(pid) / (1 << 20), "MiB", 80)
            ours.append(_all(terminal))
            if number == 0:
                yield Figure(f"{of}: after F", resident(pid) / (1 << 20), "MiB", 92)
    yield Figure(f"{of}: F", statistics.median(ours), "s")
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    note = f"{statistics.median(theirs):.2f} s"
    yield Figure(f"{of}: F / qemu-img info, {AT_ONCE} at a time", ratio, "", 4, note)
    lab.clean()


def _all(terminal: Terminal) -> float:
    """Seconds until the view of the file systems says that nothing more is read."""
    began = ended = time.monotonic()
    terminal.press("F")
    terminal.wait("with older", "s000", seconds=60)
    while time.monotonic() - ended < QUIET:
        terminal.read(0.05)
        if UNDER_WAY.search(terminal.text):
            ended = time.monotonic()
    return ended - began


def _infos(lab: Lab) -> float:
    """Seconds of qemu-img info of each image."""
    paths = [str(lab.image(f"d{number:04}")) for number in range(DOMAINS)]
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda path: qemu_img("info", path), paths))
    return time.monotonic() - began


def _switches(pid: int) -> int:
    """How often its threads have waited for something so far."""
    found = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        status = Path(f"/proc/{pid}/task/{thread}/status").read_text()
        told = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.MULTILINE)
        found += int(told[1]) if told is not None else 0
    return found
