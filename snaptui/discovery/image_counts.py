"""What an image is used for, by itself and beside what lies beneath it; blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from snaptui.backend.protocol.files import Files
from snaptui.common.errors import DamagedImage, SnaptuiError
from snaptui.model.image import Damaged, NotKnown
from snaptui.storage.qcow2.usage import ImageUsage


def count(
    backend: Files,
    path: str,
    depth: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> ImageUsage | NotKnown:
    """What an image is used for.

    Args:
        depth: with how many of the images beneath it is compared; 0 for none.
        progress: is called with how much of how much is done; what it raises ends the count.
    """
    parts = 2 if depth else 1

    def first(done: int, total: int) -> None:
        progress(done, parts * total)

    try:
        usage = backend.count_image(path, first)
    except DamagedImage as error:
        return Damaged(error.message)
    except SnaptuiError as error:
        return NotKnown(error.message)
    if not depth:
        return usage

    def second(done: int, total: int) -> None:
        progress(total + done, 2 * total)

    try:
        return replace(usage, overlap=backend.overlap(path, second, depth))
    except SnaptuiError as error:
        return replace(usage, overlap=NotKnown(error.message))


def weigh(backend: Files, path: str) -> int | NotKnown:
    """Bytes that a count of an image itself reads; of these only what tells it is read.

    What it is compared with beneath comes on top.
    """
    total = 0

    def first(_done: int, to_read: int) -> None:
        nonlocal total
        total = to_read
        raise _Weighed

    try:
        backend.count_image(path, first)
    except _Weighed:
        pass
    except SnaptuiError as error:
        return NotKnown(error.message)
    return total


class _Weighed(Exception):
    """It is known how much there is to read."""
