"""What the journal keeps of an operation: data, and how they are read from its lines."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from snaptui.model.domain import Amount


class StepKind(enum.Enum):
    """What a step does; the value is what the journal writes."""

    CREATE = "create"
    POWER_OFF = "power off"
    REVERT = "revert"
    DELETE = "delete"
    EDIT = "edit"
    RELOCATE = "relocate"
    MERGE = "merge"
    FREEZE = "freeze"
    THAW = "thaw"
    APPLY = "apply"
    EXTRACT = "extract"
    SET_ASIDE = "set aside"
    REMOVE = "remove"
    OTHER = ""
    """What another version wrote."""

    @classmethod
    def _missing_(cls, value: object) -> StepKind:
        return cls.OTHER


class Outcome(enum.Enum):
    """How an operation ended; the value is the word shown, and what the journal writes."""

    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Became(enum.Enum):
    """What became of a step, as the host was asked; the value is what the journal writes."""

    DONE = "done"
    NOT_DONE = "not done"
    """Of what it is about, all is as before it."""
    IN_PART = "in part"
    """Something is otherwise than before it, and not as it should be after it."""
    PERHAPS = "perhaps in part"
    """It is not done; whether it has changed something cannot be seen."""
    BY_OTHERS = "by others"
    """It is so, and another did it, or may have."""
    GONE = "gone"
    """What it is about is not there any more."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step of an operation; times are ``None`` until it began or ended.

    Attributes:
        subject: the snapshot or file that it is about; may be empty.
        line: the same as a line for a shell.
        defines: name, parent and description of the snapshot that it defines again, if it does.
        metadata_only: a delete leaves the data where they are; ``None`` where the journal does
            not say.
        adopts: a create only makes known to libvirt what the images hold; likewise.
        places: by target of a disk, the path that it names or lets the disk write to.
    """

    kind: StepKind
    subject: str
    words: str
    line: str
    began: float | None = None
    ended: float | None = None
    defines: tuple[str, str, str] | None = None
    metadata_only: bool | None = False
    adopts: bool | None = False
    places: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Operations of one process that were confirmed with one key.

    Attributes:
        first: the number of the first of them; the others have those after it.
        members: what each is about, by name and in their order.
        group: the ID of the group of snapshots that they are about; empty without one.
        whole: all of them were to be taken, or none.
    """

    first: int
    members: tuple[str, ...]
    group: str = ""
    whole: bool = False

    @property
    def numbers(self) -> range:
        """Those of its operations, in their order."""
        return range(self.first, self.first + len(self.members))


@dataclass(frozen=True, slots=True)
class Record:
    """One operation as the journal has it.

    Attributes:
        number: unique in its process.
        host: the host's URI without a password.
        uuid: of the domain; empty when it is about an image.
        domain: its name, or that of the image.
        copies: directory of the XML saved before it; empty when there is none.
        outcome: ``None`` while it is not over.
        became: what became of the step at which it stopped or was cut short; ``None`` where
            there was none, or the journal does not say.
        meanwhile: what another changed while it was done, in words; may be empty.
        found: what a later look at the host said of it, when it had been cut short.
        alive: whether the process that does it still runs.
        image: path of the image that it is about; empty when it is about a domain.
        batch: what it was confirmed together with; ``None`` where it was alone.
        share, amount: how much of what is under way is done, where that can be told; never
            written.
        undone: the snapshot that it took was deleted again, because its group was not whole.
    """

    number: int
    host: str
    uuid: str
    domain: str
    title: str
    who: str
    started: float
    steps: tuple[StepRecord, ...]
    copies: str = ""
    outcome: Outcome | None = None
    ended: float | None = None
    error: str = ""
    hint: str = ""
    became: Became | None = None
    meanwhile: str = ""
    found: str = ""
    alive: bool = True
    image: str = ""
    batch: Batch | None = None
    share: float | None = None
    amount: Amount | None = None
    undone: bool = False

    @property
    def under_way(self) -> StepRecord | None:
        """The step that had begun and of which no end is known."""
        return next((s for s in self.steps if s.began is not None and s.ended is None), None)


