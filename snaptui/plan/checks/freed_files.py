"""Who needs the files that libvirt removes with a revert or a delete."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from snaptui.model.image import ImageInfo, Missing
from snaptui.model.snapshot import Snapshot
from snaptui.plan.checks.image_checks import upon
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.backing_chain import chain


def refusals(
    facts: Facts, paths: Collection[str], way: Way, *, without: str = "", revert: bool = False
) -> Iterator[Refusal]:
    """Why files must stay, each with the way round.

    Args:
        way: the way round.
        without: a snapshot that goes with them.
        revert: the images that the disks write to now are left behind.
    """
    lost = Harm.OTHER_LOST
    for path in sorted(paths):
        image = facts.layers.heads.get(path)
        if isinstance(image, Missing):
            continue
        yield from (
            refuse(Why.REMOVED_NEEDED, way, harm=lost, path=path, user=one.name, name=without)
            for one in facts.snapshots.values()
            if one.name != without and path in _needed(facts, one)
        )
        if not revert and path in facts.layers.in_use:
            yield refuse(
                Why.REMOVED_IN_USE, way, harm=lost, path=path, domain=facts.name, name=without
            )
        yield from (
            refuse(Why.REMOVED_HAS_USER, way, harm=lost, path=path, user=user.words, name=without)
            for one in upon(facts, path)
            for user in facts.of(one)
        )
        inside = image.snapshots if isinstance(image, ImageInfo) else ()
        if inside:
            names = ", ".join(entry.name for entry in inside)
            yield refuse(
                Why.REMOVED_HOLDS_SNAPSHOTS, way, harm=Harm.INSIDE_LOST, path=path, names=names,
                name=without,
            )  # fmt: skip


def _needed(facts: Facts, snapshot: Snapshot) -> set[str]:
    """The images that a snapshot's disks were, and all beneath them."""
    disks = snapshot.config.disks if snapshot.config is not None else ()
    return {
        level.path
        for disk in disks
        if disk.path is not None
        for level in chain(disk.path, disk.format, facts.layers.heads)
    }
