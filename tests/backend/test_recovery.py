"""What is said of operations on images that were cut short: what the image itself says."""

from __future__ import annotations

from pathlib import Path

import pytest

from snaptui.backend.libvirt_backend import LibvirtBackend
from snaptui.errors import ImageError
from snaptui.image_model import ImageInfo
from snaptui.journal import Record, StepRecord
from snaptui.recovery import look
from tests.lab import Lab, qemu_img, write


@pytest.fixture
def backend(lab: Lab) -> LibvirtBackend:
    made = LibvirtBackend(lab.uri)
    made.connect()
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An image whose disk is as the entry 2 has it."""
    made = tmp_path / "a.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(made), "8M")
    for byte, name in enumerate(("twin", "twin"), 1):
        write(made, byte)
        qemu_img("snapshot", "-c", name, str(made))
    return made


def cut(path: Path, kind: str, subject: str) -> Record:
    steps = (StepRecord(kind, subject, f"{kind} it", "qemu-img ...", began=1.0),)
    return Record(1, "qemu:///system", "", path.name, "It", "root", 0.0, steps, image=str(path))


@pytest.mark.parametrize(
    ("kind", "subject", "said"),
    [
        ("create", "twin", "The snapshot is there."),
        ("create", "none", "There is no such snapshot."),
        ("delete", "1 twin", "It is still there."),
        ("delete", "3 twin", "It is gone."),
        ("apply", "2 twin", "The disk is now as this snapshot has it."),
        ("apply", "1 twin", "The disk is not as this snapshot has it"),
    ],
)
def test_a_change_is_told_from_the_image(
    backend: LibvirtBackend, path: Path, kind: str, subject: str, said: str
) -> None:
    words = look(backend, cut(path, kind, subject))
    assert words.startswith(f"Under way when it was cut short: {kind} it. {said}")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ((), "There is no such file, and nothing unfinished."),
        (("new",), "The file is there, and nothing unfinished."),
        ((".new.part",), "There is no such file. What is unfinished is left: {}/.new.part. Remove"),
    ],
)
def test_a_copy_is_told_from_its_files(
    backend: LibvirtBackend, path: Path, files: tuple[str, ...], said: str
) -> None:
    for name in files:
        (path.parent / name).touch()
    words = look(backend, cut(path, "extract", str(path.parent / "new")))
    assert said.format(path.parent) in words


def test_an_image_that_is_gone_is_told(backend: LibvirtBackend, path: Path) -> None:
    path.unlink()
    assert "cannot be told: " in look(backend, cut(path, "delete", "1 twin"))


def test_a_qemu_img_that_goes_on_is_waited_for(backend: LibvirtBackend, path: Path) -> None:
    """Whatever has the image open may be the one that was begun."""
    import subprocess

    with subprocess.Popen(["sleep", "60"], stdin=path.open("rb")) as holder:
        assert look(backend, cut(path, "delete", "1 twin")) == ""
        holder.kill()
    assert look(backend, cut(path, "delete", "1 twin"))


def test_an_image_that_is_being_written_is_looked_at_again(
    backend: LibvirtBackend, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """qemu-img may open it, and be done, between two looks."""
    import subprocess

    plain, holders = backend.image, []
    fails = [False, True]

    def image(path_: str) -> ImageInfo:
        if fails.pop():
            raise ImageError("The snapshot table ends beyond the file.")
        return plain(path_)

    monkeypatch.setattr(backend, "image", image)
    assert "cannot be told" not in look(backend, cut(path, "delete", "1 twin"))
    assert fails == []

    def opened(path_: str) -> ImageInfo:
        holders.append(subprocess.Popen(["sleep", "60"], stdin=path.open("rb")))
        return plain(path_)

    monkeypatch.setattr(backend, "image", opened)
    try:
        assert look(backend, cut(path, "delete", "1 twin")) == ""
    finally:
        for holder in holders:
            holder.kill()
            holder.wait()
