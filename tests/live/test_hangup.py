"""The terminal goes away under the program, as when a connection is cut."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.sample import sample
from tests.terminal import Terminal, at_snapshots


@pytest.mark.parametrize("keys", sample(1, ["F", "d"]), ids=["spaces", "dialog"])
def test_it_ends_with_its_terminal(lab: Lab, keys: str) -> None:
    lab.define("web")
    lab.snapshot("web", "one")
    terminal = Terminal(["-c", lab.uri, "web"])
    try:
        at_snapshots(terminal, "one")
        terminal.press(keys)
        terminal.hang_up()
        with suppress(subprocess.TimeoutExpired):
            terminal.process.wait(10)
        assert terminal.process.poll() is not None, "it goes on without anybody to see it"
    finally:
        terminal.process.kill()
        terminal.process.wait()


def test_it_ends_with_a_terminal_that_sends_it_no_signal(lab: Lab) -> None:
    """It is not the terminal that it is controlled by, as under su or docker exec."""
    lab.define("web")
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    program = [sys.executable, "-m", "snaptui", "-c", lab.uri]
    with subprocess.Popen(
        program, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    ) as process:
        os.close(slave)
        try:
            shown = b""
            while b"web" not in shown:
                shown += os.read(master, 1 << 16)
            os.close(master)
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            assert process.poll() == 128 + signal.SIGHUP, "it goes on without anybody to see it"
        finally:
            process.kill()


def test_it_ends_when_nobody_read_its_terminal_before(lab: Lab) -> None:
    """A write that waits for a terminal which then goes away never comes back."""
    lab.define("web")
    lab.snapshot("web", "one")
    terminal = Terminal(["-c", lab.uri, "web"])
    try:
        at_snapshots(terminal, "one")
        waiting, before = terminal.unread, -1
        while waiting != before:  # it writes no more: nobody took what it wrote
            terminal.type_ahead(*("?", "esc") * 40)
            with suppress(subprocess.TimeoutExpired):
                terminal.process.wait(2)
            waiting, before = terminal.unread, waiting
        terminal.hang_up()
        with suppress(subprocess.TimeoutExpired):
            terminal.process.wait(10)
        assert terminal.process.poll() is not None, "it goes on without anybody to see it"
    finally:
        terminal.process.kill()
        terminal.process.wait()


def test_a_fault_in_the_background_is_told_and_kept(lab: Lab) -> None:
    """Its exit code is not that of a program that was left."""
    log = Path(os.environ["XDG_STATE_HOME"]) / "snaptui" / "snaptui.log"
    with Terminal(["-c", lab.uri], module="tests.live.at_fault") as terminal:
        terminal.wait("A fault of snaptui", "RuntimeError: a fault in the background", "FAULT")
        terminal.press("esc")
        terminal.wait("FAULT", gone="A fault of snaptui")
        terminal.press("q")
        assert terminal.exit_code() == 1
        assert b"a fault of its own" in terminal.raw
        assert terminal.restored
    assert "a fault in the background" in log.read_text()
