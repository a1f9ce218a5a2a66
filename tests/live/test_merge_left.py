"""libvirt's daemon dies while a QEMU merges images, of a domain that is off or of a guest."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from snaptui.model.choices import Form, SafetyKind
from snaptui.model.domain import DomainKey
from snaptui.plan.plan import CreateIntent, DeleteIntent, RevertIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.words.why import Why
from tests.lab import MIB, Lab, MergeOver, holds, without_chain
from tests.live.planned import planned
from tests.terminal import Terminal, at_snapshots, confirm
from tests.unit.images import qemu_io
from tests.unit.made import assert_refused


def test_a_merge_that_was_left_is_told_and_ended_by_hand(every_own_lab: Lab) -> None:
    """libvirt shows the domain as paused; resumed, it would boot from half-merged disks."""
    lab = every_own_lab
    lab.define("web", size=64 * MIB)
    lab.snapshot("web", "a", "--disk-only")
    top = lab.image("web").with_suffix(".a")
    qemu_io(top, "write -P 0x33 0 32M")
    with ThreadPoolExecutor(1) as watching, Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "a")
        terminal.press("d")
        held = watching.submit(lab.merge_held, "web")
        confirm(terminal)
        merging = held.result()
        lab.daemon.kill()
        terminal.wait("connection lost")
        os.kill(merging, signal.SIGCONT)
        lab.daemon.restart()
        terminal.wait("Delete a of web: failed")
        terminal.wait("This is no guest: do not resume it, its disks are half merged.")
        terminal.press("esc")
        terminal.wait(gone="This is no guest")
        terminal.press("d")
        terminal.wait("A block job is running on vda", "If web was off before, this is no guest")
        terminal.press("esc")
        terminal.wait(gone="A block job")
        lab.destroy("web")
        terminal.wait("shut off")
        terminal.press("d")
        confirm(terminal)
        terminal.wait("Delete a of web: done")
    assert lab.snapshots("web") == []
    assert holds(lab.image("web"), 0x33)
    assert not top.exists()


def held_half_merged(lab: Lab, lower: Path, upper: Path) -> int:
    """Stop the guest's QEMU when it has merged about a half; its process."""
    pid, whole = lab.merge_held("web"), upper.stat().st_blocks
    while lower.stat().st_blocks < whole // 2:
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.005)
        os.kill(pid, signal.SIGSTOP)
    return pid


def test_a_guest_whose_merge_was_left_half_done_goes_on(every_own_lab: Lab) -> None:
    """libvirt gives up the merge, and marks the parent of what was to go: nothing else is told.

    A revert to that brings what was overwritten until then (9.9 and later), with success.
    """
    lab, size = every_own_lab, 256
    key = lab.define("web", size=size * MIB)
    lab.snapshot("web", "parent", "--disk-only")
    lab.snapshot("web", "gone", "--disk-only")
    lower, upper = (lab.image("web").with_suffix(f".{one}") for one in ("parent", "gone"))
    qemu_io(upper, f"write -P 0x33 0 {size}M")
    lab.start("web")
    with ThreadPoolExecutor(1) as deleting:
        said = deleting.submit(lab.virsh, "snapshot-delete", "web", "gone", check=False)
        pid = held_half_merged(lab, lower, upper)
        lab.daemon.kill()
        os.kill(pid, signal.SIGCONT)
        assert "error" in said.result()
    lab.daemon.restart()
    assert lab.state("web") == "running"
    assert str(upper) in lab.virsh("domblklist", "web"), "the guest writes where it did"
    assert not lab.virsh("blockjob", "web", "vda", "--info").strip()
    marked = [
        one
        for one in lab.snapshots("web")
        if "InProgress" in lab.virsh("snapshot-dumpxml", "web", one)
    ]
    assert marked == ["parent"]
    assert lower.stat().st_blocks * 512 >= size * MIB // 2, "what it froze was empty"

    back = planned(lab, RevertIntent(key, "gone", safety=SafetyKind.NONE))
    assert_refused(back, Why.OVERWRITTEN, name="gone", names="gone")
    assert planned(lab, CreateIntent(key, "new", "")).possible
    planned(lab, CreateIntent(key, "over", "", Form.DISK_ONLY), carry_out=True)
    planned(lab, DeleteIntent(key, "over"), carry_out=True)
    planned(lab, DeleteIntent(key, "gone"), carry_out=True)
    assert lab.snapshots("web") == ["parent"]
    assert "InProgress" not in lab.virsh("snapshot-dumpxml", "web", "parent")
    lab.destroy("web")
    assert holds(lower, 0x33)


