"""Who took a snapshot: said by the snapshot itself, in the last line of its description."""

from __future__ import annotations

from pathlib import Path

from tests.lab import Lab
from tests.terminal import Terminal, at_snapshots, confirm


def test_a_snapshot_says_who_took_it_and_the_text_stays_what_was_typed(
    lab: Lab, tmp_path: Path
) -> None:
    """Unless the configuration says otherwise; an edit shows and changes the text alone."""
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        create(terminal, "unsigned", "plain")
    assert described(lab, "unsigned") == "plain"
    written = tmp_path / "signed.toml"
    written.write_text("")
    with Terminal(["--config", str(written), "-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "unsigned")
        create(terminal, "signed", "as installed")
        text, mark = described(lab, "signed").split("\n")
        assert text == "as installed"
        assert mark.startswith("[by ")
        who = mark.removeprefix("[by ").removesuffix("]")
        terminal.wait("signed")
        terminal.press("g", "j", "enter")
        terminal.wait("Description as installed", f"taken by {who}")
        terminal.press("esc")
        terminal.wait("@ now")
        terminal.press("e")
        terminal.wait("Describe signed of web")
        assert "[by" not in terminal.dialog
        terminal.press("tab", "older: ", "tab")
        terminal.wait("Ready")
        confirm(terminal)
        terminal.wait("Describe signed of web: done")
        terminal.press("A")
        terminal.wait("2 snapshots of 1 domain", "unsigned")
        terminal.press("/", "me", "enter")
        terminal.wait("/me: 1 snapshot of 1 domain", "signed", gone="unsigned")
    assert described(lab, "signed").split("\n")[-1] == mark
    assert "older: " in described(lab, "signed")


def create(terminal: Terminal, name: str, description: str) -> None:
    terminal.press("c")
    terminal.wait("Create a snapshot of web", "Ready")
    terminal.press(name, "tab", description, "tab", "tab")
    terminal.wait("Ready")
    confirm(terminal)
    terminal.wait("Create a snapshot of web: done")


def described(lab: Lab, name: str) -> str:
    xml = lab.virsh("snapshot-dumpxml", "web", name)
    return xml.partition("<description>")[2].partition("</description>")[0]
