"""A terminal that does not show what is typed while nobody reads it.

What is typed before the screen is there was meant for something else: it is thrown away, and is
no key for the program, nor a command for the shell after a start that failed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import termios
from collections.abc import Iterator
from types import FrameType

_ENDS = (signal.SIGTERM, signal.SIGHUP)


class Quiet:
    """A terminal between :func:`quiet`'s beginning and end."""

    def __init__(self) -> None:
        self._terminal = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._terminal)
        self._read = False
        attributes = termios.tcgetattr(self._terminal)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(self._terminal, termios.TCSANOW, attributes)

    def now_read(self) -> None:
        """Throw away what was typed so far: from now on it is read."""
        self._read = True
        termios.tcflush(self._terminal, termios.TCIFLUSH)

    def restore(self) -> None:
        """Let the terminal be as it was; one that is gone stays gone."""
        when = termios.TCSADRAIN if self._read else termios.TCSAFLUSH
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._terminal, when, self._before)

    def end(self, number: int, _frame: FrameType | None) -> None:
        """Restore it, and end as the signal does."""
        self.restore()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


@contextlib.contextmanager
def quiet() -> Iterator[Quiet]:
    """Show nothing of what is typed; Ctrl+C works, and a signal leaves the terminal as it was."""
    made = Quiet()
    before = [(number, signal.signal(number, made.end)) for number in _ENDS]
    try:
        yield made
    finally:
        for number, handler in before:
            signal.signal(number, handler)
        made.restore()


@contextlib.contextmanager
def echoing() -> Iterator[None]:
    """Show what is typed, for a question."""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    attributes = termios.tcgetattr(terminal)
    attributes[3] |= termios.ECHO
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl+C raise KeyboardInterrupt at a question, also where the screen took the key over.

    On another thread than the main one it is as it was: signals are not its own.
    """
    try:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
