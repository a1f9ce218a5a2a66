"""The plan of a thaw follows what the guest's agent says."""

from __future__ import annotations

import pytest

from snaptui.model import libvirt_codes
from snaptui.model.domain import DomainState
from snaptui.model.guest_agent import Agent, AgentState
from snaptui.model.operation_record import StepKind
from snaptui.plan.plan import ThawIntent
from snaptui.plan.planner import make_plans
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.unit.made import KEY, assert_refused, assert_said, facts


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (AgentState.ANSWERS, Why.NOT_FROZEN),
        (AgentState.ABSENT, Why.THAW_ABSENT),
        (AgentState.DISCONNECTED, Why.THAW_DISCONNECTED),
        (AgentState.SILENT, Why.THAW_SILENT),
        (AgentState.UNKNOWN, Why.THAW_FAILS),
    ],
)
def test_only_a_frozen_guest_is_thawed(state: AgentState, why: Why) -> None:
    (plan,) = make_plans([ThawIntent(KEY)], [facts(agent=Agent(state, reason="why"))])
    assert_refused(plan, why)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (DomainState.SHUTOFF, Why.THAW_OFF),
        (DomainState.PAUSED, Why.THAW_PAUSED),
        (DomainState.PMSUSPENDED, Why.THAW_PAUSED),
    ],
)
@pytest.mark.parametrize("agent", [AgentState.ABSENT, AgentState.SILENT])
def test_that_a_guest_does_not_run_libvirt_says_first(
    state: DomainState, why: Why, agent: AgentState
) -> None:
    (plan,) = make_plans([ThawIntent(KEY)], [facts(state=state, agent=Agent(agent))])
    assert_refused(plan, why)
    assert [one.code for one in plan.refusals] == [libvirt_codes.OPERATION_INVALID]


def test_one_is_thawed_also_where_nothing_can_be_written_down() -> None:
    """What waits for the disk may be what fills it, and the journal is on it."""
    found = facts(agent=Agent(AgentState.FROZEN), unrecorded="No space left on device")
    (plan,) = make_plans([ThawIntent(KEY)], [found])
    assert plan.possible
    assert [step.kind for step in plan.steps] == [StepKind.THAW]
    assert_said(plan.warnings, Warn.NO_JOURNAL, reason="No space left on device")
    (unasked,) = make_plans([ThawIntent(KEY)], [facts()])
    assert_refused(unasked, Why.THAW_FAILS)
