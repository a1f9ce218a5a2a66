"""What a revert needs of the images that a snapshot lies inside, and of the files of its time.

A revert that fails has already stopped the guest (libvirt qemu_snapshot.c stops the process
first), and takes disk after disk, so all that it needs is checked here.
"""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.model import abilities, libvirt_codes
from snaptui.model.abilities import Can, Wrong, can, does
from snaptui.model.image import Missing, NotKnown
from snaptui.model.snapshot import Kind, Snapshot
from snaptui.plan.checks import encryption, image_checks, name_checks, variables
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.revert import bitmaps
from snaptui.plan.steps.domain import RevertTo
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.in_image import internal_disks


def refusals(facts: Facts, snapshot: Snapshot) -> Iterator[Refusal]:
    """What the images and the files forbid.

    The UEFI variables are in the RAM as well, and QEMU writes all of them to their image when it
    has loaded that, whatever lies inside (hw/block/pflash_cfi01.c, postload_update_cb; measured
    with 11.3, 12.8 and 12.9).
    """
    inside = image_checks.entry_problems(facts, snapshot)
    # of a domain that is off, libvirt changes no snapshot on a disk that is not local
    active = facts.status.domain.state.active
    far = {disk.target for disk in internal_disks(snapshot) if disk.source_type == "network"}
    invalid = None if active or snapshot.has_memory else libvirt_codes.OPERATION_INVALID
    for one in inside.blind:
        yield one.but(code=invalid) if dict(one.names)["disk"] in far else one
    looks = snapshot.has_memory and can(facts.host, Can.LOAD_BY_JOB)
    code = libvirt_codes.OPERATION_FAILED if looks else libvirt_codes.INTERNAL_ERROR
    own = snapshot.config.variables if snapshot.config is not None else None
    in_ram = own.target if own is not None and looks else None
    for one in inside.gone:
        if dict(one.names)["disk"] != in_ram:
            yield one.but(code=code, harm=_before_it_fails(facts, snapshot))
    yield from _file_refusals(facts, snapshot)
    yield from bitmaps.refusals(facts, snapshot)
    yield from encryption.snapshot_refusals(facts, snapshot, Way.NO_WAY_INSIDE)
    yield from (one.but(harm=Harm.FIRST_TWIN) for one in inside.twins)
    yield from (one.but(Way.APPLY_BY_ID, harm=Harm.OTHER_DATA) for one in inside.mistaken)
    yield from variables.revert_refusals(facts, snapshot)
    if snapshot.kind is Kind.INTERNAL and snapshot.has_memory:
        stopped = Harm.STOPPED if facts.status.domain.state.active else None
        way = Way.APPLY_OFFLINE
        for one in name_checks.running_problem(facts, snapshot.name, way, harm=stopped):
            yield one.but(code=libvirt_codes.INTERNAL_ERROR, harm=stopped)


def start_refusals(facts: Facts, step: RevertTo) -> Iterator[Refusal]:
    """What comes down when a guest is started from inside its images."""
    starts = step.end_state is not None and step.end_state.active
    inside = step.snapshot.kind is Kind.INTERNAL
    if starts and inside and does(facts.host, Wrong.GOES_DOWN_AT_REVERTS):
        way = Way.DISKS_INSIDE if step.snapshot.has_memory else Way.REVERT_SHUT_OFF
        version = abilities.by_whom(facts.host, Wrong.GOES_DOWN_AT_REVERTS)
        why = Why.REVERT_BRINGS_DOWN
        yield refuse(why, way, harm=Harm.CRASH, name=step.snapshot.name, version=version)


def unread(facts: Facts, snapshot: Snapshot) -> list[Remark]:
    """What could not be looked at."""
    told = list(image_checks.entry_problems(facts, snapshot).unread)
    reasons = {
        image.reason
        for disk in internal_disks(snapshot)
        if isinstance(image := facts.images.get(disk.path or ""), NotKnown)
    }
    return told + [
        remark(Unchecked.FILE_THERE, path=path, reason=missing.reason)
        for path, missing in facts.missing.items()
        if isinstance(missing, NotKnown) and missing.reason not in reasons
    ]


def _file_refusals(facts: Facts, snapshot: Snapshot) -> Iterator[Refusal]:
    """Images that QEMU will not open, and files that the domain of that time names."""
    disks = internal_disks(snapshot)
    written = {disk.path for disk in disks}
    closed = {
        disk.path: why for disk in disks if (why := image_checks.closed_to_writers(disk, facts))
    }
    # with RAM a QEMU is started, and libvirt looks at the chains of all its disks before
    gone = libvirt_codes.NO_FILE if snapshot.has_memory else libvirt_codes.INTERNAL_ERROR
    now = {disk.path for disk in facts.status.config.disks}
    for path, why in closed.items():
        lacks = isinstance(facts.images.get(path or ""), Missing) or path in facts.cut_off
        failed: int | None = gone if lacks else libvirt_codes.INTERNAL_ERROR
        if why.why is Why.DATA_FILE_GONE and snapshot.has_memory:
            failed = None  # newer versions look for it, others leave that to QEMU
        harm = _before_it_fails(facts, snapshot)
        if lacks and snapshot.has_memory and path not in now:
            harm = Harm.NO_START  # the definition of then stays, and names what is not there
        yield why.but(code=failed, harm=harm)
    for disk in disks if facts.status.domain.state.active else ():  # its QEMU ends before
        harm = _before_it_fails(facts, snapshot)
        if beneath := facts.cut_off.get(disk.path or ""):
            yield refuse(
                Why.IMAGE_CUT_OFF, Way.PUT_BACK, code=gone, harm=harm,
                beneath=beneath, path=disk.path, disk=disk.target,
            )  # fmt: skip
        if data := facts.data_gone.get(disk.path or ""):
            yield refuse(Why.DATA_FILE_GONE, Way.PUT_BACK, harm=harm, path=data, disk=disk.target)
    for path, missing in facts.missing.items():
        if missing is True and path not in closed:
            harm = _before_it_fails(facts, snapshot) if path in written else None
            code = gone if path in written else None
            yield refuse(Why.FILE_GONE, Way.PUT_BACK, code=code, harm=harm, path=path)


def _before_it_fails(facts: Facts, snapshot: Snapshot) -> Harm | None:
    """What libvirt has done where a part is gone.

    Without RAM it lets qemu-img take disk after disk, and goes on where one fails
    (qemuSnapshotForEachQcow2, ``try_all``).
    """
    if not snapshot.has_memory and any(
        snapshot.name in {name for _, name in facts.entries(disk.path or "") or ()}
        and image_checks.closed_to_writers(disk, facts) is None
        for disk in internal_disks(snapshot)
    ):
        return Harm.HALF
    return image_checks.after_a_failed_load(facts, snapshot)
