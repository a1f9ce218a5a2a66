"""The program on a terminal, held and let go of, and what it says of what it does."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.live.faults import program
from tests.live.faults.program import Order
from tests.terminal import PATIENCE, Terminal

Told = dict[str, Any]


class Driven:
    """A started program; use it as a context manager."""

    def __init__(self, order: Order) -> None:
        listening = socket.socket(socket.AF_UNIX)
        Path(order.control).unlink(missing_ok=True)
        listening.bind(order.control)
        listening.listen(1)
        self.terminal = Terminal([order.argument], size=(80, 24), main=program.main)
        listening.settimeout(20)
        self._socket, _ = listening.accept()
        self._socket.setblocking(False)
        listening.close()
        self._stacks = order.stacks
        self._rest = b""
        self._told: list[Told] = []

    def __enter__(self) -> Driven:
        return self

    def __exit__(self, *words: object) -> None:
        self.terminal.__exit__(*words)
        self._socket.close()

    def wait(self, event: str, seconds: float = PATIENCE) -> Told:
        """Wait until it tells something for the first time since it was asked for last."""
        self.until(lambda: any(told["event"] == event for told in self.told), event, seconds)
        (last, *_) = [told for told in self._told if told["event"] == event]
        self._told = [told for told in self._told if told["event"] != event]
        return last

    def until(self, true: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        """Wait until something is true; in vain, the error says what the program is at."""
        try:
            self.terminal.until(true, what, seconds)
        except AssertionError as error:
            self.terminal.signal(signal.SIGUSR1)
            self.terminal.read(0.5)
            code = self.terminal.process.poll()
            last = "" if code is None else self.terminal.raw.rpartition(b"\x1b[?1049l")[2].decode()
            words = f"its exit code is {code}; {last}"
            raise AssertionError(f"{error}\n{words}\n{self._stacks.read_text()}") from error

    @property
    def told(self) -> list[Told]:
        """All that it told and nobody waited for."""
        try:
            while data := self._socket.recv(1 << 16):
                self._rest += data
        except OSError:
            pass
        *lines, self._rest = self._rest.split(b"\n")
        self._told += map(json.loads, lines)
        return self._told

    def go(self) -> None:
        """Let the held thread go on."""
        self._socket.sendall(b"go\n")

    def state(self) -> Told:
        """What it shows now."""
        self._socket.sendall(b"state\n")
        return self.wait("state", 10)

    def says(self, *words: str, seconds: float = PATIENCE) -> None:
        """Wait until its screen has one of these."""
        text = self.terminal
        self.until(lambda: any(word in text.text for word in words), f"one of {words}", seconds)

    def judges(self) -> None:
        """Give it the time to judge what it does while its thread is held."""
        with suppress(AssertionError):
            self.until(lambda: any(told["event"] == "over" for told in self.told), "", 5)

    def end(self, number: signal.Signals) -> bool:
        """End it by a signal; whether the terminal is as it was, as far as it can be."""
        self.terminal.signal(number)
        self.terminal.exit_code()
        return number is signal.SIGKILL or self.terminal.restored
