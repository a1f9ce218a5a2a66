"""The view of the file systems: what it finds, what it promises, and what df says afterwards."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from snaptui.common import text
from snaptui.model.safety_mark import is_safety
from tests.lab import MIB, Lab, entries, fill, free_on, qemu_img, small_lab, write
from tests.terminal import Terminal, at_snapshots, confirm, press_alone, press_yes
from tests.unit.images import Plain, qemu_io

SLACK = 1 * MIB
"""What file systems and images take for tables of their own, more or less."""


@pytest.fixture
def small() -> Iterator[Lab]:
    """A daemon whose images lie on a file system of 128 MiB: ext4, where that can be mounted."""
    with small_lab(128 * MIB) as lab:
        yield lab


def wrote(path: Path, start: int, length: int, byte: int = 5) -> None:
    command = f"write -P {byte} {start * MIB} {length * MIB}"
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", command, path], check=True, stdout=-3)


def world(lab: Lab) -> tuple[Path, Path, Path]:
    """Two domains with two snapshots each, and an overlay that nothing names."""
    for name, size in (("web", 12), ("db", 8)):
        lab.define(name, size=32 * MIB)
        for byte, snapshot in enumerate(("old", "new"), 3):
            lab.snapshot(name, snapshot)
            wrote(lab.image(name), 8, size, byte)
    over = lab.images / "gone.overlay"
    base = str(lab.image("web"))
    qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, str(over))
    wrote(over, 8, 10)
    return lab.image("web"), lab.image("db"), over


@contextmanager
def opened(lab: Lab, *words: str, size: tuple[int, int] = (120, 40)) -> Iterator[Terminal]:
    """The view of the file systems, all read and counted."""
    with Terminal(["-c", lab.uri], size=size) as terminal:
        terminal.wait("connected")
        terminal.press("F")
        terminal.wait("Frees", "gone.overlay", *words, gone="...")
        yield terminal


def yes(terminal: Terminal) -> None:
    """Confirm; what could not be checked is typed first."""
    terminal.wait("Ready, ", "press Y")
    if any(one in terminal.text for one in ("Not checked", "journal cannot", "no other image")):
        press_alone(terminal)
        terminal.wait("Type delete first.")
        terminal.press("delete", "tab")
    press_yes(terminal)


def test_all_domains_are_ranked_by_what_a_delete_gives_back(lab: Lab) -> None:
    web, db, over = world(lab)
    lab.snapshot("web", "safety-20260101T000000Z-old")
    qemu_img("snapshot", "-c", "by hand", str(db))
    with opened(lab, "safety", "unmanaged") as terminal:
        lines = terminal.text.splitlines()
        items = [line for line in lines if any(f" {k} " in line for k in KINDS)]
        plain = {"web": Plain(web), "db": Plain(db)}
        expected = [("orphaned", "-", str(over), over.stat().st_blocks * 512)]
        for domain, image in plain.items():
            for at, entry in enumerate(image.entries):
                kind = "safety" if is_safety(entry.name) else "snapshot"
                kind = "unmanaged" if entry.name == "by hand" else kind
                expected.append((kind, domain, entry.name, image.frees({at})))
        expected.sort(key=lambda item: (-item[3], item[2], item[1]))
        assert len(items) == len(expected)
        for line, (kind, domain, name, size) in zip(items, expected, strict=True):
            assert text.short_size(size) in line
            assert kind in line
            assert domain in line
            assert name.rpartition("/")[2] in line
        with_older = plain["web"].frees({0, 1})
        assert text.short_size(with_older) in next(x for x in items if "web" in x and "new" in x)


KINDS = ("snapshot", "safety", "unmanaged", "orphaned")


def test_enter_goes_to_the_snapshot(lab: Lab) -> None:
    world(lab)
    with opened(lab, size=(80, 24)) as terminal:
        mark_row(terminal, "web", "old")
        terminal.press("enter")
        terminal.wait("@ now", "▌ ○ old", "web  shut off")


def mark_row(terminal: Terminal, *words: str) -> None:
    """Go to the row with these words."""
    moves = itertools.cycle("gjjjjjjjjjjj")  # more rows may come while it goes down

    def there() -> bool:
        rows = [line for line in terminal.text.splitlines()[3:] if line.startswith("▌")]
        if any(all(word in row for word in words) for row in rows):
            return True
        terminal.press(next(moves))
        return False

    terminal.until(there, f"the row of {words}")


@pytest.mark.parametrize(
    "left",
    [pytest.param(2 * MIB + MIB // 2, marks=pytest.mark.long), 0],
    ids=["98 % full", "100 % full"],
)
def test_df_falls_by_what_was_promised(
    small: Lab, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    web, db, over = world(small)
    monkeypatch.setenv("XDG_STATE_HOME", str(small.images / "state"))
    fill(small.images, left)
    before = free_on(small.images)
    assert before <= max(left, 4096)
    promised = Plain(web).frees({1}) + Plain(db).frees({1}) + over.stat().st_blocks * 512
    full = f" {100 if not left else 98} % "
    with opened(small, "new") as terminal:
        for words in (("web", "new"), ("db", "new"), ("orphaned",)):
            mark_row(terminal, *words)
            terminal.press(" ")
        place = f"{text.size(promised)} on {small.images}"
        terminal.wait(f"3 marked: deleting them frees {place}.")
        terminal.press("d")
        terminal.wait(
            "Delete 2 snapshots of 2 domains and 1 orphaned overlay",
            f"Space: frees {text.size(promised)}",
        )
        yes(terminal)
        terminal.wait(
            "Remove the orphaned overlay gone.overlay: done", "new of web: done", "new of db: done"
        )
        os.sync()
        given = free_on(small.images) - before
        assert abs(given - promised) < SLACK, (given, promised)
        terminal.press("q")
        terminal.wait("connected", "free", gone=full)
    assert not over.exists()
    for path in (web, db):
        assert [name for _, name in entries(path)] == ["old"]
        assert "No errors" in qemu_img("check", str(path))
    assert small.snapshots("web") == small.snapshots("db") == ["old"]


def test_a_merge_frees_one_file_system_and_fills_another(small: Lab) -> None:
    small.define("web", running=True)
    base, over = small.image("web"), small.directory / "over.qcow2"
    small.snapshot("web", "out", "--disk-only", f"--diskspec=vda,file={over}")
    small.destroy("web")
    qemu_io(over, "write 0 3M")
    small.start("web")
    before = {path: path.stat().st_blocks * 512 for path in (base, over)}
    with Terminal(["-c", small.uri], size=(120, 40)) as terminal:
        terminal.wait("connected")
        terminal.press("F")
        terminal.wait(str(small.images), gone="...")

        mark_row(terminal, "web", "out")
        terminal.press(" ")
        terminal.wait(f"1 marked: deleting them frees {text.size(before[over])} on ")
        found = re.search(rf", and takes (\S+ \S+) on {small.images}\.", terminal.text)
        assert found, terminal.text
        terminal.press("d")
        yes(terminal)
        terminal.wait("Delete out of web: done")
    assert not over.exists()
    grown = base.stat().st_blocks * 512 - before[base]
    assert found[1] == text.size(grown)


def test_where_not_even_a_table_can_be_written_libvirt_only_drops_its_metadata(small: Lab) -> None:
    """What the refusal says of libvirt is what libvirt does."""
    web, *_ = world(small)
    fill(small.images)
    assert small.virsh("snapshot-delete", "web", "new").strip() == ""
    assert small.snapshots("web") == ["old"]
    assert [name for _, name in entries(web)] == ["old", "new"]


def test_where_not_even_a_table_can_be_written_a_delete_is_refused(small: Lab) -> None:
    web, _, over = world(small)
    fill(small.images)
    with Terminal(["-c", small.uri, "web"]) as terminal:
        at_snapshots(terminal, "old", "new")
        terminal.press("j", "d")
        terminal.wait("Refused, see below", "QEMU needs", "F lists them")
        terminal.press("esc")
        terminal.wait("q quit", gone="Refused")
        over.unlink()
        terminal.press("d")
        terminal.wait("Ready, ")
    assert [name for _, name in entries(web)] == ["old", "new"]


def test_a_delete_stops_where_the_disk_filled_up_while_its_dialog_was_open(small: Lab) -> None:
    web, _, _ = world(small)
    with Terminal(["-c", small.uri, "web"]) as terminal:
        at_snapshots(terminal, "old", "new")
        terminal.press("j", "d")
        terminal.wait("Ready, ", "press Y")
        fill(small.images)
        yes(terminal)
        terminal.wait("QEMU needs", "Nothing was done.")
    assert small.snapshots("web") == ["old", "new"]
    assert [name for _, name in entries(web)] == ["old", "new"]


def test_an_overlay_that_a_process_has_open_is_not_removed(lab: Lab) -> None:
    _, _, over = world(lab)
    with over.open("rb") as held:
        process = subprocess.Popen(["sleep", "60"], stdin=held)
    with opened(lab) as terminal, process:
        mark_row(terminal, "orphaned")
        terminal.press("d")
        terminal.wait("Refused: ", f"sleep (process {process.pid}) has it open")
        press_alone(terminal)
        terminal.wait("Refused, see above.")
        process.kill()
    assert over.exists()


def test_an_overlay_that_a_domain_got_meanwhile_is_not_removed(lab: Lab) -> None:
    _, _, over = world(lab)
    with opened(lab) as terminal:
        mark_row(terminal, "orphaned")
        lab.virsh("attach-disk", "db", str(over), "vdb", "--config", "--subdriver", "qcow2")
        terminal.press("d")
        terminal.wait("Refused, see below", "is in use by disk vdb of db")
    assert over.exists()


def test_read_only_changes_nothing(lab: Lab) -> None:
    world(lab)
    with Terminal(["-c", lab.uri, "--read-only"]) as terminal:
        terminal.wait("connected")
        terminal.press("F")
        terminal.wait("gone.overlay", gone="...")
        terminal.press("d")
        terminal.wait("Read-only: snaptui changes nothing here.")


def test_a_leftover_says_what_no_other_image_has_of_it(lab: Lab) -> None:
    """Data and zeros that were written to it; without what lies beneath it is not known."""
    _, db, _ = world(lab)
    zeros, blind = lab.images / "zeros.overlay", lab.images / "blind.overlay"
    for path, beneath in ((zeros, db), (blind, lab.images / "none")):
        options = ("-q", "-f", "qcow2", "-u", "-F", "qcow2", "-b", str(beneath))
        qemu_img("create", *options, str(path), "32M")
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -z 8M 3M", zeros], check=True, stdout=-3)
    with opened(lab) as terminal:
        for name, row, words in (
            ("gone", "own 10 MiB", "holds 10.0 MiB that no other image has"),
            ("zeros", "own 3.0 MiB", "holds 3.0 MiB that no other image has"),
            ("blind", "own ?", "how much of it no other image has: ? ("),
        ):
            mark_row(terminal, "orphaned", f"{name}.overlay", row)
            terminal.wait(f"{name}.overlay", words)


def test_an_overlay_that_a_doubt_reaches_is_not_called_a_leftover(lab: Lab) -> None:
    """A share that is not mounted, and whose place is where the images are."""
    world(lab)
    source = ("--source-host=h", "--source-path=/e", f"--target={lab.images}")
    lab.virsh("pool-define-as", "share", "netfs", *source)
    try:
        with opened(lab, size=(80, 24)) as terminal:
            mark_row(terminal, "orphaned?", "gone.overlay")
            terminal.wait("own 10 MiB")
        with opened(lab, size=(190, 40)) as terminal:
            mark_row(terminal, "orphaned?")
            terminal.wait(
                "uncertain: the pool share: it is not active (virsh pool-start --pool=share"
            )
    finally:
        lab.virsh("pool-undefine", "share")


def test_a_lost_write_to_the_base_is_not_hidden(lab: Lab) -> None:
    """An overlay on a changed base is a leftover all the same, and says when it was written."""
    web, _, over = world(lab)
    write(web, 0x44)
    with opened(lab) as terminal:
        mark_row(terminal, "orphaned")
        terminal.wait(f"{over}", "nothing names it: asked 2 domains")


def test_a_merge_that_does_not_fit_is_refused_where_libvirt_fills_the_disk(small: Lab) -> None:
    """The overlay lies on another file system; libvirt copies until nothing is free, and fails."""
    small.define("web", size=64 * MIB)
    over = small.directory / "over.qcow2"
    small.snapshot("web", "over", "--disk-only", "--diskspec", f"vda,file={over}")
    wrote(over, 0, 30)
    fill(small.images, 8 * MIB)
    with Terminal(["-c", small.uri, "web"]) as terminal:
        at_snapshots(terminal, "over")
        terminal.wait("by merging, needs 29.0 MiB first")
        terminal.press("d")
        terminal.wait("first needs 29.0 MiB, and only 8.0 MiB are free", gone="Ready, ")
        press_alone(terminal)
        terminal.wait("Refused, see above.")
    assert "No space left" in small.virsh("snapshot-delete", "web", "over", check=False)
    assert free_on(small.images) < 1 * MIB, "libvirt looks before it copies now"
    assert over.exists()
    assert small.snapshots("web") == ["over"]


def test_a_create_for_whose_ram_there_is_no_room_says_what_is_full(small: Lab) -> None:
    """The guest goes on, nothing is left half done, and with room it works."""
    small.define("web", running=True)
    fill(small.images, 200 << 10)
    with Terminal(["-c", small.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Warning: The RAM may not fit")
        confirm(terminal)
        terminal.wait(": failed", "Nothing was changed.", "are free for")
        assert small.state("web") == "running"
        assert (small.snapshots("web"), entries(small.image("web"))) == ([], [])
        (small.images / "filler").unlink()
        terminal.press("esc")
        terminal.wait(gone="Nothing was changed.")
        terminal.press("c")
        terminal.wait("Ready, ")
        confirm(terminal)
        terminal.wait("Create a snapshot of web: done")
    assert len(small.snapshots("web")) == 1


def test_what_was_counted_here_counts_in_its_dialog(lab: Lab) -> None:
    """The main screen has counted the domain that is selected there, and no other."""
    for name in ("db", "web"):
        lab.define(name)
        lab.snapshot(name, f"of-{name}")
    with Terminal(["-c", lab.uri, "db"]) as terminal:
        terminal.wait("of-db")
        terminal.press("F")
        terminal.wait("of-web", gone="...")
        mark_row(terminal, "web", "of-web")
        terminal.press(" ")
        terminal.wait("1 marked: deleting them frees")
        terminal.press("d")
        terminal.wait("Delete of-web", "Ready, ")
        assert "not counted yet" not in terminal.text
