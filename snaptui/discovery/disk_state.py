"""What the images of a domain's disks tell of a snapshot by themselves.

libvirt takes, reverts and deletes the parts of a snapshot of a domain that is off one after
another, and changes its records last: of what did not come to its end they tell nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from contextlib import suppress
from types import MappingProxyType

from snaptui.backend.protocol.files import Files
from snaptui.common.errors import ImageError
from snaptui.model.domain import DomainConfig
from snaptui.model.image import ImageInfo
from snaptui.storage.in_image import Images

NO_HEADS: Images = MappingProxyType({})


class Part(enum.Enum):
    """What a disk has of a snapshot that may lie inside its image."""

    NONE = "nothing"
    HELD = "held"
    AS_NOW = "the disk is so now"


def parts(
    backend: Files, config: DomainConfig, name: str, heads: Images = NO_HEADS
) -> dict[str, Part]:
    """By target, what a disk has of a snapshot; blocks. Those that cannot tell are left out.

    Args:
        heads: those of its images that were read a moment ago.
    """
    found = {}
    for disk in config.disks:
        if disk.path is None or disk.format != "qcow2" or disk.read_only:
            continue
        with suppress(ImageError):
            head = heads.get(disk.path)
            image = head if isinstance(head, ImageInfo) else backend.image(disk.path)
            ids = {one.id for one in image.snapshots if one.name == name}
            if not ids:
                found[disk.target] = Part.NONE
                continue
            as_now = ids & backend.entries_as_now(disk.path)
            found[disk.target] = Part.AS_NOW if as_now else Part.HELD
    return found


def reverted_words(known: dict[str, Part], name: str) -> str:
    """Which disks are as a snapshot has them, without a full stop; empty when none is."""
    those = [target for target, part in known.items() if part is Part.AS_NOW]
    others = [target for target, part in known.items() if part is Part.HELD]
    if not those:
        return ""
    words = f"{listed(those)} {'is' if len(those) == 1 else 'are'} as {name} has it"
    if others:
        words += f", {listed(others)} {'is' if len(others) == 1 else 'are'} not"
    return words


def listed(targets: Iterable[str]) -> str:
    """``vda``, ``vda and vdb``, ``vda, vdb and vdc``."""
    *first, last = targets
    return f"{', '.join(first)} and {last}" if first else last


def have(targets: Sequence[str]) -> str:
    """``vda has``, ``vda and vdb have``."""
    return f"{listed(targets)} {'have' if len(targets) > 1 else 'has'}"
