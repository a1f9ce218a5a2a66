"""The plan of a copy of one entry of an image to a file of its own."""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.common import text
from snaptui.model.files import CopyFormat, EntryCopy, unfinished
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.plan.checks import domain_checks
from snaptui.plan.image.entries import (
    beneath_refusals,
    entry_refusals,
    id_refusals,
    reading_refusals,
)
from snaptui.plan.image_facts import ImageFacts
from snaptui.plan.loss import NOTHING_LOST
from snaptui.plan.outcome import End, Space, UndoBy, after, space_on, undo
from snaptui.plan.plan import ImageExtract, Plan
from snaptui.plan.refusal import Refusal, refuse
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.steps.image import ExtractEntry, cut_off, longer
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why

NAME_BYTES = 249
"""While it is unfinished, the file has six bytes more, of 255."""


def plan(intent: ImageExtract, facts: ImageFacts) -> Plan:
    """Plan the copy; the image is only read, and may be in use."""
    placed, entry = intent.placed, intent.placed.entry
    shared = not isinstance(facts.openers, NotKnown) and bool(facts.openers.found)
    refusals = reading_refusals(facts)
    if not refusals:
        refusals = [*entry_refusals(placed, facts), *id_refusals(entry, facts)]
        refusals += [*beneath_refusals(facts, shared=shared), *_size_refusals(intent, facts)]
        refusals += _target_refusals(intent, facts)
        refusals += _space_refusals(facts) if not cut_off(entry, facts) else []
    refusals += domain_checks.journal_refusals(facts.unrecorded)
    more = longer(entry, facts)
    copy = EntryCopy(facts.path, entry, intent.target, intent.form, shared, more)
    step = ExtractEntry(copy)
    made = f"{text.when(entry.created)} ({text.age(entry.created, facts.read_at)})"
    return Plan(
        intent=intent,
        verb="Extract",
        title=f"Extract {entry.name} of {facts.name}",
        after=after(End.EXTRACTED, form=intent.form.value, moment=made),
        lost=NOTHING_LOST,
        undo=undo(UndoBy.DELETE_FILE),
        space=_space(intent, facts),
        refusals=tuple(refusals),
        warnings=tuple(_warnings(intent, facts)),
        unchecked=_unchecked(facts) if not refusals else (),
        lines=(step.line,),
        steps=(step,),
        type_name=False,
    )


def _target_refusals(intent: ImageExtract, facts: ImageFacts) -> list[Refusal]:
    folder, name = intent.folder, intent.target.rpartition("/")[2]
    if not intent.target.startswith("/"):
        return [refuse(Why.TARGET_NOT_WHOLE)]
    if not name or name in (".", ".."):
        return [refuse(Why.TARGET_UNNAMED)]
    if any(map(text.invisible, intent.target)):
        return [refuse(Why.TARGET_INVISIBLE)]
    if len(text.utf8(name)) > NAME_BYTES:
        return [refuse(Why.TARGET_LONG, most=NAME_BYTES)]
    if facts.copy is None or facts.copy.folder != folder:
        return [refuse(Why.FOLDER_NOT_READ, folder=folder)]
    if isinstance(facts.copy.names, NotKnown):
        return [refuse(Why.FOLDER_UNREAD, folder=folder, reason=facts.copy.names.reason)]
    if facts.copy.exists(name):
        return [refuse(Why.TARGET_THERE, Way.OTHER_NAME_FILE, path=intent.target)]
    part = unfinished(intent.target)
    if facts.copy.exists(part.rpartition("/")[2]):
        return [refuse(Why.TARGET_UNFINISHED, Way.REMOVE_OR_OTHER, path=part)]
    return []


def _space_refusals(facts: ImageFacts) -> list[Refusal]:
    needs = facts.copy.needs if facts.copy is not None else None
    if not isinstance(needs, int) or isinstance(facts.space, NotKnown):
        return []
    if needs <= facts.space.free:
        return []
    free = text.size(facts.space.free)
    return [refuse(Why.COPY_DOES_NOT_FIT, Way.OTHER_FOLDER, needs=text.size(needs), free=free)]


def _size_refusals(intent: ImageExtract, facts: ImageFacts) -> list[Refusal]:
    entry = intent.placed.entry
    if not isinstance(facts.image, ImageInfo) or not cut_off(entry, facts):
        return []
    return [
        refuse(
            Why.COPY_CUT_OFF,
            Way.APPLY_IN_COPY,
            image=facts.name,
            name=entry.name,
            then=text.size(entry.virtual_size),
            now=text.size(facts.image.virtual_size),
        )
    ]


def _space(intent: ImageExtract, facts: ImageFacts) -> Space:
    needs = facts.copy.needs if facts.copy is not None else NotKnown("not measured")
    if cut_off(intent.placed.entry, facts):
        needs = NotKnown("qemu-img measures it at the size of today")
    return space_on(facts.space, needs)


def _unchecked(facts: ImageFacts) -> tuple[Remark, ...]:
    needs = facts.copy.needs if facts.copy is not None else None
    if not isinstance(needs, NotKnown):
        return ()
    return (remark(Unchecked.COPY_NEEDS, reason=needs.reason),)


def _warnings(intent: ImageExtract, facts: ImageFacts) -> Iterator[Remark]:
    entry = intent.placed.entry
    if entry.vm_state:
        yield remark(Warn.RAM_NOT_COPIED, size=text.size(entry.vm_state))
    if isinstance(facts.image, ImageInfo) and facts.image.backing is not None:
        beneath = facts.image.backing
        name = beneath if isinstance(beneath, str) else "what lies beneath"
        yield remark(Warn.BENEATH_COPIED, path=name)
    for opener in facts.openers.found if not isinstance(facts.openers, NotKnown) else ():
        yield remark(Warn.OPEN_MEANWHILE, who=opener.name, pid=opener.pid, image=facts.name)
    if intent.form is CopyFormat.RAW:
        yield remark(Warn.HOLES)
