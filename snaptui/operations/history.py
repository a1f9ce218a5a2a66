"""What the journals tell of one domain, and whether each of it can be undone now; pure."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable

from snaptui.model.operation_record import Outcome, Record, StepKind
from snaptui.model.safety_mark import is_safety


class Undoable(enum.Enum):
    """Whether an operation can be undone, and by what."""

    UNDO = enum.auto()
    """Its safety snapshot is there."""
    DELETE = enum.auto()
    """What it took is there."""
    SAME = enum.auto()
    """The same key puts it back."""
    NO = enum.auto()
    """Nothing brings it back."""
    SPENT = enum.auto()
    """What would have undone it is gone."""
    NOTHING = enum.auto()
    """There is nothing to undo."""
    UNKNOWN = enum.auto()
    """The snapshots have not been read."""


def of_domain(records: Iterable[Record], host: str, uuid: str) -> tuple[Record, ...]:
    """The operations on a domain, the newest first.

    Args:
        host: its URI without a password.
    """
    return newest_first(*(one for one in records if one.host == host and one.uuid == uuid))


def newest_first(*records: Record) -> tuple[Record, ...]:
    """Operations of one program or several, in order of time."""
    return tuple(sorted(records, key=lambda one: one.started, reverse=True))


def subjects(record: Record) -> tuple[str, ...]:
    """The snapshots that it is about, each once: not the safety snapshot that it takes."""
    named = [step.subject for step in record.steps if step.subject]
    others = [name for name in named if not is_safety(name)]
    return tuple(dict.fromkeys(others or named))


def undoable(record: Record, names: Collection[str] | None) -> Undoable:
    """Whether an operation can be undone.

    Args:
        names: of the snapshots that the domain has; ``None`` while they are not known.
    """
    done = [step for step in record.steps if step.ended is not None]
    kinds = {step.kind for step in done}
    if not done or (record.outcome is None and record.alive):
        return Undoable.NOTHING
    if kinds & {StepKind.DELETE, StepKind.MERGE, StepKind.REMOVE}:
        renamed = any(step.kind is StepKind.EDIT for step in done)
        return Undoable.SAME if renamed and record.outcome is Outcome.DONE else Undoable.NO
    taken = [step.subject for step in done if step.kind is StepKind.CREATE]
    if StepKind.REVERT in kinds:
        if not taken:
            return Undoable.NO
        return _if_there(taken, names, Undoable.UNDO)
    if taken:
        return _if_there(taken, names, Undoable.DELETE)
    return Undoable.SAME if kinds & {StepKind.EDIT, StepKind.RELOCATE} else Undoable.NOTHING


def _if_there(taken: Collection[str], names: Collection[str] | None, found: Undoable) -> Undoable:
    if names is None:
        return Undoable.UNKNOWN
    return found if any(name in names for name in taken) else Undoable.SPENT
