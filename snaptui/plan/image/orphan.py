"""The plan that removes an overlay that nothing names any more."""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.common import text
from snaptui.model.image import FileSystem, ImageInfo, NotKnown
from snaptui.plan.checks import domain_checks
from snaptui.plan.image import entries
from snaptui.plan.image_facts import ImageFacts
from snaptui.plan.loss import FileLost, Loss
from snaptui.plan.outcome import End, UndoBy, after, space_on, undo
from snaptui.plan.plan import Plan, RemoveLeftover
from snaptui.plan.refusal import Refusal, refuse
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.steps.image import RemoveAside, SetAside
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why

LATELY = 3600
"""Seconds for which a file that was written to counts as in use by somebody, perhaps."""


def aside_name(path: str, stamp: str) -> str:
    """The name that an image is given before it is removed."""
    return f"{path}.aside-{stamp}"


def plan(intent: RemoveLeftover, facts: ImageFacts) -> Plan:
    """Plan to set it aside and, when nobody misses it or has it open, to remove it."""
    removal, head = facts.removal, facts.image
    file = removal.there if removal is not None else None
    refusals = [*entries.change_refusals(facts), *_refusals(facts)]
    doubts = entries.change_doubts(facts)
    if not isinstance(facts.openers, NotKnown) and facts.openers.hidden:
        doubts.append(remark(Unchecked.OPEN_UNSEEN))
    steps = () if file is None else (
        SetAside(facts.path, intent.aside, file), RemoveAside(intent.aside, file)
    )  # fmt: skip
    return Plan(
        intent=intent,
        verb="Remove",
        title=f"Remove the orphaned overlay {facts.name}",
        after=after(End.LEFTOVER_REMOVED, path=facts.path),
        lost=_lost(facts),
        undo=undo(UndoBy.NO_REMOVED),
        space=space_on(facts.space, frees=_frees(facts)),
        refusals=tuple(dict.fromkeys(refusals)),
        warnings=tuple(_warnings(facts)),
        unchecked=tuple(doubts),
        lines=tuple(step.line for step in steps),
        steps=steps,
        type_name=bool(
            doubts or facts.unrecorded or isinstance(head, NotKnown) or _own(facts) != 0
        ),
    )


def _refusals(facts: ImageFacts) -> list[Refusal]:
    removal, head, space = facts.removal, facts.image, facts.space
    refusals: list[Refusal] = []
    if removal is None or removal.there is None:
        refusals.append(refuse(Why.LEFTOVER_GONE, path=facts.path))
    elif isinstance(head, ImageInfo) and head.backing is None:
        refusals.append(refuse(Why.LEFTOVER_WITHOUT_BASE, image=facts.name))
    if facts.hidden:
        refusals.append(refuse(Why.LEFTOVER_HIDDEN, Way.POOLS_FIRST, image=facts.name))
    if isinstance(space, FileSystem) and not space.of_one_host:
        kind = space.kind or "an unknown file system"
        refusals.append(refuse(Why.LEFTOVER_SHARED, Way.LOOK_THERE, image=facts.name, kind=kind))
    elif isinstance(space, NotKnown):
        refusals.append(refuse(Why.LEFTOVER_PLACE_UNKNOWN, reason=space.reason))
    return refusals


def _lost(facts: ImageFacts) -> Loss:
    head = facts.image
    if isinstance(head, NotKnown):
        return FileLost(None)
    return FileLost(head.disk_size, len(head.snapshots), _own(facts))


def _own(facts: ImageFacts) -> int | NotKnown:
    return facts.removal.own if facts.removal is not None else 0


def _frees(facts: ImageFacts) -> int | NotKnown:
    if _has_other_names(facts):
        return 0
    return facts.image if isinstance(facts.image, NotKnown) else facts.image.disk_size


def _has_other_names(facts: ImageFacts) -> bool:
    removal = facts.removal
    return removal is not None and removal.there is not None and removal.there.links > 1


def _warnings(facts: ImageFacts) -> Iterator[Remark]:
    removal = facts.removal
    if removal is not None and removal.there is not None:
        age = facts.read_at - removal.there.written / 1e9
        if age < LATELY:
            when = text.age(int(removal.there.written / 1e9), facts.read_at)
            yield remark(Warn.WRITTEN_LATELY, age=when)
    if _has_other_names(facts):
        yield remark(Warn.OTHER_NAMES)
    data_file = facts.image.data_file if isinstance(facts.image, ImageInfo) else None
    if isinstance(data_file, NotKnown):
        yield remark(Warn.DATA_FILE_UNKNOWN_STAYS, reason=data_file.reason)
    elif data_file is not None:
        yield remark(Warn.DATA_FILE_STAYS, path=data_file)
    if not facts.holders:
        yield remark(Warn.NOT_NAMED_HERE)
    yield from domain_checks.unrecorded_warnings(facts.unrecorded)
