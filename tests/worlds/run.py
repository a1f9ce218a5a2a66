"""Worlds on each stack at the same time, and what they told, added up."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.stacks import Stack
from tests.worlds import place
from tests.worlds.coverage import Met
from tests.worlds.likely import meetings

HANGS = 300
"""Seconds without a word after which a world hangs."""
Told = Mapping[str, Any]
"""One line of :mod:`tests.worlds.inside`."""


@dataclass
class Sum:
    """What the worlds of one stack came to.

    Attributes:
        counted: worlds with two disks or domains, three features, an act of others and a plan that
            was carried out.
        met: how often two features, or one with itself, have met a verb.
        clean: worlds that count since the last one in which something was not true.
        down: features and verb of worlds in which something went down or hung, unforetold.
        broke: what went wrong with making or judging a world; it is counted nowhere else.
        about: what the world under way has, and what is done in it.
    """

    worlds: int = 0
    counted: int = 0
    plans: int = 0
    carried_out: int = 0
    undone: int = 0
    undo_lies: int = 0
    compared: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    lying: list[Told] = field(default_factory=list)
    features: list[int] = field(default_factory=list)
    met: Met = field(default_factory=Counter)
    down: list[list[str]] = field(default_factory=list)
    broke: list[str] = field(default_factory=list)
    clean: int = 0
    about: list[str] = field(default_factory=list)

    def add(self, told: Told) -> None:
        """With one line more, and one world more where it tells of a whole one."""
        if "about" in told:
            self.about = told["about"]
        elif "down" in told:
            self.down.append([told["down"], *self.about])
        elif "broke" in told:
            self.broke.append(told["broke"])
        else:
            self._add_world(told)

    def _add_world(self, told: Told) -> None:
        self.worlds += 1
        verdicts = told["verdicts"]
        self.plans += len(verdicts)
        self.features.append(len(told["features"]))
        done = sum(one["carried out"] for one in verdicts)
        large = told["disks"] > 1 or told["domains"] > 1
        counts = large and len(told["features"]) > 2 and bool(told["others"]) and done > 0
        self.counted += counts
        self.clean += counts
        self.carried_out += done
        for one in verdicts:
            self.undone += one["undone"]
            self.undo_lies += any(kind == "undo" for kind, _ in one["lies"])
            self.compared.update(one["compared"])
            self.unknown.update(one["unknown"])
        self.met.update(meetings(told["features"], (one["verb"] for one in verdicts)))
        if any(one["lies"] for one in verdicts):
            self.lying.append(told)
            self.clean = 0

    @property
    def kinds(self) -> set[str]:
        """Of the statements that are not true."""
        return {kind for told in self.lying for one in told["verdicts"] for kind, _ in one["lies"]}

    @property
    def words(self) -> Iterator[str]:
        """The end of a run, for people."""
        yield f"{self.worlds} worlds, {self.counted} of them count; {self.plans} plans asked"
        yield f"{self.carried_out} carried out, {self.undone} undone, {self.undo_lies} not as said"
        yield f"{sum(self.compared.values())} statements compared: {_list(self.compared)}"
        yield f"{sum(self.unknown.values())} say that something is not known: {_list(self.unknown)}"
        yield f"{len(self.lying)} worlds in which something is not true: {', '.join(self.kinds)}"
        yield f"features of a world: {median(self.features or [0]):g} in the median"
        if self.clean:
            rate = f"at most one in {self.clean / 3:.0f} (95 %)"
            yield f"nothing untrue in the last {self.clean} worlds that count: {rate}"
        for one in self.down:
            yield f"went down or hung, unforetold: {', '.join(one)}"
        yield from (f"not judged: {words}" for words in self.broke)


def _list(those: Counter[str]) -> str:
    return ", ".join(f"{kind} {number}" for kind, number in those.most_common())


def told(stack: Stack, seed: int, **environment: str) -> Iterator[Told]:
    """Run the worlds of a seed on a stack, in a place of their own; each as it is over.

    Where something went down or hung, or a world was not judged, the next is on another daemon.

    Raises:
        RuntimeError: there is no place, or no daemon in it; stderr says why.
    """
    first, last = int(environment.pop("FIRST", "0")), int(environment.pop("LAST", str(1 << 30)))
    while first < last:
        given = {"ROOT": str(stack.root), "SEED": str(seed), "FIRST": str(first)}
        went = None
        for line in _lines(given | {"LAST": str(last)} | environment):
            yield line
            if "number" in line:
                first = line["number"] + 1
            went = line.get("down", line.get("broke", went))
        if went is None:
            return
        first += 1


def _lines(environment: Mapping[str, str]) -> Iterator[Told]:
    running = place.start(["tests.worlds.inside"], environment)
    lines: queue.Queue[str | None] = queue.Queue()
    any_told = False

    def read() -> None:
        assert running.stdout is not None
        for line in running.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    try:
        while (line := lines.get(timeout=HANGS)) is not None:
            any_told = True
            yield json.loads(line)
        if code := running.wait():
            if not any_told:
                raise RuntimeError("no world was begun")
            yield {"broke": f"the worlds ended by themselves, with {code}"}
    except queue.Empty:
        yield {"down": "it hangs"}
    finally:
        running.kill()
        running.wait()


def add_up(stack: Stack, seed: int, **environment: str) -> Sum:
    """The sum over all worlds of a run."""
    found = Sum()
    for line in told(stack, seed, **environment):
        found.add(line)
    return found


def until(minutes: float) -> str:
    """For ``UNTIL``."""
    return str(time.time() + 60 * minutes)
