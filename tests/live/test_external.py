"""External snapshots: what a create makes, what it says of it, and what it never overwrites."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.choices import Form
from snaptui.model.domain import DomainKey
from snaptui.operations.step_calls import expected_after
from snaptui.plan.differences import differences
from snaptui.plan.plan import CreateIntent
from snaptui.plan.planner import make_plan
from snaptui.ui.dialogs.plan_dialog import CHECKING
from tests.lab import Lab, holds, qemu_img
from tests.sample import sample
from tests.terminal import Terminal, confirm, press_alone

RAM, DISKS = "external, disks and RAM", "external, disks only"


def wanted(terminal: Terminal, name: str, form: str) -> None:
    """Open the dialog of a create and fill it in."""
    terminal.press("c")
    terminal.wait("[internal]", gone=CHECKING)
    terminal.press(name, "tab", "tab")
    terminal.press(*[" "] * (1 if form == DISKS else 2))
    terminal.wait(f"[{form}]")


def refused(terminal: Terminal, *reasons: str) -> None:
    terminal.wait(*reasons, gone="Ready, ")
    press_alone(terminal)
    terminal.wait("Refused, see above.")


def sources(lab: Lab, name: str) -> dict[str, Path]:
    """By target, the file that a disk writes to now."""
    lines = lab.virsh("domblklist", "--domain", name).strip().splitlines()
    return {target: Path(path) for target, path in (line.split(maxsplit=1) for line in lines)}


def beside(lab: Lab, name: str, snapshot: str, target: str = "vda") -> Path:
    """Where the overlay of a disk goes."""
    return lab.image(name, target).with_suffix(f".{snapshot}")


@pytest.mark.parametrize("state", sample(2, ["shut off", "running", "paused"]))
def test_disks_only(lab: Lab, state: str) -> None:
    lab.define("web", disks=("vda", "vdb"), running=state != "shut off")
    if state == "paused":
        lab.suspend("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        wanted(terminal, "before", DISKS)
        terminal.wait("which is external, cannot be reverted to", "You lose: nothing")
        confirm(terminal)
        terminal.wait("Create an external snapshot of web: done", "E disk")
    targets = ("vda", "vdb")
    assert sources(lab, "web") == {t: beside(lab, "web", "before", t) for t in targets}
    assert lab.snapshots("web") == ["before"]
    xml = lab.virsh("snapshot-dumpxml", "web", "before")
    assert "<memory snapshot='no'/>" in xml
    assert xml.count("snapshot='external'") == 2
    assert all(holds(lab.image("web", target), 0x11) for target in targets)
    assert lab.state("web") == state
    if state == "shut off":
        lab.start("web")


@pytest.mark.parametrize("state", sample(1, ["running", "paused"]))
def test_disks_and_ram(lab: Lab, state: str) -> None:
    lab.define("web", running=True)
    if state == "paused":
        lab.suspend("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        wanted(terminal, "before", RAM)
        terminal.wait("of RAM is saved", "which is external, cannot be reverted to")
        confirm(terminal)
        terminal.wait("Create an external snapshot of web: done", "E disk+RAM")
    memory = lab.image("web").with_suffix(".before.mem")
    assert memory.read_bytes()[:16] == b"LibvirtQemudSave"
    assert f"<memory snapshot='external' file='{memory}'/>" in lab.virsh(
        "snapshot-dumpxml", "web", "before"
    )
    assert sources(lab, "web") == {"vda": beside(lab, "web", "before")}
    assert lab.state("web") == state


def test_an_external_memory_file_that_exists_is_not_overwritten(lab: Lab) -> None:
    """libvirt would, without a word; ours is refused before, and at the last moment too."""
    lab.define("web", running=True)
    memory = lab.image("web").with_suffix(".before.mem")
    memory.write_text("of another snapshot")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        wanted(terminal, "before", RAM)
        refused(terminal, "exists already.")
        assert memory.read_text() == "of another snapshot"
        terminal.press("esc")
        terminal.wait(gone="Kind:")
        memory.unlink()
        wanted(terminal, "before", RAM)
        terminal.wait("Ready, ")
        memory.write_text("made meanwhile")
        confirm(terminal)
        terminal.wait("Create an external snapshot of web: failed", "exists already")
    assert memory.read_text() == "made meanwhile"
    assert lab.snapshots("web") == []
    lab.snapshot("web", "bare", f"--memspec=file={memory},snapshot=external")
    assert memory.read_bytes()[:16] == b"LibvirtQemudSave", "libvirt does not overwrite it any more"


def test_an_overlay_that_exists_is_refused(lab: Lab) -> None:
    lab.define("web")
    beside(lab, "web", "before").write_text("mine")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        wanted(terminal, "before", DISKS)
        refused(terminal, "exists already.")
    assert beside(lab, "web", "before").read_text() == "mine"


def test_a_comma_in_the_name_of_a_domain_that_is_off(lab: Lab) -> None:
    """libvirt makes the overlay under another name, and the domain does not start any more."""
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        wanted(terminal, "a,b", DISKS)
        refused(terminal, "comma")
    lab.snapshot("web", "a,b", "--disk-only")
    assert "No such file" in lab.virsh("start", "web", check=False), "libvirt is mended"


@pytest.mark.long
def test_a_comma_in_the_name_of_a_running_domain(lab: Lab) -> None:
    lab.define("web", running=True)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        wanted(terminal, "a,b", DISKS)
        confirm(terminal)
        terminal.wait("Create an external snapshot of web: done")
    assert sources(lab, "web") == {"vda": beside(lab, "web", "a,b")}


def test_a_domain_that_is_off_has_no_ram(lab: Lab) -> None:
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        wanted(terminal, "before", RAM)
        refused(terminal, "has no RAM to save. Choose disks only.")


def test_what_a_raw_disk_cannot_have_inside_it_gets_outside(lab: Lab) -> None:
    lab.define("web", format="raw")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("vda is raw, not qcow2. Take an external snapshot instead.")
        terminal.press("esc")
        terminal.wait(gone="Kind:")
        wanted(terminal, "before", DISKS)
        confirm(terminal)
        terminal.wait("Create an external snapshot of web: done")
    assert '"format": "raw"' in qemu_img("info", "--output=json", str(lab.image("web")))
    assert sources(lab, "web") == {"vda": beside(lab, "web", "before")}


@pytest.mark.long
def test_a_disk_that_is_left_out_is_named(lab: Lab) -> None:
    lab.define("web", disks=("vda", "vdb"))
    disk = "<disk type='file' device='disk'"
    head, _, tail = lab.xml("web").rpartition(disk)
    lab.define_xml(f"{head}{disk} snapshot='no'{tail}")
    lab.start("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        for name, form in (("before", RAM), ("again", DISKS)):
            wanted(terminal, name, form)
            terminal.wait("vdb is left out: it cannot be reverted.")
            confirm(terminal)
            terminal.wait(f"E disk{'+RAM' * (form == RAM)}", gone="Kind:")
            terminal.wait("Create an external snapshot of web: done", name)
    assert sources(lab, "web")["vda"] == beside(lab, "web", "again")
    assert sources(lab, "web")["vdb"] == lab.image("web", "vdb")


def test_what_lies_beneath_is_named(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "inside")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("inside", "@ now")
        wanted(terminal, "over", DISKS)
        terminal.wait("A revert to inside, inside its backing files")
        confirm(terminal)
        terminal.wait("Create an external snapshot of web: done", "over")
    assert sources(lab, "web") == {"vda": beside(lab, "web", "over")}


@pytest.mark.parametrize("form", [Form.DISK_ONLY, Form.EXTERNAL])
@pytest.mark.parametrize("name", sample(1, ["plain", "two words", "it's a & b <c>, d"]))
def test_the_virsh_line_does_what_the_step_expects(lab: Lab, form: Form, name: str) -> None:
    """Two images of the same stem, and names that a shell, XML or virsh could take apart."""
    key = _same_stem(lab)
    backend = LibvirtBackend(lab.uri)
    host, intent = backend.connect(), CreateIntent(key, name, "for $HOME; 'quoted'", form)
    before = read_facts(backend, host, intent)
    plan = make_plan(intent, before)
    assert plan.refusals == ()
    subprocess.run(["sh", "-c", plan.lines[0]], check=True)
    after = read_facts(backend, host, intent)
    assert differences(expected_after(plan.steps[0], before), after) == ()
    assert backend.snapshot(key, name).description == "for $HOME; 'quoted'"
    backend.abandon()


def _same_stem(lab: Lab) -> DomainKey:
    """A running domain whose two images differ in their suffix only."""
    lab.define("web", disks=("vda", "vdb"))
    twin = lab.image("web").with_suffix(".img")
    lab.image("web", "vdb").rename(twin)
    lab.define_xml(lab.xml("web").replace(str(lab.image("web", "vdb")), str(twin)))
    lab.start("web")
    return lab.key("web")
