"""Which file system a path of this machine lies on (proc(5), ``/proc/pid/mountinfo``)."""

from __future__ import annotations

import os
import re

_PUNCHES = frozenset({"btrfs", "ext4", "gfs2", "tmpfs", "xfs"})


def gives_back(kind: str) -> bool | None:
    """Whether a file system takes back parts of a file (fallocate(2), FALLOC_FL_PUNCH_HOLE).

    QEMU punches a hole where it frees clusters. ``None`` where the manual does not say.
    """
    return True if kind in _PUNCHES else None


def mount_of(path: str) -> tuple[str, str]:
    """Where the file system of a path is mounted, and its type; empty words when not known."""
    return mount_over(os.path.realpath(path))


def mount_over(path: str) -> tuple[str, str]:
    """The same of a path without symbolic links; its file system is not asked."""
    try:
        with open("/proc/self/mountinfo", "rb") as f:
            lines = f.read().split(b"\n")[:-1]
    except OSError:
        return "", ""
    best = ("", "")
    for line in lines:
        # the kernel spells out no white space beyond blank, tab and newline (seq_path)
        head, _, tail = line.partition(b" - ")
        spelled = re.sub(
            rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), head.split(b" ")[4]
        )
        mount = os.fsdecode(spelled)
        # of two on one place the later one covers the earlier
        if _covers(mount, path) and len(mount) >= len(best[0]):
            best = (mount, os.fsdecode(tail.split(b" ")[0]))
    return best


def _covers(mount: str, path: str) -> bool:
    return mount == "/" or path == mount or path.startswith(mount + "/")


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
