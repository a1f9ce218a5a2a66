"""The process that keeps what a look at files needs: the servers of the disks and the reader.

Run by itself: ``python -m snaptui.guest_files.keeper ORDERS`` with JSON (:class:`Kept`). It lives
until its standard input closes, also when that is because snaptui was killed; then it kills all
that it started and removes its directory. What it says on standard output are lines of JSON: a
word of :class:`Said` and a text.

As root it is three users' worth of processes: one server that opens the images' files and knows
nothing of formats; and one for each disk that makes sense of the images, and the reader with the
appliance, which belong to a user that nothing else on the host belongs to.
"""

from __future__ import annotations

import contextlib
import ctypes
import enum
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from snaptui.common import descendants, own_python
from snaptui.guest_files.libguestfs import LIBRARY
from snaptui.guest_files.nobodys_user import free_user, groups_for_kvm
from snaptui.guest_files.nodes import (
    disk_node,
    entry_option,
    file_node,
    from_json,
    layer_name,
    nbd_uri,
    same_file,
)
from snaptui.guest_files.source import ServedDisk

PREFIX = "snaptui-files-"
READY_SERVER = 20.0
"""Seconds in which a server of a disk begins to serve."""
READY_KVM, READY_EMULATED = 30.0, 240.0
"""Seconds in which the appliance starts; emulated it takes some 20 on two idle cores."""
NICE = 5
_AGAIN = 0.02


class Said(enum.Enum):
    """What it tells about itself."""

    MISSING = "missing"
    FOLDER = "folder"
    PREPARING = "preparing"
    STARTING = "starting"
    EMULATED = "emulated"
    READY = "ready"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Kept:
    """What it is to keep.

    Attributes:
        disks: with the device and the inode of each layer's file.
        socket: number of the descriptor on which the reader is asked.
        emulate: KVM is known not to carry the appliance here.
    """

    disks: tuple[tuple[ServedDisk, tuple[tuple[int, int], ...]], ...]
    socket: int
    emulate: bool


class _Over(Exception):
    """Whoever wanted the files is gone."""


class _Failed(Exception):
    """It cannot be kept, for the reason given."""


class _Missing(_Failed):
    """What has this name is not installed."""


def main(kept: Kept) -> None:
    """Keep it until the end."""
    os.nice(NICE)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _end)
    descendants.adopt_orphans()
    base = _base()
    sweep(base)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    try:
        with open(folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            say(Said.FOLDER, str(folder))
            _check_library()
            Keeper(kept, folder).run()
    except _Over:
        pass
    except _Missing as error:
        say(Said.MISSING, str(error))
    except (_Failed, OSError) as error:
        say(Said.ENDED, str(error))
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        descendants.kill_all()
        shutil.rmtree(folder, ignore_errors=True)


def _end(_number: int, _frame: object) -> None:
    raise _Over


def _base() -> str:
    """Where the directory is: an unprivileged user must come through as far as that."""
    own = "/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", "")
    return own if own and os.access(own, os.W_OK) else tempfile.gettempdir()


def sweep(base: str) -> None:
    """Remove the directories of keepers that were killed themselves."""
    for folder in Path(base).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.lstat().st_uid != os.geteuid():
                continue
            with open(os.open(folder / "lock", os.O_RDONLY | os.O_NOFOLLOW)) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)


