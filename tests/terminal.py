"""The program in a real terminal: keys in, screen out."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from snaptui.cli import main as cli
from snaptui.ui.dialogs.dialog import READ
from snaptui.ui.terminal.key_queue import BURST, CLOSED
from tests.forked import Forked
from tests.screen import Screen, Stream

KEYS = {
    "enter": "\r",
    "esc": "\x1b",
    "tab": "\t",
    "down": "\x1b[B",
    "up": "\x1b[A",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "end": "\x1b[F",
    "pgdn": "\x1b[6~",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f4": "\x1bOS",
    "shift+tab": "\x1b[Z",
    "f5": "\x1b[15~",
    "f7": "\x1b[18~",
    "backspace": "\x7f",
}

_IN_DIALOG = re.compile(r"│ (.{72}).│")
"""A line of a dialog's box: 72 columns of text, and one for a scroll bar."""

_BAR = " ▁▂▃▄▅▆▇█"
"""What a scroll bar puts behind a line."""

SOME_READ = re.compile(r"snapshots?, \d+ read")
"""Until all are, they are not in their order yet."""

_NOT_INHERITED = ("COLUMNS", "LINES", "PYTHONDONTWRITEBYTECODE")
"""The size is the terminal's; and an installed program has its byte code, so this one has."""


_BUTTON = re.compile(r"[│|].* (Cancel|Close|Stay) .*[│|]")
"""The line of a dialog that all have."""

PATIENCE = 60.0
"""Seconds after which something that must come is given up: on a busy machine all takes long."""

BESIDE = 1.0
"""Seconds that keys wait for threads beside the main one, which may count images for long."""

ESC = 0.15
"""Seconds without another key after which Esc is not the beginning of one."""


def _at_its_terminal() -> None:
    """As a shell starts a program; what runs in the background has Ctrl+C ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """snaptui on a terminal of its own; use it as a context manager.

    Args:
        arguments: of the command line.
        size: columns and rows.
        module: another program than snaptui.
        main: the function that is the program, where it is forked off.
        python: how to call Python; the one that runs the tests when left out.
        environment: what differs from that of the tests.

    Attributes:
        forked: whether the program is forked off where none of these three is given.
    """

    forked = False

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        size: tuple[int, int] = (120, 40),
        environment: dict[str, str] | None = None,
        module: str = "snaptui",
        main: Callable[[], int] = cli.main,
        python: Sequence[str] | None = None,
    ) -> None:
        columns, rows = size
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.attributes = termios.tcgetattr(slave)
        self._slave = slave
        self._screen = Screen(columns, rows)
        self._stream = Stream(self._screen)
        self._text: str | None = None
        self._in_dialog, self._closed_at = False, 0.0
        self.received = 0
        self.raw = b""
        inherited = {k: v for k, v in os.environ.items() if k not in _NOT_INHERITED}
        inherited["TERM"] = "xterm-256color"
        self.process: Forked | subprocess.Popen[bytes]
        if self.forked and (module, python, environment) == ("snaptui", None, None):
            self.process = Forked(main, list(arguments), slave, inherited)
            return
        self.process = subprocess.Popen(
            [*(python or [sys.executable]), "-m", module, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**inherited, **(environment or {})},
            start_new_session=True,
            preexec_fn=_at_its_terminal,
        )

    def __enter__(self) -> Terminal:
        return self

    @property
    def unread(self) -> int:
        """Bytes that the program wrote and nobody took."""
        told = fcntl.ioctl(self._master, termios.FIONREAD, struct.pack("i", 0))
        return int(struct.unpack("i", told)[0])

    def hang_up(self) -> None:
        """Take the terminal away."""
        os.close(self._slave)
        os.close(self._master)

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)
        os.close(self._slave)

    @property
    def text(self) -> str:
        """What the screen shows."""
        if self._text is None:
            self._text = "\n".join(line.rstrip() for line in self._screen.display)
        return self._text

    @property
    def dialog(self) -> str:
        """The text of the dialog on the screen, its lines joined."""
        lines = (line.rstrip(_BAR) for line in _IN_DIALOG.findall(self.text))
        return " ".join(" ".join(lines).split())

    def looks(self, row: int, text: str) -> set[str]:
        """Attributes of the first character of a text in a row: bold, reverse, underscore."""
        column = self._screen.display[row].index(text)
        char = self._screen.buffer[row][column]
        return {name for name in ("bold", "reverse", "underscore") if getattr(char, name)}

    @property
    def restored(self) -> bool:
        """Whether the terminal's modes are what they were at first."""
        return termios.tcgetattr(self._slave) == self.attributes

    @property
    def typed(self) -> int:
        """Bytes of whole lines that were typed and nobody has read: a shell would be given them."""
        told = fcntl.ioctl(self._slave, termios.FIONREAD, struct.pack("i", 0))
        return int(struct.unpack("i", told)[0])

    def press(self, *keys: str) -> None:
        """Press keys, by name or as text, each after the program came to rest.

        What a dialog that has just closed would still take for its own waits until it does not.
        """
        for key in keys:
            self.rest(self._closed_at + CLOSED - time.monotonic())
            os.write(self._master, KEYS.get(key, key).encode())
            self.settle(ESC if key == "esc" else 0.05)

    def settle(self, seconds: float = 0.05) -> None:
        """Wait until the program has taken the keys, paints nothing and has nothing to do.

        Silence alone does not show that: a program that waits for its turn on a busy machine is
        silent too.
        """
        begun = time.monotonic()
        while self.read(seconds) or self._at_work(time.monotonic() - begun):
            continue

    def _at_work(self, since: float) -> bool:
        if since > PATIENCE:
            return False
        main, *beside = map(self._runs, self._threads())
        return main or (since < BESIDE and (self.typed > 0 or any(beside)))

    def _threads(self) -> list[int]:
        """The program's threads, its main one first."""
        found: set[int] = set()
        with contextlib.suppress(FileNotFoundError):  # it is over
            found.update(map(int, os.listdir(f"/proc/{self.process.pid}/task")))
        return [self.process.pid, *sorted(found - {self.process.pid})]

    def _runs(self, thread: int) -> bool:
        """Whether it runs or waits for its turn (proc(5))."""
        try:
            told = Path(f"/proc/{self.process.pid}/task/{thread}/stat").read_text()
        except OSError:  # it is over
            return False
        return told.rpartition(") ")[2][0] in "RD"

    def press_seen(self, key: str) -> None:
        """Press a key and wait until something is painted."""
        before = self.received
        self.press(key)
        self.until(lambda: self.received > before, f"what {key} paints")

    def rest(self, seconds: float) -> None:
        """Press nothing for a time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.read(left)

    def type_ahead(self, *keys: str) -> None:
        """Press keys without waiting for the screen."""
        os.write(self._master, "".join(KEYS.get(key, key) for key in keys).encode())

    def wait(self, *wanted: str, gone: str = "", seconds: float = PATIENCE) -> str:
        """Wait until all that is wanted is on the screen, and ``gone`` is not."""

        def there() -> bool:
            text, dialog = self.text, self.dialog
            found = all(words in text or words in dialog for words in wanted)
            return found and not (gone and gone in text)

        self.until(there, f"{wanted} (without {gone!r})", seconds)
        return self.text

    def until(self, true: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        """Read the screen until something is true."""
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what}; the screen:\n{self.text}")
            self.read(0.05)

    def read(self, seconds: float) -> bytes:
        """Take in what arrives within a time, or nothing."""
        data = b""
        with contextlib.suppress(OSError):
            while select.select([self._master], [], [], 0.01 if data else seconds)[0]:
                more = os.read(self._master, 1 << 16)
                data += more
                if not more or len(data) >= 1 << 16:
                    break
        self.received += len(data)
        self.raw += data
        if data:
            self._stream.feed(data)
            self._text = None
            dialog = _BUTTON.search(self.text) is not None
            if self._in_dialog and not dialog:
                self._closed_at = time.monotonic()
            self._in_dialog = dialog
        return data

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size, and wait until the program paints anew all that was."""
        if (columns, rows) == (self._screen.columns, self._screen.lines):
            return
        while self.read(0):
            continue
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._screen.resize(rows, columns)
        self._screen.erase_in_display(2)
        self._text, before = None, self.received
        self.process.send_signal(signal.SIGWINCH)
        self.until(lambda: self.received > before, "what the new size paints")
        while self.read(0.2):
            continue

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def exit_code(self, seconds: float = PATIENCE) -> int:
        """Wait for its end."""
        self.until(lambda: self.process.poll() is not None, "its end", seconds)
        while self.read(0.05):
            continue
        code = self.process.returncode
        assert isinstance(code, int)
        return code


