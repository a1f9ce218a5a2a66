"""What changes libvirt's records alone: deletes of metadata, descriptions, holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from snaptui.plan.plan import DeleteIntent
from snaptui.ui.dialogs.plan_dialog import CHECKING
from tests.lab import Lab, entries, holds, write
from tests.live.planned import planned
from tests.sample import sample
from tests.terminal import Terminal, at_snapshots, confirm, press_alone


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "snaptui"


def forked(lab: Lab) -> None:
    """a -> {b, x -> y}."""
    lab.define("web")
    lab.snapshot("web", "a")
    lab.snapshot("web", "b")
    lab.virsh("snapshot-revert", "web", "a")
    lab.snapshot("web", "x")
    lab.snapshot("web", "y")


def chosen(terminal: Terminal, scope: int, *, metadata_only: bool = False) -> None:
    """Open the dialog of a delete and choose what goes."""
    terminal.press("d")
    terminal.wait("[this one]", "[data and metadata]", "press Y")
    terminal.press("tab", *[" "] * scope)
    if metadata_only:
        terminal.press("tab", " ")
        terminal.wait("[metadata only]")


def redefined(lab: Lab, file: Path) -> None:
    lab.virsh("snapshot-create", "web", str(file), "--redefine")


def record(lab: Lab, name: str) -> str:
    """libvirt's record of a snapshot without its description."""
    xml = lab.virsh("snapshot-dumpxml", "--domain", "web", f"--snapshotname={name}")
    return re.sub(r"\n\s*<description>.*?</description>", "", xml, flags=re.DOTALL)


def test_only_the_children_go_leaves_first(lab: Lab) -> None:
    forked(lab)
    daemon = lab.daemon.pid
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "x", "y")
        chosen(terminal, 2)
        terminal.wait("[only those below it]", "The current one becomes a.", "3 snapshots: ")
        confirm(terminal)
        terminal.wait("Delete all below a of web: done")
    assert lab.snapshots("web") == ["a"]
    assert lab.current("web") == "a"
    assert entries(lab.image("web")) == [("1", "a")]
    assert lab.daemon.pid == daemon


def test_nothing_below_is_nothing_to_delete(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "a")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "a")
        chosen(terminal, 2)
        terminal.wait("a has no descendants.")


@pytest.mark.parametrize("running", sample(1, [False, True]))
def test_metadata_only_leaves_the_data_and_can_be_undone_as_it_says(
    lab: Lab, running: bool, state: Path
) -> None:
    lab.define("web", running=running)
    lab.snapshot("web", "good")
    before = record(lab, "good")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        chosen(terminal, 0, metadata_only=True)
        terminal.wait(
            "no data",
            "Undo: yes, virsh snapshot-create --redefine with the XML that is saved before",
            "The data of good stays inside the images and keeps its space",
        )
        confirm(terminal)
        terminal.wait("Delete the metadata of good of web: done")
    assert lab.snapshots("web") == []
    assert entries(lab.image("web")) == [("1", "good")]
    assert lab.state("web") == ("running" if running else "shut off")
    (saved,) = (state / "xml").glob("*/snapshot-1.xml")
    redefined(lab, saved)
    assert record(lab, "good") == before
    if not running:
        write(lab.image("web"), 0x22)
    lab.virsh("snapshot-revert", "web", "good")
    assert holds(lab.image("web"), 0x11)


def test_metadata_of_a_whole_tree(lab: Lab) -> None:
    forked(lab)
    before = entries(lab.image("web"))
    daemon = lab.daemon.pid
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "x", "y")
        chosen(terminal, 1, metadata_only=True)
        terminal.wait("The current one becomes none.")
        confirm(terminal)
        terminal.wait("Delete the metadata of a of web and all below it: done")
    assert lab.snapshots("web") == []
    assert entries(lab.image("web")) == before
    assert lab.daemon.pid == daemon


