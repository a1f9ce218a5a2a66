"""Composing worlds by chance, the same ones for the same seed, and towards what never met."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import fsum

from tests.worlds import jobs as _jobs  # noqa: F401 - its acts are known then
from tests.worlds import others as _others  # noqa: F401 - and its
from tests.worlds import pools as _pools  # noqa: F401 - and its
from tests.worlds import records as _records  # noqa: F401 - and its
from tests.worlds.hardware import AGENT, HARDWARE
from tests.worlds.likely import features, meetings
from tests.worlds.sorts import PLAIN, SORTS
from tests.worlds.steps import ACTS, Step
from tests.worlds.verbs import OFTEN, VERBS, Ask

HARD = 0.15
"""Of so many domains the hardware is another than usual."""
FREEZES = 0.7
"""So many of the guests that have an agent are frozen by others."""
DRAFTS = 8
"""Of so many the one is taken in which most meets that never met."""
ASKED = 5
"""Questions to a world, of which some are carried out."""
FULL = 0.08
"""In so many worlds the file system of the images is full at the end."""
LEFT = ("0", "8", "64", "300", "2048")
"""KiB that may be left there."""
APART = ("freeze", "fill")
"""Acts of others that come where they are possible alone."""
BY_OTHERS = tuple(name for name, kind in ACTS.items() if kind.others and name not in APART)
OF_A_NEW_NAME = ("checkpoint", "unnamed", "lend", "overlay-by-hand", "pooled",
                 "unknown-volume", "volume-gone")  # fmt: skip
WRITES = (
    "write -P 0x3c 1M 512k",
    "write -P 0x5a 1536k 300k",
    "write -z 1M 512k",
    "discard 1M 1M",
    "write -P 0x77 2M 900k",
    "write -P 0x78 0x2c0000 64k",
)


@dataclass(frozen=True)
class World:
    """A host to be, and what is asked of it.

    Attributes:
        number: of its seed.
    """

    seed: int
    number: int
    steps: tuple[Step, ...]
    asks: tuple[Ask, ...]

    @property
    def met(self) -> list[tuple[str, str, str]]:
        """Features and verbs that meet in it, as far as its steps are possible."""
        return [*meetings(features(self.steps), (ask.verb for ask in self.asks))]


def worlds(seed: int) -> Iterator[World]:
    """Worlds without end."""
    met: Counter[tuple[str, str, str]] = Counter()
    number = 0
    while True:
        chance = random.Random(f"{seed} {number}")
        drafts = [_draft(seed, number, chance) for _ in range(DRAFTS)]
        best = max(drafts, key=lambda one: fsum(1 / (1 + met[those]) for those in one.met))
        met.update(best.met)
        yield best
        number += 1


def _draft(seed: int, number: int, chance: random.Random) -> World:
    steps = list(_domain("a", chance))
    names = ["a"]
    if chance.random() < 0.35:
        names.append("b")
    history = _History(chance)
    second = [*_second(chance)] if len(names) > 1 else []
    at = chance.randrange(3)
    answers = any(HARDWARE[word].agent for word in steps[0].words if word in HARDWARE)
    frozen_at = chance.randrange(6) if answers and chance.random() < FREEZES else -1
    for turn in range(chance.randint(3, 9)):
        if turn == at:
            steps += second
        if turn == frozen_at:
            steps += [Step("start", "a"), Step("freeze", "a")]
        on = "a" if len(names) == 1 or turn < at or chance.random() < 0.7 else "b"
        steps += history.next(on)
    if at >= turn:
        steps += second
    steps += history.by_others(chance.choice(names))
    if chance.random() < 0.4:
        steps.append(Step(chance.choice(("start", "pause", "power off", "power off")), "a"))
    if chance.random() < FULL:
        steps.append(Step("fill", "a", (chance.choice(LEFT),)))
    asks = []
    for _ in range(ASKED):
        verb = chance.choice(OFTEN) if chance.random() < 0.35 else chance.choice(list(VERBS))
        on = "a" if chance.random() < 0.8 else chance.choice(names)
        asks.append(Ask(verb, on, chance.randrange(8)))
    return World(seed, number, tuple(steps), tuple(asks))


def _domain(name: str, chance: random.Random) -> Iterator[Step]:
    number = chance.choice((1, 2, 2, 2, 3))
    keys = list(SORTS)
    sorts = [chance.choice(keys) if chance.random() < 0.6 else PLAIN for _ in range(number)]
    if chance.random() < HARD:
        sorts.append(chance.choice([*HARDWARE, AGENT]))
    yield Step("define-transient" if chance.random() < 0.04 else "define", name, tuple(sorts))


def _second(chance: random.Random) -> Iterator[Step]:
    how = chance.choice(("define", "define-clone", "define-clone", "define-same"))
    if how == "define":
        yield from _domain("b", chance)
    else:
        yield Step(how, "b", ("a",))


class _History:
    """What happens to domains one after another; names are those of what was before."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._names: dict[str, list[str]] = {"a": [], "b": []}
        self._number = 0

    def next(self, on: str) -> Iterator[Step]:
        """One thing more."""
        what = self._chance.random()
        if what < 0.45:
            yield from self._take(on)
        elif what < 0.6:
            yield Step(self._chance.choice(("start", "pause", "power off")), on)
        elif what < 0.68 and self._names[on]:
            yield Step("revert", on, (self._chance.choice(self._names[on]),))
        elif what < 0.72 and self._names[on]:
            yield Step("delete", on, (self._chance.choice(self._names[on]),))
        elif what < 0.76:
            yield Step("resize", on, (self._chance.choice(("up", "up", "down")),))
        elif what < 0.78:
            yield Step("save", on)
        else:
            yield from self.by_others(on)

    def _take(self, on: str) -> Iterator[Step]:
        kinds = ("internal", "internal", "internal", "external", "external", "external with RAM")
        kind = self._chance.choice(kinds)
        name = self._name()
        left = ("vdb",) if kind == "external" and self._chance.random() < 0.2 else ()
        yield Step(kind, on, (name, *left))
        self._names[on].append(name)
        yield Step("write", on, (self._chance.choice(WRITES),))

    def by_others(self, on: str) -> Iterator[Step]:
        """An act of another person."""
        act = self._chance.choice(BY_OTHERS)
        known = self._names[on]
        one = self._chance.choice(known) if known else "s0"
        which = str(self._chance.randrange(3))
        if act in ("unmanaged", "bitmap"):
            which = self._chance.choice(("all", "all", "0", "1")) if act == "unmanaged" else which
            name = one if known and self._chance.random() < 0.1 else self._name()
            yield Step(act, on, (name, which))
        elif act == "remove":
            yield Step(act, on, (str(self._chance.randrange(8)),))
        elif act == "set-time-back":
            yield Step(act, on, (which,))
        elif act in ("drop", "apply"):
            yield Step(act, on, (one, which))
        elif act in OF_A_NEW_NAME:
            yield Step(act, on, (self._name(),))
        elif act == "loose":
            yield Step(act, on, (self._name(), str(self._chance.randrange(4))))
        elif act in ("forget", "virsh-delete", "from-elsewhere", "recreate"):
            yield Step(act, on, (one,))
        elif act == "redefine":
            yield Step(act, on, (one, self._chance.choice(("time", "description"))))
        elif act == "attach":
            yield Step(act, on, ("vde",))
        else:
            yield Step(act, on)
        if self._chance.random() < 0.5:
            yield Step("write", on, (self._chance.choice(WRITES),))

    def _name(self) -> str:
        self._number += 1
        return f"s{self._number}"
