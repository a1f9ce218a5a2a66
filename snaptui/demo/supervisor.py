"""Runs a command and kills it with all its descendants when its own parent is gone.

A module that is run by itself, with the command as its arguments. A line on its standard input
starts the command again; the end of the input, a signal or the death of the parent ends
everything. QEMU makes itself an orphan (daemonize): as a child subreaper (prctl(2)) this
process becomes its parent all the same, and so can find and kill it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


_ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def main(command: list[str]) -> None:
    """Run the command until the end.

    The handlers do nothing: signals are read from a pipe. The end of the input and the death
    signal come at the same moment, and an exception would cut the killing short.
    """
    signals, written = os.pipe()
    os.set_blocking(written, False)
    signal.set_wakeup_fd(written)
    for number in (*_ENDS, signal.SIGCHLD):
        signal.signal(number, lambda _number, _frame: None)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) or prctl(_PR_SET_PDEATHSIG, signal.SIGTERM):
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    _start(command, prctl)
    while True:
        ready, _, _ = select.select([0, signals], [], [])
        if signals in ready:
            _reap()
            if set(os.read(signals, 1 << 10)) & set(_ENDS):
                break
        if 0 in ready:
            if not os.read(0, 1 << 10):
                break
            _start(command, prctl)
    _kill_all()


def _start(command: list[str], prctl: Callable[[int, int], int]) -> None:
    subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        preexec_fn=lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),
    )


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue


def _kill_all() -> None:
    """Kill child by child; a dead one's children become ours."""
    children = f"/proc/self/task/{threading.get_native_id()}/children"
    with contextlib.suppress(ChildProcessError):
        while True:
            with open(children) as file:
                for pid in file.read().split():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)
            while os.waitpid(-1, os.WNOHANG)[0]:
                continue
            time.sleep(0.01)


if __name__ == "__main__":
    main(sys.argv[1:])
