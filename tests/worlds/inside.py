"""What runs in the place: worlds one after another on one daemon, told line by line as JSON.

Environment: ROOT of the stack; SEED, FIRST and LAST number, UNTIL when; or WORLDS, each as it was
told and with the lie that is planted; SHRINK to make smaller what is not true.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from tests.worlds import place
from tests.worlds.judge import judge
from tests.worlds.lies import LIES, Lying
from tests.worlds.machine import Down, Machine
from tests.worlds.making import World, worlds
from tests.worlds.steps import Step, take
from tests.worlds.verbs import Ask
from tests.worlds.verdict import Kind, Verdict

CARRIED = 2
"""Plans that are carried out in one world, one after another."""
AGAIN = "write -P 0x6b 1M 64k"
TRIES = 24
"""Worlds that are tried to make one that fails smaller."""
PATIENCE = 120
"""Seconds for that: where libvirt waits for a job that does not end, it does so for 30."""


def main() -> None:
    """Furnish the place, and go through the worlds."""
    root = Path(os.environ["ROOT"])
    place.furnish(root)
    machine = Machine(root)
    shrinks = "SHRINK" in os.environ
    for world, lie in _wanted():
        try:
            _tell(**_run(machine, world, LIES[lie], shrinks=shrinks))
        except Down as down:
            _tell(down=str(down))
            return
        except place.Outside:
            raise
        except Exception:
            _tell(broke=traceback.format_exc(), world=as_data(world))
            return


def _wanted() -> Iterator[tuple[World, str]]:
    """Worlds, and what is planted into their plans."""
    if told := os.environ.get("WORLDS"):
        yield from ((world_of(data), lie) for data, lie in json.loads(told))
        return
    first, last = int(os.environ["FIRST"]), int(os.environ["LAST"])
    until = float(os.environ.get("UNTIL", "inf"))
    for world in islice(worlds(int(os.environ["SEED"])), first, last):
        if time.time() >= until:
            return
        yield world, ""


def _run(machine: Machine, world: World, lying: Lying, *, shrinks: bool) -> dict[str, object]:
    """Build a world, judge it, and make it smaller where something is not true."""
    began = time.monotonic()
    verdicts, told = _judge(machine, world, lying)
    lies = [(verdict, lie) for verdict in verdicts for lie in verdict.lies]
    if lies and shrinks:
        kinds = {(verdict.verb, lie.kind) for verdict, lie in lies}
        world, told = _smaller(machine, world, lying, kinds, told)
    return {
        "number": world.number,
        "verdicts": [_as_data(one) for one in verdicts],
        "seconds": time.monotonic() - began,
        **told,
        "world": as_data(world) if lies else None,
        "recipe": told["recipe"] if lies else None,
    }


def _judge(machine: Machine, world: World, lying: Lying) -> tuple[list[Verdict], dict[str, object]]:
    verdicts: list[Verdict] = []
    carried = 0
    try:
        for step in world.steps:
            _tell(about=[*machine.done, step.act])
            take(machine, step)
        for ask in world.asks:
            _tell(about=[*machine.done, ask.verb])
            verdict = judge(machine, ask, lying)
            if verdict is not None:
                verdicts.append(verdict)
                carried += verdict.carried_out
                if verdict.carried_out:  # what is harmed is seen where something was written since
                    machine.make_room()
                    take(machine, Step("take images", ask.on))
                    take(machine, Step("write", ask.on, (AGAIN,)))
                if verdict.spoiled or carried == CARRIED:
                    break
        told: dict[str, object] = {
            "features": list(dict.fromkeys(machine.done)),
            "others": list(machine.others),
            "disks": sum(len(one.now) for one in machine.members.values()),
            "domains": len(machine.members),
            "recipe": list(machine.lines),
        }
    finally:
        machine.end()
    return verdicts, told


def _smaller(
    machine: Machine,
    world: World,
    lying: Lying,
    kinds: set[tuple[str, Kind]],
    told: dict[str, object],
) -> tuple[World, dict[str, object]]:
    """The smallest world that is found in which the same kind of statement is not true."""
    tries, changed = 0, True
    until = time.monotonic() + PATIENCE
    while changed and tries < TRIES:
        changed = False
        for at in reversed(range(len(world.steps) + len(world.asks))):
            steps = world.steps[:at] + world.steps[at + 1 :]
            number = at - len(world.steps)
            asks = world.asks
            if number >= 0:
                steps, asks = world.steps, asks[:number] + asks[number + 1 :]
            if not asks or tries >= TRIES or time.monotonic() > until:
                continue
            tries += 1
            less = replace(world, steps=steps, asks=asks)
            verdicts, found = _judge(machine, less, lying)
            if kinds & {(one.verb, lie.kind) for one in verdicts for lie in one.lies}:
                world, told, changed = less, found, True
    return world, told


def as_data(world: World) -> list[object]:
    """A world as JSON can hold it."""
    steps = [[one.act, one.on, *one.words] for one in world.steps]
    asks = [[one.verb, one.on, one.which] for one in world.asks]
    return [world.seed, world.number, steps, asks]


def world_of(data: list[object]) -> World:
    """The same back."""
    seed, number, steps, asks = data
    assert isinstance(seed, int)
    assert isinstance(number, int)
    assert isinstance(steps, list)
    assert isinstance(asks, list)
    return World(
        seed,
        number,
        tuple(Step(act, on, tuple(words)) for act, on, *words in steps),
        tuple(Ask(*one) for one in asks),
    )


def _as_data(verdict: Verdict) -> dict[str, object]:
    return {
        "verb": verdict.verb,
        "predicted": verdict.predicted,
        "happened": verdict.happened,
        "carried out": verdict.carried_out,
        "undone": verdict.undone,
        "compared": {kind.value: number for kind, number in verdict.compared.items()},
        "unknown": {kind.value: number for kind, number in verdict.unknown.items()},
        "lies": [[lie.kind.value, lie.words] for lie in verdict.lies],
    }


def _tell(**words: object) -> None:
    print(json.dumps(words), flush=True)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # with the first process of its namespace all the others end
