"""Snapshots of several domains at once: taken with one dialog, and found again by their mark."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.model.domain import DomainKey
from snaptui.model.group_mark import Group, described, group_of
from snaptui.model.safety_mark import is_safety
from tests.lab import Lab, entries, holds, qemu_img, write
from tests.ssh import behind_ssh
from tests.terminal import Terminal, confirm, press_alone

TWELVE = [f"web{number:02}" for number in range(1, 13)]


def groups(lab: Lab, keys: dict[str, DomainKey], snapshot: str) -> dict[str, Group | None]:
    """What libvirt's own descriptions say, by domain."""
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    found = {name: group_of(backend.snapshot(key, snapshot)) for name, key in keys.items()}
    backend.abandon()
    return found


def all_marked(terminal: Terminal, number: int) -> None:
    """Mark so many domains from the first one on."""
    terminal.wait("connected")
    terminal.press("g", *" " * number)
    terminal.wait(f"{number} marked")


def create_asked(terminal: Terminal, name: str, description: str = "all") -> None:
    """Open the dialog for all marked domains, and fill it in."""
    terminal.press("c")
    terminal.wait("Name", "Ready, ")
    terminal.press(name, "tab")
    terminal.wait(f"Create {name} of", "press Y")
    terminal.press(description, "tab")


def ended(terminal: Terminal, number: int, what: str) -> None:
    """Wait in the list of operations until so many have ended in a way."""
    terminal.press("o")
    done = re.compile(rf" {what}\b")
    terminal.until(
        lambda: len(done.findall("\n".join(terminal.text.splitlines()[:15]))) >= number,
        f"{number} times {what}",
        60,
    )


def test_one_dialog_takes_one_snapshot_of_each(lab: Lab) -> None:
    """Twelve, two of them running; one whose image went meanwhile fails, and stops no other."""
    keys = {name: lab.define(name, running=name in TWELVE[:2]) for name in TWELVE}
    keys["other"] = lab.define("other")
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("connected", *TWELVE)
        all_marked(terminal, 13)
        terminal.press("esc")
        terminal.wait("Nothing is marked.")
        terminal.press("g", "j", *" " * 12)
        terminal.wait("12 marked", "Marked", "12 domains: web01, web02")
        create_asked(terminal, "patch")
        terminal.wait("Create patch of 12 domains", "4 at a time. A failure stops none")
        lost = lab.image("web12")
        lost.rename(lost.with_suffix(".away"))
        confirm(terminal)
        terminal.wait("11 of 12 taken; not web12.", "Close")

        def closed() -> bool:
            """It heeds nobody before it can be read."""
            if "Close" in terminal.text:
                terminal.press("esc")
            return "Close" not in terminal.text

        terminal.until(closed, "the dialog to go")
        terminal.wait("1 marked", "Marked", "1 domain: web12", gone="12 marked")
        ended(terminal, 11, "done")
    lost.with_suffix(".away").rename(lost)
    del keys["other"], keys["web12"]
    assert lab.snapshots("other") == lab.snapshots("web12") == []
    for name in keys:
        assert [entry for _, entry in entries(lab.image(name))] == ["patch"], name
    found = set(groups(lab, keys, "patch").values())
    (group,) = found
    assert group is not None
    assert (group.size, group.members) == (11, tuple(TWELVE[:11])), "what was taken"
    assert group.spread is not None
    assert not group.together


def test_a_group_on_another_machine(lab: Lab, tmp_path: Path) -> None:
    """Whose files cannot be looked at, before or afterwards."""
    for name in TWELVE[:2]:
        lab.define(name)
    with Terminal(["-c", behind_ssh(lab, tmp_path)]) as terminal:
        all_marked(terminal, 2)
        create_asked(terminal, "far")
        confirm(terminal)
        ended(terminal, 2, "done")
    assert [lab.snapshots(name) for name in TWELVE[:2]] == [["far"], ["far"]]


@pytest.mark.long
def test_a_name_that_one_has_already_is_refused_for_all(lab: Lab) -> None:
    keys = {name: lab.define(name) for name in ("db", "web")}
    lab.snapshot("db", "patch")
    with Terminal(["-c", lab.uri], size=(80, 24)) as terminal:
        all_marked(terminal, 2)
        terminal.press("c")
        terminal.wait("Name", "Ready, ")
        terminal.press("patch")
        terminal.wait("Refused, see below", "db: A snapshot called patch exists already.")
        terminal.press("esc")
        terminal.wait("2 marked", gone="press Y")
        create_asked(terminal, "patch2", "on Tuesday")
        confirm(terminal)
        ended(terminal, 2, "done")
    assert lab.snapshots("web") == ["patch2"]
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    snapshot = backend.snapshot(keys["web"], "patch2")
    assert described(snapshot) == "on Tuesday"
    backend.abandon()


