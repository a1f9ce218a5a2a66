"""The journal: what was done to which domain, kept so that a cut-short change is found.

One file for each process, JSON lines, readable by its owner alone. The process holds a lock
on its file while it lives: a file without a lock and with an operation that did not end is
one that was cut short. Space is set aside while there is some (posix_fallocate(3)), so that
a full disk does not stop what must be written.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from snaptui.model import Amount
from snaptui.private import own_directory

RESERVE = 64 << 10
"""Bytes set aside for operations to come."""
LONGEST = 8 << 10
"""Characters of an error that are kept."""
FILES = 200
"""Journals that are read, the newest ones."""
LARGEST = 4 << 20
"""Bytes of one journal that are read."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step of an operation; times are ``None`` until it began or ended.

    Attributes:
        kind: ``create``, ``power off``, ``revert``, ``delete``, ...
        subject: the snapshot or file that it is about; may be empty.
        line: the same as a line for a shell.
    """

    kind: str
    subject: str
    words: str
    line: str
    began: float | None = None
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One operation as the journal has it.

    Attributes:
        number: unique in its process.
        host: the host's URI without a password.
        uuid: of the domain; empty when it is about an image.
        domain: its name, or that of the image.
        copies: directory of the XML saved before it; empty when there is none.
        outcome: ``done``, ``failed`` or ``cancelled``; empty while it is not over.
        found: what a later look at the host said of it, when it had been cut short.
        alive: whether the process that does it still runs.
        image: path of the image that it is about; empty when it is about a domain.
        share, amount: how much of what is under way is done, where that can be told; never
            written.
    """

    number: int
    host: str
    uuid: str
    domain: str
    title: str
    who: str
    started: float
    steps: tuple[StepRecord, ...]
    copies: str = ""
    outcome: str = ""
    ended: float | None = None
    error: str = ""
    hint: str = ""
    found: str = ""
    alive: bool = True
    image: str = ""
    share: float | None = None
    amount: Amount | None = None


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


