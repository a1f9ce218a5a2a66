"""The agent in a guest, asked before a create, in every state that it can be in."""

from __future__ import annotations

from collections.abc import Iterator

import libvirt
import pytest

from snaptui.backend.virt import guest_agent
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import HostError, SnaptuiError
from snaptui.discovery.domain_facts import read_facts
from snaptui.model import libvirt_codes
from snaptui.model.choices import Form
from snaptui.model.domain import DomainKey
from snaptui.model.guest_agent import Agent, AgentState
from snaptui.plan.plan import CreateIntent, HoldIntent
from snaptui.plan.words.why import Why
from tests.agent import Silence, voiced
from tests.guest import NAME, Guest, skip_without
from tests.lab import Lab
from tests.live.planned import planned
from tests.unit.made import assert_refused


@pytest.fixture
def backend(lab: Lab) -> Iterator[LibvirtBackend]:
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    yield backend
    backend.abandon()


def a_freeze(key: DomainKey) -> CreateIntent:
    return CreateIntent(key, "a", "", Form.DISK_ONLY, quiesce=True)


def asked(backend: LibvirtBackend, key: DomainKey) -> Agent | None:
    """What the facts of a create with a freeze say."""
    return read_facts(backend, backend.connect(), a_freeze(key)).agent


def test_it_answers_with_what_a_freeze_takes(guest: Guest, backend: LibvirtBackend) -> None:
    shown = guest.lab.virsh("domfsinfo", NAME).split()[0]
    assert (
        asked(backend, guest.key) == Agent(AgentState.ANSWERS, (shown,)) == backend.agent(guest.key)
    )
    assert guest.agent("guest-fsfreeze-freeze") == 1, "file systems that it freezes"
    guest.agent("guest-fsfreeze-thaw")

    reader = LibvirtBackend(guest.lab.uri, read_only=True)
    reader.connect()
    found = reader.agent(guest.key)
    assert found.state is AgentState.UNKNOWN
    assert "read only" in found.reason
    reader.abandon()


