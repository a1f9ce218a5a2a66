"""What a release is refused for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from packing.release import obstacles

LOG = "# Changelog\n\n## 1.2.0\n\nBetter.\n\n## 1.1.0\n"


def git(checkout: Path, *words: str) -> None:
    own = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "tag.gpgSign=false")
    subprocess.run(["git", *own, *words], cwd=checkout, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "CHANGELOG.md").write_text(LOG)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "1.2.0")
    return tmp_path


def test_a_version_that_is_committed_and_described_is_released(checkout: Path) -> None:
    assert obstacles(checkout, "1.2.0") == []


def test_a_version_that_is_described_further_down_is_not(checkout: Path) -> None:
    (said,) = obstacles(checkout, "1.1.0")
    assert said.startswith("The first heading of CHANGELOG.md is not")


def test_what_is_not_committed_is_in_no_release(checkout: Path) -> None:
    (checkout / "new.py").touch()
    (said,) = obstacles(checkout, "1.2.0")
    assert said.startswith("There are changes that are not committed")


def test_nothing_is_released_twice(checkout: Path) -> None:
    git(checkout, "tag", "--annotate", "v1.2.0", "--message", "1.2.0")
    (said,) = obstacles(checkout, "1.2.0")
    assert said.startswith("v1.2.0 is released")
