"""What is said of operations on images that were cut short: what the image itself says."""

from __future__ import annotations

from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import ImageError
from snaptui.model.image import ImageInfo
from snaptui.model.operation_record import Became, Record, StepKind, StepRecord
from snaptui.operations.recovery import Finding, look
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


CREATE, DELETE, APPLY = StepKind.CREATE, StepKind.DELETE, StepKind.APPLY


def cut(path: Path, kind: StepKind, subject: str) -> Record:
    steps = (StepRecord(kind, subject, f"{kind.value} it", "qemu-img ...", began=1.0),)
    return Record(1, "qemu:///system", "", path.name, "It", "root", 0.0, steps, image=str(path))


def looked(backend: LibvirtBackend, record: Record) -> Finding:
    found = look(backend, record)
    assert found is not None
    assert found.words.startswith(f"Interrupted: {record.steps[0].words}. ")
    return found


@pytest.mark.parametrize(
    ("kind", "subject", "became"),
    [
        (CREATE, "twin", Became.DONE),
        (CREATE, "none", Became.NOT_DONE),
        (DELETE, "1 twin", Became.NOT_DONE),
        (DELETE, "3 twin", Became.DONE),
        (APPLY, "2 twin", Became.DONE),
        (APPLY, "1 twin", Became.NOT_DONE),
    ],
)
def test_a_change_is_told_from_the_image(
    backend: LibvirtBackend, path: Path, kind: StepKind, subject: str, became: Became
) -> None:
    found = looked(backend, cut(path, kind, subject))
    assert (found.became, found.finished) == (became, became is Became.DONE)


@pytest.mark.parametrize(
    ("files", "became"),
    [
        ((), Became.NOT_DONE),
        (("new",), Became.DONE),
        ((".new.part",), Became.PERHAPS),
    ],
)
def test_a_copy_is_told_from_its_files(
    backend: LibvirtBackend, path: Path, files: tuple[str, ...], became: Became
) -> None:
    for name in files:
        (path.parent / name).touch()
    found = looked(backend, cut(path, StepKind.EXTRACT, str(path.parent / "new")))
    assert found.became is became
    left = [str(path.parent / name) for name in files if name.endswith(".part")]
    assert all(name in found.words for name in left)


def test_an_image_that_is_gone_is_told(backend: LibvirtBackend, path: Path) -> None:
    path.unlink()
    assert looked(backend, cut(path, DELETE, "1 twin")).became is Became.UNKNOWN


def test_a_qemu_img_that_goes_on_is_waited_for(backend: LibvirtBackend, path: Path) -> None:
    """Whatever has the image open may be the one that was begun."""
    import subprocess

    with subprocess.Popen(["sleep", "60"], stdin=path.open("rb")) as holder:
        assert look(backend, cut(path, DELETE, "1 twin")) is None
        holder.kill()
    assert look(backend, cut(path, DELETE, "1 twin")) is not None


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
    assert looked(backend, cut(path, DELETE, "1 twin")).became is Became.NOT_DONE
    assert fails == []

    def opened(path_: str) -> ImageInfo:
        holders.append(subprocess.Popen(["sleep", "60"], stdin=path.open("rb")))
        return plain(path_)

    monkeypatch.setattr(backend, "image", opened)
    try:
        assert look(backend, cut(path, DELETE, "1 twin")) is None
    finally:
        for holder in holders:
            holder.kill()
            holder.wait()