def step_fields(step: StepRecord) -> list[object]:
    """A step as the journal writes it: what versions before read, and then fields by name."""
    more = {"metadata_only": step.metadata_only, "adopts": step.adopts, "places": dict(step.places)}
    return [step.kind.value, step.subject, step.words, step.line, step.defines, more]


def parse(data: bytes) -> tuple[tuple[Record, ...], int]:
    """The records of a journal, oldest first, and the number of lines that make no sense.

    A last line that was not written to its end is such a line.
    """
    import json  # not needed before the first screen is there

    records: dict[int, Record] = {}
    batches: dict[int, Batch] = {}
    damaged = 0
    for line in data.rstrip(b"\0").splitlines():
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            number = int(told["operation"])
            if told["event"] == "batch":
                batch = _batch(number, told)
                batches.update(dict.fromkeys(batch.numbers, batch))
                continue
            records[number] = _apply(records.get(number), number, told)
        except (
            ArithmeticError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            RecursionError,
        ):
            damaged += 1
    known = (replace(record, batch=batches.get(record.number)) for record in records.values())
    return tuple(known), damaged


def _apply(record: Record | None, number: int, told: Mapping[str, Any]) -> Record:
    event = told["event"]
    if event == "begin":
        return _begun(number, told)
    if record is None:
        raise KeyError(number)
    if event in ("step", "did"):
        at, moment = int(told["step"]), _moment(told)
        step = dict(enumerate(record.steps))[at]
        step = replace(step, began=moment) if event == "step" else replace(step, ended=moment)
        return replace(record, steps=(*record.steps[:at], step, *record.steps[at + 1 :]))
    if event == "end":
        return replace(
            record, outcome=Outcome(told["outcome"]), error=str(told["error"]),
            hint=str(told["hint"]), meanwhile=str(told.get("meanwhile", "")), ended=_moment(told),
            became=_became(told), undone=told.get("undone") is True,
        )  # fmt: skip
    if event == "found":
        return replace(record, found=str(told["words"]), became=_became(told))
    raise ValueError(event)


def _batch(number: int, told: Mapping[str, Any]) -> Batch:
    members = tuple(map(str, told["members"]))
    return Batch(number, members, str(told["group"]), told.get("whole") is True)


def _begun(number: int, told: Mapping[str, Any]) -> Record:
    return Record(
        number=number,
        host=str(told["host"]),
        uuid=str(told["uuid"]),
        domain=str(told["domain"]),
        title=str(told["title"]),
        who=str(told["who"]),
        started=_moment(told),
        steps=tuple(map(_step, told["steps"])),
        copies=str(told["copies"]),
        image=str(told.get("image", "")),
    )


def _step(told: Sequence[Any]) -> StepRecord:
    """A step; of what versions before did not write nothing is known."""
    kind, subject, words, line = map(str, told[:4])
    defines = told[4] if len(told) > 4 else None
    if defines is not None:
        name, parent, description = map(str, defines)
        defines = (name, parent, description)
    more = told[5] if len(told) > 5 else {}
    return StepRecord(
        StepKind(kind),
        subject,
        words,
        line,
        defines=defines,
        metadata_only=_flag(more.get("metadata_only")),
        adopts=_flag(more.get("adopts")),
        places=tuple((str(at), str(path)) for at, path in more.get("places", {}).items()),
    )


def _flag(told: object) -> bool | None:
    return told if isinstance(told, bool) else None


def _became(told: Mapping[str, Any]) -> Became | None:
    """What became of the last step; versions before did not write it."""
    word = told.get("became")
    return None if word is None else Became(word)


def _moment(told: Mapping[str, Any]) -> float:
    moment = float(told["time"])
    if not math.isfinite(moment):
        raise ValueError(moment)
    return moment
