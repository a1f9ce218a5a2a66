"""libvirt's numbers for states and reasons, those of a newer libvirt too."""

from __future__ import annotations

import libvirt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.backend.virt.states import domain_state
from snaptui.model.domain import DomainState, NewReason

STATES = {
    "NOSTATE": DomainState.NOSTATE,
    "RUNNING": DomainState.RUNNING,
    "BLOCKED": DomainState.BLOCKED,
    "PAUSED": DomainState.PAUSED,
    "SHUTDOWN": DomainState.SHUTDOWN,
    "SHUTOFF": DomainState.SHUTOFF,
    "CRASHED": DomainState.CRASHED,
    "PMSUSPENDED": DomainState.PMSUSPENDED,
}
WORDS = [
    ("RUNNING", "BOOTED", ""),
    ("RUNNING", "UNPAUSED", ""),
    ("RUNNING", "MIGRATED", "migrated"),
    ("RUNNING", "FROM_SNAPSHOT", ""),
    ("RUNNING", "WAKEUP", "woken up"),
    ("RUNNING", "POSTCOPY_FAILED", "post-copy failed"),
    ("PAUSED", "USER", ""),
    ("PAUSED", "IOERROR", "I/O error"),
    ("PAUSED", "WATCHDOG", "watchdog"),
    ("PAUSED", "SNAPSHOT", "snapshot"),
    ("PAUSED", "STARTING_UP", "starting"),
    ("PAUSED", "POSTCOPY_FAILED", "post-copy failed"),
    ("SHUTDOWN", "USER", "by user"),
    ("SHUTOFF", "SHUTDOWN", ""),
    ("SHUTOFF", "DESTROYED", "destroyed"),
    ("SHUTOFF", "FAILED", "failed"),
    ("SHUTOFF", "FROM_SNAPSHOT", "from snapshot"),
    ("SHUTOFF", "DAEMON", "daemon"),
    ("CRASHED", "PANICKED", "panicked"),
]


@pytest.mark.parametrize(("name", "state"), STATES.items())
def test_each_number_of_libvirt_is_its_state(name: str, state: DomainState) -> None:
    assert domain_state(getattr(libvirt, f"VIR_DOMAIN_{name}"), 0) == (state, None)


@pytest.mark.parametrize(("state", "reason", "words"), WORDS)
def test_each_reason_of_libvirt_has_its_words(state: str, reason: str, words: str) -> None:
    number = getattr(libvirt, f"VIR_DOMAIN_{state}")
    why = getattr(libvirt, f"VIR_DOMAIN_{state}_{reason}")
    found, told = domain_state(number, why)
    assert (found, told.value if told is not None else "") == (STATES[state], words)


@pytest.mark.parametrize("state", [-1, 8, 99])
def test_an_unknown_state_is_shown_as_a_number(state: int) -> None:
    assert domain_state(state, 1) == (DomainState.UNKNOWN, NewReason(state, "state"))


@pytest.mark.parametrize(("state", "reason"), [(1, 12), (3, 99), (5, -1), (0, 3), (7, 1)])
def test_an_unknown_reason_is_shown_as_a_number(state: int, reason: int) -> None:
    found, told = domain_state(state, reason)
    assert found is not DomainState.UNKNOWN
    assert told == NewReason(reason)
    assert told.value == f"reason {reason}"


@given(st.integers(), st.integers())
def test_no_number_is_an_error_and_unknown_domains_are_not_active(state: int, reason: int) -> None:
    found, _ = domain_state(state, reason)
    assert (found is DomainState.UNKNOWN) == (state not in range(8))
    assert found.active == (state in range(8) and state != 5)
