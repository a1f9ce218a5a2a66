"""What dpkg's own file says of a package, and what says nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from snaptui.backend.files.packages import version_of

OTHER = "Package: one-dev\nStatus: install ok installed\nVersion: 9\n"
LONG = "Description: one\n Package: one\n Version: 8\n"


def of(state: str, version: str = "1.2-3~bpo12+1") -> str:
    return f"Package: one\nStatus: {state}\n{LONG}Version: {version}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (of("install ok installed"), "1.2-3~bpo12+1"),
        (f"{OTHER}\n{of('install ok installed')}\n{OTHER}", "1.2-3~bpo12+1"),
        (f"{OTHER}\n{of('deinstall ok config-files')}\n{OTHER}", ""),
        (f"{OTHER}\n{of('install ok half-configured')}", ""),
        (OTHER, ""),
        ("Package: one\n", ""),
        ("", ""),
    ],
)
def test_the_version_of_what_is_installed(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "status"
    path.write_text(text)
    assert version_of("one", str(path)) == expected


def test_what_is_no_file_says_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "status")
    assert version_of("one", str(tmp_path / "status")) == ""
    assert version_of("one", str(tmp_path / "gone")) == ""
    assert version_of("one", str(tmp_path)) == ""
