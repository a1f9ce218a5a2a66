"""The journal: what it keeps, and what it says of processes that ended before their work."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui import journal, journals
from snaptui.disks_now import Part
from snaptui.journal import Journal, Record, StepRecord
from snaptui.model import Presence, Snapshot, SnapshotDisk
from snaptui.recovery import Found, found_words
from tests.unit.made import snapshot

RECORD = Record(
    number=1,
    host="qemu:///system",
    uuid="c7a5fdbd-cdaf-9455-926a-d65c16db1809",
    domain="web\x1b[2J",
    title="Revert web to good",
    who="root@kvm7",
    started=1_800_000_000.0,
    steps=(
        StepRecord("create", "safety-20270115T080000Z-good", "take it", "virsh a"),
        StepRecord("revert", "good", "revert to good", "virsh b"),
    ),
)


def of(directory: Path) -> Path:
    (path,) = directory.iterdir()
    return path


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    made = Journal(tmp_path / "j")
    made.open()
    assert made.problem == ""
    assert made.begin(RECORD)
    assert made.step_began(1, 0)
    assert made.step_ended(1, 0)
    assert made.end(1, "failed", "no\nspace", "make room")
    (record,), damaged = journal.parse(of(tmp_path / "j").read_bytes())
    assert damaged == 0
    assert (record.outcome, record.error, record.hint) == ("failed", "no\nspace", "make room")
    assert record.domain == RECORD.domain
    assert record.steps[0].began is not None
    assert record.steps[0].ended is not None
    assert record.steps[1].began is None


def test_its_owner_alone_can_read_it_and_an_empty_one_does_not_stay(tmp_path: Path) -> None:
    made = Journal(tmp_path / "j")
    made.open()
    path = of(tmp_path / "j")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    made.close()
    assert not path.exists()


def test_space_is_set_aside_before_it_is_needed(tmp_path: Path) -> None:
    made = Journal(tmp_path / "j")
    made.open()
    assert of(tmp_path / "j").stat().st_blocks * 512 >= journal.RESERVE
    for number in range(400):
        assert made.begin(replace(RECORD, number=number))
    made.close()
    records, damaged = journal.parse(of(tmp_path / "j").read_bytes())
    assert (len(records), damaged) == (400, 0)


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "j").write_text("a file is in the way")
    made = Journal(tmp_path / "j")
    made.open()
    assert made.problem
    assert not made.begin(RECORD)
    assert (tmp_path / "j").read_text() == "a file is in the way"


def test_a_full_file_system_is_told(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    place = tmp_path / "full"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k,mode=700", "tmpfs", place], check=True)
    try:
        made = Journal(place)
        made.open()
        assert "space" in made.problem
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_a_process_that_was_killed_is_told_from_one_that_lives(tmp_path: Path) -> None:
    program = (
        "import sys, time, pathlib; from tests.unit.test_journal import *\n"
        "made = Journal(pathlib.Path(sys.argv[1])); made.open(); made.begin(RECORD)\n"
        "made.step_began(1, 0); print('ready', flush=True); sys.stdin.read()"
    )
    mine = Journal(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        (past,) = journals.past(tmp_path, mine.paths)
        assert past.alive
        assert past.records[0].alive
        other.kill()
    (past,) = journals.past(tmp_path, mine.paths)
    assert not past.alive
    (record,) = past.records
    assert (record.alive, record.outcome, record.found) == (False, "", "")
    journals.note_found(past.path, 1, "the host says so")
    (past,) = journals.past(tmp_path, mine.paths)
    assert (past.records[0].found, past.damaged) == ("the host says so", 0)


def test_a_line_that_was_torn_costs_only_itself(tmp_path: Path) -> None:
    made = Journal(tmp_path / "j")
    made.open()
    made.begin(RECORD)
    made.step_began(1, 0)
    data = of(tmp_path / "j").read_bytes().rstrip(b"\0")
    records, damaged = journal.parse(data[:-9] + b"\0" * 50)
    assert (len(records), damaged) == (1, 1)
    assert records[0].steps[0].began is None


@given(st.binary(max_size=300))
def test_nonsense_is_counted_and_raises_nothing(data: bytes) -> None:
    records, damaged = journal.parse(data)
    assert records == ()
    assert damaged <= data.count(b"\n") + data.count(b"\r") + 1


@pytest.mark.parametrize(
    "line",
    [
        '{"operation": 1e999, "event": "end", "outcome": "", "error": "", "hint": "", "time": 1}',
        '{"operation": 1, "event": "step", "step": -1, "time": 1}',
        '{"operation": 1, "event": "step", "step": 0, "time": NaN}',
        '{"operation": 1, "event": "step", "step": 0, "time": 1e999}',
        f'{{"operation": 1, "event": "step", "step": 0, "time": 1{"0" * 400}}}',
        f'{{"operation": 1{"0" * 5000}, "event": "step", "step": 0, "time": 1}}',
        f'{{"operation": {"[" * 100_000}',
    ],
    ids=["no number", "no step", "no time", "endless", "far too late", "long", "deep"],
)
def test_figures_that_are_none_cost_only_their_line(tmp_path: Path, line: str) -> None:
    made = Journal(tmp_path / "j")
    made.open()
    made.begin(RECORD)
    data = of(tmp_path / "j").read_bytes().rstrip(b"\0")
    (record,), damaged = journal.parse(data + line.encode() + b"\n")
    assert (len(record.steps), record.steps[0].began, damaged) == (len(RECORD.steps), None, 1)


@pytest.mark.parametrize(
    ("began", "names", "current", "said"),
    [
        (0, ("good",), "good", "it was not taken"),
        (0, ("good", RECORD.steps[0].subject), "good", "The snapshot is there."),
        (1, ("good", RECORD.steps[0].subject), "good", "calls it current"),
        (1, ("good", RECORD.steps[0].subject), "other", "was not done"),
    ],
)
def test_what_became_of_it_is_what_the_host_says(
    began: int, names: tuple[str, ...], current: str, said: str
) -> None:
    steps = [
        replace(step, began=1.0 if at <= began else None, ended=2.0 if at < began else None)
        for at, step in enumerate(RECORD.steps)
    ]
    words = found_words(replace(RECORD, steps=tuple(steps)), Found("shut off", names, current))
    assert said in words
    assert ("u brings back" in words) is (RECORD.steps[0].subject in names)


def kept(directory: Path, moment: str, *records: Record, outcome: str = "done") -> Path:
    """The journal of a process that has ended."""
    made = Journal(directory)
    made.open()
    for record in records:
        made.begin(record)
        if outcome:
            made.end(record.number, outcome, "", "")
    path = made.paths[-1].rename(directory / f"journal-{moment}.jsonl")
    made.close()
    return path


def test_old_journals_go_but_none_whose_end_nobody_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "FILES", 2)
    copies = tmp_path / "xml"
    (copies / "first").mkdir(parents=True)
    place = tmp_path / "j"
    first = replace(RECORD, copies=str(copies / "first"))
    gone = kept(place, "20260101T000000Z-1", first)
    cut = kept(place, "20260102T000000Z-2", RECORD, replace(RECORD, number=2), outcome="")
    journals.note_found(cut, 1, "the host says so")
    others = [kept(place, f"2026020{day}T000000Z-3", RECORD) for day in (1, 2)]
    living = Journal(place)
    living.open()
    living.begin(RECORD)
    old = living.paths[0].rename(place / "journal-20250101T000000Z-4.jsonl")
    journals.bound(place, (), copies)
    assert not gone.exists()
    assert not (copies / "first").exists()
    assert sorted(place.iterdir()) == [old, cut, *others]
    journals.note_found(cut, 2, "and so")
    journals.bound(place, (), copies)
    assert sorted(place.iterdir()) == [old, *others]


def test_journals_are_bounded_in_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = kept(tmp_path, "20260101T000000Z-1", RECORD)
    newer = kept(tmp_path, "20260102T000000Z-1", RECORD)
    monkeypatch.setattr(journals, "BYTES", newer.stat().st_size)
    journals.bound(tmp_path, (), tmp_path / "xml")
    assert list(tmp_path.iterdir()) == [newer]
    assert not older.exists()


def test_a_large_one_is_followed_by_another_when_nothing_is_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "FULL", 1)
    made = Journal(tmp_path)
    made.open()
    for number in (1, 2):
        assert made.begin(replace(RECORD, number=number))
    assert list(made.paths) == [made.paths[0]]
    for number in (1, 2):
        assert made.end(number, "done", "", "")
    assert made.begin(replace(RECORD, number=3))
    first, second = list(made.paths)
    assert [record.number for record in journal.parse(first.read_bytes())[0]] == [1, 2]
    assert [record.number for record in journal.parse(second.read_bytes())[0]] == [3]
    assert journals.past(tmp_path, made.paths) == ()
    assert not first.read_bytes().endswith(b"\0")


def test_who_reads_at_the_same_time_takes_no_ended_process_for_a_living_one(
    tmp_path: Path,
) -> None:
    path = kept(tmp_path, "20260101T000000Z-1", RECORD, outcome="")
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        (past,) = journals.past(tmp_path, ())
    assert not past.alive


def test_a_journal_has_its_name_only_when_it_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else another process, which looks just then, takes it for one that was left."""
    there: list[Path] = []

    def lock(*_: int) -> None:
        there.extend(tmp_path.glob("journal-*"))

    monkeypatch.setattr(fcntl, "flock", lock)
    made = Journal(tmp_path)
    made.open()
    assert (made.problem, there) == ("", [])


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (snapshot("a", description="new"), "It was changed."),
        (snapshot("a", description="old"), "It was not changed."),
        (None, "It was not changed."),
    ],
)
def test_what_became_of_an_edit_is_what_the_record_says(known: Snapshot | None, said: str) -> None:
    step = StepRecord("edit", "a", "change it", "virsh", began=1.0, defines=("a", "", "new"))
    found = Found("shut off", ("a",), None, known=known)
    assert f"change it. {said}" in found_words(replace(RECORD, steps=(step,)), found)


