"""Disks and interfaces plugged into a running guest between snapshots, and reverts across that."""

from __future__ import annotations

from pathlib import Path

import pytest

from snaptui.model.choices import SafetyKind
from snaptui.model.domain import DomainKey
from snaptui.model.libvirt_codes import OPERATION_INVALID
from snaptui.plan.outcome import UndoBy
from snaptui.plan.plan import RevertIntent
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.lab import MIB, Lab, qemu_img, write
from tests.live.planned import planned
from tests.unit.made import assert_said

MAC = "52:54:00:11:22:33"
NIC = f"<interface type='user'><mac address='{MAC}'/><model type='virtio'/></interface>"


@pytest.fixture
def lab(every_lab: Lab) -> Lab:
    """Of each stack."""
    return every_lab


def running(lab: Lab) -> DomainKey:
    """A guest that takes devices: for that it needs ACPI."""
    key = lab.define("web")
    xml = lab.xml("web")
    lab.define_xml(xml.replace("<clock", "<features><acpi/></features><clock"))
    lab.start("web")
    return key


def plug(lab: Lab) -> Path:
    """Give it a disk and an interface, now and for ever; the disk's image."""
    path = lab.images / "late.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(path), str(8 * MIB))
    write(path, 0x55)
    disk = ("attach-disk", "web", str(path), "vdb", "--targetbus", "virtio")
    lab.virsh(*disk, "--driver", "qemu", "--subdriver", "qcow2", "--persistent")
    xml = lab.directory / "nic.xml"
    xml.write_text(NIC)
    lab.virsh("attach-device", "web", str(xml), "--live", "--config")
    return path


def plugged(lab: Lab) -> list[bool]:
    """Whether the guest, and its definition, have disk and interface."""
    both = lab.xml("web"), lab.xml("web", inactive=True)
    return [one.count("<target dev='vdb'") == one.count(MAC) == 1 for one in both]


def test_ram_of_before_takes_them_away_and_ram_of_after_brings_them_back(lab: Lab) -> None:
    key = running(lab)
    lab.snapshot("web", "before")
    image = plug(lab)
    lab.snapshot("web", "after")
    for _ in range(2):
        assert plugged(lab) == [True, True]
        back = RevertIntent(key, "before", safety=SafetyKind.NONE)
        plan = planned(lab, back, carry_out=True)
        assert_said(plan.warnings, Warn.DISK_LOST, disk="vdb", path=str(image))
        assert image.exists()
        assert plugged(lab) == [False, False]
        lab.virsh("snapshot-revert", "web", "after")


def test_the_undo_of_that_wants_the_disk_attached_again(lab: Lab) -> None:
    key = running(lab)
    lab.snapshot("web", "before")
    path = plug(lab)
    plan = planned(lab, RevertIntent(key, "before"), carry_out=True)
    assert (plan.undo.by, dict(plan.undo.names)) == (UndoBy.ONCE_ATTACHED, {"disks": "vdb"})
    (safety,) = set(lab.snapshots("web")) - {"before"}
    back = RevertIntent(key, safety, safety=SafetyKind.NONE)
    assert [one.why for one in planned(lab, back).refusals] == [Why.DETACHED_NOT_YET]
    disk = ("attach-disk", "web", str(path), "vdb", "--targetbus", "virtio")
    lab.virsh(*disk, "--driver", "qemu", "--subdriver", "qcow2", "--persistent")
    planned(lab, back, carry_out=True)
    assert plugged(lab) == [True, True]


def test_a_copy_that_waits_forbids_the_safety_snapshot_first(lab: Lab) -> None:
    """libvirt's error for a revert is another one than for a create, and never comes."""
    key = running(lab)
    lab.snapshot("web", "before")
    copied = ("blockcopy", "web", "vda", str(lab.images / "copy.qcow2"))
    lab.virsh(*copied, "--transient-job", "--wait", "--format", "qcow2")
    for safety, codes in ((None, {None}), (SafetyKind.NONE, {OPERATION_INVALID})):
        plan = planned(lab, RevertIntent(key, "before", safety=safety))
        assert {one.code for one in plan.refusals} == codes
    lab.virsh("blockjob", "web", "vda", "--abort")


def test_an_overlay_of_a_disk_that_is_lost_goes_with_it(reverting_lab: Lab) -> None:
    """libvirt removes the overlays in use, of disks that were not there then too."""
    key = running(reverting_lab)
    reverting_lab.snapshot("web", "before", "--disk-only")
    plug(reverting_lab)
    reverting_lab.snapshot("web", "after", "--disk-only")
    overlay = reverting_lab.images / "late.after"
    assert overlay.exists()
    back = RevertIntent(key, "before", safety=SafetyKind.NONE)
    plan = planned(reverting_lab, back, carry_out=True)
    assert not overlay.exists()
    assert_said(plan.warnings, Warn.DISK_LOST_WITH_OVERLAY, disk="vdb", path=str(overlay))


def test_an_overlay_that_a_safety_snapshot_keeps_stays(reverting_lab: Lab) -> None:
    key = running(reverting_lab)
    reverting_lab.snapshot("web", "before", "--disk-only")
    plug(reverting_lab)
    reverting_lab.snapshot("web", "after", "--disk-only")
    overlay = reverting_lab.images / "late.after"
    back = RevertIntent(key, "before", safety=SafetyKind.DISKS)
    plan = planned(reverting_lab, back, carry_out=True)
    assert overlay.exists()
    assert_said(plan.warnings, Warn.DISK_LOST, disk="vdb", path=str(overlay))
