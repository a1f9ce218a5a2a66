"""What a guest's agent says of itself, in libvirt's words and ours."""

from __future__ import annotations

import libvirt

from snaptui.backend.virt.errors import says_frozen, translated
from snaptui.backend.virt.probe import Probe
from snaptui.common.errors import SnaptuiError
from snaptui.model import libvirt_codes
from snaptui.model.domain import DomainState
from snaptui.model.guest_agent import AGENTS_ASKED, Agent, AgentState

PATIENCE = 6.0
"""Seconds to wait for the agent: libvirt gives it 5 to wake up, and for ever after that."""

_SILENT = {libvirt_codes.AGENT_UNRESPONSIVE, libvirt_codes.AGENT_COMMAND_TIMEOUT}
"""The second, of libvirt 11.2 and later, is for one that is there and leaves a command unanswered;
libvirt's binding may be older and not know it."""


def agent(uuid: str, state: DomainState, connected: bool | None, probe: Probe) -> Agent:
    """Ask the agent of a domain.

    Args:
        connected: what the live XML says of its channel; ``None`` when there is none.
    """
    if connected is None or not state.active:
        return Agent(AgentState.ABSENT)
    if state not in AGENTS_ASKED:
        return Agent(AgentState.SILENT, reason=f"the domain is {state.value}")
    if not connected:
        return Agent(AgentState.DISCONNECTED)
    try:
        return Agent(AgentState.ANSWERS, probe.ask(uuid, _mounts, PATIENCE))
    except TimeoutError:
        return Agent(AgentState.SILENT, reason=f"it said nothing for {PATIENCE:.0f} s")
    except libvirt.libvirtError as error:
        return _without_answer(error)
    except SnaptuiError as error:
        return Agent(AgentState.UNKNOWN, reason=error.message)


def _mounts(domain: libvirt.virDomain) -> tuple[str, ...]:
    """Where the file systems are mounted that a freeze takes.

    qemu-ga lists for guest-get-fsinfo the very mounts that guest-fsfreeze-freeze goes through
    (qga/commands-posix.c, build_fs_mount_list).
    """
    return tuple(mount for mount, *_ in domain.fsInfo())


def _without_answer(error: libvirt.libvirtError) -> Agent:
    reason = translated(error).message
    if (code := error.get_error_code()) in _SILENT:
        return Agent(AgentState.SILENT, reason=reason, code=code)
    state = AgentState.FROZEN if says_frozen(reason) else AgentState.UNKNOWN
    return Agent(state, reason=reason)
