"""Encrypted images (LUKS): what libvirt and QEMU make of snapshots of them.

No internal kind works: while the guest is off qemu-img has no key, and while it runs QEMU fails
or ends. With an overlay of a guest that is off libvirt (9.0, 11.3 and 12.8) drops
``<encryption>`` from the definition, which then neither starts nor lets the overlay be merged.
While it runs an overlay works, and is itself not encrypted (tests/live/test_encrypted.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from snaptui.model.disk import Disk, Presence
from snaptui.model.image import ImageInfo
from snaptui.model.snapshot import Snapshot
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Remark, remark
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.in_image import internal_disks

INTERNAL_ERROR = 1


def is_encrypted(disk: Disk, facts: Facts) -> bool:
    """Whether a disk, or what lies beneath its overlays, is encrypted."""
    image = facts.images.get(disk.path or "")
    own = isinstance(image, ImageInfo) and image.encrypted
    return disk.encryption or own or disk.path in facts.encrypted


def inside_refusals(facts: Facts, disks: Iterable[Disk], way: Way) -> Iterator[Refusal]:
    """What forbids an internal snapshot of these disks: to take, to revert to, to delete it."""
    for disk in disks:
        if is_encrypted(disk, facts):
            yield refuse(Why.ENCRYPTED_INSIDE, way, harm=Harm.ENDS_QEMU, disk=disk.target)


def unmanaged_refusals(facts: Facts, disks: Iterable[Disk]) -> Iterator[Refusal]:
    """What forbids the delete of what images alone hold, of those that it is in.

    While the domain is off libvirt reports success all the same (9.0 to 12.9).
    """
    active = facts.status.domain.state.active
    for one in inside_refusals(facts, disks, Way.DELETE_WITH_KEY):
        yield one if active else one.but(harm=Harm.LEFT_INSIDE)


def snapshot_refusals(facts: Facts, snapshot: Snapshot, way: Way) -> Iterator[Refusal]:
    """The same for one that there is."""
    return inside_refusals(facts, internal_disks(snapshot), way)


def overlay_problem(disk: Disk, facts: Facts) -> Refusal | None:
    """Why an encrypted disk cannot get an overlay now; ``None`` when it can."""
    lower, harm = facts.luks.get(disk.path or ""), Harm.NO_START
    if facts.status.domain.state.active:
        return None
    if disk.encryption and is_encrypted(disk, facts):
        why = Why.ENCRYPTED_WHILE_OFF
        return refuse(why, Way.WHILE_RUNNING, harm=harm, disk=disk.target)
    if lower is None:
        return None
    why, way = Why.LUKS_WHILE_OFF, Way.WHILE_RUNNING
    if lower != disk.path and disk.beneath is None:  # it does not start as it is
        why, way = Why.LUKS_BENEATH, Way.LIST_CHAIN
    return refuse(why, way, harm=harm, disk=disk.target, path=lower, domain=facts.name)


def lost_refusals(facts: Facts) -> Iterator[Refusal]:
    """A definition that has lost ``<encryption>`` already: nothing that starts QEMU works."""
    for disk in facts.status.config.disks:
        beneath = facts.encrypted.get(disk.path or "")
        if beneath is not None and not disk.encryption:
            yield refuse(
                Why.ENCRYPTION_LOST, Way.DEFINE_ENCRYPTION, code=INTERNAL_ERROR, disk=disk.target,
                domain=facts.name, path=beneath,
            )  # fmt: skip


def taken_for_encrypted(facts: Facts) -> Iterator[Refusal]:
    """A guest that encrypts a raw disk itself, with an overlay that was made while it was off.

    Where the definition does not list what lies beneath, libvirt looks there, takes the guest's
    own LUKS header for an encryption that it has no key of, and starts no QEMU (9.0 to 12.9).
    """
    for disk in facts.status.config.disks if not facts.status.domain.state.active else ():
        lower = facts.luks.get(disk.path or "")
        if lower not in (None, disk.path) and disk.beneath is None and not disk.encryption:
            yield refuse(
                Why.LUKS_BENEATH, Way.LIST_CHAIN, code=INTERNAL_ERROR, disk=disk.target,
                domain=facts.name, path=lower,
            )  # fmt: skip


def key_refusals(facts: Facts) -> Iterator[Refusal]:
    """A merge of a domain that is off: libvirt starts a QEMU for it, which needs the keys.

    It fails before anything is merged (measured with 9.0 to 12.9); that of a guest that runs needs
    none.
    """
    for lack in facts.keys_gone:
        if lack.sure:
            reason = f": {lack.reason}" if lack.reason else ""
            yield refuse(
                Why.KEY_GONE, Way.PUT_BACK, domain=facts.name, device=lack.name, reason=reason
            )


def revert_refusals(facts: Facts, snapshot: Snapshot) -> Iterator[Refusal]:
    """A revert to an external snapshot makes new overlays of a domain that is off.

    Where the record names what lay beneath, the definition keeps the <encryption> and the domain
    starts; the overlay is plain all the same (measured with 11.3, LUKS in qcow2 and raw).
    """
    outside = {part.target for part in snapshot.disks if part.presence is Presence.EXTERNAL}
    for disk in snapshot.config.disks if snapshot.config is not None and outside else ():
        if disk.encryption and disk.beneath:
            yield refuse(Why.ENCRYPTED_REVERT_NOT_YET, disk=disk.target)
        elif disk.encryption:
            yield refuse(Why.ENCRYPTED_REVERT, harm=Harm.NO_START, disk=disk.target)
        elif (lower := facts.luks.get(disk.path or "")) and not snapshot.has_memory:
            # QEMU makes the overlays of one with RAM, and the definition lists what is beneath
            way, harm = Way.LIST_CHAIN_AFTER, Harm.NO_START
            yield refuse(Why.LUKS_REVERT, way, harm=harm, disk=disk.target, path=lower)


def warnings(facts: Facts, disks: Iterable[Disk], *, ram: bool) -> Iterator[Remark]:
    """What an external snapshot of encrypted disks lays open.

    Args:
        ram: the RAM goes to a file.
    """
    plain = [disk.target for disk in disks if is_encrypted(disk, facts)]
    if plain:
        yield remark(Warn.OVERLAY_PLAIN, disks=", ".join(plain))
        if ram:
            yield remark(Warn.RAM_PLAIN)
