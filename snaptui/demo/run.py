"""A whole demo: a private daemon with a small world, gone when it is left."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snaptui.demo import setups
from snaptui.demo.daemon import Daemon
from snaptui.demo.place import private_directory
from snaptui.demo.world import STORIES, build

_ENDS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def demo() -> Iterator[str]:
    """Build the world and give its URI; for the main thread.

    What this process keeps meanwhile, journal, copies and log, lies in the demo's directory
    as well. SIGTERM and SIGHUP end the process after everything was removed.

    Raises:
        SnaptuiError: it cannot be built; the hint says what to install.
    """
    setups.need(("libvirtd", "qemu-system-x86_64", "qemu-img", "qemu-io"))
    names = ", ".join(STORIES)
    print(f"Building the demo: {names} on a private libvirt daemon ...", flush=True)
    before = {number: signal.getsignal(number) for number in (*_ENDS, signal.SIGINT)}
    for number in _ENDS:
        signal.signal(number, _end)
    try:
        with private_directory() as directory, _world(directory) as uri:
            os.environ["XDG_STATE_HOME"] = str(directory / "state")
            yield uri
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _world(directory: Path) -> Iterator[str]:
    for name in ("d", "images"):
        (directory / name).mkdir()
    daemon = Daemon(directory / "d")
    try:
        build(daemon, directory / "images")
        yield daemon.uri
    finally:
        for number in (*_ENDS, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # nothing cuts the removal short
        daemon.stop()


def _end(number: int, _frame: object) -> None:
    sys.exit(128 + number)
