"""An agent that says what a test wants, on the very socket at which libvirt listens to a guest."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.guest import Guest
from tests.lab import Lab

Answer = Callable[[], Any] | Any
"""What is returned, or makes it."""

CHANNEL = "<channel type='unix'>"


class Silence(Exception):
    """Raised by what makes an answer: there is none, and the socket stays open."""


class Agent:
    """Answers to libvirt in the place of a guest's.

    QEMU connects to the same socket, for the guest's own agent: nothing is ever sent there.

    Attributes:
        answers: by command.
        asked: the commands that came, without those by which libvirt finds out whether it is there.
    """

    def __init__(self, path: Path) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.forget()
        self._connections: list[socket.socket] = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        path.chmod(0o777)
        self._socket.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def forget(self) -> None:
        """Answer as an agent does that is well and was never asked before."""
        self.answers = {
            "guest-ping": {},
            "guest-get-fsinfo": [],
            "guest-fsfreeze-freeze": 1,
            "guest-fsfreeze-thaw": 1,
            "guest-fsfreeze-status": "thawed",
        }
        self.asked.clear()

    def close(self) -> None:
        """Go away, as an agent does that has ended."""
        for one in (self._socket, *self._connections):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection.makefile("rb") as lines:
            for line in lines:
                request = json.loads(line.lstrip(b"\xff"))
                command = request["execute"]
                if command in ("guest-sync", "guest-sync-delimited"):
                    answer: Any = {"return": request["arguments"]["id"]}
                else:
                    self.asked.append(command)
                    try:
                        answer = self._answer(command)
                    except Silence:
                        continue
                delimiter = b"\xff" if command == "guest-sync-delimited" else b""
                connection.sendall(delimiter + json.dumps(answer).encode() + b"\n")

    def _answer(self, command: str) -> Mapping[str, Any]:
        wanted = self.answers.get(command)
        told = wanted() if callable(wanted) else wanted
        if isinstance(told, Error):
            return {"error": {"class": told.kind, "desc": told.words}}
        return {"return": told}


class Error:
    """The answer that a command has failed.

    Args:
        kind: of QMP's classes of errors.
    """

    def __init__(self, words: str, kind: str = "GenericError") -> None:
        self.words, self.kind = words, kind


class Voiced(Guest):
    """A guest for which such an agent speaks."""

    def __init__(self, lab: Lab, number: int = 0) -> None:
        path = lab.directory / f"agent{number}.sock"
        path.unlink(missing_ok=True)
        self._path, self.voice = path, Agent(path)
        super().__init__(lab, number)

    def _define(self) -> str:
        source = f"{CHANNEL}<source mode='connect' path='{self._path}'/>"
        xml = super()._define().replace(CHANNEL, source)
        self.lab.define_xml(xml)
        return xml


@contextlib.contextmanager
def voiced(lab: Lab, number: int = 0) -> Iterator[Voiced]:
    """One, until the test is over."""
    guest = Voiced(lab, number)
    try:
        yield guest
    finally:
        guest.voice.close()
