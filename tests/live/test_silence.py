"""A share under one image whose server is gone: the rest of the screen lives on."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptui.backend.files.openers import openers
from snaptui.backend.files.patience import Patience
from snaptui.common.errors import SilentImage
from tests.lab import Lab, holds, write
from tests.share import Share, missing, shared
from tests.terminal import PATIENCE, Terminal, at_snapshots, confirm

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture
def share(tmp_path: Path) -> Iterator[Share]:
    with shared(tmp_path / "share") as made:
        yield made


@pytest.fixture
def far_and_near(share: Share, own_lab: Lab) -> Lab:
    """Two domains with a snapshot each; the image of one lies on the share."""
    own_lab.image("far").symlink_to(share.path)
    for name in ("far", "near"):
        own_lab.define(name)
        own_lab.snapshot(name, "good")
        write(own_lab.image(name), 0x22)
    return own_lab


def test_the_rest_lives_on_while_one_image_hangs(share: Share, far_and_near: Lab) -> None:
    with Terminal(["-c", far_and_near.uri, "far"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.wait("Written  (1.1 MiB)")
        with share.hanging():
            terminal.press("f5")
            terminal.wait("Error    vda: No answer from the file system of")
            terminal.press("r")
            terminal.wait("Refused, see below", "Bring its server back first.")
            terminal.press("esc")
            terminal.wait(gone="Refused, see below")
            terminal.press("h", "j")
            terminal.wait("near  shut off  1 snapshot", "+1.1M")
            terminal.press("enter", "r")
            terminal.wait("Ready, ")
            confirm(terminal)
            terminal.wait("Revert near to good: done")
            assert holds(far_and_near.image("near"), 0x11)
        terminal.press("h", "k")
        terminal.wait("far  shut off  1 snapshot", "+1.1M")
        terminal.press("enter", "r")
        terminal.wait("Ready, ", "Not checked: Whether another host has")
        confirm(terminal, "far")
        terminal.wait("Revert far to good: done")
    assert holds(far_and_near.image("far"), 0x11)


def test_what_fills_a_file_system_is_listed_without_what_hangs(
    share: Share, far_and_near: Lab
) -> None:
    with Terminal(["-c", far_and_near.uri, "near"]) as terminal:
        at_snapshots(terminal, "good")
        with share.hanging():
            terminal.press("F")
            terminal.wait("snapshot  near", gone="looking for overlays")


def test_what_hangs_is_waited_for_once_and_is_read_when_it_answers(share: Share) -> None:
    patience, path = Patience(), str(share.path)
    begun: list[Path] = []

    def read() -> int:
        begun.append(share.path)
        return len(share.path.read_bytes())

    with share.hanging():
        for _ in range(3):
            with pytest.raises(SilentImage, match=path):
                patience.look(read, path)
        assert patience.look(lambda: "read", "/etc/passwd") == "read"
        assert len(begun) == 1
    end = time.monotonic() + PATIENCE
    while True:
        try:
            assert patience.look(read, path) == 0
        except SilentImage:
            assert time.monotonic() < end, "it answers again"
        else:
            break


def test_who_has_a_file_open_is_told_beside_one_who_has_one_that_hangs(
    share: Share, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.touch()
    with path.open() as near, share.path.open() as far:
        holder = subprocess.Popen(["sleep", "60"], stdin=near, stdout=far)
    try:
        with share.hanging():
            (one,) = openers(str(path)).found
        assert one.pid == holder.pid
    finally:
        holder.kill()
        holder.wait()
