"""What root installs is pinned: versions and files, and nothing beside them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
FROM_THE_DISTRIBUTION = "libvirt-python"
NO_INDEX = ("No matching distribution found", "Could not find a version", "Connection")
"""What pip says where it reaches no index, or one that does not have all of it."""


def pins() -> list[tuple[Requirement, list[str]]]:
    """Each pin with its hashes."""
    lines = [line for line in LOCK.read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "--only-binary :all:", "a build would fetch what has no hash"
    found = []
    for block in re.split(r"\n(?! )", "\n".join(lines[1:])):
        pin, *hashes = re.split(r"\s*\\\n\s*", block.strip())
        found.append((Requirement(pin), hashes))
    return found


def pinned(python: str) -> dict[str, Requirement]:
    """By name, what is installed there."""
    there = {"python_version": python, "python_full_version": f"{python}.0"}
    chosen: dict[str, Requirement] = {}
    for pin, _ in pins():
        if pin.marker is None or pin.marker.evaluate(there):
            assert canonicalize_name(pin.name) not in chosen, f"{pin.name} twice on {python}"
            chosen[canonicalize_name(pin.name)] = pin
    return chosen


def version(pin: Requirement) -> str:
    (one,) = pin.specifier
    assert one.operator == "=="
    return one.version


def test_each_pin_is_one_version_with_the_hashes_of_its_files() -> None:
    for pin, hashes in pins():
        assert re.fullmatch(r"[0-9.]+", version(pin)), pin
        assert hashes, pin
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one) for one in hashes), pin
        assert len(set(hashes)) == len(hashes)


def test_no_line_says_where_the_files_are_taken_from() -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", LOCK.read_text())


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_agrees_with_what_the_project_asks_for(python: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    have = pinned(python)
    for wanted in map(Requirement, asked):
        if wanted.name != FROM_THE_DISTRIBUTION:
            pin = have[canonicalize_name(wanted.name)]
            assert wanted.specifier.contains(version(pin)), wanted
    assert FROM_THE_DISTRIBUTION not in have


def test_what_is_pinned_needs_nothing_else() -> None:
    """As the packages say that are installed here."""
    have, seen = pinned(f"3.{sys.version_info.minor}"), 0
    for name in have:
        try:
            needed = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # setuptools, where nothing was built
        seen += 1
        for wanted in map(Requirement, needed):
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                assert canonicalize_name(wanted.name) in have, f"{name} needs {wanted}"
    assert seen >= len(have) - 1


@pytest.mark.long
def test_root_can_install_it_and_gets_no_other_files(tmp_path: Path) -> None:
    """With the very lines of docs/install.md; a file with another hash is not taken."""
    place = tmp_path / "venv"
    venv.create(place, with_pip=True, system_site_packages=True)
    done = pip(place, "install", "--require-hashes", "-r", str(LOCK))
    if done.returncode and any(words in done.stderr for words in NO_INDEX):
        pytest.skip("no index of packages is reached from here that has all of the lock")
    assert done.returncode == 0, done.stderr
    copy = tmp_path / "source"
    shutil.copytree(ROOT / "snaptui", copy / "snaptui")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    done = pip(place, "install", "--no-index", "--no-deps", "--no-build-isolation", str(copy))
    assert done.returncode == 0, done.stderr
    said = subprocess.run(
        [place / "bin" / "snaptui", "--version"], capture_output=True, text=True, check=True,
        env=without_paths(), cwd=tmp_path,
    )  # fmt: skip
    assert said.stdout.startswith("snaptui ")

    other = tmp_path / "other.lock"
    other.write_text(re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", LOCK.read_text()))
    done = pip(place, "install", "--force-reinstall", "--require-hashes", "-r", str(other))
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr


def pip(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [place / "bin" / "pip", *words], capture_output=True, text=True, check=False,
        env=without_paths(),
    )  # fmt: skip


def without_paths() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
