"""The journals of all processes: read, added to when somebody has looked, and bounded.

A process holds an exclusive lock on its journal while it lives; who reads takes a shared one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from snaptui.common.state_files import held, open_own
from snaptui.model.operation_record import Became, Record, parse
from snaptui.operations.journal import LONGEST, Journal, in_order, write_all

FILES = 200
"""Journals that are kept, the newest ones; more only where an end is not known."""
BYTES = 16 << 20
"""Bytes that they may take together; likewise."""
LARGEST = 4 << 20
"""Bytes of one journal that are read."""


@dataclass(frozen=True, slots=True)
class Past:
    """A journal of another process.

    Attributes:
        alive: that process still runs.
        damaged: number of lines that could not be read.
    """

    path: Path
    alive: bool
    records: tuple[Record, ...]
    damaged: int = 0

    @property
    def settled(self) -> bool:
        """Whether it is known of all operations how they ended."""
        return not self.alive and all(one.outcome is not None or one.found for one in self.records)


def past(own: Journal) -> tuple[Past, ...]:
    """The journals of other processes beside the one of this process, the newest first.

    None of a directory that is not used, because it is not this user's alone.
    """
    mine = {path.name for path in own.paths}
    try:
        with held(own.directory, own.top, make=False) as folder:
            others = [name for name in _all(folder) if name not in mine]
            return tuple(_past(folder, own.directory / name) for name in others)
    except OSError:
        return ()


def bound(own: Journal, remove_copies: Callable[[str], None]) -> None:
    """Remove the oldest journals beyond :data:`FILES` and :data:`BYTES`; blocks.

    One of a living process stays, and one with an operation of which nobody knows how it ended.

    Args:
        own: the journal of this process.
        remove_copies: called with what a journal says where its copies of XML are; they go
            with it.
    """
    room = BYTES
    mine = {path.name for path in own.paths}
    with contextlib.suppress(OSError), held(own.directory, own.top, make=False) as folder:
        for number, name in enumerate(_all(folder)):
            with contextlib.suppress(OSError):
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                room -= min(found.st_size, found.st_blocks * 512)  # one with holes takes less
                if name in mine or (number < FILES and room >= 0):
                    continue
                known = _past(folder, own.directory / name)
                if not known.settled:
                    continue
                for record in known.records:
                    if record.copies:
                        remove_copies(record.copies)
                os.unlink(name, dir_fd=folder)


def note_found(
    own: Journal, path: Path, number: int, found: str, became: Became | None = None
) -> None:
    """Add to a journal of an ended process what a cut-short operation of it came to.

    Args:
        own: the journal of this process, which lies beside it.
        found: in words.
        became: what became of the step that was under way.

    Raises:
        OSError: it cannot be written.
    """
    told = {"operation": number, "event": "found", "words": found[:LONGEST]}
    line = json.dumps({**told, "became": became.value if became is not None else None}) + "\n"
    with held(own.directory, own.top, make=False) as folder, _opened(folder, path.name) as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # others only read it, for a moment
        end = len(os.pread(file, LARGEST, 0).rstrip(b"\0"))
        write_all(file, b"\n" + line.encode(), end)
        os.fsync(file)


def _all(folder: int) -> list[str]:
    orders = map(in_order, os.listdir(folder))
    return [name for _, name in sorted((one for one in orders if one), reverse=True)]


def _past(folder: int, path: Path) -> Past:
    try:
        with _opened(folder, path.name) as file:
            alive = False
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                alive = True
            records, damaged = parse(os.pread(file, LARGEST, 0))
    except OSError:
        return Past(path, True, (), 1)
    return Past(path, alive, tuple(replace(one, alive=alive) for one in records), damaged)


@contextlib.contextmanager
def _opened(folder: int, name: str) -> Iterator[int]:
    file = open_own(name, os.O_RDWR, folder)
    try:
        yield file
    finally:
        os.close(file)
