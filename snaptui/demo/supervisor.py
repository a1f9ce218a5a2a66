"""Runs a command and kills it with all its descendants when its own parent is gone.

A module that is run by itself, with the command as its arguments. A line on its standard input
starts the command again; the end of the input, a signal or the death of the parent ends
everything. QEMU makes itself an orphan (daemonize): as a child subreaper (prctl(2)) this
process becomes its parent all the same, and so can find and kill it.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys

from snaptui.common import descendants

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
    try:
        descendants.adopt_orphans()
        descendants.end_with_parent(signal.SIGTERM)
    except OSError as error:
        sys.exit(f"prctl: {error.strerror}")
    _start(command)
    while True:
        ready, _, _ = select.select([0, signals], [], [])
        if signals in ready:
            descendants.reap()
            if set(os.read(signals, 1 << 10)) & set(_ENDS):
                break
        if 0 in ready:
            if not os.read(0, 1 << 10):
                break
            _start(command)
    descendants.kill_all()


def _start(command: list[str]) -> None:
    subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        preexec_fn=lambda: descendants.end_with_parent(signal.SIGKILL),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
