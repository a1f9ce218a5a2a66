"""What a create of overlays means for a domain: the disks one by one, and the files' names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

from snaptui.model import author_mark
from snaptui.model.choices import Form
from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainStatus
from snaptui.model.snapshot import Kind, Snapshot, SnapshotDisk
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.plan.checks import domain_checks
from snaptui.plan.facts import Facts
from snaptui.plan.plan import CreateIntent


def resolved(intent: CreateIntent, status: DomainStatus) -> NewSnapshot:
    """What an intent means for a domain: the disks one by one, and the names of all files.

    What makes no sense for the form or the state of the domain is left out: a freeze is
    possible with disks alone, but not with none, and saving the RAM of a guest that runs on with
    a file for it.
    """
    active, form = status.domain.state.active, intent.form
    if form is Form.INTERNAL:
        halt = intent.halt and active
        return NewSnapshot(intent.name, intent.description, intent.disks, halt=halt)
    chosen = {disk.target: disk for disk in intent.disks}
    disks = domain_checks.writable_disks(status.config.disks)
    presence = {
        disk.target: chosen[disk.target].presence
        if disk.target in chosen
        else Presence.NO
        if disk.snapshot is Presence.NO
        else Presence.EXTERNAL
        for disk in disks
    }
    # beside one without a path nothing can lie, and libvirt names nothing either
    inside = [d for d in disks if presence[d.target] is Presence.EXTERNAL and d.path is not None]
    paths = overlay_paths(inside, intent.name)
    parts = [
        SnapshotDisk(target, taking, _chosen_path(chosen.get(target)) or paths.get(target))
        for target, taking in presence.items()
    ]
    unknown = [disk for target, disk in chosen.items() if target not in presence]
    memory = intent.memory_path or memory_path(inside, intent.name)
    return NewSnapshot(
        name=intent.name,
        description=intent.description,
        disks=(*parts, *unknown),
        memory_path=memory if form is Form.EXTERNAL else None,
        quiesce=intent.quiesce and form is Form.DISK_ONLY and active and bool(inside),
        halt=intent.halt and active,
        live=intent.live and form is Form.EXTERNAL and active,
        reuse=intent.reuse,
    )


def signed(new: NewSnapshot, facts: Facts) -> NewSnapshot:
    """The same with the mark of who takes it."""
    return replace(new, description=author_mark.marked(new.description, facts.author))


def beneath(intent: CreateIntent, status: DomainStatus) -> tuple[str, ...]:
    """The images that a create lays overlays upon."""
    new = resolved(intent, status)
    disks = [disk for disk in status.config.disks if disk.target in new.overlays]
    return tuple(disk.path for disk in disks if disk.path is not None)


def leaves_out(snapshot: Snapshot, target: str) -> bool:
    """Whether an external snapshot holds nothing of a disk."""
    held = {part.target for part in snapshot.disks if part.presence is not Presence.NO}
    return snapshot.kind is Kind.EXTERNAL and target not in held


def _chosen_path(chosen: SnapshotDisk | None) -> str | None:
    return chosen.path if chosen is not None else None


def overlay_paths(disks: Collection[Disk], name: str) -> Mapping[str, str]:
    """By target, where the overlay of each disk goes.

    As libvirt itself would choose (virDomainSnapshotAlignDisks: the image's path with its
    last suffix replaced by the snapshot's name); with the target in it where two images
    would get the same.
    """
    paths: dict[str, str] = {}
    for disk in disks:
        stem = _stem(disk)
        path = f"{stem}.{name}"
        paths[disk.target] = path if path not in paths.values() else f"{stem}.{disk.target}.{name}"
    return MappingProxyType(paths)


def memory_path(disks: Collection[Disk], name: str) -> str | None:
    """The file for the RAM, beside the first disk; ``None`` when there is no disk."""
    return next((f"{_stem(disk)}.{name}.mem" for disk in disks), None)


def _stem(disk: Disk) -> str:
    folder, slash, file = (disk.path or "").rpartition("/")
    stem = file.rpartition(".")[0] if "." in file else file
    return f"{folder}{slash}{stem}"