def test_it_is_asked_only_for_a_freeze_that_is_planned(
    lab: Lab, backend: LibvirtBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not again before and after the step, where libvirt would be asked to wait twice more."""
    web, host = lab.define("web", running=True), backend.connect()
    asked_of: list[DomainKey] = []

    def agent(_self: LibvirtBackend, key: DomainKey) -> Agent:
        asked_of.append(key)
        return Agent(AgentState.ANSWERS)

    monkeypatch.setattr(LibvirtBackend, "agent", agent)
    read_facts(backend, host, HoldIntent(web, "a", True))
    read_facts(backend, host, CreateIntent(web, "a", ""))
    read_facts(backend, host, a_freeze(web), ask_agent=False)
    assert asked_of == []
    read_facts(backend, host, a_freeze(web))
    assert asked_of == [web]


def test_one_that_somebody_froze_says_so(guest: Guest, backend: LibvirtBackend) -> None:
    guest.agent("guest-fsfreeze-freeze")
    found = asked(backend, guest.key)
    assert found is not None
    assert (found.state, found.mounts) == (AgentState.FROZEN, ())
    assert "frozen state" in found.reason
    assert guest.frozen
    guest.agent("guest-fsfreeze-thaw")
    assert backend.agent(guest.key).state is AgentState.ANSWERS


@pytest.mark.parametrize("which", ["lab", "newer_lab"])
def test_libvirts_error_for_a_guest_that_is_frozen_is_foretold(
    which: str, request: pytest.FixtureRequest
) -> None:
    """libvirt has one of its own for it since 11.2."""
    skip_without()
    lab: Lab = request.getfixturevalue(which)
    guest = Guest(lab)
    guest.agent("guest-fsfreeze-freeze")
    plan = planned(lab, a_freeze(guest.key))
    assert_refused(plan, Why.AGENT_FROZEN)
    connection = libvirt.open(lab.uri)
    flags = (
        libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE
    )
    with pytest.raises(libvirt.libvirtError) as refused:
        connection.lookupByName(NAME).snapshotCreateXML("<domainsnapshot/>", flags)
    connection.close()
    assert {one.code for one in plan.refusals} == {refused.value.get_error_code()}
    guest.agent("guest-fsfreeze-thaw")


def test_libvirts_error_for_a_command_that_is_not_answered_is_foretold(every_lab: Lab) -> None:
    """It has one of its own for it since 11.2, too."""

    def silent() -> None:
        raise Silence

    skip_without()
    with voiced(every_lab) as guest:
        connection = libvirt.open(every_lab.uri)
        domain = connection.lookupByName(NAME)
        domain.agentSetResponseTimeout(1, 0)
        guest.voice.answers |= {"guest-get-fsinfo": silent, "guest-fsfreeze-freeze": silent}
        plan = planned(every_lab, a_freeze(guest.key))
        flags = (
            libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
            | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE
        )
        with pytest.raises(libvirt.libvirtError) as refused:
            domain.snapshotCreateXML("<domainsnapshot/>", flags)
        connection.close()
        assert_refused(plan, Why.AGENT_SILENT)
        assert {one.code for one in plan.refusals} == {refused.value.get_error_code()}


def test_a_command_of_its_own_is_answered_or_an_error(
    guest: Guest, backend: LibvirtBackend
) -> None:
    assert backend.agent_command(guest.key, "guest-fsfreeze-status", {}, 20) == "thawed"
    path = {"path": "/nowhere", "mode": "r"}
    with pytest.raises(HostError, match="No such file"):
        backend.agent_command(guest.key, "guest-file-open", path, 20)
    reader = LibvirtBackend(guest.lab.uri, read_only=True)
    reader.connect()
    with pytest.raises(SnaptuiError, match="read only"):
        reader.agent_command(guest.key, "guest-ping", {}, 20)
    reader.abandon()


def test_one_that_has_stopped_does_not_answer(
    guest: Guest, backend: LibvirtBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest.stop_agent()
    guest.lab.virsh("guest-agent-timeout", NAME, "--timeout=1")
    found = asked(backend, guest.key)
    assert found is not None
    assert (found.state, found.mounts) == (AgentState.SILENT, ())
    assert "not available" in found.reason
    assert not backend.status(guest.key).hung, "it is the agent that is silent, not QEMU"
    monkeypatch.setattr(guest_agent, "PATIENCE", 0.0)
    assert "said nothing" in backend.agent(guest.key).reason
    monkeypatch.setattr(guest_agent, "PATIENCE", 60.0)
    assert "said nothing" in backend.agent(guest.key).reason, "it still owes the first answer"


def test_one_that_has_ended_is_not_connected(guest: Guest, backend: LibvirtBackend) -> None:
    guest.end_agent()
    assert asked(backend, guest.key) == Agent(AgentState.DISCONNECTED)


def test_one_that_is_not_there_is_not_configured(lab: Lab, backend: LibvirtBackend) -> None:
    plain = lab.define("plain", running=True)
    assert asked(backend, plain) == Agent(AgentState.ABSENT)


def test_one_in_a_guest_that_does_not_run_is_not_asked(
    guest: Guest, backend: LibvirtBackend
) -> None:
    guest.lab.suspend(NAME)
    assert asked(backend, guest.key) == Agent(AgentState.SILENT, reason="the domain is paused")
    guest.lab.destroy(NAME)
    assert backend.agent(guest.key) == Agent(AgentState.ABSENT)
    assert asked(backend, guest.key) is None


def test_a_disk_that_is_left_to_other_means_is_refused_beside_a_freeze(newest_lab: Lab) -> None:
    """From 11.9 on: why no plan asks for both; the agent is not even asked to freeze."""
    skip_without()
    with voiced(newest_lab) as guest:
        connection = libvirt.open(newest_lab.uri)
        flags = (
            libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
            | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE
        )
        left = "<disks><disk name='vda' snapshot='manual'/></disks>"
        with pytest.raises(libvirt.libvirtError) as refused:
            connection.lookupByName(NAME).snapshotCreateXML(
                f"<domainsnapshot>{left}</domainsnapshot>", flags
            )
        connection.close()
        assert refused.value.get_error_code() == libvirt_codes.OPERATION_UNSUPPORTED
        assert "guest-fsfreeze-freeze" not in guest.voice.asked
