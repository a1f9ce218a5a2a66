"""Guests under a backup tool: checkpoints, and the bitmaps that they leave in images."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import SnaptuiError
from snaptui.model.choices import Form, SafetyKind
from snaptui.model.image import ImageKey, PlacedEntry
from snaptui.operations.step_calls import perform
from snaptui.plan.outcome import UndoBy
from snaptui.plan.plan import (
    CreateIntent,
    DeleteIntent,
    EditIntent,
    ImageApply,
    ImageCreate,
    ImageDelete,
    RevertIntent,
)
from snaptui.plan.refusal import Harm
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.lab import Lab, entries, qemu_img
from tests.live.planned import planned, read_image
from tests.terminal import PATIENCE, Terminal, at_snapshots
from tests.unit.made import assert_refused, assert_said


@pytest.fixture
def lab(every_lab: Lab) -> Lab:
    """Of each stack."""
    return every_lab


def checkpoint(lab: Lab, name: str) -> None:
    path = lab.directory / "checkpoint.xml"
    path.write_text(f"<domaincheckpoint><name>{name}</name></domaincheckpoint>")
    lab.virsh("checkpoint-create", "web", str(path))


def test_a_revert_is_refused_before_the_guest_stops_and_the_way_round_works(lab: Lab) -> None:
    key = lab.define("web")
    lab.snapshot("web", "one")
    lab.start("web")
    checkpoint(lab, "c0")
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "one")
        terminal.press("r")
        terminal.wait("Refused, see below", "web has checkpoints of a backup tool (c0)")
        terminal.press("Y")
        terminal.wait("Refused, see above.")
    assert lab.state("web") == "running"
    lab.virsh("checkpoint-delete", "web", "c0")
    planned(lab, RevertIntent(key, "one", safety=SafetyKind.NONE), carry_out=True)
    assert lab.current("web") == "one"


def test_a_revert_beside_a_copy_comes_no_further_than_its_safety_snapshot(lab: Lab) -> None:
    """A checkpoint would let the revert itself fail, with the guest stopped."""
    key = lab.define("web")
    lab.snapshot("web", "one")
    lab.start("web")
    checkpoint(lab, "c0")
    copy = str(lab.images / "copy")
    lab.virsh("blockcopy", "web", "vda", "--dest", copy, "--transient-job", "--wait")
    plan = planned(lab, RevertIntent(key, "one", safety=SafetyKind.DISKS_AND_RAM))
    assert_refused(plan, Why.BLOCK_JOB_WAITS, disks="vda")
    assert_refused(plan, Why.CHECKPOINTS)
    assert [one.code for one in plan.refusals if one.code is not None] == []
    backend = LibvirtBackend(lab.uri)
    try:
        with pytest.raises(SnaptuiError):
            perform(backend, key, plan.steps[0], lambda _: None)
    finally:
        backend.abandon()
    assert lab.state("web") == "running"
    assert lab.snapshots("web") == ["one"]


def test_the_details_name_the_checkpoints_and_the_chain(lab: Lab) -> None:
    lab.define("web", running=True)
    checkpoint(lab, "nightly")
    with Terminal(["-c", lab.uri], size=(120, 40)) as terminal:
        terminal.wait("web", "1 checkpoint (nightly)", "Chain", "qcow2, ")


def test_taking_and_deleting_go_on_beside_a_checkpoint(lab: Lab) -> None:
    key = lab.define("web", running=True)
    checkpoint(lab, "c0")
    planned(lab, CreateIntent(key, "inside", "", Form.INTERNAL), carry_out=True)
    planned(lab, DeleteIntent(key, "inside"), carry_out=True)
    planned(lab, CreateIntent(key, "outside", "", Form.DISK_ONLY), carry_out=True)
    planned(lab, DeleteIntent(key, "outside"), carry_out=True)
    assert lab.snapshots("web") == []
    assert lab.state("web") == "running"


def test_a_record_deleted_beside_a_checkpoint_comes_back_while_the_guest_runs(lab: Lab) -> None:
    """libvirt 9.0 makes none while the domain is off; newer ones do."""
    key = lab.define("web", running=True)
    lab.snapshot("web", "s")
    checkpoint(lab, "c0")
    lab.virsh("destroy", "web")
    record = lab.directory / "s.xml"
    record.write_text(lab.virsh("snapshot-dumpxml", "web", "s", "--security-info"))
    plan = planned(lab, DeleteIntent(key, "s", metadata_only=True), carry_out=True)
    again = ("snapshot-create", "web", "--redefine", str(record))
    if lab.virsh(*again, check=False).startswith("error"):
        assert plan.undo.by is UndoBy.REDEFINE_RUNNING
        lab.virsh("start", "web")
        lab.virsh(*again)
    else:
        assert plan.undo.by is UndoBy.REDEFINE_CURRENT
    assert lab.snapshots("web") == ["s"]


def test_a_load_that_a_bitmap_forbids_leaves_the_disks_of_then(lab: Lab) -> None:
    """libvirt has set the domain to them before QEMU says no."""
    key = lab.define("web", running=True)
    lab.snapshot("web", "ram")
    checkpoint(lab, "c0")
    lab.destroy("web")
    base, over = lab.image("web"), lab.images / "over"
    qemu_img("create", "-q", "-f", "qcow2", "-b", str(base), "-F", "qcow2", str(over))
    lab.define_xml(lab.virsh("dumpxml", "web").replace(str(base), str(over)))
    plan = planned(lab, RevertIntent(key, "ram"))
    (refusal,) = [one for one in plan.refusals if one.why is Why.CHECKPOINTS]
    assert refusal.harm is Harm.OTHER_DATA
    assert "Failed to revert" in lab.virsh("snapshot-revert", "web", "ram", check=False)
    assert str(base) in lab.virsh("domblklist", "web")


def test_an_image_of_nobody_with_a_bitmap(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "golden.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(path), "8M")
    qemu_img("snapshot", "-c", "one", str(path))
    qemu_img("bitmap", "--add", str(path), "b0")
    key = ImageKey(lab.uri, str(path))
    image = read_image(lab, path)
    assert image.bitmaps == 1
    one = PlacedEntry(0, image.snapshots[0])
    assert_refused(planned(lab, ImageApply(key, one)), Why.BITMAPS_INSIDE)
    planned(lab, ImageCreate(key, "two"), carry_out=True)
    planned(lab, ImageDelete(key, (one,)), carry_out=True)
    assert [name for _, name in entries(path)] == ["two"]
    qemu_img("bitmap", "--remove", str(path), "b0")
    two = PlacedEntry(0, read_image(lab, path).snapshots[0])
    planned(lab, ImageApply(key, two, safety=False), carry_out=True)


def begin_backup(lab: Lab) -> Path:
    """As a backup tool in pull mode, which then reads for as long as it likes; its scratch file."""
    scratch = lab.images / "scratch.qcow2"
    path = lab.directory / "backup.xml"
    path.write_text(
        f"<domainbackup mode='pull'><server transport='unix' socket='{lab.directory}/nbd'/><disks>"
        f"<disk name='vda' type='file'><scratch file='{scratch}'/></disk></disks></domainbackup>"
    )
    lab.virsh("backup-begin", "web", str(path))
    return scratch


def test_a_backup_under_way_is_named_and_the_line_that_ends_it_works(lab: Lab) -> None:
    key = lab.define("web", running=True)
    lab.snapshot("web", "one")
    scratch = begin_backup(lab)
    for state in ("running", "paused"):
        for intent in (
            RevertIntent(key, "one", safety=SafetyKind.NONE),
            DeleteIntent(key, "one"),
            DeleteIntent(key, "one", metadata_only=True),
            EditIntent(key, "one", "why"),
            CreateIntent(key, "two", "", Form.INTERNAL),
            CreateIntent(key, "two", "", Form.DISK_ONLY),
        ):
            assert_refused(planned(lab, intent), Why.BACKUP, disks="vda")
        lab.virsh("suspend" if state == "running" else "resume", "web")
    assert scratch.exists()
    lab.virsh("domjobabort", "web")
    until(lambda: not scratch.exists() and lab.virsh("domcontrol", "web").startswith("ok"))
    planned(lab, RevertIntent(key, "one", safety=SafetyKind.NONE), carry_out=True)


def test_the_scratch_file_of_a_backup_is_in_the_way_of_no_revert_that_powers_off(lab: Lab) -> None:
    """It lies upon the disk, and goes with QEMU before anything is written beneath it."""
    key = lab.define("web", running=True)
    lab.snapshot("web", "one")
    scratch = begin_backup(lab)
    back = RevertIntent(key, "one", safety=SafetyKind.DISKS)
    plan = planned(lab, back)
    (why,) = plan.refusals
    assert (why.why, why.code, why.harm) == (Why.BACKUP, None, Harm.JOB_ENDED)
    backend = LibvirtBackend(lab.uri)
    try:
        perform(backend, key, plan.steps[0], lambda _: None)
    finally:
        backend.abandon()
    until(lambda: not scratch.exists())
    planned(lab, back, carry_out=True)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end


def lose_bitmaps(lab: Lab) -> None:
    """Kill QEMU, which keeps the bitmaps of new checkpoints in its memory alone; start it anew."""
    os.kill(lab.qemu("web"), signal.SIGKILL)
    until(lambda: lab.state("web") == "shut off")
    lab.start("web")


def test_a_checkpoint_that_lost_its_bitmap_is_in_no_ones_way(lab: Lab) -> None:
    key = lab.define("web", running=True)
    lab.snapshot("web", "one")
    checkpoint(lab, "c0")
    back = RevertIntent(key, "one", safety=SafetyKind.NONE)
    assert_refused(planned(lab, back), Why.CHECKPOINTS, names="c0")
    lose_bitmaps(lab)
    assert "missing or broken bitmap" in lab.virsh(*incremental(lab, "c0"), check=False)
    planned(lab, back, carry_out=True)
    assert lab.state("web") == "running"
    assert "not found" in lab.virsh("checkpoint-delete", "web", "c0", check=False)
    lab.virsh("checkpoint-delete", "web", "c0", "--metadata")


def test_a_bitmap_left_in_use_is_still_in_the_way(lab: Lab) -> None:
    key = lab.define("web", running=True)
    lab.snapshot("web", "one")
    checkpoint(lab, "c0")
    lab.destroy("web")  # stores it
    lab.start("web")
    lose_bitmaps(lab)
    back = RevertIntent(key, "one", safety=SafetyKind.NONE)
    assert_refused(planned(lab, back), Why.CHECKPOINTS, names="c0")
    lab.virsh("checkpoint-delete", "web", "c0")
    planned(lab, back, carry_out=True)


def incremental(lab: Lab, since: str) -> tuple[str, ...]:
    """The line that begins a backup of what was written since."""
    path = lab.directory / "incremental.xml"
    path.write_text(
        f"<domainbackup><incremental>{since}</incremental><disks><disk name='vda' type='file'>"
        f"<target file='{lab.images}/incremental'/></disk></disks></domainbackup>"
    )
    return "backup-begin", "web", str(path)


def test_a_revert_to_an_external_one_says_what_becomes_of_checkpoints(reverting_lab: Lab) -> None:
    key = reverting_lab.define("web", running=True)
    checkpoint(reverting_lab, "c0")
    reverting_lab.snapshot("web", "out", "--disk-only")
    reverting_lab.destroy("web")
    back = RevertIntent(key, "out", safety=SafetyKind.NONE)
    plan = planned(reverting_lab, back, carry_out=True)
    assert_said(plan.warnings, Warn.CHECKPOINTS_LOST, names="c0")
    reverting_lab.start("web")
    broken = reverting_lab.virsh(*incremental(reverting_lab, "c0"), check=False)
    assert "missing or broken bitmap 'c0'" in broken


def test_a_backup_misses_nothing_after_an_external_snapshot_was_merged(lab: Lab) -> None:
    """The overlay holds a bitmap of the checkpoint too, and the merge keeps what it counts."""
    key = lab.define("web", running=True)
    write(lab, 0x11, at=0)
    checkpoint(lab, "c0")
    write(lab, 0x22, at=1)
    planned(lab, CreateIntent(key, "outside", "", Form.DISK_ONLY), carry_out=True)
    write(lab, 0x33, at=2)
    planned(lab, DeleteIntent(key, "outside"), carry_out=True)
    write(lab, 0x44, at=3)
    lab.virsh(*incremental(lab, "c0"))
    copy = lab.images / "incremental"
    until(lambda: "None" in lab.virsh("domjobinfo", "web"))
    assert [reads(copy, byte, at) for at, byte in enumerate((0, 0x22, 0x33, 0x44))] == [True] * 4


def write(lab: Lab, byte: int, at: int) -> None:
    """What a guest writes to its disk: MiB by MiB."""
    device = "qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend"
    for command in (f"write -P {byte} {at}M 1M", "flush"):
        lab.virsh("qemu-monitor-command", "web", "--hmp", f'{device} "{command}"')


def reads(image: Path, byte: int, at: int) -> bool:
    """Whether a MiB of an image itself is this byte; one that it does not hold reads as zeros."""
    alone = {"driver": "qcow2", "backing": None, "file": {"driver": "file", "filename": str(image)}}
    done = subprocess.run(
        ["qemu-io", "-r", "-c", f"read -P {byte} {at}M 1M", f"json:{json.dumps(alone)}"],
        capture_output=True,
        text=True,
    )
    return done.returncode == 0 and "verification failed" not in done.stdout
