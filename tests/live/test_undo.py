"""A revert can be undone exactly as its dialog says; proven by the bytes of the disks."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptui.model.safety_mark import is_safety
from tests.lab import Lab, holds, write
from tests.sample import sample
from tests.terminal import Terminal, at_snapshots, confirm, press_alone, press_yes


def undone(terminal: Terminal) -> None:
    """Undo the last revert with the keys."""
    terminal.press("u")
    terminal.wait("Undo: safety snapshots of web", "Before the revert of web to good")
    terminal.press("enter")
    terminal.wait("Revert web to safety-")
    confirm(terminal)
    terminal.until(
        lambda: re.search(r"Revert web to safety-\S+: done", terminal.text) is not None,
        "the end of the undo",
        40,
    )


@pytest.mark.parametrize(
    ("state", "undo", "after"),
    sample(
        2,
        [
            ("off", "yes, disks", "shut off"),
            ("running", "yes, disks and RAM", "running"),
            ("paused", "yes, disks and RAM", "paused"),
        ],
    ),
)
def test_undo_brings_back_what_the_dialog_promised(
    lab: Lab, state: str, undo: str, after: str
) -> None:
    lab.define("web", disks=("vda", "vdb"))
    lab.snapshot("web", "good")
    for target, byte in (("vda", 0x22), ("vdb", 0x33)):
        write(lab.image("web", target), byte)
    if state != "off":
        lab.start("web")
    if state == "paused":
        lab.suspend("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("r")
        terminal.wait(f"Undo: {undo}")
        confirm(terminal)
        terminal.wait("Revert web to good: done")
        assert lab.state("web") == "shut off"
        assert holds(lab.image("web"), 0x11)
        (safety,) = [name for name in lab.snapshots("web") if is_safety(name)]
        xml = lab.virsh("snapshot-dumpxml", "web", safety)
        assert ("<memory snapshot='internal'/>" in xml) is (state != "off")
        undone(terminal)
    assert lab.state("web") == after
    assert holds(lab.image("web", "vda"), 0x22)
    assert holds(lab.image("web", "vdb"), 0x33)


def test_a_hung_guest_is_powered_off_and_its_disks_come_back(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "good")
    write(lab.image("web"), 0x22)
    lab.start("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        with lab.frozen("web"):
            terminal.press("r")
            terminal.wait("Undo: yes, disks only (web is powered off first)", "does not answer")
            confirm(terminal)
            terminal.wait("Revert web to good: done")
        assert holds(lab.image("web"), 0x11)
        undone(terminal)
    assert lab.state("web") == "shut off"
    assert holds(lab.image("web"), 0x22)


@pytest.mark.long
def test_disks_only_is_a_choice_and_powers_off_first(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "good")
    write(lab.image("web"), 0x22)
    lab.start("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("r")
        terminal.wait("Undo: yes, disks and RAM")
        terminal.press("tab", "tab", " ", " ")
        terminal.wait("[disks only]", "Undo: yes, disks only", "virsh -c", "destroy")
        confirm(terminal)
        terminal.wait("Revert web to good: done")
        undone(terminal)
    assert lab.state("web") == "shut off"
    assert holds(lab.image("web"), 0x22)


def test_without_a_safety_snapshot_the_name_is_typed(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "good")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("r")
        terminal.wait("Undo: yes")
        terminal.press("tab", "tab", " ", " ", " ")
        terminal.wait("[none]", "Undo: NO")
        press_alone(terminal)
        terminal.wait("Type web first.")
        terminal.press("web")
        terminal.wait(gone="Type web first.")
        terminal.wait(gone="Ignored: ")
        terminal.press("tab")
        press_yes(terminal)
        terminal.wait("Revert web to good: done")
    assert lab.snapshots("web") == ["good"]


def test_undo_without_safety_snapshots_says_so(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "good")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("u")
        terminal.wait("web has no safety snapshot; a revert takes one.")


@pytest.fixture
def small_lab(tmp_path: Path) -> Iterator[Lab]:
    """A daemon whose images lie on a file system of 96 MiB."""
    place = Path(f"/tmp/small-{tmp_path.parent.name[-6:]}{tmp_path.name[-4:]}")
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96M", "tmpfs", place], check=True)
    lab = Lab(place)
    try:
        yield lab
    finally:
        lab.daemon.stop()
        subprocess.run(["umount", "--lazy", place], check=True)
        place.rmdir()


def test_too_little_space_keeps_the_disks_and_asks_when_nearly_full(small_lab: Lab) -> None:
    lab = small_lab
    lab.define("web")
    lab.snapshot("web", "good")
    write(lab.image("web"), 0x22)
    lab.start("web")
    (lab.images / "ballast").write_bytes(b"x" * (60 << 20))
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("r")
        terminal.wait("Undo: yes, disks only")
        terminal.press("esc")
        terminal.wait(gone="Undo:")
        free = int(subprocess.check_output(["stat", "-f", "-c", "%f", lab.images])) * 4096
        (lab.images / "more").write_bytes(b"x" * (free - (3 << 20)))
        terminal.press("r")
        terminal.wait("Refused, see below", "less than 5 %")
        press_alone(terminal)
        terminal.wait("Refused, see above.")
        terminal.press("tab", "tab", " ", " ")
        terminal.wait("[disks only]", "Undo: yes, disks only")
        confirm(terminal)
        terminal.wait("Revert web to good: done")
        assert holds(lab.image("web"), 0x11)
        (lab.images / "more").unlink()
        undone(terminal)
    assert holds(lab.image("web"), 0x22)


def test_the_xml_is_saved_before_and_only_its_owner_can_read_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    lab.define("web")
    lab.snapshot("web", "good")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("r")
        confirm(terminal)
        terminal.wait("Revert web to good: done")
    (made,) = (tmp_path / "snaptui" / "xml").iterdir()
    assert made.stat().st_mode & 0o777 == 0o700
    files = sorted(made.iterdir())
    assert [file.name for file in files] == ["domain.xml", "snapshot-1.xml"]
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    assert "<name>good</name>" in files[1].read_text()


@pytest.mark.long
def test_the_journal_tells_all_of_a_revert(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    lab.define("web")
    lab.snapshot("web", "good")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("r")
        confirm(terminal)
        terminal.wait("Revert web to good: done")
        terminal.press("o")
        terminal.wait("Revert web to good", "Step 2", "revert to good: done in", "snapshot-revert")
        terminal.press("esc")
        terminal.wait("@ now")
        terminal.press("q")
        assert terminal.exit_code() == 0
    (file,) = (tmp_path / "snaptui" / "journal").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    told = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["event"] for line in told] == ["begin", *["step", "did"] * 2, "end"]
    assert told[-1]["outcome"] == "done"
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("o")
        terminal.wait("Revert web to good", "done", "take the snapshot safety-")


def test_a_killed_revert_is_told_at_the_next_start(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    lab.define("web")
    lab.snapshot("web", "good")
    lab.start("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("r")
        terminal.wait("Undo: yes, disks and RAM")
        (file,) = (tmp_path / "snaptui" / "journal").iterdir()

        def kill_in_the_first_step() -> None:
            while b'"event": "step"' not in file.read_bytes():
                continue
            terminal.process.kill()

        killer = threading.Thread(target=kill_in_the_first_step, daemon=True)
        killer.start()
        confirm(terminal)
        assert terminal.exit_code() == -9
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("cut short", "Interrupted: take the snapshot safety-")
        terminal.wait("Not started: revert to good.", "its current snapshot is")
    assert b'"event": "found"' in file.read_bytes()
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        assert "cut short" not in terminal.text