def say(what: Said, text: str = "") -> None:
    """Tell whoever started it; that may be gone."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps([what.value, text]).encode() + b"\n")


@dataclass(slots=True)
class Keeper:
    """The processes of one look, one after the other, in one directory."""

    kept: Kept
    folder: Path
    user: int | None = field(init=False)
    own: Path = field(init=False)

    def __post_init__(self) -> None:
        """Make a directory in it that the unprivileged user may write to."""
        self.user = free_user() if os.geteuid() == 0 else None
        self.own = self.folder / "own"
        self.own.mkdir(0o700)
        if self.user is not None:
            self.folder.chmod(0o711)
            os.chown(self.own, self.user, self.user)

    @property
    def _files(self) -> Path:
        """The socket on which the bytes of the images' files are given out."""
        return self.folder / "files.sock"

    def run(self) -> None:
        """Start all, then wait until it is over or something of it ends."""
        self._serve_files()
        disks = [self._serve_disk(place) for place in range(len(self.kept.disks))]
        self._prepare()
        reader = self._start_reader(disks)
        while reader.poll() is None:
            self._watch(1.0)
        raise _Failed("the process that reads the files has ended")

    def _serve_files(self) -> None:
        """One server gives out the bytes of all layers, each as an export of its own."""
        command = [_program("qemu-storage-daemon"), "--pidfile", str(self.folder / "files.pid")]
        opened: list[int] = []
        try:
            for place, (disk, identities) in enumerate(self.kept.disks):
                for depth, layer in enumerate(disk.layers):
                    name = layer_name(place, depth)
                    opened.append(_open(layer.path, identities[depth]))
                    mode = os.fstat(opened[-1]).st_mode
                    node = file_node(name, f"/dev/fd/{opened[-1]}", mode)
                    command += ["--blockdev", json.dumps(node)]
            where = {"addr": {"type": "unix", "path": str(self._files)}, "max-connections": 0}
            command += ["--nbd-server", json.dumps(where)]
            for place, (disk, _) in enumerate(self.kept.disks):
                for depth in range(len(disk.layers)):
                    name = layer_name(place, depth)
                    export = {"type": "nbd", "id": f"e{name}", "node-name": name, "name": name}
                    command += ["--export", json.dumps(export)]
            server = self._start("files", command, user=None, keep=opened)
        finally:
            for descriptor in opened:
                os.close(descriptor)
        self._until(self.folder / "files.pid", server, "files")
        if self.user is not None:
            os.chown(self._files, self.user, self.user)
        self._files.chmod(0o600)

    def _serve_disk(self, place: int) -> tuple[str, int]:
        """A server makes one disk of its layers; gives its socket, and the bytes of the disk."""
        disk, _ = self.kept.disks[place]
        exports = [layer_name(place, depth) for depth in range(len(disk.layers))]
        nameless = {depth: self._nameless(name) for depth, name in enumerate(exports[:-1])}
        node = disk_node(disk, str(self._files), exports, nameless)
        socket, ready = self.own / f"{place}.sock", self.own / f"{place}.pid"
        command = [_program("qemu-nbd"), "--persistent", "--read-only", "--shared=2"]
        command += [f"--socket={socket}", f"--pid-file={ready}"]
        if disk.entry is not None:
            command.append(f"--load-snapshot={entry_option(disk.entry)}")
        name = f"disk{place}"
        server = self._start(name, [*command, f"json:{json.dumps(node)}"], user=self.user)
        self._until(ready, server, name)
        return str(socket), disk.size

    def _nameless(self, export: str) -> str:
        """An image of a layer's file in which the qcow2 header names nothing beneath it.

        The name's place and length are 12 bytes from byte 8 on (qcow2.txt, Header).
        """
        image = str(self.own / f"{export}.qcow2")
        create = ["create", "-q", "-f", "qcow2", "-F", "raw"]
        beneath = nbd_uri(str(self._files), export)
        self._done([_program("qemu-img"), *create, "-b", beneath, image])
        self._done([_program("qemu-io"), "-f", "qcow2", "-c", "write -P 0 8 12", image])
        return image

    def _done(self, command: list[str]) -> None:
        """Run what ends by itself, as the unprivileged user."""
        made = self._start("image", command, user=self.user)
        while made.poll() is None:
            self._watch(_AGAIN)
        if made.returncode:
            raise _Failed(f"QEMU cannot read the image: {self._why('image')}")

    def _prepare(self) -> None:
        appliance = self.folder / "appliance"
        appliance.mkdir(0o755)
        say(Said.PREPARING)
        command = own_python.command("snaptui.guest_files.appliance", str(appliance))
        made = self._start("appliance", list(command), user=None)
        while made.poll() is None:
            self._watch(_AGAIN)
        if made.returncode:
            raise _Failed(f"libguestfs' appliance cannot be built: {self._why('appliance')}")

    def _start_reader(self, disks: list[tuple[str, int]]) -> subprocess.Popen[bytes]:
        """With KVM if it can be, and without it if that comes to nothing."""
        groups = groups_for_kvm(self.user)
        if not self.kept.emulate and groups is not None:
            say(Said.STARTING)
            with contextlib.suppress(_Failed):
                return self._launched(disks, groups, emulate=False)
        say(Said.EMULATED)
        return self._launched(disks, (), emulate=True)

    def _launched(
        self, disks: list[tuple[str, int]], groups: tuple[int, ...], *, emulate: bool
    ) -> subprocess.Popen[bytes]:
        orders = {
            "socket": self.kept.socket,
            "disks": disks,
            "folder": str(self.own),
            "appliance": str(self.folder / "appliance"),
            "emulate": emulate,
            "user": self.user,
            "groups": groups,
            "parent": os.getpid(),
        }
        command = own_python.command("snaptui.guest_files.reader", json.dumps(orders))
        with open(self.folder / "reader.err", "wb") as errors:
            reader = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=[self.kept.socket],
                process_group=0,
            )
        try:
            word, why = self._first_line(reader, READY_EMULATED if emulate else READY_KVM)
            if word != Said.READY.value:
                raise _Failed(why or self._why("reader") or "libguestfs' appliance did not start")
        except _Failed:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(reader.pid, signal.SIGKILL)
            reader.wait()
            raise
        say(Said.READY)
        return reader

    def _first_line(self, reader: subprocess.Popen[bytes], seconds: float) -> tuple[str, str]:
        assert reader.stdout is not None
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if reader.stdout in self._watch(left, reader.stdout):
                line = reader.stdout.readline(1 << 14)
                word, why = json.loads(line) if line else ("", "")
                return str(word), str(why)
        raise _Failed(f"libguestfs' appliance did not start within {seconds:.0f} s")

    def _start(
        self, name: str, command: list[str], *, user: int | None, keep: list[int] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program that ends when this one does, as another user if one is given."""
        confined = [_program("setpriv"), "--no-new-privs", "--pdeathsig=KILL"]
        if user is not None:
            confined += [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        with open(self.folder / f"{name}.err", "wb") as errors:
            return subprocess.Popen(
                [*confined, *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=keep or (),
                process_group=0,
            )

    def _until(self, ready: Path, server: subprocess.Popen[bytes], name: str) -> None:
        end = time.monotonic() + READY_SERVER
        while not ready.exists():
            if server.poll() is not None:
                raise _Failed(f"QEMU cannot open the image: {self._why(name)}")
            if time.monotonic() > end:
                raise _Failed(f"QEMU did not open the image within {READY_SERVER:.0f} s")
            self._watch(_AGAIN)

    def _watch(self, seconds: float, *more: Any) -> list[Any]:
        """Wait, but not when whoever wanted the files is gone."""
        ready, _, _ = select.select([0, *more], [], [], seconds)
        if 0 in ready and not os.read(0, 1 << 10):
            raise _Over
        return ready

    def _why(self, name: str) -> str:
        """The last words of a program, which are the reason behind all that it quotes."""
        said = (self.folder / f"{name}.err").read_bytes()[-4000:].decode(errors="replace")
        return said.strip().rpartition("\n")[2].rpartition("}': ")[2][:300]


def _parsed(orders: str) -> Kept:
    said = json.loads(orders)
    disks = tuple(
        (from_json(disk), tuple((device, inode) for device, inode in identities))
        for disk, identities in said["disks"]
    )
    return Kept(disks, said["socket"], said["emulate"])


def _check_library() -> None:
    try:
        ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise _Missing("libguestfs") from error


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise _Missing(name)
    return found


def _open(path: str, identity: tuple[int, int]) -> int:
    """Open an image's file, if it is the one that the plan to read was made for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not same_file(os.fstat(descriptor), *identity):
        os.close(descriptor)
        raise _Failed(f"{path} was replaced meanwhile")
    return descriptor


if __name__ == "__main__":
    main(_parsed(sys.argv[1]))
