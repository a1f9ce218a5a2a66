"""With --ascii nothing but ASCII goes to the terminal, on any screen."""

from __future__ import annotations

from tests.lab import Lab
from tests.terminal import Terminal, at_snapshots


def test_each_screen_is_ascii(lab: Lab) -> None:
    lab.define("web", disks=[f"vd{letter}" for letter in "abcdefgh"])
    lab.snapshot("web", "one")
    lab.snapshot("web", "two")
    with Terminal(["--ascii", "-c", lab.uri, "web"], size=(80, 24)) as terminal:
        at_snapshots(terminal, "one")
        for key, shows in (
            ("c", "Create a snapshot"),
            ("r", "Revert web"),
            ("d", "Delete one"),
            ("e", "Description"),
            ("?", "Domains and snapshots"),
            ("o", "Operations"),
            ("F", "File system"),
            (":", "add host"),
            ("enter", "Frees  "),
        ):
            terminal.press(key)
            terminal.wait(shows)
            terminal.press("pgdn", "pgdn")
            terminal.press("esc")
            terminal.wait("q quit", "@ now")
        assert terminal.raw.isascii(), sorted(set(terminal.raw.decode()) - {*map(chr, range(128))})
