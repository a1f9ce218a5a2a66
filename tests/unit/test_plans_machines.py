"""Plans for snapshots of machines that QEMU here may not be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snaptui.backend.virt import snapshot_xml, xml
from snaptui.backend.virt.lacks import lacks
from snaptui.model.choices import RunState
from snaptui.model.disk import Presence
from snaptui.model.domain import DomainState
from snaptui.model.host import Version
from snaptui.model.image import NotKnown
from snaptui.model.machine import Lack, Machine, Part
from snaptui.plan.plan import Plan, RevertIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.remark import Unchecked
from snaptui.plan.revert import revert
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.unit.made import HOST, KEY, assert_refused, assert_said, facts, snapshot

OFF = snapshot("off", state="shutoff", memory=Presence.NO)
LACKS = {
    Why.MACHINE_GONE: Lack(Part.MACHINE, "pc-q35-2.4", "no such machine"),
    Why.CPU_GONE: Lack(Part.CPU, "Nonsuch"),
    Why.DEVICE_GONE: Lack(Part.DEVICE, "video qxl"),
    Why.FEATURE_GONE: Lack(Part.FEATURE, "300 virtual CPUs", "255 are the most"),
    Why.HOST_PART_GONE: Lack(Part.HOST, "the network lan", "it is not active"),
}


def a_revert(*lacks: Lack, state: RunState = RunState.RECORDED, name: str = "run") -> Plan:
    found = replace(facts(OFF, snapshot("run")), lacks=lacks)
    return revert.plan(RevertIntent(KEY, name, state), found)


@pytest.mark.parametrize(("why", "lack"), LACKS.items())
def test_what_is_lacking_refuses_a_start_and_warns_of_a_later_one(why: Why, lack: Lack) -> None:
    for plan in (a_revert(lack), a_revert(lack, state=RunState.RUNNING, name="off")):
        assert_refused(plan, why)
        assert {one.harm for one in plan.refusals} == {Harm.STOPPED}
        assert Warn.NOT_STARTED_LATER not in {one.what for one in plan.warnings}
    plan = a_revert(lack, name="off")
    assert plan.possible
    assert_said(plan.warnings, Warn.NOT_STARTED_LATER)


def test_a_guest_that_is_off_is_not_stopped_by_it() -> None:
    found = replace(facts(snapshot("run"), state=DomainState.SHUTOFF), lacks=tuple(LACKS.values()))
    plan = revert.plan(RevertIntent(KEY, "run"), found)
    assert {one.why for one in plan.refusals} == set(LACKS)
    assert {one.harm for one in plan.refusals} == {None}


def test_a_domain_that_is_off_keeps_the_machine_that_it_does_not_start_with() -> None:
    off = facts(OFF, state=DomainState.SHUTOFF)
    for why, harm in ((Why.MACHINE_GONE, Harm.NO_START), (Why.CPU_GONE, None)):
        plan = revert.plan(
            RevertIntent(KEY, "off", RunState.RUNNING), replace(off, lacks=(LACKS[why],))
        )
        assert [one.harm for one in plan.refusals] == [harm]


def test_what_is_not_sure_is_not_checked_and_the_name_is_typed() -> None:
    unsure = Lack(Part.CPU, "EPYC", "features", sure=False)
    plan = a_revert(unsure)
    assert plan.possible
    assert plan.type_name
    assert_said(plan.unchecked, Unchecked.CPU, cpu="EPYC", reason=": features")
    assert not a_revert(unsure, name="off").type_name, "no QEMU is started"


def test_a_device_of_which_libvirt_tells_nothing_is_not_called_there() -> None:
    plan = a_revert(Lack(Part.DEVICE, "sound ich6", "libvirt does not tell", sure=False))
    assert plan.possible
    assert plan.type_name
    assert_said(plan.unchecked, Unchecked.DEVICE, device="sound ich6")


def test_what_cannot_be_looked_for_on_the_host_is_not_called_there() -> None:
    plan = a_revert(Lack(Part.HOST, "a host device (usb)", "it is not looked for", sure=False))
    assert plan.possible
    assert plan.type_name
    assert_said(plan.unchecked, Unchecked.HOST_PART, device="a host device (usb)")


def test_who_does_not_answer_has_not_said_that_all_is_there() -> None:
    found = replace(facts(snapshot("run")), lacks=NotKnown("denied"))
    plan = revert.plan(RevertIntent(KEY, "run"), found)
    assert_said(plan.unchecked, Unchecked.MACHINE, reason="denied")


@pytest.mark.parametrize(
    ("memory", "cpu"), [("<memory snapshot='internal'/>", "full"), ("", "partial")]
)
def test_a_guest_starts_as_it_ran_or_as_it_was_defined(memory: str, cpu: str) -> None:
    ran, defined = (
        f"<{tag}><name>w</name><cpu check='{check}'/></{tag}>"
        for tag, check in (("domain", "full"), ("inactiveDomain", "partial"))
    )
    record = f"<domainsnapshot><name>s</name>{memory}{{}}</domainsnapshot>"
    found = snapshot_xml.started_by(record.format(ran + defined))
    assert found is not None
    assert found.find(f"cpu[@check='{cpu}']") is not None
    alone = snapshot_xml.started_by(record.format(ran))
    assert alone is not None
    assert alone.tag == "domain"
    assert snapshot_xml.started_by(record.format("<domain><uuid>u</uuid></domain>")) is None


def test_the_cpu_that_qemu_made_is_that_of_the_cookie() -> None:
    record = (
        "<domainsnapshot><name>s</name><memory snapshot='internal'/><domain><name>w</name>"
        "<cpu mode='host-model'/></domain><cookie><cpu mode='custom' check='full'/></cookie>"
        "</domainsnapshot>"
    )
    for kept, mode in (("internal", "custom"), ("no", "host-model")):
        found = snapshot_xml.started_by(record.replace("internal", kept))
        assert found is not None
        assert [one.get("mode") for one in found.iterfind("cpu")] == [mode]


@pytest.mark.parametrize(
    ("libvirt_version", "qemu", "threads", "inner", "doubted"),
    [
        ((11, 3, 0), (10, 0, 13), 2, "", True),
        ((11, 9, 0), (11, 1, 0), 2, "", True),
        ((11, 10, 0), (10, 0, 13), 2, "", False),
        ((11, 3, 0), (9, 2, 0), 2, "", False),
        ((11, 3, 0), (10, 0, 13), 1, "", False),
        ((11, 3, 0), (10, 0, 13), 2, "<feature policy='require' name='ht'/>", False),
    ],
)
def test_threads_of_a_cpu_that_an_older_qemu_made_are_doubted(
    libvirt_version: Version, qemu: Version, threads: int, inner: str, doubted: bool
) -> None:
    domain = xml.parse(
        f"<domain><cpu mode='custom' check='full'><model>EPYC</model>"
        f"<topology threads='{threads}'/>{inner}</cpu></domain>"
    )
    host = replace(HOST, libvirt=libvirt_version, hypervisor=qemu)
    machine = Machine("qemu", "x86_64", "pc", "")
    found = lacks(lambda call: call(), Agreeing(), machine, domain, domain, host, ram=True)
    assert [(one.part, one.sure) for one in found] == [(Part.CPU, False)] * doubted


class Agreeing:
    """A host whose QEMU has that CPU."""

    def getDomainCapabilities(self, *_: object) -> str:  # noqa: N802 - libvirt's
        return "<caps><cpu><mode name='custom'><model>EPYC</model></mode></cpu></caps>"

    def compareHypervisorCPU(self, *_: object) -> int:  # noqa: N802 - libvirt's
        return 1
