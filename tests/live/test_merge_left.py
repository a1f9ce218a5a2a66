"""libvirt's daemon dies while a QEMU merges images of a domain that is off: that QEMU is left."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor

from tests.lab import MIB, Lab, holds
from tests.terminal import Terminal, at_snapshots, confirm
from tests.unit.images import qemu_io


def test_a_merge_that_was_left_is_told_and_ended_by_hand(own_lab: Lab) -> None:
    """libvirt shows the domain as paused; resumed, it would boot from half-merged disks."""
    lab = own_lab
    lab.define("web", size=64 * MIB)
    lab.snapshot("web", "a", "--disk-only")
    top = lab.image("web").with_suffix(".a")
    qemu_io(top, "write -P 0x33 0 32M")
    with ThreadPoolExecutor(1) as watching, Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "a")
        terminal.press("d")
        held = watching.submit(lab.merge_held, "web")
        confirm(terminal)
        merging = held.result()
        lab.daemon.kill()
        terminal.wait("connection lost")
        os.kill(merging, signal.SIGCONT)
        lab.daemon.restart()
        terminal.wait("Delete a of web: failed", seconds=40)
        terminal.wait("This is no guest: do not resume it, its disks are half merged.")
        terminal.press("esc")
        terminal.wait(gone="This is no guest")
        terminal.press("d")
        terminal.wait("A block job runs on vda", "If web was off before, this is no guest")
        terminal.press("esc")
        terminal.wait(gone="A block job")
        lab.virsh("destroy", "web")
        terminal.wait("shut off")
        terminal.press("d")
        confirm(terminal)
        terminal.wait("Delete a of web: done", seconds=40)
    assert lab.snapshots("web") == []
    assert holds(lab.image("web"), 0x33)
    assert not top.exists()
