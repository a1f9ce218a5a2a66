"""The directories of demos: what is removed, and above all what is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptui.common.errors import ConfigError
from snaptui.demo import setups
from snaptui.demo.place import MARK, private_directory, sweep

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The temporary directory; pytest's own has too long a path."""
    with tempfile.TemporaryDirectory(prefix="snaptui-", dir="/tmp") as directory:
        monkeypatch.setattr(tempfile, "tempdir", directory)
        yield Path(directory)


def left(here: Path, name: str = "snaptui-demo-left") -> Path:
    """A directory as a killed demo leaves it."""
    path = here / name
    path.mkdir(mode=0o700)
    marked(path)
    (path / "images").mkdir()
    (path / "images" / "web.qcow2").write_text("x")
    return path


def marked(path: Path) -> None:
    found = path.stat()
    (path / MARK).write_text(f"{found.st_dev} {found.st_ino}\n")
    (path / MARK).chmod(0o600)


def test_it_is_private_and_removed_with_all_in_it(here: Path) -> None:
    with private_directory() as path:
        assert path.parent == here
        assert path.stat().st_mode & 0o777 == 0o700
        (path / "below").mkdir()
        (path / "below" / "file").write_text("x")
        (path / "loose").symlink_to(ROOT)
    assert not path.exists()
    assert (ROOT / "pyproject.toml").exists()


def test_it_is_removed_after_an_error(here: Path) -> None:
    with pytest.raises(ZeroDivisionError), private_directory():
        1 / 0  # noqa: B018 - any error will do
    assert list(here.iterdir()) == []


def test_the_next_one_removes_what_was_left(here: Path) -> None:
    old = left(here)
    with private_directory():
        assert not old.exists()


def test_what_is_in_use_stays(here: Path) -> None:
    """In another process, and in this one."""
    code = "from snaptui.demo.place import *\nwith private_directory() as p: print(p); input()"
    with private_directory() as mine:
        other = subprocess.Popen(
            [sys.executable, "-uc", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(here)},
        )
        assert other.stdout is not None
        theirs = Path(other.stdout.readline().strip())
        sweep(here)
        assert mine.is_dir()
        assert theirs.is_dir()
        other.kill()
        other.communicate()
        sweep(here)
        assert mine.is_dir()
        assert not theirs.exists()


def test_only_closed_directories_of_this_name_are_removed(here: Path) -> None:
    named_otherwise = left(here, "snaptui-other")
    open_to_others = left(here, "snaptui-demo-open")
    open_to_others.chmod(0o755)
    target = left(here, "target")
    link = here / "snaptui-demo-link"
    link.symlink_to(target)
    file = here / "snaptui-demo-file"
    file.write_text("x")
    sweep(here)
    for path in (named_otherwise, open_to_others, target):
        assert (path / "images" / "web.qcow2").exists()
    assert link.is_symlink()
    assert file.exists()


def test_what_no_demo_has_made_is_not_removed_whatever_its_name_is(here: Path) -> None:
    mine, copied = here / "snaptui-demo-notes", here / "snaptui-demo-copy"
    mine.mkdir(mode=0o700)
    shutil.copytree(left(here), copied)
    copied.chmod(0o700)
    fifo = left(here, "snaptui-demo-fifo")
    (fifo / MARK).unlink()
    os.mkfifo(fifo / MARK, 0o600)
    (mine / "f").write_text("x")
    with private_directory():
        pass
    assert sorted(path.name for path in here.iterdir()) == [copied.name, fifo.name, mine.name]
    assert (mine / "f").exists()
    assert (copied / "images" / "web.qcow2").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_nothing_on_another_mount_is_removed(here: Path) -> None:
    """Not even where that is the same file system."""
    old, precious = left(here), here / "precious"
    precious.mkdir()
    (precious / "f").write_text("x")
    (old / "images" / "there").mkdir()
    subprocess.run(["mount", "--bind", precious, old / "images" / "there"], check=True)
    try:
        sweep(here)
        assert (precious / "f").exists()
    finally:
        subprocess.run(["umount", "--lazy", old / "images" / "there"], check=True)
    sweep(here)
    assert not old.exists(), "it is removed when nothing is in the way any more"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_what_belongs_to_another_user_stays(here: Path) -> None:
    theirs = left(here)
    os.chown(theirs, 65534, 65534)
    sweep(here)
    assert (theirs / "images" / "web.qcow2").exists()


def test_a_symbolic_link_inside_is_not_followed(here: Path) -> None:
    target = left(here, "target")
    old = left(here)
    (old / "link").symlink_to(target)
    (old / "images" / "link").symlink_to(target)
    sweep(here)
    assert not old.exists()
    assert (target / "images" / "web.qcow2").exists()


def test_a_path_too_long_for_sockets_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 10)))
    with pytest.raises(ConfigError, match="too long") as raised, private_directory():
        pass
    assert "TMPDIR" in raised.value.hint


def test_a_temporary_directory_that_is_not_there_is_told(
    monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(here / "none"))
    with pytest.raises(ConfigError, match="No directory can be made"), private_directory():
        pass


def test_the_line_that_installs_names_what_the_set_up_installs() -> None:
    script = (ROOT / "tests" / "setup.sh").read_text()
    for packages in setups.PACKAGES.values():
        for package in packages.split():
            assert package in script
