"""A second host on this machine, which guests of a lab can be migrated to."""

from __future__ import annotations

import ctypes
import os
import queue
import socket
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab import Lab

_CLONE_NEWUTS = 0x04000000
"""unshare(2): a host name of its own; libvirt migrates to no host of the same name or UUID."""
_LISTENS = """\
listen_tls = 0
listen_tcp = 1
listen_addr = "127.0.0.1"
tcp_port = "{port}"
auth_tcp = "none"
host_uuid = "{uuid}"
"""


class Neighbour:
    """The other host.

    Attributes:
        uri: how the daemon of a lab reaches it.
    """

    def __init__(self, lab: Lab, port: int) -> None:
        self.lab = lab
        self.uri = f"qemu+tcp://127.0.0.1:{port}/system"

    def take(self, name: str, lab: Lab) -> None:
        """Have a running guest of a lab migrated to it, if libvirt does that."""
        words = ("--live", "--p2p", "--tunnelled", "--unsafe", name, self.uri)
        lab.virsh("migrate", *words, check=False)

    def clean(self) -> None:
        """End the guests that came; none is defined here."""
        for name in self.lab.virsh("list", "--name").split():
            self.lab.virsh("destroy", name, check=False)


@contextmanager
def neighbour(root: Path) -> Iterator[Neighbour]:
    """A host with a daemon of the same root, and the same files; none is left at the end."""
    made: queue.Queue[Neighbour | BaseException] = queue.Queue()
    over = threading.Event()

    def live() -> None:
        """A daemon ends with the thread that started it, whose host name it has."""
        try:
            if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUTS):
                raise OSError(ctypes.get_errno(), "no host name of its own")
            socket.sethostname(f"neighbour-{os.getpid()}")
            with tempfile.TemporaryDirectory(prefix="snaptui-", dir="/tmp") as place:
                lab = Lab(Path(place), root, _LISTENS.format(port=port, uuid=uuid.uuid4()))
                made.put(Neighbour(lab, port))
                over.wait()
                lab.daemon.stop()
        except BaseException as error:
            made.put(error)

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    try:
        told = made.get()
        if isinstance(told, BaseException):
            raise told
        yield told
    finally:
        over.set()
        thread.join()
