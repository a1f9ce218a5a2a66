"""Images whose refcounts are a few bits wide: how many snapshots go into them."""

from __future__ import annotations

import pytest

from snaptui.plan.plan import CreateIntent
from snaptui.plan.words.warn import Warn
from tests.lab import MIB, Lab, qemu_img, write
from tests.live.planned import planned


@pytest.mark.parametrize("running", [False, True], ids=["off", "running"])
@pytest.mark.parametrize(("bits", "most"), [(1, 0), (2, 2), (4, 14), (8, 254)])
def test_one_too_many_is_foretold(every_lab: Lab, bits: int, most: int, running: bool) -> None:
    """Nothing of the image was counted: its head says enough."""
    lab = every_lab
    key = lab.define("web")
    image = lab.image("web")
    image.unlink()
    options = ("-o", f"refcount_bits={bits}", str(image), str(8 * MIB))
    qemu_img("create", "-q", "-f", "qcow2", *options)
    write(image, 0x11)
    by_hand = max(0, most - 2)
    for number in range(by_hand):
        qemu_img("snapshot", "-c", f"h{number}", str(image))
    if running:
        lab.start("web")
    for number in range(by_hand, most + 1):
        plan = planned(lab, CreateIntent(key, f"n{number}", ""))
        warned = Warn.NARROW_REFCOUNTS in {one.what for one in plan.warnings}
        answer = lab.virsh("snapshot-create-as", "web", f"n{number}", check=False)
        assert warned is ("Could not create snapshot" in answer), answer
        assert (f"n{number}" in lab.snapshots("web")) is not warned
    assert len(lab.snapshots("web")) == most - by_hand
    if running:
        assert lab.state("web") == "running"
