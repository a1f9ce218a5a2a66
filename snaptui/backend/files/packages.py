"""Which packages of Debian are installed, as dpkg keeps it in a file (dpkg(1), ``status``)."""

from __future__ import annotations

import os
import stat

STATUS = "/var/lib/dpkg/status"
MOST = 64 << 20
"""Bytes of the file that are looked through; it has a few hundred for each package."""


def version_of(package: str, path: str = STATUS) -> str:
    """The version of a package that is installed; empty where the file does not say so."""
    try:
        with open(path, "rb", opener=_at_once) as f:
            text = f.read(MOST) if stat.S_ISREG(os.fstat(f.fileno()).st_mode) else b""
    except OSError:
        return ""
    start = b"Package: " + package.encode() + b"\n"
    at = 0 if text.startswith(start) else text.find(b"\n" + start) + 1
    if not text.startswith(start, at):
        return ""
    lines = text[at : text.find(b"\n\n", at) + 1 or None].splitlines()
    fields = dict(line.partition(b": ")[::2] for line in lines if not line.startswith(b" "))
    there = fields.get(b"Status") == b"install ok installed"
    return fields.get(b"Version", b"").decode("ascii", "replace") if there else ""


def _at_once(path: str, flags: int) -> int:
    """Open what may be no file, and never wait for who writes to it."""
    return os.open(path, flags | os.O_NONBLOCK)
