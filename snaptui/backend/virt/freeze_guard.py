"""Seeing to it that no guest stays frozen: a process that thaws when this one cannot.

libvirt freezes for whoever asks and forgets who it was, so a client that dies leaves the guest
frozen. The guard is another process with connections of its own. It is told of each guest before
that is frozen, and thaws those that it was not told of again after :data:`LIMIT`, or as soon as
the pipe to it closes, as it does when we end in any way.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time

import libvirt

from snaptui.backend.virt.errors import agent_refused
from snaptui.common import own_python
from snaptui.common.errors import HostError

LIMIT = 10.0
"""Seconds for which a guest may be frozen."""
GO_ON = 300.0
"""Seconds for which a guest that cannot be thawed is tried again."""
AGAIN = 0.5
"""Seconds between two tries."""

LEAVES = 5.0
"""Seconds in which it ends when all is thawed, before it is ended."""

_READY = b"ready\n"
_NOTHING_FROZEN = (
    libvirt.VIR_ERR_NO_DOMAIN,
    libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED,  # it has no channel for an agent
)


class Guard:
    """The process, from our side; it is there as long as anything may be frozen.

    Args:
        uri: of a host on this machine.

    Attributes:
        process: ``None`` when nothing is watched.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self._watched: set[str] = set()

    def watch(self, uuid: str) -> None:
        """Have a domain thawed if it is not released in time.

        Raises:
            HostError: there is no guard; nothing may be frozen then.
        """
        with self._lock:
            if self.process is None:
                self.process = self._start()
            try:
                self._tell(f"+{uuid}\n")
            except OSError as error:
                self._end()
                raise HostError("The process that would thaw the guest has ended.") from error
            self._watched.add(uuid)

    def release(self, uuid: str) -> None:
        """Say that a domain is thawed; with the last one the process ends."""
        with self._lock:
            if uuid not in self._watched:
                return
            self._watched.discard(uuid)
            with contextlib.suppress(OSError):  # it has ended, and has nothing left to do
                self._tell(f"-{uuid}\n")
            if not self._watched:
                self._end()

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            own_python.command("snaptui.backend.virt.freeze_guard"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # what ends our terminal does not end it
        )
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):  # it has ended, and does not answer either
            os.write(process.stdin.fileno(), f"{self._uri}\n".encode("utf-8", "surrogateescape"))
        with process.stdout as answer:
            if answer.read(len(_READY)) != _READY:
                process.kill()
                process.wait()
                raise HostError("The process that would thaw the guest could not be started.")
        return process

    def _tell(self, words: str) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        os.write(self.process.stdin.fileno(), words.encode())

    def _end(self) -> None:
        process, self.process = self.process, None
        self._watched.clear()
        if process is not None and process.stdin is not None:
            process.stdin.close()
            try:
                process.wait(LEAVES)
            except subprocess.TimeoutExpired:  # it has nothing left to thaw
                process.kill()
                process.wait()


def main() -> None:
    """Be the guard: read the URI and what is frozen from the standard input, until it ends.

    What is in arguments all users of the machine can read.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    libvirt.registerErrorHandler(lambda *_: None, None)
    uri, rest = _first_line()
    libvirt.open(uri).close()  # who cannot connect now must not be relied upon
    os.write(1, _READY)
    os.close(1)
    due: dict[str, float] = {}
    while True:
        now = time.monotonic()
        for uuid in [one for one, moment in due.items() if moment <= now]:
            del due[uuid]
            threading.Thread(target=_thaw, args=(uri, uuid)).start()
        wait = min(due.values()) - now if due else None
        if not select.select([0], [], [], wait)[0]:
            continue
        data = os.read(0, 4096)
        if not data:
            break
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            uuid = line[1:].decode()
            if line.startswith(b"+"):
                due[uuid] = time.monotonic() + LIMIT
            else:
                due.pop(uuid, None)
    for uuid in due:
        threading.Thread(target=_thaw, args=(uri, uuid)).start()


def _first_line() -> tuple[str, bytes]:
    read = b""
    while b"\n" not in read:
        data = os.read(0, 4096)
        if not data:
            sys.exit(1)
        read += data
    line, _, rest = read.partition(b"\n")
    return line.decode("utf-8", "surrogateescape"), rest


def _thaw(uri: str, uuid: str) -> None:
    """Thaw a guest; each on a connection of its own, so that none waits for a silent one."""
    until = time.monotonic() + GO_ON
    while time.monotonic() < until:
        try:
            domain = libvirt.open(uri).lookupByUUIDString(uuid)
            if domain.isActive():
                domain.fsThaw()
        except libvirt.libvirtError as error:
            if error.get_error_code() in _NOTHING_FROZEN or agent_refused(str(error)):
                return
            time.sleep(AGAIN)
        else:
            return


if __name__ == "__main__":
    main()
