"""What is promised of a freeze, of growth and of a revert, with a guest that writes to its disk."""

from __future__ import annotations

import re
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.guest import NAME, Guest
from tests.lab import MIB, qemu_img
from tests.live.test_create import more
from tests.live.test_external import DISKS, beside, sources, wanted
from tests.live.test_report import reported
from tests.terminal import Terminal, at_snapshots, confirm

WRITER = "while :; do date >> /mnt/log; done"
"""Something that always has data that are not on the disk yet, and a journal under way."""


def contents(image: Path, raw: Path) -> Path:
    """What an image and all beneath it hold, as a disk that the tools of ext4 can look at."""
    qemu_img("convert", "-U", "-O", "raw", str(image), str(raw))
    return raw


def needs_recovery(disk: Path) -> bool:
    """Whether the file system was in use when the image stopped: its journal must be replayed."""
    done = subprocess.run(["dumpe2fs", "-h", disk], capture_output=True, text=True, check=True)
    return "needs_recovery" in done.stdout


def is_clean(disk: Path) -> bool:
    """Whether a check finds nothing wrong and nothing to replay."""
    done = subprocess.run(["e2fsck", "-f", "-n", disk], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 4), done.stderr
    return done.returncode == 0 and "recovery" not in done.stdout + done.stderr


def freeze_chosen(terminal: Terminal) -> None:
    """Open the dialog of a create, and choose to freeze the guest."""
    terminal.wait("no snapshots yet")
    wanted(terminal, "frozen", DISKS)
    terminal.wait("as after a power failure")
    more(terminal)
    terminal.press("tab", "tab", " ")
    terminal.wait("no  [yes]")


def a_freeze(terminal: Terminal) -> None:
    """The same, and the agent answers."""
    freeze_chosen(terminal)
    terminal.wait("its file systems frozen for a moment", "--quiesce", gone="power failure")


def test_what_is_frozen_is_clean_and_goes_on(guest: Guest, tmp_path: Path) -> None:
    """Without a freeze the same image is one that a power failure leaves behind."""
    guest.write("/mnt/before", b"written before")
    guest.begin(WRITER)
    with Terminal(["-c", guest.lab.uri, NAME]) as terminal:
        a_freeze(terminal)
        assert guest.freezes == [], "the question alone freezes nothing"
        confirm(terminal)
        terminal.wait("Create an external snapshot of guest: done", "E disk")
    assert guest.freezes == ["freeze", "thaw"]
    assert not guest.frozen
    overlay = beside(guest.lab, NAME, "frozen")
    assert sources(guest.lab, NAME) == {"vda": overlay}
    length = len(guest.read("/mnt/log"))
    while len(guest.read("/mnt/log")) <= length:
        continue  # the writer goes on, or the test never ends
    then = contents(guest.disk, tmp_path / "then")
    assert not needs_recovery(then)
    assert is_clean(then)
    cat = subprocess.run(["debugfs", "-R", "cat /before", then], capture_output=True, check=True)
    assert cat.stdout == b"written before"

    guest.lab.snapshot(NAME, "bare", "--disk-only")
    assert needs_recovery(contents(overlay, tmp_path / "bare"))


@pytest.mark.long
def test_a_guest_that_does_not_freeze_is_left_as_it_was(guest: Guest) -> None:
    """Its hook refuses; or its agent ends after it was asked, and then the dialog says so."""
    guest.refuse_to_freeze()
    with Terminal(["-c", guest.lab.uri, NAME]) as terminal:
        a_freeze(terminal)
        confirm(terminal)
        terminal.wait("Create an external snapshot of guest: failed", "Nothing was changed")
        assert not guest.frozen
        assert guest.freezes[0] == "freeze"
        guest.write("/mnt/after", b"it goes on")
        terminal.press("esc")
        terminal.wait(gone="Nothing was changed")
        a_freeze(terminal)
        guest.end_agent()
        confirm(terminal)
        terminal.wait("failed", "agent is not connected", "Nothing was changed")
        terminal.press("esc")
        terminal.wait(gone="Nothing was changed")
        freeze_chosen(terminal)
        terminal.wait("Take it without a freeze.", "Refused, see below")
    assert sources(guest.lab, NAME) == {"vda": guest.disk}
    assert guest.lab.snapshots(NAME) == []


