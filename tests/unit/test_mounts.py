"""On which file system a path lies, against df and stat."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from snaptui.backend.files.image_reader import file_system
from snaptui.backend.files.mounts import mount_of


@pytest.mark.parametrize("path", ["/", "/proc/self", "/dev/null", "/usr/bin"])
def test_mount_and_type_are_those_that_df_tells(path: str) -> None:
    if mount_of("/") == ("", ""):
        pytest.skip("In a root that is no mount df names another mount of the same device.")
    told = subprocess.run(
        ["df", "--output=target,fstype", path], capture_output=True, text=True, check=True
    )
    target, kind = told.stdout.splitlines()[1].split()
    assert mount_of(path) == (target, kind)


def test_a_link_lies_where_it_leads(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/dev")
    found = file_system(str(link))
    assert (found.mount, found.kind) == mount_of("/dev")
