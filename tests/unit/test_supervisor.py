"""What holds an ordinary user's private daemon: it leaves nothing, however it is ended."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from snaptui.common import own_python
from tests.sample import sample

ORPHAN = "setsid sleep {seconds} & exec sleep {seconds}"
"""A child, and one that made itself an orphan as QEMU does."""


def sleeping(seconds: str) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words[:2] == [b"sleep", seconds.encode()]:
            found.append(int(entry.name))
    return found


@pytest.mark.parametrize(
    "order", sample(2, ["input", "signal", "input and signal", "signal and input"])
)
def test_nothing_is_left_whatever_comes_first(order: str) -> None:
    """When its parent is killed, both come at the same moment."""
    for turn in range(15):
        seconds = f"98765.{turn}{len(order)}"
        command = ["sh", "-c", ORPHAN.format(seconds=seconds)]
        held = subprocess.Popen(
            own_python.command("snaptui.demo.supervisor", *command), stdin=subprocess.PIPE
        )
        assert held.stdin is not None
        end = time.monotonic() + 60
        while len(sleeping(seconds)) < 2:
            assert time.monotonic() < end
        for what in order.split(" and "):
            if what == "input":
                held.stdin.close()
            else:
                held.send_signal(signal.SIGTERM)
        held.wait(60)
        held.stdin.close()
        assert sleeping(seconds) == []
