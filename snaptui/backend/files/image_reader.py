"""Heads and snapshot tables of images."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from snaptui.backend.files import backing, image_file
from snaptui.common.errors import DamagedImage, ImageError
from snaptui.model.image import ImageInfo, ImageSnapshot, NoPath, NotKnown

if TYPE_CHECKING:
    from snaptui.storage.qcow2.structures import Entry, Header

_BACKING = struct.Struct(">4sIQI")
"""The start of a head (QEMU docs/interop/qcow2.txt): magic, version, place and length of a name."""
_LONGEST_NAME = 1023

COMPARED = 8
"""Entries, the newest, of which it is looked whether the disk is as they are."""


def read_image(path: str, *, raw: bool = False) -> ImageInfo:
    """Head and snapshot table of an image, without taking QEMU's locks.

    An image in use may change while it is read: when the head is another one afterwards, it
    is read once more.

    Args:
        raw: it is known to be raw: what a guest wrote into it is not taken for a head.

    Raises:
        ImageError: it is missing, not readable, neither file nor block device, or damaged.
    """
    with image_file.opened(path) as f:
        image, head = _read_open(f, path, image_file.allocated(f), raw=raw)
        found = os.fstat(f.fileno())
        device = stat.S_ISBLK(found.st_mode)
        return replace(
            image,
            locked=image_file.is_locked(f),
            in_writing=image_file.is_locked(f, (image_file.WRITES,)),
            device=device,
            written=None if device else found.st_mtime,
            changed=None if device else found.st_ctime,
            departed=None if head is None else _departed(f, *head),
        )


def read_open_image(f: BinaryIO, path: str, disk_size: int, *, raw: bool = False) -> ImageInfo:
    """The same of an image that is open, wherever it is; :func:`read_image` says the rest."""
    return _read_open(f, path, disk_size, raw=raw)[0]


def _read_open(
    f: BinaryIO, path: str, disk_size: int, *, raw: bool
) -> tuple[ImageInfo, tuple[Header, tuple[Entry, ...]] | None]:
    """With what its head says, where it has one."""
    size = f.seek(0, os.SEEK_END)
    if raw or not image_file.is_qcow2(f):
        hides, luks = raw and image_file.is_qcow2(f), image_file.is_luks(f)
        return ImageInfo(
            path, "raw", size, disk_size, (),
            holds_qcow2=hides, holds_luks=raw and luks, encrypted=luks and not raw,
        ), None  # fmt: skip
    try:
        header, entries = read_head(f, size)
    except ImageError as error:
        beneath = _beneath_damaged(f, path, size)
        raise DamagedImage(f"{path}: {error.message}", hint=error.hint, beneath=beneath) from error
    image = ImageInfo(
        path=path,
        format="qcow2",
        virtual_size=header.virtual_size,
        disk_size=disk_size,
        snapshots=tuple(map(image_snapshot, entries)),
        backing=backing.named(path, header.backing_file),
        backing_format=backing.form(header.backing_format, header.backing_file),
        data_file=backing.named(path, header.data_file),
        data_beside=header.data_file is not None and backing.is_relative(header.data_file),
        encrypted=header.encrypted,
        faults=tuple(_faults(header)),
        corrupt=header.corrupt,
        bitmaps=header.bitmaps.nb_bitmaps if header.bitmaps is not None else 0,
        refcount_limit=(1 << header.refcount_bits) - 1,
    )
    return image, (header, entries)


def _beneath_damaged(f: BinaryIO, path: str, size: int) -> frozenset[str] | None:
    """What an image lies upon of which other parts are damaged; ``None``: it may be any."""
    from snaptui.storage.qcow2.reading import fetch

    try:
        start = fetch(f, size, 0, _BACKING.size, "Its head")
        _, version, offset, length = _BACKING.unpack(start)
        if version not in (2, 3) or length > _LONGEST_NAME:
            return None
        name = fetch(f, size, offset, length, "The name of its backing file") if offset else None
    except ImageError:
        return None
    named = backing.named(path, name)
    if isinstance(named, NotKnown):
        return named.files if isinstance(named, NoPath) else None
    return frozenset() if named is None else frozenset((named,))


def _departed(f: BinaryIO, header: Header, entries: tuple[Entry, ...]) -> int | None:
    """When the newest entry was made that the disk is not as any more."""
    from snaptui.storage.qcow2.sameness import compared

    size = f.seek(0, os.SEEK_END)
    newest = sorted(entries, key=lambda entry: entry.created)[-COMPARED:]
    try:
        unlike = [one.created for one in newest if compared(f, size, header, one) is False]
    except ImageError:  # it changes just now
        return None
    return max(unlike, default=None)


def entries_as_now(path: str) -> frozenset[str]:
    """IDs of the entries that the disk is as now: their L1 tables name the same clusters.

    Raises:
        ImageError: it cannot be read.
    """
    from snaptui.storage.qcow2.sameness import is_as_now

    with image_file.opened(path) as f:
        size = f.seek(0, os.SEEK_END)
        header, entries = read_head(f, size)
        return frozenset(e.id for e in entries if is_as_now(f, size, header, e))


def is_qcow2_file(path: str) -> bool:
    """Whether a path names a file that begins as a qcow2 image does.

    Raises:
        ImageError: it cannot be read.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
    except OSError as error:
        raise image_file.unreadable(path, error) from error
    with image_file.opened(path) as f:
        return image_file.is_qcow2(f)


def read_head(f: BinaryIO, size: int) -> tuple[Header, tuple[Entry, ...]]:
    """Head and snapshot table of a qcow2 image that may change while they are read.

    Raises:
        ImageError: it is damaged.
    """
    # not needed before the first screen is there
    from snaptui.storage.qcow2.format import read_header, read_snapshots

    for last in (False, True):
        try:
            header = read_header(f, size)
            entries = read_snapshots(f, header, size)
        except ImageError:
            if last:
                raise
        else:
            if last or read_header(f, size) == header:
                return header, entries
    raise AssertionError("the second reading is the last")


def image_snapshot(entry: Entry) -> ImageSnapshot:
    """An entry of a snapshot table as the model has it."""
    return ImageSnapshot(
        entry.id, entry.name, entry.created, entry.vm_state_size, entry.virtual_size
    )


def _faults(header: Header) -> Iterator[str]:
    if header.corrupt:
        yield "it is marked corrupt"
    if header.dirty:
        yield "it was not closed, so that its refcounts are stale"
