"""Which file an image is now that is gone from its place: by evidence, never by a name alone."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from snaptui.model.disk import Presence
from snaptui.model.domain import DomainConfig
from snaptui.model.image import ImageInfo, Missing
from snaptui.model.snapshot import Snapshot
from snaptui.storage.backing_chain import Layers
from snaptui.storage.damage import holds


class Clue(enum.Enum):
    """By what it is known which file it is."""

    UPON = enum.auto()
    """It alone lies upon the image that the gone one lay upon, and all else fits."""
    HEADER = enum.auto()
    """The header of the overlay names it where it named the gone one."""
    ENTRIES = enum.auto()
    """It holds the snapshots that the records say are in the gone one."""
    NONE = enum.auto()
    """Nothing tells."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What is known of where an image is that is gone from its place.

    Attributes:
        at: the file; empty when it is not known which.
        form: of that, its format.
        by: the image that tells: which it lies upon, or whose header names it.
        perhaps: where it is not known which, the images that it may be.
        uppers: the images whose headers name the gone one.
    """

    clue: Clue
    at: str = ""
    form: str = ""
    by: str = ""
    perhaps: tuple[str, ...] = ()
    uppers: tuple[str, ...] = ()


@dataclass(slots=True)
class _Records:
    """What the snapshots of a domain say of its images.

    Attributes:
        overlays: by path of an overlay, its disk, the image beneath it, and when it was made.
        inside: by path of an image, the internal snapshots in it.
    """

    overlays: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    inside: dict[str, list[Snapshot]] = field(default_factory=dict)

    @property
    def named(self) -> frozenset[str]:
        """All images that a record names."""
        lowers = {lower for _, lower, _ in self.overlays.values()}
        return frozenset(self.overlays.keys() | lowers | self.inside.keys())


def traces_of(
    config: DomainConfig,
    snapshots: Iterable[Snapshot],
    layers: Layers,
    images: Mapping[str, ImageInfo],
    strange: Callable[[str], bool],
) -> Mapping[str, Trace]:
    """By path of an image of external snapshots that is gone, what is known of where it is.

    Args:
        images: by path, those of the host that were looked at.
        strange: whether something else than this domain names one.
    """
    records = _records(snapshots)
    now = {disk.target: disk.path for disk in config.disks}
    lowers = {lower for _, lower, _ in records.overlays.values()}
    gone = [path for path, head in layers.heads.items() if isinstance(head, Missing)]
    found = {}
    for path in gone:
        if path in records.overlays:
            trace = _overlay(path, records, layers, images, strange, now)
        elif path in lowers:
            trace = _base(path, records, layers, images, strange)
        else:
            continue
        heads = {**images, **layers.heads}
        uppers = (p for p, i in heads.items() if isinstance(i, ImageInfo) and i.backing == path)
        found[path] = Trace(
            trace.clue, trace.at, trace.form, trace.by, trace.perhaps, tuple(sorted(uppers))
        )
    return MappingProxyType(found)


def _records(snapshots: Iterable[Snapshot]) -> _Records:
    records = _Records()
    for one in snapshots:
        then = {disk.target: disk.path for disk in one.config.disks} if one.config else {}
        for disk in one.disks:
            lower = then.get(disk.target)
            if lower is None:
                continue
            if disk.presence is Presence.INTERNAL:
                records.inside.setdefault(lower, []).append(one)
            elif disk.presence is Presence.EXTERNAL and disk.path and one.created is not None:
                records.overlays[disk.path] = (disk.target, lower, one.created)
    return records


def _overlay(
    path: str,
    records: _Records,
    layers: Layers,
    images: Mapping[str, ImageInfo],
    strange: Callable[[str], bool],
    now: Mapping[str, str | None],
) -> Trace:
    target, lower, since = records.overlays[path]
    beneath = layers.heads.get(lower)
    size = beneath.virtual_size if isinstance(beneath, ImageInfo) else None
    some = [
        one
        for one, image in _free(records, images, strange)
        if image.backing == lower
        and size in (None, image.virtual_size)
        and image.written is not None
        and image.written >= since
        and _holds_all(image, records.inside.get(path, []))
    ]
    if now.get(target) in some:  # its definition says so as well
        some = [one for one in some if one == now[target]]
    if len(some) == 1:
        return Trace(Clue.UPON, some[0], "qcow2", lower)
    return Trace(Clue.NONE, perhaps=tuple(sorted(some)))


def _base(
    path: str,
    records: _Records,
    layers: Layers,
    images: Mapping[str, ImageInfo],
    strange: Callable[[str], bool],
) -> Trace:
    for overlay, (_, lower, _) in records.overlays.items():
        head = layers.heads.get(overlay)
        if lower == path and isinstance(head, ImageInfo) and isinstance(head.backing, str):
            there = layers.heads.get(head.backing, images.get(head.backing))
            if head.backing != path and isinstance(there, ImageInfo):
                return Trace(Clue.HEADER, head.backing, there.format, overlay)
    inside = records.inside.get(path, [])
    some = [p for p, i in _free(records, images, strange) if inside and _holds_all(i, inside)]
    if len(some) == 1:
        return Trace(Clue.ENTRIES, some[0], "qcow2")
    return Trace(Clue.NONE, perhaps=tuple(sorted(some)))


def _free(
    records: _Records, images: Mapping[str, ImageInfo], strange: Callable[[str], bool]
) -> Iterator[tuple[str, ImageInfo]]:
    """The images that no record names and nobody else."""
    for path, image in images.items():
        if path not in records.named and not strange(path):
            yield path, image


def _holds_all(image: ImageInfo, snapshots: Iterable[Snapshot]) -> bool:
    return all(holds(image, one) is True for one in snapshots)
