"""Raw disks that a guest encrypts itself: libvirt takes what lies upon them for encrypted."""

from __future__ import annotations

from pathlib import Path

from snaptui.model.choices import Form, SafetyKind
from snaptui.model.domain import DomainKey
from snaptui.plan.plan import CreateIntent, DeleteIntent, RevertIntent
from snaptui.plan.words.why import Why
from tests.lab import MIB, Lab, qemu_img
from tests.live.planned import planned
from tests.unit.made import assert_refused

TAKEN = "Unexpected enum value 0 for virStorageEncryptionEngine"


def with_luks_inside(lab: Lab) -> tuple[DomainKey, Path]:
    """A domain with a raw disk of which its guest has made a LUKS volume."""
    lab.define("web")
    path = lab.images / "data"
    lock = ("-o", "key-secret=k,iter-time=10", "--object", "secret,id=k,data=of the guest")
    qemu_img("create", "-q", "-f", "luks", *lock, str(path), str(4 * MIB))
    disk = (
        f"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{path}'/>"
        "<target dev='vdb' bus='virtio'/></disk></devices>"
    )
    return lab.define_xml(lab.xml("web", inactive=True).replace("</devices>", disk)), path


def test_no_overlay_is_made_of_one_while_it_is_off(every_lab: Lab) -> None:
    lab = every_lab
    key, path = with_luks_inside(lab)
    create = CreateIntent(key, "a", "", Form.DISK_ONLY)
    assert_refused(planned(lab, create), Why.LUKS_WHILE_OFF, disk="vdb", path=str(path))
    lab.snapshot("web", "a", "--disk-only")
    assert TAKEN in lab.virsh("start", "web", check=False)
    again = planned(lab, CreateIntent(key, "b", "", Form.DISK_ONLY))
    assert_refused(again, Why.LUKS_BENEATH, disk="vdb", path=str(path))
    delete = planned(lab, DeleteIntent(key, "a"))
    assert_refused(delete, Why.LUKS_BENEATH, disk="vdb", path=str(path))
    assert TAKEN in lab.virsh("snapshot-delete", "web", "a", check=False)
    # the way round that is told
    listed = (
        f"<backingStore type='file'><format type='raw'/><source file='{path}'/></backingStore>"
        "<target dev='vdb'"
    )
    lab.define_xml(lab.xml("web", inactive=True).replace("<target dev='vdb'", listed))
    lab.start("web")
    planned(lab, DeleteIntent(key, "a"), carry_out=True)
    assert lab.state("web") == "running"


def test_what_is_taken_while_it_runs_starts_again_and_is_merged(every_lab: Lab) -> None:
    lab = every_lab
    key, _ = with_luks_inside(lab)
    lab.start("web")
    planned(lab, CreateIntent(key, "a", "", Form.DISK_ONLY), carry_out=True)
    lab.destroy("web")
    lab.start("web")
    lab.destroy("web")
    planned(lab, DeleteIntent(key, "a"), carry_out=True)


def test_a_revert_that_leaves_such_an_overlay_is_refused(reverting_lab: Lab) -> None:
    lab = reverting_lab
    key, path = with_luks_inside(lab)
    lab.start("web")
    lab.snapshot("web", "a", "--disk-only")
    back = planned(lab, RevertIntent(key, "a", safety=SafetyKind.NONE))
    assert_refused(back, Why.LUKS_REVERT, disk="vdb", path=str(path))
    lab.virsh("snapshot-revert", "web", "a")
    assert TAKEN in lab.virsh("start", "web", check=False)


def test_with_the_ram_a_revert_lists_what_lies_beneath(reverting_lab: Lab) -> None:
    lab = reverting_lab
    key, _ = with_luks_inside(lab)
    lab.start("web")
    lab.snapshot("web", "a", "--memspec", f"file={lab.images / 'ram'},snapshot=external")
    planned(lab, RevertIntent(key, "a", safety=SafetyKind.NONE), carry_out=True)
    assert lab.state("web") == "running"
    lab.destroy("web")
    lab.start("web")
