"""What snaptui.pyz does at its start: it unpacks itself where nobody else can write, and runs.

Python keeps no byte code of what it imports from an archive, so that each start would take
thrice as long. Where there is no such place it is run from the archive all the same.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

LIBRARY = "lib"
"""Where the packages are in the archive."""
DIGEST = "digest"
"""A file of the archive that tells this one from all others."""


def main() -> int:
    """Run snaptui; returns the exit status."""
    archive = os.path.abspath(sys.path[0])
    sys.path[0] = os.path.join(archive, LIBRARY)
    unpacked = _unpacked(archive)
    if unpacked is not None:
        sys.path[0] = unpacked
        for name in [name for name in sys.modules if name.partition(".")[0] == "snaptui"]:
            del sys.modules[name]
    from snaptui.cli.main import main as snaptui

    return snaptui()


def _unpacked(archive: str) -> str | None:
    """Where it is unpacked; ``None`` where that cannot be."""
    from snaptui.common.state_files import held

    digest = _read(DIGEST).decode()
    for base in _bases():
        top = base / "snaptui"
        place = top / "unpacked"
        with suppress(OSError), held(place, top) as folder:
            # never closed: what is locked is in use, and stays
            _lock(folder, digest, archive)
            return str(place / digest)
    return None


def _bases() -> Iterator[Path]:
    """Directories for caches: what the environment says, which sudo may have kept, and one's own.

    One of another user is not used.
    """
    from snaptui.common.state_files import base_directory

    with suppress(RuntimeError):  # there is no home
        yield base_directory("XDG_CACHE_HOME", ".cache")
    with suppress(KeyError):
        yield Path(pwd.getpwuid(os.geteuid()).pw_dir, ".cache")


def _lock(folder: int, digest: str, archive: str) -> int:
    """Have it unpacked there, and keep others from removing it; the lock goes with the process.

    Raises:
        OSError: it cannot be.
    """
    while True:
        try:
            opened = _directory(digest, folder)
        except FileNotFoundError:
            _unpack(folder, digest, archive)
            continue
        fcntl.flock(opened, fcntl.LOCK_SH)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(opened), os.stat(digest, dir_fd=folder)):
                return opened
        os.close(opened)  # it was removed in between


def _unpack(folder: int, digest: str, archive: str) -> None:
    import zipfile

    here = f"/proc/self/fd/{folder}"
    _sweep(folder)
    half = tempfile.mkdtemp(prefix="half-", dir=here)
    opened = _directory(os.path.basename(half), folder)
    try:
        fcntl.flock(opened, fcntl.LOCK_SH)
        with zipfile.ZipFile(archive) as packed:
            for name in packed.namelist():
                inner = name.removeprefix(f"{LIBRARY}/")
                if inner != name:
                    path = Path(half, inner)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(packed.read(name))
        with suppress(OSError):  # another process was quicker
            os.rename(half, f"{here}/{digest}")
            return
    finally:
        os.close(opened)
        if os.path.exists(half):
            shutil.rmtree(half, ignore_errors=True)
    if not os.path.isdir(f"{here}/{digest}"):
        raise NotADirectoryError(f"{digest} is in the way")


def _sweep(folder: int) -> None:
    """Remove what other versions left that do not run."""
    for name in os.listdir(folder):
        with suppress(OSError):
            opened = _directory(name, folder)
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(name, dir_fd=folder)
            finally:
                os.close(opened)


def _directory(name: str, folder: int) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(name, flags, dir_fd=folder)


def _read(name: str) -> bytes:
    """A file of the archive that this module is in, without the module for all of them."""
    return bytes(__loader__.get_data(name))  # type: ignore[name-defined]  # each module has it
