"""How many bytes of a disk can differ between two times, read from the files of its images."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import BinaryIO

from snaptui.backend.files import image_reader
from snaptui.backend.files.overlaps import Opener, open_image
from snaptui.common.errors import ImageError
from snaptui.storage.disk_then import At, Stack
from snaptui.storage.qcow2.difference import BetweenTables, Held, bytes_held
from snaptui.storage.qcow2.layers import Qcow2Layer
from snaptui.storage.qcow2.structures import Entry, Header


def difference(
    one: Stack, other: Stack, progress: Callable[[int, int], None], open_: Opener = open_image
) -> int:
    """The most bytes that differ.

    No image is locked. What is damaged is read once more: an image in use may change while it
    is read.

    Args:
        one, other: what the two times do not share.
        progress: called with bytes read and bytes to read; what it raises ends it.
        open_: opens images.

    Raises:
        ImageError: it cannot be told; says why.
    """
    from snaptui.backend.files.io_priority import idle_io

    for last in (False, True):
        try:
            with idle_io(), ExitStack() as files:
                return bytes_held(list(_held(one, other, files, open_)), progress)
        except ImageError:
            if last:
                raise
    raise AssertionError("the second reading is the last")


def _held(one: Stack, other: Stack, files: ExitStack, open_: Opener) -> Iterator[Held]:
    """What tells where the disk differs."""
    if one and other and one[-1].path == other[-1].path:
        image, size, header, entries = _opened(one[-1], files, open_)
        yield BetweenTables(
            image, size, header, (_entry(entries, one[-1]), _entry(entries, other[-1]))
        )
        one, other = one[:-1], other[:-1]
    for at in (*one, *other):
        image, size, header, entries = _opened(at, files, open_)
        yield Qcow2Layer(image, size, header, entry=_entry(entries, at))


def _opened(
    at: At, files: ExitStack, open_: Opener
) -> tuple[BinaryIO, int, Header, tuple[Entry, ...]]:
    """An image, bytes of its file, and what its head and its snapshot table say."""
    image = files.enter_context(open_(at.path)).file
    size = image.seek(0, os.SEEK_END)
    header, entries = image_reader.read_head(image, size)
    if header.external_data_file:
        raise ImageError(f"{at.path} has its data in another file.")
    return image, size, header, entries


def _entry(entries: tuple[Entry, ...], at: At) -> Entry | None:
    """The entry of an ID; ``None`` for the disk as it is now."""
    if not at.entry:
        return None
    found = [entry for entry in entries if entry.id == at.entry]
    if len(found) != 1:
        raise ImageError(f"{at.path} holds {len(found) or 'no'} snapshots of the ID {at.entry}.")
    return found[0]
