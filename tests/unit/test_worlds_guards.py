"""Before each act of a world made by chance stands what is known of its harms."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.worlds import making
from tests.worlds.guards import GUARDS, UNGUARDED
from tests.worlds.machine import DidNot
from tests.worlds.steps import ACTS, Act, Step, take


def test_before_each_act_a_plan_is_asked_or_it_is_said_why_not() -> None:
    assert making.BY_OTHERS, "they are known"
    assert not GUARDS.keys() & UNGUARDED.keys()
    assert GUARDS.keys() | UNGUARDED.keys() == ACTS.keys()


def test_an_act_that_its_plan_would_not_send_is_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def never(intent: Any) -> None:
        done.append(type(intent).__name__)
        raise DidNot("it is never sent")

    member = SimpleNamespace(domain=object(), key=None)
    machine: Any = SimpleNamespace(members={"a": member}, safe=never, alive=lambda: None)
    monkeypatch.setitem(ACTS, "revert", Act(lambda *_: done.append("reverted")))
    assert not take(machine, Step("revert", "a", ("s1",)))
    assert done == ["RevertIntent"]
