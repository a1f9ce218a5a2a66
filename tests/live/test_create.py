"""A create with all that can be chosen, and what libvirt makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from snaptui.plan.outcome import UndoBy
from snaptui.plan.plan import CreateIntent, DeleteIntent
from snaptui.ui.terminal.key_queue import CLOSED
from tests.lab import Lab, holds, qemu_img
from tests.live.planned import planned
from tests.live.test_external import DISKS, RAM, beside, sources, wanted
from tests.sample import sample
from tests.terminal import Terminal, confirm


def more(terminal: Terminal) -> None:
    """Go to the options."""
    terminal.press("f2")
    terminal.wait("F2 back to the name")


def test_single_disks_and_places(lab: Lab, tmp_path: Path) -> None:
    lab.define("web", disks=("vda", "vdb"), running=True)
    elsewhere = tmp_path / "far, away.overlay"
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        wanted(terminal, "before", DISKS)
        more(terminal)
        terminal.press("tab", str(elsewhere), "tab", " ")
        terminal.wait("[left out]", "vdb is left out", "vda writes to an overlay")
        confirm(terminal)
        terminal.wait("Create an external snapshot of web: done")
    assert sources(lab, "web") == {"vda": elsewhere, "vdb": lab.image("web", "vdb")}
    xml = lab.virsh("snapshot-dumpxml", "web", "before")
    assert f"<source file='{elsewhere}'/>" in xml
    assert "<disk name='vdb' snapshot='no'/>" in xml


@pytest.mark.long
def test_it_is_shut_off_afterwards(lab: Lab) -> None:
    lab.define("web", running=True)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("[internal]", "Ready, ")
        more(terminal)
        terminal.press(" ")
        terminal.wait("[is shut off]", "web is SHUT OFF when", "--halt")
        confirm(terminal)
        terminal.wait("Create a snapshot of web: done", "I disk+RAM")
    assert lab.state("web") == "shut off"
    (name,) = lab.snapshots("web")
    assert "<state>running</state>" in lab.virsh("snapshot-dumpxml", "web", name)


def test_the_guest_runs_while_its_ram_is_saved(lab: Lab, tmp_path: Path) -> None:
    lab.define("web", running=True)
    memory = tmp_path / "ram"
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        wanted(terminal, "before", RAM)
        more(terminal)
        terminal.press("tab", "tab", str(memory), "tab", " ")
        terminal.wait(
            "[running]", "web keeps running while 32.0 MiB of RAM or more is saved", "--live"
        )
        confirm(terminal)
        terminal.wait("Create an external snapshot of web: done", "E disk+RAM")
    assert memory.read_bytes()[:16] == b"LibvirtQemudSave"
    assert lab.state("web") == "running"


@pytest.mark.parametrize("running", sample(1, [True, False]))
def test_overlays_that_are_there_already(lab: Lab, running: bool) -> None:
    """libvirt does not look at what they lie upon; a wrong one would be another disk."""
    lab.define("web", running=running)
    lab.define("other")
    overlay, right = beside(lab, "web", "before"), lab.image("web")
    flags = ["create", "-q", "-f", "qcow2", "-F", "qcow2"]
    qemu_img(*flags, "-b", str(lab.image("other")), str(overlay))
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        wanted(terminal, "before", DISKS)
        terminal.wait("exists already.")
        more(terminal)
        terminal.press(*["tab"] * (4 if running else 2), " ")
        terminal.wait(f"is an overlay on {lab.image('other')}", "Refused, see below")
        terminal.press("esc")
        terminal.wait(gone="F2 back")
        overlay.unlink()
        qemu_img(*flags, "-u", "-b", str(right), str(overlay), "8M")
        made = overlay.stat().st_ino
        wanted(terminal, "before", DISKS)
        terminal.wait("exists already.")
        more(terminal)
        terminal.press(*["tab"] * (4 if running else 2), " ")
        terminal.wait("Ready, ", "Overlays:  are made  [are there already]")
        confirm(terminal)
        terminal.wait("Create an external snapshot of web: done")
    assert sources(lab, "web") == {"vda": overlay}
    assert overlay.stat().st_ino == made
    assert holds(overlay, 0x11)
    if not running:
        lab.start("web")


@pytest.mark.long
def test_from_the_xml_of_a_file(lab: Lab, tmp_path: Path) -> None:
    """It is read, checked and edited, and goes into the fields; what it says is what is asked."""
    lab.define("web", disks=("vda", "vdb"), running=True)
    ram, file, overlay = tmp_path / "ram", tmp_path / "mine.xml", tmp_path / "o"
    file.write_text(
        "<domainsnapshot><name>mine &amp; yours</name><description>of a file</description>"
        f"<memory snapshot='external' file='{ram}'/><disks>"
        f"<disk name='vda' snapshot='external'><source file='{overlay}'/></disk>"
        "</disks><state>running</state></domainsnapshot>"
    )
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("[internal]", "Ready, ")
        terminal.press("f3")
        terminal.wait("Snapshot of web as XML", "<name>snap-")
        terminal.press("shift+tab", str(file), "enter")
        terminal.wait("does not know <state>")
        file.write_text(file.read_text().replace("<state>running</state>", ""))
        terminal.press("enter")
        terminal.wait("Read.", "mine &amp; yours")
        terminal.press("f3")
        terminal.wait("[external, disks and RAM]", "mine & yours", "file name", gone="as XML\n")
        terminal.rest(CLOSED)
        more(terminal)
        terminal.wait(str(overlay)[:36], str(ram)[:36])
        confirm(terminal)
        terminal.wait("Create an external snapshot of web: done", "E disk+RAM")
    assert sources(lab, "web") == {"vda": overlay, "vdb": beside(lab, "web", "mine & yours", "vdb")}
    assert ram.exists()
    xml = lab.virsh("snapshot-dumpxml", "web", "mine & yours")
    assert "<description>of a file</description>" in xml


def test_a_disk_inside_among_others_outside_is_refused(lab: Lab) -> None:
    lab.define("web", disks=("vda", "vdb"))
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        wanted(terminal, "before", DISKS)
        terminal.press("f3")
        terminal.wait('<disk name="vdb" snapshot="external">')
        overlay = beside(lab, "web", "before", "vda")
        terminal.press("f7", "backspace")
        terminal.type_ahead(
            "<domainsnapshot><name>before</name><disks><disk name='vda' snapshot='external'>"
            f"<source file='{overlay}'/></disk><disk name='vdb' snapshot='internal'/></disks>"
            "</domainsnapshot>"
        )
        terminal.wait("vdb")
        terminal.press("f3")
        terminal.wait("vdb would be snapshotted inside", "CONFIG_UNSUPPORTED", gone="as XML\n")
    spec = f"--diskspec=vda,snapshot=external,file={overlay}"
    refused = lab.virsh(
        "snapshot-create-as", "web", "before", "--disk-only", spec,
        "--diskspec=vdb,snapshot=internal", check=False,
    )  # fmt: skip
    assert "error" in refused, "libvirt takes it"


def test_the_name_follows_the_template(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "config" / "snaptui" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('snapshot_name = "{domain} {n}"\n')
    lab.define("web")
    lab.snapshot("web", "web 1")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("web 1", "@ now")
        terminal.press("c")
        terminal.wait("[internal]", "Ready, ", "web 2")
        confirm(terminal)
        terminal.wait("Create a snapshot of web: done")
    assert lab.snapshots("web") == ["web 1", "web 2"]


@pytest.mark.parametrize("which", ["lab", "newer_lab"])
def test_one_taken_beside_a_managed_save_can_be_deleted_and_the_save_loads(
    which: str, request: pytest.FixtureRequest
) -> None:
    """The disks are after the delete what the save knows."""
    lab: Lab = request.getfixturevalue(which)
    key = lab.define("web", disks=("vda", "vdb"), running=True)
    lab.virsh("managedsave", "web")
    plan = planned(lab, CreateIntent(key, "new", ""), carry_out=True)
    assert plan.undo.by is UndoBy.DELETE
    planned(lab, DeleteIntent(key, "new"), carry_out=True)
    assert lab.snapshots("web") == []
    lab.start("web")
    assert lab.state("web") == "running"
    assert "Restored" in lab.virsh("domstate", "--domain", "web", "--reason").title()
    for target in ("vda", "vdb"):
        assert holds(lab.image("web", target), 0x11)
