"""Jobs that take long: how far they are, since when, and what can be given up."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.guest import NAME, Guest
from tests.lab import Lab
from tests.live.test_external import RAM, beside, sources, wanted
from tests.terminal import Terminal, confirm

HOW_FAR = re.compile(r"running (\d+) % for \d+ s")
BYTES = re.compile(r"under way for \d+ s\s+So far +\d+ %, \S+ MiB of 128.4 MiB")
REST = 0.2
"""Seconds that QEMU rests each time: saving 128 MiB takes it some ten."""


def shown(terminal: Terminal, pattern: re.Pattern[str]) -> Callable[[], bool]:
    return lambda: bool(pattern.search(terminal.text))


def ended(terminal: Terminal) -> bool:
    """Press the button of a dialog, which heeds nobody before it can be read."""
    if terminal.process.poll() is None:
        terminal.press("enter")
    return terminal.process.poll() is not None


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
def test_saving_the_ram_shows_how_far_it_is_and_can_be_cancelled(
    guest: Guest, size: tuple[int, int]
) -> None:
    lab = guest.lab
    memory = guest.disk.with_suffix(".before.mem")
    with Terminal(["-c", lab.uri, NAME], size=size) as terminal:
        terminal.wait("no snapshots yet")
        wanted(terminal, "before", RAM)
        terminal.wait("of RAM are saved")
        with lab.slowed(NAME, rest=REST):
            confirm(terminal)
            terminal.until(shown(terminal, HOW_FAR), "how far it is")
            assert memory.exists()
            terminal.press("o")
            terminal.until(shown(terminal, BYTES), "the bytes")
            terminal.press("x")
            terminal.wait("cancelled", "canceled by client", "Nothing was changed.", seconds=60)
    assert not memory.exists()
    assert sources(lab, NAME) == {"vda": guest.disk}
    assert not beside(lab, NAME, "before").exists()
    assert lab.snapshots(NAME) == []
    assert lab.state(NAME) == "running"
    assert guest.run("echo it goes on") == b"it goes on\n"


def test_saving_the_ram_goes_on_when_the_program_is_quit(guest: Guest) -> None:
    lab = guest.lab
    with Terminal(["-c", lab.uri, NAME]) as terminal:
        terminal.wait("no snapshots yet")
        wanted(terminal, "before", RAM)
        terminal.wait("of RAM are saved")
        with lab.slowed(NAME, rest=REST):
            confirm(terminal)
            terminal.until(shown(terminal, HOW_FAR), "how far it is")
            terminal.press("q")
            terminal.wait("Quit while work is under way?", "take the external snapshot before")
            terminal.press("tab")
            terminal.until(lambda: ended(terminal), "its end")
    with Terminal(["-c", lab.uri, NAME]) as terminal:
        terminal.wait("before", "E disks+RAM", seconds=60)
    assert lab.snapshots(NAME) == ["before"]


def test_a_snapshot_inside_the_image_cannot_be_cancelled(lab: Lab) -> None:
    lab.define("web", running=True)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("goes on running")
        with lab.slowed("web", rest=REST):
            confirm(terminal)
            terminal.until(shown(terminal, re.compile(r"running for \d+ s")), "it to run")
            terminal.press("o", "x")
            terminal.wait("cannot be cancelled. libvirt cannot give up a snapshot inside")
        terminal.wait("done in")
    assert len(lab.snapshots("web")) == 1
