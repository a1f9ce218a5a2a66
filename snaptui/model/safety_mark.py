"""The mark of a safety snapshot: its name, which every libvirt client shows."""

from __future__ import annotations

import re
import time
from collections.abc import Collection

from snaptui.common import text

_NAME = re.compile(r"safety-\d{8}T\d{6}Z-")


def is_safety(name: str) -> bool:
    """Whether a snapshot is one, whoever took it: the name alone says so."""
    return _NAME.match(name) is not None


def of_what(name: str) -> str:
    """The name of what a safety snapshot was taken before: its own without the mark, or marks."""
    while (found := _NAME.match(name)) is not None and found.end() < len(name):
        name = name[found.end() :]
    return name


def new_name(
    moment: float, of: str, taken: Collection[str], *, most: int, plain: bool = False
) -> str:
    """``safety-<UTC to the second>-<of>``, free, and not too long.

    What is one itself is called by what it was taken before: names do not nest.

    Args:
        moment: seconds since the epoch.
        of: name of what is reverted to.
        most: bytes that it may have.
        plain: nothing of that name but what any file or job can be called by.
    """
    mark = time.strftime("safety-%Y%m%dT%H%M%SZ-", time.gmtime(moment))
    strange = '"\\'  # QEMU's monitor takes a word in quotes with these for something else
    shown = "".join(
        "_" if text.invisible(char) or char in strange else char for char in of_what(of)
    )
    if plain:
        shown = re.sub(r"[^A-Za-z0-9._-]", "_", shown)
    number = 1
    while True:
        end = f"-{number}" if number > 1 else ""
        left = most - len(mark) - len(end)
        cut = text.utf8(shown)[:left].decode("utf-8", "ignore")
        if (name := f"{mark}{cut}{end}") not in taken:
            return name
        number += 1
