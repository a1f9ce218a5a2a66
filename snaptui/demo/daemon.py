"""A private libvirt daemon that sees nothing of the host and leaves nothing running.

It runs in mount and PID namespaces of its own, with directories of its own in the place of
libvirt's. Killing the namespace removes the daemon and every QEMU; the kernel does so when
the process that started it dies.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from snaptui.errors import Disconnected, Unsupported

PATIENCE = 20.0
"""Seconds after which a daemon that does not come up is given up."""

_CONF = 'auth_unix_rw = "none"\nauth_unix_ro = "none"\nunix_sock_dir = "{sockets}"\n'

_QEMU_CONF = """\
user = "root"
group = "root"
security_driver = "none"
stdio_handler = "file"
namespaces = []
cgroup_controllers = []
remember_owner = 0
"""

_USERS = {
    "passwd": "libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin\n",
    "group": "libvirt-qemu:x:64055:\n",
}
"""Debian's libvirtd does not start without this user, whom another package creates."""

_INIT = """\
for name in lib log cache; do
    mkdir -p "/var/$name/libvirt" && mount --bind "$1/$name" "/var/$name/libvirt" || exit 1
done
mkdir -p /run/libvirt /etc/libvirt || exit 1
mount --bind "$1/run" /run/libvirt && mount --bind "$1/etc" /etc/libvirt || exit 1
for name in passwd group; do
    mount --bind "$1/etc/$name" "/etc/$name" || exit 1
done
while :; do
    libvirtd -p "$1/libvirtd.pid" -f /etc/libvirt/libvirtd.conf </dev/null
    rm -f "$1/libvirtd.pid"
    read -r _ || exit 0
done
"""
"""Runs the daemon, and once more for each line that it is sent."""


class Daemon:
    """A running private libvirtd; needs root.

    Args:
        directory: an existing, empty directory of its own, with a path short enough for a
            socket's (some 60 bytes).
        capabilities: what libvirt found out about QEMU for another daemon
            (:meth:`capabilities`): spares it the 4 s of the first definition.

    Attributes:
        uri: how to connect to it.

    Raises:
        Unsupported: not root, or something is not installed.
        Disconnected: it did not start; the message has its own words.
    """

    def __init__(self, directory: Path, capabilities: Path | None = None) -> None:
        if os.geteuid() != 0:
            raise Unsupported("Only root can start a private libvirtd.")
        path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
        for tool in ("libvirtd", "unshare", "setpriv", "qemu-img"):
            if shutil.which(tool, path=path) is None:
                raise Unsupported(f"{tool} is not installed.")
        self._directory = directory
        for name in ("lib", "log", "cache", "run", "etc"):
            (directory / name).mkdir()
        if capabilities is not None and capabilities.is_dir():
            shutil.copytree(capabilities, self.capabilities)
        self._socket = directory / "run" / "libvirt-sock"
        (directory / "etc" / "libvirtd.conf").write_text(_CONF.format(sockets=self._socket.parent))
        (directory / "etc" / "qemu.conf").write_text(_QEMU_CONF)
        for name, line in _USERS.items():
            known = Path("/etc", name).read_text()
            missing = "" if "\nlibvirt-qemu:" in known else line
            (directory / "etc" / name).write_text(known + missing)
        self.uri = f"qemu+unix:///system?socket={self._socket}"
        tie = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork"]
        apart = ["--kill-child", "--mount-proc", "--propagation", "private"]
        with (directory / "log" / "daemon").open("wb") as log:
            self._init = subprocess.Popen(
                [*tie, *apart, "sh", "-c", _INIT, "sh", str(directory)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, "PATH": path},
                start_new_session=True,
            )
        self._until(self._ready)

    @property
    def capabilities(self) -> Path:
        """Where it keeps what it found out about QEMU."""
        return self._directory / "cache" / "qemu" / "capabilities"

    @property
    def pid(self) -> int | None:
        """The daemon's process; ``None`` while it does not run."""
        shells = _children(self._init.pid)
        running = _children(shells[0]) if shells else ()
        return next((pid for pid in running if _command(pid) == "libvirtd"), None)

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
        self._socket.unlink(missing_ok=True)
        assert self._init.stdin is not None
        self._init.stdin.write(b"\n")
        self._init.stdin.flush()
        self._until(self._ready)

    def stop(self) -> None:
        """Remove the daemon, its QEMUs and its namespaces."""
        self._init.kill()
        self._init.wait()
        assert self._init.stdin is not None
        self._init.stdin.close()

    def signal(self, number: signal.Signals) -> None:
        """Send the daemon a signal; nothing happens while it does not run."""
        if (pid := self.pid) is not None:
            os.kill(pid, number)

    def _ready(self) -> bool:
        return self._socket.exists() and self.pid is not None

    def _until(self, true: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while not true():
            if self._init.poll() is not None or time.monotonic() > until:
                said = (self._directory / "log" / "daemon").read_text(errors="replace").strip()
                self.stop()
                raise Disconnected(f"The private libvirtd does not run: {said or 'no word of it'}")
            time.sleep(0.01)


def _children(pid: int) -> tuple[int, ...]:
    try:
        return tuple(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except FileNotFoundError:
        return ()


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except FileNotFoundError:
        return ""
