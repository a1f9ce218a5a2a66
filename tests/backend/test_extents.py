"""Which parts of a file have space of their own, against what the file system says of it all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from snaptui.backend.files.extents import allocated, not_holes

MIB = 1 << 20


def made(path: Path) -> int:
    """A file with a hole, data, what is reserved for it, and a hole; its descriptor."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    os.pwrite(descriptor, b"x" * MIB, MIB)
    os.posix_fallocate(descriptor, 2 * MIB, MIB)
    os.ftruncate(descriptor, 8 * MIB)
    os.fsync(descriptor)
    return descriptor


def whole(found: list[tuple[int, int]]) -> tuple[int, int, int]:
    return found[0][0], found[-1][1], sum(stop - start for start, stop in found)


def test_what_is_reserved_has_space_too(tmp_path: Path) -> None:
    descriptor = made(tmp_path / "file")
    found = list(allocated(descriptor, 0, 8 * MIB))
    assert whole(found) == (MIB, 3 * MIB, 2 * MIB)
    assert os.fstat(descriptor).st_blocks * 512 == 2 * MIB
    assert list(allocated(descriptor, MIB + 4096, MIB + 8192)) == [(MIB + 4096, MIB + 8192)]
    assert list(allocated(descriptor, 4 * MIB, 8 * MIB)) == []
    os.close(descriptor)


def test_more_parts_than_one_question_answers(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    parts = [(at << 16, (at << 16) + 4096) for at in range(1, 700)]
    for start, _ in parts:
        os.pwrite(descriptor, b"x" * 4096, start)
    os.fsync(descriptor)
    assert list(allocated(descriptor, 0, MIB << 10)) == parts
    assert list(not_holes(descriptor, 0, MIB << 10)) == parts
    os.close(descriptor)


@pytest.mark.skipif(not os.path.ismount("/dev/shm"), reason="there is no tmpfs at /dev/shm")
def test_a_file_system_that_does_not_tell_it() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        descriptor = made(Path(folder) / "file")
        assert whole(list(allocated(descriptor, 0, 8 * MIB)))[:1] == (MIB,)
        assert list(allocated(descriptor, 5 * MIB, 8 * MIB)) == []
        os.close(descriptor)
