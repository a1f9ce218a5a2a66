"""Domain states and their reasons in words (libvirt-domain.h, virDomainState)."""

from __future__ import annotations

from snaptui.model import DomainState

_STATES = (
    DomainState.NOSTATE,
    DomainState.RUNNING,
    DomainState.BLOCKED,
    DomainState.PAUSED,
    DomainState.SHUTDOWN,
    DomainState.SHUTOFF,
    DomainState.CRASHED,
    DomainState.PMSUSPENDED,
)

_REASONS: dict[DomainState, tuple[str, ...]] = {
    DomainState.RUNNING: (
        "",
        "",
        "migrated",
        "restored",
        "",
        "",
        "migration cancelled",
        "save cancelled",
        "woken up",
        "crashed",
        "post-copy",
        "post-copy failed",
    ),
    DomainState.PAUSED: (
        "",
        "",
        "migrating",
        "saving",
        "dumping",
        "I/O error",
        "watchdog",
        "from snapshot",
        "shutting down",
        "snapshot",
        "crashed",
        "starting",
        "post-copy",
        "post-copy failed",
        "API error",
    ),
    DomainState.SHUTDOWN: ("", "by user"),
    DomainState.SHUTOFF: (
        "",
        "",
        "destroyed",
        "crashed",
        "migrated",
        "saved",
        "failed",
        "from snapshot",
        "daemon",
    ),
    DomainState.CRASHED: ("", "panicked"),
}
"""What an admin need not be told (booted, reverted, paused by hand) is empty."""


def domain_state(state: int, reason: int) -> tuple[DomainState, str]:
    """State and reason; numbers that a newer libvirt adds are shown as numbers."""
    if not 0 <= state < len(_STATES):
        return DomainState.UNKNOWN, f"state {state}"
    found = _STATES[state]
    words = _REASONS.get(found, ("",))
    return found, words[reason] if 0 <= reason < len(words) else f"reason {reason}"
