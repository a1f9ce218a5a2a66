"""Jobs that take long: how far they are, since when, and what can be given up."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.guest import NAME, Guest
from tests.live.test_external import RAM, beside, sources, wanted
from tests.terminal import Terminal, at_snapshots, confirm

HOW_FAR = re.compile(r"running (\d+) % for \d+ s")
FAR = re.compile(r"So far +\d+ %, \S+ [kKM]?i?B of")
BYTES = re.compile(r"running for \d+ s\s+So far +\d+ %, \S+ [kKM]?i?B of 128.4 MiB")


def shown(terminal: Terminal, pattern: re.Pattern[str]) -> Callable[[], bool]:
    return lambda: bool(pattern.search(terminal.text))


def ended(terminal: Terminal) -> bool:
    """Press the button of a dialog, which heeds nobody before it can be read."""
    if terminal.process.poll() is None:
        terminal.press("enter")
    return terminal.process.poll() is not None


def saving(terminal: Terminal) -> None:
    """Confirm a create that saves RAM to a file, and see how far it is."""
    confirm(terminal)
    terminal.until(shown(terminal, HOW_FAR), "how far it is")


def test_saving_the_ram_can_be_cancelled_and_goes_on_when_the_program_ends(guest: Guest) -> None:
    lab, memory = guest.lab, guest.disk.with_suffix(".before.mem")
    with Terminal(["-c", lab.uri, NAME], size=(80, 24)) as terminal:
        terminal.wait("no snapshots yet")
        wanted(terminal, "before", RAM)
        with lab.slowed(NAME) as held:
            saving(terminal)
            held.set()
            assert memory.exists()
            terminal.press("o")
            terminal.until(shown(terminal, BYTES), "the bytes")
            terminal.press("x")
            terminal.wait("cancelling")
            held.clear()
            terminal.wait("cancelled", "Nothing was changed.")
        assert not memory.exists()
        assert sources(lab, NAME) == {"vda": guest.disk}
        assert not beside(lab, NAME, "before").exists()
        assert lab.snapshots(NAME) == []
        assert lab.state(NAME) == "running"
        assert guest.run("echo it goes on") == b"it goes on\n"

        terminal.press("esc")
        terminal.wait("no snapshots yet")
        wanted(terminal, "before", RAM)
        with lab.slowed(NAME) as held:
            saving(terminal)
            held.set()
            terminal.press("q")
            terminal.wait("Quit while work is under way?", "take the external snapshot before")
            terminal.press("tab")
            terminal.until(lambda: ended(terminal), "its end")
    with Terminal(["-c", lab.uri, NAME]) as terminal:
        terminal.wait("cut short", "The snapshot is there. guest is ")
    assert lab.snapshots(NAME) == ["before"]
    assert memory.read_bytes()[:16] == b"LibvirtQemudSave"


def test_a_merge_shows_how_far_it_is_and_cannot_be_cancelled(guest: Guest) -> None:
    guest.lab.snapshot(NAME, "one", "--disk-only")
    guest.fill("/mnt/file", 40)
    with Terminal(["-c", guest.lab.uri, NAME]) as terminal:
        at_snapshots(terminal, "one")
        terminal.press("d")
        terminal.wait("Delete one of guest", "Ready, ")
        with guest.lab.slowed(NAME) as held:
            confirm(terminal)
            terminal.until(shown(terminal, HOW_FAR), "how far it is", 40)
            held.set()
            terminal.press("o")
            terminal.until(shown(terminal, FAR), "the bytes")
            terminal.press("x")
            terminal.wait("This cannot be cancelled. libvirt cannot give up a merge.")
        terminal.wait("done in")
    assert guest.lab.snapshots(NAME) == []
    assert sources(guest.lab, NAME) == {"vda": guest.disk}