def test_a_killed_program_leaves_nothing_frozen(guest: Guest) -> None:
    """The daemon freezes and thaws in one call of ours; it ends that call also without us."""
    with Terminal(["-c", guest.lab.uri, NAME]) as terminal:
        a_freeze(terminal)
        confirm(terminal)
        with suppress(AssertionError):  # a frozen guest runs nothing that could tell
            while not guest.frozen and not guest.freezes:
                continue
        terminal.process.kill()
    while guest.frozen:
        continue
    assert guest.freezes == ["freeze", "thaw"]
    guest.write("/mnt/after", b"it goes on")


def figures(guest: Guest) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What the report says of the guest's disk, and of its snapshots by name."""
    (disk,) = reported("-c", guest.lab.uri, NAME)["domains"][0]["disks"]
    return disk, {snapshot["name"]: snapshot for snapshot in disk["snapshots"]}


@pytest.mark.long
def test_written_is_what_the_guest_wrote(guest: Guest) -> None:
    """And what it needs for that: nodes, bitmaps and journal of ext4, tables of qcow2."""
    guest.run("sync")
    guest.lab.snapshot(NAME, "first")
    guest.fill("/mnt/five", 5)
    guest.lab.snapshot(NAME, "second")
    guest.fill("/mnt/three", 3)
    with Terminal(["-c", guest.lab.uri, NAME]) as terminal:
        at_snapshots(terminal, "first", "second")
        terminal.wait(gone="counting")
        here = re.compile(r"@ now +\+([\d.]+)M")
        terminal.until(lambda: here.search(terminal.text) is not None, "what was written since")
        found = here.search(terminal.text)
        assert found is not None
        shown = float(found[1])
    disk, snapshots = figures(guest)
    assert 0 <= snapshots["second"]["growth"] - snapshots["second"]["vm_state"] - 5 * MIB < 2 * MIB
    assert 0 <= disk["active"] - 3 * MIB < 2 * MIB
    assert abs(shown * MIB - disk["active"]) < MIB / 8


def test_a_revert_brings_back_files_and_the_running_guest(guest: Guest) -> None:
    """And its undo brings back the rest, RAM and all."""
    guest.write("/mnt/before", b"written before")
    guest.write("/tmp/in-ram", b"then")
    guest.lab.snapshot(NAME, "good")
    guest.write("/mnt/after", b"written after")
    guest.write("/tmp/in-ram", b"now")
    with Terminal(["-c", guest.lab.uri, NAME]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("r")
        terminal.wait("Revert guest to good", "Undo: yes, disks and RAM")
        confirm(terminal)
        terminal.wait("Revert guest to good: done")
        guest.until_it_answers()
        assert guest.read("/mnt/before") == b"written before"
        assert not guest.there("/mnt/after")
        assert guest.read("/tmp/in-ram") == b"then"
        terminal.press("u")
        terminal.wait("Undo: safety snapshots of guest")
        terminal.press("enter")
        terminal.wait("Revert guest to safety-")
        confirm(terminal)
        ended = re.compile(r"Revert guest to safety-\S+: done")
        terminal.until(lambda: ended.search(terminal.text) is not None, "the undo", 60)
        guest.until_it_answers()
    assert guest.read("/mnt/after") == b"written after"
    assert guest.read("/tmp/in-ram") == b"now"


def test_a_guest_that_somebody_left_frozen_is_found_and_thawed(guest: Guest) -> None:
    """The agent is asked by the keys alone: F5 marks it, T thaws it."""
    guest.agent("guest-fsfreeze-freeze")
    with Terminal(["-c", guest.lab.uri]) as terminal:
        terminal.wait("connected", "running", "no snapshots yet")
        assert "frozen" not in terminal.text
        terminal.press("f5")
        terminal.wait("guest          frozen", "its file systems are frozen")
        terminal.press("T")
        terminal.wait("Thaw guest", "accept writes again", "domfsthaw")
        confirm(terminal)
        terminal.wait("Thaw guest: done", "running", gone="frozen")
        assert not guest.frozen
        terminal.press("T")
        terminal.wait("The guest agent says that nothing in guest is frozen.", "Refused, see below")
    assert guest.freezes[-1] == "thaw"
    guest.write("/mnt/after", b"it goes on")
