"""Whether the own effect of a step is there, whatever others changed meanwhile; pure.

libvirt has no compare-and-swap: between the check before a step and the look after it others may
change the same domain. What they changed is told beside what the step did, never instead of it.
"""

from __future__ import annotations

from collections.abc import Collection

from snaptui.common.errors import (
    Busy,
    Disconnected,
    NotFound,
    NotPermitted,
    SnaptuiError,
    Unsupported,
)
from snaptui.discovery.disk_state import Part
from snaptui.model.choices import Form
from snaptui.model.image import ImageInfo, Missing
from snaptui.model.operation_record import Became
from snaptui.operations.step_calls import differences, expected_after
from snaptui.plan.change import Change
from snaptui.plan.facts import Facts
from snaptui.plan.image_facts import ImageFacts
from snaptui.plan.plan import Step
from snaptui.plan.planner import AnyFacts
from snaptui.plan.steps.domain import CreateSnapshot, DeleteSnapshot, DomainStep, PowerOff, RevertTo
from snaptui.plan.steps.group import FreezeGuest, NoteGroup, ThawGuest
from snaptui.plan.steps.image import (
    AddEntry,
    ApplyEntry,
    DeleteEntry,
    ExtractEntry,
    ImageStep,
    SetAside,
)
from snaptui.plan.steps.merge import MergeOverlay
from snaptui.plan.steps.metadata import Adopt, Redefine, Relocate

REFUSED = (Busy, NotFound, NotPermitted, Unsupported)
"""With these libvirt refuses before it has changed anything."""
_OTHERS = {
    Change.NAME,
    Change.PERSISTENT,
    Change.TRANSIENT,
    Change.SNAPSHOT_GONE,
    Change.SNAPSHOT_MADE,
    Change.USER,
}
"""What no step does to anything but its own subject."""


def became(
    step: Step,
    before: AnyFacts,
    found: AnyFacts,
    error: SnaptuiError | None,
    *,
    inside: Collection[Part] = (),
) -> Became:
    """What became of a step, by what there was at its check, by its answer, and by what is found.

    ``NOT_DONE`` says nothing of whether something is otherwise than before.

    Args:
        error: what the call said; ``None`` for success.
        inside: of a revert of a domain that is off now, what the disks have of its target.
    """
    if not step.seen:
        lost = isinstance(error, Disconnected)
        return Became.DONE if error is None else Became.UNKNOWN if lost else Became.NOT_DONE
    exact = not differences(expected_after(step, before), found)
    if error is None:
        return Became.DONE if exact or _there(step, before, found) else Became.IN_PART
    if not exact and not _there(step, before, found):
        return Became.NOT_DONE
    if isinstance(error, REFUSED) or (_by_answer(step) and not isinstance(error, Disconnected)):
        return Became.BY_OTHERS
    if isinstance(step, RevertTo) and isinstance(before, Facts):
        return _reverted(step, before, inside)
    return Became.DONE if exact or isinstance(error, Disconnected) else Became.BY_OTHERS


def _by_answer(step: Step) -> bool:
    """Whether a step whose call failed was not done: what it makes or removes goes by a name."""
    return isinstance(step, ImageStep | CreateSnapshot | Adopt)


def _reverted(step: RevertTo, before: Facts, inside: Collection[Part]) -> Became:
    """What became of a revert whose call failed, and after which all is as after it.

    That its target is the current snapshot says nothing where it was so before.
    """
    if before.current != step.subject or (inside and set(inside) == {Part.AS_NOW}):
        return Became.DONE
    return Became.UNKNOWN


def _there(step: Step, before: AnyFacts, found: AnyFacts) -> bool:
    if isinstance(step, ImageStep):
        assert isinstance(before, ImageFacts)
        assert isinstance(found, ImageFacts)
        return _there_in_image(step, before, found)
    assert isinstance(before, Facts)
    assert isinstance(found, Facts)
    return _there_in_domain(step, before, found)


