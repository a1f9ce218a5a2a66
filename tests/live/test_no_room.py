"""A running guest whose RAM does not fit where its image lies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptui.plan.plan import CreateIntent
from snaptui.plan.words.warn import Warn
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
