"""Deleting again what was taken of a group that is all or none, and of which one was not taken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from snaptui.common.errors import NotFound, SnaptuiError
from snaptui.discovery.domain_facts import read_facts
from snaptui.discovery.elsewhere import with_elsewhere
from snaptui.model.group_mark import group_of
from snaptui.model.operation_record import StepKind
from snaptui.operations.operation import ASK_AGAIN, Operation, Phase
from snaptui.operations.reached import Reached
from snaptui.plan.facts import Facts
from snaptui.plan.plan import CreateIntent, DeleteIntent, Plan
from snaptui.plan.planner import AnyFacts, make_plan
from snaptui.plan.refusal import words_of

ATTEMPTS = 3
"""Deletes that are begun while the domain changes between check and call."""

Run = Callable[[Plan, AnyFacts], Awaitable[Operation]]
"""Carries out a plan, and returns the operation when it is over."""


async def take_back(
    operation: Operation, at: Reached, tell: Callable[[Operation], None], run: Run
) -> Operation:
    """Delete the snapshot that an operation took; waits until its host can be asked.

    It is an operation of its own, planned from what is there then: a refusal stops it. What could
    not be checked does not: the snapshot is seconds old, and the group was confirmed with this.

    Args:
        operation: stopped, and not told so yet.
        tell: is told of it while its host does not answer.

    Returns:
        The operation as it ends: with what became of its snapshot.
    """
    intent = operation.plan.intent
    assert isinstance(intent, CreateIntent)
    assert intent.group is not None
    name = next(one.subject for one in operation.plan.steps if one.kind is StepKind.CREATE)
    delete, attempts = DeleteIntent(intent.key, name), 0
    while True:
        try:
            facts = await _read(at, operation, delete)
        except NotFound:
            return _ended(operation, f"The domain is gone, and {name} with it.", undone=True)
        except SnaptuiError as error:
            tell(replace(operation, phase=Phase.ASKING, error=error.message, ended=None))
            await asyncio.sleep(ASK_AGAIN)
            continue
        if name not in facts.names:
            return _ended(operation, f"{name} is gone already.", undone=True)
        snapshot = facts.snapshots.get(name)
        group = group_of(snapshot) if snapshot is not None else None
        if group is None or group.id != intent.group.id:
            return _stays(operation, name, "it does not have the mark of the group any more")
        plan = make_plan(delete, facts)
        if not plan.possible:
            return _stays(operation, name, words_of(plan.refusals))
        ended = await run(plan, facts)
        if ended.phase is Phase.DONE:
            return _ended(operation, f"{name} was deleted again.", undone=True)
        attempts += 1
        if ended.sent or attempts == ATTEMPTS:
            return _stays(operation, name, ended.error)


async def _read(at: Reached, operation: Operation, delete: DeleteIntent) -> Facts:
    host = at.backend.host or operation.host

    def read() -> Facts:
        facts = with_elsewhere(
            at.backend, read_facts(at.backend, host, delete, ask_agent=False), at.others
        )
        assert isinstance(facts, Facts)
        return facts

    return await at.worker.reads.call(read, key=delete.key)


def _stays(operation: Operation, name: str, why: str) -> Operation:
    return _ended(operation, f"{name} is there still: {why.rstrip('.')}. Delete it.")


def _ended(operation: Operation, said: str, *, undone: bool = False) -> Operation:
    return replace(operation, hint=said, way=said, undone=undone, ended=time.time())