def _there_in_domain(step: DomainStep, before: Facts, found: Facts) -> bool:
    if isinstance(step, CreateSnapshot):
        return _made(step.subject, before, found) and _holds(step, found)
    if isinstance(step, Adopt):
        return _made(step.name, before, found)
    if isinstance(step, DeleteSnapshot):
        return _deleted(step, before, found)
    if isinstance(step, RevertTo):
        return _is_at(step, before, found)
    if isinstance(step, PowerOff):
        return not found.status.domain.state.active
    if isinstance(step, Redefine):
        return _defined(step, found)
    if isinstance(step, MergeOverlay):
        in_use = found.layers.in_use
        return not found.layers.doubt and step.path not in in_use and step.lower.path in in_use
    if isinstance(step, Relocate):
        known = found.snapshots.get(step.subject)
        return known is not None and known.config is not None and known.config.at(step.places)
    assert isinstance(step, FreezeGuest | ThawGuest | NoteGroup)  # no fact tells of them
    return False


def _made(name: str, before: Facts, found: Facts) -> bool:
    return name in found.names and name not in before.names


def _holds(step: CreateSnapshot, found: Facts) -> bool:
    """Whether a new snapshot is of the wanted kind, and in all images that can be read."""
    if step.new.form is not Form.INTERNAL:
        return step.subject in found.external
    paths = [disk.path for disk in found.status.config.written if not disk.read_only]
    images = [found.images.get(path or "") for path in paths]
    if any(isinstance(image, Missing) for image in images):
        return False
    return all(
        any(entry.name == step.subject for entry in image.snapshots)
        for image in images
        if isinstance(image, ImageInfo)
    )


def _deleted(step: DeleteSnapshot, before: Facts, found: Facts) -> bool:
    """Whether its record is gone, and with it what it kept in images or in files.

    Of an image that cannot be read its record tells; of one that is gone nothing does.
    """
    name = step.subject
    if name not in before.names or name in found.names:
        return False
    if step.metadata_only:
        return True
    after = step.expected(before)
    for path in after.images.keys() & found.images.keys():
        had, left, now = before.entries(path), after.entries(path), found.entries(path)
        if had is None or left is None:
            continue
        if (had - left) & (now or frozenset()):
            return False
        if had - left and isinstance(found.images[path], Missing):  # libvirt goes on without it
            return False
    return not any(found.exists(path) for path in after.gone)


def gone_inside(step: Step, before: AnyFacts, found: AnyFacts) -> bool:
    """Whether of a snapshot that libvirt still knows something is gone from its images.

    libvirt removes what lies inside first, and its own record then (qemu_snapshot.c,
    qemuSnapshotDiscardImpl).
    """
    if not isinstance(step, DeleteSnapshot) or step.metadata_only:
        return False
    assert isinstance(before, Facts)
    assert isinstance(found, Facts)
    after = step.expected(before)
    if step.subject not in found.names:
        return False
    for path in after.images.keys() & found.images.keys():
        had, left, now = before.entries(path), after.entries(path), found.entries(path)
        if had is not None and left is not None and now is not None and had - left - now:
            return True
    return False


def _is_at(step: RevertTo, before: Facts, found: Facts) -> bool:
    """Whether a domain went to the target: it is current, or what was taken since lies upon it."""
    now = found.current
    if now != step.subject and now is not None and now not in before.names:
        newer = found.snapshots.get(now)
        return newer is not None and newer.parent == step.subject
    if now == before.current != step.subject:
        return False
    off = differences(step.expected(before), found)
    moved = any(one.change in (Change.DISKS, Change.DEFINITION, Change.ENTRIES) for one in off)
    return not moved or any(one.change in _OTHERS for one in off)


def _defined(step: Redefine, found: Facts) -> bool:
    name = step.after.name
    if name not in found.names or (step.current and found.current != name):
        return False
    known = found.snapshots.get(name)
    return known is None or (known.parent or "", known.description) == step.defines[1:]


def _there_in_image(step: ImageStep, before: ImageFacts, found: ImageFacts) -> bool:
    if isinstance(step, AddEntry):
        return any(e.name == step.name and e not in before.entries for e in found.entries)
    if isinstance(step, ApplyEntry):
        return isinstance(found.as_now, frozenset) and step.placed.entry.id in found.as_now
    if isinstance(step, DeleteEntry):
        entry = step.placed.entry
        return (
            isinstance(found.image, ImageInfo)
            and entry in before.entries
            and entry not in found.entries
        )
    if isinstance(step, ExtractEntry):
        name = step.copy.target.rpartition("/")[2]
        return found.copy is not None and found.copy.exists(name) is True
    if found.removal is None:
        return False
    if isinstance(step, SetAside):
        return found.removal.aside == step.file and found.removal.there != step.file
    return found.removal.aside != step.file
