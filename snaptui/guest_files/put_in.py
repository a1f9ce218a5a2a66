"""Puts a file of a snapshot into the running guest, as a new file in a new directory of root's.

Nothing that is there is written to, and nothing is put where other users of the guest could
write: what is to become of the file decides the admin, in the guest, by the lines that are given.
"""

from __future__ import annotations

import asyncio
import enum
import secrets
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from snaptui.common import shell, text
from snaptui.common.errors import Cancelled, SnaptuiError
from snaptui.guest_files.agent import GuestAgent, RunningGuest
from snaptui.guest_files.copy_out import safe_name
from snaptui.guest_files.errors import GuestFilesError
from snaptui.guest_files.opened import GuestFiles
from snaptui.model.domain import DomainState
from snaptui.model.guest_agent import AgentState
from snaptui.model.guest_file import FileType, GuestFile, GuestSystem, GuestVolume

LARGEST = 64 << 20
"""Bytes of a file at most: an agent takes them in small parts, each as text."""
PART = 48 << 10
"""Bytes that are sent or read back at once, 64 KiB as text.

Of a line of 340 KiB QEMU 7.2 and its agent lose a part, and the agent waits for the rest; half of
that still arrives.
"""
HOME = "/root"
"""Where the new directory is made."""
PREFIX = "snaptui-"
"""What the name of that directory begins with; the rest is random."""
OF_A_ROOT = ("/etc/fstab", "/etc/os-release")
"""What the root of an installed system has (fstab(5), os-release(5)), and no other file system."""
NEEDED = (
    "guest-exec",
    "guest-exec-status",
    "guest-file-open",
    "guest-file-write",
    "guest-file-flush",
    "guest-file-close",
    "guest-file-read",
    "guest-fsfreeze-status",
    "guest-get-osinfo",
)
"""The agent's commands without which nothing is begun."""

_WAYS = "Allow them in the guest (--block-rpcs, --allow-rpcs of qemu-ga), or copy the file out."
_AGENT_STATES = {
    AgentState.ABSENT: "{name} has no channel for a guest agent.",
    AgentState.DISCONNECTED: "No guest agent is running in {name}.",
    AgentState.SILENT: "The guest agent of {name} does not answer.",
    AgentState.FROZEN: "{name} has frozen file systems. Thaw them first.",
}
"""Why an agent takes no file; what else is not known of it, its commands tell."""


class Phase(enum.Enum):
    """What is being done; the value is the word shown."""

    WAITING = "waiting for another operation on the domain"
    SENDING = "sending"
    COMPARING = "reading back"


Tell = Callable[[Phase, int, int], None]
"""Is told what is being done, how many bytes of it are done, and of how many.

A :class:`~snaptui.common.errors.Cancelled` that it raises gives the file up.
"""
Content = Callable[[int, int], Awaitable[bytes]]
"""Reads at an offset so many bytes at most; fewer only at the end."""


class NotPutIn(GuestFilesError):
    """The guest has no copy of the file.

    Attributes:
        left: the directory that may still be in the guest; empty when nothing is.
        cancelled: the admin gave it up.
    """

    title = "Not put into the guest"

    def __init__(self, why: SnaptuiError, *, left: str = "", said: str = "") -> None:
        self.left = left
        self.cancelled = isinstance(why, Cancelled)
        super().__init__(f"{why.message.rstrip('.')}. {said}".strip(), hint=why.hint)


@dataclass(frozen=True, slots=True)
class PutIn:
    """A file that is in the guest, and lines for a shell of root's there.

    Attributes:
        path: of the new file.
        size: bytes that were read back and are the same.
        install: puts it in place, with owner, group and mode of the snapshot's file.
        restorecon: gives it the SELinux context of its place.
        remove: removes the directory that was made for it.
    """

    path: str
    size: int
    install: str
    restorecon: str
    remove: str


async def put_in(
    files: GuestFiles, guest: RunningGuest, path: str, place: str, tell: Tell
) -> PutIn:
    """Put a file of a snapshot into its guest, which runs.

    libvirt marks the domain as tainted by a custom agent command (virDomainQemuAgentCommand,
    ``custom-ga-command`` in its log).

    Args:
        path: of a file, in what is mounted of the snapshot.
        place: where it belongs in the guest: an absolute path, for the lines alone.

    Raises:
        NotPutIn: it is refused, or failed, or was given up; says what is left of it.
        GuestFilesError: the file cannot be read, or is none that can be put in.
    """
    if not place.startswith("/"):
        raise GuestFilesError("The place in the guest must be an absolute path.")
    found = await files.stat(path)
    if found.type is not FileType.FILE:
        raise GuestFilesError(f"{path} is a {found.type.value}: only a file can be put in.")

    def content(offset: int, size: int) -> Awaitable[bytes]:
        return files.read(path, offset, size)

    made = await put(guest, safe_name(found.name), found.size, content, tell)
    return PutIn(made, found.size, *lines(found, made, place))


async def place_of(files: GuestFiles, mounted: GuestSystem | GuestVolume, path: str) -> str:
    """Where a file of what is mounted belongs in the guest; empty where that is not known.

    Args:
        mounted: a system with all that it mounts, or a single file system, which is the root of
            the guest only if it has what every root has.
    """
    if isinstance(mounted, GuestSystem):
        return path
    for mark in OF_A_ROOT:
        with suppress(GuestFilesError):
            await files.stat(mark)
            return path
    return ""