def test_a_revert_that_was_cut_short_half_way_is_told(tmp_path: Path) -> None:
    step = StepRecord("revert", "good", "revert to good", "virsh", began=1.0)
    found = Found("shut off", ("good", "b"), "b", {"vda": Part.AS_NOW, "vdb": Part.HELD})
    words = found_words(replace(RECORD, steps=(step,)), found)
    assert "the revert did not come to its end. Its disks: vda is as good has it, vdb is" in words


EXTERNAL = replace(
    snapshot("a"),
    memory=Presence.NO,
    disks=(SnapshotDisk("vda", Presence.EXTERNAL, "/img/a.a"),),
)


@pytest.mark.parametrize(
    ("kind", "found", "said"),
    [
        (
            "create",
            Found("shut off", (), None, {"vda": Part.HELD, "vdb": Part.NONE}),
            "but vda has",
        ),
        ("create", Found("shut off", (), None, {"vda": Part.NONE}), "it was not taken."),
        (
            "create",
            Found("shut off", (), None, {"vda": Part.HELD, "vdb": Part.HELD}),
            "but vda and vdb have a part of it",
        ),
        (
            "delete",
            Found("shut off", ("a",), "a", {"vda": Part.NONE, "vdb": Part.HELD}, snapshot("a")),
            "It is still there, but vda has nothing of it any more: delete it again.",
        ),
        ("delete", Found("shut off", ("a",), "a", {"vda": Part.HELD}, snapshot("a")), "there."),
        ("delete", Found("shut off", ("a",), "a", {}, EXTERNAL), "do not revert to it, delete it"),
        ("delete", Found("paused", ("a",), "a", {}, EXTERNAL, ("vda",)), "do not resume it"),
        ("delete", Found("shut off", (), "a"), "It is gone."),
        ("delete", Found("shut off", (), None, {"vdb": Part.HELD}), "gone, but vdb has a part of"),
        ("revert", Found("shut off", ("a", "b"), "b", {}, EXTERNAL), "may be left; F lists those"),
    ],
)
def test_what_was_done_in_part_is_told(kind: str, found: Found, said: str) -> None:
    step = StepRecord(kind, "a", "do it", "virsh", began=1.0)
    assert said in found_words(replace(RECORD, steps=(step,)), found).splitlines()[0]


def test_a_stray_that_was_not_made_known_is_no_part_of_something() -> None:
    step = StepRecord("create", "a", "do it", "virsh snapshot-create --redefine x", began=1.0)
    found = Found("shut off", (), None, {"vda": Part.HELD})
    words = found_words(replace(RECORD, steps=(step,)), found).splitlines()[0]
    assert words.endswith("There is no such snapshot: the images are as they were.")
