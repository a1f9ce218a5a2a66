"""Several plans as one: of several domains, and of files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from snaptui.common import text
from snaptui.model.group_mark import Group
from snaptui.model.image import FileSystem
from snaptui.model.operation_record import StepKind
from snaptui.plan.checks.free_space import Room
from snaptui.plan.create.group import all_or_none
from snaptui.plan.delete.delete import deleted
from snaptui.plan.group_left import AfterOfSome, Left
from snaptui.plan.loss import NOTHING_LOST, SeveralLost
from snaptui.plan.outcome import End, Space, UndoBy, after, undo
from snaptui.plan.plan import CreateIntent, DeleteManyIntent, Plan, RemoveLeftover, RevertIntent
from snaptui.plan.refusal import Refusal
from snaptui.plan.remark import Note, Remark, remark
from snaptui.plan.steps.group import FreezeGuest
from snaptui.plan.words.warn import Warn

AT_ONCE = 4
"""Changes that are under way on a host at the same time."""


def deletes(plans: Sequence[Plan], names: Sequence[str], space: str) -> Plan:
    """Deletes one after another; what is said of one says of which.

    Args:
        plans: at least one.
        names: what each is about.
        space: what they give back together.
    """
    if len(plans) == 1:
        return plans[0]
    whole = _merged(plans, names)
    return replace(
        whole,
        title=f"Delete {_deleted(plans)}",
        after=after(End.DELETED_IN_TURN),
        undo=undo(UndoBy.NO_DELETED_ALL),
        space=Space(by_place=space),
        notes=(*_alone(plans, names), *whole.notes),
    )


def _alone(plans: Sequence[Plan], names: Sequence[str]) -> Iterator[Remark]:
    """By name, what goes where it is one snapshot of its domain: of more its plan says it."""
    for plan, name in zip(plans, names, strict=True):
        intent = plan.intent
        if isinstance(intent, DeleteManyIntent) and len(intent.names) + len(intent.unmanaged) == 1:
            yield deleted(intent).of(name)


def creates(plans: Sequence[Plan], names: Sequence[str]) -> Plan:
    """One snapshot of each of several domains; plans and names as above."""
    intent = plans[0].intent
    assert isinstance(intent, CreateIntent)
    number = text.count(len(plans), "domain")
    whole = _merged(plans, names)
    end = after(End.TAKEN_AT_ONCE, at_once=AT_ONCE)
    if all_or_none(plan.intent for plan in plans):
        end = after(End.TAKEN_ALL_OR_NONE)
    elif any(isinstance(step, FreezeGuest) for step in whole.steps):
        end = after(End.TAKEN_TOGETHER)
    return replace(
        whole,
        title=f"Create {intent.name or 'a snapshot'} of {number}",
        after=end,
        lost=NOTHING_LOST,
        lines=tuple(
            line
            for kind in (StepKind.FREEZE, StepKind.CREATE, StepKind.THAW, StepKind.EDIT)
            for plan in plans
            for step, line in zip(plan.steps, plan.lines, strict=True)
            if step.kind is kind
        ),
        undo=undo(UndoBy.DELETES),
        space=_room(plans).told,
        notes=(
            *_by_host(
                plans, names, (remark(Note.END_OF_ONE, end=plan.after.words) for plan in plans)
            ),
            *whole.notes,
        ),
    )


def reverts(
    plans: Sequence[Plan],
    names: Sequence[str],
    group: Group,
    left: Left | None,
    twice: Sequence[Refusal] = (),
    doubts: Sequence[Remark] = (),
) -> Plan:
    """A revert of all that are left of a group; plans and names as above.

    Args:
        group: as its mark says, noted when all of it was there if it ever was.
        left: who is missing of it; ``None`` when it is whole.
        twice: domains with more than one of the group.
        doubts: domains of which it is not known whether they have one, each with the reason.
    """
    whole = _merged(plans, names)
    parts = tuple(zip(names, plans, strict=True))
    no_way_back = [name for name, plan in parts if plan.undo.impossible]
    several = len({plan.intent.key.host for plan in plans}) > 1
    targets = {plan.intent.name for plan in plans if isinstance(plan.intent, RevertIntent)}
    called = targets.pop() if len(targets) == 1 else group.id
    end, warnings = after(End.REVERTED_TOGETHER), whole.warnings
    notes = whole.notes
    if several:
        end = after(End.REVERTED_ON_HOSTS)
    if several and group.spread is not None:
        notes = (remark(Note.TAKEN_WITHIN, spread=f"{group.spread:.1f}"), *notes)
    if left is not None:
        end = AfterOfSome(end.end, end.state, end.names, left)
        warnings = (remark(Warn.GROUP_NOT_WHOLE, left=left.words), *warnings)
    return replace(
        whole,
        title=f"Revert {text.count(len(plans), 'domain')} to {called}",
        after=end,
        undo=undo(UndoBy.NO_FOR_SOME, names=", ".join(no_way_back))
        if no_way_back
        else undo(UndoBy.EACH),
        space=_room(plans).told,
        refusals=(*twice, *whole.refusals),
        warnings=warnings,
        unchecked=(*doubts, *whole.unchecked),
        type_name=whole.type_name or bool(doubts),
        notes=(
            *_by_host(
                plans,
                names,
                (
                    remark(Note.END_AND_LOSS_OF_ONE, end=plan.after.words, lost=plan.lost.words)
                    for plan in plans
                ),
            ),
            *notes,
        ),
    )


def _by_host(
    plans: Sequence[Plan], names: Sequence[str], notes: Iterable[Remark]
) -> Iterator[Remark]:
    """Notes of each, which say the domain, and where they are of several hosts also which."""
    several = len({plan.intent.key.host for plan in plans}) > 1
    yield from (note.of(name) if several else note for note, name in zip(notes, names, strict=True))


def _merged(plans: Sequence[Plan], names: Sequence[str]) -> Plan:
    parts = tuple(zip(names, plans, strict=True))
    return replace(
        plans[0],
        lost=SeveralLost(tuple((name, plan.lost) for name, plan in parts)),
        refusals=tuple(one.of(name) for name, plan in parts for one in plan.refusals),
        warnings=tuple(one.of(name) for name, plan in parts for one in plan.warnings),
        unchecked=tuple(one.of(name) for name, plan in parts for one in plan.unchecked),
        changes=tuple(f"{name}: {one}" for name, plan in parts for one in plan.changes),
        notes=tuple(one.of(name) for name, plan in parts for one in plan.notes),
        lines=tuple(line for plan in plans for line in plan.lines),
        steps=tuple(step for plan in plans for step in plan.steps),
        type_name=any(plan.type_name for plan in plans),
    )


def _room(plans: Sequence[Plan]) -> Room:
    """What all of them need, and the file system on which least is left then."""
    takes: dict[str, int] = {}
    spaces: dict[str, FileSystem] = {}
    for room in (plan.room for plan in plans if plan.room is not None):
        if room.space is not None:
            mount = room.space.mount
            spaces.setdefault(mount, room.space)
            takes[mount] = takes.get(mount, 0) + room.takes
    rooms = [plan.room for plan in plans if plan.room is not None]
    total = sum(room.needs for room in rooms)
    missing = any(room.missing or (room.space is None and room.needs) for room in rooms)
    if not spaces:
        return Room(total, missing=missing)
    worst = min(spaces, key=lambda mount: spaces[mount].free - takes[mount])
    return Room(total, spaces[worst], takes[worst], missing)


def _deleted(plans: Sequence[Plan]) -> str:
    many = [plan.intent for plan in plans if isinstance(plan.intent, DeleteManyIntent)]
    files = sum(isinstance(plan.intent, RemoveLeftover) for plan in plans)
    parts = []
    if many:
        number = sum(len(intent.names) + len(intent.unmanaged) for intent in many)
        parts.append(f"{text.count(number, 'snapshot')} of {text.count(len(many), 'domain')}")
    if files:
        parts.append(text.count(files, "orphaned overlay"))
    return " and ".join(parts)
