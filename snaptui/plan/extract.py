"""The plan of a copy of one entry of an image to a file of its own."""

from __future__ import annotations

from snaptui import text
from snaptui.files import CopyFormat, EntryCopy, unfinished
from snaptui.image_model import ImageInfo, NotKnown
from snaptui.plan import checks
from snaptui.plan.image import entry_refusals, id_refusals, reading_refusals, space_words
from snaptui.plan.image_facts import ImageFacts
from snaptui.plan.image_steps import ExtractEntry
from snaptui.plan.plan import ImageExtract, Plan

NAME_BYTES = 249
"""While it is unfinished, the file has six bytes more, of 255."""


def plan(intent: ImageExtract, facts: ImageFacts) -> Plan:
    """Plan the copy; the image is only read, and may be in use."""
    placed, entry = intent.placed, intent.placed.entry
    shared = not isinstance(facts.openers, NotKnown) and bool(facts.openers.found)
    refusals = reading_refusals(facts)
    if not refusals:
        refusals = [*entry_refusals(placed, facts), *id_refusals(entry, facts)]
        refusals += [*_target_refusals(intent, facts), *_space_refusals(facts)]
    refusals += checks.journal_refusals(facts.unrecorded)
    copy = EntryCopy(facts.path, entry, intent.target, intent.form, shared)
    step = ExtractEntry(copy)
    made = f"{text.when(entry.created)} ({text.age(entry.created, facts.read_at)})"
    return Plan(
        intent=intent,
        verb="Extract",
        title=f"Extract {entry.name} of {facts.name}",
        after=f"A new {intent.form.value} file holds the disk as on {made}; nothing else changes.",
        lost="nothing",
        undo="yes, by deleting the new file",
        space=_space(facts),
        refusals=tuple(refusals),
        warnings=tuple(_warnings(intent, facts)),
        unchecked=_unchecked(facts) if not refusals else (),
        lines=(step.line,),
        steps=(step,),
        type_name=False,
    )


def _target_refusals(intent: ImageExtract, facts: ImageFacts) -> list[str]:
    folder, name = intent.folder, intent.target.rpartition("/")[2]
    if not intent.target.startswith("/"):
        return ["The new file needs a whole path, which begins with /."]
    if not name or name in (".", ".."):
        return ["The new file needs a name."]
    if any(map(text.invisible, intent.target)):
        return ["A path with control or invisible characters cannot be told from others."]
    if len(name.encode("utf-8", "surrogateescape")) > NAME_BYTES:
        return [f"The file's name can have {NAME_BYTES} bytes at most."]
    if facts.copy is None or facts.copy.folder != folder:
        return [f"{folder} has not been looked into yet."]
    if isinstance(facts.copy.names, NotKnown):
        return [f"{folder} cannot be looked into: {facts.copy.names.reason}"]
    if facts.copy.exists(name):
        return [f"{intent.target} is there already, and is never replaced. Choose another name."]
    part = unfinished(intent.target)
    if facts.copy.exists(part.rpartition("/")[2]):
        return [
            f"{part} is there: another copy is under way, or was cut short. "
            "Remove it, or choose another name."
        ]
    return []


def _space_refusals(facts: ImageFacts) -> list[str]:
    needs = facts.copy.needs if facts.copy is not None else None
    if not isinstance(needs, int) or isinstance(facts.space, NotKnown):
        return []
    if needs <= facts.space.free:
        return []
    return [
        f"The copy takes {text.size(needs)}, and {text.size(facts.space.free)} are free there. "
        "Choose another directory, or make room."
    ]


def _space(facts: ImageFacts) -> str:
    needs = facts.copy.needs if facts.copy is not None else NotKnown("not measured")
    if isinstance(needs, NotKnown):
        return space_words("needs ?", facts)
    return space_words(f"needs up to {text.size(needs)}", facts)


def _unchecked(facts: ImageFacts) -> tuple[str, ...]:
    needs = facts.copy.needs if facts.copy is not None else None
    return (f"How much it takes: {needs.reason}",) if isinstance(needs, NotKnown) else ()


def _warnings(intent: ImageExtract, facts: ImageFacts) -> list[str]:
    entry = intent.placed.entry
    warnings = []
    if entry.vm_state:
        warnings.append(
            f"Its RAM ({text.size(entry.vm_state)}) is not copied: the disk alone is, as after a "
            "power failure."
        )
    if isinstance(facts.image, ImageInfo) and facts.image.backing is not None:
        beneath = facts.image.backing
        name = beneath if isinstance(beneath, str) else "what lies beneath"
        warnings.append(f"What the snapshot takes from {name} is copied too, as that is now.")
    if not isinstance(facts.openers, NotKnown):
        warnings += [
            f"{opener.name} (process {opener.pid}) has {facts.name} open: QEMU's lock is not "
            "heeded. Snapshots do not change, but this one must not be deleted meanwhile."
            for opener in facts.openers.found
        ]
    if intent.form is CopyFormat.RAW:
        warnings.append("A raw file has holes where the disk is empty; some tools fill them.")
    return warnings
