"""A plan that was confirmed, and what has become of it."""

from __future__ import annotations

import enum
import itertools
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from snaptui.common.errors import Cancelled, SnaptuiError
from snaptui.model.domain import Amount, DomainKey
from snaptui.model.host import Host
from snaptui.model.operation_record import Batch, Became, Outcome, Record, StepKind, StepRecord

if TYPE_CHECKING:
    from snaptui.plan.change import Difference
    from snaptui.plan.plan import Plan, Step

ASK_AGAIN = 2.0
"""Seconds between two looks at a host that did not say how a change ended."""
NO_COPY = "The unfinished file was removed."
LOOK = "Check the domain before you go on."
AGAIN = "Press the key again for a new plan."


class Phase(enum.Enum):
    """How far an operation is; the value is the word shown."""

    WAITING = "waiting"
    CHECKING = "checking"
    RUNNING = "running"
    ASKING = "unknown, asking the host"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; ``None`` as long as it has not."""
        return {
            Phase.DONE: Outcome.DONE,
            Phase.FAILED: Outcome.FAILED,
            Phase.CANCELLED: Outcome.CANCELLED,
        }.get(self)

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.outcome is not None


def on_host(what: str, where: str) -> str:
    """What is told from its like on other hosts; ``where`` is empty if there are none."""
    return f"{what} on {where}" if where else what


@dataclass(frozen=True, slots=True)
class Operation:
    """A plan that was confirmed, and what has become of it.

    Attributes:
        name: of the domain or image when it was confirmed.
        share: how much of the step is done, 0 to 1; ``None`` when nobody can tell.
        amount: the same in bytes, where libvirt tells them.
        done: steps that are known to have worked.
        began, finished: when each step began and was known to have worked.
        copies: directory of the XML saved before it; empty before and where there is none.
        started: when it was confirmed, seconds since the epoch.
        ended: when it was over; ``None`` before.
        error: the full text of libvirt or qemu-img, or what had changed; empty while all is well.
        hint: how far it came, what stays of it and what to do next; may be empty.
        way: what to do next alone.
        batch: what it was confirmed together with.
        became: what became of the step at which it stopped; ``None`` if it did not stop at one.
        sent: whether that step had been asked for.
        because_of: numbers of the operations that did not end well, if it only stopped for them.
        meanwhile: what others changed while its last step was done.
        where: the host as people call it; empty where there is only one.
        undone: the snapshot that it took was deleted again, because its group was not whole.
    """

    number: int
    name: str
    host: Host
    who: str
    plan: Plan
    phase: Phase
    started: float
    share: float | None = None
    amount: Amount | None = None
    done: int = 0
    began: tuple[float, ...] = ()
    finished: tuple[float, ...] = ()
    copies: str = ""
    ended: float | None = None
    error: str = ""
    hint: str = ""
    way: str = ""
    batch: Batch | None = None
    became: Became | None = None
    sent: bool = False
    because_of: tuple[int, ...] = ()
    meanwhile: tuple[Difference, ...] = ()
    where: str = ""
    undone: bool = False

    @property
    def called(self) -> str:
        """The name of what it is about, with the host if there are several."""
        return on_host(self.name, self.where)

    @property
    def title(self) -> str:
        """What it does, with the host if there are several."""
        return on_host(self.plan.title, self.where)

    @property
    def step(self) -> Step | None:
        """The step that runs now or comes next."""
        return self.plan.steps[self.done] if self.done < len(self.plan.steps) else None

    @property
    def no_way_out(self) -> str:
        """Why what it does cannot be given up, as a sentence; empty when it can."""
        if self.phase.over or self.step is None:
            return "It has ended."
        return self.step.no_way_out

    @property
    def is_copy(self) -> bool:
        """Whether snaptui itself does it, so that it ends with snaptui."""
        return self.step is not None and self.step.kind is StepKind.EXTRACT

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the safety snapshots that it has made."""
        from snaptui.model.safety_mark import is_safety

        return tuple(
            step.subject
            for step in self.plan.steps[: self.done]
            if step.kind is StepKind.CREATE and is_safety(step.subject)
        )

    @property
    def has_taken(self) -> bool:
        """Whether a snapshot that it was to take is known to be there."""
        return any(step.kind is StepKind.CREATE for step in self.plan.steps[: self.done])

    @property
    def how_far(self) -> str:
        """How far it came, if it stopped, in sentences; may be empty."""
        steps = self.plan.steps
        half = self.became is Became.IN_PART
        if self.done or half:
            begun = self.done + half
            told = (
                ("Done", steps[: self.done]),
                ("Done in part", steps[self.done : begun]),
                ("Not done", steps[begun:]),
            )
            return " ".join(f"{how}: {_list(those)}." for how, those in told if those)
        if self.became is Became.NOT_DONE:
            return "Nothing was changed." if self.sent else "Nothing was done."
        return ""

    def stopped(self, stop: Stop) -> Operation:
        """The same when it went no further, at this moment of its steps."""
        over = replace(
            self, phase=stop.phase, error=stop.message, way=stop.hint, became=stop.became,
            sent=stop.sent, because_of=stop.because_of,
        )  # fmt: skip
        stays = (f"The safety snapshot {name} stays." for name in self.kept)
        said = (over.how_far, *stays, stop.hint)
        return replace(over, hint=" ".join(words for words in said if words))

    @property
    def record(self) -> Record:
        """The same as the journal keeps it."""
        key = self.plan.intent.key
        steps = tuple(
            _step_record(step, line, began, ended)
            for (step, line), (began, ended, _) in zip(
                zip(self.plan.steps, self.plan.lines, strict=True),
                itertools.zip_longest(self.began, self.finished, self.plan.steps),
                strict=True,
            )
        )
        return Record(
            number=self.number,
            host=self.host.label,
            uuid=key.uuid if isinstance(key, DomainKey) else "",
            domain=self.name,
            title=self.title,
            who=self.who,
            started=self.started,
            steps=steps,
            copies=self.copies,
            outcome=self.phase.outcome,
            ended=self.ended,
            error=self.error,
            hint=self.hint,
            became=self.became,
            meanwhile="; ".join(map(str, self.meanwhile)),
            image="" if isinstance(key, DomainKey) else key.path,
            batch=self.batch,
            share=self.share,
            amount=self.amount,
            undone=self.undone,
        )


