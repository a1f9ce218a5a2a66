"""Which processes of this machine have a file open (proc(5))."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from itertools import pairwise

from snaptui.common.errors import ImageError
from snaptui.model.files import Opener, Openers

_QEMU = ("qemu", "kvm")
"""How the names of QEMU and its tools begin."""


def openers(path: str) -> Openers:
    """The processes other than this one that have a file open, under whatever name.

    Raises:
        ImageError: the file cannot be looked at.
    """
    try:
        wanted = _identity(os.stat(path))
    except FileNotFoundError:
        return Openers()
    except OSError as error:
        raise ImageError(f"{path}: {os.strerror(error.errno or 0)}.") from error
    found: list[Opener] = []
    hidden = False
    for word in os.listdir("/proc"):
        if not word.isdecimal() or int(word) == os.getpid():
            continue
        try:
            if _has_open(f"/proc/{word}", wanted):
                found.append(Opener(_name(word), int(word)))
        except PermissionError:
            hidden = True
        except OSError:
            continue  # it ended meanwhile
    return Openers(tuple(sorted(found, key=lambda opener: opener.pid)), hidden)


def qemu_at(paths: Iterable[str]) -> dict[str, Opener]:
    """By path, a QEMU or one of its tools that has the file open, as far as can be seen.

    Only their descriptors are looked at: those of all processes take long.
    """
    wanted = {}
    for path in paths:
        with suppress(OSError):
            wanted[_identity(os.stat(path))] = path
    found: dict[str, Opener] = {}
    for word in os.listdir("/proc") if wanted else ():
        if word.isdecimal() and (name := _name(word)).startswith(_QEMU):
            for identity, path in wanted.items():
                with suppress(OSError):
                    if path not in found and _has_open(f"/proc/{word}", identity):
                        found[path] = Opener(name, int(word))
    return found


def open_beside(path: str, uuid: str) -> Openers:
    """The processes other than this one and the QEMU of a domain that have a file open.

    Raises:
        ImageError: the file cannot be looked at.
    """
    known = openers(path)
    return Openers(tuple(one for one in known.found if _guest(one.pid) != uuid), known.hidden)


def _guest(pid: int) -> str:
    """The UUID of the domain whose QEMU a process is; empty for any other process."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            words = f.read().decode(errors="replace").split("\0")
    except OSError:
        return ""
    return dict(pairwise(words)).get("-uuid", "")


def _has_open(directory: str, wanted: tuple[int, int]) -> bool:
    for descriptor in os.listdir(os.path.join(directory, "fd")):
        # it may be closed at any moment
        with suppress(FileNotFoundError):
            place = os.path.join(directory, "fd", descriptor)
            # what is open on a share whose server is gone must not be asked
            if (
                os.readlink(place).startswith("/")
                and _inode(os.path.join(directory, "fdinfo", descriptor)) in (None, wanted[1])
                and _identity(os.stat(place)) == wanted
            ):
                return True
    return False


def _inode(info: str) -> int | None:
    """The number of an open file's inode; ``None`` before Linux 5.14, which does not tell it."""
    with open(info, "rb") as f:
        for line in f:
            if line.startswith(b"ino:"):
                return int(line[4:])
    return None


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _name(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as f:
            return f.read().strip()
    except OSError:
        return "a process"