def lines(file: GuestFile, made: str, place: str) -> tuple[str, str, str]:
    """The lines for root's shell in the guest: install, restorecon, rm.

    Args:
        file: the snapshot's; its owner and group are given as numbers.
        made: path of the new file.
        place: where it belongs.
    """
    mode = f"{stat.S_IMODE(file.mode):04o}"
    owner, group = str(file.owner), str(file.group)
    return (
        shell.line(["install", "-o", owner, "-g", group, "-m", mode, made, place]),
        shell.line(["restorecon", place]),
        shell.line(["rm", "-r", made.rpartition("/")[0]]),
    )


async def put(guest: RunningGuest, name: str, size: int, content: Content, tell: Tell) -> str:
    """Write a new file into a running guest, in a new directory, and compare what is there.

    Args:
        name: of the new file; a safe one.
        size: bytes of it.

    Returns:
        Its path in the guest.

    Raises:
        NotPutIn: see :func:`put_in`.
    """
    one = _Put(guest, name, size, content, tell)
    work = asyncio.ensure_future(one.run())
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        one.given_up = True  # it ends by itself, and removes what it began
        raise


class _Put:
    """A file that is on its way."""

    def __init__(
        self, guest: RunningGuest, name: str, size: int, content: Content, tell: Tell
    ) -> None:
        self.given_up = False
        self._guest = guest
        self._content, self._size, self._tell = content, size, tell
        self._directory = f"{HOME}/{PREFIX}{secrets.token_hex(8)}"
        self._path = f"{self._directory}/{name}"
        self._agent = GuestAgent(guest, self._waits)
        self._handle: int | None = None
        self._sent = bytearray()
        self._removing = False

    async def run(self) -> str:
        """Do all of it, or remove what was begun."""
        try:
            await self._check()
        except SnaptuiError as error:
            raise NotPutIn(error) from error
        try:
            await self._make()
            await self._send()
            await self._compare()
        except SnaptuiError as error:
            self._removing = True
            if why := await self._remove():
                said = f"{self._directory} may be left in the guest: {why}"
                raise NotPutIn(error, left=self._directory, said=said) from error
            raise NotPutIn(error, said="snaptui removed what it had begun.") from error
        return self._path

    async def _check(self) -> None:
        """Refuse what cannot be done to the end, before anything is begun."""
        if self._size > LARGEST:
            raise GuestFilesError(
                f"The file has {text.size(self._size)}. "
                f"snaptui puts in {text.size(LARGEST)} at most.",
                hint="Copy the file out.",
            )
        host, key, reads = self._guest.host, self._guest.key, self._guest.worker.reads
        name = self._guest.name
        state = (await reads.call(lambda: host.domain(key), key=key)).state
        if state not in (DomainState.RUNNING, DomainState.BLOCKED):
            raise GuestFilesError(f"{name} is {state.value}. It must be running.")
        known = await reads.call(lambda: host.agent(key), key=key)
        if why := _AGENT_STATES.get(known.state):
            raise GuestFilesError(why.format(name=name))
        enabled = await self._agent.commands()
        if lacking := [command for command in NEEDED if not enabled.get(command)]:
            raise GuestFilesError(
                f"The guest agent of {name} does not allow {', '.join(lacking)}.", hint=_WAYS
            )
        if await self._agent.frozen():
            raise GuestFilesError(_AGENT_STATES[AgentState.FROZEN].format(name=name))
        if await self._agent.windows():
            raise GuestFilesError(
                f"{name} runs Windows, where snaptui makes no directory for administrators alone.",
                hint="Copy the file out.",
            )
        private = ("-prune", "-type", "d", "-user", "0", "!", "-perm", "-020", "!", "-perm", "-002")
        if not (await self._agent.run("find", HOME, *private)).output:
            raise GuestFilesError(f"Other users than root may write to {HOME} in {name}.")

    async def _make(self) -> None:
        ended = await self._agent.run("mkdir", "-m", "0700", self._directory)
        if ended.code != 0:
            why = ended.errors or "mkdir gives no reason"
            raise GuestFilesError(f"{self._directory} cannot be made in the guest: {why}.")

    async def _send(self) -> None:
        self._handle = await self._agent.open(self._path, "w")
        while (done := len(self._sent)) < self._size:
            self._on(Phase.SENDING, done)
            part = await self._content(done, min(PART, self._size - done))
            if not part:
                raise GuestFilesError(f"The file ends after {done} of {self._size} bytes.")
            await self._agent.write(self._handle, part)
            self._sent += part
        await self._agent.flush(self._handle)
        await self._close()

    async def _compare(self) -> None:
        self._handle = await self._agent.open(self._path, "r")
        done = 0
        while True:
            self._on(Phase.COMPARING, done)
            part = await self._agent.read(self._handle, PART)
            if part != self._sent[done : done + len(part)] or (not part and done < self._size):
                raise GuestFilesError(f"The guest gives back other bytes than it got, at {done}.")
            if not part:
                break
            done += len(part)
        await self._close()

    async def _close(self) -> None:
        assert self._handle is not None
        handle, self._handle = self._handle, None
        await self._agent.close(handle)

    async def _remove(self) -> str:
        """Remove the directory; why not, otherwise."""
        if self._handle is not None:
            with suppress(SnaptuiError):
                await self._close()
        try:
            ended = await self._agent.run("rm", "-r", "-f", self._directory)
        except SnaptuiError as error:
            return error.message
        return "" if ended.code == 0 else ended.errors or "rm failed there."

    def _waits(self) -> None:
        self._on(Phase.WAITING, len(self._sent))

    def _on(self, phase: Phase, done: int) -> None:
        if self._removing:
            return
        if self.given_up:
            raise Cancelled("Cancelled.")
        self._tell(phase, done, self._size)