def _step_record(step: Step, line: str, began: float | None, ended: float | None) -> StepRecord:
    from snaptui.plan.steps.domain import DeleteSnapshot
    from snaptui.plan.steps.metadata import Adopt

    return StepRecord(
        step.kind,
        step.subject,
        step.words,
        line,
        began,
        ended,
        step.defines,
        metadata_only=isinstance(step, DeleteSnapshot) and step.metadata_only,
        adopts=isinstance(step, Adopt),
        places=step.places,
    )


def _list(steps: tuple[Step, ...]) -> str:
    return ", ".join(step.words for step in steps)


class Stop(SnaptuiError):
    """A plan goes no further; the message says why, the hint what to do.

    Attributes:
        became: what became of the step that came next.
        sent: whether that had been asked for.
        because_of: as of an operation.
    """

    def __init__(
        self,
        message: str,
        hint: str = AGAIN,
        phase: Phase = Phase.FAILED,
        *,
        became: Became = Became.NOT_DONE,
        sent: bool = False,
        because_of: tuple[int, ...] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.phase = phase
        self.became = became
        self.sent = sent
        self.because_of = because_of


class Copying:
    """How an operation is told to give up, and how it tells that it has.

    Attributes:
        unwanted: it is to be given up.
        idle: nothing of it is being done now.
    """

    def __init__(self) -> None:
        self.unwanted = threading.Event()
        self.idle = threading.Event()
        self.idle.set()

    def go_on(self, hint: str) -> None:
        """Raise Cancelled if it is to be given up."""
        if self.unwanted.is_set():
            raise Cancelled("It was cancelled.", hint=hint)
