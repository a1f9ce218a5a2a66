"""What is kept for its owner alone is neither written to nor read from a place that is not."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from snaptui.common import log, state_files
from snaptui.common.state_files import base_directory, held, open_own, state_directory
from snaptui.model.operation_record import Outcome
from snaptui.operations import journal_archive
from snaptui.operations.journal import Journal, in_order, new_name
from snaptui.operations.xml_backup import Copies
from tests.unit.test_journal import RECORD, kept, saved
from tests.users import NOBODY, OTHER, as_user, needs_root


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def all_in(path: Path) -> list[Path]:
    return sorted(path.rglob("*"))


@pytest.mark.parametrize("mask", [0, 0o022, 0o077, 0o777], ids=oct)
def test_it_is_made_for_its_owner_alone_with_all_that_it_lies_in(tmp_path: Path, mask: int) -> None:
    with umask(mask):
        for _ in range(2):
            with held(tmp_path / "a" / "b") as folder:
                os.close(open_own("file", os.O_WRONLY | os.O_CREAT, folder))
    assert [mode(path) for path in all_in(tmp_path)] == [0o700, 0o700, 0o600]


@pytest.mark.parametrize("bits", [0o770, 0o707, 0o1777])
def test_one_that_others_may_write_to_is_not_used(tmp_path: Path, bits: int) -> None:
    tmp_path.chmod(bits)
    made = Journal(tmp_path)
    made.open()
    assert "others may write" in made.problem
    assert all_in(tmp_path) == []


@pytest.mark.parametrize("bits", [0o755, 0o750, 0o500, 0o701])
def test_what_others_could_only_read_is_theirs_no_more(tmp_path: Path, bits: int) -> None:
    path = kept(tmp_path / "j", "20260101T000000Z-1", RECORD)
    path.chmod(0o644)
    path.parent.chmod(bits)
    (past,) = journal_archive.past(Journal(path.parent))
    assert not past.damaged
    assert (mode(path.parent), mode(path)) == (0o700, 0o600)


def test_a_link_to_one_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "there")
    for made in (Journal(tmp_path / "link"), Journal(tmp_path / "link" / "j", tmp_path / "link")):
        made.open()
        assert "symbolic link" in made.problem
    assert all_in(tmp_path / "there") == []


def test_links_of_ours_above_are_followed_and_those_in_a_circle_are_not(tmp_path: Path) -> None:
    (tmp_path / "there" / "deep").mkdir(parents=True)
    (tmp_path / "home").symlink_to("there/deep")
    (tmp_path / "home" / "up").symlink_to("../..")
    with held(tmp_path / "home" / "up" / "home" / "own"):
        assert mode(tmp_path / "there" / "deep" / "own") == 0o700
    (tmp_path / "round").symlink_to("round")
    with pytest.raises(NotADirectoryError), held(tmp_path / "round" / "own"):
        pass


@pytest.mark.parametrize("bits", [0o777, 0o707])
@pytest.mark.parametrize("at", ["base", "base/snaptui"])
def test_nothing_is_made_beneath_what_others_may_write_to(
    tmp_path: Path, at: str, bits: int
) -> None:
    (tmp_path / "base" / "snaptui").mkdir(parents=True)
    (tmp_path / at).chmod(bits)
    before = all_in(tmp_path)
    state = tmp_path / "base" / "snaptui"
    made = Journal(state / "journal", state)
    made.open()
    assert "others may write" in made.problem
    with pytest.raises(PermissionError):
        saved(Copies(state / "xml", state))
    assert all_in(tmp_path) == before


@needs_root
@pytest.mark.parametrize("at", ["base", "base/snaptui", "base/snaptui/journal"])
def test_nothing_is_read_made_or_removed_where_another_user_owns_a_part(
    tmp_path: Path, at: str
) -> None:
    """As with a HOME that sudo has left as it was."""
    state = tmp_path / "base" / "snaptui"
    mine = Copies(state / "xml", state)
    copied = saved(mine)
    past = kept(state / "journal", "20260101T000000Z-1", replace(RECORD, copies=str(copied)))
    os.chown(tmp_path / at, NOBODY, NOBODY)
    before = {path: path.stat().st_mtime_ns for path in all_in(tmp_path)}
    made = Journal(state / "journal", state)
    made.open()
    assert "belongs to another user" in made.problem
    assert journal_archive.past(made) == ()
    with pytest.raises(PermissionError):
        journal_archive.note_found(made, past, 1, "x")
    removed: list[str] = []
    for most in (0, -1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(journal_archive, "FILES", 0)
            patch.setattr(journal_archive, "BYTES", most)
            journal_archive.bound(made, removed.append)
    assert removed == []
    assert {path: path.stat().st_mtime_ns for path in all_in(tmp_path)} == before


@needs_root
@pytest.mark.parametrize("mask", [0, 0o077], ids=oct)
def test_an_ordinary_user_has_a_place_of_their_own_and_none_in_that_of_another(
    tmp_path: Path, mask: int
) -> None:
    tmp_path.chmod(0o755)
    for name, user in (("own", NOBODY), ("theirs", OTHER)):
        (tmp_path / name).mkdir(mode=0o755)
        os.chown(tmp_path / name, user, user)
        if user == OTHER:
            (tmp_path / name).chmod(0o777)  # and lets all write there

    def open_in(name: str) -> Callable[[], str]:
        def call() -> str:
            os.umask(mask)
            os.environ.update(HOME=str(tmp_path / name), XDG_STATE_HOME="")
            state = state_directory()
            made = Journal(state / "journal", state)
            made.open()
            made.begin(RECORD)
            os.close(log.opened())
            return made.problem

        return call

    assert as_user(NOBODY, open_in("own")) == ""
    found = all_in(tmp_path / "own")
    assert len(found) == 6
    assert all(mode(path) == (0o700 if path.is_dir() else 0o600) for path in found)
    assert "belongs to another user" in as_user(NOBODY, open_in("theirs"))
    assert all_in(tmp_path / "theirs") == []
    assert "belongs to another user" in as_user(0, open_in("theirs"))
    assert "belongs to another user" in as_user(0, open_in("own"))


@needs_root
def test_a_link_of_another_user_is_not_followed_even_where_all_may_make_one(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    (tmp_path / "own").mkdir()
    (tmp_path / "link").symlink_to("own")
    os.lchown(tmp_path / "link", NOBODY, NOBODY)
    with (
        pytest.raises(PermissionError, match="link of another user"),
        held(tmp_path / "link" / "j"),
    ):
        pass
    assert all_in(tmp_path / "own") == []


def test_the_group_may_write_above_only_where_nobody_else_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o770)
    monkeypatch.setattr(state_files, "is_alone", lambda _gid: False)
    with pytest.raises(PermissionError, match="others may write"), held(tmp_path / "j"):
        pass
    monkeypatch.setattr(state_files, "is_alone", lambda _gid: True)
    with held(tmp_path / "j"):
        pass
    monkeypatch.setattr(state_files, "has_acl", lambda _folder: True)
    with pytest.raises(PermissionError, match="others may write"), held(tmp_path / "j"):
        pass


def test_a_base_that_is_not_absolute_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "state", "./state", "../state"):
        monkeypatch.setenv("XDG_STATE_HOME", value)
        assert state_directory() == tmp_path / ".local" / "state" / "snaptui"
    monkeypatch.setenv("XDG_STATE_HOME", "/s")
    assert base_directory("XDG_STATE_HOME", "x") == Path("/s")


def test_a_journal_that_is_no_file_of_ours_alone_is_not_read_nor_waited_for(tmp_path: Path) -> None:
    names = [f"journal-2026010{day}T000000Z-1.jsonl" for day in range(1, 6)]
    os.mkfifo(tmp_path / names[0], 0o600)
    (tmp_path / names[1]).mkdir(mode=0o700)
    whole = kept(tmp_path, "20250101T000000Z-1", RECORD)
    (tmp_path / names[2]).symlink_to(whole)
    (tmp_path / names[3]).write_bytes(whole.read_bytes())
    (tmp_path / names[3]).chmod(0o660)
    if os.geteuid() == 0:
        (tmp_path / names[4]).write_bytes(whole.read_bytes())
        os.chown(tmp_path / names[4], NOBODY, NOBODY)
    known = {past.path: past for past in journal_archive.past(Journal(tmp_path))}
    assert known.pop(whole).records
    assert len(known) >= 4
    assert all(
        (past.records, past.damaged, past.settled) == ((), 1, False) for past in known.values()
    )


def test_a_log_that_is_a_pipe_does_not_hold_up_the_start(tmp_path: Path) -> None:
    state = state_directory()
    state.mkdir(parents=True)
    os.mkfifo(state / "snaptui.log")
    opened = log.opened()
    try:
        assert os.path.samestat(os.fstat(opened), os.stat(os.devnull))
    finally:
        os.close(opened)


def foreign(place: Path, copied: str) -> Path:
    """A journal of ours that names something else as its copies."""
    return kept(place, "20260101T000000Z-1", replace(RECORD, copies=copied))


def test_a_journal_decides_nothing_about_what_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_archive, "FILES", 0)
    mine = Copies(tmp_path / "xml", tmp_path)
    name = saved(mine).name
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "domain.xml").write_text("x")
    (mine.directory / "other").mkdir()
    (mine.directory / "20260101T000000Z-0000abcd").symlink_to(precious)
    (mine.directory / "20260102T000000Z-0000abcd").mkdir()
    (mine.directory / "20260102T000000Z-0000abcd" / "more").write_text("x")
    before = all_in(tmp_path)
    for named in (
        str(precious), f"{mine.directory}/..", f"{mine.directory}/../precious", "precious",
        f"{mine.directory}/other", f"{mine.directory}/{name}/..", f"{mine.directory}",
        f"{mine.directory}/20260101T000000Z-0000abcd", f"{mine.directory}/./x/../{name}",
        f"{mine.directory}/20260102T000000Z-0000abcd", f"{mine.directory}/{name}\n",
    ):  # fmt: skip
        gone = foreign(tmp_path / "j", named)
        journal_archive.bound(Journal(tmp_path / "j"), mine.remove)
        assert not gone.exists()
        (tmp_path / "j").rmdir()
        assert all_in(tmp_path) == before
    foreign(tmp_path / "j", f"{mine.directory}/{name}")
    journal_archive.bound(Journal(tmp_path / "j"), mine.remove)
    assert not (mine.directory / name).exists()


def test_the_newest_journals_are_those_made_last_whatever_the_clock_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [Journal(tmp_path) for _ in range(3)]
    gmtime = time.gmtime
    for one, moment in zip(made, (3e9, 2e9, 1e9), strict=True):
        monkeypatch.setattr(time, "gmtime", lambda moment=moment: gmtime(moment))
        one.open()
        one.begin(RECORD)
        one.end(replace(RECORD, outcome=Outcome.DONE))
    first, *others = [one.paths[0] for one in made]
    for one in made:
        one.close()
    monkeypatch.setattr(journal_archive, "FILES", 2)
    journal_archive.bound(Journal(tmp_path), print)
    assert sorted(tmp_path.iterdir()) == sorted(others)
    assert not first.exists()


def test_numbers_of_journals_follow_each_other() -> None:
    names = ["journal-20980101T000000Z-1.jsonl", "journal-20990101T000000Z-1-0.jsonl"]
    for nth in range(11):
        names.append(new_name(names, nth))
    assert names == sorted(names, key=lambda name: in_order(name) or (0, ""))
    assert in_order("journal-x.jsonl") is None
    assert in_order("journal-n1-20990101T000000Z-1-0.jsonl/../x") is None


def test_one_journal_with_holes_does_not_push_out_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = kept(tmp_path, "20260101T000000Z-1", RECORD)
    holed = kept(tmp_path, "20260102T000000Z-1", RECORD)
    with holed.open("r+b") as file:
        file.truncate(1 << 40)
    journal_archive.bound(Journal(tmp_path), print)
    assert older.exists()
    assert json.loads(older.read_bytes().splitlines()[0])["domain"] == RECORD.domain
