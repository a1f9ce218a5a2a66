"""The file systems of a domain at one time, opened to be read; on the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import json
import shutil
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from snaptui.backend.protocol.files import Files
from snaptui.common import own_python
from snaptui.common.worker import Worker, heed, start
from snaptui.guest_files import answers, frames
from snaptui.guest_files.errors import GuestFilesError, LookEnded
from snaptui.guest_files.evidence import Evidence
from snaptui.guest_files.keeper import Said
from snaptui.guest_files.packages import how_to_install
from snaptui.model.guest_file import GuestContent, GuestFile, GuestSystem, GuestVolume

CLOSED = "The files were closed."
LEAVES = 5.0
"""Seconds in which the keeper ends by itself, before it is killed."""


class Stage(enum.Enum):
    """How far the opening is."""

    PREPARING = "preparing"
    STARTING = "starting"
    READY = "ready"
    ENDED = "ended"


class GuestFiles:
    """Reads one thing after the other, and believes it only if the images are what they were.

    Every method that reads raises :class:`~snaptui.guest_files.errors.GuestFilesError`.

    Args:
        evidence: of the source, as it was when its plan was made.
        backend: of the host that the images are on; its files are this machine's.

    Attributes:
        stage: how far the opening is.
        began: when that stage began (``time.monotonic()``).
        slow: the appliance runs without KVM.
        ended_why: why it ended by itself; empty otherwise.
        on_change: called on the loop after each change of these.
    """

    def __init__(self, evidence: Evidence, backend: Files, worker: Worker) -> None:
        self.source = evidence.source
        self.stage, self.began = Stage.PREPARING, time.monotonic()
        self.slow = False
        self.ended_why = ""
        self.on_change: Callable[[], None] = lambda: None
        self._evidence = evidence
        self._backend = backend
        self._worker = worker
        self._turn = asyncio.Lock()
        self._ready = asyncio.Event()
        self._keeper: asyncio.subprocess.Process | None = None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._task: asyncio.Task[None] | None = None
        self._folder = ""
        self._seen: asyncio.Queue[Any] = asyncio.Queue()
        self._unlocked = 0
        self._volumes: tuple[GuestVolume, ...] | None = None
        self._systems: tuple[GuestSystem, ...] | None = None

    def is_of(self, evidence: Evidence) -> bool:
        """Whether it reads the same snapshot of the same files."""
        return self._evidence.is_of(evidence)

    async def start(self, *, emulate: bool) -> None:
        """Start the keeper; what it says moves :attr:`stage` on.

        Args:
            emulate: KVM is known not to carry the appliance here.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            orders = {
                "disks": [asdict(disk) for disk in self.source.disks],
                "identities": [
                    [(file.device, file.inode) for file in files] for files in self._evidence.files
                ],
                "ssh": self.source.ssh,
                "socket": theirs.fileno(),
                "emulate": emulate,
            }
            self._keeper = await asyncio.create_subprocess_exec(
                *own_python.command("snaptui.guest_files.keeper", json.dumps(orders)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._streams = await asyncio.open_unix_connection(sock=ours, limit=frames.LONGEST_LINE)
        self._task = start(self._listen(self._keeper))

    async def content(self) -> GuestContent:
        """Find volumes and systems; seconds, and without KVM up to a minute."""
        return GuestContent(systems=await self.systems(), volumes=await self.volumes())

    async def volumes(self) -> tuple[GuestVolume, ...]:
        """What may be a file system."""
        if self._volumes is None:
            said, _ = await self._ask("volumes")
            self._volumes = answers.volumes(said, self.source)
        return self._volumes

    async def systems(self) -> tuple[GuestSystem, ...]:
        """Inspect all volumes for operating systems; nothing may be mounted afterwards."""
        if self._systems is None:
            said, _ = await self._ask("systems")
            self._systems = answers.systems(said)
        return self._systems

    async def mount(self, what: GuestSystem | GuestVolume) -> tuple[tuple[str, str], ...]:
        """Show this, and nothing that was shown before.

        Returns:
            Mount points of a system that could not be mounted, and why.
        """
        mounts = what.mounts if isinstance(what, GuestSystem) else (("/", what.device),)
        said, _ = await self._ask("mount", mounts=mounts)
        return answers.pairs(said)

    async def unlock(self, volume: GuestVolume, passphrase: str) -> GuestContent:
        """Open a volume with its passphrase, and look anew what there is."""
        self._unlocked += 1
        name = f"unlocked{self._unlocked}"
        await self._ask("unlock", device=volume.device, passphrase=passphrase, name=name)
        self._volumes = self._systems = None
        return await self.content()

    async def list(self, path: str) -> tuple[GuestFile, ...]:
        """What is in a directory, by name."""
        _, body = await self._ask("list", path=path)
        found = await self._worker.files.call(lambda: answers.files(body))
        return tuple(found.values())

    async def tree(self, path: str) -> Mapping[str, GuestFile]:
        """All below a directory, by path relative to it."""
        _, body = await self._ask("tree", path=path)
        return await self._worker.files.call(lambda: answers.files(body))

    async def stat(self, path: str) -> GuestFile:
        """One file; a symbolic link itself."""
        _, body = await self._ask("stat", path=path)
        found = tuple(answers.files(body).values())
        if len(found) != 1:
            raise GuestFilesError(f"There is no {path}.")
        return found[0]

    async def read(self, path: str, offset: int, size: int) -> bytes:
        """Bytes of a file, at most 1 MiB at once, fewer at its end.

        Links are followed within what is mounted.
        """
        _, body = await self._ask("read", path=path, offset=offset, size=size)
        return body

    async def attributes(self, path: str) -> tuple[tuple[str, bytes], ...]:
        """The extended attributes of a path that is not followed."""
        said, _ = await self._ask("attributes", path=path)
        return answers.attributes(said)

    async def sha256(self, path: str) -> str:
        """Of a file's content, in hexadecimal; as long as reading all of it takes."""
        said, _ = await self._ask("sha256", path=path)
        return answers.text(said)

    async def end(self) -> None:
        """Leave nothing of it running, mounted or on the disk."""
        self._set(Stage.ENDED)
        keeper, self._keeper = self._keeper, None
        if self._streams is not None:
            self._streams[1].close()
        if keeper is None:
            return
        assert keeper.stdin is not None
        keeper.stdin.close()
        try:
            async with asyncio.timeout(LEAVES):
                await keeper.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                keeper.kill()
            await keeper.wait()
        if self._folder:  # it is there still where the keeper was killed
            await self._worker.files.call(lambda: shutil.rmtree(self._folder, ignore_errors=True))

    async def _listen(self, keeper: asyncio.subprocess.Process) -> None:
        """Follow what the keeper says, until it has ended."""
        assert keeper.stdout is not None
        while line := await keeper.stdout.readline():
            word, text = json.loads(line)
            match Said(word):
                case Said.FOLDER:
                    self._folder = text
                case Said.PREPARING:
                    self._set(Stage.PREPARING)
                case Said.STARTING | Said.EMULATED:
                    self.slow = Said(word) is Said.EMULATED
                    self._set(Stage.STARTING)
                case Said.READY:
                    self._set(Stage.READY)
                case Said.SEEN:
                    self._seen.put_nowait(json.loads(text))
                case Said.MISSING:
                    self._fail(f"{text} is not installed. {how_to_install(text)}")
                case Said.ENDED:
                    self._fail(text)
        self._fail("The process that reads the files has ended.")
        self._seen.put_nowait(None)

    async def _ask(self, do: str, **how: Any) -> tuple[Any, bytes]:
        """Ask, and wait for the answer even if nobody wants it any more: it is the next in line."""
        await self._ready.wait()
        try:
            if self.source.ssh and not self._evidence.files:
                await self._check()
            exchange = asyncio.create_task(self._exchange({"do": do, **how}))
            exchange.add_done_callback(heed)
            said, body = await asyncio.shield(exchange)
            await self._check()
        except LookEnded as error:
            self._fail(error.message)
            await self.end()
            raise
        if "error" in said:
            raise GuestFilesError(answers.text(said["error"]))
        return said.get("answer"), body

    async def _check(self) -> None:
        """Whether what was just read is still what was opened."""
        if not self.source.ssh:
            await self._worker.files.call(lambda: self._evidence.check(self._backend))
            return
        keeper = self._keeper
        if keeper is None or keeper.stdin is None:
            raise LookEnded(self.ended_why or "The files were closed.")
        async with self._turn:
            keeper.stdin.write(b"\n")
            told = await self._seen.get()
        if told is None:
            raise LookEnded(self.ended_why)
        self._evidence.check_told(told)

    async def _exchange(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        async with self._turn:
            if self.stage is not Stage.READY or self._streams is None:
                raise LookEnded(self.ended_why or CLOSED)
            reader, writer = self._streams
            try:
                writer.write(json.dumps(request).encode() + b"\n")
                await writer.drain()
                said = frames.parse(await reader.readuntil(b"\n"))
                return said, await reader.readexactly(said["length"])
            except (OSError, EOFError, asyncio.LimitOverrunError, frames.Malformed) as error:
                self._fail("The process that reads the files does not answer as it should.")
                raise LookEnded(self.ended_why or CLOSED) from error

    def _fail(self, why: str) -> None:
        if self.stage is not Stage.ENDED:
            self.ended_why = why
            self._set(Stage.ENDED)

    def _set(self, stage: Stage) -> None:
        if self.stage is not Stage.ENDED:
            self.stage, self.began = stage, time.monotonic()
            if stage in (Stage.READY, Stage.ENDED):
                self._ready.set()
            self.on_change()
