"""What a guest discards beside internal snapshots, and discards that reach into them.

These are QEMU's ``discard-no-unref``; other ones leave what a snapshot holds where it is.
"""

from __future__ import annotations

import pytest

from snaptui.backend.files.image_counter import count_image
from snaptui.model.choices import Form, SafetyKind
from snaptui.plan.plan import CreateIntent, DeleteIntent, RevertIntent
from snaptui.plan.remark import Unchecked
from snaptui.plan.words.why import Why
from tests.lab import MIB, Lab, holds
from tests.live.planned import planned
from tests.live.test_costs import taken
from tests.unit.made import assert_refused, assert_said


@pytest.mark.parametrize("words", ["discard='unmap'", "discard_no_unref='on'"])
def test_discards_that_stay_out_of_snapshots_are_in_no_way(reverting_lab: Lab, words: str) -> None:
    key = reverting_lab.define("web")
    xml = reverting_lab.xml("web").replace("type='qcow2'", f"type='qcow2' {words}")
    reverting_lab.define_xml(xml)
    planned(reverting_lab, CreateIntent(key, "one", ""), carry_out=True)
    plan = planned(reverting_lab, RevertIntent(key, "one", safety=SafetyKind.NONE))
    assert Unchecked.DISCARDED not in {one.what for one in plan.unchecked}


def test_an_internal_snapshot_that_discards_reach_is_refused(reverting_lab: Lab) -> None:
    key = reverting_lab.define("web")
    reverting_lab.snapshot("web", "before")
    words = "type='qcow2' discard='unmap' discard_no_unref='on'"
    reverting_lab.define_xml(reverting_lab.xml("web").replace("type='qcow2'", words))
    for _ in range(2):
        plan = planned(reverting_lab, CreateIntent(key, "new", ""))
        assert_refused(plan, Why.DISCARDS_ALL, disk="vda")
        back = planned(reverting_lab, RevertIntent(key, "before", safety=SafetyKind.NONE))
        assert_said(back.unchecked, Unchecked.DISCARDED, disk="vda", name="before")
        assert back.type_name
        reverting_lab.virsh("start", "web", check=False)
    planned(reverting_lab, CreateIntent(key, "out", "", Form.DISK_ONLY), carry_out=True)


def io(lab: Lab, *commands: str) -> None:
    """Let QEMU do this to the first disk, as if the guest did."""
    monitor = "qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend"
    for command in (*commands, "flush"):
        lab.virsh("qemu-monitor-command", "web", "--hmp", f'{monitor} "{command}"')


@pytest.mark.parametrize("unmap", [False, True], ids=["ignore", "unmap"])
def test_a_discard_frees_what_no_snapshot_holds(every_lab: Lab, unmap: bool) -> None:
    lab = every_lab
    key, image = lab.define("web", size=16 * MIB), lab.image("web")
    if unmap:
        lab.define_xml(lab.xml("web").replace("type='qcow2'", "type='qcow2' discard='unmap'"))
    lab.start("web")
    lab.snapshot("web", "before")
    io(lab, "write -P 0x44 4M 4M")
    before = taken(image)
    io(lab, "discard 0 1M")
    held = taken(image)
    assert 0 <= held - before <= 2 * 65536, "the file grows by a table at most"
    io(lab, "discard 4M 2M")
    assert abs(held - taken(image) - (2 * MIB if unmap else 0)) < 65536, "but for the file's own"
    lab.destroy("web")

    usage = count_image(str(image), lambda *_: None).usage
    assert usage.leaked == 0
    assert usage.unsaved == (2 * MIB if unmap else 4 * MIB)
    planned(lab, RevertIntent(key, "before", safety=SafetyKind.NONE), carry_out=True)
    lab.destroy("web")
    assert holds(image, 0x11), "what the guest discarded"


def test_what_a_delete_frees_is_foretold_beside_discards(every_lab: Lab) -> None:
    lab = every_lab
    key, image = lab.define("web", size=16 * MIB), lab.image("web")
    lab.define_xml(lab.xml("web").replace("type='qcow2'", "type='qcow2' discard='unmap'"))
    lab.start("web")
    io(lab, "write -P 0x33 2M 4M")
    lab.snapshot("web", "one")
    io(lab, "write -P 0x44 4M 4M", "discard 2M 2M", "discard 4M 1M")
    lab.destroy("web")
    frees = count_image(str(image), lambda *_: None).usage.frees({0})
    before = taken(image)
    planned(lab, DeleteIntent(key, "one"), carry_out=True)
    assert frees > 4 * MIB
    assert frees - 4 * 65536 <= before - taken(image) <= frees, "but for tables and ends of RAM"
