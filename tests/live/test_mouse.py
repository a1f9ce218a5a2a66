"""The mouse: it can be used for everything, and nothing needs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.lab import Lab, many_snapshots
from tests.sample import sample
from tests.terminal import Terminal, at_snapshots

MOUSE = re.compile(rb"\x1b\[\?(?:9|100[0-356]|101[56])h")


def click(terminal: Terminal, text: str, *, times: int = 1) -> None:
    """Click on the first place that shows a text."""
    lines = terminal.text.splitlines()
    row = next(at for at, line in enumerate(lines) if text in line)
    at = f"{lines[row].index(text) + 1};{row + 1}"
    terminal.type_ahead(*[f"\x1b[<0;{at}M", f"\x1b[<0;{at}m"] * times)


def test_a_click_selects_and_two_go_in(lab: Lab) -> None:
    for name in ("aaa", "bbb", "ccc"):
        lab.define(name)
    lab.snapshot("bbb", "one")
    lab.snapshot("bbb", "two")
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("▌ aaa", "ccc")
        click(terminal, "ccc")
        terminal.wait("▌ ccc", "no snapshots yet")
        click(terminal, "bbb", times=2)
        terminal.wait("▌ bbb", "two  20")
        click(terminal, "○ one")
        terminal.wait("▌ ○ one", "one  20")
        click(terminal, "● two", times=2)
        terminal.wait("<domainsnapshot>", "<name>two</name>")


def test_the_wheel_scrolls(lab: Lab) -> None:
    lab.define("web")
    many_snapshots(lab, "web", 60)
    with Terminal(["-c", lab.uri, "web"], size=(80, 24)) as terminal:
        terminal.wait("60 snapshots", gone=" read")
        terminal.press("g")
        terminal.wait("n00000")
        terminal.type_ahead(*["\x1b[<65;10;8M"] * 10)
        terminal.wait("✗ n00025", gone="✗ n00000")
        terminal.type_ahead(*["\x1b[<64;10;8M"] * 10)
        terminal.wait("✗ n00000")


def clicked_away(terminal: Terminal, button: str) -> None:
    """Click a button of the dialog until it has taken it: it may move while the checks come in."""

    def gone() -> bool:
        if button in terminal.text:
            click(terminal, button)
            terminal.read(0.2)
            return False
        return True

    terminal.until(gone, "the dialog to take the click")


def test_the_buttons_of_a_dialog_can_be_clicked(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "good")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("d")
        terminal.wait("Delete good of web", "Ready, ", "press Y")
        clicked_away(terminal, "Cancel")
        assert lab.snapshots("web") == ["good"]
        terminal.press("d")
        terminal.wait("Delete good of web", "Ready, ", "press Y")
        clicked_away(terminal, "Delete: press Y")
        terminal.wait("done")
    assert lab.snapshots("web") == []


@pytest.mark.parametrize("how", sample(1, ["option", "configuration", "GNU screen"]))
def test_without_the_mouse_the_terminal_keeps_it(lab: Lab, tmp_path: Path, how: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text("mouse = false\n" if how == "configuration" else "")
    lab.define("web")
    option = ["--no-mouse"] if how == "option" else []
    screen = {"STY": "1234.pts-0.kvm7"} if how == "GNU screen" else {}
    words = ["-c", lab.uri, "--config", str(config), *option]
    with Terminal(words, environment=screen) as terminal:
        terminal.wait("connected", "web")
        terminal.press("tab", "q")
        assert terminal.exit_code() == 0
        assert MOUSE.findall(terminal.raw) == []


def test_the_mouse_is_given_back_at_the_end(lab: Lab) -> None:
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("connected")
        taken = MOUSE.findall(terminal.raw)
        terminal.press("q")
        terminal.exit_code()
    assert taken
    assert all(terminal.raw.rindex(mode[:-1] + b"l") > terminal.raw.rindex(mode) for mode in taken)
