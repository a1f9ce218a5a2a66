"""Where worlds are made: namespaces and a small file system of their own, and nothing else.

Inside there are a private /tmp of limited size, one more for images, which may become full, a
private /run and /dev, no network, no process of outside, and all other files are read-only, what
the kernel shows of the machine in /proc and /sys too; a private daemon alone has a /proc of its
own. With the first process all of it goes, loop devices too, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import stat
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import unescape

ROOT = Path("/tmp/worlds")
LAB = ROOT / "lab"
IMAGES = LAB / "images"
TOOLS = ROOT / "bin"
"""Where commands look first, those of libvirt too."""
MARKED = ROOT / "went-down"
_WATCHED = f"""\
#!/bin/sh
timeout {{time}} {{tool}} "$@"
code=$?
[ $code -lt 124 ] || : > {MARKED}
exit $code
"""
"""A tool that leaves a mark when it ends by a signal, or hangs (timeout(1), its status)."""
TIME = 60
"""Seconds that a tool may take; it takes milliseconds."""
ROOM, IMAGE_ROOM = 768 << 20, 256 << 20
"""Bytes of the file systems of a daemon's own files and of images; a full disk is the second."""
MARK = "snaptui-worlds"
"""What loop devices of ours are called by (``lo_file_name`` of linux/loop.h)."""

_APART = (
    *("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--net", "--ipc", "--fork"),
    *("--kill-child", "--mount-proc", "--propagation", "private"),
)
_NODES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}
_ITS_OWN = ("var/lib/libvirt", "var/log/libvirt", "var/cache/libvirt", "run/libvirt", "etc/libvirt")
"""Where a private daemon's own directories are mounted, in its root."""
_OF_TPMS = ("var/lib/swtpm-localca", "var/log/swtpm")
"""Where a TPM's emulator writes certificates and its log, in the daemon's root."""
_OURS = ("/tmp", "/run", "/dev")
_OF_THE_KERNEL = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs")
"""The machine's, whatever process looks."""
_GET_FREE, _CONFIGURE, _GET_STATUS = 0x4C82, 0x4C0A, 0x4C05
_AUTOCLEAR = 4
_LOOP_MAJOR = 7


class Outside(Exception):
    """Something is not in the place: the whole run stops."""


