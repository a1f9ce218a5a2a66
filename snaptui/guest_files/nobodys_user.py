"""A user for processes that read what may be hostile: one that nothing else belongs to."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import stat
from pathlib import Path

USERS = range(61184, 65520)
"""IDs that systemd sets aside for such users (systemd.exec(5), DynamicUser=); it notes those that
it has given out in :data:`GIVEN_OUT`."""
GIVEN_OUT = Path("/run/systemd/dynamic-uid")


def free_user() -> int:
    """An ID that no account and no process has.

    Raises:
        OSError: there is none.
    """
    taken = {one.pw_uid for one in pwd.getpwall()} | _of_processes()
    left = [user for user in USERS if user not in taken and not (GIVEN_OUT / str(user)).exists()]
    if not left:
        raise OSError("There is no user ID left that no process has.")
    return random.choice(left)


def groups_for_kvm(user: int | None) -> tuple[int, ...] | None:
    """The groups with which a user may open ``/dev/kvm``; ``None`` where none helps.

    Args:
        user: ``None`` for the one that this process has.
    """
    try:
        kvm = os.stat("/dev/kvm")
    except OSError:
        return None
    both = stat.S_IROTH | stat.S_IWOTH
    if kvm.st_mode & both == both:
        return ()
    if user is None:
        return () if os.access("/dev/kvm", os.R_OK | os.W_OK) else None
    shared = kvm.st_mode & stat.S_IRGRP and kvm.st_mode & stat.S_IWGRP and kvm.st_gid != 0
    return (kvm.st_gid,) if shared else None


def _of_processes() -> set[int]:
    found: set[int] = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found.add(process.stat().st_uid)
    return found
