"""What libvirt's errors say of the agent in a guest, and what a freeze makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import libvirt
import pytest

from snaptui.backend.virt import guest_agent
from snaptui.backend.virt.probe import Probe
from snaptui.model import libvirt_codes
from snaptui.model.choices import Form
from snaptui.model.domain import DomainState
from snaptui.model.guest_agent import Agent, AgentState
from snaptui.plan.create import create
from snaptui.plan.plan import CreateIntent
from snaptui.plan.words.why import Why
from tests.unit.made import KEY, facts

T = TypeVar("T")


class Failing(Probe):
    """Whose questions end with one error."""

    def __init__(self, error: Exception) -> None:
        super().__init__(lambda: libvirt.virConnect())
        self._error = error

    def ask(self, uuid: str, question: Callable[[libvirt.virDomain], T], patience: float) -> T:
        raise self._error


def said(code: int, message: str, monkeypatch: pytest.MonkeyPatch) -> Agent:
    error = libvirt.libvirtError("no")
    monkeypatch.setattr(error, "get_error_code", lambda: code)
    monkeypatch.setattr(error, "get_error_message", lambda: message)
    return guest_agent.agent("u", DomainState.RUNNING, True, Failing(error))


@pytest.mark.parametrize(
    ("code", "message", "state", "kept"),
    [
        (libvirt_codes.AGENT_UNRESPONSIVE, "not available", AgentState.SILENT, 86),
        (libvirt_codes.AGENT_COMMAND_TIMEOUT, "timed out", AgentState.SILENT, 112),
        (libvirt_codes.AGENT_COMMAND_FAILED, "disabled", AgentState.UNKNOWN, None),
        (libvirt_codes.AGENT_COMMAND_FAILED, "in frozen state", AgentState.FROZEN, None),
    ],
)
def test_one_that_falls_silent_is_none_that_refuses(
    code: int, message: str, state: AgentState, kept: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = said(code, message, monkeypatch)
    assert (found.state, found.code) == (state, kept)
    assert message in found.reason


def test_of_one_that_libvirt_waits_for_still_no_error_is_foretold() -> None:
    found = guest_agent.agent("u", DomainState.RUNNING, True, Failing(TimeoutError()))
    assert (found.state, found.code) == (AgentState.SILENT, None)


@pytest.mark.parametrize("code", [86, 112, None])
def test_the_error_that_a_freeze_meets_is_the_one_that_the_question_met(code: int | None) -> None:
    found = facts(agent=Agent(AgentState.SILENT, code=code))
    plan = create.plan(CreateIntent(KEY, "new", "", Form.DISK_ONLY, quiesce=True), found)
    assert [one.code for one in plan.refusals if one.why is Why.AGENT_SILENT] == [code]
