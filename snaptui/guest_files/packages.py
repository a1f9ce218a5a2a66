"""What is to be installed so that files can be read, as the host's distribution calls it."""

from __future__ import annotations

import shutil

_PACKAGES = {
    "libguestfs": ("libguestfs0 libguestfs-xfs", "libguestfs libguestfs-xfs"),
    "qemu-nbd": ("qemu-utils", "qemu-img"),
    "qemu-storage-daemon": ("qemu-system-common", "qemu-img"),
    "setpriv": ("util-linux", "util-linux"),
}


def how_to_install(name: str) -> str:
    """The command that installs a program or a library, as one sentence."""
    debian, fedora = _PACKAGES.get(name, (name, name))
    if shutil.which("apt-get"):
        return f"Install it with: apt install {debian}"
    if shutil.which("dnf"):
        return f"Install it with: dnf install {fedora}"
    return f"Debian has it in {debian}, Fedora in {fedora}."
