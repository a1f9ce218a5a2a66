"""A domain at two times: which snapshots lie between, and which images its disks do not share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from snaptui.model.config_change import ConfigChange
from snaptui.model.image import NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.storage.branches import line_of
from snaptui.storage.disk_then import DiskAt, Stack, disk_inside, disk_now, disk_then, unshared
from snaptui.storage.in_image import Unmanaged
from snaptui.storage.reclaimable import Surveyed


@dataclass(frozen=True, slots=True)
class Way:
    """From one snapshot of a tree to another, or to the domain as it is now.

    Attributes:
        names: of the snapshots on the way, both ends too; ``None`` stands for now.
        turn: where the way stops to go up and begins to go down, if that is no end of it: the
            youngest snapshot that both come from.
    """

    names: tuple[str | None, ...]
    turn: str | None = None


@dataclass(frozen=True, slots=True)
class ComparedDisk:
    """A disk at both times.

    Attributes:
        unshared: the images that only one of the times has, or why that is not known.
    """

    target: str
    one: DiskAt | NotKnown
    other: DiskAt | NotKnown
    unshared: tuple[Stack, Stack] | NotKnown


Moment = Snapshot | Unmanaged
"""What a domain's disks were at some time."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A domain at the time of a snapshot, and at a later one or now.

    Attributes:
        other: ``None`` for the domain as it is now.
        running: the later one is now, and QEMU may not have written all of its tables.
        changes: what of the configuration is otherwise, from ``one`` to ``other``.
        known: all snapshots of the domain that could be read, by name.
    """

    one: Moment
    other: Moment | None
    running: bool
    way: Way | NotKnown
    changes: tuple[ConfigChange, ...] | NotKnown
    disks: tuple[ComparedDisk, ...]
    known: Mapping[str, Snapshot]


def in_time(one: Moment, other: Moment) -> tuple[Moment, Moment]:
    """Two snapshots, the older one first."""
    return (other, one) if (other.created or 0) < (one.created or 0) else (one, other)


def compared(
    survey: Surveyed,
    one: Moment,
    other: Moment | None,
    changes: tuple[ConfigChange, ...] | NotKnown,
) -> Comparison:
    """All that is known before the images are read."""
    known = {snapshot.name: snapshot for snapshot in survey.snapshots}
    return Comparison(
        one=one,
        other=other,
        running=other is None and survey.domain.state.active,
        way=NotKnown("an unmanaged snapshot is in no tree")
        if isinstance(one, Unmanaged) or isinstance(other, Unmanaged)
        else way(known, one.name, other.name if other is not None else None, survey.current),
        changes=changes,
        disks=tuple(_compared_disk(survey, one, other, at) for at in _targets(survey, one, other)),
        known=known,
    )


def way(
    known: Mapping[str, Snapshot], one: str, other: str | None, current: str | None
) -> Way | NotKnown:
    """The way from a snapshot to another one, or to the domain as it is now.

    Args:
        other: ``None`` for now, which lies below the current snapshot.
    """
    if other is None and current is None:
        return NotKnown("the domain is at none of its snapshots")
    end = current if other is None else other
    up, down = list(line_of(known, one)), list(line_of(known, end))
    met = next((name for name in up if name in down), None)
    if met is None:
        return NotKnown("they are in different trees")
    names: list[str | None] = [*up[: up.index(met)], met, *reversed(down[: down.index(met)])]
    if other is None:
        names.append(None)
    return Way(tuple(names), met if met not in (names[0], names[-1]) else None)


def _targets(survey: Surveyed, one: Moment, other: Moment | None) -> tuple[str, ...]:
    """The disks of either time, in their order; an unmanaged one has those of now."""
    configs = [
        config
        for moment in (one, other)
        if (config := moment.config if isinstance(moment, Snapshot) else survey.config) is not None
    ]
    return tuple(
        dict.fromkeys(
            disk.target
            for config in configs
            for disk in config.disks
            if disk.device in ("disk", "lun")
        )
    )


def _compared_disk(
    survey: Surveyed, one: Moment, other: Moment | None, target: str
) -> ComparedDisk:
    def disk_at(moment: Moment | None) -> DiskAt | NotKnown:
        if moment is None:
            return disk_now(survey.config, target, survey.layers)
        if isinstance(moment, Unmanaged):
            return disk_inside(moment, survey.config, target, survey.layers)
        return disk_then(moment, target, survey.layers)

    then, after = disk_at(one), disk_at(other)
    apart: tuple[Stack, Stack] | NotKnown
    if isinstance(then, NotKnown):
        apart = then
    elif isinstance(after, NotKnown):
        apart = after
    else:
        apart = unshared(then.stack, after.stack)
    return ComparedDisk(target, then, after, apart)