def start(words: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a module of this package in a place of its own, to be read line by line."""
    inner = (sys.executable, "-m", *words)
    return subprocess.Popen(
        (*_APART, *inner),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={
            **os.environ,
            **environment,
            "HOME": str(ROOT),
            "PATH": f"{TOOLS}:{os.environ['PATH']}",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        cwd=Path(__file__).parents[2],
        text=True,
        start_new_session=True,
    )


def furnish(daemon: Path | None = None) -> None:
    """Take the place that this process was started in: mounts, and nothing of the host's.

    Args:
        daemon: root of the system whose libvirt is to run in it, if one is.

    Raises:
        Outside: it was not.
    """
    if os.getpid() != 1:
        raise Outside("this is no namespace of its own")
    for name in [name for name in os.environ if name.startswith(("XDG_", "DBUS_", "LIBVIRT_"))]:
        del os.environ[name]
    for path in _mounted_below("/tmp", "/run"):
        subprocess.run(("umount", "--lazy", path), check=False)  # who mounted it may end it now
    if left := _mounted_below("/tmp", "/run"):
        raise Outside(f"{left} cannot be unmounted")
    _mount("-t", "tmpfs", "-o", f"size={ROOM}", "worlds", "/tmp")
    IMAGES.mkdir(parents=True)
    _mount("-t", "tmpfs", "-o", f"size={IMAGE_ROOM}", "worlds", str(IMAGES))
    TOOLS.mkdir()
    watch("/usr/bin/qemu-img")
    watch("/usr/bin/qemu-io")
    _mount("-t", "tmpfs", "-o", "size=16m", "worlds", "/run")
    _mount("-t", "tmpfs", "-o", "size=1m,mode=755", "worlds", "/dev")
    for name, minor in _NODES.items():
        _node(f"/dev/{name}", stat.S_IFCHR, os.makedev(1, minor))
    _node("/dev/loop-control", stat.S_IFCHR, os.makedev(10, 237))
    for name in ("shm", "pts"):
        Path("/dev", name).mkdir()
    _mount("-t", "devpts", "worlds", "/dev/pts")
    os.symlink("/proc/self/fd", "/dev/fd")
    if daemon is not None:
        for name in _ITS_OWN:
            (daemon / name).mkdir(exist_ok=True)
        for name in _OF_TPMS:
            (daemon / name).mkdir(exist_ok=True)
            _mount("-t", "tmpfs", "-o", "size=4m,mode=777", "worlds", str(daemon / name))
    for name in _OF_THE_KERNEL:
        if os.path.exists(name):
            _mount("--bind", name, name)
    for path in dict.fromkeys(path for path, _ in mounts()):
        if (
            path != "/proc"
            and not path.startswith(_OURS)
            and not (daemon and path in _tpm_places(daemon))
        ):
            _mount("-o", "remount,bind,ro", path)


def mounts() -> list[tuple[str, str]]:
    """Where something is mounted that can be reached, and how, as proc_pid_mountinfo(5) says."""
    with open("/proc/self/mountinfo") as f:
        lines = [line.split() for line in f]
    found = [(words[2], words[4].encode().decode("unicode_escape"), words[5]) for words in lines]
    return [(path, how) for device, path, how in found if _device(path) == device]


def _device(path: str) -> str:
    """What a path lies on; empty where there is none, as of what another mount hides."""
    try:
        number = os.stat(path).st_dev
    except OSError:
        return ""
    return f"{os.major(number)}:{os.minor(number)}"


def _tpm_places(daemon: Path) -> set[str]:
    return {str((daemon / name).resolve()) for name in _OF_TPMS}


def watch(tool: str) -> None:
    """Notice from now on when a tool goes down or hangs, whoever calls it."""
    path = TOOLS / Path(tool).name
    path.write_text(_WATCHED.format(tool=tool, time=TIME))
    path.chmod(0o755)


def tool_down() -> bool:
    """Whether one did."""
    return MARKED.exists()


def _mounted_below(*places: str) -> list[str]:
    """What would be hidden, and yet be in the list where libvirt looks for its own."""
    with open("/proc/self/mountinfo") as f:
        paths = [line.split()[4] for line in f]
    return [path for path in reversed(paths) if path.startswith(tuple(f"{p}/" for p in places))]


def _node(path: str, kind: int, device: int) -> None:
    os.mknod(path, kind | 0o666, device)


def _mount(*words: str) -> None:
    subprocess.run(("mount", *words), check=True)


def inside(path: str | Path) -> str:
    """The path, which must be one of the place or a loop device of ours.

    Raises:
        Outside: it is not.
    """
    found = Path(path).resolve()
    if str(found).startswith("/dev/loop"):
        if not _ours(found):
            raise Outside(f"{path} is not ours")
    elif not found.is_relative_to(ROOT):
        raise Outside(f"{path} is {found}, which is outside")
    return str(path)


def checked(words: Sequence[str]) -> None:
    """Every path in the words of a command lies in the place.

    Raises:
        Outside: one does not.
    """
    for word in words:
        for part in shlex.split(word.replace("=", " ").replace(",", " ").replace("'", " ")):
            if part.startswith("/") and not part.startswith("/machine/"):
                inside(part)


def checked_xml(text: str) -> None:
    """Every path that libvirt is told lies in the place, but for its program and its cgroup.

    Raises:
        Outside: one does not.
    """
    for path in _PATH.findall(_NO_FILES.sub("", text)):
        inside(unescape(path))


_PATH = re.compile(r"""['">](/[^'"<>]+)""")
_NO_FILES = re.compile(r"<(emulator|partition)>[^<]*</\1>")


class Loops:
    """Loop devices that are gone with this process, whatever ends it."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}

    def attach(self, image: Path) -> str:
        """A new device upon an image of the place; its path."""
        inside(image)
        with open("/dev/loop-control", "rb") as control:
            number = fcntl.ioctl(control, _GET_FREE)
        path = f"/dev/loop{number}"
        if not os.path.exists(path):
            _node(path, stat.S_IFBLK, os.makedev(_LOOP_MAJOR, number))
        device = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        backing = os.open(image, os.O_RDWR | os.O_CLOEXEC)
        try:
            info = struct.pack("<5Q4I64s64s32s2Q", *(0,) * 8, _AUTOCLEAR, _name(image), *_REST)
            fcntl.ioctl(device, _CONFIGURE, struct.pack("<2I", backing, 0) + info + bytes(64))
        except OSError:
            os.close(device)
            raise
        finally:
            os.close(backing)
        self._held[path] = device
        return path

    def close(self) -> None:
        """Let go of all of them; each is gone when nobody else has it open."""
        for path, device in self._held.items():
            inside(path)
            os.close(device)
        self._held.clear()


_REST = (b"", b"", 0, 0)


def _name(image: Path) -> bytes:
    return f"{MARK}:{image.name}".encode()[:63]


def _ours(device: Path) -> bool:
    """Whether a loop device bears our mark."""
    try:
        with device.open("rb") as f:
            info = fcntl.ioctl(f, _GET_STATUS, bytes(232))
    except OSError:
        return False
    return info[56:120].startswith(MARK.encode())
