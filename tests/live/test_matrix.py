"""A slice of the table of what plans foretell and libvirt does: ``make matrix`` has all of it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from snaptui.plan.plan import Intent, Plan
from snaptui.plan.planner import AnyFacts, make_plan
from snaptui.plan.refusal import Harm, refuse
from snaptui.plan.words.why import Why
from tests.lab import Lab
from tests.live.matrix import cell
from tests.live.matrix.cell import Bench, Cell, Result, cells
from tests.live.matrix.guest import Guest
from tests.live.matrix.harms import CHECKS, NEVER_SENT

SEED, CELLS, NEWER, NEWEST = 20261120, 9, 8, 5
SLOW = {"busy", "hung"}
"""What waits for libvirt to give up is for the whole table."""
DANGERS: dict[str, set[Harm]] = {
    "external, above it internal, taken shut off: a | shut off | delete": {Harm.INSIDE_LOST},
    "external a -> b of vda -> c, b -> d, taken shut off: c | shut off | delete": {Harm.OTHER_LOST},
    # by the times of its files, which are of a moment here, it may be known or not
    "internal a -> external b, back at a: b | shut off | revert as recorded": {
        Harm.OTHER_DATA,
        Harm.PERHAPS_OTHER_DATA,
    },
    "internal a -> external b, back at a: b | shut off | delete": set(),
}
"""What newer versions do with branches, and are not asked for."""


def words(cell: Cell) -> str:
    return f"{cell.world.words} | {cell.state} | {cell.ask.words}"


def some(number: int, version: tuple[int, int]) -> list[Cell]:
    quick = [
        cell
        for cell in cells()
        if not cell.world.tags & SLOW and not cell.world.restarts and cell.world.since <= version
    ]
    return random.Random(SEED).sample(quick, number)


def named(wanted: str) -> Cell:
    (found,) = [one for one in cells() if words(one) == wanted]
    return found


def judged(lab: Lab, cell: Cell) -> Result:
    bench = Bench(lab)
    try:
        return bench.run(cell)
    finally:
        bench.close()


@pytest.mark.parametrize("cell", some(CELLS, (9, 0)), ids=words)
def test_libvirt_does_as_foretold(lab: Lab, cell: Cell) -> None:
    result = judged(lab, cell)
    assert result.same, result


@pytest.mark.parametrize("cell", some(NEWER, (11, 3)), ids=words)
def test_a_newer_libvirt_does_as_foretold(newer_lab: Lab, cell: Cell) -> None:
    result = judged(newer_lab, cell)
    assert result.same, result


@pytest.mark.parametrize("cell", some(NEWEST, (11, 3)), ids=words)
def test_the_newest_libvirts_do_as_foretold(newest_lab: Lab, cell: Cell) -> None:
    result = judged(newest_lab, cell)
    assert result.same, result


def test_each_harm_is_looked_for() -> None:
    assert CHECKS.keys() | NEVER_SENT == set(Harm)
    assert not CHECKS.keys() & NEVER_SENT


@pytest.mark.parametrize("danger", DANGERS)
def test_what_a_newer_libvirt_breaks_is_foretold(newer_lab: Lab, danger: str) -> None:
    result = judged(newer_lab, named(danger))
    assert result.same, result
    assert result.answer.predicted in {one.value for one in DANGERS[danger]} or {cell.WORKS}


def test_what_would_bring_the_daemon_down_is_not_sent(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is judged by its plan alone: nothing is asked of libvirt, and its daemon is the same."""
    seen: list[list[str]] = []

    def refusing(intent: Intent, facts: AnyFacts) -> Plan:
        refusal = refuse(Why.NOTHING_CURRENT_REVERT, harm=Harm.CRASH)
        return replace(make_plan(intent, facts), refusals=(refusal,))

    def closed(bench: Bench, guest: Guest) -> None:
        seen.append(lab.snapshots(guest.name))
        clean(bench, guest)

    clean = Bench._clean
    monkeypatch.setattr(Bench, "_clean", closed)
    monkeypatch.setattr(cell, "make_plan", refusing)
    daemon = lab.daemon.pid
    result = judged(lab, named("no snapshot | shut off | create internal"))
    assert not result.answer.sent, result
    assert result.refused
    assert seen == [[]]
    assert lab.daemon.pid == daemon
