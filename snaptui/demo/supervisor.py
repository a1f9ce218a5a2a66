"""Runs a command and kills it with all its descendants when its own parent is gone.

A script that stands alone: ``python supervisor.py COMMAND...``. A line on its standard input
starts the command again; the end of the input, a signal or the death of the parent ends
everything. QEMU makes itself an orphan (daemonize): as a child subreaper (prctl(2)) this
process becomes its parent all the same, and so can find and kill it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def main(command: list[str]) -> None:
    """Run the command until the end."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _end)
    if prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) or prctl(_PR_SET_PDEATHSIG, signal.SIGTERM):
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    signal.signal(signal.SIGCHLD, _reap)
    try:
        while True:
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                preexec_fn=lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),
            )
            if not os.read(0, 1 << 10):
                break
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        _kill_all()


def _end(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def _reap(_number: int, _frame: object) -> None:
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
