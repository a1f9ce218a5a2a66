"""Domains whose disks are volumes of a pool, and other disks that are no plain files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptui.common import text
from snaptui.model.choices import Form, SafetyKind
from snaptui.plan.outcome import UndoBy
from snaptui.plan.plan import CreateIntent, DeleteIntent, RevertIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.words.why import Why
from tests import pools
from tests.lab import MIB, Lab, entries, holds, loop_device, qemu_img, write
from tests.live.planned import planned
from tests.terminal import Terminal, at_snapshots, confirm
from tests.unit.images import Plain
from tests.unit.made import assert_refused


@pytest.fixture
def folder(lab: Lab) -> Iterator[Path]:
    with pools.pool(lab, "p", lab.directory / "p") as folder:
        pools.volume(lab, "p", "a.qcow2", 16 * MIB)
        yield folder


@pytest.mark.parametrize("running", [False, True])
def test_a_volume_is_taken_reverted_undone_and_deleted_like_a_file(
    lab: Lab, folder: Path, running: bool
) -> None:
    image = folder / "a.qcow2"
    write(image, 0x11)
    pools.define(lab, "web", ("p", "a.qcow2"))
    if running:
        lab.start("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Ready, ")
        confirm(terminal)
        terminal.wait("Create a snapshot of web: done")
    (name,) = lab.snapshots("web")
    assert [entry for _, entry in entries(image)] == [name]
    if running:
        lab.destroy("web")
    write(image, 0x22)
    write_at(image, 4)
    if running:
        lab.start("web")
    lost = text.size(5 * MIB)  # what was written, without the tables that QEMU made for it
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, name)
        terminal.wait(f"+{text.tiny_size(Plain(image).active)}")
        terminal.press("r")
        terminal.wait("Ready, ", f"{lost}{' or more' * running} written to vda")
        confirm(terminal)
        terminal.wait(f"Revert web to {name}: done")
        assert holds(image, 0x11)
        terminal.press("u")
        terminal.wait("Undo: safety snapshots of web")
        terminal.press("enter")
        terminal.wait("Revert web to safety-")
        confirm(terminal)
        terminal.until(lambda: is_undone(terminal), "the end of the undo", 40)
        assert holds(image, 0x22)
    freed = Plain(image).frees({0})
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, name)
        terminal.press("g", "d")
        terminal.wait("Ready, ", f"frees {text.size(freed)}")
        confirm(terminal)
        terminal.wait("done")
    assert name not in lab.snapshots("web")
    assert name not in [entry for _, entry in entries(image)]


def is_undone(terminal: Terminal) -> bool:
    return re.search(r"Revert web to safety-\S+: done", terminal.text) is not None


def write_at(path: Path, mib: int) -> None:
    command = f"write -P 5 {mib * MIB} 4M"
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", command, path], check=True, stdout=-3)


def test_figures_of_a_volume_are_in_the_list_and_in_the_report(lab: Lab, folder: Path) -> None:
    image = folder / "a.qcow2"
    pools.define(lab, "web", ("p", "a.qcow2"))
    write(image, 0x11)
    lab.snapshot("web", "old")
    write(image, 0x22)
    freed = text.short_size(Plain(image).frees({0}))
    words = [sys.executable, "-m", "snaptui", "report", "--json", "-c", lab.uri, "web"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    (disk,) = json.loads(said)["domains"][0]["disks"]
    assert (disk["path"], disk["reason"]) == (str(image), None)
    assert disk["snapshots"][0]["frees"] == Plain(image).frees({0})
    with Terminal(["-c", lab.uri], size=(120, 40)) as terminal:
        terminal.wait("connected")
        terminal.press("F")
        terminal.wait("Frees", f"{freed}", "snapshot", "old", gone="...")
        terminal.press("esc")


def test_a_pool_that_is_not_active_leaves_no_figure_and_no_way(lab: Lab, folder: Path) -> None:
    pools.define(lab, "web", ("p", "a.qcow2"))
    write(folder / "a.qcow2", 0x11)
    lab.snapshot("web", "old")
    lab.virsh("pool-destroy", "p")
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "old")
        terminal.wait("its pool p is not active", gone="+0 B")
        terminal.press("r")
        terminal.wait("Where that is, is not known", gone="Ready, ")
        terminal.press("esc")
        terminal.wait("@ now")
        terminal.press("F")
        terminal.wait("not known where", gone="...")
        terminal.press("esc")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has loop devices")
def test_a_device_stands_in_the_list_by_itself_and_what_is_freed_stays_in_it(
    lab: Lab, tmp_path: Path
) -> None:
    with loop_device(tmp_path / "device", 16 * MIB) as device:
        qemu_img("create", "-q", "-f", "qcow2", device, "64M")
        lab.define_disks(
            "web",
            "<disk type='block' device='disk'><driver name='qemu' type='qcow2'/>"
            f"<source dev='{device}'/><target dev='vda' bus='virtio'/></disk>",
        )
        write(Path(device), 0x11)
        for name in ("one", "two"):
            lab.snapshot("web", name)
            write(Path(device), 0x22)
        freed = text.short_size(Plain(Path(device)).frees({1}))
        with Terminal(["-c", lab.uri], size=(120, 40)) as terminal:
            terminal.wait("connected")
            terminal.press("F")
            terminal.wait(
                device, "block device", f"({freed})", "stays inside the image", gone="..."
            )
            terminal.press(" ")
            terminal.wait("nothing to the host")
            terminal.press("esc", "esc")
        lab.virsh("undefine", "web", "--snapshots-metadata")


def test_off_nothing_is_done_upon_a_volume_whose_pool_is_not_active(lab: Lab, folder: Path) -> None:
    """Its overlay is a file; libvirt asks the pool of what lies beneath all the same."""
    key = pools.define(lab, "web", ("p", "a.qcow2"))
    lab.start("web")
    overlay = folder / "a.s1"
    lab.snapshot("web", "s1", "--disk-only", "--diskspec", f"vda,file={overlay}")
    lab.virsh("pool-destroy", "p")
    halting = CreateIntent(key, "ram", "", Form.EXTERNAL, halt=True)
    assert planned(lab, halting).undo.by is UndoBy.MERGE_ONCE_PLACED
    lab.destroy("web")
    said = "containing volume 'a.qcow2' is not active"
    for intent, words in (
        (CreateIntent(key, "n", ""), ("snapshot-create-as", "web", "n")),
        (CreateIntent(key, "n", "", Form.DISK_ONLY), ("snapshot-create-as", "web", "--disk-only")),
        (DeleteIntent(key, "s1"), ("snapshot-delete", "web", "s1")),
    ):
        assert_refused(planned(lab, intent), Why.VOLUME_BENEATH_NOT_KNOWN, pool="p")
        assert said in lab.virsh(*words, check=False)
    lab.virsh("pool-start", "p")
    planned(lab, DeleteIntent(key, "s1"), carry_out=True)
    assert not overlay.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has loop devices")
@pytest.mark.parametrize("form", ["qcow2", "raw"])
def test_a_device_that_a_definition_calls_a_file_gets_no_overlay_beside_it(
    lab: Lab, tmp_path: Path, form: str
) -> None:
    """libvirt would make a file in /dev, which is memory and gone with the next boot."""
    with loop_device(tmp_path / "device", 16 * MIB) as device:
        if form == "qcow2":
            qemu_img("create", "-q", "-f", "qcow2", device, "8M")
        key = lab.define_disks(
            "web",
            f"<disk type='file' device='disk'><driver name='qemu' type='{form}'/>"
            f"<source file='{device}'/><target dev='vda' bus='virtio'/></disk>",
        )
        beside = Path(f"{device}.new")
        plan = planned(lab, CreateIntent(key, "new", "", Form.DISK_ONLY))
        assert_refused(plan, Why.BESIDE_DEVICE, disk="vda")
        spec = f"vda,snapshot=external,file={beside}"
        try:
            lab.virsh("snapshot-create-as", "web", "new", "--disk-only", "--diskspec", spec)
            assert beside.is_file(), "which is what was foretold"
        finally:
            beside.unlink(missing_ok=True)
            lab.virsh("snapshot-delete", "web", "new", "--metadata")
            lab.virsh("undefine", "web")


def test_a_revert_of_a_part_of_a_file_is_refused_for_it_becomes_all_of_the_file(
    newer_lab: Lab,
) -> None:
    """libvirt's new overlay lies upon the file from its start, and the record knew of a part."""
    large = newer_lab.images / "large.raw"
    large.write_bytes(bytes([1]) * MIB + bytes([2]) * MIB)
    part = f"<slices><slice type='storage' offset='{MIB}' size='{MIB}'/></slices>"
    key = newer_lab.define_disks(
        "web",
        "<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
        f"<source file='{large}'>{part}</source><target dev='vda' bus='virtio'/></disk>",
    )
    newer_lab.snapshot("web", "one", "--disk-only")
    plan = planned(newer_lab, RevertIntent(key, "one", safety=SafetyKind.NONE))
    assert_refused(plan, Why.PART_OF_FILE, disk="vda")
    assert [one.harm for one in plan.refusals] == [Harm.OTHER_DATA]
    newer_lab.virsh("snapshot-revert", "web", "one")
    assert "<slice" not in newer_lab.xml("web")
    (path,) = re.findall("<source file='([^']*)'", newer_lab.xml("web"))
    assert holds(Path(path), 1), "which is not of the part"


@pytest.mark.parametrize("moved_on", [False, True])
def test_a_volume_that_is_gone_is_asked_for_all_the_same(every_lab: Lab, moved_on: bool) -> None:
    """Of a file libvirt deletes the metadata; its pool it asks for the path."""
    lab = every_lab
    with pools.pool(lab, "p", lab.directory / "p") as place:
        pools.volume(lab, "p", "a.qcow2", 8 * MIB)
        pools.define(lab, "web", ("p", "a.qcow2"))
        lab.snapshot("web", "inside")
        if moved_on:
            overlay = f"vda,file={place / 'over'}"
            lab.virsh("snapshot-create-as", "web", "over", "--disk-only", "--diskspec", overlay)
        (place / "a.qcow2").unlink()
        plan = planned(lab, DeleteIntent(lab.key("web"), "inside"))
        assert_refused(plan, Why.VOLUME_GONE, path=str(place / "a.qcow2"))
        assert "not found" in lab.virsh("snapshot-delete", "web", "inside", check=False)
        planned(lab, DeleteIntent(lab.key("web"), "inside", metadata_only=True), carry_out=True)
        lab.clean()
