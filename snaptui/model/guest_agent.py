"""The agent in a guest, as it was when it was asked."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from snaptui.model.domain import DomainState

AGENTS_ASKED = frozenset({DomainState.RUNNING, DomainState.BLOCKED})
"""Of guests in these states libvirt asks the agent (qemu_domain.c, qemuDomainAgentAvailable)."""


class AgentState(enum.Enum):
    """What is known of the agent in a guest; the value is the word shown."""

    ABSENT = "not configured"
    DISCONNECTED = "not connected"
    SILENT = "does not answer"
    FROZEN = "frozen already"
    ANSWERS = "answers"
    UNKNOWN = "cannot be asked"


@dataclass(frozen=True, slots=True)
class Agent:
    """The guest agent of a domain, as it was when it was asked.

    Attributes:
        mounts: where the file systems are mounted that a freeze takes, in the guest's words;
            empty unless it answers.
        reason: why it does not answer or cannot be asked; may be empty.
        code: libvirt's error (virErrorNumber) for one that does not answer; ``None`` where it gave
            none, as when it waits still.
    """

    state: AgentState
    mounts: tuple[str, ...] = ()
    reason: str = ""
    code: int | None = None
