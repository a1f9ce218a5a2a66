"""One virsh that is told line after line: each of its own would load its libraries anew."""

from __future__ import annotations

import itertools
import os
import selectors
import shlex
import subprocess
import time
from pathlib import Path

TOOL = "virsh"
_PROMPT = b"virsh # "


class Silent(Exception):
    """It does not answer."""


class Virsh:
    """A virsh on a daemon, which it has asked nothing yet."""

    def __init__(self, uri: str, errors: Path) -> None:
        """Args:
        errors: a new file, for what it says of lines that fail.
        """
        self._errors = errors.open("wb+", buffering=0)
        self._marks = (f"done-{number}" for number in itertools.count())
        self._running = subprocess.Popen(
            [TOOL, "-q", "-c", uri],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "TERM": "dumb"},
        )

    def tell(self, *words: str, patience: float) -> tuple[str, str]:
        """What it prints for a line, and what it says of its failure: nothing where it worked.

        Raises:
            Silent: it prints no end of it within so many seconds.
        """
        mark = next(self._marks)
        self._errors.truncate(0)
        self._errors.seek(0)
        assert self._running.stdin is not None
        self._running.stdin.write(f"{shlex.join(words)}\necho {mark}\n".encode())
        self._running.stdin.flush()
        said = self._until(f"\n{mark}".encode() + _PROMPT, time.monotonic() + patience)
        _, _, printed = said.partition(b"\n")  # the line itself
        printed, _, _ = printed.rpartition(_PROMPT)  # the line that makes the mark
        self._errors.seek(0)
        return printed.decode(errors="replace"), self._errors.read().decode(errors="replace")

    def _until(self, end: bytes, when: float) -> bytes:
        assert self._running.stdout is not None
        said = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._running.stdout, selectors.EVENT_READ)
            while not said.endswith(end):
                if not selector.select(max(0.0, when - time.monotonic())):
                    raise Silent
                more = os.read(self._running.stdout.fileno(), 1 << 16)
                if not more:
                    raise Silent
                said += more
        return said[: -len(end)]
