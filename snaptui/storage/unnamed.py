"""Overlays of a domain that none of its snapshots names: what a backup leaves or a clone is.

``virsh snapshot-create --no-metadata`` makes such ones, and the script that should have merged
them may be dead, or at work just now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from snaptui.model.domain import DomainConfig
from snaptui.model.image import ImageInfo
from snaptui.model.snapshot import Snapshot
from snaptui.storage.backing_chain import Layers, chain, disks_with_chains, overlays_of
from snaptui.storage.branches import recorded


@dataclass(frozen=True, slots=True)
class Unnamed:
    """An overlay that no snapshot names.

    Attributes:
        target: the disk in whose chain it is.
        lower: the image beneath.
        top: the disk writes to it.
        written: when it was written to last, seconds since the epoch; ``None`` when not known.
    """

    target: str
    path: str
    lower: str
    top: bool
    written: float | None

    @property
    def taken(self) -> bool:
        """Whether it is called as libvirt calls the overlay of a snapshot.

        That is the image beneath with another last suffix (virDomainSnapshotAlignDisks). A linked
        clone is not, and to merge it would write into its template.
        """
        return _stem(self.path) == _stem(self.lower)

    @property
    def whose(self) -> str:
        """Whose it may be, in words."""
        return "perhaps a backup's" if self.taken else "it is a linked clone's, or a backup's"


def unnamed_overlays(
    config: DomainConfig, snapshots: Iterable[Snapshot], layers: Layers
) -> tuple[Unnamed, ...]:
    """Those of all disks, from the tops.

    Args:
        config: the domain as it is now.
        snapshots: all of the domain's.
    """
    named: set[str] = set()
    for snapshot in snapshots:
        named.update(overlays_of(snapshot))
        named.update(recorded(snapshot.revert_disks).values())
        then = snapshot.config
        named.update(disk.path or "" for disk in (then.disks if then is not None else ()))
    return tuple(one for one in _overlays(config, layers) if one.path not in named)


def _stem(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{name.rpartition('.')[0] or name}"


def _overlays(config: DomainConfig, layers: Layers) -> Iterator[Unnamed]:
    for disk in disks_with_chains(config):
        for at, level in enumerate(chain(disk.path or "", disk.format, layers.heads)):
            image = level.image
            if isinstance(image, ImageInfo) and isinstance(image.backing, str):
                yield Unnamed(disk.target, level.path, image.backing, at == 0, image.written)
