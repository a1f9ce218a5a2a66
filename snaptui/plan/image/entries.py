"""The plans for images that no domain uses: create, apply, delete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from snaptui.common import text
from snaptui.model.image import ImageInfo, ImageSnapshot, NotKnown, PlacedEntry
from snaptui.model.safety_mark import new_name
from snaptui.plan.checks import domain_checks, image_checks, name_checks, other_hosts
from snaptui.plan.checks.free_space import entry_warnings
from snaptui.plan.image_facts import ImageFacts
from snaptui.plan.loss import NOTHING_LOST, EntryWritesLost, Loss, SnapshotsLost
from snaptui.plan.outcome import End, Space, UndoBy, When, after, space_on, undo
from snaptui.plan.plan import ImageApply, ImageCreate, ImageDelete, Plan
from snaptui.plan.refusal import Refusal, refuse
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.steps.image import AddEntry, ApplyEntry, DeleteEntry, ImageStep
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.costs import reclaim_of
from snaptui.storage.disk_cost import NOT_YET, as_counted
from snaptui.storage.in_image import Unmanaged
from snaptui.storage.qcow2.usage import ImageUsage

UNDECODABLE = "\N{REPLACEMENT CHARACTER}"
"""Stands in shown names for bytes that are not UTF-8."""


def plan_create(intent: ImageCreate, facts: ImageFacts) -> Plan:
    """Plan an entry that holds the disk as it is now."""
    refusals = [*name_checks.spelling_problems(intent.name), *_name_problems(intent.name, facts)]
    refusals += change_refusals(facts)
    if isinstance(facts.image, ImageInfo) and facts.image.data_file is not None:
        refusals.append(refuse(Why.DATA_FILE, image=facts.name))
    refusals += domain_checks.journal_refusals(facts.unrecorded)
    steps = (AddEntry(facts.path, intent.name),) if intent.name else ()
    return Plan(
        intent=intent,
        verb="Create",
        title=f"Create a snapshot in {facts.name}",
        after=after(End.ENTRY_TAKEN, image=facts.name),
        lost=NOTHING_LOST,
        undo=undo(UndoBy.DELETE),
        space=space_on(facts.space, 0, when=When.NOW),
        refusals=tuple(refusals),
        warnings=(*change_warnings(facts), *_room_warnings(facts)),
        unchecked=tuple(change_doubts(facts)),
        lines=tuple(each.line for each in steps),
        steps=steps,
        type_name=bool(change_doubts(facts)),
    )


def _room_warnings(facts: ImageFacts) -> Iterator[Remark]:
    return entry_warnings({facts.path: facts.image}, {facts.path: facts.space})


def plan_apply(intent: ImageApply, facts: ImageFacts) -> Plan:
    """Plan to make the disk as an entry has it, by ID (QEMU looks for an ID before a name)."""
    placed, entry = intent.placed, intent.placed.entry
    refusals = [*entry_refusals(placed, facts), *id_refusals(entry, facts)]
    refusals += [*change_refusals(facts), *domain_checks.journal_refusals(facts.unrecorded)]
    if isinstance(facts.image, ImageInfo) and facts.image.bitmaps:
        way, number = Way.REMOVE_BITMAPS, facts.image.bitmaps
        refusals.append(refuse(Why.BITMAPS_INSIDE, way, image=facts.name, number=number))
    taken = {word for one in facts.entries for word in (one.name, one.id)}
    like, most = entry.name.replace(UNDECODABLE, "_"), name_checks.NAME_BYTES
    kept = new_name(facts.read_at, like, taken, most=most)
    safety = (AddEntry(facts.path, kept),) if intent.safety else ()
    steps: tuple[ImageStep, ...] = (*safety, ApplyEntry(facts.path, placed))
    moment = f"{text.when(entry.created)} ({text.age(entry.created, facts.read_at)})"
    return Plan(
        intent=intent,
        verb="Apply",
        title=f"Apply {entry.name} in {facts.name}",
        after=after(End.ENTRY_APPLIED, image=facts.name, moment=moment),
        lost=_since(facts, kept=intent.safety),
        undo=undo(UndoBy.APPLY, name=kept) if intent.safety else undo(UndoBy.NO_SAFETY_WANTED),
        space=space_on(facts.space, 0),
        refusals=tuple(refusals),
        warnings=(
            *_apply_warnings(entry, facts),
            *change_warnings(facts),
            *(_room_warnings(facts) if intent.safety else ()),
        ),
        unchecked=tuple(change_doubts(facts)),
        lines=tuple(step.line for step in steps),
        steps=steps,
        type_name=not intent.safety or bool(change_doubts(facts)),
    )


def plan_delete(intent: ImageDelete, facts: ImageFacts) -> Plan:
    """Plan the delete of entries, in the order of the table: ``-d`` takes the first of a name."""
    chosen = sorted(intent.placed, key=lambda placed: placed.place)
    refusals = [one for placed in chosen for one in entry_refusals(placed, facts)]
    if not refusals and facts.entries:
        refusals += _twin_refusals(chosen, facts)
    refusals += [one for placed in chosen for one in _name_refusals(placed.entry)]
    refusals += change_refusals(facts)
    steps = tuple(DeleteEntry(facts.path, placed) for placed in chosen)
    one = chosen[0].entry.name if len(chosen) == 1 else text.count(len(chosen), "snapshot")
    left = text.count(len(facts.entries) - len(chosen), "snapshot")
    doubts = change_doubts(facts)
    return Plan(
        intent=intent,
        verb="Delete",
        title=f"Delete {one} of {facts.name}",
        after=after(End.ENTRIES_DELETED, image=facts.name, left=left),
        lost=_lost(chosen, facts),
        undo=undo(UndoBy.NO_DELETED),
        space=_frees(chosen, facts),
        refusals=tuple(refusals),
        warnings=(
            *_twin_warnings(chosen, facts),
            *change_warnings(facts),
            *domain_checks.unrecorded_warnings(facts.unrecorded),
        ),
        unchecked=tuple(doubts),
        lines=tuple(step.line for step in steps),
        steps=steps,
        type_name=bool(doubts or facts.unrecorded),
    )


def reading_refusals(facts: ImageFacts) -> list[Refusal]:
    """What forbids to do anything with the entries of an image."""
    if not facts.host.local:
        return [refuse(Why.OTHER_HOST, Way.RUN_THERE, image=facts.name)]
    image = facts.image
    if isinstance(image, NotKnown):
        return [refuse(Why.UNREADABLE, reason=image.reason)]
    if image.format != "qcow2":
        return [refuse(Why.HOLDS_NO_SNAPSHOTS, image=facts.name, format=image.format)]
    if image.encrypted:
        return [refuse(Why.ENCRYPTED_BY_HAND, Way.BY_HAND, image=facts.name)]
    return []


def change_refusals(facts: ImageFacts) -> list[Refusal]:
    """What forbids to change an image."""
    refusals = reading_refusals(facts)
    if refusals:
        return refusals
    users = [one.words for one in facts.holders]
    if not isinstance(facts.openers, NotKnown):
        users += [f"{one.name} (process {one.pid}) has it open" for one in facts.openers.found]
    if users:
        told = ", ".join(users)
        refusals.append(refuse(Why.IN_USE, Way.CHANGE_THERE, image=facts.name, users=told))
    if isinstance(facts.image, ImageInfo):
        refusals += [
            refuse(Why.FAULTY, Way.CHECK_AND_REPAIR_COPY, image=facts.name, fault=fault)
            for fault in facts.image.faults
        ]
    if facts.writable is False:
        refusals.append(refuse(Why.NOT_WRITABLE, path=facts.path))
    return refusals + (beneath_refusals(facts) if facts.removal is None else [])


def beneath_refusals(facts: ImageFacts, *, shared: bool = False) -> list[Refusal]:
    """What keeps qemu-img from opening what lies beneath the image.

    Args:
        shared: it does not heed locks (its ``-U``).
    """
    if gone := facts.cut_off:
        return [refuse(Why.IMAGE_BENEATH_GONE, Way.PUT_BACK, beneath=gone, image=facts.name)]
    if locked := facts.encrypted:
        why = Why.ENCRYPTED_BENEATH_BY_HAND
        return [refuse(why, Way.BY_HAND, beneath=locked, image=facts.name)]
    if (busy := facts.in_writing) and not shared:
        way = Way.END_FIRST
        return [refuse(Why.IMAGE_BENEATH_WRITTEN, way, beneath=busy, image=facts.name)]
    return []


def change_doubts(facts: ImageFacts) -> list[Remark]:
    """What could not be checked before an image is changed."""
    if reading_refusals(facts):
        return []
    doubts = [remark(Unchecked.USED, reason=doubt.words) for doubt in facts.doubts]
    doubts += other_hosts.doubts(facts)
    doubts += image_checks.damaged(facts.counted, (facts.path,))
    return doubts + [
        remark(what, reason=known.reason)
        for what, known in (
            (Unchecked.OPEN, facts.openers),
            (Unchecked.WRITABLE, facts.writable),
            (Unchecked.AS_AN_ENTRY, facts.as_now),
        )
        if isinstance(known, NotKnown)
    ]


def change_warnings(facts: ImageFacts) -> list[Remark]:
    """What an admin should know before an image is changed."""
    if not isinstance(facts.openers, NotKnown) and facts.openers.hidden:
        return [remark(Warn.PROCESSES_HIDDEN)]
    return []


def entry_refusals(placed: PlacedEntry, facts: ImageFacts) -> list[Refusal]:
    """An entry that is not where it was is not touched."""
    if facts.has(placed) or isinstance(facts.image, NotKnown):
        return []
    return [refuse(Why.PLACED_GONE, Way.LOOK_AGAIN, name=placed.words)]


def id_refusals(entry: ImageSnapshot, facts: ImageFacts) -> list[Refusal]:
    """Why an entry cannot be addressed by its ID."""
    if not entry.id or UNDECODABLE in entry.id:
        return [refuse(Why.ID_NOT_TEXT, Way.ON_A_COPY, name=entry.name)]
    twins = sum(one.id == entry.id for one in facts.entries)
    if twins > 1:
        return [refuse(Why.ID_TWICE, Way.ON_A_COPY, number=twins, id=entry.id)]
    return []


def _name_problems(name: str, facts: ImageFacts) -> list[Refusal]:
    problems = [refuse(Why.NAME_TAKEN, name=name)] if _named(name, facts) else []
    return problems + [
        refuse(Why.NAME_IS_ID, name=name, other=one.name)
        for one in facts.entries
        if one.id == name and not name.isdecimal()
    ]


def _named(name: str, facts: ImageFacts) -> bool:
    return any(one.name == name for one in facts.entries)


def _name_refusals(entry: ImageSnapshot) -> list[Refusal]:
    """qemu-img deletes by name alone, and gets it as the bytes that the image has."""
    if UNDECODABLE not in entry.name:
        return []
    return [refuse(Why.NAME_NOT_TEXT, Way.EXTRACT_INTO_NEW, name=entry.name, id=entry.id)]


def _twin_refusals(chosen: Sequence[PlacedEntry], facts: ImageFacts) -> list[Refusal]:
    """Each must be the first of its name when its turn comes."""
    left = list(enumerate(facts.entries))
    refusals = []
    for placed in chosen:
        first = next((at for at, one in left if one.name == placed.entry.name), placed.place)
        if first == placed.place:
            left.remove((placed.place, placed.entry))
        else:
            before = PlacedEntry(first, facts.entries[first]).words
            refusals.append(
                refuse(Why.NOT_THE_FIRST, Way.MARK_BOTH, first=before, name=placed.words)
            )
    return refusals


def _twin_warnings(chosen: Sequence[PlacedEntry], facts: ImageFacts) -> list[Remark]:
    numbers = Counter(one.name for one in facts.entries)
    gone = Counter(placed.entry.name for placed in chosen)
    return [
        remark(
            Warn.TWINS_LEFT, number=text.count(numbers[name] - gone[name], "snapshot"), name=name
        )
        for name in gone
        if numbers[name] > gone[name]
    ]


def _apply_warnings(entry: ImageSnapshot, facts: ImageFacts) -> Iterator[Remark]:
    if entry.vm_state:
        yield remark(Warn.RAM_NOT_LOADED, size=text.size(entry.vm_state))
    then = entry.virtual_size
    now = facts.image.virtual_size if isinstance(facts.image, ImageInfo) else None
    if then is not None and now is not None and then != now:
        yield remark(Warn.DISK_RESIZED, then=text.size(then), now=text.size(now))


def _since(facts: ImageFacts, *, kept: bool) -> Loss:
    """What was written since, which applying gives up."""
    usage = _usage(facts)
    written = usage if isinstance(usage, NotKnown) else usage.usage.unsaved
    as_now = ""
    if not isinstance(facts.as_now, NotKnown) and facts.as_now:
        as_now = next((one.name for one in facts.entries if one.id in facts.as_now), "")
    undated = isinstance(usage, ImageUsage) and usage.written is None
    return EntryWritesLost(written, as_now, kept, at_least=undated)


def _usage(facts: ImageFacts) -> ImageUsage | NotKnown:
    """What was counted, if it is still as it was counted."""
    return as_counted(facts.counted.get(facts.path, NOT_YET), facts.image)


def _lost(chosen: Sequence[PlacedEntry], facts: ImageFacts) -> Loss:
    names = tuple(placed.words for placed in chosen)
    if len(chosen) != 1:
        return SnapshotsLost(names)
    entry = chosen[0].entry
    memory = bool(entry.vm_state)
    return SnapshotsLost(names, entry.created, facts.read_at, memory=memory, one_disk=True)


def _frees(chosen: Sequence[PlacedEntry], facts: ImageFacts) -> Space:
    counted = {facts.path: _usage(facts)}
    chosen_ones = [Unmanaged(one.entry.name, ((facts.path, one.entry),)) for one in chosen]
    free = None if isinstance(facts.space, NotKnown) else facts.space.free
    return Space(frees=reclaim_of(chosen_ones, counted), free=free)
