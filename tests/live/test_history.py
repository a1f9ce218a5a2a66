"""What happened to a domain: this program's operations, in this run and before, and what it saw."""

from __future__ import annotations

from tests.lab import Lab
from tests.terminal import Terminal, at_snapshots, confirm


def test_operations_and_what_others_did_are_in_one_list(lab: Lab) -> None:
    """An operation of another domain is not; what others did is only seen."""
    for name in ("other", "web"):
        lab.define(name)
        lab.snapshot(name, "base")
    with Terminal(["-c", lab.uri, "other"]) as terminal:
        at_snapshots(terminal, "base")
        terminal.press("d")
        terminal.wait("Delete base of other", "Ready")
        confirm(terminal)
        terminal.wait("Delete base of other: done")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "base")
        terminal.press("L")
        terminal.wait("History of web", "nothing was seen since", "What colleagues did")
        terminal.press("esc")
        terminal.wait("base", gone="History of web")
        terminal.press("r")
        terminal.wait("Revert web to base", "Ready")
        confirm(terminal)
        terminal.wait("Revert web to base: done")
        lab.snapshot("web", "theirs")
        terminal.wait("theirs")
        terminal.press("L")
        terminal.wait("seen: new theirs", "Revert web to base")
        assert "Delete base" not in terminal.text
        lab.virsh("snapshot-delete", "web", "theirs")
        terminal.wait("seen: gone theirs")
        terminal.press("G")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "base")
        terminal.press("L")
        terminal.wait("Revert web to base", "done", "u goes back to its safety snapshot")
        assert "seen:" not in terminal.text
