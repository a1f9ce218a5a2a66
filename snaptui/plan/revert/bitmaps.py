"""Persistent dirty bitmaps of backup tools, with which QEMU goes back to no internal snapshot.

A bitmap says what was written since a backup, and QEMU will not exchange the data beneath it
(block/qcow2-snapshot.c, qcow2_snapshot_goto: "Device has active dirty bitmaps"), whether the
snapshot is older or newer, and whether or not a checkpoint of libvirt knows it. Taking and
deleting internal snapshots go on to work. Proven by ``make matrix`` (worlds with checkpoints).
"""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.common import text
from snaptui.model import libvirt_codes
from snaptui.model.abilities import Can, can
from snaptui.model.image import ImageInfo
from snaptui.model.snapshot import Snapshot
from snaptui.plan.checks import image_checks
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.in_image import internal_disks


def refusals(facts: Facts, snapshot: Snapshot) -> Iterator[Refusal]:
    """What forbids a revert to an internal snapshot; libvirt stops the guest before it fails.

    While a guest runs, its newer bitmaps are in no image yet: QEMU stores them when it ends. So
    the checkpoints count as well then. Where it did not end but was killed, they are lost, and
    one that was in an image already stays there, marked as in use, and is in the way as before
    (measured with QEMU 7.2 and 10.0).
    """
    disks = internal_disks(snapshot)
    if not disks:
        return
    active, known = facts.status.domain.state.active, facts.status.checkpoints
    whole = [name for name in known if name not in facts.status.lost_checkpoints]
    by_job = snapshot.has_memory and can(facts.host, Can.LOAD_BY_JOB)
    code = libvirt_codes.OPERATION_FAILED if by_job else libvirt_codes.INTERNAL_ERROR
    harm = image_checks.after_a_failed_load(facts, snapshot)
    marked = [
        (place, disk, image)
        for place, disk in enumerate(disks)
        if isinstance(image := facts.images.get(disk.path or ""), ImageInfo) and image.bitmaps
    ]
    if known and ((active and whole) or marked):
        yield refuse(
            Why.CHECKPOINTS,
            Way.DELETE_CHECKPOINTS if active else Way.START_AND_DELETE_CHECKPOINTS,
            code=code, harm=harm, domain=facts.name, names=text.some(known),
        )  # fmt: skip
    elif marked:
        place, disk, image = marked[0]
        # QEMU takes disk after disk, also when it loads RAM, but stops then at the first that
        # fails; libvirt goes on with the next. A guest that runs is stopped first.
        others = place > 0 and not active if snapshot.has_memory else len(marked) < len(disks)
        yield refuse(
            Why.BITMAPS, Way.REMOVE_BITMAPS, code=code, harm=Harm.HALF if others else harm,
            disk=disk.target, path=disk.path, number=image.bitmaps,
        )  # fmt: skip
