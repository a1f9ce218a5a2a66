"""Which files libvirt's helper for AppArmor may read, by their paths.

virt-aa-helper reads a disk's image to find what lies beneath, and lets the guest's QEMU have that.
Its own profile names what it may read (usr.lib.libvirt.virt-aa-helper of Debian's libvirt 11.3 and
12.8).
"""

from __future__ import annotations

import re

MODEL = "apparmor"
"""Its name in a host's capabilities (formatcaps.html)."""
_READ = re.compile(
    r"/(?:home/[^/]+|root)/[^.].*"
    r"|/var/lib/libvirt/images/.+"
    r"|/(?:media|mnt|opt|srv)/.+"
    r"|.*\.(?:img|raw|qcow2?|qed|vmdk|vhd|iso)"
    r"|.*/disk(?:\.[^/]*)?",
    re.DOTALL,
)


def helper_reads(path: str) -> bool:
    """Whether the profile lets the helper read an image."""
    return _READ.fullmatch(path) is not None
