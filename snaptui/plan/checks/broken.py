"""What is said where a snapshot's images are not what they were, and the way round."""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.model.snapshot import Snapshot
from snaptui.plan.checks.whereabouts import traced
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Refusal, refuse
from snaptui.plan.remark import Remark, remark
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.damage import Broken, Matter, Part, frozen_images
from snaptui.storage.in_image import internal_disks

_WAYS = {
    Matter.GONE: Way.PUT_BACK_OR_METADATA,
    Matter.WRITTEN: Way.COPY_FIRST,
    Matter.NOT_KNOWN: Way.COPY_OR_SET_BACK,
    Matter.UNTOUCHED: Way.SET_BACK,
}


def refusal(facts: Facts, name: str, broken: Broken) -> Refusal:
    """Why nothing can be done with a snapshot, and first of all what keeps or brings back data."""
    if broken.moved:
        why, way = Why.MOVED, Way.RELOCATE
        if broken.matter is Matter.COPIED:
            why = Why.LEFT_BEHIND if broken.left is False else Why.COPIED
            way = way if broken.left is False else Way.RELOCATE_IF
        return refuse(why, way, name=name, path=broken.path, now=broken.now, disk=broken.target)
    reason = Why.SET_AWAY if broken.matter is Matter.UNTOUCHED else Why.BROKEN
    told = refuse(
        reason, _WAYS[broken.matter], name=name, reason=broken.words, disk=broken.target,
        path=broken.path, upon=broken.upon, overlay=" or ".join(broken.tops) or broken.path,
        line=facts.edit_line,
    )  # fmt: skip
    return traced(facts, told, broken.path) if broken.matter is Matter.GONE else told


def moved(facts: Facts, name: str) -> Refusal | None:
    """That a snapshot is elsewhere than its record says, where the disks of now hold all of it."""
    broken = facts.layers.broken.get(name)
    if broken is None or not broken.moved:
        return None
    return refusal(facts, name, broken)


def may_be_whole(facts: Facts, name: str) -> bool:
    """Whether nothing says that a snapshot has lost something already, on one of its disks."""
    broken = facts.layers.broken.get(name)
    if broken is None or broken.matter in (Matter.NOT_KNOWN, Matter.UNTOUCHED):
        return True
    return broken.matter is Matter.GONE and broken.part is Part.OVERLAY


def spoiled(facts: Facts, snapshot: Snapshot) -> Iterator[Remark]:
    """What a revert writes beneath, or over, that may be whole still."""
    written = {disk.path for disk in internal_disks(snapshot)}
    for name, one in facts.layers.broken.items():
        if one.tops and one.way_back and one.upon in written:
            yield remark(Warn.WRITES_OVER, name=name, path=one.upon, way_back=one.way_back)
        elif may_be_whole(facts, name):
            for path in sorted(frozen_images(facts.snapshots[name]) & written):
                yield remark(Warn.WRITES_OVER_FROZEN, name=name, path=path)


def forgotten(facts: Facts, name: str) -> list[Remark]:
    """What it means that nobody knows its files any more, when only its metadata go."""
    broken = facts.layers.broken.get(name)
    if broken is None or not broken.way_back or not broken.tops:
        return []
    files = " and ".join(broken.tops)
    return [remark(Warn.ONLY_COPY, files=files, way_back=broken.way_back)]
