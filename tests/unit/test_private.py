"""Where we write nobody else can put a link: in journals, copies and the log."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from snaptui.journal import Journal
from snaptui.private import own_directory


def test_it_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        own_directory(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    own_directory(tmp_path / "a" / "b")


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_one_that_others_may_write_to_is_not_used(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    made = Journal(tmp_path)
    made.open()
    assert "others may write" in made.problem
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_one_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "there")
    made = Journal(tmp_path / "link")
    made.open()
    assert "symbolic link" in made.problem
    assert list((tmp_path / "there").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_root_writes_nothing_into_the_directory_of_an_ordinary_user(tmp_path: Path) -> None:
    """As with a HOME that sudo has left as it was."""
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, 65534, 65534)
    made = Journal(theirs)
    made.open()
    assert "belongs to another user" in made.problem
    assert list(theirs.iterdir()) == []
