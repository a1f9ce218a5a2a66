"""Images whose data are in another file: where a merge writes, and what a removal leaves."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from snaptui.model.choices import Form, RunState, SafetyKind
from snaptui.model.domain import DomainKey
from snaptui.model.image import ImageKey
from snaptui.plan.outcome import UndoBy
from snaptui.plan.plan import CreateIntent, DeleteIntent, ImageCreate, RemoveLeftover, RevertIntent
from snaptui.plan.remark import Unchecked
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests import pools
from tests.lab import MIB, Lab, fill, holds, qemu_img, small_disk, write
from tests.live.planned import planned
from tests.unit.made import assert_refused, assert_said

DISK = """\
<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'/><source file='{path}'/><target dev='vda' bus='virtio'/>
</disk>
"""


@pytest.fixture
def lab(every_lab: Lab) -> Lab:
    """Of each stack."""
    return every_lab


def with_data_in(lab: Lab, data: Path) -> DomainKey:
    """A domain that is off, with an overlay of 4 MiB upon an image with its data there."""
    path = lab.images / "base.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-o", f"data_file={data}", str(path), str(8 * MIB))
    write(path, 0x11)
    key = lab.define_disks("web", DISK.format(path=path))
    lab.snapshot("web", "one", "--disk-only")
    for mib in range(4):
        write(lab.images / "base.one", 0x22, at=mib * MIB)
    return key


def test_a_merge_writes_to_the_data_file(lab: Lab, tmp_path: Path) -> None:
    data = lab.directory / "data"
    key = with_data_in(lab, data)
    planned(lab, DeleteIntent(key, "one"), carry_out=True)
    assert data.read_bytes()[: 4 * MIB] == b"\x22" * 4 * MIB
    assert (lab.images / "base.qcow2").stat().st_size < MIB
    assert holds(lab.images / "base.qcow2", 0x22)


def test_so_does_one_while_it_runs_and_a_removal_of_all_storage_leaves_it(lab: Lab) -> None:
    """virsh removes volumes that the definition names, and no other file that an image needs."""
    folder = lab.directory / "removed"
    with pools.pool(lab, "p", folder):
        image, data = folder / "base.qcow2", folder / "data"
        options = ("-o", f"data_file={data}", str(image), str(8 * MIB))
        qemu_img("create", "-q", "-f", "qcow2", *options)
        write(image, 0x11)
        lab.virsh("pool-refresh", "p")
        key = lab.define_disks("web", DISK.format(path=image))
        lab.start("web")
        lab.snapshot("web", "one", "--disk-only")
        monitor = "qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend"
        writes = f'{monitor} "write -P 0x22 0 1M"'
        lab.virsh("qemu-monitor-command", "web", "--hmp", writes)
        planned(lab, DeleteIntent(key, "one"), carry_out=True)
        assert data.read_bytes()[:MIB] == b"\x22" * MIB
        lab.destroy("web")
        lab.virsh("undefine", "web", "--remove-all-storage")
        assert [one.name for one in folder.iterdir()] == ["data"]


def test_the_room_for_a_merge_is_that_of_the_data_file(lab: Lab) -> None:
    place = lab.directory / "small"
    with small_disk(place, 16 * MIB):
        key = with_data_in(lab, place / "data")
        fill(place, left=MIB)
        plan = planned(lab, DeleteIntent(key, "one"))
        (fits,) = [one for one in plan.unchecked if one.what is Unchecked.MERGE_FITS]
        assert f"The merge into {place / 'data'} first needs" in dict(fits.names)["fact"]
        lab.virsh("snapshot-delete", "web", "one", check=False)
        assert "one" in lab.snapshots("web"), "libvirt fails, as was foretold"
        lab.clean()


def test_a_leftover_leaves_its_data_file(lab: Lab) -> None:
    base, data = lab.images / "base.qcow2", lab.images / "leftover.data"
    qemu_img("create", "-q", "-f", "qcow2", str(base), str(8 * MIB))
    path = lab.images / "leftover.qcow2"
    upon = ("-b", str(base), "-F", "qcow2")
    qemu_img("create", "-q", "-f", "qcow2", "-o", f"data_file={data}", *upon, str(path))
    intent = RemoveLeftover(ImageKey(lab.uri, str(path)), f"{path}.aside")
    plan = planned(lab, intent, carry_out=True)
    assert_said(plan.warnings, Warn.DATA_FILE_STAYS, path=str(data))
    assert data.exists()
    assert not path.exists()


def test_data_that_are_gone_let_nothing_open_what_lies_upon_them(lab: Lab) -> None:
    data = lab.directory / "data"
    key = with_data_in(lab, data)
    data.unlink()
    for intent in (CreateIntent(key, "inside", ""), DeleteIntent(key, "one")):
        assert_refused(planned(lab, intent), Why.DATA_FILE_GONE, path=str(data), disk="vda")
    assert "Could not open" in lab.virsh("snapshot-create-as", "web", "inside", check=False)
    assert "Failed to delete" in lab.virsh("snapshot-delete", "web", "one", check=False)


def test_an_overlay_upon_data_that_are_gone_is_not_merged_as_it_is_now(lab: Lab) -> None:
    """libvirt makes it all the same."""
    data = lab.directory / "data"
    key = with_data_in(lab, data)
    data.unlink()
    plan = planned(lab, CreateIntent(key, "two", "", form=Form.DISK_ONLY), carry_out=True)
    assert_said(plan.warnings, Warn.DATA_FILE_GONE, path=str(data), disk="vda")
    assert plan.undo.by is UndoBy.MERGE_ONCE_OPENED
    assert "Failed to delete" in lab.virsh("snapshot-delete", "web", "two", check=False)


def test_a_guest_is_not_started_upon_data_that_are_gone(reverting_lab: Lab) -> None:
    """While it is off libvirt reverts to a disk that nobody can read."""
    lab, data = reverting_lab, reverting_lab.directory / "data"
    key = with_data_in(lab, data)
    data.unlink()
    run = planned(lab, RevertIntent(key, "one", RunState.RUNNING, SafetyKind.NONE))
    assert_refused(run, Why.DATA_FILE_GONE, path=str(data), disk="vda")
    lab.virsh("snapshot-revert", "web", "one", "--running", check=False)
    assert lab.state("web") == "shut off"
    plan = planned(lab, RevertIntent(key, "one", safety=SafetyKind.NONE), carry_out=True)
    assert_said(plan.warnings, Warn.DATA_FILE_GONE, path=str(data), disk="vda")


def test_a_relative_name_of_a_data_file_is_found_by_newer_versions_alone(lab: Lab) -> None:
    """QEMU looks for it in the folder in which it is started; libvirt 10.10 says where it is."""
    path = lab.images / "base.qcow2"
    words = ["qemu-img", "create", "-q", "-f", "qcow2", "-o", "data_file=beside", path.name, "8M"]
    subprocess.run(words, cwd=lab.images, check=True)
    key = lab.define_disks("web", DISK.format(path=path))
    lab.snapshot("web", "one", "--disk-only")
    plan = planned(lab, DeleteIntent(key, "one"))
    found = "Failed to delete" not in lab.virsh("snapshot-delete", "web", "one", check=False)
    assert plan.possible is found
    if not found:
        assert_refused(plan, Why.DATA_FILE_GONE, disk="vda")
    inside = planned(lab, ImageCreate(ImageKey(lab.uri, str(path)), "one"))
    assert_refused(inside, Why.DATA_FILE)
