"""The plans for images that no domain uses: create, apply, delete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from snaptui import text
from snaptui.costs import reclaim_of
from snaptui.entries import Stray
from snaptui.image_model import ImageInfo, ImageSnapshot, NotKnown, PlacedEntry
from snaptui.plan import checks
from snaptui.plan.image_facts import ImageFacts
from snaptui.plan.image_steps import AddEntry, ApplyEntry, DeleteEntry, ImageStep
from snaptui.plan.plan import ImageApply, ImageCreate, ImageDelete, Plan
from snaptui.plan.safety import safety_name
from snaptui.qcow2.usage import ImageUsage

UNDECODABLE = "\N{REPLACEMENT CHARACTER}"
"""Stands in shown names for bytes that are not UTF-8."""


def plan_create(intent: ImageCreate, facts: ImageFacts) -> Plan:
    """Plan an entry that holds the disk as it is now."""
    refusals = [*checks.spelling_problems(intent.name), *_name_problems(intent.name, facts)]
    refusals += change_refusals(facts)
    if isinstance(facts.image, ImageInfo) and facts.image.data_file is not None:
        refusals.append(
            f"The data of {facts.name} are in another file, and QEMU takes no snapshots of those."
        )
    refusals += checks.journal_refusals(facts.unrecorded)
    steps = (AddEntry(facts.path, intent.name),) if intent.name else ()
    return Plan(
        intent=intent,
        verb="Create",
        title=f"Create a snapshot in {facts.name}",
        after=f"{facts.name} stays as it is; the snapshot holds its disk.",
        lost="nothing",
        undo="yes, by deleting the snapshot",
        space=space_words("needs next to nothing now", facts),
        refusals=tuple(refusals),
        warnings=tuple(change_warnings(facts)),
        unchecked=tuple(change_doubts(facts)),
        lines=tuple(each.line for each in steps),
        steps=steps,
        type_name=bool(change_doubts(facts)),
    )


def plan_apply(intent: ImageApply, facts: ImageFacts) -> Plan:
    """Plan to make the disk as an entry has it, by ID (QEMU looks for an ID before a name)."""
    placed, entry = intent.placed, intent.placed.entry
    refusals = [*entry_refusals(placed, facts), *id_refusals(entry, facts)]
    refusals += [*change_refusals(facts), *checks.journal_refusals(facts.unrecorded)]
    taken = {word for one in facts.entries for word in (one.name, one.id)}
    kept = safety_name(facts.read_at, entry.name.replace(UNDECODABLE, "_"), taken)
    safety = (AddEntry(facts.path, kept),) if intent.safety else ()
    steps: tuple[ImageStep, ...] = (*safety, ApplyEntry(facts.path, placed))
    since = _since(facts)
    moment = f"{text.when(entry.created)} ({text.age(entry.created, facts.read_at)})"
    return Plan(
        intent=intent,
        verb="Apply",
        title=f"Apply {entry.name} in {facts.name}",
        after=f"After this the disk in {facts.name} will be as on {moment}",
        lost=f"until undone: {since}" if intent.safety else since,
        undo=f"yes, by applying {kept}" if intent.safety else "NO, what is lost is lost",
        space=space_words("needs next to nothing", facts),
        refusals=tuple(refusals),
        warnings=(*_apply_warnings(entry, facts), *change_warnings(facts)),
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
    warnings = [*_twin_warnings(chosen, facts), *change_warnings(facts)]
    if facts.unrecorded:
        warnings.append(checks.unrecorded_warning(facts.unrecorded))
    steps = tuple(DeleteEntry(facts.path, placed) for placed in chosen)
    one = chosen[0].entry.name if len(chosen) == 1 else text.count(len(chosen), "snapshot")
    left = text.count(len(facts.entries) - len(chosen), "snapshot")
    doubts = change_doubts(facts)
    return Plan(
        intent=intent,
        verb="Delete",
        title=f"Delete {one} of {facts.name}",
        after=f"The disk in {facts.name} stays as it is, with {left} left.",
        lost=_lost(chosen, facts),
        undo="NO, a deleted snapshot cannot be brought back",
        space=_frees(chosen, facts),
        refusals=tuple(refusals),
        warnings=tuple(warnings),
        unchecked=tuple(doubts),
        lines=tuple(step.line for step in steps),
        steps=steps,
        type_name=bool(doubts or facts.unrecorded),
    )


def reading_refusals(facts: ImageFacts) -> list[str]:
    """What forbids to do anything with the entries of an image."""
    if not facts.host.local:
        return [
            f"{facts.name} is on another host, where qemu-img cannot be run from here. "
            "Run snaptui there."
        ]
    image = facts.image
    if isinstance(image, NotKnown):
        return [image.reason]
    if image.format != "qcow2":
        return [f"{facts.name} is {image.format}, which holds no snapshots."]
    if image.encrypted:
        return [f"{facts.name} is encrypted, and snaptui gives qemu-img no secrets. Do it by hand."]
    return []


def change_refusals(facts: ImageFacts) -> list[str]:
    """What forbids to change an image."""
    refusals = reading_refusals(facts)
    if refusals:
        return refusals
    users = list(facts.holders)
    if not isinstance(facts.openers, NotKnown):
        users += [f"{one.name} (process {one.pid}) has it open" for one in facts.openers.found]
    if users:
        refusals.append(
            f"{facts.name} is in use: {', '.join(users)}. Change it there, with libvirt, or let "
            "go of it first."
        )
    if isinstance(facts.image, ImageInfo):
        refusals += [
            f"{facts.name} is damaged: {fault}. Look with qemu-img check, and repair a copy first."
            for fault in facts.image.faults
        ]
    if facts.writable is False:
        refusals.append(f"{facts.path} may not be written to, for you or at all.")
    return refusals


def change_doubts(facts: ImageFacts) -> list[str]:
    """What could not be checked before an image is changed."""
    if reading_refusals(facts):
        return []
    doubts = [f"Whether something else uses it: {doubt}" for doubt in facts.doubts]
    for what, known in (
        ("Whether a process has it open", facts.openers),
        ("Whether it may be written to", facts.writable),
        ("Whether the disk is as one of its snapshots", facts.as_now),
    ):
        if isinstance(known, NotKnown):
            doubts.append(f"{what}: {known.reason}")
    return doubts


def change_warnings(facts: ImageFacts) -> list[str]:
    """What an admin should know before an image is changed."""
    if not isinstance(facts.openers, NotKnown) and facts.openers.hidden:
        return [
            "Some processes may not be looked into; of those that use it only a QEMU would keep "
            "qemu-img out, by its lock."
        ]
    return []


def entry_refusals(placed: PlacedEntry, facts: ImageFacts) -> list[str]:
    """An entry that is not where it was is not touched."""
    if facts.has(placed) or isinstance(facts.image, NotKnown):
        return []
    return [f"{placed.words} is not there any more, or the list changed. Look again."]


def id_refusals(entry: ImageSnapshot, facts: ImageFacts) -> list[str]:
    """Why an entry cannot be addressed by its ID."""
    if not entry.id or UNDECODABLE in entry.id:
        return [f"The ID of {entry.name} cannot be given to qemu-img. {_ON_A_COPY}"]
    twins = sum(one.id == entry.id for one in facts.entries)
    if twins > 1:
        return [f"{twins} snapshots have the ID {entry.id}; qemu-img takes the first. {_ON_A_COPY}"]
    return []


def space_words(need: str, facts: ImageFacts) -> str:
    """What it needs, and what is free."""
    if isinstance(facts.space, NotKnown):
        return f"{need}, free ?"
    return f"{need}, free {text.size(facts.space.free)} of {text.size(facts.space.size)}"


_ON_A_COPY = "No tool made it so: look with qemu-img check, and work on a copy of the image."


def _name_problems(name: str, facts: ImageFacts) -> list[str]:
    problems = [f"There is a snapshot called {name} already."] if _named(name, facts) else []
    return problems + [
        f"{name} is the ID of {one.name}, for which QEMU would take it."
        for one in facts.entries
        if one.id == name and not name.isdecimal()
    ]


def _named(name: str, facts: ImageFacts) -> bool:
    return any(one.name == name for one in facts.entries)


def _name_refusals(entry: ImageSnapshot) -> list[str]:
    """qemu-img deletes by name alone, and gets it as the bytes that the image has."""
    if UNDECODABLE not in entry.name:
        return []
    return [
        f"The name of {entry.name} (ID {entry.id}) is not UTF-8, so that it cannot be given to "
        "qemu-img exactly, and qemu-img deletes by name alone. Way round: copy what you need out "
        "of the image (extract) into a new one."
    ]


def _twin_refusals(chosen: Sequence[PlacedEntry], facts: ImageFacts) -> list[str]:
    """Each must be the first of its name when its turn comes."""
    left = list(enumerate(facts.entries))
    refusals = []
    for placed in chosen:
        first = next((at for at, one in left if one.name == placed.entry.name), placed.place)
        if first == placed.place:
            left.remove((placed.place, placed.entry))
        else:
            refusals.append(
                f"{PlacedEntry(first, facts.entries[first]).words} stands before {placed.words}, "
                "and qemu-img deletes the first of a name. Way round: mark both; or extract this "
                "one to a file."
            )
    return refusals


def _twin_warnings(chosen: Sequence[PlacedEntry], facts: ImageFacts) -> list[str]:
    numbers = Counter(one.name for one in facts.entries)
    gone = Counter(placed.entry.name for placed in chosen)
    return [
        f"Left of this name: {text.count(numbers[name] - gone[name], 'snapshot')} called {name}. "
        "That this very one went is looked at afterwards."
        for name in gone
        if numbers[name] > gone[name]
    ]


def _apply_warnings(entry: ImageSnapshot, facts: ImageFacts) -> list[str]:
    warnings = []
    if entry.vm_state:
        warnings.append(
            f"Its RAM ({text.size(entry.vm_state)}) is not loaded: the disk will be as after a "
            "power failure."
        )
    size = facts.image.virtual_size if isinstance(facts.image, ImageInfo) else None
    if entry.virtual_size is not None and size is not None and entry.virtual_size != size:
        warnings.append(
            f"The disk becomes {text.size(entry.virtual_size)} large; now it is {text.size(size)}."
        )
    return warnings


def _since(facts: ImageFacts) -> str:
    """What was written since, which applying gives up."""
    if not isinstance(facts.as_now, NotKnown) and facts.as_now:
        kept = next((one.name for one in facts.entries if one.id in facts.as_now), "")
        return f"nothing that {kept} does not hold"
    usage = _usage(facts)
    if isinstance(usage, NotKnown):
        return f"all written that no snapshot holds: ? ({usage.reason})"
    return f"{text.size(usage.usage.active)} that no snapshot holds"


def _usage(facts: ImageFacts) -> ImageUsage | NotKnown:
    """What was counted, if the snapshot table is still the one that was counted."""
    usage = facts.counted.get(facts.path, NotKnown("not counted yet"))
    if isinstance(usage, ImageUsage) and usage.entries != facts.entries:
        return NotKnown("not counted yet")
    return usage


def _lost(chosen: Sequence[PlacedEntry], facts: ImageFacts) -> str:
    if len(chosen) != 1:
        names = ", ".join(placed.words for placed in chosen)
        return f"{text.count(len(chosen), 'snapshot')}: {names}"
    (placed,) = chosen
    entry = placed.entry
    made = f"{text.when(entry.created)} ({text.age(entry.created, facts.read_at)})"
    return f"the state of {made}: {'disk and RAM' if entry.vm_state else 'disk'}"


def _frees(chosen: Sequence[PlacedEntry], facts: ImageFacts) -> str:
    usage = _usage(facts)
    counted = {facts.path: usage}
    strays = [Stray(one.entry.name, ((facts.path, one.entry),)) for one in chosen]
    freed = reclaim_of(strays, counted)
    free = "?" if isinstance(facts.space, NotKnown) else text.size(facts.space.free)
    if isinstance(freed, NotKnown):
        return f"frees ? ({freed.reason}), free {free}"
    return f"frees {text.size(freed)}, free {free}"
