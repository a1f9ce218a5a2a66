"""libvirt is upgraded under the program: another version answers on the same socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.live.faults.proxy import Proxy
from tests.terminal import Terminal, at_snapshots, confirm


def socket(lab: Lab) -> Path:
    return lab.directory / "d" / "run" / "libvirt-sock"


@pytest.fixture
def proxy(lab: Lab, tmp_path: Path) -> Iterator[Proxy]:
    made = Proxy(tmp_path / "sock", socket(lab))
    yield made
    made.close()


def taken_over(older: Lab, newer: Lab) -> None:
    """Give the newer libvirt the domain and its snapshot, as an upgrade leaves them."""
    path = newer.directory / "snapshot.xml"
    path.write_text(older.virsh("snapshot-dumpxml", "web", "a"))
    newer.define_xml(older.xml("web", inactive=True))
    newer.virsh("snapshot-create", "web", str(path), "--redefine", "--current")


def test_abilities_header_and_plans_follow(
    lab: Lab, newer_lab: Lab, proxy: Proxy, tmp_path: Path
) -> None:
    lab.define("web")
    lab.snapshot("web", "a", "--disk-only")
    taken_over(lab, newer_lab)
    with Terminal(["-c", f"qemu+unix:///system?socket={tmp_path}/sock", "web"]) as terminal:
        at_snapshots(terminal, "a")
        terminal.press("r")
        terminal.wait("libvirt 9.0 has no revert to external snapshots")
        terminal.press("esc")
        terminal.wait(gone="Revert web")
        terminal.press("d")
        terminal.wait("Delete a", "Ready, ")
        proxy.beyond = socket(newer_lab)
        proxy.cut()
        terminal.wait("connection lost")
        terminal.wait("connected")
        confirm(terminal)
        terminal.wait("Nothing was done", "libvirt was version 9.0.0 and is now 11.3.0")
        terminal.press("esc")
        terminal.wait(gone="Nothing was done")
        terminal.press("r")
        terminal.wait("Revert web to a", "Ready, ")
    assert (lab.snapshots("web"), newer_lab.snapshots("web")) == (["a"], ["a"])
