"""The delete of a snapshot that is in images alone: libvirt does not know it."""

from __future__ import annotations

from collections import Counter

from snaptui.common import text
from snaptui.model import libvirt_codes
from snaptui.model.disk import Presence
from snaptui.model.snapshot import Snapshot, SnapshotDisk
from snaptui.plan.checks import (
    disk_checks,
    domain_checks,
    encryption,
    image_checks,
    name_checks,
    variables,
)
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.steps.domain import DeleteSnapshot, DomainStep
from snaptui.plan.steps.metadata import Adopt
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.in_image import Unmanaged


def steps_of(unmanaged: Unmanaged, facts: Facts) -> tuple[DomainStep, ...]:
    """Make it known, so that libvirt deletes it under the domain's lock, running or not."""
    disks = domain_checks.writable_disks(facts.status.config.disks)
    snapshot = Snapshot(
        name=unmanaged.name,
        parent=None,
        created=unmanaged.created,
        state="shutoff",
        description="",
        memory=Presence.NO,
        memory_path=None,
        disks=tuple(SnapshotDisk(disk.target, Presence.INTERNAL) for disk in disks),
        config=facts.status.config,
        delete_in_progress=False,
        digest="",
    )
    return Adopt(unmanaged.name, unmanaged.created), DeleteSnapshot(snapshot)


def refusals_of(unmanaged: Unmanaged, facts: Facts, *, metadata_only: bool) -> list[Refusal]:
    """What forbids it."""
    name = unmanaged.name
    if metadata_only:
        return [refuse(Why.UNMANAGED_HAS_NO_METADATA, name=name)]
    refusals: list[Refusal] = []
    active, disks = facts.status.domain.state.active, facts.status.config.disks
    own = [
        disk for disk in domain_checks.writable_disks(disks) if disk.path in dict(unmanaged.parts)
    ]
    refusals += encryption.unmanaged_refusals(facts, own)
    outside = [
        disk
        for disk in domain_checks.writable_disks(disks)
        if facts.status.settings.get(disk.target) is Presence.EXTERNAL
    ]
    if active:  # QEMU looks on all disks, whatever the record says
        own = []
    apart = {disk.target: disk for disk in (*own, *outside)}
    refusals += disk_checks.apart_refusals(facts, apart.values(), Harm.LEFT_INSIDE)
    refusals += disk_checks.delete_refusals(facts, name)
    refusals += variables.beside_refusals(facts, name)
    if active:
        refusals += name_checks.running_problem(
            facts, name, Way.DELETE_WHILE_OFF, harm=Harm.LEFT_INSIDE
        )
        refusals += [  # the record is of its definition (measured with 9.0 to 12.9)
            refuse(
                Why.DELETED_BESIDE_TRANSIENT, Way.SHUT_DOWN, disk=disk.target, domain=facts.name,
                code=libvirt_codes.OPERATION_UNSUPPORTED,
            )
            for disk in domain_checks.writable_disks(disks)
            if disk.transient
        ]  # fmt: skip
    else:  # its record names all of them, and libvirt looks for it on each
        all_of_them = domain_checks.writable_disks(disks)
        refusals += disk_checks.network_refusals(all_of_them, Way.DELETE_BY_HAND)
    now = {disk.path for disk in domain_checks.writable_disks(disks)}
    for path, _ in unmanaged.parts:
        harm = Harm.OTHER_LOST if path in now and not outside else None
        refusals += [
            refuse(
                Why.UNMANAGED_OF_OTHER, Way.DELETE_THERE, harm=harm,
                path=path, name=name, user=user.words,
            )
            for user in facts.of(path)
            if user.snapshot == name
        ]  # fmt: skip
    if "/" in name or name.startswith(".") or "\ufffd" in name:
        refusals.append(refuse(Why.UNMANAGED_NAME, name=name))
    if len(text.utf8(name)) > name_checks.NAME_BYTES:
        refusals.append(refuse(Why.UNMANAGED_NAME_LONG, Way.DELETE_BY_HAND, name=name))
    for disk in domain_checks.writable_disks(facts.status.config.disks):
        if disk.path in dict(unmanaged.parts) and (
            why := image_checks.closed_to_writers(disk, facts)
        ):
            refusals.append(why.but(harm=Harm.LEFT_INSIDE))
    for path, number in Counter(path for path, _ in unmanaged.parts).items():
        if path not in now:
            refusals.append(refuse(Why.UNMANAGED_ELSEWHERE, name=name, path=path))
        elif number > 1:
            refusals.append(refuse(Why.UNMANAGED_TWINS, path=path, number=number, name=name))
    return refusals
