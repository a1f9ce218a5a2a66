"""What all disks and snapshots of a host hold, read by QEMU's tools alone, and what files take."""

from __future__ import annotations

import json
import os
import subprocess
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHUNK = 512
"""Bytes that are compared as one: of whole ones each disk is made (BDRV_SECTOR_SIZE)."""
QCOW2, HEADER = b"QFI\xfb", 104


@dataclass(frozen=True)
class Held:
    """The bytes of a disk.

    Attributes:
        size: as its reader saw it.
        chunks: a hash of each chunk, good as long as this process is.
    """

    size: int
    chunks: array[int]

    @classmethod
    def of(cls, data: bytes) -> Held:
        """What these bytes are."""
        starts = range(0, len(data), CHUNK)
        return cls(len(data), array("q", (hash(data[one : one + CHUNK]) for one in starts)))

    def same(self, other: Held) -> bool:
        """Whether it is the same, as far as both were read.

        What lies inside an image is read with the size that the disk has now.
        """
        both = min(self.size, other.size) // CHUNK
        return self.chunks[:both] == other.chunks[:both]


Contents = Mapping[str, Held | None]
"""By place (``a:vda``, ``a:vda@snapshot``, ``path#entry``); ``None`` where it cannot be read."""


_read: dict[tuple[str, str, str], tuple[object, Held | None]] = {}
_named: dict[str, tuple[object, list[str]]] = {}


def read(path: str, form: str, entry: str = "") -> Held | None:
    """What a disk holds whose top is this image, or what an entry inside it holds.

    It is read anew when a file of its chain was written to.
    """
    key, now = (path, form, entry), stamp(path)
    if now is None or _read.get(key, (None,))[0] != now:
        _read[key] = now, _convert(path, form, entry)
    return _read[key][1]


def forget() -> None:
    """Another world has other files of these names."""
    _read.clear()
    _named.clear()


def stamp(path: str) -> object | None:
    """Which files an image and all beneath it are, and when they were written to.

    ``None`` where that cannot be told: of devices, and of data in another file.
    """
    found: list[tuple[str, int, int, int]] = []
    for one in chain(path):
        if not os.path.isfile(one) or len(found) > 50:
            return None
        seen = os.stat(one)
        found.append((one, seen.st_ino, seen.st_mtime_ns, seen.st_size))
        head = _head(one)
        if head[:4] == QCOW2 and head[4:8] != b"\0\0\0\2" and head[79] & 4:
            return None
    return tuple(found)


def last_write(path: str) -> tuple[int, int] | None:
    """Which file it is, and when it was written to last: RAM may be the same twice."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def chain(path: str) -> Iterator[str]:
    """An image and what its header says lies beneath it, to the first that is no file."""
    beneath: str | None = path
    seen = set()
    while beneath is not None and beneath not in seen:
        yield (one := beneath)
        seen.add(one)
        head = _head(one)
        offset, length = int.from_bytes(head[8:16]), int.from_bytes(head[16:20])
        beneath = None
        if head[:4] == QCOW2 and offset:
            with open(one, "rb") as f:
                f.seek(offset)
                beneath = f.read(length).decode()


def _head(path: str) -> bytes:
    """The header of an image (docs/interop/qcow2.txt, Header); zeroes of what is no file."""
    if not os.path.isfile(path):
        return bytes(HEADER)
    with open(path, "rb") as f:
        return f.read(HEADER).ljust(HEADER, b"\0")


def _convert(path: str, form: str, entry: str) -> Held | None:
    out = Path("/tmp/worlds/read.raw")
    inside = ["-l", f"snapshot.name={entry}"] if entry else []
    words = ["qemu-img", "convert", "-U", "-f", form or "raw", "-O", "raw", *inside, path, str(out)]
    if subprocess.run(words, capture_output=True).returncode:
        return None
    data = out.read_bytes()
    out.unlink()
    return Held.of(data)


def first(path: str, form: str) -> int | None:
    """The byte of which the first MiB of a disk is made; ``None`` where it is not of one."""
    words = ["qemu-img", "dd", "-U", "-f", form or "raw", "-O", "raw", "bs=1M", "count=1"]
    out = Path("/tmp/worlds/first.raw")
    if subprocess.run([*words, f"if={path}", f"of={out}"], capture_output=True).returncode:
        return None
    data = out.read_bytes()
    out.unlink()
    return data[0] if data and set(data) == {data[0]} else None


def info(path: str) -> dict[str, Any]:
    """What ``qemu-img info`` says; empty where it cannot."""
    words = ["qemu-img", "info", "-U", "--output=json", path]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace")
    found: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    return found


def entries(path: str) -> list[str]:
    """Names of an image's own snapshots."""
    now = stamp(path)
    if now is None or _named.get(path, (None,))[0] != now:
        _named[path] = now, [str(entry["name"]) for entry in info(path).get("snapshots", [])]
    return _named[path][1]


def differing(before: Contents, after: Contents, skip: Iterable[str] = ()) -> list[str]:
    """Places that hold something else than before, or cannot be read any more."""
    left = set(skip)
    wrong = []
    for place in sorted(before.keys() & after.keys() - left):
        was, now = before[place], after[place]
        if was is not None and (now is None or not was.same(now)):
            wrong.append(f"{place} {'cannot be read' if now is None else 'holds other data'}")
    return wrong


def gone(before: Contents, after: Contents) -> list[str]:
    """Places that held something and are not there any more."""
    there = sorted(before.keys() - after.keys())
    return [f"{place} is not there" for place in there if before[place] is not None]


def not_as_before(before: Contents, after: Contents) -> list[str]:
    """All that is otherwise: what holds something else, is of another size, or is gone."""
    wrong = [*differing(before, after), *gone(before, after)]
    for place in sorted(before.keys() & after.keys()):
        was, now = before[place], after[place]
        if was is not None and now is not None and was.size != now.size:
            wrong.append(f"{place} is of {now.size} bytes, not {was.size}")
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