def test_metadata_of_an_external_snapshot_leave_its_overlay_in_use(lab: Lab) -> None:
    lab.define("web", running=True)
    lab.snapshot("web", "over", "--disk-only")
    before = lab.virsh("domblklist", "web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "over")
        terminal.press("d")
        terminal.wait("Delete over of web", "[this one]", "is merged into")
        terminal.press("tab", "tab", " ")
        terminal.wait("[metadata only]", "These files stay")
        confirm(terminal)
        terminal.wait("Delete the metadata of over of web: done")
    assert lab.snapshots("web") == []
    assert lab.virsh("domblklist", "web") == before
    assert lab.state("web") == "running"


@pytest.mark.parametrize("running", sample(1, [False, True]))
def test_a_new_description_changes_nothing_else(lab: Lab, running: bool) -> None:
    lab.define("web", disks=("vda", "vdb"), running=running)
    lab.snapshot("web", "base")
    lab.snapshot("web", "mid", "--description", "old <&> words")
    lab.snapshot("web", "top")
    lab.virsh("snapshot-revert", "web", "mid")
    names = ("base", "mid", "top")
    before = {name: record(lab, name) for name in names}
    inside = [entries(lab.image("web", target)) for target in ("vda", "vdb")]
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, *names)
        terminal.press("j", "e")
        terminal.wait("Describe mid of web", "old <&> words", "Name and description are unchanged.")
        terminal.press("tab", "G & [/x] ", "\r", "tab")
        terminal.wait("Ready, ")
        confirm(terminal)
        terminal.wait("Describe mid of web: done")
    xml = lab.virsh("snapshot-dumpxml", "web", "mid")
    assert "<description>G &amp; [/x] \nold &lt;&amp;&gt; words</description>" in xml
    assert {name: record(lab, name) for name in names} == before
    assert lab.snapshots("web") == list(names)
    assert lab.current("web") == "mid"
    assert [entries(lab.image("web", target)) for target in ("vda", "vdb")] == inside


def below(lab: Lab, name: str) -> dict[str, str]:
    """By snapshot its XML, but for the names of it and its parent and its description."""
    found = {}
    for snapshot in lab.snapshots(name):
        xml = lab.virsh("snapshot-dumpxml", "--security-info", name, snapshot)
        xml = re.sub(r"<description>.*?</description>\s*|<name>.*?</name>", "", xml, count=1)
        found[snapshot] = re.sub(r"<parent>.*?</parent>|<name>.*?</name>", "", xml, flags=re.S)
    return found


