"""All operations: what was confirmed is accepted, run in turn or together, and cancelled here.

The plans, what reads the facts for them, and what carries them out are loaded when they are
needed first: that takes a twentieth of each start.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snaptui.common.ahead import Tell, nobody
from snaptui.common.worker import start
from snaptui.model.domain import Key
from snaptui.model.host import Host
from snaptui.model.operation_record import Batch, StepKind
from snaptui.operations.operation import NO_COPY, Copying, Operation, Phase, on_host
from snaptui.operations.reached import Reached
from snaptui.operations.records import Records

if TYPE_CHECKING:
    from snaptui.operations.barrier import Meeting
    from snaptui.plan.plan import Intent, Plan
    from snaptui.plan.planner import AnyFacts

GIVE_UP = 1.0
"""Seconds for which the end waits for copies that are given up then."""


class Operations:
    """Runs plans, one at a time for each domain or image, and keeps what became of them.

    Args:
        reached: gives what the host of a URI is reached with; all keys name theirs.
        state: directory of the journal and of the copies of the XML.
        on_change: called on the loop with each new state of an operation.
        signs: snapshots that are taken name in their description who took them.

    Attributes:
        records: what is written of them, and what earlier processes wrote.
        all: by their numbers, as they are now.
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
        self.records = Records(state, reached)
        self._on_change = on_change
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
        from snaptui.discovery.readings import signature
        from snaptui.plan.facts import Facts

        await self.records.writing.call(self.records.journal.open)
        at = self._reached(intent.key.host)
        at.worker.changes.call(at.backend.expect_changes)  # it is there when it is confirmed

        def read() -> AnyFacts:
            found = read_facts(at.backend, host, intent, tell=tell)
            return with_elsewhere(at.backend, found, at.others)

        facts = await at.worker.reads.call(read, key=intent.key)
        if self._signs and isinstance(facts, Facts):
            facts = replace(facts, author=signature())
        return replace(facts, unrecorded=self.records.journal.problem)

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
                self.records.journal.end(over.record)
        self.records.journal.close()

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
        """Start confirmed plans at the same time, as one group.

        What fails stops no other, unless all are taken or none.
        """
        from snaptui.operations.barrier import Meeting
        from snaptui.plan.create.group import all_or_none

        whole = all_or_none([plan.intent for plan, _ in parts])
        accepted = self._accept(parts, group=_group_of(*parts[0]), whole=whole)
        meeting = Meeting([operation.number for operation in accepted], whole=whole)
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
        self, parts: Sequence[tuple[Plan, AnyFacts]], *, group: str = "", whole: bool = False
    ) -> tuple[Operation, ...]:
        numbers = list(itertools.islice(self._numbers, len(parts)))
        hosts = [self._reached(plan.intent.key.host).name for plan, _ in parts]
        batch: Batch | None = None
        if len(parts) > 1:
            members = zip(parts, hosts, strict=True)
            names = tuple(on_host(facts.name, host) for (_, facts), host in members)
            batch = Batch(numbers[0], names, group, whole)
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
            await self.records.writing.call(lambda: self.records.journal.begin_batch(batch))

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
        from snaptui.operations.execution import Execution

        copying = self._copying(operation.number)
        await Execution(
            self.all, self._set, self._reached, self.records, copying, meeting, self._take_back
        ).carry_out(operation, facts)

    async def _take_back(self, operation: Operation) -> Operation:
        from snaptui.operations.taking_back import take_back

        return await take_back(
            operation, self._reached(operation.plan.intent.key.host), self._set, self._run_inside
        )

    async def _run_inside(self, plan: Plan, facts: AnyFacts) -> Operation:
        """Carry out what another operation of the same domain has led to; returns its end."""
        (inner,) = self._accept(((plan, facts),))
        await self._run(inner, facts)
        return self.all[inner.number]

    def _copying(self, number: int) -> Copying:
        return self._copies_under_way.setdefault(number, Copying())

    def _set(self, operation: Operation) -> None:
        known = self.all.get(operation.number)
        if known is not None and (known.phase.over or operation.done < known.done):
            return
        self.all[operation.number] = operation
        self._on_change(operation)


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
