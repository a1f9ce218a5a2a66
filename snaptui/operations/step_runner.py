"""Taking one step of an operation: check that nothing changed, call, follow, read back."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from snaptui.backend.protocol.backend import Backend
from snaptui.common.errors import Cancelled, Disconnected, NotFound, SnaptuiError
from snaptui.common.worker import Lane, Priority, Worker, from_threads, start
from snaptui.discovery.disk_state import Part, parts, reverted_words
from snaptui.discovery.domain_facts import read_facts
from snaptui.discovery.elsewhere import OtherHost, with_elsewhere
from snaptui.model.domain import Amount, DomainKey
from snaptui.model.operation_record import Became, StepKind
from snaptui.operations.effects import REFUSED, became, gone_inside
from snaptui.operations.journal import Journal
from snaptui.operations.operation import AGAIN, ASK_AGAIN, NO_COPY, Copying, Operation, Phase, Stop
from snaptui.operations.step_calls import (
    Job,
    differences,
    expected_after,
    in_the_way,
    no_room,
    perform,
    what_is_full,
)
from snaptui.plan.change import Difference, seen, sentence
from snaptui.plan.checks import pivoted
from snaptui.plan.checks.domain_checks import MERGED_IN_PART, left_job, left_merge
from snaptui.plan.facts import Facts
from snaptui.plan.plan import Step
from snaptui.plan.planner import AnyFacts
from snaptui.plan.refusal import words_of

ONLY_RECORD = "Delete its metadata only."
"""What to do about a delete of which half was done."""
TELL = 0.25
"""Seconds between two tellings of how far a step is."""
ASK_JOB = 0.5
"""Seconds between two questions how far libvirt is."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What all steps of an operation are taken with.

    Attributes:
        writing: where the journal is written.
        others: hosts that may have the same guest.
        copying: of the operation.
        tell: called on the loop with each new state of the operation.
    """

    backend: Backend
    worker: Worker
    others: tuple[OtherHost, ...]
    journal: Journal
    writing: Lane
    copying: Copying
    tell: Callable[[Operation], None]


class Taking:
    """One step of an operation, on its way.

    Args:
        expected: the facts that the plan is true for, at this step.
    """

    def __init__(self, tools: Tools, operation: Operation, step: Step, expected: AnyFacts) -> None:
        self._backend = tools.backend
        self._worker = tools.worker
        self._others = tools.others
        self._journal = tools.journal
        self._writing = tools.writing
        self._copying = tools.copying
        self._tell = tools.tell
        self._say_so = from_threads(tools.tell)
        self._operation = operation
        self._step = step
        self._expected = expected
        self._key = operation.plan.intent.key
        self._before = expected
        self._began = time.time()
        self._parts: dict[str, Part] = {}
        self._parts_before: dict[str, Part] = {}
        self._sent = self._given_up = False
        self._told = 0.0

    async def check(self) -> None:
        """Only look whether the step can still be taken.

        Raises:
            Stop: it cannot.
        """
        try:
            found = await self._worker.changes.call(self._read, key=self._key)
        except SnaptuiError as error:
            raise Stop(error.message, error.hint or AGAIN) from error
        self._stop_if_not_possible(found)

    async def take(self) -> tuple[Operation, AnyFacts, tuple[Difference, ...]]:
        """Take it, in the queue of what it is about.

        Returns:
            The operation with one more step done, what is true afterwards, and what of that is
            otherwise than the step leaves it: others changed it meanwhile.

        Raises:
            Stop: it was not done, or not as the plan has it.
        """
        job = Job.of(self._backend, self._key, self._step)
        following = start(self._follow(job)) if job is not None else None
        try:
            error = await self._worker.changes.call(self._call, key=self._key)
        except SnaptuiError as failed:
            self._given_up = True
            if not self._sent:
                raise Stop(failed.message, failed.hint or AGAIN) from failed
            error = failed
        finally:
            if following is not None:
                following.cancel()
        found = await self._look(error)
        self._judge(error, found)
        number, index = self._operation.number, self._operation.done
        await self._writing.call(lambda: self._journal.step_ended(number, index))
        done = replace(
            self._operation,
            done=index + 1,
            phase=Phase.CHECKING,
            began=(*self._operation.began, self._began),
            finished=(*self._operation.finished, time.time()),
        )
        off = differences(expected_after(self._step, self._before), found)
        return done, found, off

    def _call(self) -> SnaptuiError | None:
        """Check and call, on a thread of the worker; returns what the call said."""
        self._began = time.time()
        self._say(Phase.CHECKING)
        link = self._backend.link
        self._before = self._read()
        self._stop_if_not_possible(self._before)
        self._parts_before = self._disk_parts(self._before)
        self._say(Phase.RUNNING)
        number = self._operation.number
        if not self._journal.step_began(number, self._operation.done) and self._journal.has(number):
            raise Stop(f"The journal could not be written: {self._journal.problem}")
        # in this order: either the call is not made, or take() knows that it was
        self._sent = True
        if self._given_up:
            raise Disconnected("The connection was lost before the change was asked for.")
        try:
            self._copying.idle.clear()
            self._copying.go_on("")
            with self._backend.over(link):
                perform(self._backend, self._key, self._step, self._progress)
        except SnaptuiError as error:
            return error
        finally:
            self._copying.idle.set()
        return None

    def _read(self) -> AnyFacts:
        intent = self._operation.plan.intent
        host = self._backend.host or self._expected.host
        facts = read_facts(self._backend, host, intent, ask_agent=False)
        return with_elsewhere(self._backend, facts, self._others)

    def _read_after(self) -> AnyFacts:
        """The facts after the call; those of the disks are kept."""
        facts = self._read()
        self._parts = self._disk_parts(facts)
        return facts

    def _disk_parts(self, facts: AnyFacts) -> dict[str, Part]:
        """Which disks of a domain that is off are as the target of a revert has them."""
        if self._step.kind is not StepKind.REVERT or not isinstance(facts, Facts):
            return {}
        status, heads = facts.status, facts.images
        active = status.domain.state.active
        return {} if active else parts(self._backend, status.config, self._step.subject, heads)

    def _stop_if_not_possible(self, found: AnyFacts) -> None:
        changed = in_the_way(self._step, self._expected, found)
        if wrong := changed + no_room(self._step, found):
            raise Stop(sentence(wrong))

    def _say(self, phase: Phase, share: float | None = None, amount: Amount | None = None) -> None:
        at = (*self._operation.began, self._began)
        now = replace(self._operation, phase=phase, began=at, share=share, amount=amount)
        self._say_so(now)

    def _progress(self, share: float) -> None:
        self._copying.go_on(NO_COPY if self._operation.is_copy else "")
        if (moment := time.monotonic()) - self._told >= TELL:
            self._told = moment
            self._say(Phase.RUNNING, share)

    async def _follow(self, job: Job) -> None:
        while True:
            await asyncio.sleep(ASK_JOB)
            if self._copying.idle.is_set():
                continue
            with contextlib.suppress(SnaptuiError):
                amount = await self._worker.reads.call(
                    lambda: job.look(unwanted=self._copying.unwanted.is_set()),
                    key=self._key,
                    priority=Priority.VISIBLE,
                )
                if amount is not None:
                    self._say(Phase.RUNNING, amount.done / amount.total, amount)

    async def _look(self, error: SnaptuiError | None) -> AnyFacts:
        """Read the facts after a change, however long the host takes to come back.

        When the connection was lost meanwhile, the change may still be under way there: it
        is as long as a job holds the domain, a process has its images open, or two looks at it
        differ.
        """
        words = error.message if error is not None else ""
        before: AnyFacts | None = None
        while True:
            try:
                facts = await self._worker.reads.call(self._read_after, priority=Priority.VISIBLE)
            except NotFound as gone:
                message = words or gone.message
                raise Stop(message, "The domain is gone.", became=Became.GONE, sent=True) from gone
            except SnaptuiError:
                before = None
            else:
                if not isinstance(error, Disconnected):
                    return facts
                if before is not None and not facts.busy and not differences(before, facts):
                    return facts
                before = facts
            began = (*self._operation.began, self._began)
            asking = replace(self._operation, phase=Phase.ASKING, error=words, began=began)
            self._tell(asking)
            await asyncio.sleep(ASK_AGAIN)

    def _judge(self, error: SnaptuiError | None, found: AnyFacts) -> None:
        """Stop unless the step was done, going by what is there now."""
        what = became(self._step, self._before, found, error, inside=self._parts.values())
        if what is Became.DONE:
            return
        if error is None:
            off = differences(expected_after(self._step, self._before), found)
            who = "libvirt" if isinstance(self._key, DomainKey) else "qemu-img"
            raise Stop(
                f"{who} reported success, but {sentence(off)}",
                f"Check {self._operation.name} before you go on.",
                became=what,
                sent=True,
            )
        left = self._left(found) if what is Became.NOT_DONE else ""
        if left:
            what = Became.IN_PART
        elif what is Became.NOT_DONE and self._step.merges and not isinstance(error, REFUSED):
            what = Became.PERHAPS
        wished = isinstance(error, Cancelled) or self._copying.unwanted.is_set()
        way = self._left_merge(found) or what_is_full(found) or error.hint
        said = self._said(what, error)
        if isinstance(found, Facts) and (let_go := pivoted.refusals(found)):
            said, way = "", words_of(let_go)
        raise Stop(
            error.message,
            " ".join(words for words in (left, said, way) if words),
            Phase.CANCELLED if wished else Phase.FAILED,
            became=what,
            sent=True,
        )

    def _left(self, found: AnyFacts) -> str:
        """What is otherwise than before a step that was not done; empty when nothing is."""
        if gone_inside(self._step, self._before, found):
            return f"Half done: its data is deleted, its metadata is left. {ONLY_RECORD}"
        words = sentence(seen(in_the_way(self._step, self._before, found)))
        if self._parts != self._parts_before:
            reverted = reverted_words(self._parts, self._step.subject)
            words = "; ".join(one for one in (words, reverted) if one)
        return f"Since then {words}." if words else ""

    def _said(self, what: Became, error: SnaptuiError) -> str:
        """What is to be known of a step of which more or less than nothing was done."""
        subject = self._step.subject
        if what is Became.PERHAPS:
            return MERGED_IN_PART
        if what is Became.UNKNOWN:
            evidence = f"{subject} was the current snapshot before, too" if subject else "no answer"
            return f"Cannot determine whether it was done: {evidence}."
        if what is Became.BY_OTHERS:
            sure = isinstance(error, REFUSED)
            perhaps = "" if sure else ", or it was done before it failed"
            return f"Someone else did it meanwhile{perhaps}: {self._by_others(subject)}"
        return ""

    def _by_others(self, subject: str) -> str:
        if self._step.kind in (StepKind.DELETE, StepKind.REMOVE):
            return f"{subject} is gone."
        if self._step.kind in (StepKind.CREATE, StepKind.EXTRACT):
            return f"{subject} is there."
        return "all is as it should be after it."

    def _left_merge(self, found: AnyFacts) -> str:
        """What to do when a merge was left to itself: of a domain that is off, or by us."""
        if not isinstance(found, Facts) or not isinstance(self._before, Facts):
            return ""
        was, now = self._before.status, found.status
        if self._step.kind is StepKind.MERGE and now.block_jobs:
            return left_job(found.name, now.domain.key.uuid, now.block_jobs)
        if not now.block_jobs or was.domain.state.active or not now.domain.state.active:
            return ""
        return f"This is no guest: {left_merge(found.name, now.domain.key.uuid)}"
