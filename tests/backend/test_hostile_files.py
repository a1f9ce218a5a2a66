"""Images in directories that others may write to, who change them between check and use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from snaptui.backend.files import file_changes, file_status, file_systems, image_reader
from snaptui.common.errors import DamagedImage, ImageError
from snaptui.model.files import FileId
from tests.backend.test_qemu_img import copy, made
from tests.users import OTHER

_opened: list[tuple[str, int]] | None = None


def _note(event: str, what: tuple[Any, ...]) -> None:
    if event == "open" and _opened is not None:
        _opened.append((str(what[0]), what[2]))


sys.addaudithook(_note)


@contextmanager
def opens_noted() -> Iterator[list[tuple[str, int]]]:
    """What is opened meanwhile: paths, and the flags of open(2)."""
    global _opened
    _opened = []
    try:
        yield _opened
    finally:
        _opened = None


def identity(path: Path) -> FileId:
    found = file_status.file_id(str(path))
    assert found is not None
    return found


@pytest.mark.parametrize("what", ["fifo", "character device", "socket", "directory", "link to one"])
def test_what_is_no_image_is_never_opened(tmp_path: Path, what: str) -> None:
    """A hostile image may name /dev/watchdog as the one beneath it: to open that starts it."""
    path = tmp_path / "named"
    if what == "fifo":
        os.mkfifo(path)
    elif what == "directory":
        path.mkdir()
    elif what == "socket":
        import socket

        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
    elif what == "link to one":
        path.symlink_to("/dev/null")
    elif os.geteuid() == 0:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3))
    else:
        path = Path("/dev/null")
    with opens_noted() as opened, pytest.raises(ImageError, match="neither a file nor"):
        image_reader.read_image(str(path))
    assert [flags & os.O_PATH for name, flags in opened] == [os.O_PATH]


@pytest.fixture
def swapped(tmp_path: Path) -> tuple[Path, FileId, Path]:
    """A leftover whose directory is now a link to another one, which has a file of that name."""
    theirs, victims = tmp_path / "theirs", tmp_path / "victims"
    for folder in (theirs, victims):
        folder.mkdir()
        (folder / "a.qcow2").write_text(folder.name)
    file = identity(theirs / "a.qcow2")
    theirs.rename(tmp_path / "elsewhere")
    theirs.symlink_to(victims)
    return theirs / "a.qcow2", file, victims


def test_setting_aside_and_removing_follow_no_link(
    swapped: tuple[Path, FileId, Path],
) -> None:
    path, file, victims = swapped
    with pytest.raises(ImageError, match="Not a directory"):
        file_changes.set_aside(str(path), f"{path}.aside", file)
    with pytest.raises(ImageError, match="Not a directory"):
        file_changes.remove_file(str(path), file)
    assert (victims / "a.qcow2").read_text() == "victims"
    assert os.listdir(victims) == ["a.qcow2"]


@pytest.mark.parametrize("how", ["link", "hard link", "another"])
def test_a_file_that_became_another_one_stays(tmp_path: Path, how: str) -> None:
    path, victim = tmp_path / "a.qcow2", tmp_path / "victim"
    path.write_text("a")
    victim.write_text("precious")
    file = identity(path)
    path.unlink()
    if how == "link":
        path.symlink_to(victim)
    elif how == "hard link":
        path.hardlink_to(victim)
    else:
        path.write_text("precious")
    with pytest.raises(ImageError, match="not the file that it was"):
        file_changes.set_aside(str(path), f"{path}.aside", file)
    with pytest.raises(ImageError, match="not the file that it was"):
        file_changes.remove_file(str(path), file)
    assert victim.read_text() == path.read_text() == "precious"
    assert sorted(os.listdir(tmp_path)) == ["a.qcow2", "victim"]


def test_a_name_that_is_taken_is_not_set_aside_upon(tmp_path: Path) -> None:
    path, aside = tmp_path / "a.qcow2", tmp_path / "a.qcow2.aside"
    path.write_text("a")
    aside.symlink_to("/nowhere")
    with pytest.raises(ImageError, match="is there already"):
        file_changes.set_aside(str(path), str(aside), identity(path))
    aside.unlink()
    file_changes.set_aside(str(path), str(aside), identity(path))
    assert os.listdir(tmp_path) == [aside.name]
    file_changes.remove_file(str(aside), identity(aside))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("when", ["while it is copied", "before it gets its mode"])
def test_a_copy_is_not_written_through_a_link(tmp_path: Path, when: str) -> None:
    """Root copies into a directory of somebody else, who swaps the unfinished file."""
    path = made(tmp_path / "a.qcow2", "one")
    victim, theirs = tmp_path / "victim", tmp_path / "theirs"
    victim.write_text("precious")
    victim.chmod(0o600)
    theirs.mkdir()
    before = victim.stat()

    def swap(_share: float = 0) -> None:
        part = theirs / ".copy.part"
        if not part.is_symlink():
            part.rename(theirs / "mine")
            part.symlink_to(victim)

    def swap_and_go_on() -> bool:
        swap()
        return True

    if when == "while it is copied":
        copy(path, 0, theirs / "copy", progress=swap)
    else:
        copy(path, 0, theirs / "copy", still_there=swap_and_go_on)
    after = victim.stat()
    assert victim.read_text() == "precious"
    assert (after.st_mode, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_mode, before.st_mtime_ns, before.st_ctime_ns,
    )  # fmt: skip
    assert not (theirs / "copy").is_symlink()


def test_a_copy_never_takes_the_place_of_a_link(tmp_path: Path) -> None:
    path = made(tmp_path / "a.qcow2", "one")
    (tmp_path / "copy").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ImageError, match="File exists"):
        copy(path, 0, tmp_path / "copy")
    assert sorted(os.listdir(tmp_path)) == ["a.qcow2", "copy"]


@pytest.mark.parametrize("mask", [0, 0o022, 0o777], ids=oct)
@pytest.mark.parametrize("bits", [0o600, 0o640, 0o666])
def test_a_copy_can_be_read_by_its_owner_alone(tmp_path: Path, mask: int, bits: int) -> None:
    """Who may read the image need not be in the same group, nor in its directory."""
    (tmp_path / "closed").mkdir(mode=0o700)
    path = made(tmp_path / "closed" / "a.qcow2", "one")
    path.chmod(bits)
    if os.geteuid() == 0:
        os.chown(path, OTHER, OTHER)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o2777)
    before = os.umask(mask)
    try:
        copy(path, 0, tmp_path / "open" / "copy")
    finally:
        os.umask(before)
    made_file = (tmp_path / "open" / "copy").stat()
    assert (made_file.st_mode & 0o7777, made_file.st_uid) == (0o600, os.geteuid())


def test_a_path_of_the_host_may_hold_anything(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    for name in ("a\rb 1 2 - x", "a\x0b b", "a\x1cb", "a\nb\\040", os.fsdecode(b"a\xff")):
        place = tmp_path / name
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
        try:
            found = file_systems.file_system(str(place))
            assert (found.mount, found.kind) == (str(place), "tmpfs")
            with pytest.raises(ImageError, match="does not tell how large it is"):
                file_systems.file_system("/proc")
        finally:
            subprocess.run(["umount", "--lazy", place], check=True)


def test_the_directory_that_it_is_run_in_is_not_imported_from(tmp_path: Path) -> None:
    """The process that thaws guests, started by root in a directory of somebody else."""
    (tmp_path / "libvirt.py").write_text("import os; os.write(1, b'hostile'); os._exit(9)")
    shutil.copy(tmp_path / "libvirt.py", tmp_path / "snaptui.py")
    code = (
        "import os, sys; from snaptui.backend.virt.freeze_guard import Guard\n"
        f"os.chdir({str(tmp_path)!r}); guard = Guard('test:///default')\n"
        "guard.watch('6695eb01-f6a4-8304-79aa-97f2502e193f')\n"
        "guard.release('6695eb01-f6a4-8304-79aa-97f2502e193f'); print('thawed')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("thawed\n", 0), done.stderr


def test_the_program_itself_imports_nothing_from_there_either(tmp_path: Path) -> None:
    for name in ("libvirt", "argparse", "textual", "tomllib"):
        (tmp_path / f"{name}.py").write_text("import os; os.write(1, b'hostile'); os._exit(9)")
    own = str(Path(__file__).parent.parent.parent)
    for words in (["--version"], ["report", "-c", "test:///default", "--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "snaptui", *words],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": own}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode in (0, 3), done.stderr  # that driver's images are not there
        assert "hostile" not in done.stdout


@pytest.mark.parametrize("offset", [1 << 63, (1 << 64) - 16])
def test_a_head_that_names_a_place_beyond_any_file_is_damaged(tmp_path: Path, offset: int) -> None:
    """What it lies upon is looked for even so, and is not known."""
    path = tmp_path / "a.qcow2"
    head = bytearray(1 << 16)
    head[:8] = b"QFI\xfb\0\0\0\3"
    head[8:20] = offset.to_bytes(8, "big") + (8).to_bytes(4, "big")
    path.write_bytes(head)
    with pytest.raises(DamagedImage) as caught:
        image_reader.read_image(str(path))
    assert caught.value.beneath is None