def at_snapshots(terminal: Terminal, *names: str) -> None:
    """Go to the first row of the snapshots once all of these are there."""
    terminal.wait("connected", *names, "@ now", gone="reading")
    terminal.until(lambda: not SOME_READ.search(terminal.text), "the order of the snapshots")
    terminal.press("g")


ASKED, IN_FIELD = "press Y", "Tab, press Y"
"""What the button says, and what it says where Y would be a letter."""
TOO_SOON = "less than 0.5 s ago"
"""What a dialog answers that was not there long enough to be read."""


def press_alone(terminal: Terminal) -> None:
    """Leave the fields, press Y, and nothing else until that is long ago."""
    terminal.rest(BURST)
    while IN_FIELD in terminal.text:
        terminal.press_seen("tab")
        terminal.rest(BURST)
    terminal.press("Y")
    terminal.rest(BURST)


def press_yes(terminal: Terminal) -> None:
    """Confirm a dialog by one Y; by one more if it says that it was on the screen too shortly."""
    terminal.rest(READ)
    press_alone(terminal)
    terminal.until(
        lambda: ASKED not in terminal.text or TOO_SOON in terminal.text, "an answer to Y"
    )
    if ASKED in terminal.text:
        press_alone(terminal)
        terminal.until(lambda: ASKED not in terminal.text, "the dialog to take its key")


def confirm(terminal: Terminal, typed: str = "") -> None:
    """Confirm the dialog as an admin does: read it, type the domain's name if asked, Y."""
    terminal.wait("Ready, ", ASKED)
    if typed:
        press_alone(terminal)
        terminal.wait(f"Type {typed} first.")
        terminal.press(typed, "tab")
        terminal.wait(gone=f"Type {typed} first.")
    press_yes(terminal)
