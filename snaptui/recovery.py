"""What became of operations that were cut short: told by the host, not assumed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from snaptui.backend.protocol import Backend
from snaptui.disks_now import Part, have, parts, reverted_words
from snaptui.errors import ImageError, NotFound
from snaptui.image_model import ImageSnapshot
from snaptui.journal import Record, StepRecord
from snaptui.model import DomainKey, Host, Kind, Presence, Snapshot

if TYPE_CHECKING:
    from snaptui.journals import Past

OVERLAYS_LEFT = "Overlays that libvirt made for it may be left; F lists those that nothing names."


@dataclass(frozen=True, slots=True)
class CutShort:
    """An operation whose process ended before it did."""

    past: Past
    record: Record


def cut_short(journals: Iterable[Past], host: Host) -> tuple[CutShort, ...]:
    """The operations on a host that were cut short and that nobody has been told of."""
    return tuple(
        CutShort(past, record)
        for past in journals
        if not past.alive
        for record in past.records
        if record.host == host.label and not record.outcome and not record.found
    )


def look(backend: Backend, record: Record) -> str:
    """Ask the host what is true now, and say it; blocks.

    Raises:
        SnaptuiError: it cannot be asked; nothing is known then.
    """
    if record.image:
        return _look_at_image(backend, record)
    key = DomainKey(backend.uri, record.uuid)
    try:
        status = backend.status(key)
        names = backend.snapshot_names(key)
        current = backend.current_snapshot(key)
    except NotFound:
        return f"The domain {record.domain} is not there any more."
    images = [disk.path for disk in status.config.written if disk.path is not None]
    if status.busy or (not status.domain.state.active and backend.qemu_at(images)):
        return ""
    under_way = next((s for s in record.steps if s.began is not None and s.ended is None), None)
    known: Snapshot | None = None
    inside: dict[str, Part] = {}
    if under_way is not None:
        with suppress(NotFound):
            name = under_way.defines[0] if under_way.defines else under_way.subject
            known = backend.snapshot(key, name) if name in names else None
        if not status.domain.state.active:
            inside = parts(backend, status.config, under_way.subject)
    state = status.domain.state
    found = Found(state.value, names, current, inside, known, status.block_jobs)
    return found_words(record, found)


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of a domain.

    Attributes:
        inside: by target, what the disks have of the snapshot that the step under way is about;
            empty while they are in use, or cannot be read.
        known: this snapshot, or that which it defines again.
        block_jobs: targets of the disks that QEMU merges.
    """

    state: str
    names: tuple[str, ...]
    current: str | None
    inside: dict[str, Part] = field(default_factory=dict)
    known: Snapshot | None = None
    block_jobs: tuple[str, ...] = ()


def found_words(record: Record, found: Found) -> str:
    """What the facts say of each step of an operation that was cut short."""
    from snaptui.plan.safety import is_safety  # the plans are a twentieth of each start

    words = list(step_words(record, lambda step: _said(record, step, found)))
    current = found.current or "none"
    words.append(f"{record.domain} is {found.state} now; its current snapshot is {current}.")
    kept = [step.subject for step in record.steps if is_safety(step.subject)]
    if any(name in found.names for name in kept):
        words.append(f"The safety snapshot {kept[0]} is there: u brings back what was before.")
    return "\n".join(words)


def step_words(record: Record, said: Callable[[StepRecord], str]) -> Iterator[str]:
    """How far each step came; ``said`` tells it of the one that was under way."""
    for step in record.steps:
        if step.ended is not None:
            yield f"Done before: {step.words}."
        elif step.began is not None:
            yield f"Under way when it was cut short: {step.words}. {said(step)}"
        else:
            yield f"Not begun: {step.words}."


def _said(record: Record, step: StepRecord, found: Found) -> str:
    if step.kind == "create":
        return _said_of_create(step, found)
    if step.kind == "delete":
        return _said_of_delete(record, step, found)
    if step.kind == "revert":
        return _said_of_revert(record, step, found)
    if step.kind in ("freeze", "thaw"):
        return "A process that was left behind thaws it within 10 s; T asks the guest."
    if step.defines is not None:
        known = found.known
        now = (known.name, known.parent or "", known.description) if known is not None else None
        return "It was changed." if now == step.defines else "It was not changed."
    return f"The domain is {found.state}."


