"""What is refused, warned of or thrown away instead of run: on real domains."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import libvirt
import pytest

from snaptui.model.choices import Form
from snaptui.model.libvirt_codes import INTERNAL_ERROR
from snaptui.plan.plan import CreateIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.words.why import Why
from snaptui.ui.terminal.key_queue import CLOSED
from tests.lab import Lab, entries, holds, next_second, qemu_img, write
from tests.live.planned import planned
from tests.sample import sample
from tests.terminal import Terminal, at_snapshots, confirm, press_alone
from tests.unit.made import assert_refused


def refused(terminal: Terminal, *reasons: str) -> None:
    """The dialog refuses, says why, and its confirm key does nothing."""
    terminal.wait("see below", *reasons, gone="Ready, ")
    press_alone(terminal)
    terminal.wait("Refused, see above.")


@pytest.mark.parametrize("key", ["r", "d"])
def test_a_dialog_sees_that_its_snapshot_has_gone(lab: Lab, key: str) -> None:
    lab.define("web")
    lab.snapshot("web", "first")
    lab.snapshot("web", "second")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "second")
        terminal.press(key)
        terminal.wait("Ready, ")
        lab.virsh("snapshot-delete", "web", "first")
        refused(terminal, "first")


@pytest.mark.parametrize("key", ["r", "d", "e"])
def test_a_dialog_is_about_no_other_snapshot_of_the_same_name(lab: Lab, key: str) -> None:
    lab.define("web")
    lab.snapshot("web", "nightly")
    next_second()
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "nightly")
        terminal.press(key)
        terminal.wait("web", "see below" if key == "e" else "Ready, ")
        lab.virsh("snapshot-delete", "web", "nightly")
        lab.snapshot("web", "nightly")
        terminal.wait("The checks failed.", "another one has its name now", gone="Ready, ")


def test_an_edit_sees_that_somebody_else_described_it(lab: Lab) -> None:
    """What was typed stays in its field."""
    lab.define("web")
    lab.snapshot("web", "one")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one")
        terminal.press("e")
        terminal.wait("Name and description are unchanged")
        terminal.press("tab", "mine")
        terminal.wait("Ready, ")
        xml = lab.directory / "s.xml"
        old = lab.virsh("snapshot-dumpxml", "web", "one")
        xml.write_text(old.replace("<state>", "<description>theirs</description><state>", 1))
        lab.virsh("snapshot-create", "web", str(xml), "--redefine", "--current")
        terminal.wait("another description by now: theirs", "mine", gone="Ready, ")


def test_a_dialog_sees_what_its_domain_does(lab: Lab) -> None:
    """A plan that is shown stays until there is another."""
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Ready, ", "stays shut off")
        lab.start("web")
        terminal.wait("Ready, ", "of RAM is saved", "Something changed on the host")
        lab.destroy("web")
        terminal.wait("Ready, ", "stays shut off")
        lab.virsh("undefine", "web")
        terminal.wait("The checks failed.", gone="Ready, ")


def test_a_name_of_digits_is_not_created(lab: Lab) -> None:
    """Such a name would be taken for an ID."""
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Ready, ")
        terminal.press("2")
        terminal.wait("digits only")
        refused(terminal, "mistake a name of digits only")
    assert lab.snapshots("web") == []


def test_a_revert_to_a_name_that_is_an_id_is_refused(lab: Lab) -> None:
    """Virsh takes the wrong snapshot here and reports success."""
    lab.define("web")
    lab.snapshot("web", "2")
    write(lab.image("web"), 0x22)
    lab.snapshot("web", "b")
    write(lab.image("web"), 0x33)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "b")
        terminal.press("r")
        refused(terminal, "the ID 2 belongs to the snapshot b")
    assert holds(lab.image("web"), 0x33)
    lab.virsh("snapshot-revert", "web", "2")
    assert holds(lab.image("web"), 0x22), "QEMU does not mistake it any more"


@pytest.mark.parametrize("running", sample(1, [False, True]))
def test_a_revert_that_would_fail_half_way_is_refused(lab: Lab, running: bool) -> None:
    """Gone from one disk of two; the guest goes on."""
    lab.define("web", disks=("vda", "vdb"))
    lab.snapshot("web", "good")
    qemu_img("snapshot", "-d", "good", str(lab.image("web", "vdb")))
    write(lab.image("web", "vda"), 0x22)
    if running:
        lab.start("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("r")
        refused(terminal, "vdb no longer holds the snapshot good")
    assert lab.state("web") == ("running" if running else "shut off")
    if not running:
        assert holds(lab.image("web", "vda"), 0x22)


def test_a_revert_is_refused_when_a_file_of_its_time_is_gone(lab: Lab) -> None:
    """Every file that the snapshot's domain names must be there."""
    lab.define("web", disks=("vda", "vdb"), running=True)
    lab.snapshot("web", "good")
    lab.image("web", "vdb").rename(lab.images / "aside")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("r")
        refused(terminal, "is missing, and the domain of that time needs it")
    assert lab.state("web") == "running"


