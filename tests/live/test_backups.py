"""Guests under a backup tool: checkpoints, and the bitmaps that they leave in images."""

from __future__ import annotations

from pathlib import Path

from snaptui.image_model import ImageKey, PlacedEntry
from snaptui.model import Form, SafetyKind
from snaptui.plan.plan import (
    CreateIntent,
    DeleteIntent,
    ImageApply,
    ImageCreate,
    ImageDelete,
    RevertIntent,
)
from snaptui.plan.why import Why
from tests.lab import Lab, entries, qemu_img
from tests.live.planned import planned, read_image
from tests.terminal import Terminal, at_snapshots
from tests.unit.made import assert_refused


def checkpoint(lab: Lab, name: str) -> None:
    path = lab.directory / "checkpoint.xml"
    path.write_text(f"<domaincheckpoint><name>{name}</name></domaincheckpoint>")
    lab.virsh("checkpoint-create", "web", str(path))


def test_a_revert_is_refused_before_the_guest_stops_and_the_way_round_works(lab: Lab) -> None:
    key = lab.define("web")
    lab.snapshot("web", "one")
    lab.virsh("start", "web")
    checkpoint(lab, "c0")
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "one")
        terminal.press("r")
        terminal.wait("Refused: 1", "web has checkpoints of a backup tool (c0)")
        terminal.press("Y")
        terminal.wait("Refused, see above.")
    assert lab.state("web") == "running"
    lab.virsh("checkpoint-delete", "web", "c0")
    planned(lab, RevertIntent(key, "one", safety=SafetyKind.NONE), carry_out=True)
    assert lab.current("web") == "one"


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
