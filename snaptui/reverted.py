"""Which disks of a domain are as a snapshot has them, told by their images alone.

libvirt reverts the disks of a domain that is off one after another, and calls the snapshot
current when all are: of a revert that did not come to its end its records tell nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from snaptui.backend.protocol import Backend
from snaptui.errors import ImageError
from snaptui.model import DomainConfig


def disks_as_in(backend: Backend, config: DomainConfig, name: str) -> dict[str, bool]:
    """By target, whether a disk is now as the entry of a name in its image has it; blocks.

    Disks of which this cannot be told, and that have no such entry, are left out.
    """
    found = {}
    for disk in config.disks:
        if disk.path is None or disk.format != "qcow2":
            continue
        with suppress(ImageError):
            entries = backend.image(disk.path).snapshots
            if ids := {entry.id for entry in entries if entry.name == name}:
                found[disk.target] = bool(ids & backend.entries_as_now(disk.path))
    return found


def in_words(disks: Mapping[str, bool], name: str) -> str:
    """The same in words, without a full stop; empty when no disk is."""
    those = [target for target, is_so in disks.items() if is_so]
    others = [target for target, is_so in disks.items() if not is_so]
    if not those:
        return ""
    words = f"{_list(those)} {'is' if len(those) == 1 else 'are'} as {name} has it"
    return words + (
        f", {_list(others)} {'is' if len(others) == 1 else 'are'} not" if others else ""
    )


def _list(targets: list[str]) -> str:
    *first, last = targets
    return f"{', '.join(first)} and {last}" if first else last
