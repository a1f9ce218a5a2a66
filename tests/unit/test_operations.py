"""Operations that are given up at the worst moment; the backend is a fake."""

from __future__ import annotations

import asyncio
import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from snaptui.backend.protocol.backend import Backend
from snaptui.common.errors import Disconnected, ImageError
from snaptui.common.worker import Worker
from snaptui.model.choices import Form
from snaptui.model.operation_record import Became, Outcome
from snaptui.operations import step_runner
from snaptui.operations.journal import Journal
from snaptui.operations.operation import Operation, Phase
from snaptui.operations.runner import Operations
from snaptui.plan.create import create as create_plans
from snaptui.plan.delete import delete
from snaptui.plan.plan import CreateIntent, DeleteIntent, ImageDelete
from snaptui.plan.planner import make_plan
from snaptui.plan.steps.domain import CreateSnapshot
from tests.one_host import everywhere
from tests.unit.made import KEY, Near, facts, snapshot
from tests.unit.test_journal import RECORD
from tests.unit.test_plans_image import IDLE, TWO, placed
from tests.unit.test_plans_image import KEY as IMAGE
from tests.unit.test_plans_image import facts as image_facts


async def test_a_refused_plan_is_not_carried_out(tmp_path: Path) -> None:
    """Its steps are there all the same; a backend without any call shows that none is made."""
    found = facts(snapshot(), busy=True)
    plan = delete.plan(DeleteIntent(KEY, "s1"), found)
    assert plan.steps
    over = asyncio.Event()
    running = Operations(
        everywhere(cast(Backend, object()), Worker()),
        state=tmp_path,
        on_change=lambda operation: over.set() if operation.phase.over else None,
    )
    assert await running.records.open() == ""
    operation = running.run(plan, found)
    await asyncio.wait_for(over.wait(), 10)
    ended = running.all[operation.number]
    assert ended.phase is Phase.FAILED
    assert plan.refusals[0].words in ended.error


async def test_what_another_process_has_not_ended_is_known_by_its_domain(tmp_path: Path) -> None:
    """No rule names a snapshot of that domain."""
    other = Journal(tmp_path / "journal", tmp_path)
    other.open()
    assert other.begin(RECORD)
    assert other.step_began(RECORD.number, 0)
    running = Operations(
        everywhere(cast(Backend, object()), Worker()), state=tmp_path, on_change=lambda _: None
    )
    assert await running.records.unfinished_before() == {(RECORD.host, RECORD.uuid)}
    other.end(replace(RECORD, outcome=Outcome.FAILED, ended=RECORD.started + 1))
    assert await running.records.unfinished_before() == frozenset()
    other.close()


async def test_what_was_given_up_before_it_was_sent_is_never_sent(
    monkeypatch: Any, tmp_path: Path
) -> None:
    """The thread comes back from reading the facts after the connection was given up."""
    others = set(threading.enumerate())
    found = facts(snapshot())
    plan = delete.plan(DeleteIntent(KEY, "s1"), found)
    reading, go_on, sent = threading.Event(), threading.Event(), []

    def slow_facts(*_: object, **__: object) -> object:
        reading.set()
        go_on.wait(10)
        return found

    class Fake(Near):
        host = None
        link = 0
        over = nullcontext

        def secret_domain_xml(self, *_: object) -> str:
            return "<domain/>"

        def secret_snapshot_xml(self, *_: object) -> str:
            return "<domainsnapshot/>"

        def delete_snapshot(self, *_: object) -> None:
            sent.append("delete")

    monkeypatch.setattr(step_runner, "read_facts", slow_facts)
    worker, over = Worker(), asyncio.Event()

    def changed(operation: Operation) -> None:
        if operation.phase.over:
            over.set()

    running = Operations(
        everywhere(cast(Backend, Fake()), worker), state=tmp_path, on_change=changed
    )
    assert await running.records.open() == ""
    operation = running.run(plan, found)
    assert await asyncio.to_thread(reading.wait, 10)
    worker.changes.abandon(Disconnected("gone"))
    await asyncio.wait_for(over.wait(), 10)
    assert running.all[operation.number].phase is Phase.FAILED
    assert "Nothing was done" in running.all[operation.number].hint
    mine = set(threading.enumerate()) - others
    left_behind = [t for t in mine if t.name.startswith("changes")]
    go_on.set()
    for thread in left_behind:
        await asyncio.to_thread(thread.join, 10)
    assert sent == []


async def a_save_of_ram(monkeypatch: Any, tmp_path: Path, *, late: bool) -> tuple[Operation, int]:
    """What becomes of a create that saves RAM to a file and is cancelled; how often it is sent.

    Args:
        late: it is cancelled while libvirt is at it, and in vain; else before that.
    """
    before = facts(folders={"/img": frozenset()})
    plan = create_plans.plan(CreateIntent(KEY, "new", "", Form.EXTERNAL), before)
    (step,) = plan.steps
    assert isinstance(step, CreateSnapshot)
    found, after = [before], step.expected(before)
    at_it, cancelled = threading.Event(), threading.Event()
    sent = 0

    def cancelled_now() -> None:
        at_it.set()
        cancelled.wait(10)

    def slow_facts(*_: object, **__: object) -> object:
        if not late and not cancelled.is_set():
            cancelled_now()
        return found[-1]

    class Fake(Near):
        host = None
        link = 0
        over = nullcontext

        def secret_domain_xml(self, *_: object) -> str:
            return "<domain/>"

        def create_snapshot(self, *_: object) -> None:
            nonlocal sent
            sent += 1
            cancelled_now()
            found.append(after)

    monkeypatch.setattr(step_runner, "read_facts", slow_facts)
    over = asyncio.Event()

    def changed(operation: Operation) -> None:
        if operation.phase.over:
            over.set()

    running = Operations(
        everywhere(cast(Backend, Fake()), Worker()), state=tmp_path, on_change=changed
    )
    assert await running.records.open() == ""
    number = running.run(plan, before).number
    assert await asyncio.to_thread(at_it.wait, 10)
    assert running.cancel(number) == ""
    cancelled.set()
    await asyncio.wait_for(over.wait(), 10)
    assert running.cancel(number) == "It has ended."
    return running.all[number], sent


