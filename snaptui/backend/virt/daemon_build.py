"""Which build of libvirt a daemon of this machine is: the package that it was installed from."""

from __future__ import annotations

import socket
import struct
from urllib.parse import parse_qs, urlsplit

from snaptui.backend.files.packages import STATUS, version_of

PACKAGE = "libvirt-daemon-driver-qemu"
"""Holds the driver, in all that Debian has had since libvirt 6."""
ANSWERS = 1.0
"""Seconds that the daemon may take to accept a connection."""
_CREDENTIALS = struct.Struct("3i")


def build(uri: str) -> str:
    """The version of its package, or empty; blocks.

    A daemon at a socket that the URI names may have a root of its own (that of a container),
    whose packages count: the process that listens there is in it (SO_PEERCRED, unix(7)).
    """
    place = parse_qs(urlsplit(uri).query).get("socket")
    if place is None:
        return version_of(PACKAGE)
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.settimeout(ANSWERS)
        try:
            daemon.connect(place[0])
            told = daemon.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        except OSError:
            return ""
    pid, _, _ = _CREDENTIALS.unpack(told)
    return version_of(PACKAGE, f"/proc/{pid}/root{STATUS}")
