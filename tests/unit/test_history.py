"""What is told of a domain's past: pure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snaptui.model.domain import Domain, DomainKey, DomainState
from snaptui.model.operation_record import Outcome, Record, StepKind, StepRecord
from snaptui.model.snapshot import SnapshotSet
from snaptui.monitor.seen import MOST, Sight, Sights
from snaptui.operations.history import Undoable, newest_first, of_domain, subjects, undoable
from tests.unit.made import KEY, snapshot
from tests.unit.test_journal import RECORD

SAFETY = "safety-20261124T060000Z-old"


def step(kind: StepKind, subject: str, *, done: bool = True) -> StepRecord:
    return StepRecord(kind, subject, "words", "line", 1.0, 2.0 if done else None)


def record(*steps: StepRecord, outcome: Outcome | None = Outcome.DONE) -> Record:
    return replace(RECORD, steps=steps, outcome=outcome)


CREATE, REVERT = step(StepKind.CREATE, "new"), step(StepKind.REVERT, "old")
KEPT = step(StepKind.CREATE, SAFETY)
DELETE, EDIT = step(StepKind.DELETE, "old"), step(StepKind.EDIT, "old")
AGAIN = step(StepKind.REVERT, "old", done=False)


@pytest.mark.parametrize(
    ("one", "names", "expected"),
    [
        (record(CREATE), {"new"}, Undoable.DELETE),
        (record(CREATE), {"old"}, Undoable.SPENT),
        (record(CREATE), None, Undoable.UNKNOWN),
        (record(KEPT, REVERT), {SAFETY}, Undoable.UNDO),
        (record(KEPT, REVERT), set(), Undoable.SPENT),
        (record(REVERT), {"old"}, Undoable.NO),
        (record(KEPT, AGAIN, outcome=Outcome.FAILED), {SAFETY}, Undoable.DELETE),
        (record(DELETE), set(), Undoable.NO),
        (record(EDIT), {"old"}, Undoable.SAME),
        (record(EDIT, DELETE), {"old"}, Undoable.SAME),
        (record(AGAIN, outcome=Outcome.FAILED), {"old"}, Undoable.NOTHING),
        (replace(record(CREATE, AGAIN, outcome=None), alive=True), {"new"}, Undoable.NOTHING),
        (replace(record(CREATE, AGAIN, outcome=None), alive=False), {"new"}, Undoable.DELETE),
        (record(step(StepKind.OTHER, "")), set(), Undoable.NOTHING),
    ],
)
def test_whether_it_can_be_undone(one: Record, names: set[str] | None, expected: Undoable) -> None:
    assert undoable(one, names) is expected


def test_operations_of_several_programs_are_in_order_of_time() -> None:
    mine = [replace(RECORD, number=at, started=moment) for at, moment in ((1, 5.0), (2, 2.0))]
    theirs = [replace(RECORD, number=at, started=moment) for at, moment in ((1, 7.0), (2, 3.0))]
    assert [one.started for one in newest_first(*mine, *theirs)] == [7.0, 5.0, 3.0, 2.0]


def test_only_what_is_of_the_domain_is_its_history() -> None:
    mine = [replace(RECORD, started=moment) for moment in (1.0, 3.0, 2.0)]
    other, elsewhere = replace(RECORD, uuid="x"), replace(RECORD, host="other:///")
    found = of_domain((*mine, other, elsewhere), RECORD.host, RECORD.uuid)
    assert [one.started for one in found] == [3.0, 2.0, 1.0]


def test_a_safety_snapshot_is_not_what_a_revert_is_about() -> None:
    assert subjects(record(KEPT, REVERT)) == ("old",)
    assert subjects(record(KEPT)) == (SAFETY,)
    assert subjects(record(EDIT, DELETE)) == ("old",)


def names(*known: str, current: str | None = None, read: bool = True) -> SnapshotSet:
    return SnapshotSet(known, current, {name: snapshot(name) for name in known} if read else {})


def seen(sights: Sights, key: DomainKey = KEY) -> list[tuple[Sight, str, str]]:
    return [(one.sight, one.then, one.now) for one in sights.of(key)]


def test_what_is_there_at_first_was_not_seen_to_come() -> None:
    sights = Sights()
    sights.listed({KEY: Domain(KEY, "web", DomainState.RUNNING)})
    sights.read(KEY, names("one", current="one", read=False))
    sights.read(KEY, names("one", current="one"))
    assert seen(sights) == []


def test_each_change_is_seen_the_newest_first() -> None:
    sights, other = Sights(), DomainKey(KEY.host, "other")
    sights.listed({KEY: Domain(KEY, "web", DomainState.RUNNING)})
    sights.listed(
        {
            KEY: Domain(KEY, "web", DomainState.SHUTOFF),
            other: Domain(other, "new", DomainState.SHUTOFF),
        }
    )
    sights.read(KEY, names("one", current="one"))
    sights.read(KEY, names("one", "two", current="two"))
    sights.read(KEY, names("two", current="two"))
    sights.listed({KEY: Domain(KEY, "web", DomainState.SHUTOFF)})
    assert seen(sights) == [
        (Sight.DELETED, "one", ""),
        (Sight.CURRENT, "one", "two"),
        (Sight.TAKEN, "", "two"),
        (Sight.STATE, "running", "shut off"),
    ]
    assert seen(sights, other) == [(Sight.GONE, "new", ""), (Sight.DEFINED, "", "new")]


def test_it_is_bounded() -> None:
    sights = Sights()
    for at in range(MOST + 10):
        sights.read(KEY, names(str(at), read=False))
    assert len(sights.of(KEY)) == MOST