@pytest.mark.long
def test_editing_a_description_leaves_the_group(lab: Lab) -> None:
    keys = {name: lab.define(name) for name in ("db", "web")}
    with Terminal(["-c", lab.uri]) as terminal:
        all_marked(terminal, 2)
        create_asked(terminal, "patch")
        confirm(terminal)
        ended(terminal, 2, "done")
        terminal.press("esc")
        terminal.wait(gone="Operations")
        terminal.press("g", "enter")
        terminal.wait("patch", "Group")
        terminal.press("g", "e")
        terminal.wait("Description (Tab goes on)")
        terminal.press("tab", "changed ", "tab")
        confirm(terminal)
        terminal.wait("Describe patch of db: done")
    found = groups(lab, keys, "patch")
    assert found["db"] == found["web"] is not None


def close_errors(terminal: Terminal, *wanted: str) -> None:
    """Read errors, in whatever order and however many at once, and close them."""
    left = set(wanted)

    def closed() -> bool:
        dialog = terminal.dialog
        left.difference_update({words for words in wanted if words in dialog})
        if "Close" in dialog:
            terminal.press("enter")
            terminal.read(0.2)
        return not left and "Close" not in terminal.dialog

    terminal.until(closed, f"{left} to be told and closed", 30)


def a_group(lab: Lab, terminal: Terminal, *names: str) -> None:
    """Take the snapshot ``patch`` of the first domains of the list, and go to the first one's."""
    all_marked(terminal, len(names))
    create_asked(terminal, "patch")
    confirm(terminal)
    ended(terminal, len(names), "done")
    terminal.press("esc")
    terminal.wait(gone="Operations")
    terminal.press("g", "enter")
    terminal.wait("patch", "Group")
    terminal.press("g")
    for name in names:
        if lab.state(name) == "shut off":
            write(lab.image(name), 0x22)


def whole_group(terminal: Terminal, number: int) -> None:
    """Ask for a revert of the whole group of the selected snapshot."""
    terminal.press("r")
    terminal.wait("Revert db to patch", f"[this one]  whole group of {number}")
    terminal.press("tab", " ")
    terminal.wait(f"[whole group of {number}]", f"Revert {number} domains to patch")


def test_a_group_is_reverted_and_undone_one_by_one(lab: Lab) -> None:
    """By its mark: another snapshot of the same name is left alone."""
    keys = {name: lab.define(name, running=name == "mail") for name in ("db", "mail", "web")}
    lab.define("zoo")
    lab.snapshot("zoo", "patch")
    write(lab.image("zoo"), 0x22)
    with Terminal(["-c", lab.uri]) as terminal:
        a_group(lab, terminal, *keys)
        lab.destroy("mail")
        whole_group(terminal, 3)
        terminal.wait("Undo: yes, each by a safety snapshot", "mail will be RUNNING")
        confirm(terminal)
        ended(terminal, 6, "done")
        assert {name: lab.state(name) for name in keys} == {
            "db": "shut off",
            "mail": "running",
            "web": "shut off",
        }
        assert holds(lab.image("db"), 0x11)
        assert holds(lab.image("web"), 0x11)
        assert holds(lab.image("zoo"), 0x22)
        assert lab.snapshots("zoo") == ["patch"]
        for name in keys:
            (kept,) = (one for one in lab.snapshots(name) if is_safety(one))
            assert kept.endswith("-patch")
        terminal.press("esc")
        terminal.wait(gone="Operations")
        terminal.press("u")
        terminal.wait("Undo: safety snapshots of db")
        terminal.press("enter")
        terminal.wait("Revert db to safety-", gone="whole group")
        confirm(terminal)
        terminal.wait("Revert db to safety-", ": done")
    assert holds(lab.image("db"), 0x22)
    assert holds(lab.image("web"), 0x11)


