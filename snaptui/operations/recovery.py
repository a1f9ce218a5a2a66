"""What became of operations that were cut short: told by the host, not assumed."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from snaptui.backend.protocol.backend import Looks
from snaptui.backend.protocol.files import Files
from snaptui.common.errors import ImageError, NotFound
from snaptui.discovery.disk_state import Part, have, parts, reverted_words
from snaptui.discovery.image_heads import read_heads
from snaptui.model.disk import Presence
from snaptui.model.domain import DomainConfig, DomainKey, DomainState
from snaptui.model.host import Host
from snaptui.model.image import ImageSnapshot, NotKnown
from snaptui.model.operation_record import Became, Record, StepKind, StepRecord
from snaptui.model.snapshot import Kind, Snapshot
from snaptui.storage.backing_chain import chain, disks_with_chains

if TYPE_CHECKING:
    from snaptui.model.domain import DomainStatus
    from snaptui.operations.journal_archive import Past

OVERLAYS_LEFT = "Overlays that libvirt made for it may be left; F lists orphaned ones."


@dataclass(frozen=True, slots=True)
class CutShort:
    """An operation whose process ended before it did."""

    past: Past
    record: Record

    @property
    def together(self) -> dict[int, Record]:
        """By number, what its process had begun of that which was confirmed with it."""
        numbers = self.record.batch.numbers if self.record.batch is not None else ()
        return {one.number: one for one in self.past.records if one.number in numbers}


def cut_short(journals: Iterable[Past], host: Host) -> tuple[tuple[CutShort, ...], ...]:
    """The operations on a host that were cut short and that nobody has been told of.

    Those that were confirmed together are together.
    """
    found: dict[tuple[str, int], list[CutShort]] = {}
    for past in journals:
        for record in () if past.alive else past.records:
            if record.host == host.label and record.outcome is None and not record.found:
                first = record.batch.first if record.batch is not None else record.number
                found.setdefault((str(past.path), first), []).append(CutShort(past, record))
    return tuple(map(tuple, found.values()))


@dataclass(frozen=True, slots=True)
class Finding:
    """What the host says of an operation that was cut short.

    Attributes:
        became: what became of the step that was under way; ``None`` where none was.
        said: the same for a person, in sentences.
        now: how the domain stands now, a sentence; empty for an image.
        kept: the safety snapshot that it has made and that is there.
    """

    record: Record
    became: Became | None
    said: str
    now: str = ""
    kept: str = ""

    @property
    def finished(self) -> bool:
        """Whether all that it was to do is done."""
        left = [step for step in self.record.steps if step.ended is None]
        under_way = self.record.under_way
        return not left or (left == [under_way] and self.became is Became.DONE)

    @property
    def words(self) -> str:
        """All of it, a line for each step and what else there is to say."""
        done = [f"Done before: {s.words}." for s in self.record.steps if s.ended is not None]
        gone = self.became is Became.GONE
        back = f"The safety snapshot {self.kept} is there: u brings back what was before."
        lines = (*(() if gone else done), *self.open_lines, *((back,) if self.kept else ()))
        return "\n".join(lines)

    @property
    def open_lines(self) -> tuple[str, ...]:
        """What there is to say of the steps that had not ended, and how the domain stands."""
        if self.became is Became.GONE:
            return (self.said,)
        left = [step for step in self.record.steps if step.ended is None]
        lines = (
            f"Interrupted: {step.words}. {self.said}"
            if step is self.record.under_way
            else f"Not started: {step.words}."
            for step in left
        )
        return (*lines, *((self.now,) if self.now else ()))


def look(backend: Looks, record: Record) -> Finding | None:
    """Ask the host what is true now; blocks. ``None`` as long as something holds it.

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
        said = f"The domain {record.domain} no longer exists."
        return Finding(record, Became.GONE, said)
    images = [disk.path for disk in status.config.written if disk.path is not None]
    state = status.domain.state
    if status.busy or (not state.active and backend.qemu_at(images)):
        return None
    under_way = record.under_way
    known: Snapshot | None = None
    inside: dict[str, Part] = {}
    if under_way is not None:
        with suppress(NotFound):
            name = under_way.defines[0] if under_way.defines else under_way.subject
            known = backend.snapshot(key, name) if name in names else None
        if not state.active:
            inside = parts(backend, status.config, under_way.subject)
    merge = under_way is not None and under_way.kind is StepKind.MERGE
    chains = _chains(backend, status.config) if merge else None
    let_go = _let_go(backend, status) if state.active else ""
    seen = Found(state, names, current, inside, known, status.block_jobs, chains, let_go)
    return finding(record, seen)


def _let_go(backend: Looks, status: DomainStatus) -> str:
    from snaptui.discovery.readings import let_go
    from snaptui.plan.checks import pivoted
    from snaptui.plan.refusal import words_of

    paths = [disk.path for disk in status.config.written if disk.path is not None]
    heads = read_heads(backend, dict.fromkeys(paths, False))
    return words_of(pivoted.found(status, heads, let_go(backend, status, heads)))


