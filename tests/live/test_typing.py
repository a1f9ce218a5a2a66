"""Keys that come faster than they are handled: pasted, from a slow link, on a busy host."""

from __future__ import annotations

from pathlib import Path

import pytest

from snaptui.ui.dialogs.dialog import READ
from tests.lab import Lab
from tests.sample import sample
from tests.terminal import IN_FIELD, Terminal, at_snapshots, confirm

NAME = "quick-" + "n" * 241
"""As long as a name may be; its letters are keys of the lists."""


def test_a_name_typed_in_one_go_is_taken_whole(lab: Lab) -> None:
    """With the keys that go to the field before it, and away from it after it."""
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Create a snapshot of web", "Ready, ", "virsh")
        terminal.type_ahead(NAME, "tab", "tab", "tab")
        terminal.wait(NAME[-60:], gone=IN_FIELD)
        confirm(terminal)
        terminal.wait("done")
    assert lab.snapshots("web") == [NAME]


def test_a_description_typed_after_the_name_goes_into_its_field(lab: Lab) -> None:
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Create a snapshot of web", "Ready, ", "virsh")
        paste = "\x1b[200~as it was\x1b[201~"
        terminal.type_ahead("before", "tab", paste, "tab", "tab")
        terminal.wait("'--description=as it was'", "--name=before")
        terminal.press("esc")
        terminal.wait("no snapshots yet", gone="Create a snapshot")


def test_moves_typed_in_one_go_are_all_made(lab: Lab) -> None:
    """Across the panes, and through a screen that opens and closes."""
    for name in ("aaa", "bbb", "ccc"):
        lab.define(name)
    lab.snapshot("bbb", "one")
    lab.snapshot("bbb", "two")
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("▌ aaa", "ccc")
        terminal.type_ahead("down", "tab", "left", "down", "up")
        terminal.wait("▌ bbb", "two")
        terminal.type_ahead("?", "q", "down", "up", "up")
        terminal.wait("▌ aaa", "no snapshots yet")


def test_a_key_typed_after_the_filter_goes_to_the_list(lab: Lab) -> None:
    """Enter leaves the field by a message of its own, behind which the next key must wait."""
    lab.define("web")
    lab.snapshot("web", "one")
    lab.snapshot("web", "two")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one", "two")
        for _ in range(8):
            terminal.type_ahead("/", "one", "enter", "d")
            terminal.wait("Delete one of web")
            terminal.press("esc")
            terminal.wait(gone="Delete one of web")
            terminal.press("esc")
            terminal.wait("two")


PROSE = "Yum patch day"
"""Typed in one go, for between two keys a busy machine makes pauses of its own; what pauses mean is
tested on a clock that a test sets (tests/ui/test_typing_in_dialogs.py)."""


@pytest.mark.parametrize("tabs", sample(2, [0, 1, 2, 3, 4]))
def test_text_in_the_dialog_of_a_create_takes_no_snapshot(lab: Lab, tabs: int) -> None:
    """Wherever the focus is; and none of it acts on the list, which stays beneath."""
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Create a snapshot of web", "Ready, ", "virsh")
        terminal.rest(READ)
        terminal.press(*["tab"] * tabs)
        terminal.type_ahead(PROSE)
        terminal.settle()
        terminal.wait("Cancel", "press Y")
        if tabs < 2:
            terminal.wait(PROSE, IN_FIELD)
        else:
            terminal.press("tab")
        confirm(terminal)
        terminal.wait("done")
    assert len(lab.snapshots("web")) == 1


def test_the_rest_of_a_text_that_confirmed_does_nothing(lab: Lab) -> None:
    """Without fields a first Y is a yes; what follows it is not for the list."""
    lab.define("web")
    for name in ("one", "two"):
        lab.snapshot("web", name)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one", "two")
        terminal.press("d")
        terminal.wait("Delete one of web", "Ready, ")
        terminal.rest(READ)
        terminal.type_ahead(PROSE)
        terminal.wait("Delete one of web: done", "@ now", gone="Cancel")
        terminal.settle()
        assert "Cancel" not in terminal.text

        def opened() -> bool:
            """Soon after the text a c is still taken for a part of it."""
            if "Cancel" not in terminal.text:
                terminal.press("c")
                terminal.rest(READ)
            return "Create a snapshot of web" in terminal.text

        terminal.until(opened, "the list to take keys again")
    assert lab.snapshots("web") == ["two"]


def test_in_the_middle_of_a_text_it_does_not_count_without_fields(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "one")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one")
        terminal.press("d")
        terminal.wait("Delete one of web", "Ready, ")
        terminal.rest(READ)
        terminal.type_ahead("sayYes")
        terminal.wait("Ignored: Y came with other keys", "press it alone")
        terminal.type_ahead("\x1b[200~Y and \x1bY much more text than any sequence is\x1b[201~")
        terminal.settle()
        terminal.wait("Delete one of web", "Cancel")
        confirm(terminal)
        terminal.wait("Delete one of web: done")
    assert lab.snapshots("web") == []


def test_ctrl_c_says_what_quits(lab: Lab, tmp_path: Path) -> None:
    """By the key that the configuration gives it; in a dialog and a list over others too."""
    lab.define("web")
    lab.snapshot("web", "one")
    config = tmp_path / "c.toml"
    config.write_text('[keys]\nleave = "Q"\n')
    with Terminal(["-c", lab.uri, "--config", str(config), "web"]) as terminal:
        at_snapshots(terminal, "one")
        terminal.press("\x03")
        terminal.wait("Q quits.")
        terminal.press("d")
        terminal.wait("Ready, ")
        terminal.press("\x03")
        terminal.wait("Q on the main screen quits.")
        terminal.press("esc", "A")
        terminal.wait("All snapshots: 1 snapshot", gone="on the main screen")
        terminal.press("\x03")
        terminal.wait("Q on the main screen quits.")
        terminal.press("esc", "Q")
        assert terminal.exit_code() == 0
