"""Copying in dialogs, before the deed: F4, for y is next to the key that confirms; elsewhere y."""

from __future__ import annotations

import base64

from tests.lab import Lab
from tests.terminal import Terminal, at_snapshots, confirm


def test_a_dialog_gives_its_line_and_stays_as_it_is(lab: Lab) -> None:
    """`y` does nothing there; what is copied is the line as it is printed."""
    lab.define("web")
    lab.snapshot("web", "base")
    line = f"virsh -c '{lab.uri}' snapshot-delete --domain=web --snapshotname=base"
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "base")
        terminal.press("d")
        terminal.wait("Delete base of web", "Ready")
        terminal.press("y")
        terminal.press("f4")
        terminal.wait("Copy of Delete base of web", "▌ name", "virsh")
        terminal.press("down", "down")
        terminal.wait("▌ virsh")
        terminal.press("enter")
        terminal.wait("Delete base of web", "Ready", gone="Copy of")
        terminal.until(lambda: base64.b64encode(line.encode()) in terminal.raw, "the line")
        assert lab.snapshots("web") == ["base"]
        confirm(terminal)
        terminal.wait("Delete base of web: done")


def test_an_error_can_be_copied_whole(lab: Lab) -> None:
    lab.define("web")
    with Terminal(["-c", lab.uri, "nope"]) as terminal:
        terminal.wait("There is no domain nope")
        terminal.press("f4")
        terminal.wait("Copy of Not found", "▌ error")
        terminal.press("enter")
        terminal.wait("There is no domain nope", gone="Copy of")
        begin = base64.b64encode(b"Not found: There is no domain nope o")[:40]
        terminal.until(lambda: begin in terminal.raw, "the error")


def test_what_is_compared_read_or_was_done_is_copied(lab: Lab) -> None:
    """The answer goes again; the keys that can be pressed stand there as before."""
    lab.define("web")
    lab.snapshot("web", "base")
    lab.snapshot("web", "later")

    def copied(terminal: Terminal, title: str, label: str, what: str) -> None:
        terminal.press("y")
        terminal.wait(f"Copy of {title}", f"▌ {label}")
        terminal.press("enter")
        terminal.wait("Copied to the terminal's clipboard.", gone="Copy of")
        terminal.until(lambda: base64.b64encode(what.encode()) in terminal.raw, what)
        terminal.wait("y copy")
        terminal.press("esc")

    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "base")
        terminal.press("=")
        terminal.wait("base compared with now", "Between: 1 snapshot")
        copied(terminal, "web: base compared", "line", "Between: 1 snapshot")
        terminal.wait("@ now")
        terminal.press("enter")
        terminal.wait("<domainsnapshot>")
        copied(terminal, "base", "Name", "base")
        terminal.wait("@ now")
        terminal.press("d")
        terminal.wait("Delete base of web", "Ready")
        confirm(terminal)
        terminal.wait("Delete base of web: done")
        terminal.press("L")
        terminal.wait("History of web", "seen: gone base", "Delete base of web")
        terminal.press("G")
        terminal.wait("Where")
        copied(terminal, "Delete base of web", "what", "Delete base of web")
