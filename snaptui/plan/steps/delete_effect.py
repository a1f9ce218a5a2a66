"""What is true after a snapshot was deleted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

from snaptui.model.abilities import Wrong, does
from snaptui.model.disk import Disk
from snaptui.model.domain import DomainConfig
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.plan.facts import Facts
from snaptui.storage.backing_chain import layers_of
from snaptui.storage.branches import NO_BRANCHES, Branches, branches_of
from snaptui.storage.in_image import Images, internal_disks


def after_delete(before: Facts, snapshot: Snapshot, *, metadata_only: bool) -> Facts:
    """The facts without a snapshot.

    Its overlays are merged into the images that it froze and removed; whatever named an overlay
    names that image then: the domain, the external snapshots below it, and the images above.
    Some versions let the snapshots do so even where only metadata went and nothing was merged, and
    write the records of all below anew.
    Where it ended a branch nothing is merged: the images that it froze are removed. A digest is
    empty where it could not be told before.
    """
    name = snapshot.name
    host, branches = before.host, before.layers.branches
    ended = {} if metadata_only else branches.ended.get(name, {})
    overlays = {} if name in branches.ended else frozen(snapshot, branches)
    merged = {} if metadata_only else overlays
    rewritten = does(host, Wrong.SPOILS_RECORDS)
    renamed = overlays if rewritten else merged
    emptied = set() if metadata_only else {disk.path for disk in internal_disks(snapshot)}
    config = _moved(before.status.config, merged)
    if merged:
        config = replace(config, digest="")
    later = descendants(before.snapshots, name)
    snapshots = {}
    for other in before.snapshots.values():
        if other.name != name:
            moved = renamed if other.name in later and other.is_external else {}
            left = _left(other, snapshot, moved, metadata_only=metadata_only)
            anew = rewritten and other.name in later
            changed = moved or anew or left != other or _lies_upon(other, renamed)
            snapshots[other.name] = replace(left, digest="") if changed else left
    current = snapshot.parent if before.current == name else before.current
    removed = merged.keys() | ended.values()
    layers = before.layers
    if layers.heads:
        heads = _without(layers.heads, name, merged, removed, emptied)
        layers = layers_of(
            config,
            snapshots.values(),
            heads,
            keeps_memory=before.layers.keeps_memory,
            branches=branches_of(host, config, snapshots.values(), current),
        )
    return replace(
        before,
        names=tuple(other for other in before.names if other != name),
        external=tuple(other for other in before.external if other != name),
        below=tuple(other for other in before.below if other != name),
        current=current,
        snapshots=MappingProxyType(snapshots),
        images=_without(before.images, name, merged, removed, emptied),
        status=replace(before.status, config=config),
        layers=layers,
        gone=frozenset(removed),
    )


def _lies_upon(snapshot: Snapshot, overlays: Collection[str]) -> bool:
    """Whether its record says that one of its disks lies upon one of these."""
    disks = snapshot.config.disks if snapshot.config is not None else ()
    return any(path in overlays for disk in disks for path in disk.beneath or ())


def after_merge(before: Facts, path: str, lower: Disk) -> Facts:
    """The facts without an overlay that no snapshot names: whatever named it names ``lower``."""
    merged = {path: lower}
    config = replace(_moved(before.status.config, merged), digest="")
    known = before.snapshots.values()
    heads = _without(before.layers.heads, "", merged, merged, set())
    layers = layers_of(
        config,
        known,
        heads,
        keeps_memory=before.layers.keeps_memory,
        branches=branches_of(before.host, config, known, before.current),
    )
    return replace(
        before,
        images=_without(before.images, "", merged, merged, set()),
        status=replace(before.status, config=config),
        layers=layers,
        gone=frozenset({path}),
    )


def frozen(snapshot: Snapshot, branches: Branches = NO_BRANCHES) -> Mapping[str, Disk]:
    """By path of each overlay of an external snapshot, the disk that it froze."""
    then = snapshot.then
    overlays = branches.overlays_of(snapshot).items()
    return {path: then[target] for target, path in overlays if target in then}


def _moved(config: DomainConfig, merged: Mapping[str, Disk]) -> DomainConfig:
    disks = []
    for disk in config.disks:
        then = merged.get(disk.path or "")
        if then is not None:
            disk = replace(
                disk,
                source_type=then.source_type,
                path=then.path,
                format=then.format,
                volume=then.volume,
            )
        disks.append(disk)
    return replace(config, disks=tuple(disks))


def _left(
    other: Snapshot, deleted: Snapshot, moved: Mapping[str, Disk], *, metadata_only: bool
) -> Snapshot:
    """Another snapshot: a child gets a new parent, and the parent is not merged into any more.

    What a revert to the parent let the domain write to is what its own overlays are then
    (qemuSnapshotDeleteUpdateParent).
    """
    if other.name == deleted.parent and other.revert_disks:
        other = replace(other, disks=other.revert_disks, revert_disks=())
    return replace(
        other,
        parent=deleted.parent if other.parent == deleted.name else other.parent,
        config=_moved(other.config, moved) if other.config is not None else None,
        delete_in_progress=other.delete_in_progress
        and (metadata_only or other.name != deleted.parent),
    )


def descendants(snapshots: Mapping[str, Snapshot], name: str) -> set[str]:
    """The names of all snapshots below one."""
    children: dict[str | None, list[str]] = {}
    for snapshot in snapshots.values():
        children.setdefault(snapshot.parent, []).append(snapshot.name)
    found: set[str] = set()
    due = [name]
    while due:
        below = [child for child in children.get(due.pop(), ()) if child not in found]
        found.update(below)
        due += below
    return found


def _without(
    images: Images,
    name: str,
    merged: Mapping[str, Disk],
    removed: Collection[str],
    emptied: set[str | None],
) -> Images:
    """The images without those that are removed, and without the entries of a snapshot."""
    left: dict[str, ImageInfo | NotKnown] = {}
    for path, image in images.items():
        if path in removed:
            continue
        if isinstance(image, ImageInfo):
            then = merged.get(image.backing) if isinstance(image.backing, str) else None
            if then is not None:
                image = replace(image, backing=then.path, backing_format=then.format)
            if path in emptied:
                kept = tuple(entry for entry in image.snapshots if entry.name != name)
                image = replace(image, snapshots=kept)
        left[path] = image
    return MappingProxyType(left)