def test_a_revert_to_what_was_merged_in_part_brings_other_data(newer_root: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="snaptui-", dir="/tmp") as place:
        lab = Lab(Path(place), root=newer_root)
        try:
            key = lab.define("web", size=256 * MIB)
            for name in ("parent", "gone"):
                lab.snapshot("web", name, "--disk-only")
            lower, upper = (lab.image("web").with_suffix(f".{one}") for one in ("parent", "gone"))
            qemu_io(upper, "write -P 0x33 0 256M")
            lab.start("web")
            with ThreadPoolExecutor(1) as deleting:
                deleting.submit(lab.virsh, "snapshot-delete", "web", "gone", check=False)
                pid = held_half_merged(lab, lower, upper)
                lab.daemon.kill()
                os.kill(pid, signal.SIGCONT)
            lab.daemon.restart()
            back, until = RevertIntent(key, "gone", safety=SafetyKind.NONE), time.monotonic() + 60
            # libvirt has its jobs with the guest first, when it starts anew
            while [one.harm for one in planned(lab, back).refusals] != [Harm.OTHER_DATA]:
                assert time.monotonic() < until, planned(lab, back).refusals
            lab.virsh("snapshot-revert", "web", "gone")
            (made,) = set(lab.images.iterdir()) - {lab.image("web"), lower, upper}
            assert str(made) in lab.xml("web")
            reads = [word for at in range(256) for word in ("-c", f"read -P 0x33 {at}M 1M")]
            words = ["qemu-io", "-r", "-f", "qcow2", *reads, str(made)]
            said = subprocess.run(words, capture_output=True, text=True).stdout
            assert 256 - said.count("verification failed") > 64, "written after it was taken"
        finally:
            lab.daemon.stop()


def guest_writes(lab: Lab, byte: int) -> None:
    for command in (f"write -P {byte} 0 1M", "flush"):
        to = "/machine/peripheral/virtio-disk0/virtio-backend"
        said = lab.virsh("qemu-monitor-command", "web", "--hmp", f'qemu-io -d {to} "{command}"')
        assert "failed" not in said


def overlaid(lab: Lab) -> Path:
    """A guest that runs on an overlay; its path."""
    lab.define("web", running=True)
    lab.snapshot("web", "a", "--disk-only")
    return lab.image("web").with_suffix(".a")


def pivots_alone(lab: Lab, terminal: Terminal) -> None:
    """The overlay is merged, and libvirt dies as QEMU is to let go of it."""
    pivoting = 0
    while not pivoting:
        guest_writes(lab, 0x33)
        at_snapshots(terminal, "a")
        terminal.press("d")
        terminal.wait("Ready, ")
        with ThreadPoolExecutor(1) as watching, suppress(MergeOver):
            held = watching.submit(lab.merge_held, "web", "state='pivoting'")
            confirm(terminal)
            pivoting = held.result()
        if not pivoting:
            terminal.wait("Delete a of web: done", "no snapshots yet")
            lab.snapshot("web", "a", "--disk-only")
    lab.daemon.kill()
    terminal.wait("connection lost")
    os.kill(pivoting, signal.SIGCONT)
    lab.daemon.restart()


def test_a_guest_that_writes_beneath_what_libvirt_names_is_told_of(newer_root: Path) -> None:
    """11.3 believes that the merge was given up; 9.0 forgets the guest (a QEMU holds its image)."""
    with tempfile.TemporaryDirectory(prefix="snaptui-", dir="/tmp") as place:
        lab = Lab(Path(place), root=newer_root)
        try:
            top = overlaid(lab)
            with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
                pivots_alone(lab, terminal)
                terminal.wait("Delete a of web: failed", seconds=40)
                terminal.wait("a merge was cut off at its end", "virsh edit")
            assert str(top) in lab.virsh("domblklist", "web"), "libvirt names the overlay"
            guest_writes(lab, 0x55)
            assert holds(lab.image("web"), 0x55), "and the guest writes beneath it"
            key = DomainKey(lab.uri, lab.virsh("domuuid", "web").strip())
            for intent in (
                CreateIntent(key, "new", ""),
                CreateIntent(key, "new", "", Form.DISK_ONLY),
                RevertIntent(key, "a", safety=SafetyKind.NONE),
                DeleteIntent(key, "a"),
            ):
                whys = {one.why for one in planned(lab, intent).refusals}
                assert Why.PIVOTED_UNKNOWN in whys
            assert planned(lab, DeleteIntent(key, "a", metadata_only=True)).possible
            assert "block-commit" in lab.virsh("snapshot-delete", "web", "a", check=False)
            xml = lab.virsh("dumpxml", "--inactive", "web")
            lab.define_xml(without_chain(xml).replace(str(top), str(lab.image("web"))))
            lab.virsh("destroy", "web")
            lab.virsh("start", "web")
            assert lab.virsh("domblklist", "web").split()[-1] == str(lab.image("web"))
            assert holds(lab.image("web"), 0x55), "the way round keeps what was written"
            planned(lab, DeleteIntent(key, "a", metadata_only=True), carry_out=True)
            assert lab.snapshots("web") == []
        finally:
            lab.daemon.stop()
