"""The journal: what was done to which domain, kept so that a cut-short change is found.

One file for each process, JSON lines, readable by its owner alone; when it has grown large, one
more. The process holds a lock on its file while it lives: a file without a lock and with an
operation that did not end is one that was cut short. Space is set aside while there is some
(posix_fallocate(3)), so that a full disk does not stop what must be written.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from snaptui.common.state_files import held, open_own
from snaptui.model.operation_record import Batch, Record, step_fields

RESERVE = 64 << 10
"""Bytes set aside for operations to come."""
LONGEST = 8 << 10
"""Characters of an error that are kept."""
FULL = 1 << 20
"""Bytes of a file after which another one is begun, as soon as nothing is under way."""
_NAME = re.compile(r"journal-(?:n(\d{1,18})-)?\d{8}T\d{6}Z-\d+(?:-\d+)?\.jsonl", re.ASCII)


@dataclass(slots=True)
class Journal:
    """The journal of this process; every method blocks and none may run on the UI's thread.

    Attributes:
        directory: where journals are kept; made when it is missing.
        top: the uppermost directory of our own that it lies in (:func:`held`).
        problem: why nothing can be written; empty while all is well.
    """

    directory: Path
    top: Path | None = None
    problem: str = "it is not open yet"
    _file: int = -1
    _paths: list[Path] = field(default_factory=list)
    _used: int = 0
    _reserved: int = 0
    _under_way: set[int] = field(default_factory=set)
    _begun: set[int] = field(default_factory=set)
    _over: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self) -> None:
        """Make the file, lock it and set space aside; :attr:`problem` says how it went."""
        with self._lock:
            if self._file < 0:
                try:
                    self._create()
                except OSError as error:
                    self.problem = _words(error)
                    return
            self._make_room()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of this process, the newest last."""
        return tuple(self._paths)

    def begin(self, record: Record) -> bool:
        """Write an operation before its first change; whether it is on the disk."""
        begun = self._write(
            record.number, "begin", host=record.host, uuid=record.uuid, domain=record.domain,
            title=record.title, who=record.who, time=record.started,
            steps=[step_fields(step) for step in record.steps], copies=record.copies,
            image=record.image,
        )  # fmt: skip
        if begun:
            self._begun.add(record.number)
        return begun

    def has(self, number: int) -> bool:
        """Whether the beginning of an operation is on the disk."""
        return number in self._begun

    def begin_batch(self, batch: Batch) -> bool:
        """Write which operations belong together, before the first of them."""
        return self._write(
            batch.first, "batch", members=batch.members, group=batch.group, whole=batch.whole
        )

    def step_began(self, number: int, step: int) -> bool:
        """A step is about to be asked for."""
        return self._write(number, "step", step=step, time=time.time())

    def step_ended(self, number: int, step: int) -> bool:
        """A step is known to have worked."""
        return self._write(number, "did", step=step, time=time.time())

    def end(self, record: Record) -> bool:
        """The operation is over, as the record has it."""
        became = record.became
        assert record.outcome is not None
        return self._write(
            record.number, "end", outcome=record.outcome.value, error=record.error[:LONGEST],
            hint=record.hint[:LONGEST], meanwhile=record.meanwhile[:LONGEST],
            became=None if became is None else became.value, undone=record.undone,
            time=time.time(),
        )  # fmt: skip

    def close(self) -> None:
        """Give unused space back; a journal of nothing is removed."""
        with self._lock, contextlib.suppress(OSError):
            if self._file >= 0:
                self._leave()
                self.problem = "it is closed"

    def _create(self) -> None:
        """Make a file that has its name only when it is locked, and for good."""
        with held(self.directory, self.top) as folder:
            name = new_name(os.listdir(folder), len(self._paths))
            hidden = f".new-{name}"
            file = open_own(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL, folder)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.rename(hidden, name, src_dir_fd=folder, dst_dir_fd=folder)
                os.fsync(folder)
            except OSError:
                os.close(file)
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(hidden, dir_fd=folder)
                raise
        self._file, self._used, self._reserved = file, 0, 0
        self._paths.append(self.directory / name)

    def _leave(self) -> None:
        """Let go of the file; its unused space goes back, and with it an empty file."""
        os.ftruncate(self._file, self._used)
        if self._used == 0:
            with held(self.directory, self.top, make=False) as folder:
                os.unlink(self._paths.pop().name, dir_fd=folder)
        os.close(self._file)
        self._file = -1

    def _turn(self) -> None:
        """Begin another file when this one is large; where that cannot be, go on in it."""
        if self._used < FULL or self._under_way:
            return
        before, used = self._file, self._used
        try:
            self._create()
        except OSError:
            return
        with contextlib.suppress(OSError):
            os.ftruncate(before, used)
        os.close(before)

    def _make_room(self) -> None:
        if self._reserved - self._used >= RESERVE // 2:
            self.problem = ""
            return
        try:
            os.posix_fallocate(self._file, self._used, RESERVE)
        except OSError as error:
            self.problem = _words(error)
        else:
            self._reserved = self._used + RESERVE
            self.problem = ""

    def _write(self, number: int, event: str, **more: Any) -> bool:
        import json  # not needed before the first screen is there

        line = json.dumps({"operation": number, "event": event, **more}).encode() + b"\n"
        with self._lock:
            if number in self._over or self._file < 0:
                # whoever was held up, and writes of what was given up meanwhile, is too late
                return False
            if event == "end":
                self._over.add(number)
            if event in ("begin", "batch"):
                self._turn()
                self._make_room()
            if event == "begin":
                self._under_way.add(number)
            elif event == "end":
                self._under_way.discard(number)
            try:
                write_all(self._file, line, self._used)
                os.fsync(self._file)
            except OSError as error:
                self.problem = _words(error)
                return False
            self._used += len(line)
            return True


def in_order(name: str) -> tuple[int, str] | None:
    """What sorts journals by age; ``None`` for what is not a journal's name.

    They are numbered: a clock may have been set back. Versions before had no numbers.
    """
    found = _NAME.fullmatch(name)
    return (int(found[1] or 0), name) if found is not None else None


def new_name(names: Iterable[str], nth: int) -> str:
    """A name for a journal after all of these, the ``nth`` of this process."""
    last = max((order[0] for order in map(in_order, names) if order is not None), default=0)
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    return f"journal-n{last + 1:08}-{moment}-{os.getpid()}-{nth}.jsonl"


def write_all(file: int, data: bytes, at: int) -> None:
    """Write all of the data at an offset; OSError when that cannot be."""
    while data:
        written = os.pwrite(file, data, at)
        data, at = data[written:], at + written


def _words(error: OSError) -> str:
    return error.strerror or str(error)
