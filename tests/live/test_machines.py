"""Snapshots of machines that QEMU of today cannot be: said before the guest is stopped."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptui.model import RunState
from snaptui.plan.plan import RevertIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.why import Why
from tests.lab import Lab
from tests.live.planned import planned
from tests.unit.made import assert_refused

OLD = "pc-i440fx-0.99"
"""No QEMU of today knows it."""


@pytest.fixture
def old_lab() -> Iterator[Lab]:
    """A domain with a snapshot of each kind, whose records are of a host of long ago."""
    with tempfile.TemporaryDirectory(prefix="snaptui-", dir="/tmp") as place:
        lab = Lab(Path(place))
        try:
            lab.define("web")
            lab.snapshot("web", "off")
            lab.virsh("start", "web")
            lab.snapshot("web", "run")
            lab.daemon.kill()
            for record in Path(place).rglob("snapshot/web/*.xml"):
                text = record.read_text()
                record.write_text(re.sub(r"machine='[^']*'", f"machine='{OLD}'", text))
            lab.daemon.restart()
            yield lab
        finally:
            lab.daemon.stop()


def test_a_machine_that_qemu_cannot_be_is_refused_before_the_guest_is_stopped(old_lab: Lab) -> None:
    key = old_lab.define("other")
    web = type(key)(key.host, old_lab.virsh("domuuid", "web").strip())
    for name, state in (("run", RunState.RECORDED), ("off", RunState.RUNNING)):
        plan = planned(old_lab, RevertIntent(web, name, state))
        assert_refused(plan, Why.MACHINE_GONE, name=name, machine=OLD)
        assert {one.harm for one in plan.refusals if one.why is Why.MACHINE_GONE} == {Harm.STOPPED}
    assert old_lab.state("web") == "running"
    said = old_lab.virsh("snapshot-revert", "web", "run", check=False)
    assert "does not support machine type" in said
    assert old_lab.state("web") == "shut off", "which is what was foretold"
    assert planned(old_lab, RevertIntent(web, "off"), carry_out=True).possible, "no QEMU is started"
    assert old_lab.current("web") == "off"


def test_a_machine_of_today_and_firmware_that_is_there_are_not_in_the_way(lab: Lab) -> None:
    key = lab.define("web", running=True)
    lab.snapshot("web", "run")
    assert planned(lab, RevertIntent(key, "run"), carry_out=True).possible


def test_a_kernel_that_is_gone_is_named(lab: Lab, tmp_path: Path) -> None:
    kernel = tmp_path / "vmlinuz"
    kernel.write_bytes(b"a kernel")
    os.chmod(tmp_path, 0o755)
    lab.define("web")
    xml = lab.virsh("dumpxml", "web").replace("</os>", f"<kernel>{kernel}</kernel></os>")
    lab.define_xml(xml)
    key = lab.define("other")
    web = type(key)(key.host, lab.virsh("domuuid", "web").strip())
    lab.snapshot("web", "one")
    kernel.unlink()
    plan = planned(lab, RevertIntent(web, "one", RunState.RUNNING))
    assert_refused(plan, Why.FILE_GONE, path=str(kernel))
