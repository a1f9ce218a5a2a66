"""Builds libguestfs' appliance from the host's own files, before any guest's disk is near.

Run by itself: ``python -m snaptui.guest_files.appliance DIRECTORY`` puts links to the appliance
there, which makes it a "fixed appliance" (libguestfs-make-fixed-appliance(1)): an unprivileged
user can use it so, though not build it where only root may read the kernel.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from snaptui.guest_files.crew import no_room
from snaptui.guest_files.libguestfs import Libguestfs, LibguestfsError

FILES = ("kernel", "initrd", "root")
TAKES = 700 << 20
"""Bytes that it takes on the disk (libguestfs 1.48 of Debian 12)."""
_MARK = "README.fixed"
"""The file by which libguestfs knows such a directory."""


def main(into: Path) -> None:
    """Build it where it is older than the host's files; exits with the reason if it cannot."""
    os.umask(0o022)
    handle = Libguestfs()
    # libguestfs has no call that only builds: the appliance is built before QEMU is looked at
    handle.set_backend(emulate=True, memory=512)
    handle.set_hypervisor(os.fsencode(shutil.which("false") or "/bin/false"))
    handle.add_scratch()
    why = ""
    try:
        handle.launch()
    except LibguestfsError as error:
        why = str(error)
    cache = Path(os.fsdecode(handle.cache_directory()))
    made = built(cache)
    if made is None:  # the first line is the fault, the others are about debugging
        said = no_room(cache, TAKES) or why.partition("\n")[0] or "libguestfs built no appliance"
        sys.exit(said)
    for name in FILES:
        (into / name).symlink_to(made / name)
    (into / _MARK).touch()


def built(cache: Path) -> Path | None:
    """Where the appliance of this user is; ``None`` before it was built."""
    made = cache / f".guestfs-{os.geteuid()}" / "appliance.d"
    return made if all((made / name).exists() for name in FILES) else None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
