"""Which file system a path of this machine lies on (proc(5), ``/proc/pid/mountinfo``)."""

from __future__ import annotations

import os
import re

from snaptui.model.image import ONE_HOST

_PUNCHES = frozenset({"btrfs", "ext4", "gfs2", "tmpfs", "xfs"})
_LOCKING = {
    "nfs": {"nolock", "local_lock=all", "local_lock=posix"},
    "nfs4": {"local_lock=all", "local_lock=posix"},
    "gfs2": {"localflocks"},
    "cifs": {"nobrl"},
    "ceph": set[str](),
    "fuse.glusterfs": set[str](),
}
"""File systems of several hosts on which a lock holds for all of them, by their type; and the
options with which it holds on one alone (nfs(5), gfs2(5), mount.cifs(8))."""


def gives_back(kind: str) -> bool | None:
    """Whether a file system takes back parts of a file (fallocate(2), FALLOC_FL_PUNCH_HOLE).

    QEMU punches a hole where it frees clusters. ``None`` where the manual does not say.
    """
    return True if kind in _PUNCHES else None


def unlocked(path: str) -> str:
    """The type of a file's file system, where other hosts may use it and see no lock of this one.

    Empty where they do not, where they see it, or where it is no file but a device.
    """
    real = os.path.realpath(path)
    _, kind, options = _mount(real)
    if not kind or kind in ONE_HOST or real.startswith("/dev/"):
        return ""
    return "" if locks_reach(kind, options) else kind


def on_several_hosts(path: str) -> bool | None:
    """Whether a file's file system is of a type that other hosts have, too; ``None`` of devices."""
    real = os.path.realpath(path)
    _, kind, _ = _mount(real)
    return None if not kind or real.startswith("/dev/") else kind not in ONE_HOST


def locks_reach(kind: str, options: str) -> bool:
    """Whether a lock on a file of such a file system holds for all hosts that use it."""
    return kind in _LOCKING and not _LOCKING[kind] & set(options.split(","))


def mount_of(path: str) -> tuple[str, str]:
    """Where the file system of a path is mounted, and its type; empty words when not known."""
    return mount_over(os.path.realpath(path))


def mount_over(path: str) -> tuple[str, str]:
    """The same of a path without symbolic links; its file system is not asked."""
    return _mount(path)[:2]


def _mount(path: str) -> tuple[str, str, str]:
    """Where, of which type, and with which options of its file system."""
    try:
        with open("/proc/self/mountinfo", "rb") as f:
            lines = f.read().split(b"\n")[:-1]
    except OSError:
        return "", "", ""
    wanted, best, longest = os.fsencode(path), b"", b""
    for line in lines:
        mount = line.split(b" ", 5)[4]
        if b"\\" in mount:
            # the kernel spells out no white space beyond blank, tab and newline (seq_path)
            mount = re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), mount)
        # of two on one place the later one covers the earlier
        if len(mount) >= len(longest) and _covers(mount, wanted):
            longest, best = mount, line
    kind, _, options = best.partition(b" - ")[2].partition(b" ")
    return os.fsdecode(longest), os.fsdecode(kind), os.fsdecode(options.partition(b" ")[2])


def _covers(mount: bytes, path: bytes) -> bool:
    return mount == b"/" or path == mount or path.startswith(mount + b"/")


def device_name(path: str) -> str:
    """A block device by the name that says most: of a logical volume those of its group and it.

    The kernel's device mapper has them in one word, in which a hyphen of theirs is doubled
    (LVM2's lib/misc/lvm-string.c).
    """
    real = os.path.realpath(path)
    folder = f"/sys/class/block/{os.path.basename(real)}/dm"
    uuid, name = _line(f"{folder}/uuid"), _line(f"{folder}/name")
    if not uuid.startswith("LVM-") or not name:
        return real
    group, _, volume = re.sub("(?<!-)-(?!-)", "/", name, count=1).partition("/")
    return f"/dev/{group.replace('--', '-')}/{volume.replace('--', '-')}"


def _line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read().strip()
    except OSError:
        return ""