def test_long_and_impossible_names_are_refused(lab: Lab) -> None:
    """247 bytes are the most, / and a leading dot are not possible."""
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        for name, reason in (
            ("ä" * 124, "247 bytes"),
            ("a/b", "no name that contains"),
            (".x", "contains /"),
        ):
            terminal.press("c")
            terminal.wait("Ready, ")
            terminal.press(name)
            terminal.wait(reason)
            refused(terminal)
            terminal.press("esc")
            terminal.wait("no snapshots yet", gone="Create a snapshot of")
        terminal.press("c")
        terminal.wait("Ready, ")
        terminal.press("n" * 247)
        terminal.until(lambda: "n" * 247 in terminal.dialog.replace(" ", ""), "the whole name")
        confirm(terminal)
        terminal.wait("done")
    assert lab.snapshots("web") == ["n" * 247]
    assert lab.current("web") == "n" * 247


def test_a_managed_save_is_in_the_way(lab: Lab) -> None:
    lab.define("web", running=True)
    lab.snapshot("web", "good")
    lab.virsh("managedsave", "web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("r")
        refused(terminal, "managed save")


def test_a_revert_to_an_external_snapshot_is_refused_with_the_way_by_hand(lab: Lab) -> None:
    """libvirt 9.0 has none; the line told makes an overlay that shows the disk as it was."""
    lab.define("web")
    lab.snapshot("web", "over", "--disk-only")
    write(lab.image("web").with_suffix(".over"), 0x22)
    before = lab.xml("web")
    assert "not supported" in lab.virsh("snapshot-revert", "web", "over", check=False)
    base = lab.image("web")
    line = f"qemu-img create -f qcow2 -b {base} -F qcow2 {base}.again"
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "over")
        terminal.press("r")
        refused(terminal, "libvirt 9.0 has no revert to external snapshots", f"({line})")
    assert lab.xml("web") == before
    qemu_img(*line.split()[1:])
    lab.define_xml(before.replace(f"{base.with_suffix('.over')}", f"{base}.again"))
    lab.start("web")
    assert holds(Path(f"{base}.again"), 0x11)
    assert holds(base.with_suffix(".over"), 0x22)


def test_force_is_never_sent(lab: Lab) -> None:
    """Where libvirt wants force, the revert is refused, and nothing offers it."""
    lab.define("web")
    lab.snapshot("web", "good")
    lab.start("web")
    lab.virsh("managedsave", "web")
    risky = lab.virsh("snapshot-revert", "web", "good", check=False)
    assert "revert requires force" in risky
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("r")
        refused(terminal, "managed save")
        assert "--force" not in terminal.text


def test_keys_typed_ahead_confirm_nothing(lab: Lab) -> None:
    """What is typed before the dialog can be read is thrown away."""
    lab.define("web")
    lab.snapshot("web", "good")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.type_ahead("d", "Y", "Y", "Y", "tab", "enter", "Y")
        terminal.wait("Delete good of web", "Ready, ")
        assert lab.snapshots("web") == ["good"]
        terminal.press("esc")
        terminal.wait("@ now", gone="Delete good")
        terminal.rest(CLOSED)
        terminal.type_ahead("r", "web", "Y", "Y")
        terminal.wait("Revert web to good", "Ready, ")
        terminal.press("esc")
        terminal.wait("@ now", gone="Revert web")
    assert lab.snapshots("web") == ["good"]
    assert "done" not in terminal.text


def test_enter_on_a_row_changes_nothing(lab: Lab) -> None:
    """Enter shows, and nothing more."""
    lab.define("web")
    lab.snapshot("web", "good")
    write(lab.image("web"), 0x22)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("enter")
        terminal.wait("<domainsnapshot>")
        terminal.press("esc")
        terminal.wait("@ now", gone="<domainsnapshot>")
        terminal.press(" ", "enter", "enter", "esc", "enter")
    assert holds(lab.image("web"), 0x22)
    assert lab.snapshots("web") == ["good"]