async def test_what_is_cancelled_before_it_is_sent_is_never_sent(
    monkeypatch: Any, tmp_path: Path
) -> None:
    ended, sent = await a_save_of_ram(monkeypatch, tmp_path, late=False)
    assert (ended.phase, ended.hint, sent) == (Phase.CANCELLED, "Nothing was changed.", 0)


async def test_what_is_cancelled_too_late_is_done(monkeypatch: Any, tmp_path: Path) -> None:
    """The call worked all the same, and that is what is shown."""
    ended, sent = await a_save_of_ram(monkeypatch, tmp_path, late=True)
    assert (ended.phase, ended.error, sent) == (Phase.DONE, "", 1)


class Deleting(Near):
    """A backend that notes what it is asked to change."""

    host = None
    link = 0
    over = nullcontext

    def __init__(self) -> None:
        self.sent: list[str] = []

    def secret_domain_xml(self, *_: object) -> str:
        return "<domain/>"

    def secret_snapshot_xml(self, *_: object) -> str:
        return "<domainsnapshot/>"

    def delete_snapshot(self, *_: object, **__: object) -> None:
        self.sent.append("delete")
        raise ZeroDivisionError


async def ended(monkeypatch: Any, tmp_path: Path, backend: Deleting) -> Operation:
    """What becomes of a delete."""
    found, over = facts(snapshot()), asyncio.Event()
    monkeypatch.setattr(step_runner, "read_facts", lambda *_, **__: found)
    running = Operations(
        everywhere(cast(Backend, backend), Worker()),
        state=tmp_path,
        on_change=lambda operation: over.set() if operation.phase.over else None,
    )
    assert await running.records.open() == ""
    operation = running.run(delete.plan(DeleteIntent(KEY, "s1"), found), found)
    await asyncio.wait_for(over.wait(), 10)
    return running.all[operation.number]


class Refusing(Deleting):
    """One that refuses the delete of an entry, and of which less can be read then."""

    found = image_facts(*TWO)

    def delete_entry(self, *_: object) -> None:
        self.found = replace(self.found, doubts=(IDLE,))
        raise ImageError("The lock could not be had.")


async def test_what_cannot_be_read_any_more_is_nothing_that_was_done(
    monkeypatch: Any, tmp_path: Path
) -> None:
    backend, over = Refusing(), asyncio.Event()
    monkeypatch.setattr(step_runner, "read_facts", lambda *_, **__: backend.found)
    running = Operations(
        everywhere(cast(Backend, backend), Worker()),
        state=tmp_path,
        on_change=lambda operation: over.set() if operation.phase.over else None,
    )
    assert await running.records.open() == ""
    intent = ImageDelete(IMAGE, (placed(backend.found, 0),))
    operation = running.run(make_plan(intent, backend.found), backend.found)
    await asyncio.wait_for(over.wait(), 10)
    ended = running.all[operation.number]
    assert (ended.error, ended.became) == ("The lock could not be had.", Became.NOT_DONE)


async def test_a_step_whose_start_cannot_be_journaled_is_not_sent(
    monkeypatch: Any, tmp_path: Path
) -> None:
    """The next start would say that it was not begun."""

    def fails(journal: Journal, *_: int) -> bool:
        journal.problem = "No space left on device"
        return False

    monkeypatch.setattr(Journal, "step_began", fails)
    backend = Deleting()
    operation = await ended(monkeypatch, tmp_path, backend)
    assert (operation.phase, backend.sent) == (Phase.FAILED, [])
    assert operation.error == "The journal could not be written: No space left on device"
    assert "Nothing was done" in operation.hint


async def test_a_fault_of_our_own_ends_an_operation_as_not_known(
    monkeypatch: Any, tmp_path: Path
) -> None:
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    operation = await ended(monkeypatch, tmp_path, backend := Deleting())
    assert (backend.sent, operation.became) == (["delete"], Became.UNKNOWN)
    assert operation.phase is Phase.FAILED
    assert isinstance(faults[0]["exception"], ZeroDivisionError)


async def test_of_those_that_were_confirmed_together_all_are_there_when_the_first_is_told(
    tmp_path: Path,
) -> None:
    seen: list[int] = []
    over = asyncio.Event()

    def changed(operation: Operation) -> None:
        assert operation.batch is not None
        seen.append(len(running.of(operation.batch)))
        if all(one.phase.over for one in running.all.values()):
            over.set()

    running = Operations(
        everywhere(cast(Backend, object()), Worker()), state=tmp_path, on_change=changed
    )
    assert await running.records.open() == ""
    found = facts(folders={"/img": frozenset()})
    plan = create_plans.plan(CreateIntent(KEY, "new", ""), found)
    running.run_in_turn([(plan, found), (plan, found)])
    assert seen[0] == 2
    await asyncio.wait_for(over.wait(), 10)
