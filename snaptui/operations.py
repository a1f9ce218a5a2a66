"""Running confirmed plans, step by step."""

from __future__ import annotations

import asyncio
import enum
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from snaptui.backend.protocol import Backend
from snaptui.errors import Disconnected, NotFound, SnaptuiError
from snaptui.model import DomainKey, Host
from snaptui.plan.facts import Facts, differences
from snaptui.plan.plan import Intent, Plan
from snaptui.plan.steps import CreateSnapshot, RevertTo, Step
from snaptui.preflight import read_facts
from snaptui.worker import Priority, Worker, start

ASK_AGAIN = 2.0
"""Seconds between two looks at a host that did not say how a change ended."""


class Phase(enum.Enum):
    """How far an operation is; the value is the word shown."""

    WAITING = "waiting"
    CHECKING = "checking"
    RUNNING = "running"
    ASKING = "unknown, asking the host"
    DONE = "done"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self in (Phase.DONE, Phase.FAILED)


@dataclass(frozen=True, slots=True)
class Operation:
    """A plan that was confirmed, and what has become of it.

    Attributes:
        domain: the domain's name when it was confirmed.
        done: steps that are known to have worked.
        started: when it was confirmed, seconds since the epoch.
        ended: when it was over; ``None`` before.
        error: libvirt's full text, or what had changed; empty while all is well.
        hint: what to do next; may be empty.
    """

    number: int
    domain: str
    plan: Plan
    phase: Phase
    started: float
    done: int = 0
    ended: float | None = None
    error: str = ""
    hint: str = ""

    @property
    def step(self) -> Step | None:
        """The step that runs now or comes next."""
        return self.plan.steps[self.done] if self.done < len(self.plan.steps) else None


class Operations:
    """Runs plans, one at a time for each domain, and keeps what became of them.

    Args:
        on_change: called on the loop with each new state of an operation.
    """

    def __init__(
        self, backend: Backend, worker: Worker, *, on_change: Callable[[Operation], None]
    ) -> None:
        self._backend = backend
        self._worker = worker
        self._on_change = on_change
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self.all: dict[int, Operation] = {}

    def running(self, key: DomainKey) -> Operation | None:
        """The operation under way on a domain, if there is one."""
        for operation in self.all.values():
            if operation.plan.intent.key == key and not operation.phase.over:
                return operation
        return None

    @property
    def unfinished(self) -> tuple[Operation, ...]:
        """All operations that are not over."""
        return tuple(o for o in self.all.values() if not o.phase.over)

    async def facts(self, host: Host, intent: Intent) -> Facts:
        """Read the facts for a dialog."""
        return await self._worker.reads.call(
            lambda: read_facts(self._backend, host, intent), key=intent.key
        )

    def run(self, plan: Plan, facts: Facts) -> Operation:
        """Start a confirmed plan; ``facts`` are those it was made of and shown with."""
        operation = Operation(
            number=next(self._numbers),
            domain=facts.status.domain.name,
            plan=plan,
            phase=Phase.WAITING,
            started=time.time(),
        )
        self._set(operation)
        task = start(self._run(operation, facts))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return operation

    async def _run(self, operation: Operation, facts: Facts) -> None:
        expected = facts
        for step in operation.plan.steps:
            try:
                operation, expected = await self._step(operation, step, expected)
            except _Stop as stop:
                self._finish(operation, stop)
                return
        self._set(replace(operation, phase=Phase.DONE, ended=time.time()))

    async def _step(
        self, operation: Operation, step: Step, expected: Facts
    ) -> tuple[Operation, Facts]:
        """Check that nothing changed, call, and read back; in the domain's queue."""
        loop = asyncio.get_running_loop()
        host, intent = expected.host, operation.plan.intent
        before = expected
        sent = given_up = False

        def say(phase: Phase) -> None:
            loop.call_soon_threadsafe(self._set, replace(operation, phase=phase))

        def run() -> SnaptuiError | None:
            nonlocal before, sent
            say(Phase.CHECKING)
            before = read_facts(self._backend, host, intent)
            if changed := differences(expected, before):
                raise _Stop(_sentence(changed), _NOTHING_DONE)
            say(Phase.RUNNING)
            # in this order: either the call is not made, or the loop below knows that it was
            sent = True
            if given_up:
                raise Disconnected("The connection was lost before the change was asked for.")
            try:
                _call(self._backend, intent.key, step)
            except SnaptuiError as error:
                return error
            return None

        try:
            error = await self._worker.changes.call(run, key=intent.key)
        except SnaptuiError as failed:
            given_up = True
            if not sent:
                raise _Stop(failed.message, failed.hint or _NOTHING_DONE) from failed
            error = failed
        after = await self._look(operation, host, error)
        wanted = step.expected(before)
        off = differences(wanted, after)
        if error is None and not off:
            pass
        elif error is None:
            raise _Stop(
                f"libvirt reported success, but {_sentence(off)}",
                "Look at the domain before going on.",
            )
        elif off:
            left = differences(before, after)
            state = f"Since then {_sentence(left)}." if left else "Nothing was changed."
            raise _Stop(error.message, f"{state} {error.hint}".strip())
        return replace(operation, done=operation.done + 1, phase=Phase.CHECKING), after

    async def _look(self, operation: Operation, host: Host, error: SnaptuiError | None) -> Facts:
        """Read the facts after a change, however long the host takes to come back.

        When the connection was lost meanwhile, the change may still be under way there: it
        is as long as a job holds the domain.
        """
        while True:
            try:
                facts = await self._worker.reads.call(
                    lambda: read_facts(self._backend, host, operation.plan.intent),
                    priority=Priority.VISIBLE,
                )
            except NotFound as gone:
                raise _Stop(
                    error.message if error else gone.message, "The domain is gone."
                ) from gone
            except SnaptuiError:
                pass
            else:
                if not (isinstance(error, Disconnected) and facts.status.busy):
                    return facts
            self._set(replace(operation, phase=Phase.ASKING, error=error.message if error else ""))
            await asyncio.sleep(ASK_AGAIN)

    def _finish(self, operation: Operation, stop: _Stop) -> None:
        hint = stop.hint
        if operation.done:
            steps = operation.plan.steps
            did = ", ".join(step.words for step in steps[: operation.done])
            left = ", ".join(step.words for step in steps[operation.done :])
            hint = f"Done before: {did}. Not done: {left}. {hint}"
        self._set(
            replace(operation, phase=Phase.FAILED, ended=time.time(), error=stop.message, hint=hint)
        )

    def _set(self, operation: Operation) -> None:
        known = self.all.get(operation.number)
        if known is not None and (known.phase.over or operation.done < known.done):
            return
        self.all[operation.number] = operation
        self._on_change(operation)


class _Stop(SnaptuiError):
    """A plan goes no further; the message says why, the hint what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint=hint)


_NOTHING_DONE = "Nothing was done. Press the key again for a plan from what is there now."


def _call(backend: Backend, key: DomainKey, step: Step) -> None:
    if isinstance(step, CreateSnapshot):
        backend.create_snapshot(key, step.name, step.description)
    elif isinstance(step, RevertTo):
        backend.revert(key, step.snapshot.name, step.state)
    else:
        backend.delete_snapshot(key, step.snapshot.name)


def _sentence(words: tuple[str, ...]) -> str:
    return "; ".join(words)
