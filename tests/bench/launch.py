"""From the command to the first list of domains, against a bare Textual app."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from tests.bench.table import Figure
from tests.lab import Lab
from tests.terminal import Terminal

PAIRS = 15
LISTING, NOTHING = 1.6, 1.8
"""Of bare apps with the same widgets, one that lists the domains too and one that does not."""


def measure(lab: Lab) -> Iterator[Figure]:
    for number in range(5):
        lab.define(f"domain{number}")
    ours, bare, empty = [], [], []
    for _ in range(PAIRS):
        empty.append(_seconds("tests.bench.baseline"))
        bare.append(_seconds("tests.bench.baseline", lab.uri))
        ours.append(_seconds("snaptui", "-c", lab.uri))
    yield Figure("launch to the first list of domains", statistics.median(ours), "s")
    for what, others, most in (
        ("opens and lists", bare, LISTING),
        ("opens nothing", empty, NOTHING),
    ):
        yield Figure(f"a bare app that {what}", statistics.median(others), "s")
        ratio = statistics.median(a / b for a, b in zip(ours, others, strict=True))
        yield Figure(f"launch: ratio, median of {PAIRS} pairs", ratio, "", most)
    lab.clean()


def _seconds(module: str, *arguments: str) -> float:
    started = time.perf_counter()
    with Terminal(arguments, module=module) as terminal:
        while b"domain4" not in terminal.raw:
            if not terminal.read(20):
                raise RuntimeError(f"{module} shows nothing:\n{terminal.text}")
        return time.perf_counter() - started
