"""Two ways to hold a private libvirtd so that it ends with the process that started it.

Root gets mount and PID namespaces: killing the namespace removes the daemon and every QEMU.
An ordinary user may not make namespaces everywhere (not in a chroot, for one) and gets a
session daemon with directories of its own under a supervisor that kills all below it.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from snaptui.backend.files.mounts import mount_over
from snaptui.common import own_python
from snaptui.common.errors import Unsupported

PACKAGES = {
    "apt-get": "libvirt-daemon libvirt-daemon-driver-qemu qemu-system-x86 qemu-utils",
    "dnf": "libvirt-daemon libvirt-daemon-driver-qemu qemu-system-x86-core qemu-img",
}
"""What holds the daemon and QEMU, by the tool that installs it."""

SEARCH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
"""Debian has libvirtd where an ordinary user's ``PATH`` does not look."""

HOST = Path("/")

_CONF = 'auth_unix_rw = "none"\nauth_unix_ro = "none"\nunix_sock_dir = "{sockets}"\n'

_QEMU_CONF = """\
user = "root"
group = "root"
swtpm_user = "root"
swtpm_group = "root"
security_driver = "none"
stdio_handler = "file"
namespaces = []
cgroup_controllers = []
remember_owner = 0
"""

_SESSION_QEMU_CONF = 'security_driver = "none"\nstdio_handler = "file"\n'
"""Without the handler, libvirt starts a virtlogd that outlives the daemon by two minutes."""

_USERS = {
    "passwd": "libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin\n",
    "group": "libvirt-qemu:x:64055:\n",
}
"""Debian's libvirtd does not start without this user, whom another package creates."""

_INIT = """\
[ "$2" = / ] || for name in tmp dev sys proc; do
    mount --rbind "/$name" "$2/$name" || exit 1
done
for name in lib log cache; do
    mkdir -p "$2/var/$name/libvirt" || exit 1
    mount --bind "$1/$name" "$2/var/$name/libvirt" || exit 1
done
mkdir -p "$2/run/libvirt" "$2/etc/libvirt" || exit 1
mount --bind "$1/run" "$2/run/libvirt" && mount --bind "$1/etc" "$2/etc/libvirt" || exit 1
for name in passwd group; do
    mount --bind "$1/etc/$name" "$2/etc/$name" || exit 1
done
while :; do
    chroot "$2" libvirtd -p "$1/libvirtd.pid" -f /etc/libvirt/libvirtd.conf $3 </dev/null
    rm -f "$1/libvirtd.pid"
    read -r _ || exit 0
done
"""
"""Runs the daemon of a root, and once more for each line that it is sent."""

_ROOT_OF_ITS_OWN = """\
mount --make-private /proc && mount -t tmpfs none /proc && mkdir /proc/root &&
mount --rbind / /proc/root && mount --make-rprivate /proc/root && exec chroot /proc/root "$@"
"""
_APART_IN_CHROOT = (
    *("unshare", "--mount", "--propagation", "unchanged"),
    *("sh", "-c", _ROOT_OF_ITS_OWN, "sh"),
)
"""A root that is no mount (a chroot's) has no propagation that could be private: it gets a mount,
at the one place of a chroot that always is one (mount_namespaces(7))."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How to start, reach and end a private daemon.

    Attributes:
        command: starts the daemon and what holds it; starts the daemon again for each line
            on its standard input.
        socket: the daemon's.
        capabilities: where the daemon keeps what it found out about QEMU.
        end: the signal with which the command ends all that it started.
    """

    command: tuple[str, ...]
    environment: dict[str, str]
    socket: Path
    uri: str
    capabilities: Path
    end: signal.Signals


def need(tools: Sequence[str], root: Path = HOST) -> None:
    """Check that programs are installed.

    Raises:
        Unsupported: one is not; the hint is the line that installs it.
    """
    places = ":".join(f"{root}{place}" for place in SEARCH.split(":")) if root != HOST else SEARCH
    for tool in tools:
        if shutil.which(tool, path=places) is None:
            raise Unsupported(f"{tool} is not installed.", hint=how_to_install())


