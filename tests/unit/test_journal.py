"""The journal: what it keeps, and what it says of processes that ended before their work."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.backend.protocol.backend import Backend
from snaptui.common import shell
from snaptui.discovery.disk_state import Part, reverted_words
from snaptui.model.disk import Presence
from snaptui.model.domain import DomainKey, DomainState
from snaptui.model.operation_record import (
    Batch,
    Became,
    Outcome,
    Record,
    StepKind,
    StepRecord,
    parse,
)
from snaptui.model.snapshot import Snapshot, SnapshotDisk
from snaptui.operations import journal, journal_archive
from snaptui.operations.journal import Journal
from snaptui.operations.recovery import Found, finding
from snaptui.operations.xml_backup import Copies
from tests.unit.made import VDA, Near, config, snapshot

RECORD = Record(
    number=1,
    host="qemu:///system",
    uuid="c7a5fdbd-cdaf-9455-926a-d65c16db1809",
    domain="web\x1b[2J",
    title="Revert web to good",
    who="root@kvm7",
    started=1_800_000_000.0,
    steps=(
        StepRecord(StepKind.CREATE, "safety-20270115T080000Z-good", "take it", "virsh a"),
        StepRecord(StepKind.REVERT, "good", "revert to good", "virsh b"),
    ),
)
OFF, PAUSED = DomainState.SHUTOFF, DomainState.PAUSED


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
    over = replace(
        RECORD, outcome=Outcome.FAILED, error="no\nspace", hint="make room", meanwhile="x is gone"
    )
    assert made.end(replace(over, became=Became.IN_PART, undone=True))
    (record,), damaged = parse(of(tmp_path / "j").read_bytes())
    assert damaged == 0
    assert (record.outcome, record.error, record.hint, record.meanwhile, record.became) == (
        Outcome.FAILED,
        "no\nspace",
        "make room",
        "x is gone",
        Became.IN_PART,
    )
    assert record.domain == RECORD.domain
    assert record.undone
    assert record.steps[0].began is not None
    assert record.steps[0].ended is not None
    assert record.steps[1].began is None


@given(
    st.sampled_from(StepKind),
    st.tuples(st.text(), st.text(), st.text()),
    st.none() | st.booleans(),
    st.none() | st.booleans(),
    st.dictionaries(st.text(), st.text()).map(lambda told: tuple(told.items())),
    st.lists(st.text(), min_size=1).map(tuple),
    st.text(),
    st.booleans(),
)
def test_each_field_of_a_step_is_read_as_it_was_written(
    kind: StepKind,
    words: tuple[str, str, str],
    metadata_only: bool | None,
    adopts: bool | None,
    places: tuple[tuple[str, str], ...],
    members: tuple[str, ...],
    group: str,
    whole: bool,
) -> None:
    step = StepRecord(
        kind, *words, defines=words, metadata_only=metadata_only, adopts=adopts, places=places
    )
    batch = Batch(RECORD.number, members, group, whole)
    wanted = replace(RECORD, steps=(step,), batch=batch)
    with tempfile.TemporaryDirectory() as place:
        made = Journal(Path(place))
        made.open()
        made.begin_batch(batch)
        made.begin(wanted)
        assert parse(of(Path(place)).read_bytes()) == ((wanted,), 0)
        made.close()


BEFORE = Path(__file__).with_name("journal-before.jsonl")
"""As the version before wrote it: the steps are lists, and only their lines say some things."""


def test_what_the_version_before_wrote_is_read_and_what_it_did_not_say_is_not_known() -> None:
    (cut, over), damaged = parse(BEFORE.read_bytes())
    assert damaged == 0
    assert [(s.kind, s.subject, s.metadata_only, s.adopts) for s in cut.steps] == [
        (StepKind.CREATE, "a", None, None),
        (StepKind.DELETE, "a", None, None),
        (StepKind.EDIT, "a", None, None),
    ]
    assert cut.steps[2].defines == ("a", "", "words")
    assert cut.under_way is cut.steps[1]
    assert (over.outcome, over.error, over.became) == (Outcome.FAILED, "no", None)


@pytest.mark.parametrize(
    ("found", "became"),
    [
        (Found(OFF, (), None), Became.DONE),
        (Found(OFF, (), None, {"vda": Part.HELD}), Became.UNKNOWN),
        (Found(OFF, ("a",), "a", {"vda": Part.HELD}, snapshot("a")), Became.NOT_DONE),
        (Found(OFF, ("a",), "a", {"vda": Part.NONE}, snapshot("a")), Became.IN_PART),
    ],
)
def test_a_delete_of_which_it_is_not_known_what_went_is_judged_by_all_there_is(
    found: Found, became: Became
) -> None:
    (cut, _), _ = parse(BEFORE.read_bytes())
    assert finding(cut, found).became is became


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
    records, damaged = parse(of(tmp_path / "j").read_bytes())
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
        (past,) = journal_archive.past(mine)
        assert past.alive
        assert past.records[0].alive
        other.kill()
    (past,) = journal_archive.past(mine)
    assert not past.alive
    (record,) = past.records
    assert (record.alive, record.outcome, record.found) == (False, None, "")
    journal_archive.note_found(mine, past.path, 1, "the host says so", Became.PERHAPS)
    (past,) = journal_archive.past(mine)
    (record,) = past.records
    assert (record.found, record.became, past.damaged) == ("the host says so", Became.PERHAPS, 0)


def test_a_line_that_was_torn_costs_only_itself(tmp_path: Path) -> None:
    made = Journal(tmp_path / "j")
    made.open()
    made.begin(RECORD)
    made.step_began(1, 0)
    data = of(tmp_path / "j").read_bytes().rstrip(b"\0")
    records, damaged = parse(data[:-9] + b"\0" * 50)
    assert (len(records), damaged) == (1, 1)
    assert records[0].steps[0].began is None


@given(st.binary(max_size=300))
def test_nonsense_is_counted_and_raises_nothing(data: bytes) -> None:
    records, damaged = parse(data)
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
    (record,), damaged = parse(data + line.encode() + b"\n")
    assert (len(record.steps), record.steps[0].began, damaged) == (len(RECORD.steps), None, 1)


SAFETY = RECORD.steps[0].subject


@pytest.mark.parametrize(
    ("began", "names", "current", "became"),
    [
        (0, ("good",), "good", Became.NOT_DONE),
        (0, ("good", SAFETY), "good", Became.DONE),
        (1, ("good", SAFETY), "good", Became.DONE),
        (1, ("good", SAFETY), "other", Became.NOT_DONE),
    ],
)
def test_what_became_of_it_is_what_the_host_says(
    began: int, names: tuple[str, ...], current: str, became: Became
) -> None:
    steps = [
        replace(step, began=1.0 if at <= began else None, ended=2.0 if at < began else None)
        for at, step in enumerate(RECORD.steps)
    ]
    found = finding(replace(RECORD, steps=tuple(steps)), Found(OFF, names, current))
    assert found.became is became
    assert found.kept == (SAFETY if SAFETY in names else "")
    assert found.finished is (began == 1 and became is Became.DONE)


def kept(
    directory: Path, moment: str, *records: Record, outcome: Outcome | None = Outcome.DONE
) -> Path:
    """The journal of a process that has ended."""
    made = Journal(directory)
    made.open()
    for record in records:
        made.begin(record)
        if outcome is not None:
            made.end(replace(record, outcome=outcome))
    path = made.paths[-1].rename(directory / f"journal-{moment}.jsonl")
    made.close()
    return path


class Xml(Near):
    """A host that has a domain with a snapshot, and a secret in both."""

    def secret_domain_xml(self, _key: DomainKey) -> str:
        return "<domain secret='x'/>"

    def secret_snapshot_xml(self, _key: DomainKey, _name: str) -> str:
        return "<domainsnapshot secret='x'/>"


def saved(copies: Copies) -> Path:
    return copies.save(cast(Backend, Xml()), DomainKey("qemu:///system", RECORD.uuid), ("a",))


def test_old_journals_go_but_none_whose_end_nobody_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_archive, "FILES", 2)
    copies = Copies(tmp_path / "xml", tmp_path / "xml")
    first_copies = saved(copies)
    place = tmp_path / "j"
    first = replace(RECORD, copies=str(first_copies))
    gone = kept(place, "20260101T000000Z-1", first)
    cut = kept(place, "20260102T000000Z-2", RECORD, replace(RECORD, number=2), outcome=None)
    journal_archive.note_found(Journal(place), cut, 1, "the host says so")
    others = [kept(place, f"2026020{day}T000000Z-3", RECORD) for day in (1, 2)]
    living = Journal(place)
    living.open()
    living.begin(RECORD)
    old = living.paths[0].rename(place / "journal-20250101T000000Z-4.jsonl")
    journal_archive.bound(Journal(place), copies.remove)
    assert not gone.exists()
    assert not first_copies.exists()
    assert sorted(place.iterdir()) == [old, cut, *others]
    journal_archive.note_found(Journal(place), cut, 2, "and so")
    journal_archive.bound(Journal(place), copies.remove)
    assert sorted(place.iterdir()) == [old, *others]


def test_journals_are_bounded_in_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = kept(tmp_path, "20260101T000000Z-1", RECORD)
    newer = kept(tmp_path, "20260102T000000Z-1", RECORD)
    monkeypatch.setattr(journal_archive, "BYTES", newer.stat().st_size)
    journal_archive.bound(Journal(tmp_path), print)
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
        assert made.end(replace(RECORD, number=number, outcome=Outcome.DONE))
    assert made.begin(replace(RECORD, number=3))
    first, second = list(made.paths)
    assert [record.number for record in parse(first.read_bytes())[0]] == [1, 2]
    assert [record.number for record in parse(second.read_bytes())[0]] == [3]
    assert journal_archive.past(made) == ()
    assert not first.read_bytes().endswith(b"\0")


def test_who_reads_at_the_same_time_takes_no_ended_process_for_a_living_one(
    tmp_path: Path,
) -> None:
    path = kept(tmp_path, "20260101T000000Z-1", RECORD, outcome=None)
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        (past,) = journal_archive.past(Journal(tmp_path))
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
    ("known", "became"),
    [
        (snapshot("a", description="new"), Became.DONE),
        (snapshot("a", description="old"), Became.NOT_DONE),
        (None, Became.NOT_DONE),
    ],
)
def test_what_became_of_an_edit_is_what_the_record_says(
    known: Snapshot | None, became: Became
) -> None:
    step = StepRecord(StepKind.EDIT, "a", "change it", "virsh", 1.0, defines=("a", "", "new"))
    found = Found(OFF, ("a",), None, known=known)
    assert finding(replace(RECORD, steps=(step,)), found).became is became


@pytest.mark.parametrize(
    ("images", "jobs", "became"),
    [
        (None, (), Became.UNKNOWN),
        (frozenset({"/base"}), (), Became.DONE),
        (frozenset({"/base", "/tmp1"}), ("vda",), Became.IN_PART),
        (frozenset({"/base", "/tmp1"}), (), Became.NOT_DONE),
    ],
)
def test_what_became_of_a_merge_is_what_the_chains_say(
    images: frozenset[str] | None, jobs: tuple[str, ...], became: Became
) -> None:
    step = StepRecord(StepKind.MERGE, "/tmp1", "merge it", "virsh", 1.0)
    found = Found(DomainState.RUNNING, (), None, block_jobs=jobs, images=images)
    assert finding(replace(RECORD, steps=(step,)), found).became is became


@pytest.mark.parametrize(("path", "became"), [("/new", Became.DONE), ("/old", Became.NOT_DONE)])
def test_what_became_of_a_relocation_is_what_the_record_says(path: str, became: Became) -> None:
    places = (("vda", "/new"),)
    step = StepRecord(StepKind.RELOCATE, "a", "let it", "virsh", 1.0, places=places)
    then = config(replace(VDA, path=path))
    found = Found(OFF, ("a",), None, known=replace(snapshot("a"), config=then))
    assert finding(replace(RECORD, steps=(step,)), found).became is became


def test_a_revert_that_was_cut_short_half_way_is_told() -> None:
    step = StepRecord(StepKind.REVERT, "good", "revert to good", "virsh", began=1.0)
    found = Found(OFF, ("good", "b"), "b", {"vda": Part.AS_NOW, "vdb": Part.HELD})
    half = finding(replace(RECORD, steps=(step,)), found)
    assert half.became is Became.IN_PART
    assert reverted_words(found.inside, "good") in half.words


def test_a_revert_to_what_was_current_before_is_known_only_by_the_disks() -> None:
    step = StepRecord(StepKind.REVERT, "good", "revert to good", "virsh", began=1.0)
    record = replace(RECORD, steps=(step,))
    for inside, became in (
        ({}, Became.UNKNOWN),
        ({"vda": Part.AS_NOW, "vdb": Part.HELD}, Became.UNKNOWN),
        ({"vda": Part.AS_NOW, "vdb": Part.AS_NOW}, Became.DONE),
    ):
        assert finding(record, Found(OFF, ("good",), "good", inside)).became is became


EXTERNAL = replace(
    snapshot("a"),
    memory=Presence.NO,
    disks=(SnapshotDisk("vda", Presence.EXTERNAL, "/img/a.a"),),
)
CREATE, DELETE, REVERT = StepKind.CREATE, StepKind.DELETE, StepKind.REVERT


@pytest.mark.parametrize(
    ("kind", "found", "became", "said"),
    [
        (
            CREATE,
            Found(OFF, (), None, {"vda": Part.HELD, "vdb": Part.NONE}),
            Became.IN_PART,
            "but vda has",
        ),
        (
            CREATE,
            Found(OFF, (), None, {"vda": Part.NONE}),
            Became.NOT_DONE,
            "it was not taken.",
        ),
        (
            CREATE,
            Found(OFF, (), None, {"vda": Part.HELD, "vdb": Part.HELD}),
            Became.IN_PART,
            "but vda and vdb have a part of it",
        ),
        (
            DELETE,
            Found(OFF, ("a",), "a", {"vda": Part.NONE, "vdb": Part.HELD}, snapshot("a")),
            Became.IN_PART,
            "It is still there, but vda has nothing of it any more: delete it again.",
        ),
        (
            DELETE,
            Found(OFF, ("a",), "a", {"vda": Part.HELD}, snapshot("a")),
            Became.NOT_DONE,
            "there.",
        ),
        (
            DELETE,
            Found(OFF, ("a",), "a", {}, EXTERNAL),
            Became.PERHAPS,
            "do not revert to it, delete it",
        ),
        (
            DELETE,
            Found(PAUSED, ("a",), "a", {}, EXTERNAL, ("vda",)),
            Became.IN_PART,
            "do not resume it",
        ),
        (DELETE, Found(OFF, (), "a"), Became.DONE, "It is gone."),
        (
            DELETE,
            Found(OFF, (), None, {"vdb": Part.HELD}),
            Became.IN_PART,
            "gone, but vdb has a part of",
        ),
        (
            REVERT,
            Found(OFF, ("a", "b"), "b", {}, EXTERNAL),
            Became.PERHAPS,
            "may be left; F lists orphaned ones",
        ),
    ],
)
def test_what_was_done_in_part_is_told(
    kind: StepKind, found: Found, became: Became, said: str
) -> None:
    step = StepRecord(kind, "a", "do it", "virsh", began=1.0)
    told = finding(replace(RECORD, steps=(step,)), found)
    assert told.became is became
    assert said in told.words.splitlines()[0]


@pytest.mark.parametrize("text", ["a", "after --redefine", "as --metadata says", " --metadata "])
@pytest.mark.parametrize("flag", [False, True])
def test_what_a_step_does_is_told_by_its_fields_whatever_its_texts_hold(
    text: str, flag: bool
) -> None:
    """A description that looks like an option is none."""
    line = shell.line(["virsh", "snapshot-create-as", f"--description={text}"])
    create = StepRecord(CREATE, "a", text, line, began=1.0, adopts=flag)
    found = Found(OFF, (), None, {"vda": Part.HELD})
    half = finding(replace(RECORD, steps=(create,)), found).became
    assert half is (Became.NOT_DONE if flag else Became.IN_PART)
    delete = StepRecord(DELETE, text, text, line, began=1.0, metadata_only=flag)
    left = finding(replace(RECORD, steps=(delete,)), found).became
    assert left is (Became.DONE if flag else Became.IN_PART)


def test_what_comes_after_the_end_is_not_written(tmp_path: Path) -> None:
    """A thread that was held up begins nothing that was given up meanwhile."""
    journal = Journal(tmp_path / "journal", tmp_path)
    journal.open()
    begun = replace(RECORD, outcome=None, ended=None)
    journal.end(replace(RECORD, outcome=Outcome.FAILED))
    assert not journal.begin(begun)
    assert not journal.step_began(begun.number, 0)
    assert not journal.has(begun.number)
    assert journal.begin(replace(begun, number=begun.number + 1))
