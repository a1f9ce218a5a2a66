"""Checks of disks that are no plain files: volumes of pools, parts of files, network disks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import quoteattr

from snaptui.common import text
from snaptui.model import abilities, libvirt_codes
from snaptui.model.abilities import Wrong, does
from snaptui.model.disk import Disk, Presence, Volume
from snaptui.model.image import Missing, NotKnown, Unplaced
from snaptui.model.snapshot import Snapshot
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse, unforetold
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.steps.domain import PowerOff, RevertTo
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.in_image import internal_disks


def place_refusals(facts: Facts, disks: Iterable[Disk]) -> Iterator[Refusal]:
    """What forbids any change of the data of a domain with these disks.

    Where a volume is not known, or QEMU has another file open than the one that libvirt would
    open next, nothing of what it does can be checked. Of a part of a file it reads and writes the
    file from its start while the domain is off, and forgets with an overlay that it is a part
    (measured with 9.0 and 11.3).
    """
    for disk in disks:
        volume, now = disk.volume, disk.moved_to
        if volume is not None and disk.path is None:
            yield refuse(
                Why.VOLUME_NOT_KNOWN, Way.POOL_FIRST, disk=disk.target, volume=volume.name,
                pool=volume.pool, reason=disk.unknown,
            )  # fmt: skip
        elif volume is not None and isinstance(now, str):
            yield refuse(
                Why.VOLUME_ELSEWHERE, Way.POOL_AS_BEFORE, disk=disk.target, path=disk.path,
                pool=volume.pool, now=now, domain=facts.name,
            )  # fmt: skip
        yield from part_refusals(disk)
    if not facts.status.domain.state.active:
        yield from _beneath_refusals(facts)
        yield from (
            refuse(Why.VOLUME_GONE, Way.PUT_BACK, path=path, disk=disk.target)
            for disk, path in _lost_volumes(facts)
        )


def part_refusals(disk: Disk) -> Iterator[Refusal]:
    """A disk, of now or of then, that is a part of a file or device."""
    if disk.source_type in ("file", "block") and disk.unknown:
        why, way = Why.PART_OF_FILE, Way.OWN_FILE
        yield refuse(why, way, harm=Harm.OTHER_DATA, disk=disk.target, reason=disk.unknown)


def _beneath_refusals(facts: Facts) -> Iterator[Refusal]:
    """libvirt asks the pools of all that a definition names, before anything it does while off.

    Not so of a guest that runs, but for its next start (measured with 9.0, 11.3, 12.8 and 12.9).
    What these said is worth something to 11.3 until its daemon ends: no error is foretold.
    """
    for disk, volume, where in lost_beneath(facts):
        yield refuse(
            Why.VOLUME_BENEATH_NOT_KNOWN, Way.POOL_START, disk=disk.target, volume=volume.name,
            pool=volume.pool, reason=where.reason,
        )  # fmt: skip


def pools_first(
    facts: Facts, refusals: Iterable[Refusal], steps: Sequence[object]
) -> tuple[Refusal, ...]:
    """No error is foretold beside a pool that libvirt asks first, of a domain that is off by then.

    What is powered off for a safety snapshot is off when that is taken.
    """
    told = tuple(refusals)
    off = not facts.status.domain.state.active
    off |= any(isinstance(step, PowerOff) for step in steps[:1])
    unasked = (Why.VOLUME_NOT_KNOWN, Why.VOLUME_BENEATH_NOT_KNOWN, Why.VOLUME_GONE)
    if not off or not any(one.why in unasked for one in told):
        return told
    return unforetold(told)


def _lost_volumes(facts: Facts) -> Iterator[tuple[Disk, str]]:
    """Files that are gone, though their pools name them as long as nobody looks again."""
    for disk in facts.status.config.disks:
        own = (disk.path,) if disk.volume is not None and disk.path is not None else ()
        for path in (*own, *disk.placed_beneath):
            if path in facts.boot_gone:
                yield disk, path


def gone_then(facts: Facts, snapshot: Snapshot) -> Iterator[Refusal]:
    """The same of the disks of then, for a delete of what lay inside them while the domain is off.

    What is missing and no volume is passed over: only the metadata go.
    """
    now = {disk.path for disk in facts.status.config.disks}
    for disk in internal_disks(snapshot) if not facts.status.domain.state.active else ():
        there = facts.images.get(disk.path or "")
        if disk.volume is not None and isinstance(there, Missing) and disk.path not in now:
            yield refuse(Why.VOLUME_GONE, Way.ONLY_ITS_METADATA, path=disk.path, disk=disk.target)


def lost_beneath(facts: Facts) -> Iterator[tuple[Disk, Volume, Unplaced]]:
    """Volumes beneath disks of which no active pool says where they are."""
    for disk in facts.status.config.disks:
        for volume in disk.volumes:
            if isinstance(volume.place, Unplaced):
                yield disk, volume, volume.place


def restart_refusals(facts: Facts, disks: Iterable[Disk]) -> Iterator[Refusal]:
    """What forbids to start a guest anew, as a revert does: its pool would not name its disk."""
    for disk in disks:
        now = disk.moved_to
        if disk.volume is not None and isinstance(now, NotKnown):
            yield refuse(
                Why.VOLUME_NOT_KNOWN, Way.POOL_FIRST, harm=Harm.STOPPED, disk=disk.target,
                volume=disk.volume.name, pool=disk.volume.pool, reason=now.reason,
            )  # fmt: skip
    if facts.status.domain.state.active:
        yield from (one.but(harm=Harm.STOPPED) for one in _beneath_refusals(facts))


def passed_refusals(facts: Facts, step: RevertTo) -> Iterator[Refusal]:
    """Files that another has to open before QEMU is started (virDomainFDAssociate).

    What was given to libvirt is gone with the connection that gave it.
    """
    config, end = step.snapshot.config, step.end_state
    for disk in config.disks if config is not None and end is not None and end.active else ():
        if disk.passed:
            harm = Harm.STOPPED if facts.status.domain.state.active else None
            way = Way.START_WHO_PASSES
            yield refuse(Why.FILE_PASSED, way, harm=harm, disk=disk.target, domain=facts.name)


def lun_refusals(facts: Facts) -> Iterator[Refusal]:
    """What forbids a merge: a LUN of a domain that is off got an overlay all the same.

    libvirt then wants a block device (virDomainDiskDefSourceLUNValidate) whenever it starts QEMU.
    """
    for disk in facts.status.config.disks:
        if disk.device == "lun" and disk.source_type == "file":
            yield refuse(
                Why.LUN_ON_FILE, Way.LUN_AS_DISK, code=libvirt_codes.CONFIG_UNSUPPORTED,
                disk=disk.target, path=disk.path, domain=facts.name,
            )  # fmt: skip


def overlay_problem(disk: Disk, facts: Facts) -> Refusal | None:
    """Why a disk cannot get an overlay for what it is.

    On a LUN libvirt makes one while the domain is off, which then does not start (measured with
    9.0 to 12.9); what it does while one runs is not measured.

    On a volume libvirt reverts to none (qemuSnapshotRevertExternalPrepare wants files), and does
    not merge one that was taken while the domain was off, or before its last start (measured with
    9.0 and 11.3).
    """
    if disk.passed:
        return refuse(Why.PASSED_NOT_YET, Way.LEAVE_OUT, disk=disk.target)
    if disk.device == "lun":
        harm = None if facts.status.domain.state.active else Harm.NO_START
        return refuse(Why.LUN, Way.LEAVE_OUT, harm=harm, disk=disk.target)
    if disk.volume is None:
        return None
    way = Way.BY_PATH if disk.path is not None else Way.LEAVE_OUT
    return refuse(
        Why.OVERLAY_ON_VOLUME, way, harm=Harm.NO_WAY_BACK, disk=disk.target, path=disk.path,
        attribute=quoteattr(disk.path or ""),
    )  # fmt: skip


def apart_refusals(facts: Facts, disks: Iterable[Disk], harm: Harm | None) -> Iterator[Refusal]:
    """Disks of which a record that is made by hand holds nothing, whatever it says.

    What the inactive definition sets counts, of which the record is made.
    With one that is set external it is one of an external snapshot, of whose delete libvirt may
    say that it worked though it left what is inside (measured with 9.0 to 12.9).
    """
    for disk in disks:
        setting = facts.status.settings.get(disk.target)
        if setting not in (None, Presence.INTERNAL):
            outside = setting is Presence.EXTERNAL
            yield refuse(
                Why.SET_EXTERNAL if outside else Why.SET_APART, Way.INTERNAL_FIRST,
                harm=None if outside else harm, domain=facts.name, disk=disk.target,
                value=setting.value,
            )  # fmt: skip


def delete_refusals(facts: Facts, name: str) -> Iterator[Refusal]:
    """Disks beside which QEMU's ``delvm`` deletes nothing, with what libvirt takes for success.

    It wants every image that is written to to be able to hold snapshots (migration/savevm.c,
    ``delete_snapshot``; measured with 9.0 and QEMU 7.2).
    """
    status = facts.status
    if not status.domain.state.active or not does(facts.host, Wrong.FORGETS_WHAT_STAYS):
        return
    for disk in status.config.disks:
        written = disk.device in ("disk", "lun") and not disk.read_only
        if written and disk.source_type in ("file", "block", "volume") and disk.format != "qcow2":
            yield refuse(
                Why.LEFT_BESIDE, Way.DELETE_WHILE_OFF, harm=Harm.LEFT_INSIDE, domain=facts.name,
                name=name, disk=disk.target, format=disk.format or "of unknown format",
                version=abilities.name(facts.host),
            )  # fmt: skip


def network_refusals(disks: Iterable[Disk], way: Way) -> Iterator[Refusal]:
    """Disks on which libvirt changes no snapshot of a domain that is off.

    One that is not local ends what it does for all of them (qemuSnapshotForEachQcow2Internal).
    """
    for disk in disks:
        if disk.source_type == "network":
            code = libvirt_codes.OPERATION_INVALID
            yield refuse(Why.NOT_A_FILE, way, code=code, disk=disk.target, kind=disk.source_type)


def transient_refusals(facts: Facts, way: Way) -> Iterator[Refusal]:
    """What keeps libvirt from saving RAM: it does that by a migration to a file."""
    disks = [disk.target for disk in facts.status.config.disks if disk.transient]
    if disks:
        yield refuse(
            Why.RAM_BESIDE_TRANSIENT, way, code=libvirt_codes.OPERATION_INVALID, domain=facts.name,
            disks=text.some(disks),
        )  # fmt: skip


def discard_refusals(disks: Iterable[Disk]) -> Iterator[Refusal]:
    """Disks of which internal snapshots do not last.

    With ``discard-no-unref`` a discarded cluster keeps its place, and QEMU punches a hole there
    whoever else refers to it; without it the cluster of a snapshot stays. qemu-img check finds
    nothing (findings/discards-of-snapshots.sh). libvirt has it since 9.5.
    """
    for disk in disks:
        if disk.discards_all:
            yield refuse(Why.DISCARDS_ALL, Way.OUTSIDE_OR_UNREF, disk=disk.target)


def discarded(facts: Facts, snapshot: Snapshot) -> Iterator[Remark]:
    """Where data of an internal snapshot may be gone by that, now or at its time."""
    configs = (facts.status.config, *((snapshot.config,) if snapshot.config else ()))
    holes = {disk.target for config in configs for disk in config.disks if disk.discards_all}
    for part in snapshot.disks:
        if part.presence is Presence.INTERNAL and part.target in holes:
            yield remark(Unchecked.DISCARDED, disk=part.target, name=snapshot.name)
