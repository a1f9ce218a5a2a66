"""Disks that a snapshot left to other means (``snapshot="manual"``, formatsnapshot.html).

libvirt stops a running guest for them, so that the storage can be asked for a snapshot, and
knows nothing of that afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.model import abilities, libvirt_codes
from snaptui.model.abilities import Wrong, does
from snaptui.model.disk import Presence
from snaptui.model.snapshot import Snapshot
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Remark, remark
from snaptui.plan.steps.domain import RevertTo
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why


def revert_refusals(step: RevertTo) -> Iterator[Refusal]:
    """A guest that is started has disks of two times: libvirt reverts the others alone."""
    if (disks := _disks(step.snapshot)) and step.end_state is not None and step.end_state.active:
        yield refuse(
            Why.DISKS_OF_TWO_TIMES, Way.LEAVE_SHUT_OFF, harm=Harm.HALF, disks=disks,
            name=step.snapshot.name,
        )  # fmt: skip


def revert_warnings(step: RevertTo) -> Iterator[Remark]:
    """What is to be put back before the next start."""
    active = step.end_state is not None and step.end_state.active
    if (disks := _disks(step.snapshot)) and not active:
        yield remark(Warn.BY_OTHER_MEANS, disks=disks)


def delete_refusals(facts: Facts, snapshot: Snapshot) -> Iterator[Refusal]:
    """Some libvirts look for an overlay of such a disk too, and find none."""
    if (disks := _disks(snapshot)) and does(facts.host, Wrong.MERGES_NONE_BY_OTHER_MEANS):
        yield refuse(
            Why.NOT_MERGED_BESIDE, Way.MERGE_BY_HAND, code=libvirt_codes.INVALID_ARG, disks=disks,
            version=abilities.by_whom(facts.host, Wrong.MERGES_NONE_BY_OTHER_MEANS),
        )  # fmt: skip


def empty_refusals(
    snapshot: Snapshot, *, code: int | None = None, harm: Harm | None = None
) -> Iterator[Refusal]:
    """Snapshots of a domain that was off which excluded all its disks."""
    if holds_nothing(snapshot):
        yield refuse(Why.HOLDS_NOTHING, Way.ONLY_DELETED, code=code, harm=harm, name=snapshot.name)


def moved_refusals(facts: Facts, snapshot: Snapshot) -> Iterator[Refusal]:
    """libvirt takes one that holds nothing for an internal one of the disks of its time.

    While the guest runs it deletes none whose disks are other images now (measured with 12.8 and
    12.9, which alone make such snapshots).
    """
    now = {disk.target: disk.path for disk in facts.status.config.disks}
    disks = snapshot.config.disks if snapshot.config is not None else ()
    left = {part.target for part in snapshot.disks if part.presence is Presence.MANUAL}
    for disk in disks if facts.status.domain.state.active else ():
        if disk.target in left and now.get(disk.target) != disk.path:
            yield refuse(
                Why.DELETED_WHILE_OFF, Way.SHUT_DOWN, code=libvirt_codes.OPERATION_UNSUPPORTED,
                name=snapshot.name, disk=disk.target, then=disk.path,
            )  # fmt: skip


def holds_nothing(snapshot: Snapshot) -> bool:
    """Whether nothing of it is anywhere but in its record, which libvirt does not take back."""
    parts = {one.presence for one in snapshot.disks} | {snapshot.memory}
    kept = parts & {Presence.INTERNAL, Presence.EXTERNAL}
    return snapshot.state == "shutoff" and Presence.MANUAL in parts and not kept


def _disks(snapshot: Snapshot) -> str:
    return ", ".join(one.target for one in snapshot.disks if one.presence is Presence.MANUAL)
