"""Disks that are LUNs: what libvirt makes of them while the domain is off.

No QEMU runs with one here: it wants a SCSI device, and a loop device is none.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from snaptui.model.choices import Form, SafetyKind
from snaptui.model.disk import Presence
from snaptui.model.domain import DomainKey
from snaptui.model.snapshot import SnapshotDisk
from snaptui.plan.plan import CreateIntent, DeleteIntent, RevertIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from tests.lab import MIB, Lab, loop_device, write
from tests.live.planned import planned
from tests.unit.made import assert_refused

DISK = (
    "<disk type='block' device='lun'><driver name='qemu' type='{format}'/><source dev='{device}'>"
    "<reservations managed='yes'/></source><target dev='sda' bus='scsi'/></disk>"
)


@pytest.fixture
def lab(every_lab: Lab) -> Lab:
    """Of each stack."""
    return every_lab


@pytest.fixture
def device(lab: Lab) -> Iterator[str]:
    with loop_device(lab.directory / "device", 8 * MIB) as path:
        yield path
        lab.clean()


def with_lun(lab: Lab, device: str) -> DomainKey:
    """A domain that is off, with a disk in a file and a LUN."""
    lab.define("web")
    lun = DISK.format(format="raw", device=device)
    return lab.define_xml(lab.xml("web").replace("</disk>", f"</disk>{lun}", 1))


def test_one_is_raw_and_takes_no_internal_snapshot(lab: Lab, device: str) -> None:
    lab.define("other")
    lun = DISK.format(format="qcow2", device=device)
    definition = lab.directory / "qcow2.xml"
    definition.write_text(lab.xml("other").replace("</disk>", f"</disk>{lun}", 1))
    assert "must use 'raw' format" in lab.virsh("define", str(definition), check=False)
    plan = planned(lab, CreateIntent(with_lun(lab, device), "in", ""))
    assert_refused(plan, Why.NOT_QCOW2, disk="sda")
    assert [one.way for one in plan.refusals] == [Way.OUTSIDE_WITHOUT]
    assert "unsupported" in lab.virsh("snapshot-create-as", "web", "in", check=False)


def test_it_is_left_out_of_one_of_the_other_disks(lab: Lab, device: str) -> None:
    key = with_lun(lab, device)
    out = (SnapshotDisk("sda", Presence.NO),)
    planned(lab, CreateIntent(key, "out", "", Form.DISK_ONLY, out), carry_out=True)
    assert device in lab.xml("web")


def test_an_overlay_of_one_lets_the_domain_not_start(lab: Lab, device: str) -> None:
    key = with_lun(lab, device)
    overlay = lab.images / "overlay"
    chosen = (SnapshotDisk("sda", Presence.EXTERNAL, str(overlay)),)
    for disks in ((), chosen):
        plan = planned(lab, CreateIntent(key, "one", "", Form.DISK_ONLY, disks))
        assert_refused(plan, Why.LUN, disk="sda")
        assert {(one.harm, one.way) for one in plan.refusals} == {(Harm.NO_START, Way.LEAVE_OUT)}
    lab.snapshot("web", "one", "--disk-only", "--diskspec", f"sda,file={overlay}")
    wants = "only valid for block type disk source"
    assert wants in lab.virsh("start", "web", check=False)

    delete = planned(lab, DeleteIntent(key, "one"))
    assert_refused(delete, Why.LUN_ON_FILE, disk="sda", path=str(overlay))
    assert wants in lab.virsh("snapshot-delete", "web", "one", check=False)
    back = planned(lab, RevertIntent(key, "one", safety=SafetyKind.NONE))
    assert not back.possible
    assert lab.virsh("snapshot-revert", "web", "one", check=False).startswith("error")
    again = planned(lab, CreateIntent(key, "two", "", Form.DISK_ONLY))
    assert_refused(again, Why.LUN, disk="sda")


def test_the_way_back_merges_it(lab: Lab, device: str) -> None:
    key = with_lun(lab, device)
    overlay = lab.images / "overlay"
    lab.snapshot("web", "one", "--disk-only", "--diskspec", f"sda,file={overlay}")
    write(overlay, 0x33)
    lab.define_xml(lab.xml("web").replace("device='lun'", "device='disk'"))
    planned(lab, DeleteIntent(key, "one"), carry_out=True)
    assert lab.snapshots("web") == []
    with open(device, "rb") as held:
        assert held.read(MIB) == b"\x33" * MIB
    xml = lab.xml("web")
    assert "<reservations" not in xml, "which is why the way round names them"
    start, _, end = xml.rpartition("device='disk'")
    lab.define_xml(f"{start}device='lun'{end}")
