"""The journals of all processes: read, added to when somebody has looked, and bounded.

A process holds an exclusive lock on its journal while it lives; who reads takes a shared one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from snaptui.journal import LONGEST, write_all
from snaptui.journal_record import Became, Record, parse

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


def past(directory: Path, own: Container[Path]) -> tuple[Past, ...]:
    """The journals of other processes, the newest first.

    Args:
        own: those of this process.
    """
    return tuple(_past(path) for path in _all(directory) if path not in own)


def bound(directory: Path, own: Container[Path], copies: Path) -> None:
    """Remove the oldest journals beyond :data:`FILES` and :data:`BYTES`; blocks.

    One of a living process stays, and one with an operation of which nobody knows how it ended.

    Args:
        copies: directory of the copies of XML; those go with their journal.
    """
    room = BYTES
    for number, path in enumerate(_all(directory)):
        with contextlib.suppress(OSError):
            room -= path.stat().st_size
            if path in own or (number < FILES and room >= 0):
                continue
            known = _past(path)
            if not known.settled:
                continue
            for record in known.records:
                if record.copies and Path(record.copies).parent == copies:
                    shutil.rmtree(record.copies, ignore_errors=True)
            path.unlink()


def note_found(path: Path, number: int, found: str, became: Became | None = None) -> None:
    """Add to a journal of an ended process what a cut-short operation of it came to.

    Args:
        found: in words.
        became: what became of the step that was under way.

    Raises:
        OSError: it cannot be written.
    """
    told = {"operation": number, "event": "found", "words": found[:LONGEST]}
    line = json.dumps({**told, "became": became.value if became is not None else None}) + "\n"
    with _opened(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # others only read it, for a moment
        end = len(os.pread(file, LARGEST, 0).rstrip(b"\0"))
        write_all(file, b"\n" + line.encode(), end)
        os.fsync(file)


def _all(directory: Path) -> list[Path]:
    try:
        return sorted(directory.glob("journal-*.jsonl"), reverse=True)
    except OSError:
        return []


def _past(path: Path) -> Past:
    try:
        with _opened(path) as file:
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
def _opened(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        yield file
    finally:
        os.close(file)