def _said_of_create(step: StepRecord, found: Found) -> str:
    if step.subject in found.names:
        return "The snapshot is there."
    if " --redefine" in step.line:
        return "There is no such snapshot: the images are as they were."
    if holding := [target for target, part in found.inside.items() if part is not Part.NONE]:
        return (
            f"There is no such snapshot, but {have(holding)} a part of it: a stray, which can be "
            "deleted."
        )
    return "There is no such snapshot: it was not taken."


def _said_of_delete(record: Record, step: StepRecord, found: Found) -> str:
    data_stay = " --metadata" in step.line
    if step.subject not in found.names:
        holding = [target for target, part in found.inside.items() if part is not Part.NONE]
        if not holding or data_stay:
            return "It is gone."
        return f"It is gone, but {have(holding)} a part of it: a stray, which can be deleted."
    words = "It is still there"
    if found.known is None or data_stay:
        return f"{words}."
    presence = {disk.target: disk.presence for disk in found.known.disks}
    if gone := [
        target
        for target, part in found.inside.items()
        if part is Part.NONE and presence.get(target) is Presence.INTERNAL
    ]:
        return f"{words}, but {have(gone)} nothing of it any more: delete it again."
    if Presence.EXTERNAL not in presence.values():
        return f"{words}."
    from snaptui.plan.checks import MERGED_IN_PART, left_merge

    if found.block_jobs and found.state == "paused":
        return f"{words}. If {record.domain} was off before, {left_merge(record.domain)}"
    return f"{words}. {MERGED_IN_PART}"


def _said_of_revert(record: Record, step: StepRecord, found: Found) -> str:
    """libvirt calls a snapshot current when the revert to it has come to its end."""
    words = reverted_words(found.inside, step.subject)
    told = f" Its disks: {words}." if words else ""
    if found.current != step.subject:
        ended = "did not come to its end" if words else "was not done"
        if found.known is not None and found.known.kind is Kind.EXTERNAL:
            told = f" {OVERLAYS_LEFT}"
        return f"The host does not call it current: the revert {ended}.{told}"
    if any(one.kind == "create" and one.ended is not None for one in record.steps):
        return "The host calls it current: the revert was done."  # another one was before
    return f"The host calls it current: the revert was done, or it was current before.{told}"


def _look_at_image(backend: Backend, record: Record) -> str:
    path = record.image
    if any(step.kind == "set aside" for step in record.steps):
        return "\n".join(step_words(record, lambda step: _said_of_removal(backend, step)))
    changed = any(step.kind != "extract" for step in record.steps)

    def at_work() -> bool:
        """Whether the qemu-img that was begun goes on without us."""
        return changed and bool(backend.openers(path).found)

    def said() -> str:
        if at_work():
            return ""
        entries = backend.image(path).snapshots if changed else ()
        as_now = backend.entries_as_now(path) if changed else frozenset()
        words = "\n".join(step_words(record, lambda one: _said_of(backend, one, entries, as_now)))
        return "" if at_work() else words

    with suppress(ImageError):  # it may be written to just now
        return said()
    try:
        return said()
    except ImageError as error:
        return f"What became of it cannot be told: {error.message}"


def _said_of(
    backend: Backend, step: StepRecord, entries: tuple[ImageSnapshot, ...], as_now: frozenset[str]
) -> str:
    if step.kind == "extract":
        return _said_of_copy(backend, step.subject)
    if step.kind == "create":
        if any(entry.name == step.subject for entry in entries):
            return "The snapshot is there."
        return "There is no such snapshot. If space was lost, qemu-img check -r leaks finds it."
    found = [entry for entry in entries if f"{entry.id} {entry.name}" == step.subject]
    if step.kind == "delete":
        return "It is still there." if found else "It is gone."
    if any(entry.id in as_now for entry in found):
        return "The disk is now as this snapshot has it."
    return "The disk is not as this snapshot has it: it was not applied, or written to since."


def _said_of_copy(backend: Backend, target: str) -> str:
    from snaptui.files import unfinished

    there = "There is no such file" if backend.missing_file(target) else "The file is there"
    part = unfinished(target)
    if backend.missing_file(part):
        return f"{there}, and nothing unfinished."
    writers = [f"{one.name} (process {one.pid})" for one in backend.openers(part).found]
    still = f"{', '.join(writers)} still writes to it: end that, then r" if writers else "R"
    return f"{there}. What is unfinished is left: {part}. {still}emove it."


def _said_of_removal(backend: Backend, step: StepRecord) -> str:
    there = not backend.missing_file(step.subject)
    if step.kind == "set aside":
        return f"It is called {step.subject} now." if there else "It has its own name still."
    return f"It is still there, as {step.subject}." if there else "It is gone."
