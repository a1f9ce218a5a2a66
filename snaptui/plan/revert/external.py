"""What a revert to an external snapshot needs (libvirt 9.9 and later), and what speaks against it.

Every disk of then gets a new overlay on the image that it was, and the overlays in use are
removed (qemuSnapshotRevertExternalPrepare and ...Finish). A guest that runs is stopped before any
of that, so all that can fail is looked at here. Proven on libvirt 11.3 (``make matrix``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from snaptui.common import text
from snaptui.model import abilities, libvirt_codes
from snaptui.model.abilities import Wrong, does
from snaptui.model.disk import Disk
from snaptui.model.image import ImageInfo, Missing, NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.plan.checks import broken, disk_checks, domain_checks, freed_files
from snaptui.plan.checks.free_space import overlay_refusals
from snaptui.plan.checks.whereabouts import traced
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.steps.domain import RevertTo
from snaptui.plan.steps.revert_effect import overlay_stems
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.backing_chain import chain
from snaptui.storage.damage import Matter


def refusals(facts: Facts, snapshot: Snapshot, *, kept: bool) -> Iterator[Refusal]:
    """What forbids it.

    Args:
        kept: an external safety snapshot is taken first.
    """
    name = snapshot.name
    why = facts.layers.broken.get(name)
    disks = snapshot.config.disks if snapshot.config is not None else ()
    if why is not None:
        refusal = broken.refusal(facts, name, why)
        gone = any(isinstance(facts.layers.heads.get(disk.path or ""), Missing) for disk in disks)
        if gone:
            yield refusal.but(code=libvirt_codes.CONFIG_UNSUPPORTED, harm=_stopped(facts))
        elif why.matter is Matter.UNTOUCHED:
            yield refusal
        else:
            unsure = why.matter is Matter.NOT_KNOWN
            yield refusal.but(harm=Harm.PERHAPS_OTHER_DATA if unsure else Harm.OTHER_DATA)
    # where its RAM is loaded libvirt opens the chains, and the new QEMU makes the overlays
    by_qemu = snapshot.has_memory and not kept
    yield from _disk_refusals(facts, disks, by_qemu=by_qemu)
    now = domain_checks.writable_disks(facts.status.config.disks) if kept else ()
    files = [one.path for one in (*disks, *now) if one.source_type == "file" and one.path]
    for refusal in overlay_refusals(facts, files, code=libvirt_codes.INTERNAL_ERROR):
        if by_qemu:  # libvirt leaves the domain on the images that the snapshot froze, paused
            yield refusal.but(code=libvirt_codes.OPERATION_FAILED, harm=Harm.OTHER_DATA)
        elif snapshot.has_memory:  # the safety snapshot may fit, and the overlays of QEMU not
            yield refusal.but(harm=refusal.harm)
        else:
            yield refusal
    for target in snapshot.defined_otherwise:
        yield refuse(Why.DEFINED_OTHERWISE_NOT_YET, name=name, disk=target)
    ram = snapshot.memory_path
    if ram is not None and isinstance(facts.layers.heads.get(ram), Missing):
        yield refuse(
            Why.RAM_FILE_GONE, Way.PUT_BACK_OR_OTHER,
            code=libvirt_codes.NO_FILE, harm=_stopped(facts), path=ram, name=name,
        )  # fmt: skip
    if kept:
        return
    if facts.current is None:
        yield refuse(Why.NOTHING_CURRENT_REVERT, Way.KEEP_NOW_TAKES_ONE, harm=Harm.CRASH)
    abandoned = facts.layers.branches.abandoned.values()
    yield from freed_files.refusals(facts, abandoned, Way.KEEP_NOW, revert=True)


def start_refusals(facts: Facts, step: RevertTo) -> Iterator[Refusal]:
    """What the QEMU of a guest that is started does not open beneath its new overlays."""
    config, end = step.snapshot.config, step.end_state
    for disk in config.disks if config is not None and end is not None and end.active else ():
        if lower := facts.no_start_upon.get(disk.path or ""):
            yield refuse(
                Why.IMAGE_WRITTEN_BENEATH, Way.END_FIRST, code=libvirt_codes.INTERNAL_ERROR,
                lower=lower, path=disk.path, disk=disk.target,
            )  # fmt: skip
        if data := facts.data_gone.get(disk.path or ""):
            harm = _stopped(facts)
            yield refuse(Why.DATA_FILE_GONE, Way.PUT_BACK, harm=harm, path=data, disk=disk.target)


def _stopped(facts: Facts) -> Harm | None:
    return Harm.STOPPED if facts.status.domain.state.active else None


def unread(facts: Facts, snapshot: Snapshot) -> Iterator[Remark]:
    """What could not be looked at."""
    for disk in snapshot.config.disks if snapshot.config is not None else ():
        if disk.path is not None:
            end = chain(disk.path, disk.format, facts.layers.heads)[-1].image
            if isinstance(end, NotKnown) and not isinstance(end, Missing) and disk.format != "raw":
                yield remark(Unchecked.BENEATH, disk=disk.target, reason=end.reason)
    if snapshot.memory_path is not None and does(facts.host, Wrong.LOADS_NO_RAM_FILES):
        yield remark(
            Unchecked.LOADS_RAM_FILE,
            version=abilities.name(facts.host),
            qemu=abilities.shown(facts.host.hypervisor or (0, 0)),
        )
    for doubt in facts.doubts:
        yield remark(Unchecked.OTHERS_USE_OVERLAYS, reason=doubt.words)


def warnings(facts: Facts, snapshot: Snapshot) -> Iterator[Remark]:
    """What it makes of checkpoints, of disks that nobody writes to, and without their data.

    A new overlay that libvirt makes for a create holds the bitmaps of all checkpoints, and a merge
    keeps what they count; one that it makes for a revert holds none (measured with 11.3).
    """
    if facts.status.checkpoints:
        yield remark(Warn.CHECKPOINTS_LOST, names=text.some(facts.status.checkpoints))
    for disk in snapshot.config.disks if snapshot.config is not None else ():
        if disk.path is not None and (disk.read_only or disk.device != "disk"):
            yield remark(Warn.OVERLAY_ON_ALL, disk=disk.target, path=disk.path)
        if data := facts.data_gone.get(disk.path or ""):
            yield remark(Warn.DATA_FILE_GONE, path=data, disk=disk.target)


def _disk_refusals(facts: Facts, disks: tuple[Disk, ...], *, by_qemu: bool) -> Iterator[Refusal]:
    for disk in disks:
        name = disk.target
        yield from disk_checks.part_refusals(disk)
        if disk.source_type != "file":
            code = libvirt_codes.OPERATION_UNSUPPORTED
            yield refuse(Why.ALL_MUST_BE_FILES, code=code, disk=name, kind=disk.source_type)
        elif disk.shareable:
            yield refuse(Why.SHARED_NOT_YET, disk=name)
        elif (
            isinstance(image := facts.layers.heads.get(disk.path or ""), ImageInfo) and image.device
        ):
            # libvirt makes the names of the new overlays, and of no device
            code, kind = libvirt_codes.CONFIG_UNSUPPORTED, "block"
            harm = _stopped(facts)
            yield refuse(Why.ALL_MUST_BE_FILES, code=code, harm=harm, disk=name, kind=kind)
        if disk.path is not None and disk.format != "raw":
            end = chain(disk.path, disk.format, facts.layers.heads)[-1]
            if isinstance(end.image, Missing) and end.path != disk.path:
                # qemu-img, which makes the new overlay otherwise, opens all of it
                code, harm = libvirt_codes.INTERNAL_ERROR, _stopped(facts)
                if by_qemu:  # the definition of then stays, upon the images that it froze
                    code, harm = libvirt_codes.NO_FILE, harm or Harm.NO_START
                cut = refuse(
                    Why.CHAIN_CUT_OFF, Way.PUT_BACK, code=code, harm=harm, path=end.path, disk=name
                )
                yield traced(facts, cut, end.path)
    code, harm = libvirt_codes.CONFIG_UNSUPPORTED, _stopped(facts)
    yield from (
        refuse(Why.SAME_OVERLAYS, code=code, harm=harm, path=path)
        for path, number in Counter(overlay_stems(disks)).items()
        if number > 1
    )
