"""What QEMU itself leaves in the times and the tables of an image that it opens or writes to."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from snaptui.backend.files.image_reader import read_image
from snaptui.model.image import ImageInfo
from snaptui.storage.evidence import By, judge
from tests.lab import qemu_img
from tests.unit.images import qemu_io

LONG_AGO = 1_500_000_000


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """An image whose times can be told from those of today: it was written to long ago."""
    path = tmp_path / "base.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(path), "8M")
    qemu_io(path, "write -P 1 0 64k")
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def idle(path: Path) -> None:
    qemu_io(path, "read 0 64k", "flush")


def checked(path: Path) -> None:
    qemu_img("check", "-q", str(path))


def upon(path: Path) -> None:
    over = path.with_suffix(".over")
    qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(path), str(over))


@pytest.mark.parametrize("act", [idle, checked, upon])
def test_what_writes_nothing_leaves_the_times(base: Path, act: Callable[[Path], None]) -> None:
    before = os.stat(base)
    act(base)
    after = os.stat(base)
    assert (before.st_mtime_ns, before.st_ctime_ns) == (after.st_mtime_ns, after.st_ctime_ns)


def test_a_write_sets_them_even_of_the_same_bytes(base: Path) -> None:
    qemu_io(base, "write -P 1 0 64k")
    found = read_image(str(base))
    assert found.written == found.changed
    assert (found.written or 0) > LONG_AGO


@pytest.mark.parametrize("bitmap", [False, True])
def test_a_snapshot_or_a_bitmap_alone_sets_them_too(base: Path, bitmap: bool) -> None:
    if bitmap:
        qemu_img("bitmap", "--add", str(base), "b0")
        os.utime(base, (LONG_AGO, LONG_AGO))
        idle(base)
    else:
        qemu_img("snapshot", "-c", "s", str(base))
    found = read_image(str(base))
    assert (found.written or 0) > LONG_AGO
    assert judge(found, over(LONG_AGO), LONG_AGO).by is By.OTHERWISE


def over(written: float) -> ImageInfo:
    return ImageInfo("/over", "qcow2", 1, 1, (), written=written)


def test_the_disk_itself_tells_that_it_was_written_to(base: Path) -> None:
    """Whoever sets the times back, or puts back what was saved with them."""
    qemu_img("snapshot", "-c", "s", str(base))
    entry = read_image(str(base)).snapshots[0].created
    assert read_image(str(base)).departed is None
    qemu_io(base, "write -P 2 0 64k")
    assert read_image(str(base)).departed == entry
    os.utime(base, (LONG_AGO, LONG_AGO))
    copy = base.with_suffix(".copy")
    subprocess.run(["cp", "-p", base, copy], check=True)
    for path in (base, copy):
        assert judge(read_image(str(path)), over(entry), entry - 1).by is By.ENTRY
        changed = int(os.stat(path).st_ctime)
        assert judge(read_image(str(path)), over(entry), changed).by is By.SET
    qemu_img("snapshot", "-a", "s", str(base))
    assert read_image(str(base)).departed is None


def test_what_is_put_back_with_its_times_is_not_called_untouched(base: Path) -> None:
    kept = base.with_suffix(".kept")
    subprocess.run(["cp", "-p", base, kept], check=True)
    snapshot = int(os.stat(base).st_ctime) + 1
    qemu_io(base, "write -P 2 0 64k")
    subprocess.run(["cp", "-p", kept, base], check=True)
    found = read_image(str(base))
    assert found.written == LONG_AGO
    since = min(snapshot, int(os.stat(base).st_ctime))
    assert judge(found, over(since), since).written is None