def _chains(backend: Files, config: DomainConfig) -> frozenset[str] | None:
    """The images of all disks and what lies beneath them; ``None`` where that is not known."""
    found: set[str] = set()
    for disk in disks_with_chains(config):
        path = disk.path or ""
        levels = chain(path, disk.format, read_heads(backend, {path: disk.format == "raw"}))
        if isinstance(levels[-1].image, NotKnown):
            return None
        found.update(level.path for level in levels)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of a domain.

    Attributes:
        inside: by target, what the disks have of the snapshot that the step under way is about;
            empty while they are in use, or cannot be read.
        known: this snapshot, or that which it defines again.
        block_jobs: targets of the disks that QEMU merges.
        images: of a merge, the images in the chains of its disks; ``None`` when not known.
        let_go: what to know of overlays that QEMU has let go of, and libvirt names; as sentences.
    """

    state: DomainState
    names: tuple[str, ...]
    current: str | None
    inside: dict[str, Part] = field(default_factory=dict)
    known: Snapshot | None = None
    block_jobs: tuple[str, ...] = ()
    images: frozenset[str] | None = None
    let_go: str = ""


def finding(record: Record, found: Found) -> Finding:
    """What the facts say of an operation that was cut short."""
    from snaptui.model.safety_mark import is_safety  # the plans are a twentieth of each start

    step = record.under_way
    became, said = _of_domain(record, step, found) if step is not None else (None, "")
    current = found.current or "none"
    made = [one.subject for one in record.steps if is_safety(one.subject)]
    return Finding(
        record,
        became,
        said,
        f"{record.domain} is {found.state.value} now; its current snapshot is {current}.",
        next((name for name in made if name in found.names), ""),
    )


Told = tuple[Became, str]
"""What became of a step, and the same in sentences."""


def _of_domain(record: Record, step: StepRecord, found: Found) -> Told:
    if step.kind is StepKind.CREATE:
        return _of_create(step, found)
    if step.kind is StepKind.DELETE:
        return _of_delete(record, step, found)
    if step.kind is StepKind.REVERT:
        return _of_revert(record, step, found)
    if step.kind in (StepKind.FREEZE, StepKind.THAW):
        words = "A process that was left behind thaws it within 10 s; T asks the guest."
        return Became.UNKNOWN, words
    if step.defines is not None:
        known = found.known
        now = (known.name, known.parent or "", known.description) if known is not None else None
        return _of_record(changed=now == step.defines)
    if step.kind is StepKind.MERGE:
        return _of_merge(record, step, found)
    if step.kind is StepKind.RELOCATE:
        then = found.known.config if found.known is not None else None
        return _of_record(changed=then is not None and then.at(step.places))
    if step.kind is StepKind.EDIT:
        return Became.UNKNOWN, "Whether it was changed is not known."
    if step.kind is StepKind.POWER_OFF:
        became = Became.NOT_DONE if found.state.active else Became.DONE
        return became, f"The domain is {found.state.value}."
    return Became.UNKNOWN, f"The domain is {found.state.value}."


def _of_create(step: StepRecord, found: Found) -> Told:
    if step.subject in found.names:
        return Became.DONE, "The snapshot is there."
    if step.adopts:
        words = "There is no such snapshot: the images are as they were."
        return Became.NOT_DONE, words
    if holding := [target for target, part in found.inside.items() if part is not Part.NONE]:
        words = (
            f"There is no such snapshot, but {have(holding)} a part of it: unmanaged, and can be "
            "deleted."
        )
        # a version that did not note it may have been about to adopt what was there
        return (Became.UNKNOWN if step.adopts is None else Became.IN_PART), words
    return Became.NOT_DONE, "There is no such snapshot: it was not taken."


def _of_delete(record: Record, step: StepRecord, found: Found) -> Told:
    """Where the journal does not say whether only metadata went, all that can be is looked at."""
    if step.subject not in found.names:
        holding = [target for target, part in found.inside.items() if part is not Part.NONE]
        if not holding or step.metadata_only:
            return Became.DONE, "It is gone."
        words = f"It is gone, but {have(holding)} a part of it: unmanaged, and can be deleted."
        return (Became.UNKNOWN if step.metadata_only is None else Became.IN_PART), words
    words = "It is still there"
    if found.known is None or step.metadata_only:
        return Became.NOT_DONE, f"{words}."
    presence = {disk.target: disk.presence for disk in found.known.disks}
    if gone := [
        target
        for target, part in found.inside.items()
        if part is Part.NONE and presence.get(target) is Presence.INTERNAL
    ]:
        words = f"{words}, but {have(gone)} nothing of it any more: delete it again."
        return Became.IN_PART, words
    if Presence.EXTERNAL not in presence.values():
        return Became.NOT_DONE, f"{words}."
    from snaptui.plan.checks.domain_checks import MERGED_IN_PART, left_merge

    if found.block_jobs and found.state is DomainState.PAUSED:
        left = left_merge(record.domain, record.uuid)
        return Became.IN_PART, f"{words}. If {record.domain} was off before, {left}"
    if found.let_go:
        return Became.IN_PART, f"{words}. {found.let_go}"
    return Became.PERHAPS, f"{words}. {MERGED_IN_PART}"


def _of_record(*, changed: bool) -> Told:
    if changed:
        return Became.DONE, "It was changed."
    return Became.NOT_DONE, "It was not changed."


def _of_merge(record: Record, step: StepRecord, found: Found) -> Told:
    """A merge of what a disk writes to waits for ever where nobody tells it to pivot."""
    if found.images is None:
        return Became.UNKNOWN, "Whether it was merged is not known: its chain cannot be read."
    if step.subject not in found.images:
        return Became.DONE, "It is merged."
    if found.block_jobs:
        from snaptui.plan.checks.domain_checks import left_job

        left = left_job(record.domain, record.uuid, found.block_jobs)
        return Became.IN_PART, f"It is not merged yet, and QEMU still does it. {left}"
    if found.let_go:
        return Became.IN_PART, found.let_go
    return Became.NOT_DONE, "It is not merged, and in use as before: merge it again."


def _of_revert(record: Record, step: StepRecord, found: Found) -> Told:
    """libvirt calls a snapshot current when the revert to it has come to its end."""
    words = reverted_words(found.inside, step.subject)
    told = f" Its disks: {words}." if words else ""
    if found.current != step.subject:
        outside = found.known is not None and found.known.kind is Kind.EXTERNAL
        if outside:
            told = f" {OVERLAYS_LEFT}"
        ended = "did not come to its end" if words else "was not done"
        became = Became.IN_PART if words else Became.PERHAPS if outside else Became.NOT_DONE
        return became, f"The host does not call it current: the revert {ended}.{told}"
    if any(one.kind is StepKind.CREATE and one.ended is not None for one in record.steps):
        # another one was before
        return Became.DONE, "The host calls it current: the revert was done."
    whole = bool(found.inside) and set(found.inside.values()) == {Part.AS_NOW}
    words = "The host calls it current: the revert was done, or it was current before."
    return (Became.DONE if whole else Became.UNKNOWN), f"{words}{told}"


def _look_at_image(backend: Files, record: Record) -> Finding | None:
    path, step = record.image, record.under_way
    removal = any(one.kind is StepKind.SET_ASIDE for one in record.steps)
    changed = not removal and any(one.kind is not StepKind.EXTRACT for one in record.steps)

    def at_work() -> bool:
        """Whether the qemu-img that was begun goes on without us."""
        return changed and bool(backend.openers(path).found)

    def found() -> Finding | None:
        if at_work():
            return None
        entries = backend.image(path).snapshots if changed else ()
        as_now = backend.entries_as_now(path) if changed else frozenset()
        told = (None, "") if step is None else _of_image(backend, step, entries, as_now)
        return None if at_work() else Finding(record, *told)

    with suppress(ImageError):  # it may be written to just now
        return found()
    try:
        return found()
    except ImageError as error:
        said = f"Cannot determine the outcome: {error.message}"
        return Finding(record, Became.UNKNOWN, said)


def _of_image(
    backend: Files, step: StepRecord, entries: tuple[ImageSnapshot, ...], as_now: frozenset[str]
) -> Told:
    if step.kind is StepKind.EXTRACT:
        return _of_copy(backend, step.subject)
    if step.kind is StepKind.SET_ASIDE:
        if backend.missing_file(step.subject):
            return Became.NOT_DONE, "It still has its own name."
        return Became.DONE, f"It is called {step.subject} now."
    if step.kind is StepKind.REMOVE:
        if backend.missing_file(step.subject):
            return Became.DONE, "It is gone."
        return Became.NOT_DONE, f"It is still there, as {step.subject}."
    if step.kind is StepKind.CREATE:
        if any(entry.name == step.subject for entry in entries):
            return Became.DONE, "The snapshot is there."
        words = "There is no such snapshot. If space was lost, qemu-img check shows it as leaked."
        return Became.NOT_DONE, words
    found = [entry for entry in entries if f"{entry.id} {entry.name}" == step.subject]
    if step.kind is StepKind.DELETE:
        if found:
            return Became.NOT_DONE, "It is still there."
        return Became.DONE, "It is gone."
    if any(entry.id in as_now for entry in found):
        return Became.DONE, "The disk is now as this snapshot has it."
    words = "The disk is not as this snapshot has it: it was not applied, or written to since."
    return Became.NOT_DONE, words


def _of_copy(backend: Files, target: str) -> Told:
    from snaptui.model.files import unfinished

    missing = backend.missing_file(target)
    there = "There is no such file" if missing else "The file is there"
    part = unfinished(target)
    if backend.missing_file(part):
        return (Became.NOT_DONE if missing else Became.DONE), f"{there}, and nothing unfinished."
    writers = [f"{one.name} (process {one.pid})" for one in backend.openers(part).found]
    still = f"{', '.join(writers)} still writes to it: end that, then r" if writers else "R"
    words = f"{there}. What is unfinished is left: {part}. {still}emove it."
    return Became.PERHAPS, words
