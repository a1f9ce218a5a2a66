"""Who needs the files that libvirt removes with a revert or a delete."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from snaptui.chains import chain
from snaptui.image_model import ImageInfo
from snaptui.model import Snapshot
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal


def refusals(
    facts: Facts, paths: Collection[str], way: str, *, without: str = "", revert: bool = False
) -> Iterator[str]:
    """Why files must stay, each with the way round.

    Args:
        way: the way round, as a sentence.
        without: a snapshot that goes with them.
        revert: the images that the disks write to now are left behind.
    """
    for path in sorted(paths):
        gone = f"libvirt would remove {path}"
        yield from (
            Refusal(f"{gone}, which {one.name} needs. {way}", harm=Harm.OTHER_LOST)
            for one in facts.snapshots.values()
            if one.name != without and path in _needed(facts, one)
        )
        if not revert and path in facts.layers.in_use:
            yield Refusal(f"{gone}, which {facts.name} uses now. {way}", harm=Harm.OTHER_LOST)
        yield from (
            Refusal(f"{gone}, which has another user: {user}. {way}", harm=Harm.OTHER_LOST)
            for user in facts.of(path)
        )
        image = facts.layers.heads.get(path)
        inside = image.snapshots if isinstance(image, ImageInfo) else ()
        if inside:
            names = ", ".join(entry.name for entry in inside)
            sentence = f"{gone}, inside which lie snapshots ({names}). {way}"
            yield Refusal(sentence, harm=Harm.INSIDE_LOST)


def _needed(facts: Facts, snapshot: Snapshot) -> set[str]:
    """The images that a snapshot's disks were, and all beneath them."""
    disks = snapshot.config.disks if snapshot.config is not None else ()
    return {
        level.path
        for disk in disks
        if disk.path is not None
        for level in chain(disk.path, disk.format, facts.layers.heads)
    }
