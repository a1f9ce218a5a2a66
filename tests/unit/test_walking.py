"""Paths and links inside a guest lead where its own kernel would go, and never out of it."""

from __future__ import annotations

import posixpath
import stat
from types import SimpleNamespace
from typing import cast

import pytest

from snaptui.guest_files.errors import GuestFilesError
from snaptui.model.guest_file import GuestFile, GuestSystem
from snaptui.ui.screens.opening import Opening
from snaptui.ui.screens.walking import Walking

FOLDERS = ("/etc", "/etc/nginx", "/usr", "/usr/bin", "/var", "/run")
LINKS = {
    "/bin": "usr/bin",
    "/var/run": "/run",
    "/etc/up": "../../../../../etc/nginx",
    "/etc/loop": "loop",
    "/etc/conf": "up/nginx.conf",
    "/etc/here": "./nginx/../hostname",
}
FILES = ("/etc/nginx/nginx.conf", "/usr/bin/ls", "/etc/hostname", "/run/pid")


class Guest:
    """What libguestfs would say of each path without links in front of its last part."""

    async def stat(self, path: str) -> GuestFile:
        kind = stat.S_IFDIR if path in FOLDERS else stat.S_IFLNK if path in LINKS else stat.S_IFREG
        if kind == stat.S_IFREG and path not in FILES:
            raise GuestFilesError(f"There is no {path}.")
        name, target = posixpath.basename(path), LINKS.get(path, "")
        return GuestFile(name, kind | 0o755, 0, 0, 1, 1, 1, 1, 1, 1, target)


def walking(mounted: GuestSystem | None = None) -> Walking:
    return Walking(cast("Opening", SimpleNamespace(files=Guest(), mounted=mounted)))


@pytest.mark.parametrize(
    ("path", "led"),
    [
        ("/", ("/", "")),
        ("/etc", ("/etc", "")),
        ("/etc/nginx/nginx.conf", ("/etc/nginx", "nginx.conf")),
        ("/bin", ("/usr/bin", "")),
        ("/bin/ls", ("/usr/bin", "ls")),
        ("/var/run/pid", ("/run", "pid")),
        ("/etc/up", ("/etc/nginx", "")),
        ("/etc/conf", ("/etc/nginx", "nginx.conf")),
        ("/etc/here", ("/etc", "hostname")),
        ("/../../etc/./hostname", ("/etc", "hostname")),
    ],
)
async def test_where_a_path_leads(path: str, led: tuple[str, str]) -> None:
    assert await walking().led(path) == led


@pytest.mark.parametrize("path", ["/none", "/etc/loop", "/bin/none"])
async def test_a_path_that_leads_nowhere(path: str) -> None:
    with pytest.raises(GuestFilesError, match=r"There is no|too many"):
        await walking().led(path)


def test_a_path_that_is_typed_counts_from_the_folder() -> None:
    at = walking()
    at.folder = "/etc/nginx"
    assert at.typed("../hostname") == "/etc/hostname"
    assert at.typed("/var") == "/var"
    assert at.typed("../../../..") == "/"


def test_a_drive_of_windows_is_shown_as_such() -> None:
    drives = (("D", "/dev/sdb1"), ("C", "/dev/sda2"))
    system = GuestSystem("/dev/sda2", "Windows", "", True, (("/", "/dev/sda2"),), drives)
    assert walking(system).shown("/Users") == "C:/Users"
    assert walking(system).places[0] == "/Users"
    assert walking().shown("/etc") == "/etc"
    assert walking().places[0] == "/etc"
