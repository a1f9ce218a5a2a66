"""What a create of overlays means for a domain: the disks one by one, and the files' names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

from snaptui.model import author_mark
from snaptui.model.apparmor import helper_reads
from snaptui.model.choices import Form
from snaptui.model.disk import Disk, Presence
from snaptui.model.snapshot import Kind, Snapshot, SnapshotDisk
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.plan.checks import domain_checks
from snaptui.plan.facts import Facts
from snaptui.plan.plan import CreateIntent

ENDING = ".qcow2"
"""Of overlays, where their directory alone does not let AppArmor's helper read them."""


def resolved(intent: CreateIntent, facts: Facts) -> NewSnapshot:
    """What an intent means for a domain: the disks one by one, and the names of all files.

    What makes no sense for the form or the state of the domain is left out: a freeze is
    possible with disks alone, but not with none, and saving the RAM of a guest that runs on with
    a file for it.
    """
    status, form = facts.status, intent.form
    active = status.domain.state.active
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
    paths = overlay_paths(inside, intent.name, facts)
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


def beneath(intent: CreateIntent, facts: Facts) -> tuple[str, ...]:
    """The images that a create lays overlays upon."""
    new = resolved(intent, facts)
    disks = [disk for disk in facts.status.config.disks if disk.target in new.overlays]
    return tuple(disk.path for disk in disks if disk.path is not None)


def leaves_out(snapshot: Snapshot, target: str) -> bool:
    """Whether an external snapshot holds nothing of a disk."""
    held = {part.target for part in snapshot.disks if part.presence is not Presence.NO}
    return snapshot.kind is Kind.EXTERNAL and target not in held


def _chosen_path(chosen: SnapshotDisk | None) -> str | None:
    return chosen.path if chosen is not None else None


def overlay_paths(disks: Collection[Disk], name: str, facts: Facts) -> Mapping[str, str]:
    """By target, where the overlay of each disk goes.

    As libvirt itself would choose (virDomainSnapshotAlignDisks: the image's path with its
    last suffix replaced by the snapshot's name); with the target in it where two images
    would get the same, and ending in ``.qcow2`` where AppArmor's helper could not read it
    otherwise.
    """
    paths: dict[str, str] = {}
    for disk in disks:
        stem, ending = _stem(disk), ""
        if facts.apparmor and not helper_reads(f"{stem}.{name}"):
            stem, ending = _without_snapshot(stem, facts.names), ENDING
        path = f"{stem}.{name}{ending}"
        if path in paths.values():
            path = f"{stem}.{disk.target}.{name}{ending}"
        paths[disk.target] = path
    return MappingProxyType(paths)


def _without_snapshot(stem: str, names: Collection[str]) -> str:
    """The stem of an overlay's name that ends in a snapshot's, as it was before that one."""
    ends = [f".{name}" for name in names if stem.endswith(f".{name}")]
    return stem.removesuffix(max(ends, key=len, default=""))


def memory_path(disks: Collection[Disk], name: str) -> str | None:
    """The file for the RAM, beside the first disk; ``None`` when there is no disk."""
    return next((f"{_stem(disk)}.{name}.mem" for disk in disks), None)


def _stem(disk: Disk) -> str:
    folder, slash, file = (disk.path or "").rpartition("/")
    stem = file.rpartition(".")[0] if "." in file else file
    return f"{folder}{slash}{stem}"
