"""Guests that are frozen together: one moment for all, and none that stays frozen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.model.group_mark import group_of
from tests.conftest import one_lab
from tests.guest import Guest, skip_without
from tests.lab import Lab
from tests.live.test_groups import ended
from tests.live.test_guest import WRITER, contents, is_clean, needs_recovery
from tests.live.together import GROUP, NAME
from tests.ssh import behind_ssh
from tests.terminal import Terminal, confirm

PROMISE = 15.0
"""Seconds after which nothing may be frozen, whatever ended."""


@pytest.fixture(scope="module")
def three() -> Iterator[list[Guest]]:
    """Three real guests, on a daemon of their own: ten seconds that all tests here share."""
    skip_without()
    for lab in one_lab():
        yield [Guest(lab, number) for number in range(3)]


@pytest.fixture
def guests(three: list[Guest]) -> list[Guest]:
    """The same as if they had just booted."""
    for guest in three:
        guest.run("rm -f /run/freezes /run/refuses; pkill -f 'mnt/log' || true")
        without_snapshot(guest)
    return three


def without_snapshot(guest: Guest) -> None:
    if NAME in guest.lab.snapshots(guest.name):
        guest.lab.virsh("snapshot-delete", guest.name, NAME)


@contextmanager
def run(
    guests: list[Guest], state: Path, number: int = 0, moment: str = ""
) -> Iterator[subprocess.Popen[str]]:
    """Take a snapshot of all, frozen together, in a process of its own."""
    words = [guests[0].lab.uri, str(state), str(number), moment]
    words += [guest.key.uuid for guest in guests]
    command = [sys.executable, "-m", "tests.live.together", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def none_stays_frozen(guests: list[Guest]) -> None:
    until = time.monotonic() + PROMISE
    while any(guest.frozen for guest in guests):
        assert time.monotonic() < until, [guest.frozen for guest in guests]


def guards() -> list[int]:
    """The processes that would thaw, of this test."""
    found = []
    own = f"XDG_STATE_HOME={os.environ['XDG_STATE_HOME']}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            ours = own in (entry / "environ").read_bytes().split(b"\0")
            if b"snaptui.backend.virt.freeze_guard" in words and ours:
                found.append(int(entry.name))
    return found


@pytest.mark.long
def test_all_stand_still_at_one_moment(guests: list[Guest], tmp_path: Path) -> None:
    """Each image is clean, each guest was frozen once, and each snapshot says so."""
    backend = LibvirtBackend(guests[0].lab.uri)
    backend.connect()
    for guest in guests:
        guest.begin(WRITER)
    with run(guests, tmp_path) as process:
        told, _ = process.communicate()
    assert sorted(told.split()) == sorted(word for g in guests for word in (g.name, "done"))
    for guest in guests:
        assert not guest.frozen
        assert guest.freezes == ["freeze", "thaw"]
        mark = group_of(backend.snapshot(guest.key, NAME))
        assert mark is not None
        assert (mark.id, mark.together) == (GROUP.id, True)
        assert mark.spread is not None
        raw = contents(guest.disk, tmp_path / "raw")
        assert not needs_recovery(raw)
        assert is_clean(raw)
    assert guards() == []
    backend.abandon()


@pytest.mark.long
def test_one_that_does_not_freeze_leaves_all_as_they_were(
    guests: list[Guest], tmp_path: Path
) -> None:
    """Those that were frozen already are thawed, and nothing is taken."""
    guests[1].refuse_to_freeze()
    with run(guests, tmp_path) as process:
        told, _ = process.communicate()
    assert [line.split()[1] for line in told.splitlines()] == ["failed"] * 3
    assert told.count(f"all-or-nothing. Not ready: {guests[1].name}") == 2
    assert not any(guest.frozen for guest in guests)
    assert all(guest.lab.snapshots(guest.name) == [] for guest in guests)
    assert guards() == []


MOMENTS = (
    "before freeze 2",
    "after freeze 1",
    "after freeze 3",
    "after create 1",
    "after thaw 1",
)


def test_a_kill_at_any_step_leaves_nothing_frozen(guests: list[Guest], tmp_path: Path) -> None:
    """The guard thaws: what is taken at once is one after another here, on the same guests."""
    for number, moment in enumerate(MOMENTS):
        with run(guests, tmp_path / str(number), signal.SIGKILL, moment) as process:
            told, _ = process.communicate()
        assert process.returncode == -signal.SIGKILL, f"{moment}: {told}"
        none_stays_frozen(guests)
        for guest in guests:
            freezes = guest.freezes
            assert freezes.count("freeze") <= freezes.count("thaw"), f"{moment}: {freezes}"
            without_snapshot(guest)
    assert guards() == []


@pytest.mark.long
def test_one_that_hangs_is_thawed_and_does_not_claim_one_moment(
    guests: list[Guest], tmp_path: Path
) -> None:
    """It stops once one is taken; when it goes on, what it took is not of one moment."""
    backend = LibvirtBackend(guests[0].lab.uri)
    backend.connect()
    with run(guests, tmp_path, signal.SIGSTOP, "after create 1") as process:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        assert any(guest.frozen for guest in guests)
        none_stays_frozen(guests)
        process.send_signal(signal.SIGCONT)
        told, _ = process.communicate()
    assert told.count("failed Its file systems were not frozen any more.") == 3
    for guest in guests:
        mark = group_of(backend.snapshot(guest.key, NAME))
        assert mark is not None
        assert (mark.together, mark.spread) == (False, None)
    backend.abandon()


@pytest.mark.long
def test_the_dialog_freezes_each_by_itself_where_libvirt_cannot_revert(
    guests: list[Guest],
) -> None:
    """It says so when all together is chosen."""
    with Terminal(["-c", guests[0].lab.uri]) as terminal:
        terminal.wait("connected", *(guest.name for guest in guests))
        terminal.press("g", " ", " ", " ", "c")
        terminal.wait("Create snap-", "of 3 domains", "Ready, ")
        terminal.press(NAME, "tab", "tab", "right")
        terminal.wait("[external, disks only]", "Freeze the guests:")
        terminal.press("tab", "left")
        terminal.wait("[all together]", "Refused, see below", "Freeze each by itself.")
        terminal.press("left")
        terminal.wait("[each by itself]", "Ready, ")
        confirm(terminal)
        terminal.until(
            lambda: all(NAME in guest.lab.snapshots(guest.name) for guest in guests), "all", 60
        )
        terminal.wait("3 of 3 taken: done")
    for guest in guests:
        assert guest.freezes == ["freeze", "thaw"]


@pytest.mark.long
def test_without_its_guard_it_thaws_itself(guests: list[Guest], tmp_path: Path) -> None:
    with run(guests, tmp_path, signal.SIGSTOP, "after freeze 3") as process:
        os.waitpid(process.pid, os.WUNTRACED)
        (guard,) = guards()
        os.kill(guard, signal.SIGKILL)
        process.send_signal(signal.SIGCONT)
        told, _ = process.communicate()
    assert told.count("done") == 3
    assert not any(guest.frozen for guest in guests)


@pytest.mark.long
def test_what_was_frozen_together_is_reverted_together(newer_lab: Lab) -> None:
    """With a libvirt that can; each guest starts afresh from the same moment."""
    skip_without()
    guests = [Guest(newer_lab, number) for number in range(2)]
    with Terminal(["-c", newer_lab.uri]) as terminal:
        terminal.wait("connected", *(guest.name for guest in guests))
        terminal.press("g", " ", " ", "c")
        terminal.wait("Create snap-", "of 2 domains", "Ready, ")
        terminal.press(NAME, "tab", "tab", "right")
        terminal.wait("[external, disks only]", "Freeze the guests:")
        terminal.press("tab", "left")
        terminal.wait("[all together]", "All guests are frozen", "Ready, ")
        confirm(terminal)
        terminal.wait("connected", "done", gone="2 marked")
        terminal.press("g", "enter")
        terminal.wait(NAME, "of 2, frozen together, within")
        for guest in guests:
            assert guest.freezes == ["freeze", "thaw"]
            guest.write("/mnt/after", b"later")
        terminal.press("g", "r")
        terminal.wait("[this one]  whole group of 2")
        terminal.press("tab", " ")
        terminal.wait(f"Revert 2 domains to {NAME}")
        terminal.press("tab", "right")
        terminal.wait("[running]", "RUNNING, freshly started")
        confirm(terminal)
        ended(terminal, 4, "done")
        for guest in guests:
            guest.until_it_answers()
            assert not guest.there("/mnt/after")


@pytest.mark.long
def test_from_another_machine_each_is_frozen_by_itself(guests: list[Guest], tmp_path: Path) -> None:
    """libvirt's daemon there thaws each, so that a connection that breaks leaves none frozen."""
    with Terminal(["-c", behind_ssh(guests[0].lab, tmp_path)]) as terminal:
        terminal.wait("connected", *(guest.name for guest in guests))
        terminal.press("g", " ", " ", " ", "c")
        terminal.wait("of 3 domains", "Ready, ")
        terminal.press(NAME, "tab", "tab", "right")
        terminal.wait("[external, disks only]", "Freeze the guests:")
        terminal.press("tab", "left")
        terminal.wait("[all together]", "is frozen alone: if the connection broke")
        confirm(terminal)
        ended(terminal, 3, "done")
    for guest in guests:
        assert guest.freezes == ["freeze", "thaw"]
        assert not guest.frozen
