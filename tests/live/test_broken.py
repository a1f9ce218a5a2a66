"""Images that something happened to: it is named where it is seen, and before it does harm."""

from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.terminal import Terminal, at_snapshots, confirm

CORRUPT = 1
"""Bit of the incompatible features in an image's head (docs/interop/qcow2.txt, byte 79)."""

L1_AT = 40
"""Where a head says where the disk's L1 table is."""


def damage(path: Path) -> None:
    """By its L1 table, the disk's first L2 table lies behind the end of the file."""
    with path.open("r+b") as f:
        f.seek(L1_AT)
        (table,) = struct.unpack(">Q", f.read(8))
        f.seek(table)
        f.write(struct.pack(">Q", 1 << 30))


def test_an_image_that_is_marked_corrupt(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "good")
    with lab.image("web").open("r+b") as f:
        f.seek(79)
        f.write(bytes([1 << CORRUPT]))
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.wait("Error    vda is marked corrupt, and QEMU writes to it no more")
        terminal.press("r")
        terminal.wait("is marked corrupt. Repair it first")
        assert "Ready, " not in terminal.text


@pytest.mark.parametrize("key", ["c", "r", "d"])
def test_where_tables_make_no_sense_nothing_is_ready(lab: Lab, key: str) -> None:
    """QEMU opens such an image, and may fail halfway."""
    lab.define("web")
    lab.snapshot("web", "one")
    damage(lab.image("web"))
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "one", "an L2 table lies beyond")
        terminal.press(key)
        terminal.wait("1 not checked", "whose tables are damaged", "qemu-img check")


def test_the_rows_say_which_image_is_broken_and_the_others_live_on(lab: Lab) -> None:
    for name in ("cut", "fine", "gone", "other"):
        lab.define(name, disks=("vda", "vdb"))
        lab.snapshot(name, "one")
    os.truncate(lab.image("cut", "vdb"), 100_000)
    lab.image("gone", "vdb").unlink()
    lab.image("other", "vdb").write_bytes(b"no image" * 512)
    with Terminal(["-c", lab.uri, "cut"]) as terminal:
        at_snapshots(terminal, "one")
        terminal.wait("Error    vdb: The refcount table ends at byte ", "Written  ? (vdb: ")
        refused(terminal, "The image of vdb is damaged: ", "has only 100000 bytes. Repair it first")
        terminal.press("left", "down")
        terminal.wait("fine  shut off", "● one", "(2.2M)", "+128K")
        terminal.press("down")
        terminal.wait("✗ one", "I broken")
        refused(terminal, "-vdb.qcow2, the image of vdb, is missing. Put it back first.")
        terminal.press("left", "down")
        terminal.wait("other  shut off", "✗ one", "I hollow")
        refused(terminal, "vdb no longer holds the snapshot one")


def refused(terminal: Terminal, *why: str) -> None:
    """A revert to the selected one is, and says why."""
    terminal.press("right", "r")
    terminal.wait("Refused: ", *why, gone="Ready, ")
    terminal.press("esc")
    terminal.wait(gone="Refused: ")


def test_an_image_that_another_program_has_open(lab: Lab, tmp_path: Path) -> None:
    lab.define("web")
    lab.snapshot("web", "good")
    ready = tmp_path / "nbd"
    words = ["qemu-nbd", "-t", "-k", str(ready), "-f", "qcow2", str(lab.image("web"))]
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        holder = subprocess.Popen(words)
        try:
            terminal.until(ready.exists, "qemu-nbd")
            at_snapshots(terminal, "good")
            terminal.press("d")
            terminal.wait("qemu-nbd (process ", "libvirt would leave it inside")
            terminal.press("esc")
            terminal.wait(gone="qemu-nbd (process ")
        finally:
            holder.terminate()
            holder.wait()
        terminal.press("d")
        terminal.wait("Ready, ")
        confirm(terminal)
        terminal.wait("Delete good of web: done")
    assert lab.snapshots("web") == []
