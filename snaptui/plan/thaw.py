"""The plan that thaws a guest whose file systems somebody left frozen."""

from __future__ import annotations

from snaptui.model import Agent, AgentState
from snaptui.plan import checks
from snaptui.plan.facts import Facts
from snaptui.plan.group_steps import ThawGuest
from snaptui.plan.plan import Plan, ThawIntent
from snaptui.plan.refusal import Refusal

_NOT_ASKED = Agent(AgentState.UNKNOWN, reason="it was not asked")


def plan(intent: ThawIntent, facts: Facts) -> Plan:
    """Plan a thaw; only the agent in the guest knows whether there is anything to do."""
    name, step = facts.name, ThawGuest()
    warnings = [
        "Whoever froze it may be copying its disks: what is copied after this is not of one moment."
    ]
    if facts.unrecorded:
        warnings.append(checks.unrecorded_warning(facts.unrecorded))
    return Plan(
        intent=intent,
        verb="Thaw",
        title=f"Thaw {name}",
        after=f"The file systems of {name} take writes again; what waits for them goes on.",
        lost="nothing",
        undo="not needed",
        space="needs nothing",
        refusals=tuple(_refusals(name, facts.agent or _NOT_ASKED)),
        warnings=tuple(warnings),
        unchecked=(),
        lines=(step.virsh(facts.host, facts.status.domain),),
        steps=(step,),
        type_name=False,
    )


def _refusals(name: str, agent: Agent) -> list[str]:
    why = f" ({agent.reason})" if agent.reason else ""
    refusals: dict[AgentState, list[str]] = {
        AgentState.FROZEN: [],
        AgentState.ANSWERS: [f"Nothing in {name} is frozen: its agent says so."],
        AgentState.ABSENT: [
            Refusal(
                f"{name} has no channel for a guest agent, or is off: nothing can be frozen there.",
                code=checks.ARGUMENT_UNSUPPORTED,
            )
        ],
        AgentState.DISCONNECTED: [
            Refusal(
                f"{name} has no guest agent running, which alone can thaw. Start it in the guest, "
                "or thaw there (fsfreeze --unfreeze).",
                code=checks.AGENT_UNRESPONSIVE,
            )
        ],
        AgentState.SILENT: [
            f"The guest agent of {name} does not answer{why}. Wait, or thaw in the guest "
            "(fsfreeze --unfreeze)."
        ],
        AgentState.UNKNOWN: [f"The guest agent of {name} fails{why}. Look in the guest."],
    }
    return refusals[agent.state]
