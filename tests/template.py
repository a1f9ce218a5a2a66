"""A file that is made once and written as often as it is needed."""

from __future__ import annotations

import os
from pathlib import Path


class Template:
    """What is in a file, and where its holes are."""

    def __init__(self, path: Path) -> None:
        self._size = path.stat().st_size
        self._parts: list[tuple[int, bytes]] = []
        with path.open("rb") as f:
            end = 0
            while (start := _next_data(f.fileno(), end)) is not None:
                end = os.lseek(f.fileno(), start, os.SEEK_HOLE)
                self._parts.append((start, os.pread(f.fileno(), end - start, start)))

    def write(self, path: Path) -> None:
        """Make a file like it."""
        with path.open("wb") as f:
            f.truncate(self._size)
            for at, data in self._parts:
                os.pwrite(f.fileno(), data, at)


def _next_data(file: int, at: int) -> int | None:
    try:
        return os.lseek(file, at, os.SEEK_DATA)
    except OSError:  # there is nothing more
        return None
