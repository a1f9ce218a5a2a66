"""Chains that a definition names, beside those that the images themselves tell of; pure.

libvirt opens what ``<backingStore>`` of a definition lists, whatever the headers of the images
say (formatdomain.html, *backingStore*; measured with 9.0, 11.3, 12.8 and 12.9). It writes the list
into the definition with each snapshot, block commit or pull of a guest that runs, and so into the
metadata of snapshots that are taken after that. What is merged or rebased by hand leaves it as it
was, in the metadata for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from snaptui.model.domain import DomainConfig
from snaptui.model.image import NotKnown
from snaptui.storage.backing_chain import Level


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a definition departs from the images.

    Attributes:
        target: of the disk.
        named: the image that the definition names.
        beneath: the one that the header names in its place; empty for none.
        gone: whether there is no such file as the first.
    """

    target: str
    named: str
    beneath: str
    gone: bool | NotKnown


def departures(
    config: DomainConfig,
    beneath: Callable[[str], Sequence[Level] | None],
    same: Callable[[str, str], bool],
    gone: Callable[[str], bool | NotKnown],
) -> Iterator[Departure]:
    """The first of each disk; none where not all of either chain is a local path.

    Args:
        beneath: by path of a disk's image, what lies beneath it; ``None`` when not known.
        same: whether two paths are the same file.
        gone: whether there is no such file.
    """
    for disk in config.disks:
        levels = None if disk.path is None or disk.volumes else beneath(disk.path)
        for at, named in enumerate(disk.beneath or () if levels is not None else ()):
            level = levels[at] if levels is not None and at < len(levels) else None
            found = "" if level is None else level.path
            if not named.startswith("/") or (level is not None and not found):
                break
            if level is None or not same(named, found):
                yield Departure(disk.target, named, found, gone(named))
                break
            if isinstance(level.image, NotKnown):
                break
