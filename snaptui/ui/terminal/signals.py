"""Ends the program on a signal, or without its terminal, also when that takes nothing more.

A terminal that nobody reads blocks the thread that draws; when it then goes away (SIGHUP),
that thread never comes back, and no handler of Python or asyncio runs in it again. So a
thread of its own waits for the signals. Not everybody whose terminal goes is sent one (su,
docker exec): a terminal that hangs up is taken for it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
LAST = 3.0
"""Seconds after a signal at which the process ends, whatever it is doing."""
BY_SIGNAL = 128
"""What a shell adds to the number of the signal that ended a program, for its exit status."""
_DEAF, _HEARING = 254, 255
"""What is sent in a row with the signals, whose numbers are lower."""


class Ending:
    """From its making to :meth:`stop` the signals end the program.

    Args:
        end: called on the waiting thread with the signal's number; asks the program to end.
    """

    def __init__(self, end: Callable[[int], object]) -> None:
        self._end = end
        self._heard, self._told = socket.socketpair()
        self._told.setblocking(False)
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._wait, name="signals", daemon=True).start()

    def stop(self) -> None:
        """Leave the signals to what they do by themselves."""
        signal.set_wakeup_fd(-1)
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._told.close()

    @contextlib.contextmanager
    def while_another_has_the_terminal(self) -> Iterator[None]:
        """Ctrl+C is for that one, though all processes at the terminal get its signal."""
        self._told.send(bytes([_DEAF]))
        try:
            yield
        finally:
            self._told.send(bytes([_HEARING]))

    def _wait(self) -> None:
        interrupts = True
        ends = select.poll()
        ends.register(self._heard, select.POLLIN)
        if os.isatty(0):
            ends.register(0, 0)  # a terminal that hangs up is told without being asked for
        while True:
            hung_up = any(end == 0 for end, _ in ends.poll())
            numbers = bytes([signal.SIGHUP]) if hung_up else self._heard.recv(64)
            if not numbers:
                break
            for number in numbers:
                if number in (_DEAF, _HEARING):
                    interrupts = number == _HEARING
                elif number in SIGNALS and (interrupts or number != signal.SIGINT):
                    with contextlib.suppress(RuntimeError):  # the loop is closed: it ends
                        self._end(number)
                    time.sleep(LAST)
                    os._exit(BY_SIGNAL + number)
        self._heard.close()
