"""From a key to the paint, bytes for a move, and leaving; while the host is in trouble."""

from __future__ import annotations

import contextlib
import signal
import statistics
import threading
import time
from collections.abc import Iterator

from tests.bench.table import Figure
from tests.lab import Lab, many_snapshots
from tests.terminal import KEYS, Terminal

PRESSES = 500
ROWS = 1000


def measure(lab: Lab) -> Iterator[Figure]:
    lab.define("many")
    many_snapshots(lab, "many", ROWS)
    lab.define("busy", running=True)
    with Terminal(["-c", lab.uri, "many"], size=(80, 24)) as terminal:
        terminal.wait(f"{ROWS} snapshots", "n00000", gone=" read", seconds=60)
        yield from presses(terminal, "quiet")
        with _creating(lab):
            yield from presses(terminal, "a create running")
        began = time.perf_counter()
        lab.daemon.pause()
        try:
            terminal.wait("no answer")
            yield Figure("libvirtd stopped: until it is said", time.perf_counter() - began, "s", 10)
            yield from presses(terminal, "libvirtd stopped")
        finally:
            lab.daemon.resume()
        terminal.wait("connected")
        yield from _lost(lab, terminal)
        yield from _bytes(terminal)
        lab.daemon.pause()
        try:
            terminal.wait("no answer")
            yield Figure("libvirtd stopped: q to the end", _leave(terminal, b"q"), "s", 0.5)
        finally:
            lab.daemon.resume()
    with Terminal(["-c", lab.uri, "many"], size=(80, 24)) as terminal:
        terminal.wait(f"{ROWS} snapshots")
        lab.daemon.pause()
        try:
            terminal.wait("no answer")
            yield Figure("libvirtd stopped: SIGTERM to the end", _leave(terminal, b""), "s", 0.5)
        finally:
            lab.daemon.resume()
    lab.clean()


def _lost(lab: Lab, terminal: Terminal) -> Iterator[Figure]:
    began = time.perf_counter()
    lab.daemon.kill()
    terminal.wait("connection lost")
    yield Figure("libvirtd killed: until it is said", time.perf_counter() - began, "s", 10)
    began = time.perf_counter()
    lab.daemon.restart()
    terminal.wait("connected", gone="connection lost", seconds=60)
    yield Figure("libvirtd started: until it is connected to", time.perf_counter() - began, "s")


@contextlib.contextmanager
def _creating(lab: Lab) -> Iterator[None]:
    """A create on another domain that takes as long as the block does."""
    with lab.frozen("busy"):
        making = threading.Thread(
            target=lab.virsh, args=("snapshot-create-as", "busy", "b"), kwargs={"check": False}
        )
        making.start()
        yield
    making.join()


def presses(terminal: Terminal, when: str) -> Iterator[Figure]:
    """Down the list and up again; a press is painted when the screen's answer came in."""
    terminal.press("g")
    down = terminal.text
    times = []
    for number in range(PRESSES):
        while terminal.read(0.0):
            continue
        key = "down" if number < PRESSES // 2 else "up"
        began = time.perf_counter()
        terminal.type_ahead(KEYS[key])
        if not terminal.read(10):
            raise RuntimeError(f"no answer to a key:\n{terminal.text}")
        times.append((time.perf_counter() - began) * 1000)
        while terminal.read(0.01):
            continue
    terminal.until(lambda: _cursor(terminal.text) == _cursor(down), "the first row")
    times.sort()
    yield Figure(f"key to paint, {when}: median", statistics.median(times), "ms")
    yield Figure(f"key to paint, {when}: p99", times[int(PRESSES * 0.99)], "ms", 50)


def _cursor(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("▌"))[:40]


def _bytes(terminal: Terminal) -> Iterator[Figure]:
    """Moves that do not scroll, the details following; then in the list of domains."""
    for pane, limit in (("snapshots", 700), ("domains", 400)):
        if pane == "domains":
            terminal.press("left", "g")
        counts = []
        for number in range(20):
            before = terminal.received
            terminal.press("down" if number % 2 == 0 else "up")
            counts.append(terminal.received - before)
        yield Figure(f"bytes for a move among {pane}", statistics.median(counts), "B", limit)


def _leave(terminal: Terminal, key: bytes) -> float:
    began = time.perf_counter()
    if key:
        terminal.type_ahead(key.decode())
    else:
        terminal.signal(signal.SIGTERM)
    while terminal.process.poll() is None:
        terminal.read(0.005)
    return time.perf_counter() - began
