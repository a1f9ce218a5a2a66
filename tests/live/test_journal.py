"""The journal where it cannot be written, and where several write at the same time."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptui.model.operation_record import Outcome
from snaptui.operations import journal_archive
from snaptui.operations.journal import Journal
from tests.lab import Lab, fill
from tests.terminal import Terminal, at_snapshots, confirm, press_alone


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory for the program's state on a file system that is full."""
    place = tmp_path / "full"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", place], check=True)
    fill(place)
    monkeypatch.setenv("XDG_STATE_HOME", str(place))
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_without_a_journal_only_deletes_are_possible_and_the_name_is_typed(
    lab: Lab, full: Path
) -> None:
    """The disk is full; nothing could be deleted if the journal were needed for that."""
    lab.define("web")
    lab.snapshot("web", "a")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("The journal cannot be written", "Only deletes are possible.")
        at_snapshots(terminal, "a")
        terminal.press("c")
        terminal.wait("Create a snapshot of web", "The journal cannot be written")
        press_alone(terminal)
        terminal.press("esc")
        terminal.wait(gone="Create a snapshot")
        terminal.press("d")
        confirm(terminal, "web")
        terminal.wait("Delete a of web: done")
    assert lab.snapshots("web") == []
    assert not any(
        path.is_file() and path.stat().st_size for path in (full / "snaptui").rglob("j*")
    )


def test_two_at_the_same_time_write_each_a_journal_of_their_own(lab: Lab, tmp_path: Path) -> None:
    """And neither builds on what it saw before the other changed it."""
    lab.define("web")
    lab.snapshot("web", "a")
    arguments = ["-c", lab.uri, "web"]
    with Terminal(arguments) as one, Terminal(arguments) as other:
        for terminal in (one, other):
            at_snapshots(terminal, "a")
            terminal.press("d")
            terminal.wait("Delete a")
        confirm(one)
        one.wait("Delete a of web: done")
        other.wait("Refused, see below")
        other.press("esc")
        other.wait(gone="Delete a of web")
        other.press("c")
        confirm(other)
        other.wait("Create a snapshot of web: done")
        kept = journal_archive.past(Journal(tmp_path / "state" / "snaptui" / "journal"))
        assert [(past.alive, past.damaged) for past in kept] == [(True, 0)] * 2
        outcomes = {record.outcome for past in kept for record in past.records}
        assert outcomes == {Outcome.DONE}
