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
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from snaptui.common import descendants, own_python
from snaptui.guest_files import file_servers
from snaptui.guest_files.crew import Crew, Failed, Missing, Over, program
from snaptui.guest_files.libguestfs import LIBRARY
from snaptui.guest_files.nobodys_user import free_user, groups_for_kvm
from snaptui.guest_files.nodes import disk_node, entry_option, from_json, layer_name, nbd_uri
from snaptui.guest_files.source import ServedDisk

PREFIX = "snaptui-files-"
READY_KVM, READY_EMULATED = 30.0, 240.0
"""Seconds in which the appliance starts; emulated it takes some 20 on two idle cores."""
NICE = 5
_ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Said(enum.Enum):
    """What it tells about itself."""

    MISSING = "missing"
    FOLDER = "folder"
    PREPARING = "preparing"
    STARTING = "starting"
    EMULATED = "emulated"
    READY = "ready"
    SEEN = "seen"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Kept:
    """What it is to keep.

    Attributes:
        identities: by disk and layer, which file of this machine it is; of another host's none.
        ssh: how the host of the files is reached, up to its name; empty for this machine.
        socket: number of the descriptor on which the reader is asked.
        emulate: KVM is known not to carry the appliance here.
    """

    disks: tuple[ServedDisk, ...]
    identities: tuple[tuple[file_servers.Identity, ...], ...]
    ssh: tuple[str, ...]
    socket: int
    emulate: bool


def main(kept: Kept) -> None:
    """Keep it until the end."""
    os.nice(NICE)
    for number in _ENDS:
        signal.signal(number, _end)
    descendants.adopt_orphans()
    try:
        base = _base()
        sweep(base)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    except OSError as error:
        say(Said.ENDED, str(error))
        return
    try:
        with open(folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            say(Said.FOLDER, str(folder))
            _check_library()
            crew = Crew(folder, free_user() if os.geteuid() == 0 else None)
            Keeper(kept, crew).run()
    except Over:
        pass
    except Missing as error:
        say(Said.MISSING, str(error))
    except (Failed, OSError) as error:
        say(Said.ENDED, str(error))
    finally:
        for number in _ENDS:
            signal.signal(number, signal.SIG_IGN)
        descendants.kill_all()
        shutil.rmtree(folder, ignore_errors=True)


def _end(_number: int, _frame: object) -> None:
    raise Over


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


@dataclass(frozen=True, slots=True)
class Keeper:
    """The processes of one look, one after the other."""

    kept: Kept
    crew: Crew

    def run(self) -> None:
        """Start all, then wait until it is over or something of it ends."""
        kept, crew = self.kept, self.crew
        if kept.ssh:
            server = file_servers.serve_remote(crew, kept.disks, kept.ssh)
        else:
            server = file_servers.serve(crew, kept.disks, kept.identities)
        disks = [self._serve_disk(place, disk) for place, disk in enumerate(kept.disks)]
        self._prepare()
        reader = self._start_reader([(socket, size) for socket, size, _ in disks])
        needed = {"reader": reader, "files": server}
        needed |= {_disk(place): of_disk for place, (*_, of_disk) in enumerate(disks)}
        while not (ended := [name for name, one in needed.items() if one.poll() is not None]):
            if 0 in crew.watch(1.0) and kept.ssh:
                say(Said.SEEN, json.dumps(file_servers.look(crew, server, kept.disks)))
        raise Failed(f"a process that the files are read by has ended: {crew.why(ended[0])}")

    def _serve_disk(self, place: int, disk: ServedDisk) -> tuple[str, int, subprocess.Popen[bytes]]:
        """A server makes one disk of its layers; gives its socket, the disk's bytes, and itself."""
        own = self.crew.own
        exports = [layer_name(place, depth) for depth in range(len(disk.layers))]
        nameless = {depth: self._nameless(name) for depth, name in enumerate(exports[:-1])}
        node = disk_node(disk, str(self.crew.files), exports, nameless)
        socket, ready = own / f"{place}.sock", own / f"{place}.pid"
        command = [program("qemu-nbd"), "--persistent", "--read-only", "--shared=2"]
        command += [f"--socket={socket}", f"--pid-file={ready}"]
        if disk.entry is not None:
            command.append(f"--load-snapshot={entry_option(disk.entry)}")
        name = _disk(place)
        command.append(f"json:{json.dumps(node)}")
        server = self.crew.start(name, command, confined=True)
        self.crew.until(ready, server, name, file_servers.READY)
        return str(socket), disk.size, server

    def _nameless(self, export: str) -> str:
        """An image of a layer's file in which the qcow2 header names nothing beneath it.

        The name's place and length are 12 bytes from byte 8 on (qcow2.txt, Header).
        """
        image = str(self.crew.own / f"{export}.qcow2")
        beneath = nbd_uri(str(self.crew.files), export)
        create = ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", beneath, image]
        self.crew.done([program("qemu-img"), *create])
        self.crew.done([program("qemu-io"), "-f", "qcow2", "-c", "write -P 0 8 12", image])
        return image

    def _prepare(self) -> None:
        appliance = self.crew.folder / "appliance"
        appliance.mkdir(0o755)
        say(Said.PREPARING)
        try:
            command = own_python.command("snaptui.guest_files.appliance", str(appliance))
            self.crew.done(command, confined=False)
        except Failed as error:
            raise Failed(f"libguestfs' appliance cannot be built: {error}") from error

    def _start_reader(self, disks: list[tuple[str, int]]) -> subprocess.Popen[bytes]:
        """With KVM if it can be, and without it if that comes to nothing."""
        groups = groups_for_kvm(self.crew.user)
        if not self.kept.emulate and groups is not None:
            say(Said.STARTING)
            with contextlib.suppress(Failed):
                return self._launched(disks, groups, emulate=False)
        say(Said.EMULATED)
        return self._launched(disks, (), emulate=True)

    def _launched(
        self, disks: list[tuple[str, int]], groups: tuple[int, ...], *, emulate: bool
    ) -> subprocess.Popen[bytes]:
        orders = {
            "socket": self.kept.socket,
            "disks": disks,
            "folder": str(self.crew.own),
            "appliance": str(self.crew.folder / "appliance"),
            "emulate": emulate,
            "user": self.crew.user,
            "groups": groups,
            "parent": os.getpid(),
        }
        command = own_python.command("snaptui.guest_files.reader", json.dumps(orders))
        reader = self.crew.start("reader", command, keep=[self.kept.socket], talk=True)
        limit = READY_EMULATED if emulate else READY_KVM
        try:
            line = self.crew.line(reader, limit)
            if line is None:
                raise Failed(f"libguestfs' appliance did not start within {limit:.0f} s")
            word, why = json.loads(line) if line else ("", "")
            if word != Said.READY.value:
                said = why or self.crew.why("reader")
                raise Failed(f"libguestfs' appliance does not start: {said}")
        except Failed:
            self.crew.kill(reader)
            raise
        say(Said.READY)
        return reader


def _disk(place: int) -> str:
    """What the server of a disk is called."""
    return f"disk{place}"


def _parsed(orders: str) -> Kept:
    said = json.loads(orders)
    identities = tuple(
        tuple((device, inode) for device, inode in layers) for layers in said["identities"]
    )
    disks = tuple(map(from_json, said["disks"]))
    return Kept(disks, identities, tuple(said["ssh"]), said["socket"], said["emulate"])


def _check_library() -> None:
    try:
        ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise Missing("libguestfs") from error


if __name__ == "__main__":
    main(_parsed(sys.argv[1]))
