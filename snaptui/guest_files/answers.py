"""What the reading process answers, checked: it may be a guest's invention."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from typing import Any

from snaptui.guest_files.errors import GuestFilesError
from snaptui.guest_files.reader import LENGTH, STATUS
from snaptui.guest_files.source import Source
from snaptui.model.guest_file import GuestFile, GuestSystem, GuestVolume

_MOST_TEXT = 1 << 16


def text(said: Any) -> str:
    """A text of bounded length.

    Raises:
        GuestFilesError: it is none.
    """
    if not isinstance(said, str) or len(said) > _MOST_TEXT:
        raise _nonsense()
    return said


def pairs(said: Any) -> tuple[tuple[str, str], ...]:
    """Pairs of texts."""
    return tuple((text(one), text(other)) for one, other in _rows(said, 2))


def attributes(said: Any) -> tuple[tuple[str, bytes], ...]:
    """Names, and values that came in hexadecimal."""
    try:
        return tuple((name, bytes.fromhex(value)) for name, value in pairs(said))
    except ValueError as error:
        raise _nonsense() from error


def systems(said: Any) -> tuple[GuestSystem, ...]:
    """Operating systems."""
    return tuple(_system(one) for one in _list(said))


def volumes(said: Any, source: Source) -> tuple[GuestVolume, ...]:
    """Volumes.

    Args:
        source: its disks are numbered in the order in which they were given to the appliance.
    """
    targets = [disk.target for disk in source.disks]
    return tuple(_volume(one, targets) for one in _list(said))


def files(body: bytes) -> dict[str, GuestFile]:
    """Statuses by name, sorted by it."""
    found: dict[str, GuestFile] = {}
    place = 0
    try:
        while place < len(body):
            length, mode, owner, group, size, modified, changed, inode, device, links = (
                STATUS.unpack_from(body, place)
            )
            place += STATUS.size
            name, place = _cut(body, place, length)
            (length,) = LENGTH.unpack_from(body, place)
            target, place = _cut(body, place + LENGTH.size, length)
            found[name] = GuestFile(
                name=name.rpartition("/")[2],
                mode=mode,
                owner=owner,
                group=group,
                size=size,
                modified=modified,
                changed=changed,
                inode=inode,
                device=device,
                links=links,
                target=target,
            )
    except struct.error as error:
        raise _nonsense() from error
    return dict(sorted(found.items()))


def _cut(body: bytes, place: int, length: int) -> tuple[str, int]:
    end = place + length
    if end > len(body):
        raise _nonsense()
    return os.fsdecode(body[place:end]), end


def _system(said: Any) -> GuestSystem:
    known = _of(said)
    root = text(known.get("root"))
    mounts = pairs(known.get("mounts")) or (("/", root),)
    product = text(known.get("product_name"))
    if product[:1].isdigit():  # of Debian libguestfs tells the number alone
        product = f"{text(known.get('distro'))} {product}"
    return GuestSystem(
        root=root,
        product=product,
        hostname=text(known.get("hostname")),
        windows=known.get("type") == "windows",
        mounts=tuple(sorted(mounts, key=lambda mount: len(mount[0]))),
        drives=pairs(known.get("drives")),
    )


def _volume(said: Any, targets: list[str]) -> GuestVolume:
    known = _of(said)
    disk = _number(known.get("disk"))
    return GuestVolume(
        device=text(known.get("device")),
        disk=targets[disk] if 0 <= disk < len(targets) else "",
        type=text(known.get("type")),
        label=text(known.get("label")),
        size=_number(known.get("size")),
    )


def _of(said: Any) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise _nonsense()
    return said


def _list(said: Any) -> list[Any]:
    if not isinstance(said, list):
        raise _nonsense()
    return said


def _rows(said: Any, width: int) -> Iterable[list[Any]]:
    for row in _list(said):
        if len(_list(row)) != width:
            raise _nonsense()
        yield row


def _number(said: Any) -> int:
    if type(said) is not int:
        raise _nonsense()
    return said


def _nonsense() -> GuestFilesError:
    return GuestFilesError("The process that reads the files gave an answer that makes no sense.")
