"""A revert to an internal snapshot that lies beneath overlays: what libvirt makes of them.

It moves the disk back to the image beneath without a word and writes to it: what lies above
shows a mixture then, can neither be reverted to nor deleted, and no snapshot of now helps.
"""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.model.choices import SafetyKind
from snaptui.model.disk import Disk, Presence
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.model.snapshot import Kind, Snapshot
from snaptui.plan.checks import image_checks
from snaptui.plan.checks.broken import may_be_whole, refusal
from snaptui.plan.facts import Facts
from snaptui.plan.outcome import UndoBy, undo
from snaptui.plan.refusal import Refusal, refuse
from snaptui.plan.remark import Remark, remark
from snaptui.plan.revert.safety import Safety
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.backing_chain import chain
from snaptui.storage.damage import Matter, frozen_images
from snaptui.storage.in_image import internal_disks, unmanaged_in


def refusals(facts: Facts, snapshot: Snapshot) -> Iterator[Refusal]:
    """What forbids a revert to an internal snapshot whose image is not the one of now."""
    broken = facts.layers.broken.get(snapshot.name)
    if broken is not None and snapshot.kind is not Kind.EXTERNAL:
        yield refusal(facts, snapshot.name, broken)
    for then, now in image_checks.moved_disks(facts, snapshot):
        levels = chain(now.path or "", now.format, facts.layers.heads)
        end = levels[-1].image
        if then.path not in [level.path for level in levels]:
            reason = end.reason if isinstance(end, NotKnown) else ""
            yield image_checks.other_image(facts, then, now, reason)
            continue
        image = facts.images.get(then.path or "")
        if isinstance(image, ImageInfo):
            yield from (
                refuse(Why.IMAGE_FAULTY, Way.LOOK_INTO, path=then.path, fault=fault)
                for fault in image.faults
            )


def unusable(facts: Facts, snapshot: Snapshot) -> tuple[Snapshot, ...]:
    """The snapshots above, whose data the revert spoils."""
    written = {then.path or "" for then, _ in image_checks.moved_disks(facts, snapshot)}
    over = _above(facts, written)
    return tuple(
        one
        for one in facts.snapshots.values()
        if (over | written if one.kind is Kind.EXTERNAL else over) & _moved_to(facts, one)
        or (
            may_be_whole(facts, one.name)
            and (over & _paths(one) or (over | written) & frozen_images(one))
        )
    )


def _moved_to(facts: Facts, snapshot: Snapshot) -> set[str]:
    """Where an image of it is now that its metadata name elsewhere."""
    broken = facts.layers.broken.get(snapshot.name)
    return {broken.now} if broken is not None and broken.moved and not broken.left else set()


def warnings(facts: Facts, snapshot: Snapshot) -> Iterator[Remark]:
    """How to keep them, and what becomes of each of them."""
    external = [
        one.name
        for one in unusable(facts, snapshot)
        if one.kind is Kind.EXTERNAL and one.name not in facts.layers.broken
    ]
    inside = [name for name in external if _has_internal_parent(facts, name)]
    moved = image_checks.moved_disks(facts, snapshot)
    if inside:
        files = ", ".join(now.path or "" for _, now in moved)
        names = ", ".join(inside)
        yield remark(Warn.COPY_NOW_FIRST, files=files, names=names, domain=facts.name)
    elif external:
        yield remark(Warn.KEEP_NOW_FIRST, names=", ".join(external))
    for one in unusable(facts, snapshot):
        broken = facts.layers.broken.get(one.name)
        if one.kind is Kind.EXTERNAL and broken is not None and broken.matter is Matter.GONE:
            frozen = ", ".join(sorted(frozen_images(one)))
            yield remark(Warn.UNUSABLE_FROZEN, name=one.name, files=frozen)
        elif one.kind is Kind.EXTERNAL:
            yield remark(Warn.UNUSABLE, name=one.name, files=", ".join(_overlays(facts, one)))
        else:
            yield remark(Warn.UNUSABLE_INSIDE, name=one.name)
    made = {path for one in facts.snapshots.values() for path in _paths(one) | frozen_images(one)}
    for path in sorted(_above(facts, {then.path or "" for then, _ in moved}) - made):
        yield remark(Warn.UNUSABLE_OVERLAY, path=path)


def _has_internal_parent(facts: Facts, name: str) -> bool:
    parent = facts.snapshots.get(facts.snapshots[name].parent or "")
    return parent is not None and parent.kind is not Kind.EXTERNAL


def unmanaged_spoiled(facts: Facts, snapshot: Snapshot) -> Iterator[Remark]:
    """What images above the written ones hold that no metadata place there, if it may be whole."""
    over = _above(facts, {disk.path or "" for disk in internal_disks(snapshot)})
    for broken in facts.layers.broken.values():
        if broken.matter is Matter.WRITTEN:
            over -= {broken.path, *broken.tops}
    known = {**facts.layers.heads, **facts.images}
    images = {path: known[path] for path in sorted(over & known.keys())}
    named = [one.name for one in unusable(facts, snapshot)]
    for one in unmanaged_in(named, images):
        for path, _ in one.parts:
            yield remark(Warn.UNUSABLE_UNMANAGED, name=one.name, path=path)


def no_safety(moved: list[tuple[Disk, Disk]], wanted: SafetyKind | None) -> Safety:
    """No safety snapshot can be true: one of now would lie in or above the overlay."""
    then, now = moved[0]
    way = Way.CHOOSE_NONE
    refused = (refuse(Why.NO_SAFETY_BENEATH, way, disk=now.target, path=then.path),)
    taken = wanted not in (None, SafetyKind.NONE)
    no = undo(UndoBy.NO_WRITTEN_OVER, path=then.path)
    return Safety(SafetyKind.NONE, no, refusals=refused if taken else ())


def _overlays(facts: Facts, snapshot: Snapshot) -> Iterator[str]:
    """Its overlays where they are now: somebody may have moved one."""
    then = snapshot.then
    recorded = {part.path for one in facts.snapshots.values() for part in one.disks}
    for part in snapshot.disks:
        lower = then[part.target].path if part.target in then else None
        above = facts.layers.above.get(lower or "", frozenset())
        if part.path is not None:
            moved = sorted(above - recorded)
            yield from moved if moved and part.path not in above else (part.path,)


def _above(facts: Facts, paths: set[str]) -> set[str]:
    found: set[str] = set()
    due = list(paths)
    while due:
        more = facts.layers.above.get(due.pop(), frozenset()) - found
        found |= more
        due += more
    return found


def _paths(snapshot: Snapshot) -> set[str]:
    """The overlays of an external snapshot, or the images in which an internal one lies."""
    outside = {
        part.path
        for part in snapshot.disks
        if part.presence is Presence.EXTERNAL and part.path is not None
    }
    return outside | {disk.path for disk in internal_disks(snapshot) if disk.path is not None}
