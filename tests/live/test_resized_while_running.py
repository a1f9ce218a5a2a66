"""Disks that are resized while the guest runs, between internal snapshots with RAM.

No size is in libvirt's XML: the images have it, and each part inside has the one of its time.
"""

from __future__ import annotations

import json

from snaptui.model.choices import SafetyKind
from snaptui.plan.plan import RevertIntent
from snaptui.plan.words.warn import Warn
from tests.lab import MIB, Lab, next_second, qemu_img
from tests.live.planned import planned
from tests.unit.made import said

SIZES = {Warn.DISK_SMALLER, Warn.DISK_LARGER}
MONITOR = "qemu-io -d /machine/peripheral/virtio-disk{number}/virtio-backend"


def seen_by_the_guest(lab: Lab) -> list[int]:
    """MiB of each disk, as QEMU has them open."""
    asked = lab.virsh("qemu-monitor-command", "web", '{"execute":"query-block"}')
    there = [one["inserted"]["image"] for one in json.loads(asked)["return"] if "inserted" in one]
    return [image["virtual-size"] // MIB for image in there]


def in_the_images(lab: Lab) -> list[int]:
    """The same by their heads."""
    read = (
        qemu_img("info", "-U", "--output=json", str(lab.image("web", target)))
        for target in ("vda", "vdb")
    )
    return [json.loads(head)["virtual-size"] // MIB for head in read]


def io(lab: Lab, words: str) -> str:
    """Let QEMU read or write the first disk of the guest."""
    monitor = MONITOR.format(number=0)
    return lab.virsh("qemu-monitor-command", "web", "--hmp", f'{monitor} "{words}"')


def test_each_disk_has_the_size_of_its_time_again(every_lab: Lab) -> None:
    lab = every_lab
    key = lab.define("web", disks=("vda", "vdb"), running=True)
    lab.snapshot("web", "at8")
    lab.virsh("blockresize", "web", "vda", "16M")
    io(lab, "write -P 0x22 12M 1M")
    lab.snapshot("web", "at16")
    lab.virsh("blockresize", "web", "vda", "32M")
    assert seen_by_the_guest(lab) == in_the_images(lab) == [32, 8]
    assert "<capacity" not in lab.xml("web")
    at = 32
    for size in (8, 16, 8, 16):
        next_second()
        back = RevertIntent(key, f"at{size}", safety=SafetyKind.NONE)
        plan = planned(lab, back, carry_out=True)
        expected = Warn.DISK_SMALLER if size < at else Warn.DISK_LARGER
        assert SIZES & set(said(plan.warnings)) == {expected}
        assert seen_by_the_guest(lab) == in_the_images(lab) == [size, 8]
        at = size
    assert "verification failed" not in io(lab, "read -P 0x22 12M 1M")
    lab.virsh("blockresize", "web", "vda", "4M")
    planned(lab, RevertIntent(key, "at16", safety=SafetyKind.NONE), carry_out=True)
    assert seen_by_the_guest(lab) == in_the_images(lab) == [16, 8]
    assert "verification failed" not in io(lab, "read -P 0x22 12M 1M")
