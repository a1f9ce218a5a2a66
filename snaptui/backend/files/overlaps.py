"""What an overlay and the image beneath it both hold, read from the files."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from snaptui.backend.files import backing, image_file, image_reader
from snaptui.common.errors import ImageError

if TYPE_CHECKING:
    from snaptui.storage.qcow2.layers import Layer, Qcow2Layer
    from snaptui.storage.qcow2.ranges import Ranges
    from snaptui.storage.qcow2.structures import Header
    from snaptui.storage.qcow2.usage import Overlap

MOST_RANGES = 1 << 20
"""Ranges between the holes of a file that are looked at."""


NEGLIGIBLE = 1 << 20
"""Bytes of holes that no image is without: clusters of tables that are not full."""


class OpenImage(NamedTuple):
    """An image that can be read, wherever it is.

    Attributes:
        disk_size: what it takes on its file system.
        data: between two places of the file, the ranges that have space of their own on the
            host, those that are not holes; ``None`` where that cannot be seen.
    """

    file: BinaryIO
    disk_size: int
    data: Callable[[int, int], Iterator[tuple[int, int]]] | None


Opener = Callable[[str], AbstractContextManager[OpenImage]]


@contextmanager
def open_image(path: str) -> Iterator[OpenImage]:
    """Open an image of this machine.

    Raises:
        ImageError: as :func:`read_image`.
    """
    with image_file.opened(path) as f:
        yield OpenImage(f, image_file.allocated(f), lambda start, stop: _data(f, start, stop))


def overlap(
    path: str,
    progress: Callable[[int, int], None],
    depth: int = 1,
    open_: Opener = open_image,
) -> Overlap:
    """Compare what an overlay holds with what the images beneath it hold.

    None is locked; those beneath do not change while the overlay is in use.

    Args:
        progress: called with bytes read and bytes to read; what it raises ends it.
        depth: with how many of those beneath, one at least.
        open_: opens images.

    Raises:
        ImageError: it cannot be told; says why.
    """
    from snaptui.backend.files.io_priority import idle_io
    from snaptui.storage.qcow2.layers import Qcow2Layer, compare
    from snaptui.storage.qcow2.usage import Overlap

    with idle_io(), ExitStack() as files:
        image = files.enter_context(open_(path))
        size = image.file.seek(0, os.SEEK_END)
        header, _ = image_reader.read_head(image.file, size)
        upper = Qcow2Layer(image.file, size, header)
        downwards = _lowers(path, header, files, open_, progress)
        first = next(downwards)
        lowers = [first]
        with suppress(ImageError):  # what lies deeper does not matter to the first
            for lower in islice(downwards, depth - 1):
                if lower.layer.unit != first.layer.unit:
                    break
                lowers.append(lower)
        found = compare(upper, [lower.layer for lower in lowers], progress)
    blind = any(lower.blind for lower in lowers)
    return Overlap(first.path, first.raw, *found, approximate=blind)


class _Lower(NamedTuple):
    """An image beneath; ``blind``: it has holes, and it cannot be seen where."""

    path: str
    raw: bool
    layer: Layer
    blind: bool


def _lowers(
    path: str,
    header: Header,
    files: ExitStack,
    open_: Opener,
    progress: Callable[[int, int], None],
) -> Iterator[_Lower]:
    """The images that one lies upon, from the top; an error where there is none at all."""
    while True:
        path, raw = _beneath(path, header)
        image = files.enter_context(open_(path))
        raw = raw or not image_file.is_qcow2(image.file)
        layer = _raw_layer(image) if raw else _qcow2_layer(image, path, progress)
        size = image.file.seek(0, os.SEEK_END)
        yield _Lower(path, raw, layer, image.data is None and size - image.disk_size > NEGLIGIBLE)
        if raw:
            return
        header, _ = image_reader.read_head(image.file, size)
        if header.backing_file is None:
            return


def _beneath(path: str, header: Header) -> tuple[str, bool]:
    """The image that one lies upon, and whether it is known to be raw."""
    lower = backing.named(path, header.backing_file)
    if not isinstance(lower, str):
        raise ImageError(lower.reason if lower is not None else f"{path} has no image beneath.")
    form = backing.form(header.backing_format, header.backing_file)
    if form not in (None, "qcow2", "raw"):
        raise ImageError(f"{lower} is {form}, neither qcow2 nor raw.")
    return lower, form == "raw"


def _raw_layer(image: OpenImage) -> Layer:
    from snaptui.storage.qcow2.layers import RawLayer

    size = image.file.seek(0, os.SEEK_END)
    full = image.data is None or image.disk_size >= size  # without holes there is no need to look
    return RawLayer(size, _whole if full or image.data is None else image.data)


def _qcow2_layer(image: OpenImage, path: str, progress: Callable[[int, int], None]) -> Qcow2Layer:
    from snaptui.storage.qcow2.layers import Qcow2Layer

    size = image.file.seek(0, os.SEEK_END)
    header, _ = image_reader.read_head(image.file, size)
    if header.external_data_file:
        raise ImageError(f"{path} has its data in another file.")
    allocated = None
    if image.data is not None and image.disk_size < size:
        allocated = _ranges(image.data(0, size), path, progress)
    return Qcow2Layer(image.file, size, header, allocated)


def _ranges(
    data: Iterator[tuple[int, int]], path: str, progress: Callable[[int, int], None]
) -> Ranges:
    import numpy as np

    from snaptui.storage.qcow2.ranges import joined

    found: list[tuple[int, int]] = []
    for extent in data:
        found.append(extent)
        if not len(found) % 1024:
            progress(0, 0)
        if len(found) > MOST_RANGES:
            raise ImageError(f"{path} has too many holes to look at.")
    start, stop = np.array(found, dtype=np.int64).reshape(-1, 2).T
    return joined(start, stop)


def _whole(start: int, stop: int) -> Iterator[tuple[int, int]]:
    if start < stop:
        yield start, stop


def _data(f: BinaryIO, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The ranges of a file that have space of their own on the host; devices have all."""
    if stat.S_ISBLK(os.fstat(f.fileno()).st_mode):
        yield from _whole(start, stop)
        return
    from snaptui.backend.files.extents import allocated

    yield from allocated(f.fileno(), start, stop)
