"""A running guest whose RAM does not fit where its image lies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptui.model.choices import SafetyKind
from snaptui.plan.plan import CreateIntent, RevertIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.lab import FILLER, MIB, Lab, entries, fill, free_on, qemu_img, small_lab
from tests.live.planned import planned


@pytest.fixture
def small(every_root: Path) -> Iterator[Lab]:
    with small_lab(48 * MIB, every_root) as lab:
        yield lab


def test_nothing_is_left_but_a_full_file_system_and_the_guest_goes_on(small: Lab) -> None:
    key = small.define("web", running=True)
    image = small.image("web")
    fill(small.images, 64 << 10)
    plan = planned(small, CreateIntent(key, "one", ""))
    assert Warn.RAM_MAY_NOT_FIT_INSIDE in {one.what for one in plan.warnings}
    answer = small.virsh("snapshot-create-as", "web", "one", check=False)
    assert "Input/output error" in answer, "which is what QEMU makes of a full file system"
    assert small.state("web") == "running"
    assert (small.snapshots("web"), entries(image)) == ([], [])
    assert free_on(small.images) < 64 << 10
    (small.images / FILLER).unlink()
    planned(small, CreateIntent(key, "one", ""), carry_out=True)
    assert small.snapshots("web") == ["one"]
    small.destroy("web")
    assert "No errors" in qemu_img("check", str(image))


def test_without_room_for_overlays_ram_is_loaded_upon_what_was_frozen(newer_root: Path) -> None:
    """The new QEMU is to make them, and stays when it cannot; libvirt names what was frozen."""
    with small_lab(96 * MIB, newer_root) as lab:
        key = lab.define("web", running=True)
        memory = ("--memspec", f"file={lab.images}/ram", "--diskspec", "vda,snapshot=external")
        lab.virsh("snapshot-create-as", "web", "one", *memory)
        lab.destroy("web")
        base = lab.image("web")
        assert str(base) not in lab.virsh("domblklist", "web")
        fill(lab.images, 64 << 10)
        plan = planned(lab, RevertIntent(key, "one", safety=SafetyKind.NONE))
        (refusal,) = plan.refusals
        assert (refusal.why, refusal.harm) == (Why.OVERLAYS_DO_NOT_FIT, Harm.OTHER_DATA)
        said = lab.virsh("snapshot-revert", "web", "one", check=False)
        assert "No space left on device" in said
        assert str(base) in lab.virsh("domblklist", "web"), "what it writes now spoils the snapshot"
