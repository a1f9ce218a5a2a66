"""A copy of an entry is what applying the entry makes of the disk, byte for byte and in size."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from snaptui.backend.files import qemu_img as tool
from snaptui.backend.files.image_reader import read_image
from snaptui.common.errors import ImageError
from snaptui.model.files import CopyFormat, EntryCopy
from tests.lab import MIB, qemu_img
from tests.unit.images import qemu_io

MARK = b"\xd5" * 4096
"""What lies where the entry has no disk any more."""

Made = Callable[[Path], None]


def created(path: Path, size: int, *options: str) -> None:
    words = ["-o", ",".join(options)] if options else []
    qemu_img("create", "-q", "-f", "qcow2", *words, str(path), f"{size}M")


def resized(path: Path, size: int) -> None:
    qemu_img("resize", "-q", "--shrink", "-f", "qcow2", str(path), f"{size}M")


def of_one_size(path: Path, *options: str) -> None:
    created(path, 16, *options)
    qemu_io(path, "write -P 1 0 3M", "write -P 2 9M 64k", "write -z 1M 64k")
    qemu_img("snapshot", "-c", "s", str(path))
    qemu_io(path, "write -P 3 0 16M")


def grown(path: Path) -> None:
    created(path, 16)
    qemu_io(path, "write -P 1 15M 1M")
    qemu_img("snapshot", "-c", "s", str(path))
    resized(path, 40)
    qemu_io(path, "write -P 0xd5 0 40M")


def shrunk(path: Path) -> None:
    """Grown, written beyond the first size, taken, and made smaller than it ever was."""
    created(path, 16)
    resized(path, 40)
    qemu_io(path, "write -P 1 30M 1M")
    qemu_img("snapshot", "-c", "s", str(path))
    resized(path, 8)


def shrunk_and_grown(path: Path) -> None:
    shrunk(path)
    resized(path, 48)
    qemu_io(path, "write -P 0xd5 20M 20M")


def unaligned(path: Path) -> None:
    """A size that ends inside of a cluster, and one that is larger by less than one."""
    qemu_img("create", "-q", "-f", "qcow2", str(path), str(MIB + 1536))
    qemu_io(path, "write -P 1 0 1049600")
    qemu_img("snapshot", "-c", "s", str(path))
    qemu_img("resize", "-q", "-f", "qcow2", str(path), str(MIB + 2048))
    qemu_io(path, "write -P 0xd5 1M 2048")


def upon(path: Path) -> None:
    """An overlay, grown since; what it lies upon is larger, and shows beyond its end."""
    base = path.with_name("base.qcow2")
    created(base, 40)
    qemu_io(base, "write -P 1 0 16M", "write -P 0xd5 16M 24M")
    qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(base), str(path), "16M")
    qemu_io(path, "write -P 2 2M 1M")
    qemu_img("snapshot", "-c", "s", str(path))
    resized(path, 40)
    qemu_io(path, "write -P 3 0 2M")


def upon_smaller(path: Path) -> None:
    base = path.with_name("base.qcow2")
    created(base, 4)
    qemu_io(base, "write -P 1 0 4M")
    qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(base), str(path), "16M")
    qemu_img("snapshot", "-c", "s", str(path))
    resized(path, 2)
    resized(path, 16)
    qemu_io(path, "write -P 3 0 2M")


def with_bitmaps(path: Path) -> None:
    of_one_size(path)
    qemu_img("bitmap", "--add", "-f", "qcow2", str(path), "b0")


def compressed(path: Path) -> None:
    plain = path.with_name("plain")
    created(plain, 16)
    qemu_io(plain, "write -P 1 0 12M", "write -P 7 5M 1M")
    qemu_img("convert", "-c", "-O", "qcow2", str(plain), str(path))
    qemu_img("snapshot", "-c", "s", str(path))
    resized(path, 24)
    qemu_io(path, "write -P 0xd5 0 24M")


WHOLE: dict[str, Made] = {
    "one size": of_one_size,
    "small clusters": lambda path: of_one_size(path, "cluster_size=4k"),
    "extended L2": lambda path: of_one_size(path, "extended_l2=on", "cluster_size=128k"),
    "an old image": lambda path: of_one_size(path, "compat=0.10"),
    "grown": grown,
    "shrunk and grown": shrunk_and_grown,
    "unaligned": unaligned,
    "upon a larger one": upon,
    "upon a smaller one": upon_smaller,
    "bitmaps": with_bitmaps,
    "compressed": compressed,
}


def applied(path: Path) -> tuple[str, int]:
    """What applying the entry in a copy gives: its bytes as a hash, and its size."""
    there = path.with_name("applied.qcow2")
    shutil.copy(path, there)
    for bitmap in told(there).get("format-specific", {}).get("data", {}).get("bitmaps", ()):
        qemu_img("bitmap", "--remove", "-f", "qcow2", str(there), bitmap["name"])
    qemu_img("snapshot", "-a", "s", str(there))
    return content(there, "qcow2")


def content(path: Path, form: str) -> tuple[str, int]:
    raw = path.with_name("raw")
    qemu_img("convert", "-f", form, "-O", "raw", str(path), str(raw))
    digest, size = hashlib.sha256(raw.read_bytes()).hexdigest(), raw.stat().st_size
    raw.unlink()
    return digest, size


def told(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(qemu_img("info", "--output=json", str(path)))
    return found


def copied(path: Path, form: CopyFormat) -> Path:
    target = path.with_name(f"copy.{form.value}")
    (entry,) = read_image(str(path)).snapshots
    tool.extract(EntryCopy(str(path), entry, str(target), form), lambda _share: None, lambda: True)
    return target


@pytest.mark.parametrize("form", list(CopyFormat))
@pytest.mark.parametrize("made", WHOLE.values(), ids=WHOLE)
def test_a_copy_is_what_applying_it_gives(tmp_path: Path, made: Made, form: CopyFormat) -> None:
    path = tmp_path / "a.qcow2"
    made(path)
    needs = tool.measure(str(path), "1")
    copy = copied(path, form)
    assert content(copy, form.value) == applied(path)
    assert MARK not in copy.read_bytes(), "nothing is left of what is no part of it"
    assert copy.stat().st_blocks * 512 <= needs
    if form is CopyFormat.QCOW2:
        assert json.loads(qemu_img("check", "--output=json", str(copy))).get("leaks", 0) == 0


@pytest.mark.parametrize("form", list(CopyFormat))
def test_what_would_be_cut_off_is_no_copy(tmp_path: Path, form: CopyFormat) -> None:
    path = tmp_path / "a.qcow2"
    shrunk(path)
    with pytest.raises(ImageError, match="cut off"):
        copied(path, form)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.qcow2"]
