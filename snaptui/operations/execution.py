"""Carrying out one confirmed plan: its steps in turn, and what is put right when it stops."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from snaptui.common.errors import SnaptuiError
from snaptui.model.domain import DomainKey
from snaptui.model.operation_record import Became, StepKind
from snaptui.operations import barrier
from snaptui.operations.barrier import Meeting, Place, places
from snaptui.operations.operation import AGAIN, LOOK, Copying, Operation, Phase, Stop
from snaptui.operations.reached import Reached
from snaptui.operations.records import Records
from snaptui.operations.step_runner import Taking, Tools
from snaptui.plan.facts import Facts
from snaptui.plan.plan import Step
from snaptui.plan.planner import AnyFacts
from snaptui.plan.refusal import words_of
from snaptui.plan.steps.group import NoteGroup
from snaptui.plan.steps.image import SetAside

TakeBack = Callable[[Operation], Awaitable[Operation]]
"""Deletes the snapshot again that an operation has taken; returns how the operation ends then."""


class Execution:
    """Carries out one operation.

    Args:
        every: all operations by their numbers, as they were told last.
        tell: called on the loop with each new state of the operation.
        reached: gives what the host of a URI is reached with.
        records: where it is written before it changes anything.
        copying: of the operation.
        meeting: with the others of its group, where it is part of one.
        take_back: gives up what was taken of a group of which another could not be taken.
    """

    def __init__(
        self,
        every: Mapping[int, Operation],
        tell: Callable[[Operation], None],
        reached: Callable[[str], Reached],
        records: Records,
        copying: Copying,
        meeting: Meeting | None,
        take_back: TakeBack,
    ) -> None:
        self._every = every
        self._tell = tell
        self._reached = reached
        self._records = records
        self._copying = copying
        self._meeting = meeting
        self._take_back = take_back

    async def carry_out(self, operation: Operation, facts: AnyFacts) -> None:
        """Take all steps of a plan; ``facts`` are those that it was confirmed with.

        What goes wrong is told as the end of the operation.
        """
        meeting, expected = self._meeting, facts
        try:
            if not operation.plan.possible:
                raise Stop(f"It was refused: {words_of(operation.plan.refusals)}")
            operation = await self._prepare(operation, facts)
            for step in operation.plan.steps:
                if meeting is not None:
                    step = await self._meet(meeting, operation, step, expected)
                operation, expected, off = await self._taking(operation, step, expected).take()
                self._tell(operation)
                if meeting is not None and step.kind is StepKind.CREATE:
                    meeting.took(operation.number, operation.began[-1], operation.finished[-1])
                if off:
                    operation = replace(operation, meanwhile=off)
                    _stop_if_there_is_more(operation, step)
        except Exception as error:  # a fault of ours too must leave nothing frozen or renamed
            stop = error if isinstance(error, Stop) else _fault(error)
            over = replace(self._every[operation.number], meanwhile=operation.meanwhile)
            over = replace(over.stopped(stop), ended=time.time())
            await self._thaw(over)
            over = await self._name_again(over)
        else:
            over = replace(operation, phase=Phase.DONE, ended=time.time())
        if meeting is not None:
            await meeting.leave(operation.number)
            if meeting.whole and over.has_taken and not meeting.through(operation.number):
                over = await self._take_back(over)
        await self._records.writing.call(lambda: self._records.journal.end(over.record))
        self._tell(over)

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
        from snaptui.plan.facts import Facts

        for place in places(operation.plan, operation.done, whole=meeting.whole):
            if place is Place.READY:
                await self._taking(operation, step, expected).check()
            self._tell(replace(operation, phase=Phase.WAITING))
            absent = await meeting.come(operation.number, place)
            if absent and meeting.binds(place):
                raise self._given_up(meeting, operation.number, place, absent)
        if not isinstance(step, NoteGroup):
            return step
        assert isinstance(expected, Facts)
        taken = tuple(self._every[number].name for number in meeting.taken)
        noted = step.noted(expected, meeting.spread, taken)
        if noted is None:
            raise Stop(expected.absent(step.name).fact, "Its description does not say the spread.")
        return noted

    def _given_up(
        self, meeting: Meeting, number: int, place: Place, absent: tuple[int, ...]
    ) -> Stop:
        """Why one of a group goes no further, though nothing is wrong with it."""
        if meeting.lost(number):
            words = f"Its host did not answer for {barrier.LOST:.0f} s."
            return Stop(f"Cancelled: the group is all-or-nothing. {words}")
        others = ", ".join(self._every[one].called for one in absent)
        if place is Place.OVER:
            words = f"Cancelled: the group is all-or-nothing. Not taken: {others}."
            return Stop(words, because_of=absent)
        words = f"Cancelled: the group is all-or-nothing. Not ready: {others}."
        return Stop(words, _NOT_ALL, because_of=absent)

    async def _prepare(self, operation: Operation, facts: AnyFacts) -> Operation:
        """Save the XML of a domain and write the journal; nothing is changed without them.

        But for deletes that were confirmed without: they are what makes room on a full disk.
        """
        key = operation.plan.intent.key
        at = self._reached(key.host)

        def prepare() -> Operation:
            prepared = operation
            try:
                if isinstance(facts, Facts) and isinstance(key, DomainKey):
                    made = self._records.copies.save(at.backend, key, facts.snapshots)
                    prepared = replace(operation, copies=str(made))
            except OSError as error:
                if not facts.unrecorded:
                    raise Stop(f"The XML could not be saved: {error.strerror or error}") from error
            if not self._records.journal.begin(prepared.record) and not facts.unrecorded:
                raise Stop(f"The journal could not be written: {self._records.journal.problem}")
            return prepared

        try:
            return await at.worker.changes.call(prepare, key=key)
        except Stop:
            raise
        except SnaptuiError as error:
            raise Stop(error.message, error.hint or AGAIN) from error

    def _taking(self, operation: Operation, step: Step, expected: AnyFacts) -> Taking:
        at, meeting = self._reached(operation.plan.intent.key.host), self._meeting

        def tell(now: Operation) -> None:
            if meeting is not None and now.phase is Phase.ASKING:
                meeting.silent(now.number)
            self._tell(now)

        tools = Tools(
            at.backend,
            at.worker,
            at.others,
            self._records.journal,
            self._records.writing,
            self._copying,
            tell,
        )
        return Taking(tools, operation, step, expected)


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
