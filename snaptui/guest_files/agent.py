"""A running guest's agent, asked for one thing after the other; nothing it says is trusted.

The commands are those of the QEMU guest agent protocol (QEMU's qga/qapi-schema.json).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from snaptui.backend.protocol.changes import Changes
from snaptui.backend.protocol.reads import Reads
from snaptui.common.worker import Worker
from snaptui.guest_files.errors import GuestFilesError
from snaptui.model.domain import DomainKey

SECONDS = 20
"""For which libvirt waits for one answer."""
PAUSES = (0.05,) * 20 + (0.5,) * 118
"""Seconds between questions whether a program has ended, which it must have after them: 60."""
LOOKS = 0.2
"""Seconds after which a call that waits for its turn is looked at again."""
_MOST_COMMANDS = 1000
_MOST_WORDS = 400
"""Characters of what a program wrote about its failure that are kept."""


class Host(Reads, Changes, Protocol):
    """What is needed of the host that a guest runs on."""


@dataclass(frozen=True, slots=True)
class RunningGuest:
    """A domain, and how it is reached.

    Attributes:
        name: of the domain, for people.
    """

    host: Host
    worker: Worker
    key: DomainKey
    name: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program in the guest ended.

    Attributes:
        code: its exit code; ``None`` where a signal ended it.
        output: what it wrote on its standard output.
        errors: the beginning of what it wrote on its standard error.
    """

    code: int | None
    output: bytes
    errors: str


class GuestAgent:
    """Asks the agent of one domain, each time in the domain's turn among its changes.

    Every method raises :class:`~snaptui.common.errors.SnaptuiError` where the agent refuses, is
    silent, or answers what is no answer.

    Args:
        waiting: called again and again while an operation on the domain goes first; what it
            raises takes the command out of the queue.
    """

    def __init__(self, guest: RunningGuest, waiting: Callable[[], None]) -> None:
        self._guest, self._waiting = guest, waiting

    async def commands(self) -> Mapping[str, bool]:
        """Whether each command that it knows is enabled."""
        rows = _of(await self._ask("guest-info"), "supported_commands", list)
        if len(rows) > _MOST_COMMANDS:
            raise _nonsense("guest-info")
        return {_of(row, "name", str): _of(row, "enabled", bool) for row in rows}

    async def frozen(self) -> bool:
        """Whether it says that file systems are frozen."""
        return bool(await self._ask("guest-fsfreeze-status") != "thawed")

    async def windows(self) -> bool:
        """Whether it says that it runs on Windows (``guest-get-osinfo``)."""
        said = await self._ask("guest-get-osinfo")
        if not isinstance(said, dict):
            raise _nonsense("guest-get-osinfo")
        return said.get("id") == "mswindows"

    async def run(self, *words: str) -> Ended:
        """Run a program, found as the agent finds it, and wait for its end."""
        how = {"path": words[0], "arg": list(words[1:]), "capture-output": True}
        pid = _of(await self._ask("guest-exec", **how), "pid", int)
        for pause in PAUSES:
            said = await self._ask("guest-exec-status", pid=pid)
            if _of(said, "exited", bool):
                break
            await asyncio.sleep(pause)
        else:
            raise GuestFilesError(f"{words[0]} has not ended in the guest within a minute.")
        errors = _bytes(said.get("err-data", "")).decode(errors="replace").strip()
        return Ended(
            _of(said, "exitcode", int) if "exitcode" in said else None,
            _bytes(said.get("out-data", "")),
            errors[:_MOST_WORDS],
        )

    async def open(self, path: str, mode: str) -> int:
        """Open a file; returns its handle.

        Args:
            mode: as of fopen(3).
        """
        said = await self._ask("guest-file-open", path=path, mode=mode)
        if type(said) is not int:
            raise _nonsense("guest-file-open")
        return said

    async def write(self, handle: int, part: bytes) -> None:
        """Write all of a part."""
        words = base64.b64encode(part).decode("ascii")
        said = await self._ask("guest-file-write", handle=handle, **{"buf-b64": words})
        if (count := _of(said, "count", int)) != len(part):
            raise GuestFilesError(f"The guest took {count} of {len(part)} bytes.")

    async def flush(self, handle: int) -> None:
        """Hand over to the guest's kernel what was written."""
        await self._ask("guest-file-flush", handle=handle)

    async def close(self, handle: int) -> None:
        """Close a file."""
        await self._ask("guest-file-close", handle=handle)

    async def read(self, handle: int, size: int) -> bytes:
        """Read on, so many bytes at most; none at the end."""
        said = await self._ask("guest-file-read", handle=handle, count=size)
        part = _bytes(_of(said, "buf-b64", str))
        if len(part) > size:
            raise _nonsense("guest-file-read")
        return part

    async def _ask(self, command: str, **arguments: Any) -> Any:
        guest, begun = self._guest, threading.Event()

        def ask() -> Any:
            begun.set()
            return guest.host.agent_command(guest.key, command, arguments, SECONDS)

        call = guest.worker.changes.call(ask, key=guest.key)
        try:
            while not (await asyncio.wait({call}, timeout=LOOKS))[0] and not begun.is_set():
                self._waiting()
        except BaseException:
            call.cancel()
            raise
        return await call


def _of(said: Any, name: str, kind: type) -> Any:
    """A member of an object, if it is of this very kind: ``True`` is no number."""
    found = said.get(name) if isinstance(said, dict) else None
    if type(found) is not kind:
        raise GuestFilesError(f"The guest agent gave no {name}, where it must.")
    return found


def _bytes(said: Any) -> bytes:
    try:
        return base64.b64decode(said, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise GuestFilesError("The guest agent gave no bytes where it must.") from error


def _nonsense(command: str) -> GuestFilesError:
    return GuestFilesError(f"The guest agent's answer to {command} makes no sense.")