def test_no_guest_is_touched_unless_all_can_be_reverted(lab: Lab) -> None:
    """One lacks its data: the dialog says which. If that comes about later, none is begun."""
    names = ("db", "mail", "web")
    for name in names:
        lab.define(name)
    with Terminal(["-c", lab.uri]) as terminal:
        a_group(lab, terminal, *names)
        whole_group(terminal, 3)
        terminal.wait("Ready, ", "press Y")
        qemu_img("snapshot", "-d", "patch", str(lab.image("web")))
        confirm(terminal)
        terminal.wait("0 of 3 reverted", "not db, mail, web", "web: the snapshots inside")
        lines = terminal.dialog
        assert lines.index("web: the snapshots inside") < lines.index("db, mail: Cancelled")
        assert "all-or-nothing. Not ready: web." in lines
        close_errors(terminal, "patch: 0 of 3 reverted")
        terminal.press("left", "left", "g", "enter")  # an Enter more than it took leads elsewhere
        terminal.wait("patch", "Group")
        terminal.press("g")
        whole_group(terminal, 3)
        terminal.wait("Refused, see below", "web: vda no longer holds the snapshot patch")
        press_alone(terminal)
        terminal.wait("Refused, see above.")
    for name in names:
        assert holds(lab.image(name), 0x22), name
        assert lab.snapshots(name) == ["patch"], name


def test_a_group_that_was_killed_is_told_in_one_dialog(lab: Lab, tmp_path: Path) -> None:
    """Which of it were reverted, which not, and what each of these needs: as the bytes say."""
    names = [f"g{number:02}" for number in range(1, 7)]
    keys = {name: lab.define(name) for name in names}
    mark = Group("group-20261125T120000Z-0aff", len(names), spread=0.4)
    for name in names:
        lab.snapshot(name, "patch", f"--description=[{mark.words}]")
        write(lab.image(name), 0x22)
    held = ["g03", "g06"]
    uuids = [keys[name].uuid for name in names if name not in held]
    left = [keys[name].uuid for name in held]
    state = tmp_path / "state" / "snaptui"
    words = [lab.uri, str(state), "patch", *uuids, "-", *left]
    killed = subprocess.run([sys.executable, "-m", "tests.live.killed", *words], timeout=60)
    assert killed.returncode == -signal.SIGKILL
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("patch: 4 of 6 reverted: cut short", "not g03, g06.")
        told = terminal.dialog
        assert told.index("g03: Interrupted") < told.index("g06: Interrupted")
        assert not any(f"{name}: " in told for name in names if name not in held)
        terminal.press("end")
        terminal.wait("Close")
        terminal.press("tab", "tab", *["down"] * 20)
        (kept,) = (one for one in lab.snapshots("g06") if is_safety(one))
        terminal.wait(f"g06: {kept}")
        close_errors(terminal)
        terminal.press("o")
        terminal.wait("Operations", "cut short", "done")
    for name in names:
        assert holds(lab.image(name), 0x22 if name in held else 0x11), name
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("connected", "g06")
        assert "cut short" not in terminal.text, "it is told once"


@pytest.mark.long
def test_what_is_left_of_a_group_is_said(lab: Lab) -> None:
    """One was deleted, and one domain has two of it."""
    for name in ("db", "mail", "web"):
        lab.define(name)
    with Terminal(["-c", lab.uri]) as terminal:
        a_group(lab, terminal, "db", "mail", "web")
        lab.virsh("snapshot-delete", "--domain=web", "--snapshotname=patch")
        terminal.press("r")
        terminal.wait("Revert db to patch", "whole group of 3")
        terminal.press("tab", " ")
        missing = "The group had 3 domains, 2 are left: web is missing."
        terminal.wait("Revert 2 domains", missing)
        lines = [line.strip("│ ") for line in terminal.text.splitlines()]
        facts = [line for line in lines if missing in line or "You lose: " in line]
        assert missing in facts[0], "before all else"
        terminal.press("esc")
        terminal.wait(gone="whole group")
        xml = lab.virsh("snapshot-dumpxml", "--domain=mail", "--snapshotname=patch")
        again = lab.directory / "again.xml"
        again.write_text(xml.replace("<name>patch</name>", "<name>patch2</name>", 1))
        lab.virsh("snapshot-create", "--domain=mail", f"--xmlfile={again}", "--redefine")
        terminal.press("r")
        terminal.wait("Revert db to patch", "whole group of 3")
        terminal.press("tab", " ")
        terminal.wait("mail has 2 of the group: patch, patch2.", "Refused, see below")
