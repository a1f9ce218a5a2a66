"""What is true after a revert to an external snapshot (libvirt 9.9 and later)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainState
from snaptui.model.snapshot import Snapshot, SnapshotDisk
from snaptui.plan.facts import CHOSEN, Facts


def overlay_stems(disks: Iterable[Disk]) -> tuple[str, ...]:
    """What libvirt calls the new overlays, up to the seconds since the epoch (the image's path
    without its last suffix: virDomainSnapshotDefAssignExternalNames)."""
    found = []
    for path in (disk.path for disk in disks if disk.path is not None):
        folder, slash, file = path.rpartition("/")
        stem = file.rpartition(".")[0] if "." in file else file
        found.append(f"{folder}{slash}{stem}.")
    return tuple(found)


def after_external_revert(before: Facts, snapshot: Snapshot, state: DomainState | None) -> Facts:
    """The facts when every disk that had an image then writes to a new overlay upon it.

    The overlays of before are removed. What the snapshot's record names are the new ones, beside
    its own where others are below it (qemuSnapshotRevertExternalFinish).
    """
    then = snapshot.config or before.status.config
    fresh = {disk.target: disk.path for disk in then.disks if disk.path is not None}
    disks = tuple(
        replace(disk, source_type="file", path=CHOSEN, format="qcow2", volume=None)
        if disk.target in fresh
        else disk
        for disk in then.disks
    )
    parts = tuple(
        SnapshotDisk(disk.target, Presence.EXTERNAL, CHOSEN)
        if disk.target in fresh
        else SnapshotDisk(disk.target, Presence.NO)
        for disk in then.disks
    )
    snapshots = dict(before.snapshots)
    if before.current in snapshots:
        left = snapshots[before.current]
        snapshots[before.current] = replace(left, revert_disks=(), digest="")
    parent = any(one.parent == snapshot.name for one in snapshots.values())
    reached = snapshots.get(snapshot.name, snapshot)
    snapshots[snapshot.name] = replace(
        reached,
        disks=reached.disks if parent else parts,
        revert_disks=parts if parent else (),
        digest="",
    )
    gone = frozenset(before.layers.branches.abandoned.values())
    heads = {path: head for path, head in before.layers.heads.items() if path not in gone}
    domain = replace(before.status.domain, state=state or before.status.domain.state)
    config = replace(then, disks=disks, digest="")
    return replace(
        before,
        current=snapshot.name,
        status=replace(before.status, domain=domain, config=config, hung=False),
        snapshots=MappingProxyType(snapshots),
        layers=replace(before.layers, heads=MappingProxyType(heads)),
        images=MappingProxyType({p: i for p, i in before.images.items() if p not in gone}),
        gone=gone,
        fresh=MappingProxyType(fresh),
    )
