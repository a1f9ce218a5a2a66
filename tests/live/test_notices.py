"""Who looks elsewhere learns when an operation ends; who wants to leave is not asked any more."""

from __future__ import annotations

import re
from pathlib import Path

from tests.lab import Lab
from tests.terminal import Terminal, at_snapshots, confirm


def test_an_end_is_rung_and_noticed_and_the_title_follows(lab: Lab, tmp_path: Path) -> None:
    """When the program ends the terminal has its own title back."""
    lab.define("web")
    lab.snapshot("web", "base")
    written = tmp_path / "config.toml"
    written.write_text("notify_after = 0\n")
    with Terminal(["--config", str(written), "-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "base")
        terminal.press("d")
        terminal.wait("Ready")
        confirm(terminal)
        terminal.wait("Delete base of web: done")
        terminal.until(
            lambda: b"\x1b]9;snaptui: Delete base of web: done" in terminal.raw, "notice"
        )
        terminal.until(lambda: b"\x1b]2;snaptui: Delete base of web: done" in terminal.raw, "title")
        assert terminal.raw.count(b"\x1b]9;") == 1
        assert rung(terminal)
        terminal.press("q")
        assert terminal.exit_code() == 0
        assert terminal.raw.rindex(b"\x1b[23;2t") > terminal.raw.rindex(b"\x1b]2;")


def test_a_short_one_is_not_told(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "base")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "base")
        terminal.press("d")
        terminal.wait("Ready")
        confirm(terminal)
        terminal.wait("Delete base of web: done")
        assert b"\x1b]9;" not in terminal.raw
        assert not rung(terminal)


def test_the_question_goes_when_the_work_has_ended(lab: Lab) -> None:
    """Its seconds go on as long as the work does; the program stays, and says how it ended."""
    lab.define("web", running=True)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Ready")
        with lab.frozen("web"):
            confirm(terminal)
            terminal.wait("take the snapshot")
            terminal.press("q")
            terminal.wait("Quit while work is under way?")
            first = seconds(terminal)
            terminal.until(lambda: seconds(terminal) > first, "that its seconds go on")
        terminal.wait("Create a snapshot of web: done", gone="Quit while")
    assert len(lab.snapshots("web")) == 1


def seconds(terminal: Terminal) -> int:
    """For how long it runs, as the question says."""
    found = re.search(r"for (\d+) s", terminal.dialog)
    return int(found[1]) if found is not None else -1


def rung(terminal: Terminal) -> bool:
    """Whether the bell was; the same byte ends longer sequences."""
    return b"\a" in re.sub(rb"\x1b\][^\a\x1b]*(\a|\x1b\\)", b"", terminal.raw)