def test_read_only_says_so_at_each_key_of_a_change(lab: Lab) -> None:
    """In both panes, and in the lists of all domains; what only copies a name is there."""
    lab.define("web")
    lab.snapshot("web", "good")
    read_only = "Read-only: snaptui changes nothing here."
    with Terminal(["-c", lab.uri, "--read-only", "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.wait("READ-ONLY")
        for pane in ("l", "h"):
            terminal.press(pane)
            for key in ("c", "r", "d", "u", "e", "H", "x", "T", "a"):
                terminal.press("g", " ", "g", " ")
                terminal.wait("Nothing is marked.")
                terminal.press(key)
                terminal.wait(read_only)
                assert "Cancel" not in terminal.text
        assert "c create" not in terminal.text
        for view in ("A", "F"):
            terminal.press(view)
            terminal.wait("good", gone="...")
            for key in ("d", "H")[: 2 if view == "A" else 1]:
                terminal.press("g", " ", "g", " ")
                terminal.wait("Nothing is marked.")
                terminal.press(key)
                terminal.wait(read_only)
            if view == "A":
                terminal.press("y")
                terminal.wait("Copy of good")
                terminal.press("esc")
                terminal.wait(gone="Copy of")
            terminal.press("q")
            terminal.wait("connected")


def test_read_only_says_so_where_nothing_is_listed(lab: Lab) -> None:
    lab.define("web")
    with Terminal(["-c", lab.uri, "--read-only", "web"]) as terminal:
        terminal.wait("no snapshots yet")
        for view in ("A", "F"):
            terminal.press(view)
            terminal.wait(gone="READ-ONLY")
            terminal.press("d")
            terminal.wait("Read-only: snaptui changes nothing here.")
            if view == "A":
                terminal.press("y")
                terminal.wait("There is nothing to copy here.")
            terminal.press("q")
            terminal.wait("READ-ONLY")


@pytest.mark.parametrize("running", sample(1, [False, True]))
def test_a_name_that_only_the_image_knows_is_not_taken(lab: Lab, running: bool) -> None:
    """libvirt would make a twin of it, or while the domain runs delete it without a word."""
    lab.define("web")
    qemu_img("snapshot", "-c", "mine", str(lab.image("web")))
    if running:
        lab.start("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Ready, ")
        terminal.press("mine")
        refused(terminal, "already holds an unmanaged snapshot mine")
    assert entries(lab.image("web")) == [("1", "mine")]
    lab.snapshot("web", "mine")
    assert len(entries(lab.image("web"))) == (1 if running else 2), "libvirt refuses it itself"


def test_twins_are_not_told_apart_by_libvirt_and_refused(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "good")
    qemu_img("snapshot", "-c", "good", str(lab.image("web")))
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        for key in ("r", "d"):
            terminal.press(key)
            refused(terminal, "2 snapshots called good (IDs 1, 2)")
            terminal.press("esc")
            terminal.wait("@ now", gone="Refused")
    assert len(entries(lab.image("web"))) == 2


@pytest.mark.parametrize("fixture", ["lab", "newer_lab"])
@pytest.mark.parametrize(
    "settings",
    [
        ("external", "no", "manual"),
        ("external", "manual"),
        ("external", "no"),
        ("external", "external"),
        ("external", "internal"),
        ("manual", "no"),
        ("manual", "internal"),
        ("no", "internal"),
        ("no", "no"),
    ],
)
def test_what_libvirt_makes_of_disks_that_are_set_otherwise(
    request: pytest.FixtureRequest, fixture: str, settings: tuple[str, ...]
) -> None:
    """While off: an external snapshot of some disks in place of the internal one, or an error."""
    lab: Lab = request.getfixturevalue(fixture)
    disks = ""
    for target, setting in zip(("vda", "vdb", "vdc"), settings, strict=False):
        path = lab.image("web", target)
        qemu_img("create", "-q", "-f", "qcow2", str(path), "4M")
        disks += (
            f"<disk type='file' device='disk' snapshot='{setting}'><source file='{path}'/>"
            f"<driver name='qemu' type='qcow2'/><target dev='{target}' bus='virtio'/></disk>"
        )
    plan = planned(lab, CreateIntent(lab.define_disks("web", disks), "s", ""))
    foretold = {(one.code, one.harm) for one in plan.refusals}
    with closing(libvirt.open(lab.uri)) as connection:
        domain = connection.lookupByName("web")
        code = None
        try:
            domain.snapshotCreateXML("<domainsnapshot><name>s</name></domainsnapshot>")
        except libvirt.libvirtError as error:
            code = error.get_error_code()
        made = domain.listAllSnapshots(libvirt.VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL)
    assert bool(made) is (code is None)
    assert foretold == {(code, Harm.OUTSIDE_INSTEAD if made else None)}


@pytest.mark.parametrize("form", ["raw", "qcow2"])
def test_no_overlay_is_taken_of_an_image_that_is_gone(every_lab: Lab, form: str) -> None:
    lab = every_lab
    key = lab.define("web", format=form)
    lab.image("web").unlink()
    plan = planned(lab, CreateIntent(key, "out", "", Form.DISK_ONLY))
    assert_refused(plan, Why.IMAGE_GONE, path=str(lab.image("web")), disk="vda")
    chosen = ("--diskspec", f"vda,file={lab.images / 'out'}")
    said = lab.virsh("snapshot-create-as", "web", "out", "--disk-only", *chosen, check=False)
    assert "Could not open backing image" in said
    assert {one.code for one in plan.refusals} == {INTERNAL_ERROR}
