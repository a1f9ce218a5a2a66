"""When a file was made."""

from __future__ import annotations

import subprocess

from snaptui.errors import ImageError


def birth(path: str) -> float:
    """When a file was made, in seconds since the epoch, as the file system keeps it.

    Python tells it from 3.15 on (os.statx); coreutils' stat asks statx(2) for it (``%W``).

    Raises:
        ImageError: it is not known.
    """
    words = ["stat", "--format=%W", "--", path]
    try:
        told = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
        made = int(told)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise ImageError(f"{path}: when it was made cannot be asked.") from error
    if made <= 0:
        raise ImageError(f"{path}: its file system does not keep when it was made.")
    return float(made)
