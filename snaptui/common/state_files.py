"""Directories and files of our own: nobody else can read or replace what is in them.

What is written there is reached by the descriptor of a directory that was checked, with all
that it lies in. A path is walked one name at a time, so that nothing is checked under one
meaning of a name and used under another.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OWN_DIRECTORY, OWN_FILE = 0o700, 0o600
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_LINKS = 40
"""Symbolic links of one path that are followed, as the kernel does (path_resolution(7))."""
_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_ACL = "system.posix_acl_access"


def base_directory(variable: str, *default: str) -> Path:
    """A base directory of the XDG specification, which says that a relative one is ignored."""
    named = os.environ.get(variable, "")
    return Path(named) if os.path.isabs(named) else Path.home().joinpath(*default)


def state_directory() -> Path:
    """Where snaptui keeps what it must remember (XDG Base Directory Specification)."""
    return base_directory("XDG_STATE_HOME", ".local", "state") / "snaptui"


@contextmanager
def held(path: Path, top: Path | None = None, *, make: bool = True) -> Iterator[int]:
    """Open a directory of our own; gives a descriptor that is valid inside the block.

    The directories from ``top`` on down are ours alone: no symbolic links, owned by this user,
    not writable by others, and of mode 0700 afterwards. All above them belong to this user or
    to root, and no others may replace what is in them; links there are followed if they are
    of this user or of root.

    Args:
        path: absolute.
        top: the uppermost one that is ours alone; ``path`` itself without one.
        make: make what is missing, with mode 0700 whatever the umask is.

    Raises:
        OSError: it is not so, or cannot be made.
    """
    above = len((top or path).parts) - 1
    names = [(name, depth >= above) for depth, name in enumerate(path.parts[1:], 1)]
    folder = os.open("/", _LOOK)
    links, so_far = 0, Path("/")
    try:
        while names:
            _check_above(folder, so_far)
            name, ours = names.pop(0)
            so_far = so_far.parent if name == ".." else so_far / name
            entry = _entry(folder, name, make)
            try:
                found = os.fstat(entry)
                if not stat.S_ISLNK(found.st_mode):
                    if ours:
                        _check_own(entry, so_far, found)
                    folder, entry = entry, folder
                    continue
                links += 1
                _check_link(so_far, found, ours=ours or links > _LINKS)
                target = Path(os.readlink("", dir_fd=entry))
                names[:0] = [(part, False) for part in target.parts if part != "/"]
                if target.is_absolute():
                    root = os.open("/", _LOOK)
                    os.close(folder)
                    folder, so_far = root, Path("/")
                else:
                    so_far = so_far.parent
            finally:
                os.close(entry)
        opened = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)
    try:
        yield opened
    finally:
        os.close(opened)


def open_own(name: str, flags: int, folder: int) -> int:
    """Open a file of ours in a directory that is held, of mode 0600 afterwards.

    It never waits, as for the other end of a FIFO.

    Raises:
        OSError: it is no regular file, belongs to another, or others may write to it.
    """
    flags |= os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    file = os.open(name, flags, OWN_FILE, dir_fd=folder)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, f"{name} is no regular file")
        _check_owner(Path(name), found)
        if stat.S_IMODE(found.st_mode) != OWN_FILE:
            os.fchmod(file, OWN_FILE)
    except OSError:
        os.close(file)
        raise
    return file


def replace_own(name: str, content: bytes, folder: int) -> None:
    """Write a file of ours in a directory that is held, all of it or nothing, of mode 0600.

    Raises:
        OSError: it cannot be written; what was there is as it was.
    """
    unfinished = f".{name}-{secrets.token_hex(8)}"
    file = open_own(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, folder)
    try:
        with os.fdopen(file, "wb") as opened:
            opened.write(content)
        os.rename(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        os.unlink(unfinished, dir_fd=folder)
        raise


def _entry(folder: int, name: str, make: bool) -> int:
    try:
        return os.open(name, _LOOK, dir_fd=folder)
    except FileNotFoundError:
        if not make:
            raise
    try:
        os.mkdir(name, OWN_DIRECTORY, dir_fd=folder)
    except FileExistsError:
        return os.open(name, _LOOK, dir_fd=folder)  # another process was quicker
    entry = os.open(name, _LOOK, dir_fd=folder)
    found = os.fstat(entry)
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
        _set_mode(entry)  # the umask may have taken more
    return entry


def _check_above(folder: int, path: Path) -> None:
    found = os.fstat(folder)
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, f"{path} is not a directory")
    if found.st_uid not in (0, os.geteuid()):
        raise PermissionError(errno.EPERM, f"{path} belongs to another user")
    others = found.st_mode & _OTHERS_WRITE
    if not others or found.st_mode & stat.S_ISVTX:
        return
    if others == stat.S_IWGRP and is_alone(found.st_gid) and not has_acl(folder):
        return
    raise PermissionError(errno.EPERM, f"others may write to {path}")


def _check_link(path: Path, found: os.stat_result, *, ours: bool) -> None:
    if ours:
        raise NotADirectoryError(errno.ENOTDIR, f"{path} is a symbolic link")
    if found.st_uid not in (0, os.geteuid()):
        raise PermissionError(errno.EPERM, f"{path} is a symbolic link of another user")


def _check_own(entry: int, path: Path, found: os.stat_result) -> None:
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, f"{path} is not a directory")
    _check_owner(path, found)
    if stat.S_IMODE(found.st_mode) != OWN_DIRECTORY:
        _set_mode(entry)


def _check_owner(path: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, f"{path} belongs to another user")
    if found.st_mode & _OTHERS_WRITE:
        raise PermissionError(errno.EPERM, f"others may write to {path}")


def _set_mode(entry: int) -> None:
    os.chmod(f"/proc/self/fd/{entry}", OWN_DIRECTORY)  # fchmod(2) takes no O_PATH


def is_alone(gid: int) -> bool:
    """Whether this user alone is in a group, as where each user has one (umask 002)."""
    try:
        me = pwd.getpwuid(os.geteuid())
        members = set(grp.getgrgid(gid).gr_mem)
    except KeyError:
        return False
    firsts = {one.pw_name for one in pwd.getpwall() if one.pw_gid == gid}
    return me.pw_gid == gid and not (members | firsts) - {me.pw_name}


def has_acl(folder: int) -> bool:
    """Whether others are named beside the group, whose bits then stand for all of them."""
    try:
        return _ACL in os.listxattr(f"/proc/self/fd/{folder}")
    except OSError as error:
        return error.errno != errno.ENOTSUP
