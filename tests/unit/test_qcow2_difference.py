"""How much of a disk can differ between two times: against its bytes, and against brute force."""

from __future__ import annotations

import itertools
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptui.backend.files.differences import difference
from snaptui.common.errors import ImageError
from snaptui.storage.disk_then import At
from snaptui.storage.qcow2.structures import Entry, Header
from tests.unit.images import MIB, Made, qemu_img, qemu_io, read
from tests.unit.test_qcow2_accounting import CASES

pytestmark = pytest.mark.skipif(
    not (shutil.which("qemu-img") and shutil.which("qemu-io")),
    reason="qemu-img or qemu-io is not installed",
)


def quietly(_done: int, _total: int) -> None:
    """Nobody watches."""


def contents(path: Path, entry: Entry | None, header: Header) -> bytes:
    """The disk as QEMU reads it; beyond its end nothing is there, as if it were zeros."""
    raw = path.with_suffix(".raw")
    if entry is None:
        qemu_img("convert", "-O", "raw", path, raw)
    else:
        qemu_img("convert", "-l", f"snapshot.id={entry.id}", "-O", "raw", path, raw)
    return raw.read_bytes()


def words(path: Path, entry: Entry | None, header: Header) -> Iterator[int]:
    """What each guest cluster of the disk is at, one by one; 0 for what reads as zeros."""
    data = path.read_bytes()
    offset, length = header.l1_table_offset, header.l1_size
    end = header.virtual_size
    if entry is not None:
        offset, length, end = entry.l1_offset, entry.l1_entries, entry.virtual_size
    clusters = -(-end // header.cluster_size)
    for l1 in struct.unpack_from(f">{length}Q", data, offset):
        table = l1 & 0x00FF_FFFF_FFFF_FE00
        for at in range(header.cluster_size // 8):
            if not clusters:
                return
            clusters -= 1
            word = struct.unpack_from(">Q", data, table + 8 * at)[0] if table else 0
            if word >> 62 & 1:
                yield word & ~(1 << 63)
            else:
                yield 0 if word & 1 else word & 0x00FF_FFFF_FFFF_FE00


def at(path: Path, entry: Entry | None) -> tuple[At, ...]:
    return (At(str(path), entry.id if entry is not None else ""),)


@pytest.mark.parametrize("made", CASES, ids=str)
def test_each_byte_that_differs_is_counted_and_nothing_that_is_shared(
    made: Made, tmp_path: Path
) -> None:
    path = made.make(tmp_path / "a.qcow2")
    header, entries, _ = read(path)
    some = [None, *entries[:4]]
    bytes_of = {one: contents(path, one, header) for one in some}
    unit = header.cluster_size // (32 if header.extended_l2 else 1)
    for one, other in itertools.combinations_with_replacement(some, 2):
        found = difference(at(path, one), at(path, other), quietly)
        assert found == difference(at(path, other), at(path, one), quietly)
        first, second = bytes_of[one], bytes_of[other]
        unlike = [
            start
            for start in range(0, len(first), unit)
            if first[start : start + unit] != second[start : start + unit]
        ]
        assert found >= sum(min(unit, len(first) - start) for start in unlike)
        if one is other:
            assert found == 0
        if not header.extended_l2:
            pairs = enumerate(
                zip(words(path, one, header), words(path, other, header), strict=True)
            )
            expected = [place for place, (ours, theirs) in pairs if ours != theirs]
            assert found == sum(min(unit, len(first) - unit * place) for place in expected)


def test_overlays_between_are_what_differs(tmp_path: Path) -> None:
    """Each unit that one of them holds counts once, whichever image it is in."""
    base, one, two = (tmp_path / name for name in ("base", "one", "two"))
    qemu_img("create", "-q", "-f", "qcow2", base, "4M")
    qemu_io(base, "write 0 1M")
    for lower, upper in ((base, one), (one, two)):
        qemu_img("create", "-q", "-f", "qcow2", "-b", lower, "-F", "qcow2", upper)
    qemu_io(one, "write 0 128k", "write 2M 64k")
    qemu_io(two, "write 64k 128k", "discard 3M 64k", "write -z 1M 64k")
    stack = (At(str(two)), At(str(one)))
    assert difference(stack, (), quietly) == (192 + 64 + 64 + 64) * 1024
    assert difference((), (At(str(one)),), quietly) == 192 * 1024


def test_an_entry_beneath_overlays_is_compared_with_what_lies_upon_its_image(
    tmp_path: Path,
) -> None:
    """What was written to the image after the entry, and to the overlay after that."""
    base, over = tmp_path / "base", tmp_path / "over"
    qemu_img("create", "-q", "-f", "qcow2", base, "4M")
    qemu_io(base, "write 0 1M")
    qemu_img("snapshot", "-c", "then", base)
    qemu_io(base, "write 0 64k", "write 128k 64k")
    qemu_img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", over)
    qemu_io(over, "write 0 64k", "write 3M 64k")
    (entry,) = read(base)[1]
    then, now = (At(str(base), entry.id),), (At(str(over)), At(str(base)))
    assert difference(then, now, quietly) == 3 * 64 * 1024


def test_a_disk_that_grew_differs_by_what_was_written_there(tmp_path: Path) -> None:
    path = tmp_path / "a.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", path, "1M")
    qemu_img("snapshot", "-c", "then", path)
    qemu_img("resize", "-q", path, "8M")
    (entry,) = read(path)[1]
    assert difference(at(path, entry), at(path, None), quietly) == 0
    qemu_io(path, "write 6M 128k")
    assert difference(at(path, entry), at(path, None), quietly) == 128 * 1024


def test_an_entry_that_is_gone_is_said(tmp_path: Path) -> None:
    path = Made(size=MIB).make(tmp_path / "a.qcow2")
    with pytest.raises(ImageError, match="holds no snapshots of the ID 99"):
        difference((At(str(path), "99"),), (At(str(path)),), quietly)


def test_it_is_told_how_far_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-o", "cluster_size=4096", path, "64M")
    qemu_img("snapshot", "-c", "then", path)
    qemu_io(path, *(f"write {number}M 4k" for number in range(0, 64, 8)))
    (entry,) = read(path)[1]
    told: list[tuple[int, int]] = []
    difference(at(path, entry), at(path, None), lambda done, of: told.append((done, of)))
    done, of = told[-1]
    assert done == of > 0
