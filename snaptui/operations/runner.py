"""Running confirmed plans, step by step.

The plans and what reads the facts for them are loaded when they are needed first: that takes
a twentieth of each start.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snaptui.backend.protocol import Backend
from snaptui.common.ahead import Tell, nobody
from snaptui.common.errors import SnaptuiError
from snaptui.common.worker import Lane, Worker, start
from snaptui.model.author_mark import author
from snaptui.model.domain import DomainKey, Key
from snaptui.model.host import Host
from snaptui.model.operation_record import Batch, Became, Record, StepKind
from snaptui.operations.journal import Journal
from snaptui.operations.operation import (
    AGAIN,
    LOOK,
    NO_COPY,
    Copying,
    Operation,
    Phase,
    Stop,
    on_host,
)
from snaptui.operations.xml_backup import Copies

if TYPE_CHECKING:
    from snaptui.discovery.elsewhere import OtherHost
    from snaptui.operations.barrier import Meeting
    from snaptui.operations.journal_archive import Past
    from snaptui.operations.recovery import CutShort, Finding
    from snaptui.operations.step_runner import Taking
    from snaptui.plan.plan import Intent, Plan, Step
    from snaptui.plan.planner import AnyFacts

GIVE_UP = 1.0
"""Seconds for which the end waits for copies that are given up then."""


@dataclass(frozen=True, slots=True)
class Reached:
    """What a host is reached with.

    Attributes:
        name: as people call it; empty where there is only one.
        others: all others, which may have the same guest.
    """

    backend: Backend
    worker: Worker
    name: str = ""
    others: tuple[OtherHost, ...] = ()


class Operations:
    """Runs plans, one at a time for each domain or image, and keeps what became of them.

    Args:
        reached: gives what the host of a URI is reached with; all keys name theirs.
        state: directory of the journal and of the copies of the XML.
        on_change: called on the loop with each new state of an operation.
        signs: snapshots that are taken name in their description who took them.
    """

    def __init__(
        self,
        reached: Callable[[str], Reached],
        *,
        state: Path,
        on_change: Callable[[Operation], None],
        signs: bool = False,
    ) -> None:
        self._reached = reached
        self._signs = signs
        self._writing = Lane("journal", 1)  # never behind somebody else's disk
        self._copies = Copies(state / "xml", state)
        self._journal = Journal(state / "journal", state)
        self._on_change = on_change
        self._bounded = False
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._copies_under_way: dict[int, Copying] = {}
        self.all: dict[int, Operation] = {}

    def running(self, key: Key) -> Operation | None:
        """The operation under way on a domain or an image, if there is one."""
        for operation in self.all.values():
            if operation.plan.intent.key == key and not operation.phase.over:
                return operation
        return None

    def making(self, key: Key) -> tuple[str, ...]:
        """Names of the snapshots that are being made of a domain or an image."""
        operation = self.running(key)
        step = operation.step if operation is not None else None
        making = step is not None and step.kind is StepKind.CREATE
        return (step.subject,) if step is not None and making else ()

    @property
    def unfinished(self) -> tuple[Operation, ...]:
        """All operations that are not over."""
        return tuple(o for o in self.all.values() if not o.phase.over)

    def cancel(self, number: int) -> str:
        """Give up an operation, if that can be; returns why it cannot."""
        if why := self.all[number].no_way_out:
            return why
        self._copying(number).unwanted.set()
        return ""

    async def facts(self, host: Host, intent: Intent, tell: Tell = nobody) -> AnyFacts:
        """Read the facts for a dialog.

        Args:
            tell: is told on other threads how far it is, where the host is far.
        """
        from snaptui.discovery.domain_facts import read_facts
        from snaptui.discovery.elsewhere import with_elsewhere
        from snaptui.plan.facts import Facts

        await self._writing.call(self._journal.open)
        at = self._reached(intent.key.host)
        at.worker.changes.call(at.backend.expect_changes)  # it is there when it is confirmed

        def read() -> AnyFacts:
            return with_elsewhere(read_facts(at.backend, host, intent, tell=tell), at.others)

        facts = await at.worker.reads.call(read, key=intent.key)
        if self._signs and isinstance(facts, Facts):
            facts = replace(facts, author=author(facts.who, os.environ.get("SUDO_USER", "")))
        return replace(facts, unrecorded=self._journal.problem)

    async def open_journal(self) -> str:
        """Open the journal, and bound those before it; returns why it cannot be written."""
        from snaptui.operations import journal_archive

        def open_and_bound() -> None:
            self._journal.open()
            if not self._bounded:
                self._bounded = True
                journal_archive.bound(self._journal, self._copies.remove)

        await self._writing.call(open_and_bound)
        return self._journal.problem

    async def cut_short(self, host: Host) -> tuple[tuple[CutShort, ...], ...]:
        """The operations of earlier processes on the host that were cut short.

        Those that were confirmed together are together.
        """
        from snaptui.operations.recovery import cut_short

        return cut_short(await self._past(), host)

    async def past(self) -> tuple[Record, ...]:
        """The operations of other processes, the newest first."""
        records = (record for journal in await self._past() for record in journal.records)
        return tuple(sorted(records, key=lambda record: record.started, reverse=True))

    async def unfinished_before(self) -> frozenset[tuple[str, str]]:
        """Label of the host and UUID of the domain of what other processes began.

        Those of which it is not known how they ended, whether the process lives or not.
        """
        records = await self.past()
        return frozenset(
            (one.host, one.uuid) for one in records if one.outcome is None and not one.found
        )

    async def _past(self) -> tuple[Past, ...]:
        from snaptui.operations import journal_archive

        return await self._writing.call(lambda: journal_archive.past(self._journal))

    async def resolve(self, cut: CutShort, uri: str) -> Finding | None:
        """Look what became of an operation on a host, and note it in its journal.

        Returns:
            ``None`` as long as a job still holds the domain.

        Raises:
            SnaptuiError: the host cannot be asked.
        """
        from snaptui.operations.journal_archive import note_found
        from snaptui.operations.recovery import look

        at = self._reached(uri)
        found = await at.worker.reads.call(lambda: look(at.backend, cut.record))
        if found is not None:
            words, became = found.words, found.became
            with contextlib.suppress(OSError):  # it is told again at the next start
                await self._writing.call(
                    lambda: note_found(
                        self._journal, cut.past.path, cut.record.number, words, became
                    )
                )
        return found

    def close(self) -> None:
        """Give up copies and close the journal; what else is under way is cut short."""
        copying = [one for one in self.unfinished if one.is_copy]
        for one in copying:
            self.cancel(one.number)
        until = time.monotonic() + GIVE_UP
        for one in copying:
            if self._copying(one.number).idle.wait(max(0.0, until - time.monotonic())):
                over = replace(
                    self.all[one.number], phase=Phase.CANCELLED, error="snaptui was ended.",
                    hint=NO_COPY,
                )  # fmt: skip
                self._journal.end(over.record)
        self._journal.close()

    def run(self, plan: Plan, facts: AnyFacts) -> Operation:
        """Start a confirmed plan; ``facts`` are those it was made of and shown with."""
        return self.run_in_turn(((plan, facts),))[0]

    def run_in_turn(self, parts: Sequence[tuple[Plan, AnyFacts]]) -> tuple[Operation, ...]:
        """Start confirmed plans, each of another domain or image, one after another.

        What fails stops none of the others.
        """
        accepted = self._accept(parts)
        every = [facts for _, facts in parts]
        self._begin(self._run_all(list(zip(accepted, every, strict=True))))
        return accepted

    def run_together(self, parts: Sequence[tuple[Plan, AnyFacts]]) -> tuple[Operation, ...]:
        """Start confirmed plans at the same time, as one group; what fails stops no other."""
        from snaptui.operations.barrier import Meeting

        accepted = self._accept(parts, group=_group_of(*parts[0]))
        meeting = Meeting([operation.number for operation in accepted])
        every = [facts for _, facts in parts]
        self._begin(self._run_at_once(list(zip(accepted, every, strict=True)), meeting))
        return accepted

    def of(self, batch: Batch) -> tuple[Operation, ...]:
        """The operations that were confirmed together."""
        return tuple(self.all[number] for number in batch.numbers)

    def _begin(self, running: Coroutine[Any, Any, None]) -> None:
        task = start(running)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _accept(
        self, parts: Sequence[tuple[Plan, AnyFacts]], group: str = ""
    ) -> tuple[Operation, ...]:
        numbers = list(itertools.islice(self._numbers, len(parts)))
        hosts = [self._reached(plan.intent.key.host).name for plan, _ in parts]
        batch: Batch | None = None
        if len(parts) > 1:
            members = zip(parts, hosts, strict=True)
            names = tuple(on_host(facts.name, host) for (_, facts), host in members)
            batch = Batch(numbers[0], names, group)
        accepted = tuple(
            Operation(
                number=number,
                name=facts.name,
                host=facts.host,
                who=facts.who,
                plan=plan,
                phase=Phase.WAITING,
                started=time.time(),
                batch=batch,
                where=host,
            )
            for number, (plan, facts), host in zip(numbers, parts, hosts, strict=True)
        )
        self.all.update((operation.number, operation) for operation in accepted)
        for operation in accepted:
            self._on_change(operation)
        return accepted

    async def _note_batch(self, operation: Operation) -> None:
        """Write what belongs together; where that cannot be, the first change is not made."""
        if (batch := operation.batch) is not None:
            await self._writing.call(lambda: self._journal.begin_batch(batch))

    async def _run_all(self, parts: Sequence[tuple[Operation, AnyFacts]]) -> None:
        await self._note_batch(parts[0][0])
        for operation, facts in parts:
            await self._run(operation, facts)

    async def _run_at_once(
        self, parts: Sequence[tuple[Operation, AnyFacts]], meeting: Meeting
    ) -> None:
        await self._note_batch(parts[0][0])
        for operation, facts in parts:
            self._begin(self._run(operation, facts, meeting))

    async def _run(
        self, operation: Operation, facts: AnyFacts, meeting: Meeting | None = None
    ) -> None:
        expected = facts
        try:
            if not operation.plan.possible:
                from snaptui.plan.refusal import words_of

                raise Stop(f"It was refused: {words_of(operation.plan.refusals)}")
            operation = await self._prepare(operation, facts)
            for step in operation.plan.steps:
                if meeting is not None:
                    step = await self._meet(meeting, operation, step, expected)
                operation, expected, off = await self._taking(operation, step, expected).take()
                self._set(operation)
                if meeting is not None and step.kind is StepKind.CREATE:
                    meeting.took(operation.number, operation.began[-1], operation.finished[-1])
                if off:
                    operation = replace(operation, meanwhile=off)
                    _stop_if_there_is_more(operation, step)
        except Exception as error:  # a fault of ours too must leave nothing frozen or renamed
            stop = error if isinstance(error, Stop) else _fault(error)
            over = replace(self.all[operation.number], meanwhile=operation.meanwhile)
            over = replace(over.stopped(stop), ended=time.time())
            await self._thaw(over)
            over = await self._name_again(over)
        else:
            over = replace(operation, phase=Phase.DONE, ended=time.time())
        if meeting is not None:
            await meeting.leave(operation.number)
        await self._writing.call(lambda: self._journal.end(over.record))
        self._set(over)

    async def _thaw(self, operation: Operation) -> None:
        """Thaw what a plan froze and went no further."""
        key, steps, done = operation.plan.intent.key, operation.plan.steps, operation.done
        perhaps = done + (operation.became is Became.UNKNOWN)
        frozen = any(step.kind is StepKind.FREEZE for step in steps[:perhaps])
        thaws = any(step.kind is StepKind.THAW for step in steps[done:])
        if frozen and thaws and isinstance(key, DomainKey):
            at = self._reached(key.host)
            with contextlib.suppress(SnaptuiError):  # it is not frozen any more, or the guard thaws
                await at.worker.changes.call(lambda: at.backend.thaw(key), key=key)

    async def _name_again(self, operation: Operation) -> Operation:
        """Give an image that was set aside and is not removed its name again."""
        from snaptui.plan.steps.image import SetAside

        last = operation.plan.steps[operation.done - 1] if operation.done else None
        if not isinstance(last, SetAside):
            return operation
        key = operation.plan.intent.key
        at = self._reached(key.host)
        try:
            await at.worker.changes.call(
                lambda: at.backend.set_aside(last.aside, last.path, last.file), key=key
            )
            words = f"{last.path} has its own name again."
        except SnaptuiError as error:
            words = f"It is now called {last.aside} and could not be renamed: {error.message}"
        return replace(operation, hint=f"{operation.hint} {words}".strip())

    async def _meet(
        self, meeting: Meeting, operation: Operation, step: Step, expected: AnyFacts
    ) -> Step:
        """Wait for the others of a group where that must be; returns the step as it is now."""
        from snaptui.operations.barrier import Place, places
        from snaptui.plan.facts import Facts
        from snaptui.plan.steps.group import NoteGroup

        for place in places(operation.plan, operation.done):
            if place is Place.READY:
                await self._taking(operation, step, expected).check()
            self._set(replace(operation, phase=Phase.WAITING))
            absent = await meeting.come(operation.number, place)
            if absent and place.all_or_none:
                others = ", ".join(self.all[number].called for number in absent)
                words = f"Cancelled: the group is all-or-nothing. Not ready: {others}."
                raise Stop(words, _NOT_ALL, because_of=absent)
        if not isinstance(step, NoteGroup):
            return step
        assert isinstance(expected, Facts)
        taken = tuple(self.all[number].name for number in meeting.taken)
        noted = step.noted(expected, meeting.spread, taken)
        if noted is None:
            raise Stop(expected.absent(step.name).fact, "Its description does not say the spread.")
        return noted

    async def _prepare(self, operation: Operation, facts: AnyFacts) -> Operation:
        """Save the XML of a domain and write the journal; nothing is changed without them.

        But for deletes that were confirmed without: they are what makes room on a full disk.
        """
        from snaptui.plan.facts import Facts

        key = operation.plan.intent.key
        at = self._reached(key.host)

        def prepare() -> Operation:
            prepared = operation
            try:
                if isinstance(facts, Facts) and isinstance(key, DomainKey):
                    made = self._copies.save(at.backend, key, facts.snapshots)
                    prepared = replace(operation, copies=str(made))
            except OSError as error:
                if not facts.unrecorded:
                    raise Stop(f"The XML could not be saved: {error.strerror or error}") from error
            if not self._journal.begin(prepared.record) and not facts.unrecorded:
                raise Stop(f"The journal could not be written: {self._journal.problem}")
            return prepared

        try:
            return await at.worker.changes.call(prepare, key=key)
        except Stop:
            raise
        except SnaptuiError as error:
            raise Stop(error.message, error.hint or AGAIN) from error

    def _taking(self, operation: Operation, step: Step, expected: AnyFacts) -> Taking:
        from snaptui.operations.step_runner import Taking, Tools

        copying = self._copying(operation.number)
        at = self._reached(operation.plan.intent.key.host)
        tools = Tools(
            at.backend, at.worker, at.others, self._journal, self._writing, copying, self._set
        )
        return Taking(tools, operation, step, expected)

    def _copying(self, number: int) -> Copying:
        return self._copies_under_way.setdefault(number, Copying())

    def _set(self, operation: Operation) -> None:
        known = self.all.get(operation.number)
        if known is not None and (known.phase.over or operation.done < known.done):
            return
        self.all[operation.number] = operation
        self._on_change(operation)


_NOT_ALL = "Check what failed, start what was powered off, and press the key again."


def _fault(error: Exception) -> Stop:
    """Tell a fault of our own; what the step under way has done is not known."""
    asyncio.get_running_loop().call_exception_handler({"exception": error})
    words = f"A fault of snaptui: {type(error).__name__}."
    return Stop(words, LOOK, became=Became.UNKNOWN)


def _stop_if_there_is_more(operation: Operation, step: Step) -> None:
    """What others changed during a step ends the plan, unless that was the last one."""
    if operation.step is not None:
        changed = "; ".join(map(str, operation.meanwhile))
        raise Stop(f"{step.words} is done, but meanwhile {changed}")


def _group_of(plan: Plan, facts: AnyFacts) -> str:
    """The ID of the group of snapshots that a plan is part of."""
    from snaptui.model.group_mark import group_of
    from snaptui.plan.facts import Facts
    from snaptui.plan.plan import CreateIntent, RevertIntent

    group, intent = None, plan.intent
    if isinstance(intent, CreateIntent):
        group = intent.group
    elif isinstance(intent, RevertIntent) and isinstance(facts, Facts):
        snapshot = facts.snapshots.get(intent.name)
        group = group_of(snapshot) if snapshot is not None else None
    return group.id if group is not None else ""
