"""What is said of several operations at once: how many, the cause, the rest, what stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snaptui.model.domain import DomainState
from snaptui.model.operation_record import Batch, Became, Outcome, Record, StepKind, StepRecord
from snaptui.operations.batches import of_cut_short, of_operations
from snaptui.operations.operation import Operation, Phase, Stop
from snaptui.operations.recovery import Found, finding
from snaptui.plan.plan import RevertIntent
from snaptui.plan.planner import make_plans
from tests.unit.made import CREATED, HOST, KEY, facts, snapshot

GROUP = "group-20261125T120000Z-0aff"
NAMES = ("g01", "g02", "g03", "g04", "g10")
BATCH = Batch(7, NAMES, GROUP)
STOPPED_FOR = "Cancelled: the group is all-or-nothing. Not ready: g03."


def operation(at: int) -> Operation:
    (plan,) = make_plans([RevertIntent(KEY, "s1")], [facts(snapshot())])
    assert len(plan.steps) == 2
    return Operation(7 + at, NAMES[at], HOST, "root", plan, Phase.WAITING, CREATED, batch=BATCH)


def safety(of: Operation) -> str:
    return of.plan.steps[0].subject


def stopped(at: int, *, done: int, stop: Stop) -> Operation:
    times = tuple(float(number) for number in range(done))
    return replace(operation(at), done=done, began=times, finished=times).stopped(stop)


def test_the_cause_comes_first_then_the_rest_in_order_and_what_stays() -> None:
    others = Stop(STOPPED_FOR, "Press the key again.", because_of=(9,))
    cause = Stop("the disk is full", "Make room.", became=Became.NOT_DONE, sent=True)
    ends = [stopped(at, done=1, stop=others) for at in range(5)]
    ends[2] = stopped(2, done=0, stop=cause)
    told = of_operations(BATCH, ends)
    assert told.title == "s1: 0 of 5 reverted"
    first, second, third, fourth, fifth, *more = told.words.splitlines()
    assert first == "0 of 5 reverted; not g01, g02, g03, g04, g10."
    assert second == "g03: the disk is full"
    assert third == "  Nothing was changed. Make room."
    assert fourth == f"g01, g02, g04, g10: {STOPPED_FOR}"
    assert fifth == "  Press the key again."
    (stays,) = more
    assert all(f"{ends[at].name}: {safety(ends[at])}" in stays for at in (0, 1, 3, 4))
    assert f"g03: {safety(ends[2])}" not in stays


def test_all_that_ended_well_is_only_counted() -> None:
    ends = [
        replace(operation(at), phase=Phase.DONE, done=2, began=(1.0, 2.0), finished=(1.0, 2.0))
        for at in range(5)
    ]
    told = of_operations(BATCH, ends)
    assert told.title == "s1: 5 of 5 reverted"
    assert told.words == "5 of 5 reverted."


def taken_steps(*kinds: tuple[StepKind, str], begun: int, ended: int) -> tuple[StepRecord, ...]:
    """Steps, of which the first so many had begun, and ended."""
    return tuple(
        StepRecord(
            kind,
            subject,
            f"do {kind.value}",
            "virsh",
            began=1.0 if number < begun else None,
            ended=2.0 if number < ended else None,
        )
        for number, (kind, subject) in enumerate(kinds)
    )


def record(at: int, ended: int, *, outcome: Outcome | None = None) -> Record:
    """One that came so far: steps that ended, and the next one under way."""
    safety = (StepKind.CREATE, f"safety-20261125T130000Z-{at}")
    steps = taken_steps(safety, (StepKind.REVERT, "patch"), begun=ended + 1, ended=ended)
    return Record(
        7 + at, "h", "u", NAMES[at], f"Revert {NAMES[at]}", "root", 0.0, steps, outcome=outcome,
        batch=BATCH,
    )  # fmt: skip


def test_one_that_was_cut_short_is_told_member_by_member_with_what_each_needs() -> None:
    done = [record(at, 2, outcome=Outcome.DONE) for at in (0, 1)]
    cut, reverted = record(2, 1), record(3, 1)
    kept = cut.steps[0].subject
    found = {
        cut.number: finding(cut, Found(DomainState.SHUTOFF, ("patch", kept), kept)),
        reverted.number: finding(reverted, Found(DomainState.RUNNING, ("patch",), "patch")),
    }
    records = {one.number: one for one in (*done, cut, reverted)}
    told = of_cut_short(BATCH, records, found)
    assert told.title == "patch: 3 of 5 reverted"
    lines = told.words.splitlines()
    assert lines[0] == "3 of 5 reverted; not g03, g10."
    heads = [line.partition(":")[0] for line in lines[1:] if not line.startswith("  ")]
    assert heads == ["g03", "g10", "Safety snapshots that stay"]
    assert "  Revert it again." in lines
    assert lines[-2] == "g10: It was not started."
    assert f"g03: {kept}" in lines[-1]


def test_what_another_host_has_not_said_yet_is_not_judged() -> None:
    """Nor is it said of a group that is all or none that it is not whole."""
    first, second = a_create(0), a_create(1)
    records = {one.number: one for one in (first, second)}
    found = {
        one.number: finding(one, Found(DomainState.SHUTOFF, ("patch",), "patch"))
        for one in records.values()
    }
    told = of_cut_short(WHOLE, records, {first.number: found[first.number]})
    assert told.title == "patch: 1 of 2 taken, 1 not known yet"
    assert "Delete its snapshot" not in told.words
    assert f"{NAMES[1]}: Its host has not been asked yet" in told.words
    told = of_cut_short(WHOLE, records, found)
    assert told.title == "patch: 2 of 2 taken"


@pytest.mark.parametrize(
    ("current", "became", "done"),
    [("patch", Became.DONE, 1), ("other", Became.NOT_DONE, 0)],
)
def test_what_the_host_did_after_the_end_counts(current: str, became: Became, done: int) -> None:
    cut = record(0, 1)
    found = finding(cut, Found(DomainState.SHUTOFF, ("patch",), current))
    assert found.became is became
    batch = Batch(7, NAMES[:1], GROUP)
    told = of_cut_short(batch, {7: cut}, {7: found})
    assert told.title == f"patch: {done} of 1 reverted"


def a_create(at: int, outcome: Outcome | None = None, *, undone: bool = False) -> Record:
    """One of a group that is taken, and whose spread is noted then."""
    steps = taken_steps((StepKind.CREATE, "patch"), (StepKind.EDIT, "patch"), begun=1, ended=1)
    return Record(
        7 + at, "h", "u", NAMES[at], "Create", "root", 0.0, steps, outcome=outcome,
        batch=WHOLE, undone=undone,
    )  # fmt: skip


WHOLE = Batch(7, NAMES[:2], GROUP, whole=True)


def test_what_is_left_of_all_or_none_when_snaptui_ended_is_said_to_be_deleted() -> None:
    taken = a_create(0)
    found = {taken.number: finding(taken, Found(DomainState.SHUTOFF, ("patch",), "patch"))}
    told = of_cut_short(WHOLE, {taken.number: taken}, found)
    assert told.title == "patch: 1 of 2 taken"
    assert "g01: It was taken, and the group is all-or-nothing." in told.words
    assert "  Delete its snapshot." in told.words.splitlines()
    apart = replace(WHOLE, whole=False)
    assert "all-or-nothing" not in of_cut_short(apart, {taken.number: taken}, found).words


def test_what_was_deleted_again_is_not_called_taken() -> None:
    undone = a_create(0, Outcome.FAILED, undone=True)
    told = of_cut_short(WHOLE, {undone.number: undone}, {})
    assert told.title == "patch: 0 of 2 taken"
