"""What others do to a domain or an image during a step: told beside what the step did."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from snaptui.backend.files.image_reader import read_image
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker
from snaptui.model.choices import Form, RunState
from snaptui.model.domain import DomainKey
from snaptui.model.image import ImageKey, PlacedEntry
from snaptui.model.operation_record import Became, Outcome, Record, parse
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.operations.operation import Operation
from snaptui.operations.runner import Operations
from snaptui.plan.change import Change
from snaptui.plan.image.orphan import aside_name
from snaptui.plan.plan import (
    CreateIntent,
    DeleteIntent,
    DeleteManyIntent,
    EditIntent,
    ImageDelete,
    Intent,
    RemoveLeftover,
    RevertIntent,
)
from snaptui.plan.planner import make_plan
from snaptui.ui.format import UNICODE
from snaptui.ui.screens.operations import record_lines
from tests.lab import Lab, entries, holds, qemu_img, write
from tests.one_host import everywhere


class Watched(LibvirtBackend):
    """The backend, and what others do just before and just after each change of a domain."""

    def __init__(self, uri: str) -> None:
        super().__init__(uri)
        self.before: Callable[[], object] = lambda: None
        self.after: Callable[[], object] = lambda: None

    def create_snapshot(self, key: DomainKey, new: NewSnapshot) -> None:
        self._around(lambda: super(Watched, self).create_snapshot(key, new))

    def delete_snapshot(self, key: DomainKey, name: str, *, metadata_only: bool = False) -> None:
        call = super().delete_snapshot
        self._around(lambda: call(key, name, metadata_only=metadata_only))

    def revert(
        self, key: DomainKey, name: str, state: RunState, *, reset_nvram: bool = False
    ) -> None:
        call = super().revert
        self._around(lambda: call(key, name, state, reset_nvram=reset_nvram))

    def delete_entry(self, path: str, name: str) -> None:
        self._around(lambda: super(Watched, self).delete_entry(path, name))

    def _around(self, call: Callable[[], None]) -> None:
        self.before()
        try:
            call()
        finally:
            self.after()


@dataclass(frozen=True)
class Ended:
    """What a program says of its one operation, and what its journal does."""

    operation: Operation
    record: Record

    @property
    def all_words(self) -> str:
        """What the list of operations shows of it."""
        lines = record_lines(self.operation.record, UNICODE)
        return "\n".join(f"{label} {line}" for label, line in lines)


class Program:
    """A program without its screen, with a state of its own."""

    def __init__(self, lab: Lab, state: Path) -> None:
        self.backend = Watched(lab.uri)
        self.host = self.backend.connect()
        self._over = asyncio.Event()
        self._state = state
        worker = Worker()
        self.operations = Operations(
            everywhere(self.backend, worker), state=state, on_change=self._changed
        )

    def _changed(self, operation: Operation) -> None:
        if operation.phase.over:
            self._over.set()

    async def begin(self, intent: Intent) -> int:
        facts = await self.operations.facts(self.host, intent)
        plan = make_plan(intent, facts)
        assert plan.possible, plan.refusals
        return self.operations.run(plan, facts).number

    async def end(self, number: int) -> Ended:
        async with asyncio.timeout(60):
            await self._over.wait()
        (path,) = (self._state / "journal").glob("journal-*")
        (record,), damaged = parse(path.read_bytes())
        self.operations.close()
        self.backend.abandon()
        operation = self.operations.all[number]
        assert damaged == 0
        assert record.outcome is operation.phase.outcome
        assert sum(step.ended is not None for step in record.steps) == operation.done
        assert record.meanwhile == operation.record.meanwhile
        return Ended(operation, record)


async def together(lab: Lab, place: Path, *intents: Intent, before: bool = True) -> list[Ended]:
    """Two programs do something at once: no one calls before both have looked at what there is.

    Args:
        before: what they call is also over before one looks again.
    """
    programs = [Program(lab, place / str(number)) for number in range(len(intents))]
    for when in ("before", "after"):
        meeting = threading.Barrier(len(programs), timeout=30)
        for program in programs:
            setattr(program.backend, when, _once(meeting))
    numbers = [
        await program.begin(intent) for program, intent in zip(programs, intents, strict=True)
    ]
    return [await program.end(number) for program, number in zip(programs, numbers, strict=True)]


def _once(meeting: threading.Barrier) -> Callable[[], None]:
    met = False

    def meet() -> None:
        nonlocal met
        if not met:
            met = True
            meeting.wait()

    return meet


async def test_a_delete_during_which_virsh_deletes_another_is_counted_as_done(
    lab: Lab, tmp_path: Path
) -> None:
    key = lab.define("web")
    for name in ("c1", "c2", "c3", "x"):
        lab.snapshot("web", name)
    program = Program(lab, tmp_path)
    program.backend.after = lambda: lab.virsh("snapshot-delete", "web", "x", check=False)
    ended = await program.end(await program.begin(DeleteManyIntent(key, ("c1", "c2", "c3"))))
    operation = ended.operation
    (first, *_) = [step.subject for step in operation.plan.steps]
    assert sorted(lab.snapshots("web")) == sorted({"c1", "c2", "c3"} - {first})
    assert (operation.phase.outcome, operation.done) == (Outcome.FAILED, 1)
    assert (operation.became, operation.sent) == (Became.NOT_DONE, False)
    gone = [one.subject for one in operation.meanwhile if one.change is Change.SNAPSHOT_GONE]
    assert gone == ["x"]
    assert f"delete {first} is done, but meanwhile the snapshot x is gone" in operation.error
    assert operation.hint.startswith(f"Done: delete {first}. Not done: delete ")
    assert "Nothing was" not in ended.all_words


async def test_the_last_step_is_done_and_what_happened_meanwhile_is_told(
    lab: Lab, tmp_path: Path
) -> None:
    key = lab.define("web")
    for name in ("a", "x"):
        lab.snapshot("web", name)
    program = Program(lab, tmp_path)
    program.backend.after = lambda: lab.virsh("snapshot-delete", "web", "x")
    ended = await program.end(await program.begin(DeleteIntent(key, "a")))
    operation = ended.operation
    assert (operation.phase.outcome, operation.error, operation.done) == (Outcome.DONE, "", 1)
    assert [one.subject for one in operation.meanwhile][:1] == ["x"]
    assert "Meanwhile the snapshot x is gone" in ended.all_words
    assert lab.snapshots("web") == []


async def test_two_creates_at_once_are_both_done(lab: Lab, tmp_path: Path) -> None:
    key = lab.define("web")
    ends = await together(lab, tmp_path, CreateIntent(key, "one", ""), CreateIntent(key, "two", ""))
    assert sorted(lab.snapshots("web")) == ["one", "two"]
    assert [ended.operation.phase.outcome for ended in ends] == [Outcome.DONE] * 2
    for ended, other in zip(ends, ("two", "one"), strict=True):
        made = [
            one.subject for one in ended.operation.meanwhile if one.change is Change.SNAPSHOT_MADE
        ]
        assert made == [other]


async def test_of_two_creates_of_one_name_one_is_done(lab: Lab, tmp_path: Path) -> None:
    key = lab.define("web")
    ends = await together(
        lab, tmp_path, CreateIntent(key, "one", "mine"), CreateIntent(key, "one", "yours")
    )
    outcomes = {ended.operation.phase.outcome: ended.operation for ended in ends}
    assert set(outcomes) == {Outcome.DONE, Outcome.FAILED}
    assert outcomes[Outcome.FAILED].became is Became.BY_OTHERS
    assert outcomes[Outcome.FAILED].done == 0
    assert lab.snapshots("web") == ["one"]
    assert [name for _, name in entries(lab.image("web"))] == ["one"]


async def test_of_two_deletes_of_one_snapshot_one_says_that_it_was_gone(
    lab: Lab, tmp_path: Path
) -> None:
    key = lab.define("web")
    lab.snapshot("web", "a")
    ends = await together(lab, tmp_path, DeleteIntent(key, "a"), DeleteIntent(key, "a"))
    outcomes = {ended.operation.phase.outcome: ended for ended in ends}
    assert set(outcomes) == {Outcome.DONE, Outcome.FAILED}
    late = outcomes[Outcome.FAILED]
    assert (late.operation.became, late.operation.done) == (Became.BY_OTHERS, 0)
    assert "Someone else did it meanwhile: a is gone." in late.operation.hint
    assert late.record.became is Became.BY_OTHERS
    assert "delete a: done by someone else" in late.all_words


async def test_two_reverts_at_once_tell_of_the_safety_snapshots_that_stay(
    lab: Lab, tmp_path: Path
) -> None:
    key = lab.define("web")
    for name in ("a", "b"):
        lab.snapshot("web", name)
    write(lab.image("web"), 0x22)
    ends = await together(lab, tmp_path, RevertIntent(key, "a"), RevertIntent(key, "b"))
    there = [name for name in lab.snapshots("web") if name not in ("a", "b")]
    assert len(there) == 2
    for ended in ends:
        operation = ended.operation
        assert (operation.phase.outcome, operation.done) == (Outcome.FAILED, 1)
        (kept,) = operation.kept
        assert kept in there
        assert f"The safety snapshot {kept} stays." in operation.hint
        assert "Nothing was" not in ended.all_words
    assert holds(lab.image("web"), 0x22)


async def test_a_revert_after_which_virsh_takes_a_snapshot_is_done(
    lab: Lab, tmp_path: Path
) -> None:
    """The newer one is current then; its parent tells that the revert was before."""
    key = lab.define("web")
    lab.snapshot("web", "a")
    write(lab.image("web"), 0x22)
    program, calls = Program(lab, tmp_path), iter(range(9))

    def other() -> None:
        if next(calls) == 1:  # the safety snapshot is the first one
            lab.snapshot("web", "x")

    program.backend.after = other
    ended = await program.end(await program.begin(RevertIntent(key, "a")))
    assert (ended.operation.phase.outcome, ended.operation.done) == (Outcome.DONE, 2)
    made = [o.subject for o in ended.operation.meanwhile if o.change is Change.SNAPSHOT_MADE]
    assert made == ["x"]
    assert holds(lab.image("web"), 0x11)


async def test_a_rename_that_another_cuts_short_says_how_far_it_came(
    lab: Lab, tmp_path: Path
) -> None:
    key = lab.define("web")
    for name in ("a", "b", "x"):
        lab.snapshot("web", name, "--disk-only")
    program = Program(lab, tmp_path)
    number = await program.begin(EditIntent(key, "a", "", "c"))
    assert len(program.operations.all[number].plan.steps) > 1
    plain = program.backend.redefine_snapshot
    made = threading.Event()

    def redefine(*words: object, **more: object) -> None:
        plain(*words, **more)  # type: ignore[arg-type]  # passed on as they are
        if not made.is_set():
            made.set()
            lab.snapshot("web", "y", "--disk-only")

    program.backend.redefine_snapshot = redefine  # type: ignore[method-assign]  # watched
    ended = await program.end(number)
    assert ended.operation.done >= 1
    assert ended.operation.phase.outcome is Outcome.FAILED
    assert ended.operation.hint.startswith("Done: define a as c too. Not done: ")


@pytest.mark.parametrize("late", [False, True])
async def test_of_two_deletes_of_an_entry_one_may_have_been_done_by_another(
    lab: Lab, tmp_path: Path, late: bool
) -> None:
    """qemu-img does not tell a refusal from a failure: that much is said."""
    path = tmp_path / "free.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(path), "4M")
    for name in ("one", "two"):
        qemu_img("snapshot", "-c", name, str(path))
    first = PlacedEntry(0, read_image(str(path)).snapshots[0])
    program = Program(lab, tmp_path / "state")
    other = "one" if late else "two"
    program.backend.before = lambda: qemu_img("snapshot", "-d", other, str(path))
    intent = ImageDelete(ImageKey(lab.uri, str(path)), (first,))
    ended = await program.end(await program.begin(intent))
    operation = ended.operation
    if late:
        assert (operation.phase.outcome, operation.became) == (Outcome.FAILED, Became.BY_OTHERS)
        assert "Someone else did it meanwhile, or it was done before it failed" in operation.hint
    else:
        assert (operation.phase.outcome, operation.done) == (Outcome.DONE, 1)
        assert operation.meanwhile
    assert [name for _, name in entries(path)] == (["two"] if late else [])


async def test_a_leftover_that_somebody_names_after_all_has_its_name_again(
    lab: Lab, tmp_path: Path
) -> None:
    """It was set aside when another domain was defined that needs it."""
    program, path = leftover(lab, tmp_path)
    set_aside = program.backend.set_aside

    def and_then(*words: Any) -> None:
        set_aside(*words)
        setattr(program.backend, "set_aside", set_aside)  # noqa: B010 - mypy has methods stay
        disk = f"<disk type='file'><source file='{path}'/><target dev='vda' bus='virtio'/></disk>"
        lab.define_disks("late", disk)

    setattr(program.backend, "set_aside", and_then)  # noqa: B010 - mypy has methods stay
    ended = await program.end(await program.begin(removal(lab, path)))
    assert (ended.operation.phase.outcome, ended.operation.done) == (Outcome.FAILED, 1)
    assert path.exists()
    assert list(lab.images.glob("*.aside-*")) == []
    assert f"{path} has its own name again." in ended.operation.hint


async def test_a_leftover_that_cannot_have_its_name_back_is_said_to_have_another(
    lab: Lab, tmp_path: Path
) -> None:
    program, path = leftover(lab, tmp_path)
    set_aside = program.backend.set_aside

    def and_then(*words: Any) -> None:
        set_aside(*words)
        path.write_bytes(b"another")

    setattr(program.backend, "set_aside", and_then)  # noqa: B010 - mypy has methods stay
    ended = await program.end(await program.begin(removal(lab, path)))
    (aside,) = lab.images.glob("*.aside-*")
    assert path.read_bytes() == b"another"
    assert ended.operation.phase.outcome is Outcome.FAILED
    assert f"It is now called {aside}" in ended.operation.hint


async def test_a_leftover_to_which_a_link_leads_is_removed(lab: Lab, tmp_path: Path) -> None:
    """The link leads to nothing in between, which is no doubt of anything."""
    program, path = leftover(lab, tmp_path)
    (lab.images / "link.qcow2").symlink_to(path)
    ended = await program.end(await program.begin(removal(lab, path)))
    assert ended.operation.phase.outcome is Outcome.DONE
    assert not path.exists()


def leftover(lab: Lab, state: Path) -> tuple[Program, Path]:
    lab.define("web")
    path = lab.images / "gone.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(lab.image("web")), str(path))
    return Program(lab, state), path


def removal(lab: Lab, path: Path) -> RemoveLeftover:
    return RemoveLeftover(ImageKey(lab.uri, str(path)), aside_name(str(path), "20261125T010203Z"))


@pytest.mark.parametrize("exchange", ["the file", "the definition"])
async def test_a_disk_that_is_exchanged_after_the_dialog_is_not_touched(
    lab: Lab, tmp_path: Path, exchange: str
) -> None:
    """A snapshot of the same name is in it, and one more."""
    key = lab.define("web")
    lab.snapshot("web", "a")
    other = lab.images / "other.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(other), "8M")
    qemu_img("snapshot", "-c", "a", str(other))
    qemu_img("snapshot", "-c", "b", str(other))
    program = Program(lab, tmp_path)
    intent = DeleteIntent(key, "a")
    facts = await program.operations.facts(program.host, intent)
    plan = make_plan(intent, facts)
    assert plan.possible
    if exchange == "the file":
        lab.image("web").rename(lab.images / "kept.qcow2")
        other.rename(lab.image("web"))
        kept, touched = lab.images / "kept.qcow2", lab.image("web")
    else:
        xml = lab.xml("web").replace(str(lab.image("web")), str(other))
        lab.define_xml(xml)
        kept, touched = lab.image("web"), other
    ended = await program.end(program.operations.run(plan, facts).number)
    assert ended.operation.phase.outcome is Outcome.FAILED
    assert (ended.operation.done, ended.operation.sent) == (0, False)
    assert lab.snapshots("web") == ["a"]
    assert [name for _, name in entries(kept)] == ["a"]
    assert [name for _, name in entries(touched)] == ["a", "b"]


def by_a_copy(path: Path) -> None:
    """Another file with the same snapshots, as a backup that is put back."""
    other = path.with_name("copy.qcow2")
    shutil.copyfile(path, other)
    other.rename(path)


def made_anew(path: Path) -> None:
    """The same once more; the new file may get the number of the old one."""
    held = path.read_bytes()
    path.unlink()
    path.write_bytes(held)


def by_a_link(path: Path) -> None:
    other = path.with_name("copy.qcow2")
    shutil.copyfile(path, other)
    path.unlink()
    path.symlink_to(other)


@pytest.mark.parametrize("exchange", [by_a_copy, made_anew, by_a_link])
@pytest.mark.parametrize("intent", [DeleteIntent, RevertIntent])
async def test_a_disk_that_is_exchanged_for_its_like_is_not_touched(
    lab: Lab,
    tmp_path: Path,
    exchange: Callable[[Path], None],
    intent: type[DeleteIntent | RevertIntent],
) -> None:
    """What lies inside of it, names, IDs and times, tells nothing."""
    key, path = lab.define("web"), lab.image("web")
    lab.snapshot("web", "a")
    program = Program(lab, tmp_path)
    if exchange is made_anew and not keeps_births(program, path):
        pytest.skip("the file system does not keep when a file was made")
    wanted = intent(key, "a")
    facts = await program.operations.facts(program.host, wanted)
    plan = make_plan(wanted, facts)
    assert plan.possible
    exchange(path)
    held = path.read_bytes()
    ended = await program.end(program.operations.run(plan, facts).number)
    assert ended.operation.phase.outcome is Outcome.FAILED
    assert (ended.operation.done, ended.operation.sent) == (0, False)
    assert f"{path} is another file now" in ended.operation.error
    assert lab.snapshots("web") == ["a"]
    assert path.read_bytes() == held


def keeps_births(program: Program, path: Path) -> bool:
    return program.backend.inodes([str(path)])[str(path)].made is not None


async def test_a_disk_that_is_exchanged_between_two_steps_is_not_reverted(
    lab: Lab, tmp_path: Path
) -> None:
    key, path = lab.define("web"), lab.image("web")
    lab.snapshot("web", "a")
    write(path, 0x22)
    program = Program(lab, tmp_path)
    program.backend.after = lambda: by_a_copy(path)
    ended = await program.end(await program.begin(RevertIntent(key, "a")))
    assert (ended.operation.phase.outcome, ended.operation.done) == (Outcome.FAILED, 1)
    assert f"{path} is another file now" in ended.operation.error
    assert holds(path, 0x22)
    assert lab.virsh("snapshot-current", "web", "--name").strip() != "a"


async def test_what_lies_beneath_a_disk_and_is_exchanged_is_noticed(
    lab: Lab, tmp_path: Path
) -> None:
    key, path = lab.define("web"), lab.image("web")
    lab.snapshot("web", "a", "--disk-only")
    program = Program(lab, tmp_path)
    intent = CreateIntent(key, "b", "", form=Form.DISK_ONLY)
    facts = await program.operations.facts(program.host, intent)
    plan = make_plan(intent, facts)
    assert plan.possible, plan.refusals
    by_a_copy(path)
    ended = await program.end(program.operations.run(plan, facts).number)
    assert (ended.operation.phase.outcome, ended.operation.sent) == (Outcome.FAILED, False)
    assert f"{path} is another file now" in ended.operation.error


async def test_a_disk_that_is_written_to_linked_and_given_away_is_the_same(
    lab: Lab, tmp_path: Path
) -> None:
    """So does QEMU, so do backups, and so does libvirt, which gives images to QEMU's user."""
    key, path = lab.define("web"), lab.image("web")
    lab.snapshot("web", "a")
    program = Program(lab, tmp_path)
    intent = DeleteIntent(key, "a")
    facts = await program.operations.facts(program.host, intent)
    write(path, 0x33)
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    os.utime(path, (1, 1))
    path.with_name("another-name").hardlink_to(path)
    ended = await program.end(program.operations.run(make_plan(intent, facts), facts).number)
    assert (ended.operation.phase.outcome, ended.operation.meanwhile) == (Outcome.DONE, ())
    assert holds(path, 0x33)


async def test_an_image_that_is_exchanged_after_the_dialog_is_not_touched(
    lab: Lab, tmp_path: Path
) -> None:
    """Not even by one with a snapshot of the same name and second."""
    path, other = lab.images / "a.qcow2", lab.images / "b.qcow2"
    for one in (path, other):
        qemu_img("create", "-q", "-f", "qcow2", str(one), "8M")
    qemu_img("snapshot", "-c", "a", str(path))
    write(other, 0x77)
    qemu_img("snapshot", "-c", "a", str(other))
    program = Program(lab, tmp_path)
    (entry,) = read_image(str(path)).snapshots
    intent = ImageDelete(ImageKey(lab.uri, str(path)), (PlacedEntry(0, entry),))
    facts = await program.operations.facts(program.host, intent)
    plan = make_plan(intent, facts)
    path.rename(lab.images / "kept.qcow2")
    other.rename(path)
    ended = await program.end(program.operations.run(plan, facts).number)
    assert ended.operation.phase.outcome is Outcome.FAILED
    assert not ended.operation.sent
    assert [name for _, name in entries(path)] == ["a"]
