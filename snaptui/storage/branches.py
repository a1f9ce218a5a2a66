"""Which files libvirt merges and removes, once it reverts to external snapshots (9.9 and later).

After a revert the records name overlays that are gone, so libvirt looks elsewhere: all here
follows its qemu_snapshot.c (11.3), whose functions are named.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from snaptui.model.abilities import Wrong, does, keeps_branches
from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainConfig
from snaptui.model.host import Host
from snaptui.model.snapshot import Kind, Snapshot, SnapshotDisk

Overlays = Mapping[str, str]
"""By target, a path."""
_NONE: Overlays = MappingProxyType({})


class Fixed(enum.Enum):
    """Why libvirt deletes no such snapshot (qemuSnapshotDeleteValidate); the value is shown."""

    HERE = "it is the current snapshot and has descendants"
    LEFT = "it is on a branch that the domain has left, and has descendants"
    FORK = "several branches begin at it"


@dataclass(frozen=True, slots=True)
class Branches:
    """What libvirt does with the files of a domain's external snapshots.

    Attributes:
        known: it reverts to them, so that there may be branches.
        overlays: by snapshot, what was written on after it: a delete merges that.
        ended: by snapshot, for those that end a branch which the domain has left: the images
            that they froze and that a delete removes, for nothing needs them any more.
        fixed: by snapshot, why its place in the tree forbids a delete.
        abandoned: the overlays that a revert to an external snapshot removes.
        fills_raw: a merge writes zeros into a raw image as data.
    """

    known: bool = False
    overlays: Mapping[str, Overlays] = field(default_factory=lambda: MappingProxyType({}))
    ended: Mapping[str, Overlays] = field(default_factory=lambda: MappingProxyType({}))
    fixed: Mapping[str, Fixed] = field(default_factory=lambda: MappingProxyType({}))
    abandoned: Overlays = field(default_factory=lambda: _NONE)
    fills_raw: bool = False

    def overlays_of(self, snapshot: Snapshot) -> Overlays:
        """The overlays of an external snapshot, by target."""
        return self.overlays.get(snapshot.name, recorded(snapshot.disks))


NO_BRANCHES = Branches()


def recorded(disks: Iterable[SnapshotDisk]) -> Overlays:
    """The overlays that a record names, by target."""
    return {
        disk.target: disk.path
        for disk in disks
        if disk.presence is Presence.EXTERNAL and disk.path is not None
    }


def branches_of(
    host: Host, config: DomainConfig, snapshots: Iterable[Snapshot], current: str | None
) -> Branches:
    """Find out which files these are.

    Args:
        config: the domain as it is now.
        snapshots: all of the domain's.
    """
    if not keeps_branches(host):
        return Branches(fills_raw=does(host, Wrong.FILLS_RAW))
    known = {snapshot.name: snapshot for snapshot in snapshots}
    external = [one for one in known.values() if one.kind in (Kind.EXTERNAL, Kind.MIXED)]
    children: dict[str | None, list[Snapshot]] = {}
    for one in known.values():
        children.setdefault(one.parent, []).append(one)
    line = set(line_of(known, current))
    fixed = {
        one.name: Fixed.HERE
        if one.name == current
        else Fixed.LEFT
        if one.name not in line
        else Fixed.FORK
        for one in external
        if (below := len(children.get(one.name, [])))
        and (below > 1 or one.name == current or one.name not in line)
    }
    ended = [one for one in external if one.name != current and not children.get(one.name)]
    now = known.get(current or "")
    return Branches(
        known=True,
        overlays=MappingProxyType(
            {
                one.name: _overlays(one, children.get(one.name, []), config, current)
                for one in external
            }
        ),
        ended=MappingProxyType({one.name: dict(_frozen_alone(one, known)) for one in ended}),
        fixed=MappingProxyType(fixed),
        abandoned=recorded(now.revert_disks or now.disks) if now is not None else _NONE,
        fills_raw=does(host, Wrong.FILLS_RAW),
    )


def line_of(known: Mapping[str, Snapshot], name: str | None) -> Iterator[str]:
    """A snapshot and all above it."""
    seen: set[str] = set()
    while name is not None and name not in seen:
        yield name
        seen.add(name)
        name = known[name].parent if name in known else None


def _overlays(
    snapshot: Snapshot, children: list[Snapshot], config: DomainConfig, current: str | None
) -> Overlays:
    """qemuSnapshotExternalGetSnapDiskSrc: a single child knows, or the domain itself."""
    own = recorded(snapshot.disks)
    above: DomainConfig | None = None
    if len(children) == 1:
        above = children[0].config
    elif not children and snapshot.name == current:
        above = config
    later = _paths(above.disks) if above is not None else {}
    return MappingProxyType({target: later.get(target, path) for target, path in own.items()})


def _frozen_alone(snapshot: Snapshot, known: Mapping[str, Snapshot]) -> Iterator[tuple[str, str]]:
    """qemuSnapshotDiscardExternal, without a merge: only what an external parent let it freeze."""
    then = _paths(snapshot.config.disks) if snapshot.config is not None else {}
    for target in recorded(snapshot.disks):
        parent = _parent_with(target, snapshot, known)
        if parent is not None and parent.kind in (Kind.EXTERNAL, Kind.MIXED) and target in then:
            yield target, then[target]


def _parent_with(target: str, snapshot: Snapshot, known: Mapping[str, Snapshot]) -> Snapshot | None:
    """The next ancestor that a disk takes part in (qemuSnapshotFindParentSnapForDisk)."""
    for name in line_of(known, snapshot.parent):
        for part in known[name].disks if name in known else ():
            if part.target == target and part.presence is not Presence.NO:
                return known[name]
    return None


def _paths(disks: Iterable[Disk]) -> dict[str, str]:
    return {disk.target: disk.path for disk in disks if disk.path is not None}
