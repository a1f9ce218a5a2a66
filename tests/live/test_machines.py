"""Snapshots of machines that QEMU of today cannot be: said before the guest is stopped.

Oracle: libvirt itself, which is asked for the revert after that.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import libvirt
import pytest

from snaptui.demo.setups import HOST
from snaptui.model.choices import Form, RunState
from snaptui.model.domain import DomainKey
from snaptui.plan.plan import CreateIntent, Plan, RevertIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.remark import Unchecked
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.lab import Lab, entries
from tests.live.planned import planned
from tests.unit.made import assert_refused

OLD = "pc-i440fx-0.99"
"""No QEMU of today knows it."""


_CPU = "<cpu mode='custom' match='exact' check='{}'><model fallback='forbid'>{}</model></cpu>"
_VNC = "<graphics type='vnc' autoport='yes'/>"
_SHARED = "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
_PARTS = {
    "cpu-filtered": _CPU.format("none", "Skylake-Server"),
    "cpu-incompatible": _CPU.format("partial", "Skylake-Server"),
    "cpu-dropped": _CPU.format("none", "Icelake-Client"),
    "cpu-never-heard-of": _CPU.format("none", "Nonsuch"),
    "spice": "<graphics type='spice' autoport='yes'/>",
    "qxl": f"{_VNC}<video><model type='qxl'/></video>",
    "cirrus": f"{_VNC}<video><model type='cirrus'/></video>",
    "sound": "<sound model='ich6'/>",
    "card-never-heard-of": "<interface type='user'><model type='nonsuch'/></interface>",
    "sev": "<launchSecurity type='sev'><cbitpos>47</cbitpos><reducedPhysBits>1</reducedPhysBits>"
    "<policy>3</policy></launchSecurity>",
    "cpus": "<vcpu>300</vcpu>",
    "memfd": _SHARED,
    "virtiofs": "<filesystem type='mount'><driver type='virtiofs'/><source dir='/tmp'/>"
    "<target dir='x'/></filesystem>",
    "tpm": "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>",
}
"""What records have: libvirt and QEMU of today have some of it, and depending on their packages."""


@contextmanager
def aged(change: Callable[[str, str], str], *names: str, root: Path = HOST) -> Iterator[Lab]:
    """Running domains with a snapshot from before, whose records are of a host of long ago."""
    with tempfile.TemporaryDirectory(prefix="snaptui-", dir="/tmp") as place:
        lab = Lab(Path(place), root)
        try:
            for name in names:
                lab.define(name)
                lab.snapshot(name, "off")
                lab.start(name)
            if len(names) == 1:
                lab.snapshot(names[0], "run")
            lab.daemon.kill()
            for name in names:
                for record in Path(place).rglob(f"snapshot/{name}/*.xml"):
                    record.write_text(change(name, record.read_text()))
            lab.daemon.restart()
            yield lab
        finally:
            lab.daemon.stop()


def with_part(name: str, record: str) -> str:
    part = _PARTS[name]
    if name == "cpus":
        return re.sub(r"<vcpu.*?</vcpu>", part, record)
    if name in ("memfd", "virtiofs"):  # which needs memory that it can share
        record = record.replace("<os>", f"{_SHARED}<os>")
    if name == "memfd":
        return record
    if name == "sev":
        return record.replace("</devices>", f"</devices>{part}")
    if not part.startswith("<cpu"):
        return record.replace("</devices>", f"{part}</devices>")
    without = re.sub(r"<cpu .*?</cpu>", "", record, flags=re.DOTALL)
    return without.replace("</os>", f"</os>{part}")


@pytest.fixture
def old_lab() -> Iterator[Lab]:
    def of_old(_: str, text: str) -> str:
        return re.sub(r"machine='[^']*'", f"machine='{OLD}'", text)

    with aged(of_old, "web") as lab:
        yield lab


def once_idle(lab: Lab, intent: RevertIntent) -> Plan:
    """The plan once libvirt has done what it does at the start of a guest."""
    plan = planned(lab, intent)
    while any(one.why is Why.BUSY for one in plan.refusals):
        plan = planned(lab, intent)
    return plan


def test_what_qemu_does_not_have_is_refused_and_all_else_is_done(every_root: Path) -> None:
    gone = {Why.MACHINE_GONE, Why.CPU_GONE, Why.DEVICE_GONE, Why.FEATURE_GONE}
    not_told = {Unchecked.DEVICE, Unchecked.HOST_PART}
    refused, unsure = set(), set()
    with aged(with_part, *_PARTS, root=every_root) as lab:
        daemon = lab.daemon.pid
        for name in _PARTS:
            key = lab.key(name)
            plan = once_idle(lab, RevertIntent(key, "off", RunState.RUNNING))
            told = [one for one in plan.refusals if one.why in gone]
            assert plan.possible is not bool(told), plan.refusals
            assert {one.harm for one in told} <= {Harm.STOPPED}
            later = once_idle(lab, RevertIntent(key, "off"))
            assert later.possible, "no QEMU is started"
            said = {one.what for one in later.warnings}
            assert (Warn.NOT_STARTED_LATER in said) is bool(told)
            assert lab.state(name) == "running"
            answer = lab.virsh("snapshot-revert", name, "off", "--running", check=False)
            refused |= {name} if told else set()
            if not_told & {one.what for one in plan.unchecked}:
                unsure.add(name)
                assert plan.type_name
            else:
                now = lab.state(name)
                assert now == ("shut off" if told else "running"), (name, told, answer)
            lab.virsh("destroy", name, check=False)
        assert lab.daemon.pid == daemon
    assert unsure - {"sev", "tpm"} == {"sound", "card-never-heard-of", "virtiofs"}
    never = {"cpu-incompatible", "cpu-dropped", "cpu-never-heard-of", "cpus"}
    assert never <= refused <= {*never, "spice", "qxl", "tpm", "sev"}


def test_a_machine_that_qemu_cannot_be_is_refused_before_the_guest_is_stopped(old_lab: Lab) -> None:
    old_lab.define("other")
    web = old_lab.key("web")
    for name, state in (("run", RunState.RECORDED), ("off", RunState.RUNNING)):
        plan = planned(old_lab, RevertIntent(web, name, state))
        assert_refused(plan, Why.MACHINE_GONE, name=name, machine=OLD)
        assert {one.harm for one in plan.refusals if one.why is Why.MACHINE_GONE} == {Harm.STOPPED}
    assert old_lab.state("web") == "running"
    said = old_lab.virsh("snapshot-revert", "web", "run", check=False)
    assert "does not support machine type" in said
    assert old_lab.state("web") == "shut off", "which is what was foretold"
    assert planned(old_lab, RevertIntent(web, "off"), carry_out=True).possible, "no QEMU is started"
    assert old_lab.current("web") == "off"


def altered(lab: Lab, pattern: str, by: str) -> None:
    """Let the records of all domains be of another host; the daemon reads them anew."""
    lab.daemon.kill()
    for record in lab.directory.rglob("snapshot/*/*.xml"):
        record.write_text(re.sub(pattern, by, record.read_text()))
    lab.daemon.restart()


def of_q35(lab: Lab, *, running: bool) -> DomainKey:
    """A domain of that machine type, with a snapshot from before it was started."""
    lab.define("web")
    xml = re.sub("machine='[^']*'", "machine='q35'", lab.xml("web"))
    parts = "<controller.*?</controller>|<controller[^>]*/>|<address type='pci'[^>]*/>"
    plain = re.sub(parts, "", xml, flags=re.DOTALL)
    lab.virsh("undefine", "web")
    key = lab.define_xml(plain)
    lab.snapshot("web", "off")
    if running:
        lab.start("web")
    return key


@pytest.mark.parametrize("running", [False, True], ids=["off", "running"])
def test_qemu_11_is_no_machine_of_before_5_2(every_own_lab: Lab, running: bool) -> None:
    lab = every_own_lab
    key = of_q35(lab, running=running)
    altered(lab, "machine='[^']*'", "machine='pc-q35-5.1'")
    plan = once_idle(lab, RevertIntent(key, "off", RunState.RUNNING))
    offered = "pc-q35-5.1" in lab.virsh("capabilities")
    assert offered is ("QEMU 11" not in lab.virsh("version"))
    assert plan.possible is offered
    if not offered:
        assert_refused(plan, Why.MACHINE_GONE, machine="pc-q35-5.1")
        harm = Harm.STOPPED if running else Harm.NO_START
        assert {one.harm for one in plan.refusals} == {harm}
    assert lab.state("web") == ("running" if running else "shut off")
    said = lab.virsh("snapshot-revert", "web", "off", "--running", check=False)
    assert ("does not support machine type" in said) is not offered
    assert lab.state("web") == ("running" if offered else "shut off")
    assert "pc-q35-5.1" in lab.xml("web"), "which does not start then"


def test_an_emulator_that_is_gone_is_told_before_the_guest_is_stopped(every_own_lab: Lab) -> None:
    """Of a domain that is off libvirt itself forgets such a record when its daemon starts."""
    lab = every_own_lab
    keys = [lab.define(name) for name in ("web", "cold")]
    for name in ("web", "cold"):
        lab.snapshot(name, "off")
    lab.start("web")
    altered(lab, "<emulator>.*?<", "<emulator>/usr/bin/qemu-of-then<")
    plan = once_idle(lab, RevertIntent(keys[0], "off", RunState.RUNNING))
    assert_refused(plan, Why.MACHINE_GONE, name="off")
    assert {one.harm for one in plan.refusals} == {Harm.STOPPED}
    later = planned(lab, RevertIntent(keys[0], "off"))
    assert later.possible
    assert Warn.NOT_STARTED_LATER in {one.what for one in later.warnings}
    assert lab.state("web") == "running"
    said = lab.virsh("snapshot-revert", "web", "off", "--running", check=False)
    assert "qemu-of-then" in said
    assert lab.state("web") == "shut off", "which is what was foretold"
    assert lab.snapshots("cold") == []
    assert entries(lab.image("cold")) == [("1", "off")], "shown as unmanaged"


def test_a_cpu_that_an_older_qemu_made_is_not_called_had(
    lab: Lab, newer_lab: Lab, tmp_path: Path
) -> None:
    """An upgrade: features come and go, and libvirt checks all those of a CPU that ran."""
    lab.define("web")
    cpu = "<cpu mode='host-model'><topology sockets='1' cores='1' threads='2'/></cpu>"
    plain = re.sub(r"<cpu .*?(/>|</cpu>)", "", lab.xml("web"), flags=re.DOTALL)
    lab.define_xml(
        re.sub("<vcpu.*</vcpu>", "<vcpu>2</vcpu>", plain).replace("</os>", f"</os>{cpu}")
    )
    lab.start("web")
    lab.snapshot("web", "run")
    here = lab.key("web")
    told = {one.what for one in planned(lab, RevertIntent(here, "run"), carry_out=True).unchecked}
    assert Unchecked.CPU not in told
    assert lab.state("web") == "running"
    record = tmp_path / "run.xml"
    record.write_text(lab.virsh("snapshot-dumpxml", "web", "run"))
    lab.destroy("web")
    newer_lab.define_xml(lab.xml("web", inactive=True))
    newer_lab.virsh("snapshot-create", "web", str(record), "--redefine")
    newer_lab.start("web")
    plan = planned(newer_lab, RevertIntent(DomainKey(newer_lab.uri, here.uuid), "run"))
    said = newer_lab.virsh("snapshot-revert", "web", "run", check=False)
    failed = newer_lab.state("web") != "running"
    assert failed is ("CPU" in said)
    refused = Why.CPU_GONE in {one.why for one in plan.refusals}
    assert refused or not failed or Unchecked.CPU in {one.what for one in plan.unchecked}
    assert failed or not refused
    assert not failed or refused or plan.type_name


def test_a_machine_of_today_and_firmware_that_is_there_are_not_in_the_way(lab: Lab) -> None:
    key = lab.define("web", running=True)
    lab.snapshot("web", "run")
    assert planned(lab, RevertIntent(key, "run"), carry_out=True).possible


def test_a_disk_whose_file_another_has_to_open_is_not_started(lab: Lab) -> None:
    lab.define("web")
    xml = lab.xml("web").replace("<source file=", "<source fdgroup='g' file=")
    lab.define_xml(xml)
    connection = libvirt.open(lab.uri)
    domain = connection.lookupByName("web")
    with lab.image("web").open("r+b") as file:
        domain.FDAssociate("g", [file.fileno()])
        domain.create()
    lab.snapshot("web", "run")
    del domain
    connection.close()
    web = lab.key("web")
    plan = planned(lab, RevertIntent(web, "run"))
    assert_refused(plan, Why.FILE_PASSED, disk="vda")
    assert {one.harm for one in plan.refusals} == {Harm.STOPPED}
    overlay = planned(lab, CreateIntent(web, "new", "", Form.DISK_ONLY))
    assert_refused(overlay, Why.PASSED_NOT_YET, disk="vda")
    assert lab.state("web") == "running"
    said = lab.virsh("snapshot-revert", "web", "run", check=False)
    assert "file descriptor group" in said
    assert lab.state("web") == "shut off", "which is what was foretold"


def test_a_kernel_that_is_gone_is_named(lab: Lab, tmp_path: Path) -> None:
    kernel = tmp_path / "vmlinuz"
    kernel.write_bytes(b"a kernel")
    os.chmod(tmp_path, 0o755)
    lab.define("web")
    xml = lab.xml("web").replace("</os>", f"<kernel>{kernel}</kernel></os>")
    lab.define_xml(xml)
    lab.define("other")
    web = lab.key("web")
    lab.snapshot("web", "one")
    kernel.unlink()
    plan = planned(lab, RevertIntent(web, "one", RunState.RUNNING))
    assert_refused(plan, Why.FILE_GONE, path=str(kernel))
