"""Chains of overlays that are too long for libvirt to start their guest."""

from __future__ import annotations

import libvirt
import pytest

from snaptui.model.choices import Form
from snaptui.plan.plan import CreateIntent
from snaptui.plan.words.warn import Warn
from tests.lab import Lab, qemu_img
from tests.live.planned import planned
from tests.unit.made import assert_said


@pytest.mark.parametrize(("overlays", "too_long"), [(23, False), (24, True)])
def test_the_overlay_after_which_no_guest_starts_is_told_before(
    newer_lab: Lab, overlays: int, too_long: bool
) -> None:
    """Whether a snapshot made them or not."""
    lab = newer_lab
    top = lab.images / "0.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(top), "1M")
    for number in range(1, overlays + 1):
        lower, top = top, lab.images / f"{number}.qcow2"
        qemu_img("create", "-q", "-f", "qcow2", "-b", str(lower), "-F", "qcow2", str(top))
    disk = (
        f"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
        f"<source file='{top}'/><target dev='vda' bus='virtio'/></disk>"
    )
    key = lab.define_disks("web", disk)
    plan = planned(lab, CreateIntent(key, "new", "", Form.DISK_ONLY), carry_out=True)
    if not too_long:
        assert Warn.LONG_CHAIN not in {one.what for one in plan.warnings}
        lab.start("web")
        return
    assert_said(plan.warnings, Warn.LONG_CHAIN, disk="vda", number=str(overlays + 1))
    with pytest.raises(libvirt.libvirtError, match="nesting too deep"):
        lab.start("web")
