"""All processes that come from this one, also those that made themselves orphans (daemonize)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import threading
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38


def adopt_orphans() -> None:
    """Become the parent of whatever descendant loses its own (prctl(2), child subreaper).

    Raises:
        OSError: the kernel does not do it.
    """
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent(number: signal.Signals) -> None:
    """Have a signal sent to this process when the thread that started it ends.

    Raises:
        OSError: the kernel does not do it.
    """
    _prctl(_PR_SET_PDEATHSIG, number)


def never_gain_privileges() -> None:
    """Have no program that this process runs give it rights that it does not have (prctl(2)).

    Raises:
        OSError: the kernel does not do it.
    """
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def reap() -> None:
    """Take note of the children that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue


def kill_all() -> None:
    """Kill child by child; the children of one that is dead become ours.

    Only for who called :func:`adopt_orphans`, from the thread that started them.
    """
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


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
