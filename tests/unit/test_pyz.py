"""The one file: where it unpacks itself, what it leaves, and that it is always the same."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from packing import pyz
from packing.payload import CHECKOUT, tracked
from snaptui import __version__


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """What is packed: snaptui without what it needs, which it asks for its version without."""
    for path in tracked("snaptui"):
        (tmp_path / "lib" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "lib" / path).write_bytes((CHECKOUT / path).read_bytes())
    return tmp_path / "lib"


def packed(place: Path, name: str) -> Path:
    target = place.parent / name
    pyz.make(place, target)
    return target


def version(archive: Path, cache: Path) -> str:
    environment = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(cache)}
    command = [sys.executable, "-I", archive.name, "--version"]
    return subprocess.run(
        command, env=environment, cwd=archive.parent, capture_output=True, text=True, check=True
    ).stdout.strip()


def unpacked(cache: Path) -> list[Path]:
    return sorted((cache / "snaptui" / "unpacked").iterdir())


def test_it_unpacks_itself_once_where_only_its_user_can_write(place: Path, tmp_path: Path) -> None:
    archive, cache = packed(place, "one.pyz"), tmp_path / "cache"
    cache.mkdir(mode=0o755)
    assert version(archive, cache) == f"snaptui {__version__}"
    (first,) = unpacked(cache)
    assert [path.stat().st_mode & 0o777 for path in (first, first.parent, cache)] == [
        0o700, 0o700, 0o755,
    ]  # fmt: skip
    changed = (first / "snaptui" / "__init__.py").stat().st_mtime_ns
    assert version(archive, cache) == f"snaptui {__version__}"
    assert unpacked(cache) == [first]
    assert (first / "snaptui" / "__init__.py").stat().st_mtime_ns == changed


def test_a_newer_one_removes_what_no_process_runs_any_more(place: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    version(packed(place, "one.pyz"), cache)
    (first,) = unpacked(cache)
    (cache / "snaptui" / "unpacked" / "half-done").mkdir()
    init = place / "snaptui" / "__init__.py"
    init.write_text(init.read_text().replace(__version__, "99"))
    newer = packed(place, "two.pyz")
    with subprocess.Popen(["flock", "--shared", first, "cat"], stdin=subprocess.PIPE) as held:
        assert held.stdin is not None
        while subprocess.run(["flock", "--nonblock", first, "true"], check=False).returncode == 0:
            continue
        assert version(newer, cache) == "snaptui 99"
        assert len(unpacked(cache)) == 2, "one runs, and half of another does not"
        assert first in unpacked(cache)


def test_the_same_files_make_the_same_archive(place: Path) -> None:
    one = packed(place, "one.pyz").read_bytes()
    for path in place.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    assert packed(place, "two.pyz").read_bytes() == one


def test_its_beginning_is_understood_by_pythons_that_are_too_old() -> None:
    ast.parse((CHECKOUT / "packing" / "start.py").read_text(), feature_version=(3, 4))
