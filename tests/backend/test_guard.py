"""The process that thaws guests: it ends when nothing is frozen any more, also one that hangs."""

from __future__ import annotations

import os
import signal

import pytest

from snaptui.backend.virt import freeze_guard
from snaptui.backend.virt.freeze_guard import Guard
from tests.lab import Lab


def test_one_that_hangs_when_all_is_thawed_keeps_nobody_waiting(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freeze_guard, "LEAVES", 0.2)
    key = lab.define("web")
    guard = Guard(lab.uri)
    guard.watch(key.uuid)
    process = guard.process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    guard.release(key.uuid)
    assert process.returncode == -signal.SIGKILL
