"""A private libvirt daemon that sees nothing of the host and leaves nothing running."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from snaptui.common.errors import Disconnected, Unsupported
from snaptui.demo import setups

PATIENCE = 20.0
"""Seconds after which a daemon that does not come up is given up."""


class Daemon:
    """A running private libvirtd: a system daemon for root, a session daemon for a user.

    It ends, with all its QEMUs, when the thread that started it or its process does.

    Args:
        directory: an existing, empty directory of its own, with a path short enough for a
            socket's (some 60 bytes).
        capabilities: what libvirt found out about QEMU for another daemon
            (:meth:`capabilities`): spares it the seconds of the first definition.
        root: of the system whose libvirt and QEMU it is; another than the host's needs the
            rights of root, and a directory in /tmp.
        qemu_conf: more lines for its qemu.conf.
        listen: lines for its libvirtd.conf that say where on the network it listens; root's only.

    Attributes:
        uri: how to connect to it.

    Raises:
        Unsupported: something is not installed.
        Disconnected: it did not start; the message has its own words.
    """

    def __init__(
        self,
        directory: Path,
        capabilities: Path | None = None,
        root: Path = setups.HOST,
        qemu_conf: str = "",
        listen: str = "",
    ) -> None:
        if os.geteuid() == 0:
            self._setup = setups.for_root(directory, root, qemu_conf, listen)
        elif root == setups.HOST and not listen:
            self._setup = setups.for_user(directory, qemu_conf)
        else:
            raise Unsupported("Only root can start such a libvirtd.")
        self.uri = self._setup.uri
        if capabilities is not None and capabilities.is_dir():
            shutil.copytree(capabilities, self.capabilities)
        self._log = directory / "log" / "daemon"
        with self._log.open("wb") as log:
            self._init = subprocess.Popen(
                self._setup.command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._setup.environment,
                start_new_session=True,
            )
        try:
            self._until(self._ready)
        except BaseException:
            self.stop()
            raise

    @property
    def capabilities(self) -> Path:
        """Where it keeps what it found out about QEMU."""
        return self._setup.capabilities

    @property
    def pid(self) -> int | None:
        """The daemon's process; ``None`` while it does not run."""
        near = _children(self._init.pid)
        below = (pid for parent in near for pid in _children(parent))
        return next((pid for pid in (*near, *below) if _command(pid) == "libvirtd"), None)

    def kill(self) -> None:
        """Kill the daemon as a crash would; its QEMUs go on."""
        self.signal(signal.SIGKILL)
        self._until(lambda: self.pid is None)

    def pause(self) -> None:
        """Stop the daemon without closing its connections."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused daemon go on."""
        self.signal(signal.SIGCONT)

    def restart(self) -> None:
        """Start the daemon again after :meth:`kill`."""
        self._setup.socket.unlink(missing_ok=True)
        assert self._init.stdin is not None
        self._init.stdin.write(b"\n")
        self._init.stdin.flush()
        self._until(self._ready)

    def stop(self) -> None:
        """Remove the daemon, its QEMUs and what holds them; they are gone when it returns."""
        running = self._init.poll() is None
        below = [_handle(pid) for pid in _children(self._init.pid)] if running else []
        self._init.send_signal(self._setup.end)
        self._init.wait()
        for handle in filter(None, below):
            # The first process of a PID namespace is the last of them to end.
            select.select([handle], [], [], PATIENCE)
            os.close(handle)
        assert self._init.stdin is not None
        self._init.stdin.close()

    def signal(self, number: signal.Signals) -> None:
        """Send the daemon a signal; nothing happens while it does not run."""
        if (pid := self.pid) is not None:
            os.kill(pid, number)

    def _ready(self) -> bool:
        """It takes connections: its socket is there a moment before that."""
        with socket.socket(socket.AF_UNIX) as probe:
            return self.pid is not None and probe.connect_ex(str(self._setup.socket)) == 0

    def _until(self, true: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while not true():
            if self._init.poll() is not None or time.monotonic() > until:
                said = self._log.read_text(errors="replace").strip()
                self.stop()
                raise Disconnected(
                    f"The private libvirtd does not run: {said or 'no word of it'}.",
                    hint="Start it as an ordinary user: that takes no namespaces."
                    if said.startswith("unshare:")
                    else "",
                )
            time.sleep(0.01)


def _handle(pid: int) -> int | None:
    with suppress(ProcessLookupError):
        return os.pidfd_open(pid)
    return None


def _children(pid: int) -> tuple[int, ...]:
    try:
        return tuple(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except (FileNotFoundError, ProcessLookupError):
        return ()


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
