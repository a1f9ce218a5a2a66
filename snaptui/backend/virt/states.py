"""Domain states and their reasons (libvirt-domain.h, virDomainState)."""

from __future__ import annotations

from snaptui.model.domain import DomainState, NewReason, Reason

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

_REASONS: dict[DomainState, tuple[Reason | None, ...]] = {
    DomainState.RUNNING: (
        None,
        None,
        Reason.MIGRATED,
        Reason.RESTORED,
        None,
        None,
        Reason.MIGRATION_CANCELLED,
        Reason.SAVE_CANCELLED,
        Reason.WOKEN_UP,
        Reason.CRASHED,
        Reason.POST_COPY,
        Reason.POST_COPY_FAILED,
    ),
    DomainState.PAUSED: (
        None,
        None,
        Reason.MIGRATING,
        Reason.SAVING,
        Reason.DUMPING,
        Reason.IO_ERROR,
        Reason.WATCHDOG,
        Reason.FROM_SNAPSHOT,
        Reason.SHUTTING_DOWN,
        Reason.SNAPSHOT,
        Reason.CRASHED,
        Reason.STARTING,
        Reason.POST_COPY,
        Reason.POST_COPY_FAILED,
        Reason.API_ERROR,
    ),
    DomainState.SHUTDOWN: (None, Reason.BY_USER),
    DomainState.SHUTOFF: (
        None,
        None,
        Reason.DESTROYED,
        Reason.CRASHED,
        Reason.MIGRATED,
        Reason.SAVED,
        Reason.FAILED,
        Reason.FROM_SNAPSHOT,
        Reason.DAEMON,
    ),
    DomainState.CRASHED: (None, Reason.PANICKED),
}
"""What an admin need not be told (booted, reverted, paused by hand) is ``None``."""


def domain_state(state: int, reason: int) -> tuple[DomainState, Reason | NewReason | None]:
    """State and reason; numbers that a newer libvirt adds are kept as numbers."""
    if not 0 <= state < len(_STATES):
        return DomainState.UNKNOWN, NewReason(state, "state")
    found = _STATES[state]
    known = _REASONS.get(found, (None,))
    return found, known[reason] if 0 <= reason < len(known) else NewReason(reason)
