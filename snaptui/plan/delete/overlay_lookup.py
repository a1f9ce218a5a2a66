"""How libvirt finds the overlays that a delete of an external snapshot merges.

And its error where it does not: which one comes first differs between 9.0 and newer versions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from snaptui.model import libvirt_codes
from snaptui.model.abilities import Wrong, does
from snaptui.model.disk import Disk, Presence
from snaptui.model.image import Missing
from snaptui.model.snapshot import Snapshot
from snaptui.plan.create.overlay_paths import leaves_out
from snaptui.plan.facts import Facts
from snaptui.storage.backing_chain import chain


def parent_inside(
    facts: Facts, snapshot: Snapshot, targets: Collection[str] | None = None
) -> Snapshot | None:
    """What is next above one of its overlays, where libvirt takes that for internal.

    A snapshot that leaves a disk out is not above its overlay
    (qemuSnapshotFindParentSnapForDisk).

    Args:
        targets: of these disks alone; of all without.
    """
    for part in snapshot.disks:
        if part.presence is not Presence.EXTERNAL:
            continue
        if targets is not None and part.target not in targets:
            continue
        parent = facts.snapshots.get(snapshot.parent or "")
        while parent is not None and leaves_out(parent, part.target):
            parent = facts.snapshots.get(parent.parent or "")
        if parent is not None and not parent.is_external:
            return parent
    return None


def code_of_broken(facts: Facts, snapshot: Snapshot) -> int:
    """libvirt's error where an overlay is in no chain; newer versions look at more before that.

    These take the overlay from what is below it, and without that from the disk as it is now,
    whose chain is too short then (measured with 11.3 to 12.9).
    """
    known, active = facts.layers.branches.known, facts.status.domain.state.active
    ends = {disk.path for disk in facts.status.config.disks}
    cut = any(
        path in facts.cut_off or isinstance(facts.images.get(path or ""), Missing) for path in ends
    )
    beneath_inside = not active and parent_inside(facts, snapshot) is not None
    if not known:
        then = snapshot.then
        found = all(
            _named_now(now, overlay, then[now.target])
            for now in facts.status.config.disks
            if (overlay := facts.layers.branches.overlays_of(snapshot).get(now.target))
            and now.target in then
        )
        if active or not found:
            return libvirt_codes.INVALID_ARG
        if beneath_inside:
            return libvirt_codes.OPERATION_UNSUPPORTED
        return libvirt_codes.NO_FILE if cut else libvirt_codes.INVALID_ARG
    overlays = facts.layers.branches.overlays_of(snapshot)
    transient = any(one.transient and one.target in overlays for one in facts.status.config.disks)
    if beneath_inside:
        return libvirt_codes.OPERATION_UNSUPPORTED
    if cut:
        return libvirt_codes.NO_FILE
    if transient and not active:
        return libvirt_codes.OPERATION_UNSUPPORTED
    if all(one.parent != snapshot.name for one in facts.snapshots.values()):
        return _first_error_of_newest(facts, overlays)
    return _first_error(facts, overlays)


def fails_sooner(facts: Facts, snapshot: Snapshot) -> bool:
    """Whether libvirt finds the chain of a guest that runs otherwise than it looks for it.

    Since 9.9 it looks for each overlay, and what that lies upon; 9.0 for the latter alone, as its
    metadata say.
    A disk that is not there any more is not looked at.
    """
    then = {target: disk.path for target, disk in snapshot.then.items()}
    known, overlays = facts.layers.branches.known, facts.layers.branches.overlays_of(snapshot)
    for disk in facts.status.config.disks:
        if (overlay := overlays.get(disk.target)) is None:
            continue
        inside = [one.path for one in chain(disk.path or "", disk.format, facts.layers.heads)]
        if overlay not in inside:
            return known
        beneath = facts.layers.beneath(overlay)
        if known and beneath is None:
            return True
        if not known and isinstance(beneath, str) and beneath != then.get(disk.target):
            return True
    return False


def _first_error(facts: Facts, overlays: Mapping[str, str]) -> int:
    """What is said of the first overlay that is in no chain, or has nothing beneath it there."""
    disks = {disk.target: disk for disk in facts.status.config.disks}
    for target, overlay in overlays.items():
        now = disks.get(target)
        levels = () if now is None else chain(now.path or "", now.format, facts.layers.heads)
        if overlay not in [level.path for level in levels]:
            return libvirt_codes.INVALID_ARG
        if facts.layers.beneath(overlay) is None:
            break
    return libvirt_codes.OPERATION_FAILED


def _first_error_of_newest(facts: Facts, overlays: Mapping[str, str]) -> int:
    """What is said of the first disk that is not there any more, or has nothing beneath it.

    While the domain is off, all disks are looked for first, and their chains once QEMU runs.
    """
    active = facts.status.domain.state.active
    disks = {disk.target: disk for disk in facts.status.config.disks}
    for target in overlays:
        if (now := disks.get(target)) is None:
            return libvirt_codes.INVALID_ARG
        if active and len(chain(now.path or "", now.format, facts.layers.heads)) == 1:
            break
    return libvirt_codes.OPERATION_FAILED


def too_deep(facts: Facts, now: Disk, overlay: str, then: Disk) -> bool:
    """Whether libvirt does not look as deep as an overlay lies.

    Of a domain that is off, 9.0 looks for none that its definition does not name. That names the
    one beneath where a snapshot was taken while it was active.
    """
    if facts.status.domain.state.active or not does(facts.host, Wrong.MERGES_NEWEST_ALONE):
        return False
    return not _named_now(now, overlay, then)


def _named_now(now: Disk, overlay: str, then: Disk) -> bool:
    """Whether the definition names an overlay, or what it froze: 9.0 finds no other while off."""
    return overlay in (now.path, *(now.beneath or ())) or named(now, then)


def named(now: Disk, then: Disk) -> bool:
    """Whether a disk's XML itself says that what a snapshot froze lies beneath its overlay.

    Of a volume it does as long as it is the one that libvirt wrote when it made the overlay of a
    running guest. Otherwise the path stands there, or nothing, and libvirt takes that for another
    disk than the one of the record (measured with 9.0 and 11.3).
    """
    if then.volume is not None:
        return now.beneath is not None and then.path not in now.beneath
    return then.path in (now.beneath or ())
