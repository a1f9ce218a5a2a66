"""What several commands need: the backend, and printing."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from snaptui.common.errors import HostError, Unsupported

if TYPE_CHECKING:
    from snaptui.backend.virt.backend import LibvirtBackend

INCOMPLETE = 3
"""The exit status where something could not be read, and it is said what."""
_BINDING = (
    "Install python3-libvirt (Debian, Ubuntu, Fedora), and snaptui with "
    "pipx install --python /usr/bin/python3 --system-site-packages."
)


def backend_class() -> type[LibvirtBackend]:
    """The backend, which needs libvirt's binding.

    Raises:
        Unsupported: it is not installed.
    """
    try:
        from snaptui.backend.virt.backend import LibvirtBackend
    except ImportError as error:
        if not (error.name or "").startswith("libvirt"):
            raise
        raise Unsupported(
            f"libvirt's Python binding is missing: {error}.", hint=_BINDING
        ) from error
    return LibvirtBackend


def write(words: str) -> None:
    """Print all of it.

    Raises:
        HostError: it cannot be printed: a full disk, or a reader that went away.
    """
    if sys.stdout is None:
        raise HostError("It could not be printed: the standard output is closed.")
    try:
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a file
        sys.stdout.write(words)
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python tries once more at its end
        raise HostError(f"It could not be printed: {error.strerror}.") from error
