"""A file on a share whose server can be stopped: QEMU's own FUSE export plays the server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TOOL = "qemu-storage-daemon"


class Share:
    """A file that is somewhere else.

    Attributes:
        path: where it is seen.
    """

    def __init__(self, path: Path, server: subprocess.Popen[bytes]) -> None:
        self.path = path
        self._server = server

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Whoever asks for it waits for the end of this."""
        self._server.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._server.send_signal(signal.SIGCONT)


@contextmanager
def shared(place: Path, behind: Path | None = None) -> Iterator[Share]:
    """A file in a new directory that lies on a server.

    Args:
        behind: where the server has it, which takes no lock then: others may have it too, and
            their locks do not meet. It must be as long as it will ever be.
    """
    place.mkdir()
    path = place / "share.qcow2"
    path.touch()
    locks = "on" if behind is None else "off"
    if behind is None:
        behind = place / "behind"
        behind.touch()
    words = [
        *("--blockdev", f"driver=file,filename={behind},node-name=n,locking={locks}"),
        *("--export", f"fuse,id=e,node-name=n,mountpoint={path},writable=on,growable=on"),
    ]
    with subprocess.Popen([TOOL, *words], stdin=subprocess.DEVNULL) as server:
        try:
            while not os.path.ismount(path):
                assert server.poll() is None, "the server ended"
                time.sleep(0.01)
            yield Share(path, server)
        finally:
            server.terminate()


def missing() -> str:
    """Why there can be no such file; empty when there can."""
    if os.geteuid() != 0:
        return "only root mounts"
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "there is no FUSE"
    return "" if shutil.which(TOOL) else f"there is no {TOOL}"
