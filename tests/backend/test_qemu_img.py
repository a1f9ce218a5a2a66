"""The calls of qemu-img: exactly this entry of exactly this file, whatever both are called."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from snaptui.backend.files import qemu_img as tool
from snaptui.backend.files.file_status import may_write
from snaptui.backend.files.image_reader import entries_as_now, read_image
from snaptui.backend.files.openers import openers
from snaptui.common.errors import Cancelled, ImageError
from snaptui.model.files import CopyFormat, EntryCopy, Opener
from snaptui.model.image import ImageSnapshot
from tests.lab import MIB, encrypted_image, entries, holds, qemu_img, write
from tests.unit.made import STRANGE

HOSTILE = ["nbd:x", "json:{}", "-d", "two words.qcow2", "a,b=c.qcow2", "ü$(x)'\".qcow2", "a\nb"]


def made(path: Path, *names: str) -> Path:
    """An image whose entry number N holds the byte N, and whose disk holds 0x55."""
    qemu_img("create", "-q", "-f", "qcow2", str(path), str(8 * MIB))
    for byte, name in enumerate(names, 1):
        write(path, byte)
        qemu_img("snapshot", "-c", name, str(path))
    write(path, 0x55)
    return path


def entry(path: Path, place: int) -> ImageSnapshot:
    return read_image(str(path)).snapshots[place]


def copy(
    path: Path,
    place: int,
    target: Path,
    *,
    shared: bool = False,
    progress: Callable[[float], None] = lambda _share: None,
    still_there: Callable[[], bool] = lambda: True,
) -> None:
    wanted = EntryCopy(str(path), entry(path, place), str(target), CopyFormat.QCOW2, shared)
    tool.extract(wanted, progress, still_there)


@contextmanager
def served(path: Path, tmp_path: Path) -> Iterator[int]:
    """A foreign QEMU that holds its lock."""
    pid = tmp_path / "pid"
    subprocess.run(
        ["qemu-nbd", "-f", "qcow2", "-k", tmp_path / "s", "--fork", "--pid-file", pid, path],
        check=True,
    )
    number = int(pid.read_text())
    try:
        yield number
    finally:
        os.kill(number, 15)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_path_is_taken_for_a_file(tmp_path: Path, name: str) -> None:
    path = made(tmp_path / name, "one")
    tool.create(str(path), "two")
    assert entries(path) == [("1", "one"), ("2", "two")]
    tool.apply(str(path), "1")
    assert holds(path, 1)
    tool.delete(str(path), "one")
    assert entries(path) == [("2", "two")]
    assert tool.measure(str(path), "2") > MIB
    copy(path, 0, tmp_path / f"{name}.copy")
    assert holds(tmp_path / f"{name}.copy", 0x55)


@pytest.mark.parametrize("name", [*STRANGE, "--", "-d", "", " ", "a\nb", "snapshot.id=1", "1"])
def test_a_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    path = made(tmp_path / "a.qcow2", "keep")
    tool.create(str(path), name)
    assert entries(path) == [("1", "keep"), ("2", name)]
    tool.delete(str(path), name)
    assert entries(path) == [("1", "keep")]


def test_apply_takes_the_id_and_not_the_name(tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "2", "1")
    for number in (1, 2):
        write(path, 0x66)
        assert entries_as_now(str(path)) == frozenset()
        tool.apply(str(path), str(number))
        assert holds(path, number)
        assert entries_as_now(str(path)) == {str(number)}


def test_of_twins_delete_takes_the_first(tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "twin", "other", "twin")
    tool.delete(str(path), "twin")
    assert entries(path) == [("2", "other"), ("3", "twin")]


def test_what_nothing_was_written_since_is_as_now(tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "one")
    tool.create(str(path), "a")
    tool.create(str(path), "b")
    assert entries_as_now(str(path)) == {"2", "3"}
    qemu_img("resize", "-q", str(path), "16M")
    assert entries_as_now(str(path)) == frozenset()


def test_a_copy_holds_the_entry_and_never_replaces_a_file(tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "2", "1")
    path.chmod(0o640)
    for place in (0, 1):
        target = tmp_path / f"copy{place}"
        copy(path, place, target)
        assert holds(target, place + 1)
        assert entries(target) == []
        assert target.stat().st_mode & 0o777 == 0o600
        assert target.stat().st_size == tool.measure(str(path), str(place + 1))
    before = (tmp_path / "copy0").read_bytes()
    with pytest.raises(ImageError, match=r"File exists"):
        copy(path, 1, tmp_path / "copy0")
    assert (tmp_path / "copy0").read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["a.qcow2", "copy0", "copy1"]


@pytest.mark.parametrize("when", ["at once", "later"])
def test_a_copy_can_be_given_up(tmp_path: Path, when: str) -> None:
    path = made(tmp_path / "a.qcow2", "one")
    told: list[float] = []

    def progress(share: float) -> None:
        told.append(share)
        if when == "at once" or share >= 1.0:
            raise Cancelled("Enough.")

    with pytest.raises(Cancelled):
        copy(path, 0, tmp_path / "copy", progress=progress)
    assert told
    assert os.listdir(tmp_path) == ["a.qcow2"]


def test_a_copy_of_what_went_meanwhile_is_not_kept(tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "one")
    with pytest.raises(ImageError, match="one went from"):
        copy(path, 0, tmp_path / "copy", still_there=lambda: False)
    assert os.listdir(tmp_path) == ["a.qcow2"]


def test_an_unfinished_file_of_another_is_left_alone(tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "one")
    (tmp_path / ".copy.part").write_text("another's")
    with pytest.raises(ImageError, match=r"\.copy\.part: File exists"):
        copy(path, 0, tmp_path / "copy")
    assert (tmp_path / ".copy.part").read_text() == "another's"


def test_a_foreign_qemu_is_found_and_its_lock_is_told(tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "one")
    link = tmp_path / "link"
    link.hardlink_to(path)
    assert openers(str(path)).found == ()
    with served(path, tmp_path) as pid:
        assert openers(str(path)).found == (Opener("qemu-nbd", pid),)
        assert openers(str(link)).found == (Opener("qemu-nbd", pid),)
        changes: tuple[Callable[[], None], ...] = (
            lambda: tool.create(str(path), "two"),
            lambda: tool.apply(str(path), "1"),
            lambda: tool.delete(str(path), "one"),
            lambda: copy(path, 0, tmp_path / "copy"),
        )
        for change in changes:
            with pytest.raises(ImageError, match=r'Failed to get .*"write" lock'):
                change()
        assert tool.measure(str(path), "1") > MIB
        copy(path, 0, tmp_path / "copy", shared=True)
    assert holds(tmp_path / "copy", 1)
    assert entries(path) == [("1", "one")]


def test_a_file_that_is_not_there_is_nobodys(tmp_path: Path) -> None:
    assert openers(str(tmp_path / "none")).found == ()
    with pytest.raises(ImageError):
        may_write(str(tmp_path / "none"))
    with pytest.raises(ImageError, match="No such file"):
        tool.create(str(tmp_path / "none"), "one")


def test_faults_and_encryption_are_read(tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "one")
    assert (read_image(str(path)).faults, read_image(str(path)).encrypted) == ((), False)
    for bit, word in ((1, "not closed"), (2, "corrupt")):
        with path.open("r+b") as f:
            f.seek(79)
            f.write(bytes([bit]))
        (fault,) = read_image(str(path)).faults
        assert word in fault
    luks = encrypted_image(tmp_path / "luks", MIB)
    assert read_image(str(luks)).encrypted


def test_what_is_advised_repairs_a_copy_of_an_image_that_was_not_closed(tmp_path: Path) -> None:
    """``check -r all``: its refcounts are right then, and a write destroys nothing."""
    path, copied = tmp_path / "a.qcow2", tmp_path / "copy.qcow2"
    options = "compat=1.1,lazy_refcounts=on"
    qemu_img("create", "-q", "-f", "qcow2", "-o", options, str(path), str(8 * MIB))
    cut_short = ["qemu-io", "-f", "qcow2", "-c", "write -P 1 0 1M", "-c", "abort", str(path)]
    subprocess.run(cut_short, capture_output=True, check=False)
    assert read_image(str(path)).faults
    shutil.copy(path, copied)
    qemu_img("check", "-q", "-r", "all", str(copied))
    assert read_image(str(copied)).faults == ()
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -P 2 4M 1M", str(copied)], check=True)
    assert holds(copied, 1)