def how_to_install() -> str:
    """The line that installs libvirt's daemon and QEMU here."""
    for installer, packages in PACKAGES.items():
        if shutil.which(installer, path=SEARCH) is not None:
            return f"Run as root: {installer} install {packages}"
    return "Install libvirt's daemon with its QEMU driver, QEMU and qemu-img."


def for_root(directory: Path, root: Path, qemu_conf: str = "", listen: str = "") -> Setup:
    """Fill an empty directory for a daemon in namespaces of its own.

    Args:
        root: of the system whose libvirt and QEMU it is. Of another one than the host's,
            /tmp, /dev, /sys and /proc are the host's, and the directory must lie in /tmp.
        qemu_conf: more lines for its qemu.conf.
        listen: lines for its libvirtd.conf that say where on the network it listens, if it does.

    Raises:
        Unsupported: something is not installed.
    """
    need(("unshare", "setpriv", "chroot"))
    need(("libvirtd", "qemu-img"), root)
    for name in ("lib", "log", "cache", "run", "etc"):
        (directory / name).mkdir()
    socket = directory / "run" / "libvirt-sock"
    (directory / "etc" / "libvirtd.conf").write_text(_CONF.format(sockets=socket.parent) + listen)
    (directory / "etc" / "qemu.conf").write_text(_QEMU_CONF + qemu_conf)
    for name, line in _USERS.items():
        known = (root / "etc" / name).read_text()
        missing = "" if "\nlibvirt-qemu:" in known else line
        (directory / "etc" / name).write_text(known + missing)
    tie: tuple[str, ...] = ("setpriv", "--pdeathsig", "KILL")
    tie = (*tie, "unshare", "--mount", "--pid", "--fork")
    apart = ("--kill-child", "--mount-proc", "--propagation", "private")
    if mount_over("/") == ("", ""):
        tie = (*_APART_IN_CHROOT, *tie)
    words = (str(directory), str(root), "--listen" if listen else "")
    return Setup(
        command=(*tie, *apart, "sh", "-c", _INIT, "sh", *words),
        environment={**os.environ, "PATH": SEARCH},
        socket=socket,
        uri=f"qemu+unix:///system?socket={socket}",
        capabilities=directory / "cache" / "qemu" / "capabilities",
        end=signal.SIGKILL,
    )


def for_user(directory: Path, qemu_conf: str = "") -> Setup:
    """Fill an empty directory for a session daemon that knows nothing of the user's own.

    Args:
        qemu_conf: more lines for its qemu.conf.

    Raises:
        Unsupported: something is not installed.
    """
    need(("libvirtd", "qemu-img"))
    # Nothing of the user's session, above all no message bus.
    environment = {"PATH": SEARCH, "LANG": os.environ.get("LANG", "C.UTF-8")}
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"):
        own = directory / name.removeprefix("XDG_").partition("_")[0].lower()
        own.mkdir(mode=0o700)
        environment[name] = str(own)
    (directory / "log").mkdir()
    (directory / "config" / "libvirt").mkdir()
    (directory / "config" / "libvirt" / "qemu.conf").write_text(_SESSION_QEMU_CONF + qemu_conf)
    socket = directory / "runtime" / "libvirt-sock"
    conf = directory / "libvirtd.conf"
    conf.write_text(_CONF.format(sockets=socket.parent))
    daemon = ("libvirtd", "-p", str(directory / "libvirtd.pid"), "-f", str(conf))
    return Setup(
        command=own_python.command("snaptui.demo.supervisor", *daemon),
        environment=environment,
        socket=socket,
        uri=f"qemu+unix:///session?socket={socket}",
        capabilities=directory / "cache" / "libvirt" / "qemu" / "cache" / "capabilities",
        end=signal.SIGTERM,
    )
