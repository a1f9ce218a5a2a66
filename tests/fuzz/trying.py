"""Gives a reader many damaged inputs, and tells what it did with them."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Iterable
from dataclasses import dataclass, field

from snaptui.common.errors import SnaptuiError
from tests.fuzz.mutations import mutated
from tests.fuzz.readers import Reader

SEED = 20_261_124
SLOW = 5.0
"""Seconds for an input of some 100 kB, on a machine that does much else."""
MUCH = 64 << 20
"""Bytes of memory for one."""


@dataclass
class Tried:
    """What came of it.

    Attributes:
        refused: inputs that ended in an error in words, which all of them may.
        findings: inputs that did what none may, each with why.
        worst: seconds of the slowest.
        peak: bytes of memory that the largest took.
    """

    name: str
    inputs: int = 0
    refused: int = 0
    findings: list[tuple[str, bytes]] = field(default_factory=list)
    worst: float = 0.0
    peak: int = 0


def attempt(reader: Reader, inputs: int, seed: int = SEED) -> Tried:
    """Give it so many inputs, the same ones for the same seed."""
    chance = random.Random(f"{seed} {reader.name}")
    tried = Tried(reader.name)
    tracemalloc.start()
    try:
        for _ in range(inputs):
            data, places = chance.choice(reader.seeds)
            _one(reader, mutated(data, places, chance, text=reader.text), tried)
    finally:
        tracemalloc.stop()
    return tried


def _one(reader: Reader, data: bytes, tried: Tried) -> None:
    tried.inputs += 1
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    began = time.perf_counter()
    why = ""
    try:
        reader.read(data)
    except SnaptuiError as error:
        tried.refused += 1
        if not error.message:
            why = "an error without words"
    except Exception as error:  # whatever it is, it is a finding
        why = repr(error)
    took = time.perf_counter() - began
    peak = tracemalloc.get_traced_memory()[1] - before
    tried.worst, tried.peak = max(tried.worst, took), max(tried.peak, peak)
    if not why and took > SLOW:
        why = f"it took {took:.1f} s"
    if not why and peak > MUCH:
        why = f"it took {peak >> 20} MiB"
    if why:
        tried.findings.append((why, data))


def table(results: Iterable[Tried]) -> str:
    """What is printed."""
    titles = ("inputs", "refused", "findings", "worst", "peak")
    lines = ["{:20} {:>8} {:>8} {:>8} {:>9} {:>10}".format("reader", *titles)]
    lines += [
        f"{one.name:20} {one.inputs:8} {one.refused:8} {len(one.findings):8} "
        f"{one.worst * 1000:6.0f} ms {one.peak / (1 << 20):6.1f} MiB"
        for one in results
    ]
    return "\n".join(lines)
