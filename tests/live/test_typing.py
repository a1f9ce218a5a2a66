"""Keys that come faster than they are handled: pasted, from a slow link, on a busy host."""

from __future__ import annotations

from tests.lab import Lab
from tests.terminal import Terminal, at_snapshots, confirm

NAME = "quick-" + "n" * 241
"""As long as a name may be; its letters are keys of the lists."""


def test_a_name_typed_in_one_go_is_taken_whole(lab: Lab) -> None:
    """With the keys that go to the field before it, and away from it after it."""
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Create a snapshot of web", "Refused: nothing", "virsh")
        terminal.type_ahead("tab", NAME, "tab", "tab", "tab")
        terminal.wait(NAME[-60:])
        confirm(terminal)
        terminal.wait("done")
    assert lab.snapshots("web") == [NAME]


def test_a_description_typed_after_the_name_goes_into_its_field(lab: Lab) -> None:
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Create a snapshot of web", "Refused: nothing", "virsh")
        paste = "\x1b[200~as it was\x1b[201~"
        terminal.type_ahead("tab", "before", "tab", paste, "tab", "tab")
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
