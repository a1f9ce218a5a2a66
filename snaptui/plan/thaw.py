"""The plan that thaws a guest whose file systems somebody left frozen."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from snaptui.model import libvirt_codes
from snaptui.model.domain import DomainState
from snaptui.model.guest_agent import AGENTS_ASKED, Agent, AgentState
from snaptui.plan.checks import domain_checks
from snaptui.plan.facts import Facts
from snaptui.plan.loss import NOTHING_LOST
from snaptui.plan.outcome import NO_SPACE, End, UndoBy, after, undo
from snaptui.plan.plan import Plan, ThawIntent
from snaptui.plan.refusal import Refusal, refuse
from snaptui.plan.remark import remark
from snaptui.plan.steps.group import ThawGuest
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why

_NOT_ASKED = Agent(AgentState.UNKNOWN, reason="it was not asked")


def plan(intent: ThawIntent, facts: Facts) -> Plan:
    """Plan a thaw; only the agent in the guest knows whether there is anything to do."""
    name, step = facts.name, ThawGuest()
    return Plan(
        intent=intent,
        verb="Thaw",
        title=f"Thaw {name}",
        after=after(End.THAWED, facts.status.domain.state, domain=name),
        lost=NOTHING_LOST,
        undo=undo(UndoBy.NOT_NEEDED),
        space=NO_SPACE,
        refusals=_refusals(facts),
        warnings=(
            remark(Warn.COPY_NOT_OF_ONE_MOMENT),
            *domain_checks.unrecorded_warnings(facts.unrecorded),
        ),
        unchecked=(),
        lines=(step.virsh(facts.host, facts.status.domain),),
        steps=(step,),
        type_name=False,
    )


def _refusals(facts: Facts) -> tuple[Refusal, ...]:
    """libvirt looks first whether the guest runs (qemu_domain.c, qemuDomainAgentAvailable)."""
    name, agent, state = facts.name, facts.agent or _NOT_ASKED, facts.status.domain.state
    code = libvirt_codes.OPERATION_INVALID
    if state is DomainState.SHUTOFF:
        return (refuse(Why.THAW_OFF, code=code, domain=name),)
    if state not in AGENTS_ASKED:
        way, shown = Way.RESUME_GUEST, state.value
        return (refuse(Why.THAW_PAUSED, way, code=code, domain=name, state=shown),)
    if agent.state is AgentState.FROZEN:
        return ()
    why, round_, number = _CANNOT[agent.state]
    reason = f" ({agent.reason})" if agent.reason else ""
    return (refuse(why, round_, code=number, domain=name, reason=reason),)


_CANNOT: Mapping[AgentState, tuple[Why, Way | None, int | None]] = MappingProxyType(
    {
        AgentState.ANSWERS: (Why.NOT_FROZEN, None, None),
        AgentState.ABSENT: (Why.THAW_ABSENT, None, libvirt_codes.ARGUMENT_UNSUPPORTED),
        AgentState.DISCONNECTED: (
            Why.THAW_DISCONNECTED, Way.START_AGENT, libvirt_codes.AGENT_UNRESPONSIVE
        ),
        AgentState.SILENT: (Why.THAW_SILENT, Way.WAIT_OR_THAW_INSIDE, None),
        AgentState.UNKNOWN: (Why.THAW_FAILS, Way.LOOK_IN_GUEST, None),
    }
)  # fmt: skip
