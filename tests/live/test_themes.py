"""Colours: which are sent to the terminal, and what is left to see without them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.sample import sample
from tests.terminal import Terminal, at_snapshots

SGR = re.compile(rb"\x1b\[([\d;:]*)m")


def colours(raw: bytes) -> set[str]:
    """The colours that are asked for, as the numbers of the escape sequences."""
    found: set[str] = set()
    for sequence in SGR.findall(raw):
        codes = sequence.decode().replace(":", ";").split(";")
        while codes:
            code = codes.pop(0)
            if code in ("38", "48"):
                found.add(f"{code};{codes[0]}")
                del codes[: 2 if codes[0] == "5" else 4]
            elif re.fullmatch(r"[34][0-7]|9[0-7]|10[0-7]", code):
                found.add(code)
    return found


def everywhere(terminal: Terminal) -> None:
    """Through all kinds of screens."""
    at_snapshots(terminal, "one")
    for keys, shows in (
        ("r", "press Y"),
        ("c", "Create a snapshot"),
        ("?", "Create a snapshot of the domain"),
        ("o", "No operations yet"),
        (":", "Search for commands"),
    ):
        terminal.press(keys)
        terminal.wait(shows)
        terminal.press("tab", "esc")
        terminal.wait("connected", "@ now", gone=shows)
    terminal.press("/", "on", "enter")
    terminal.wait("one", gone="@ now")
    terminal.press("esc")
    terminal.wait("@ now")
    terminal.press("left", "down", "up")


def configured(tmp_path: Path, theme: str) -> None:
    path = tmp_path / "config" / "snaptui" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'theme = "{theme}"\n')


@pytest.mark.parametrize(
    ("theme", "no_color"), sample(1, [("dark", "1"), ("ansi", "yes"), ("mono", None), ("mono", "")])
)
def test_without_colours_none_is_sent(
    lab: Lab, tmp_path: Path, theme: str, no_color: str | None
) -> None:
    configured(tmp_path, theme)
    environment = {} if no_color is None else {"NO_COLOR": no_color}
    lab.define("web")
    lab.snapshot("web", "one")
    with Terminal(["-c", lab.uri, "web"], environment=environment) as terminal:
        everywhere(terminal)
        assert colours(terminal.raw) == set()
        until_reversed(terminal, "1 domain, 0 on", "▌ web")


def test_an_empty_no_color_counts_for_nothing(lab: Lab) -> None:
    lab.define("web")
    with Terminal(["-c", lab.uri], environment={"NO_COLOR": ""}) as terminal:
        terminal.wait("connected", "web")
        assert colours(terminal.raw) >= {"38;5", "48;5"} or "38;2" in colours(terminal.raw)


@pytest.mark.long
@pytest.mark.parametrize("name", sample(1, ["xterm-256color", "xterm", "linux", "screen"]))
def test_the_theme_of_16_colours_sends_no_others(lab: Lab, tmp_path: Path, name: str) -> None:
    configured(tmp_path, "ansi")
    lab.define("web")
    lab.snapshot("web", "one")
    environment = {"TERM": name, "COLORTERM": "truecolor"}
    with Terminal(["-c", lab.uri, "web"], environment=environment) as terminal:
        everywhere(terminal)
        sent = colours(terminal.raw)
        until_reversed(terminal, "1 domain, 0 on", "▌ web")
    assert {code for code in sent if ";" in code} == set()
    assert "32" in sent, "a connection that is well is green"


@pytest.mark.parametrize("theme", sample(1, ["ansi", "mono"]))
def test_what_has_the_focus_is_seen_without_a_background(
    lab: Lab, tmp_path: Path, theme: str
) -> None:
    """The row, the button, the field; a button that cannot be pressed is dim."""
    configured(tmp_path, theme)
    lab.define("web", running=True)
    lab.snapshot("web", "one")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one")
        row = row_of(terminal, "▌ ● one")
        until_it_looks(terminal, row, "one", {"bold", "reverse"})
        terminal.press("left")
        until_it_looks(terminal, row, "one", {"bold", "underscore"})  # bold: the current snapshot
        terminal.press("right", "r")
        terminal.wait("press Y", "Ready, ", "virsh")
        until_it_looks(terminal, row_of(terminal, "Cancel"), "Cancel", {"reverse"})
        until_it_looks(terminal, row_of(terminal, "Revert:"), "Revert:", set())
        terminal.press("tab")
        until_it_looks(terminal, row_of(terminal, "Cancel"), "Cancel", set())
        until_it_looks(terminal, row_of(terminal, "State after"), "State after", {"reverse"})


def until_it_looks(terminal: Terminal, row: int, text: str, wanted: set[str]) -> None:
    """Wait until a text has these of the attributes, and has no ``reverse`` if not wanted."""

    def there() -> bool:
        looks = terminal.looks(row, text)
        return looks >= wanted and ("reverse" in looks) == ("reverse" in wanted)

    terminal.until(there, f"{text} to look {wanted}")


def row_of(terminal: Terminal, text: str) -> int:
    """Number of the first line that holds a text."""
    return next(at for at, line in enumerate(terminal.text.splitlines()) if text in line)


def until_reversed(terminal: Terminal, *texts: str) -> None:
    """Wait until these rows and no others are in reverse."""

    def there() -> bool:
        shown = terminal.text
        rows = [row_of(terminal, text) for text in texts if text in shown]
        return len(rows) == len(texts) and reversed_rows(terminal) == rows

    terminal.until(there, f"{texts} to be in reverse")


def reversed_rows(terminal: Terminal) -> list[int]:
    return [
        at
        for at, line in enumerate(terminal.text.splitlines())
        if any("reverse" in terminal.looks(at, char) for char in line[:20].split()[:1])
    ]