@pytest.mark.long
@pytest.mark.parametrize(
    ("renamed", "running"), sample(1, [("base", False), ("mid", True), ("top", False)])
)
def test_another_name_changes_nothing_else(lab: Lab, renamed: str, running: bool) -> None:
    """In the place of a record is another one; what was below it is below that, not its parent."""
    lab.define("web", running=running)
    names = ["base", "mid", "top"]
    for name in names:
        lab.snapshot("web", name, "--disk-only", "--description", f"about {name}")
    before, disks = below(lab, "web"), lab.virsh("domblklist", "web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, *names)
        terminal.press(*["j"] * names.index(renamed), "e")
        terminal.wait(f"Describe {renamed} of web", f"about {renamed}")
        terminal.press("end", " & new")
        terminal.wait("Ready, ", f"is renamed to {renamed} & new", "files keep their names")
        confirm(terminal)
        terminal.wait(f"Rename {renamed} of web: done", f"{renamed} & new")
    now = [f"{name} & new" if name == renamed else name for name in names]
    assert lab.snapshots("web") == now
    assert [lab.virsh("snapshot-parent", "web", name).strip() for name in now[1:]] == now[:2]
    assert lab.current("web") == now[2]
    assert list(below(lab, "web").values()) == list(before.values())
    assert lab.virsh("domblklist", "web") == disks
    described = lab.virsh("snapshot-dumpxml", "web", f"{renamed} & new")
    assert f"<description>about {renamed}</description>" in described
    if renamed == "top":
        lab.virsh("snapshot-delete", "web", "top & new")
        assert str(lab.image("web").with_suffix(".mid")) in lab.virsh("domblklist", "web")


def test_an_internal_snapshot_cannot_be_renamed_and_why(lab: Lab) -> None:
    """libvirt takes the other name, and then finds the data no more."""
    lab.define("web")
    lab.snapshot("web", "one")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one")
        terminal.press("e")
        terminal.wait("Describe one of web")
        terminal.press(*["backspace"] * 3, "two")
        terminal.wait("Rename one of web", "cannot be renamed", "Refused, see below")
    xml = lab.virsh("snapshot-dumpxml", "web", "one").replace("<name>one<", "<name>two<")
    path = lab.directory / "two.xml"
    path.write_text(xml)
    lab.virsh("snapshot-create", "web", str(path), "--redefine")
    lab.virsh("snapshot-delete", "web", "one", "--metadata")
    assert "error" in lab.virsh("snapshot-revert", "web", "two", check=False)


def test_a_description_can_be_taken_away(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "one", "--description", "x")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one")
        terminal.press("e")
        terminal.wait("Describe one of web")
        terminal.press("tab", "right", "backspace", "tab")
        confirm(terminal)
        terminal.wait("Describe one of web: done")
    assert "<description>" not in lab.virsh("snapshot-dumpxml", "web", "one")


def test_a_description_that_changed_meanwhile_is_not_overwritten(lab: Lab, tmp_path: Path) -> None:
    lab.define("web")
    lab.snapshot("web", "one", "--description", "old")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one")
        terminal.press("e")
        terminal.wait("Describe one of web", "unchanged")
        xml = lab.virsh("snapshot-dumpxml", "web", "one")
        (tmp_path / "edited.xml").write_text(xml.replace("old", "by another admin"))
        redefined(lab, tmp_path / "edited.xml")
        terminal.press("tab", "mine ", "tab")
        terminal.wait("another description by now: by another admin", "mine old", gone="Ready, ")
        press_alone(terminal)
        terminal.wait("The checks failed, see above.")
    assert "by another admin" in lab.virsh("snapshot-dumpxml", "web", "one")


def test_a_held_snapshot_is_deleted_only_after_its_release(lab: Lab) -> None:
    forked(lab)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "x", "y")
        terminal.press("j", "j", "H")
        terminal.wait("Hold x of web", "virsh and other tools still can")
        confirm(terminal)
        terminal.wait("Hold x of web: done", "◇ x", "held by")
    assert re.search(
        r"<description>\[held by \S+@\S+ since \d{4}-[-\d]+T[:\d]+Z\]</description>",
        lab.virsh("snapshot-dumpxml", "web", "x"),
    )
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "◇ x", "y")
        for keys, scope, metadata_only in ((("j", "j"), 0, False), (("g",), 1, True)):
            terminal.press(*keys, "d")
            terminal.wait("[this one]", gone=CHECKING)
            terminal.press("tab", *[" "] * scope)
            terminal.press("tab", *[" "] * metadata_only)
            terminal.wait("has held x since", "Release it first")
            press_alone(terminal)
            terminal.wait("Refused, see above.")
            terminal.press("esc")
            terminal.wait(gone="Refused")
        terminal.press("j", "j", "e")
        terminal.wait("Describe x of web")
        terminal.press("tab", "words", "tab")
        confirm(terminal)
        terminal.wait("Describe x of web: done", "◇ x")
        terminal.press("H")
        terminal.wait("Release x of web", "can be deleted again")
        confirm(terminal)
        terminal.wait("Release x of web: done", "○ x")
        terminal.press("d")
        terminal.wait("Delete x of web")
        confirm(terminal)
        terminal.wait("Delete x of web: done")
    assert sorted(lab.snapshots("web")) == ["a", "b", "y"]


def test_read_only_offers_none_of_it(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "one")
    with Terminal(["-c", lab.uri, "--read-only", "web"]) as terminal:
        at_snapshots(terminal, "one")
        for key in ("e", "H", "u"):
            terminal.press(key)
            assert "Refused" not in terminal.text
            assert "Checking" not in terminal.text


def test_the_cursor_stays_on_what_gets_a_name_that_comes_before(lab: Lab) -> None:
    lab.define("web")
    for name in ("one", "two", "three"):
        lab.snapshot("web", name, "--disk-only")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one", "two")
        terminal.press("g", "j", "e")
        terminal.wait("Describe two of web")
        terminal.press(*["backspace"] * 3, "a")
        terminal.wait("Rename two of web", "Ready, ")
        confirm(terminal)
        terminal.wait("Rename two of web: done", "▌ ○ a")
    assert set(lab.snapshots("web")) == {"one", "a", "three"}


def test_metadata_with_a_disk_that_was_taken_away_go(every_own_lab: Lab) -> None:
    """9.0 reports an error, and has deleted them; what is below moves up for good."""
    lab = every_own_lab
    key = lab.define("web", disks=("vda", "vdb"))
    for name in ("one", "two", "three"):
        lab.snapshot("web", name)
    lab.virsh("detach-disk", "web", "vdb", "--config")
    planned(lab, DeleteIntent(key, "two", metadata_only=True), carry_out=True)
    lab.daemon.kill()
    lab.daemon.restart()
    assert lab.virsh("snapshot-list", "web", "--tree").split() == ["one", "|", "+-", "three"]
