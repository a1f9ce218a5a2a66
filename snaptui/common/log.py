"""The log: what libraries and ssh write to file descriptor 2, and faults of our own."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from snaptui.common.masking import fault
from snaptui.common.state_files import held, open_own, state_directory

MOST, KEPT = 1 << 20, 1 << 18
"""Bytes beyond which it is cut, and how many of its last ones stay then."""
_DESCRIPTOR = 2


def path() -> Path:
    """Where it is."""
    return state_directory() / "snaptui.log"


def opened() -> int:
    """Its descriptor; where it cannot be written, a full disk perhaps, nothing is kept."""
    log = path()
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    try:
        with held(log.parent) as folder:
            return open_own(log.name, flags, folder)
    except OSError:
        return os.open(os.devnull, flags | os.O_CLOEXEC)


def bound(descriptor: int = _DESCRIPTOR) -> None:
    """Cut it to its last lines when it is too long; another file is left alone."""
    try:
        size = os.fstat(descriptor).st_size
        if size <= MOST or not os.path.samestat(os.fstat(descriptor), path().stat()):
            return
        last = os.pread(descriptor, KEPT, size - KEPT).partition(b"\n")[2]
        os.ftruncate(descriptor, 0)
        os.write(descriptor, last)
    except OSError:  # it was removed, or its disk is full
        return


def write_fault(error: BaseException) -> None:
    """Add the traceback of a fault of our own."""
    moment = time.strftime("%Y-%m-%d %H:%M:%S %z")
    said = f"{moment} a fault of snaptui:\n{fault(error)}\n"
    with contextlib.suppress(OSError):  # its disk is full
        os.write(_DESCRIPTOR, said.encode(errors="backslashreplace"))
    bound()
