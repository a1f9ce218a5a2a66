"""A link to a host far away, on which each way takes time."""

from __future__ import annotations

import queue
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.lab import Lab

_RELAY = """\
#!{python}
import os, socket, threading
host = socket.socket(socket.AF_UNIX)
host.connect({path!r})
def up():
    while data := os.read(0, 1 << 16):
        host.sendall(data)
threading.Thread(target=up, daemon=True).start()
while data := host.recv(1 << 16):
    os.write(1, data)
"""


class SlowLink:
    """Passes bytes on to a lab's daemon and back, each after half of a round trip.

    Attributes:
        uri: of the lab through it, as a host that is not this machine.
        opened: how many connections there were so far.
        turns: how often a side spoke after the other one had; two of them are a round trip that
            somebody waited for.
    """

    def __init__(self, lab: Lab, directory: Path, round_trip: float) -> None:
        self.turns = self.opened = 0
        self._speaker: socket.socket | None = None
        self._lock = threading.Lock()
        self._way = round_trip / 2
        self._beyond = lab.directory / "d" / "run" / "libvirt-sock"
        path, relay = directory / "far", directory / "relay"
        relay.write_text(_RELAY.format(python=sys.executable, path=str(path)))
        relay.chmod(0o755)
        self.uri = f"qemu+ssh://root@lab/system?command={relay}"
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                self.opened += 1
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(self._beyond))
                for one, other in ((near, far), (far, near)):
                    due: queue.Queue[tuple[float, bytes]] = queue.Queue()
                    for run, end in ((self._take, one), (self._give, other)):
                        threading.Thread(target=run, args=(end, due), daemon=True).start()

    def _take(self, end: socket.socket, due: queue.Queue[tuple[float, bytes]]) -> None:
        data = b"more"
        while data:
            try:
                data = end.recv(1 << 16)
            except OSError:
                data = b""
            with self._lock:
                self.turns += self._speaker is not end
                self._speaker = end
            due.put((time.monotonic() + self._way, data))

    def _give(self, end: socket.socket, due: queue.Queue[tuple[float, bytes]]) -> None:
        while True:
            at, data = due.get()
            time.sleep(max(0.0, at - time.monotonic()))
            with suppress(OSError):
                if not data:
                    end.shutdown(socket.SHUT_WR)
                    return
                end.sendall(data)
