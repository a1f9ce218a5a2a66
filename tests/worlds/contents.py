"""What all disks and snapshots of a host hold, read by QEMU's tools alone, and what files take."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHUNK = 256 << 10
TIME = 60
"""Seconds that a tool may take; it takes milliseconds."""


@dataclass(frozen=True)
class Held:
    """The bytes of a disk.

    Attributes:
        size: as its reader saw it.
        chunks: a digest of each 256 KiB.
    """

    size: int
    chunks: tuple[bytes, ...]

    def same(self, other: Held) -> bool:
        """Whether it is the same, as far as both were read.

        What lies inside an image is read with the size that the disk has now.
        """
        both = min(self.size, other.size) // CHUNK
        return self.chunks[:both] == other.chunks[:both]


Contents = Mapping[str, Held | None]
"""By place (``a:vda``, ``a:vda@snapshot``, ``path#entry``); ``None`` where it cannot be read."""


def read(path: str, form: str, entry: str = "") -> Held | None:
    """What a disk holds whose top is this image, or what an entry inside it holds."""
    out = Path("/tmp/worlds/read.raw")
    inside = ["-l", f"snapshot.name={entry}"] if entry else []
    words = ["qemu-img", "convert", "-U", "-f", form or "raw", "-O", "raw", *inside, path, str(out)]
    with suppress(subprocess.TimeoutExpired):
        if subprocess.run(words, capture_output=True, timeout=TIME).returncode == 0:
            data = out.read_bytes()
            out.unlink()
            return Held(len(data), tuple(_digests(data)))
    return None


def first(path: str, form: str) -> int | None:
    """The byte of which the first MiB of a disk is made; ``None`` where it is not of one."""
    words = ["qemu-img", "dd", "-U", "-f", form or "raw", "-O", "raw", "bs=1M", "count=1"]
    out = Path("/tmp/worlds/first.raw")
    with suppress(subprocess.TimeoutExpired):
        done = subprocess.run(
            [*words, f"if={path}", f"of={out}"], capture_output=True, timeout=TIME
        )
        if done.returncode == 0:
            data = out.read_bytes()
            out.unlink()
            return data[0] if data and set(data) == {data[0]} else None
    return None


def _digests(data: bytes) -> Iterable[bytes]:
    for start in range(0, len(data), CHUNK):
        yield hashlib.blake2b(data[start : start + CHUNK], digest_size=12).digest()


def info(path: str) -> dict[str, Any]:
    """What ``qemu-img info`` says; empty where it cannot."""
    words = ["qemu-img", "info", "-U", "--output=json", path]
    done = subprocess.run(words, capture_output=True, text=True, timeout=TIME, errors="replace")
    found: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    return found


def entries(path: str) -> list[str]:
    """Names of an image's own snapshots."""
    return [str(entry["name"]) for entry in info(path).get("snapshots", [])]


def differing(before: Contents, after: Contents, skip: Iterable[str] = ()) -> list[str]:
    """Places that hold something else than before, or cannot be read any more."""
    left = set(skip)
    wrong = []
    for place in sorted(before.keys() & after.keys() - left):
        was, now = before[place], after[place]
        if was is not None and (now is None or not was.same(now)):
            wrong.append(f"{place} {'cannot be read' if now is None else 'holds other data'}")
    return wrong


def taken(folder: Path) -> int:
    """Bytes that all files below a directory take on their file system."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                seen = os.lstat(os.path.join(place, name))
                found[seen.st_ino] = seen.st_blocks * 512
    return sum(found.values())
