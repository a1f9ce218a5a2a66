"""Chains of overlays that become too long for a guest to start, on some versions."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from snaptui.model import abilities
from snaptui.model.abilities import Wrong, does
from snaptui.model.disk import Disk
from snaptui.model.image import ImageInfo
from snaptui.plan.facts import Facts
from snaptui.plan.remark import Remark, remark
from snaptui.plan.words.warn import Warn

LONG = 25
"""Overlays upon each other, from which on a guest does not start (measured with 11.3)."""


def warnings(facts: Facts, targets: Collection[str]) -> Iterator[Remark]:
    """Of disks that get one more overlay, the one with the longest chain if it is too long.

    It is the chain that counts, whether snapshots made it or not.
    """
    if not does(facts.host, Wrong.STARTS_NO_LONG_CHAIN):
        return
    lengths = {
        disk.target: _overlays(facts, disk) + 1
        for disk in facts.status.config.disks
        if disk.target in targets
    }
    disk = max(lengths, key=lengths.__getitem__, default="")
    if disk and lengths[disk] >= LONG:
        version = abilities.by_whom(facts.host, Wrong.STARTS_NO_LONG_CHAIN)
        yield remark(Warn.LONG_CHAIN, version=version, disk=disk, number=lengths[disk])


def _overlays(facts: Facts, disk: Disk) -> int:
    """How many it lies upon; where that is not known, one of each external snapshot."""
    image = facts.images.get(disk.path or "")
    if disk.format == "raw" or (isinstance(image, ImageInfo) and image.backing is None):
        return 0
    beneath = facts.beneath.get(disk.path or "")
    return beneath if beneath is not None else len(facts.external)
