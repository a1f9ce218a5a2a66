"""Finding one's way: cursor, filter, panes, sizes, keys of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from snaptui.ui.actions import ACTIONS
from tests.lab import Lab
from tests.terminal import Terminal, at_snapshots


def test_the_cursor_stays_on_its_domain_when_the_list_changes(lab: Lab) -> None:
    lab.define("mmm")
    lab.define("zzz")
    with Terminal(["-c", lab.uri, "mmm"]) as terminal:
        terminal.wait("▌ mmm")
        lab.define("aaa")
        terminal.wait("aaa", "▌ mmm")
        lab.virsh("undefine", "zzz")
        terminal.wait("▌ mmm", gone="zzz")


def test_a_domain_that_vanishes_leaves_the_cursor_on_no_other_one(lab: Lab) -> None:
    """A key that was meant for it does nothing to its neighbour; it may come again."""
    for name in ("aaa", "mmm", "zzz"):
        lab.define(name)
    with Terminal(["-c", lab.uri, "mmm"]) as terminal:
        terminal.wait("▌ mmm", "no snapshots yet")
        lab.virsh("undefine", "mmm")
        terminal.wait("  zzz", gone="mmm")
        terminal.press("c")
        lab.define_disks("mmm", "")
        terminal.wait("▌ mmm", gone="Create a snapshot")
        lab.virsh("undefine", "mmm")
        terminal.wait("  zzz", gone="mmm")
        terminal.press("left", "j")
        terminal.wait("▌ aaa")
        terminal.press("j")
        terminal.wait("▌ zzz")


def test_the_cursor_stays_on_its_snapshot_when_others_come_and_go(lab: Lab) -> None:
    lab.define("web")
    for name in ("one", "two"):
        lab.snapshot("web", name)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one", "two")
        terminal.press("j")
        lab.virsh("snapshot-delete", "web", "one")
        terminal.wait("two  20", gone="○ one")
        lab.snapshot("web", "three")
        terminal.wait("three", "two  20")


def test_a_domain_of_the_same_name_is_another_one(lab: Lab) -> None:
    """Everything goes by UUID: what was known of the old one is not shown for the new."""
    lab.define("web")
    lab.snapshot("web", "old")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "old")
        lab.clean()
        lab.define("web")
        terminal.wait("no snapshots yet", gone="○ old")


def test_a_filter_that_is_kept_is_seen_and_left(lab: Lab) -> None:
    """A list that it leaves nothing of would look like a host without domains."""
    lab.define("web")
    with Terminal(["-c", lab.uri], size=(80, 24)) as terminal:
        terminal.wait("connected", "▌ web")
        terminal.press("/", "none such", "enter")
        terminal.wait("Domain /none such", gone="▌ web")
        terminal.press("esc")
        terminal.wait("▌ web", gone="/none such")


def test_filtering_domains_and_snapshots(lab: Lab) -> None:
    for name in ("alpha", "beta"):
        lab.define(name)
    for name in ("nightly-1", "before", "nightly-2"):
        lab.snapshot("beta", name)
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("alpha", "beta")
        terminal.press("/", "BET", "enter")
        terminal.wait("beta", gone="alpha")
        terminal.press("enter")
        terminal.wait("nightly-2", "before")
        terminal.press("/", "nightly", "enter")
        terminal.wait("nightly-1", "nightly-2", gone="○ before")
        terminal.press("esc")
        terminal.wait("before")
        terminal.press("esc", "esc")
        terminal.wait("alpha")


def test_the_whole_program_draws_with_ascii_alone(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "größe")
    with Terminal(["-c", lab.uri, "--ascii", "--no-mouse", "web"]) as terminal:
        terminal.wait("gr\\xf6\\xdfe", "@ now")
        for key in ("g", "d", "tab", "esc", "?", "esc", "enter"):
            terminal.press(key)
    beyond = [byte for byte in terminal.raw.decode() if not byte.isascii()]
    assert beyond == []
    assert b"\x1b[?1003h" not in terminal.raw


def test_the_help_is_whole_on_the_narrowest_screen_and_found_in(lab: Lab) -> None:
    lab.define("web")
    with Terminal(["-c", lab.uri], size=(80, 400)) as terminal:
        terminal.wait("connected", "web")
        terminal.press("?")
        terminal.wait("Marks", "I  E  M")
        shown = " ".join(terminal.text.split())
        assert [one.help for one in ACTIONS if one.help not in shown] == []
    with Terminal(["-c", lab.uri], size=(80, 24)) as terminal:
        terminal.wait("connected", "web")
        terminal.press("?")
        terminal.wait("This host")
        terminal.press("/", "open it again", "enter")
        terminal.wait("Read the folder again; where the look")
        terminal.press("/", "nowhere", "enter")
        terminal.wait("not found")


def test_keys_can_be_changed(lab: Lab, tmp_path: Path) -> None:
    """And footer, help, palette and hints show them as they are."""
    config = tmp_path / "config" / "snaptui" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text('[keys]\ncreate = "n"\nenter = ["m", "f9"]\nleave = "f10"\n')
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("n create", "F10 quit", "no snapshots yet: n takes one")
        terminal.press("left")
        terminal.wait("m open", "n create")
        terminal.press("right")
        terminal.wait("n create", gone="m open")
        terminal.press("c", "q")
        assert "Create a snapshot" not in terminal.text
        terminal.press("n")
        terminal.wait("Create a snapshot of web")
        terminal.press("esc")
        terminal.wait("connected", gone="Create a snapshot of web")
        terminal.press("?")
        terminal.wait("n                  Create a snapshot", "m, F9              Open the domain")
        terminal.press("esc")
        terminal.wait("connected", gone="Take a snapshot")
        terminal.press(":", "create")
        terminal.wait("or of all marked domains (n)")
        terminal.press("esc")
        terminal.wait("connected", gone="or of all marked domains (n)")
        terminal.press("\x1b[21~")  # F10
        assert terminal.exit_code() == 0


def test_a_changed_key_changes_nothing_when_read_only(lab: Lab, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        'read_only = true\n[keys]\ncreate = "n"\nrevert = "m"\ndelete = "delete"\nundo = "z"\n'
    )
    lab.define("web")
    lab.snapshot("web", "good")
    with Terminal(["-c", lab.uri, "--config", str(config), "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.wait("READ-ONLY")
        for key in ("n", "m", "x", "\x1b[3~", "z", "c", "r", "d", "u"):
            terminal.press(key)
            assert "Cancel" not in terminal.text
            assert "Checking" not in terminal.text
        terminal.press("?")
        terminal.wait("Read-only: snaptui changes nothing", gone="Take a snapshot")
        terminal.press("esc")
        terminal.wait("connected", gone="Read-only:")
        terminal.press(":", "create")
        terminal.wait("No matches found")
        assert "n create" not in terminal.text


SIZES = ((250, 70), (100, 30), (80, 24), (120, 40), (60, 15), (40, 10), (80, 24))


def test_every_size_can_be_used(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "one")
    with Terminal(["-c", lab.uri, "web"], size=(80, 24)) as terminal:
        at_snapshots(terminal, "one")
        for columns, rows in SIZES:
            terminal.resize(columns, rows)
            terminal.wait("one")
            longest = max(len(line) for line in terminal.text.splitlines())
            assert longest <= columns
        terminal.press("d")
        terminal.wait("Delete one of web", "Ready, ", "press Y")


PLAN = ("You lose:", "Undo:", "Space:", "Ready, ", "Cancel")
ALWAYS = {
    "c": (*PLAN, "Create: Tab Tab, press Y"),
    "r": ("After this", *PLAN, "Revert: press Y"),
    "d": (*PLAN, "Delete: press Y"),
    "u": ("Brings back", "Cancel", "Undo: safety snapshots"),
    "?": ("Create a snapshot of the domain", "Esc close"),
    "o": ("Operations", "Esc close"),
    "enter": ("<domainsnapshot>", "Esc close"),
    ":": ("Create a snapshot of the domain", "Search for commands"),
}
"""By key, what the screen that it opens always shows."""


@pytest.mark.long
def test_every_size_can_be_used_with_a_dialog_open(lab: Lab) -> None:
    """However long the names are: all that must be read, and the buttons, from 80x24 on."""
    domain = "a-machine-with-a-long-name.of-some-department.example.org"
    name = "safety-20260101T000000Z-" + "before-the-upgrade-of-everything" * 3
    lab.define(domain, disks=("vda", "vdb", "vdc"), running=True)
    lab.snapshot(domain, name, "--description=by somebody")
    lab.snapshot(domain, "after" * 20)
    with Terminal(["-c", lab.uri, domain], size=(80, 24)) as terminal:
        at_snapshots(terminal, "safety-2026", "afterafter")
        for key, always in ALWAYS.items():
            terminal.press(key)
            terminal.wait(*always, gone="Checking")
            for columns, rows in ((250, 70), (40, 10), (80, 24)):
                terminal.resize(columns, rows)
                if columns >= 80:
                    terminal.wait(*always)
            terminal.press("esc")
            terminal.wait("connected", "@ now", gone=always[-1])


def test_help_and_palette_come_from_the_key_table(lab: Lab) -> None:
    lab.define("web")
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("web")
        terminal.press("?")
        terminal.wait("Revert to the snapshot")
        terminal.press("/", "moving", "enter")
        terminal.wait("Moving")
        terminal.press("g")
        terminal.wait("This host", ".0: the plans are proven on this version")
        terminal.press("esc", ":")
        terminal.press("creat")
        terminal.wait("Create a snapshot of the domain")


def test_the_size_is_the_terminals_whatever_a_shell_exported(lab: Lab) -> None:
    lab.define("web")
    exported = {"COLUMNS": "60", "LINES": "12"}
    with Terminal(["-c", lab.uri], size=(100, 30), environment=exported) as terminal:
        terminal.wait("web", "connected")
        terminal.until(lambda: "quit" in terminal.text.splitlines()[-1], "the footer")
        terminal.resize(120, 20)
        terminal.until(lambda: "quit" in (*terminal.text.splitlines(), "")[19], "the footer")
