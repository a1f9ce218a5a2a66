"""Snapshots with RAM of a host whose libvirt and QEMU were upgraded since."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptui.demo.daemon import Daemon
from snaptui.demo.setups import HOST
from snaptui.model.choices import SafetyKind
from snaptui.plan.plan import RevertIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.remark import Unchecked
from snaptui.plan.words.why import Why
from tests.lab import Lab, next_second, qemu_img
from tests.live.planned import planned
from tests.unit.made import assert_refused, assert_said


@pytest.fixture
def old_lab() -> Iterator[Lab]:
    """Of the host's libvirt."""
    with tempfile.TemporaryDirectory(prefix="snaptui-", dir="/tmp") as place:
        lab = Lab(Path(place))
        try:
            yield lab
        finally:
            lab.daemon.stop()


def upgrade(lab: Lab, root: Path) -> None:
    """Let another libvirt, with its QEMU, have the domains and snapshots from here on."""
    old, new = lab.directory / "d", lab.directory / "e"
    lab.daemon.stop()
    new.mkdir()
    lab.daemon = Daemon(new, root=root)
    lab.daemon.kill()
    for kept in ("etc/qemu", "lib/qemu/snapshot"):
        shutil.copytree(old / kept, new / kept, dirs_exist_ok=True)
    lab.daemon.restart()


def test_a_cpu_that_qemu_has_no_more_is_refused_before_the_guest_is_stopped(
    old_lab: Lab, newer_root: Path
) -> None:
    lab = old_lab
    for name, mode in (("model", "host-model"), ("maximum", "maximum")):
        lab.define(name)
        xml = lab.xml(name)
        lab.define_xml(xml[: xml.index("<cpu")] + f"<cpu mode='{mode}'/>" + xml.split("</cpu>")[1])
        lab.snapshot(name, "off")
        lab.start(name)
        lab.snapshot(name, "ram")
    upgrade(lab, newer_root)
    for name in ("model", "maximum"):
        lab.start(name)
    model, maximum = (lab.key(name) for name in ("model", "maximum"))
    plan = planned(lab, RevertIntent(model, "ram", safety=SafetyKind.NONE))
    assert_refused(plan, Why.CPU_GONE, name="ram")
    assert [one.harm for one in plan.refusals if one.why is Why.CPU_GONE] == [Harm.STOPPED]
    said = lab.virsh("snapshot-revert", "model", "ram", check=False)
    assert "guest CPU doesn't match specification" in said
    assert lab.state("model") == "shut off", "which is what was foretold"
    planned(lab, RevertIntent(model, "off", safety=SafetyKind.NONE), carry_out=True)
    planned(lab, RevertIntent(maximum, "ram", safety=SafetyKind.NONE), carry_out=True)
    assert lab.state("maximum") == "running"


def test_firmware_that_was_changed_since_is_told_before_the_guest_is_stopped(
    every_lab: Lab,
) -> None:
    """RAM holds the firmware too, and QEMU loads none into one of another size."""
    images = HOST / "usr" / "share" / "seabios"
    lab = every_lab
    firmware = lab.directory / "firmware"
    firmware.write_bytes((images / "bios-256k.bin").read_bytes())
    key = lab.define("web")
    loader = f"<loader type='rom'>{firmware}</loader>"
    lab.define_xml(lab.xml("web").replace("hvm</type>", f"hvm</type>{loader}"))
    lab.start("web")
    lab.snapshot("web", "ram")
    next_second()
    back = RevertIntent(key, "ram", safety=SafetyKind.NONE)
    assert planned(lab, back, carry_out=True).unchecked == ()
    firmware.write_bytes((images / "bios.bin").read_bytes())
    assert_said(planned(lab, back).unchecked, Unchecked.FIRMWARE_CHANGED, path=str(firmware))
    said = lab.virsh("snapshot-revert", "web", "ram", check=False)
    assert "Failed to revert snapshot ram" in said
    assert lab.state("web") == "shut off"


@pytest.mark.parametrize("size", [1 << 20, 1 << 19], ids=["same size", "another size"])
def test_uefi_that_was_changed_since_is_told_before_the_guest_is_stopped(
    reverting_lab: Lab, size: int
) -> None:
    """Where both are equally long the guest goes on with that of then, which its RAM holds.

    libvirt 9.0 takes no RAM of such a guest inside its images.
    """
    lab = reverting_lab
    code, variables = lab.images / "code", lab.images / "variables"
    code.write_bytes(b"\xf4" * (1 << 20))
    qemu_img("create", "-q", "-f", "qcow2", str(variables), str(1 << 20))
    lab.define("web")
    inner = (
        f"<loader readonly='yes' type='pflash'>{code}</loader>"
        f"<nvram format='qcow2'>{variables}</nvram>"
    )
    xml = lab.xml("web").replace("</os>", f"{inner}</os>")
    features = "" if "<acpi/>" in xml else "<features><acpi/></features>"
    key = lab.define_xml(xml.replace("</os>", f"</os>{features}"))
    lab.start("web")
    lab.snapshot("web", "ram")
    next_second()
    back = RevertIntent(key, "ram", safety=SafetyKind.NONE)
    changed = Unchecked.FIRMWARE_CHANGED
    assert changed not in {one.what for one in planned(lab, back, carry_out=True).unchecked}
    next_second()
    code.write_bytes(b"\x90" * size)
    plan = planned(lab, back)
    assert_said(plan.unchecked, changed, path=str(code))
    assert plan.type_name
    lab.virsh("snapshot-revert", "web", "ram", check=False)
    same = size == 1 << 20
    assert lab.state("web") == ("running" if same else "shut off")
    if same:
        there = lab.virsh("qemu-monitor-command", "web", "--hmp", "xp /1xb 0xfffffff0")
        assert there.split() == [there.split()[0], "0xf4"]