@dataclass(slots=True)
class Journal:
    """The journal of this process; every method blocks and none may run on the UI's thread.

    Attributes:
        directory: where journals are kept; made when it is missing.
        problem: why nothing can be written; empty while all is well.
    """

    directory: Path
    problem: str = "it is not open yet"
    _file: int = -1
    _path: Path | None = None
    _used: int = 0
    _reserved: int = 0
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

    def begin(self, record: Record) -> bool:
        """Write an operation before its first change; whether it is on the disk."""
        steps = [[s.kind, s.subject, s.words, s.line] for s in record.steps]
        return self._write(
            record.number, "begin", host=record.host, uuid=record.uuid, domain=record.domain,
            title=record.title, who=record.who, time=record.started, steps=steps,
            copies=record.copies, image=record.image,
        )  # fmt: skip

    def step_began(self, number: int, step: int) -> bool:
        """A step is about to be asked for."""
        return self._write(number, "step", step=step, time=time.time())

    def step_ended(self, number: int, step: int) -> bool:
        """A step is known to have worked."""
        return self._write(number, "did", step=step, time=time.time())

    def end(self, number: int, outcome: str, error: str, hint: str) -> bool:
        """The operation is over."""
        return self._write(
            number, "end", outcome=outcome, error=error[:LONGEST], hint=hint[:LONGEST],
            time=time.time(),
        )  # fmt: skip

    def close(self) -> None:
        """Give unused space back; a journal of nothing is removed."""
        with self._lock, contextlib.suppress(OSError):
            if self._file >= 0:
                os.ftruncate(self._file, self._used)
                if self._used == 0 and self._path is not None:
                    self._path.unlink()
                os.close(self._file)
                self._file, self.problem = -1, "it is closed"

    def past(self) -> tuple[Past, ...]:
        """The journals of other processes, the newest first."""
        try:
            paths = sorted(self.directory.glob("journal-*.jsonl"), reverse=True)[:FILES]
        except OSError:
            return ()
        return tuple(_past(path) for path in paths if path != self._path)

    def _create(self) -> None:
        own_directory(self.directory)
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        path = self.directory / f"journal-{moment}-{os.getpid()}.jsonl"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        file = os.open(path, flags, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._file, self._path = file, path

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
            if self._file < 0:
                return False
            if event == "begin":
                self._make_room()
            try:
                _write_all(self._file, line, self._used)
                os.fsync(self._file)
            except OSError as error:
                self.problem = _words(error)
                return False
            self._used += len(line)
            return True


def note_found(past: Past, number: int, found: str) -> None:
    """Add to another process's journal what its cut-short operation came to.

    Raises:
        OSError: it cannot be written.
    """
    import json

    line = json.dumps({"operation": number, "event": "found", "words": found[:LONGEST]}) + "\n"
    with _locked(past.path) as file:
        if file is not None:
            end = len(os.pread(file, LARGEST, 0).rstrip(b"\0"))
            _write_all(file, b"\n" + line.encode(), end)
            os.fsync(file)


def parse(data: bytes) -> tuple[tuple[Record, ...], int]:
    """The records of a journal, oldest first, and the number of lines that make no sense.

    A last line that was not written to its end is such a line.
    """
    import json

    records: dict[int, Record] = {}
    damaged = 0
    for line in data.rstrip(b"\0").splitlines():
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            number = int(told["operation"])
            records[number] = _apply(records.get(number), number, told)
        except (
            ArithmeticError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            RecursionError,
        ):
            damaged += 1
    return tuple(records.values()), damaged


def state_directory() -> Path:
    """Where snaptui keeps what it must remember (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "snaptui"


def _apply(record: Record | None, number: int, told: Mapping[str, Any]) -> Record:
    event = told["event"]
    if event == "begin":
        steps = tuple(
            StepRecord(str(kind), str(subject), str(words), str(line))
            for kind, subject, words, line in told["steps"]
        )
        return Record(
            number=number,
            host=str(told["host"]),
            uuid=str(told["uuid"]),
            domain=str(told["domain"]),
            title=str(told["title"]),
            who=str(told["who"]),
            started=_moment(told),
            steps=steps,
            copies=str(told["copies"]),
            image=str(told.get("image", "")),
        )
    if record is None:
        raise KeyError(number)
    if event in ("step", "did"):
        at, moment = int(told["step"]), _moment(told)
        step = dict(enumerate(record.steps))[at]
        step = replace(step, began=moment) if event == "step" else replace(step, ended=moment)
        return replace(record, steps=(*record.steps[:at], step, *record.steps[at + 1 :]))
    if event == "end":
        return replace(
            record, outcome=str(told["outcome"]), error=str(told["error"]),
            hint=str(told["hint"]), ended=_moment(told),
        )  # fmt: skip
    if event == "found":
        return replace(record, found=str(told["words"]))
    raise ValueError(event)


def _moment(told: Mapping[str, Any]) -> float:
    moment = float(told["time"])
    if not math.isfinite(moment):
        raise ValueError(moment)
    return moment


def _past(path: Path) -> Past:
    try:
        with _locked(path) as file:
            if file is not None:
                records, damaged = parse(os.pread(file, LARGEST, 0))
                dead = tuple(replace(record, alive=False) for record in records)
                return Past(path, False, dead, damaged)
        with path.open("rb") as shared:
            return Past(path, True, *parse(shared.read(LARGEST)))
    except OSError:
        return Past(path, True, (), 1)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    """The file, locked for us; ``None`` when its process lives."""
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield file
    finally:
        os.close(file)


def _write_all(file: int, data: bytes, at: int) -> None:
    while data:
        written = os.pwrite(file, data, at)
        data, at = data[written:], at + written


def _words(error: OSError) -> str:
    return error.strerror or str(error)
