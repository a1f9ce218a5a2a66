"""Which safety snapshot is the one to undo the last revert with."""

from __future__ import annotations

import pytest

from snaptui.plan.revert.safety import undo_points
from tests.unit.made import CREATED, snapshot

FIRST, SECOND, THIRD = (f"safety-20261025T0{hour}3000Z-a" for hour in (2, 1, 3))


@pytest.mark.parametrize("back", [0, 3600, 1_000_000_000])
def test_a_clock_that_was_set_back_makes_none_older_than_what_it_was_taken_upon(back: int) -> None:
    first = snapshot(FIRST, "base", created=CREATED)
    between = snapshot("between", FIRST, created=CREATED + 5)
    second = snapshot(SECOND, "between", created=CREATED + 10 - back)
    found = undo_points([second, first, snapshot("base", created=CREATED - 9), between])
    assert [one.name for one in found] == [SECOND, FIRST]


def test_on_branches_the_time_counts() -> None:
    found = undo_points(
        [
            snapshot(FIRST, "base", created=CREATED + 1),
            snapshot(THIRD, "base", created=CREATED + 2),
            snapshot("base", created=CREATED),
        ]
    )
    assert [one.name for one in found] == [THIRD, FIRST]


def test_parents_in_a_circle_end_it() -> None:
    found = undo_points([snapshot(FIRST, SECOND), snapshot(SECOND, FIRST)])
    assert {one.name for one in found} == {FIRST, SECOND}
