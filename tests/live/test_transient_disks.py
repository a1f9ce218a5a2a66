"""Disks whose writes are given up when their guest ends. Oracle: libvirt, asked for the same."""

from __future__ import annotations

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.choices import Form, RunState, SafetyKind
from snaptui.model.disk import Presence
from snaptui.model.domain import DomainKey
from snaptui.model.snapshot import SnapshotDisk
from snaptui.operations.step_calls import differences, expected_after, perform
from snaptui.plan.plan import CreateIntent, DeleteIntent, RevertIntent
from snaptui.plan.planner import make_plan
from snaptui.plan.words.why import Why
from tests.lab import MIB, Lab, qemu_img
from tests.live.planned import planned
from tests.unit.made import assert_refused

_DISK = (
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{}'/>"
    "<target dev='{}' bus='virtio'/>{}</disk>"
)


@pytest.fixture(params=["lab", "newer_lab"])
def any_lab(request: pytest.FixtureRequest) -> Lab:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Lab)
    return found


def defined(lab: Lab) -> DomainKey:
    disks = ""
    for target, more in (("vda", ""), ("vdb", "<transient/>")):
        path = lab.image("web", target)
        qemu_img("create", "-q", "-f", "qcow2", str(path), str(8 * MIB))
        disks += _DISK.format(path, target, more)
    return lab.define_disks("web", disks)


def taken(lab: Lab, name: str, *options: str) -> str:
    return lab.virsh("snapshot-create-as", "web", name, *options, check=False)


def test_no_ram_is_saved_beside_one(any_lab: Lab) -> None:
    key = defined(any_lab)
    planned(any_lab, CreateIntent(key, "off", "", Form.INTERNAL), carry_out=True)
    assert any_lab.snapshots("web") == ["off"]
    any_lab.start("web")
    for form, options in (
        (Form.INTERNAL, ()),
        (Form.EXTERNAL, ("--memspec", f"{any_lab.images}/ram", "--diskspec", "vdb,snapshot=no")),
    ):
        plan = planned(any_lab, CreateIntent(key, "ram", "", form))
        assert_refused(plan, Why.RAM_BESIDE_TRANSIENT, disks="vdb")
        assert [one.code for one in plan.refusals if one.why is Why.RAM_BESIDE_TRANSIENT] == [55]
        assert "migration with transient disk is not supported" in taken(any_lab, "ram", *options)
    assert any_lab.snapshots("web") == ["off"]


def test_it_gets_no_overlay_and_may_be_left_out(any_lab: Lab) -> None:
    key = defined(any_lab)
    any_lab.start("web")
    plan = planned(any_lab, CreateIntent(key, "new", "", Form.DISK_ONLY))
    assert_refused(plan, Why.TRANSIENT_OVERLAY, disk="vdb")
    assert [one.code for one in plan.refusals] == [84]
    assert "not supported on transient disk" in taken(any_lab, "new", "--disk-only")
    without = CreateIntent(
        key, "new", "", Form.DISK_ONLY, disks=(SnapshotDisk("vdb", Presence.NO),)
    )
    planned(any_lab, without, carry_out=True)
    assert any_lab.snapshots("web") == ["new"]


def test_an_overlay_that_is_made_while_off_is_never_merged(any_lab: Lab) -> None:
    key = defined(any_lab)
    plan = planned(any_lab, CreateIntent(key, "new", "", Form.DISK_ONLY))
    assert_refused(plan, Why.TRANSIENT_OVERLAY, disk="vdb")
    assert "error" not in taken(any_lab, "new", "--disk-only")
    for _ in range(2):
        assert_refused(planned(any_lab, DeleteIntent(key, "new")), Why.TRANSIENT_OVERLAY)
        assert "error" in any_lab.virsh("snapshot-delete", "web", "new", check=False)
        any_lab.virsh("start", "web", check=False)
    any_lab.destroy("web")
    any_lab.define_xml(any_lab.xml("web").replace("<transient/>", ""))
    planned(any_lab, DeleteIntent(key, "new"), carry_out=True)
    assert any_lab.snapshots("web") == []


def test_a_revert_that_starts_a_guest_with_one_is_what_was_foretold(any_lab: Lab) -> None:
    """Its QEMU writes to an overlay of libvirt's own, each time to a new one of the same name."""
    key = defined(any_lab)
    any_lab.snapshot("web", "off")
    intent = RevertIntent(key, "off", RunState.RUNNING, SafetyKind.NONE)
    backend = LibvirtBackend(any_lab.uri)
    try:
        host = backend.connect()
        for _ in ("while it is off", "while it runs"):
            before = read_facts(backend, host, intent)
            (step,) = make_plan(intent, before).steps
            perform(backend, key, step, lambda _: None)
            after = read_facts(backend, host, intent)
            assert differences(expected_after(step, before), after) == ()
            assert "TRANSIENT-web" in any_lab.xml("web")
    finally:
        backend.abandon()
