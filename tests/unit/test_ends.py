"""What is told of operations outside of the screen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from snaptui.model.operation_record import Batch
from snaptui.operations.operation import Operation, Phase
from snaptui.operations.runner import Operations
from snaptui.plan.plan import CreateIntent
from snaptui.plan.planner import make_plan
from snaptui.ui.ends import notice_of, title_of
from tests.unit.made import HOST, KEY, facts


@pytest.fixture
def operations(tmp_path: Path) -> Operations:
    def never(_uri: str) -> object:
        raise AssertionError

    return Operations(never, state=tmp_path, on_change=lambda _: None)  # type: ignore[arg-type]  # never called


def operation(number: int, batch: Batch | None = None) -> Operation:
    plan = make_plan(CreateIntent(KEY, "new", ""), facts())
    return Operation(
        number, "web", HOST, "root@kvm7", plan, Phase.WAITING, 10.0 + number, batch=batch
    )


def test_one_is_told_at_its_end(operations: Operations) -> None:
    one = operation(1)
    operations.all[1] = one
    assert notice_of(one, operations) is None
    assert title_of(operations) == "Create a snapshot of web: waiting"
    over = replace(one, phase=Phase.DONE, ended=31.0)
    operations.all[1] = over
    assert notice_of(over, operations) == ("Create a snapshot of web: done", 20.0)
    assert title_of(operations) == "Create a snapshot of web: done"


def test_a_batch_is_told_once_when_the_last_one_ends(operations: Operations) -> None:
    batch = Batch(1, ("a", "b"))
    first, second = operation(1, batch), operation(2, batch)
    operations.all.update({1: first, 2: second})
    assert notice_of(first, operations) is None
    over = replace(first, phase=Phase.DONE, ended=15.0)
    operations.all[1] = over
    assert notice_of(over, operations) is None
    last = replace(second, phase=Phase.FAILED, ended=41.0)
    operations.all[2] = last
    told = notice_of(last, operations)
    assert told is not None
    assert told[1] == 30.0
    assert "of 2 taken" in told[0]
