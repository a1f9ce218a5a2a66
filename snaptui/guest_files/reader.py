"""The process that libguestfs runs in; it answers one request after the other.

Run by itself: ``python -m snaptui.guest_files.reader DESCRIPTION``, where the description is JSON
(:class:`Orders`). Whoever starts it as root has it become an unprivileged user before libguestfs
is asked for anything: it reads what a guest wrote, and what it answers may be a guest's invention.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import struct
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from snaptui.common import descendants
from snaptui.guest_files.frames import send
from snaptui.guest_files.libguestfs import Libguestfs, LibguestfsError, Statns

MEMORY = 768
"""MiB of the appliance."""
SECTOR = 512
AT_ONCE = 2000
"""Names whose statuses are asked for with one call."""
STATUS = struct.Struct("<Iqqqqqqqqq")
"""Length of the name, then mode, owner, group, size, modified, changed (ns), inode, device,
links; behind it the name and, after its own length, where a link points."""
LENGTH = struct.Struct("<I")

_FARTHEST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Orders:
    """What the process is to do.

    Attributes:
        socket: number of the descriptor on which it is asked.
        disks: paths of the Unix sockets that the disks are served on, and bytes of each disk.
        folder: a directory that is its own, for libguestfs' sockets and overlays.
        appliance: directory of the appliance.
        emulate: without KVM.
        user: ID of the user, and of the group, to become; ``None`` to stay who it is.
        groups: IDs of further groups.
        parent: ID of the process that it is to end with.
    """

    socket: int
    disks: tuple[tuple[str, int], ...]
    folder: str
    appliance: str
    emulate: bool
    user: int | None
    groups: tuple[int, ...]
    parent: int


def main(description: str) -> None:
    """Start the appliance, say so on standard output, and answer until the socket closes."""
    orders = Orders(**json.loads(description))
    _confine(orders)
    os.environ.clear()
    os.environ.update(
        PATH="/usr/sbin:/usr/bin:/sbin:/bin",
        LIBGUESTFS_PATH=orders.appliance,
        LIBGUESTFS_CACHEDIR=orders.folder,
        LIBGUESTFS_TMPDIR=orders.folder,
        XDG_RUNTIME_DIR=orders.folder,
        TMPDIR=orders.folder,
    )
    handle = Libguestfs()
    handle.set_backend(emulate=orders.emulate, memory=MEMORY)
    for disk, _ in orders.disks:
        handle.add_nbd(os.fsencode(disk))
    try:
        handle.launch()
        _check_sizes(handle, [size for _, size in orders.disks])
    except LibguestfsError as error:
        _say("failed", str(error))
        return
    _say("ready")
    with socket.socket(fileno=orders.socket) as asked:
        Answers(handle, asked, orders.folder).serve()


def _check_sizes(handle: Libguestfs, wanted: list[int]) -> None:
    """A snapshot must not be read with the size that its disk has now."""
    served = [handle.device_size(device) for device in handle.devices()]
    whole = [-(-size // SECTOR) * SECTOR for size in wanted]
    if served != whole:
        raise LibguestfsError(f"QEMU serves disks of {served} bytes, and not of {whole}")


def _confine(orders: Orders) -> None:
    """Give up what rights there are, and end with the process that started this one."""
    if orders.user is not None:
        os.setgroups(orders.groups)
        os.setresgid(orders.user, orders.user, orders.user)
        os.setresuid(orders.user, orders.user, orders.user)
    descendants.never_gain_privileges()
    descendants.end_with_parent(signal.SIGKILL)  # a change of user would take it back (prctl(2))
    if os.getppid() != orders.parent:
        sys.exit("whoever started this process has ended")


def _say(word: str, why: str = "") -> None:
    print(json.dumps([word, why]), flush=True)


class Answers:
    """What can be asked of an appliance that runs.

    Args:
        folder: for files with names, of which libguestfs writes one at a time.
    """

    def __init__(self, handle: Libguestfs, asked: socket.socket, folder: str) -> None:
        self._handle = handle
        self._asked = asked
        self._folder = folder
        self._known: dict[str, Callable[..., tuple[Any, bytes]]] = {
            "volumes": self._volumes,
            "systems": self._systems,
            "mount": self._mount,
            "unlock": self._unlock,
            "list": self._list,
            "stat": self._stat,
            "read": self._read,
            "attributes": self._attributes,
            "sha256": self._sha256,
            "tree": self._tree,
        }

    def serve(self) -> None:
        """Answer until the other side closes."""
        with self._asked.makefile("rb") as requests:
            for line in requests:
                request = json.loads(line)
                try:
                    answer, body = self._known[request.pop("do")](**request)
                except LibguestfsError as error:
                    send(self._asked, {"error": str(error)[:2000]})
                else:
                    send(self._asked, {"answer": answer}, body)

    def _volumes(self) -> tuple[Any, bytes]:
        found = self._handle.locked() | self._handle.file_systems()
        return [self._volume(device, kind) for device, kind in found.items()], b""

    def _volume(self, device: bytes, kind: bytes) -> dict[str, Any]:
        return {
            "device": os.fsdecode(device),
            "type": os.fsdecode(kind),
            "size": self._or(0, self._handle.device_size, device),
            "label": os.fsdecode(self._or(b"", self._handle.label, device)),
            "disk": self._or(-1, self._handle.disk_of, device),
        }

    def _systems(self) -> tuple[Any, bytes]:
        return [self._system(root) for root in self._or((), self._handle.inspect)], b""

    def _system(self, root: bytes) -> dict[str, Any]:
        words = ("type", "distro", "product_name", "hostname")
        of = {what: self._or(b"", self._handle.inspected, what, root) for what in words}
        return {what: os.fsdecode(word) for what, word in of.items()} | {
            "root": os.fsdecode(root),
            "mounts": _decoded(self._or({}, self._handle.mountpoints, root)),
            "drives": _decoded(self._or({}, self._handle.drives, root)),
        }

    def _or(self, otherwise: Any, call: Callable[..., Any], *arguments: Any) -> Any:
        """What a call gives, or something else where a disk has nothing of the kind."""
        try:
            return call(*arguments)
        except LibguestfsError:
            return otherwise

    def _mount(self, mounts: list[list[str]]) -> tuple[Any, bytes]:
        """Mount devices, the shortest mount point first; says which of them could not be."""
        self._handle.unmount_all()
        failed: list[tuple[str, str]] = []
        for point, device in mounts:
            try:
                self._handle.mount(os.fsencode(device), os.fsencode(point))
            except LibguestfsError as error:
                if point == "/":
                    raise
                failed.append((point, str(error)[:200]))
        return failed, b""

    def _unlock(self, device: str, passphrase: str, name: str) -> tuple[Any, bytes]:
        self._handle.unlock(os.fsencode(device), os.fsencode(passphrase), os.fsencode(name))
        return None, b""

    def _list(self, path: str) -> tuple[Any, bytes]:
        folder = os.fsencode(path)
        return None, self._statuses(folder, b"", self._names(self._handle.names, folder))

    def _tree(self, path: str) -> tuple[Any, bytes]:
        """libguestfs tells the statuses of one directory at a time."""
        top = os.fsencode(path)
        folders: dict[bytes, list[bytes]] = {}
        for name in self._names(self._handle.names_below, top):
            # with a slash in front, except below the root (find0 of libguestfs 1.48)
            folder, _, last = name.removeprefix(b"/").rpartition(b"/")
            folders.setdefault(folder, []).append(last)
        packed = bytearray()
        for folder, names in folders.items():
            packed += self._statuses(top.rstrip(b"/") + b"/" + folder, folder, names)
        return None, bytes(packed)

    def _names(self, call: Callable[[bytes, bytes], None], folder: bytes) -> list[bytes]:
        with tempfile.NamedTemporaryFile(dir=self._folder) as names:
            call(folder, os.fsencode(names.name))
            return [name for name in names.read().split(b"\0") if name]

    def _statuses(self, folder: bytes, shown: bytes, names: list[bytes]) -> bytes:
        """Of names in a directory, which is called this in the answer."""
        packed = bytearray()
        for first in range(0, len(names), AT_ONCE):
            some = names[first : first + AT_ONCE]
            found = self._handle.statuses(folder, some)
            links = [n for n, s in zip(some, found, strict=True) if _is_link(s)]
            targets = dict(zip(links, self._handle.targets(folder, links), strict=True))
            for name, status in zip(some, found, strict=True):
                if status.ino != -1:
                    path = shown + b"/" + name if shown else name
                    packed += _packed(path, status, targets.get(name, b""))
        return bytes(packed)

    def _stat(self, path: str) -> tuple[Any, bytes]:
        folder, _, name = os.fsencode(path).rpartition(b"/")
        if not name:
            return None, _packed(b"", self._handle.status(b"/"), b"")
        return None, self._statuses(folder or b"/", b"", [name])

    def _read(self, path: str, offset: int, size: int) -> tuple[Any, bytes]:
        self._is_file(os.fsencode(path))
        return None, self._handle.read(os.fsencode(path), offset, size)

    def _sha256(self, path: str) -> tuple[Any, bytes]:
        self._is_file(os.fsencode(path))
        return os.fsdecode(self._handle.sha256(os.fsencode(path))), b""

    def _is_file(self, path: bytes) -> None:
        """Whoever opens a FIFO waits for a writer that never comes."""
        if not stat.S_ISREG(self._handle.status(path, follow=True).mode):
            raise LibguestfsError("not a regular file")

    def _attributes(self, path: str) -> tuple[Any, bytes]:
        found = self._handle.attributes(os.fsencode(path))
        return [(os.fsdecode(name), value.hex()) for name, value in found], b""


def _packed(name: bytes, of: Statns, target: bytes) -> bytes:
    numbers = STATUS.pack(
        len(name),
        of.mode,
        of.uid,
        of.gid,
        of.size,
        _time(of.mtime, of.mtime_ns),
        _time(of.ctime, of.ctime_ns),
        of.ino,
        of.dev,
        of.nlink,
    )
    return numbers + name + LENGTH.pack(len(target)) + target


def _is_link(status: Statns) -> bool:
    return status.ino != -1 and stat.S_ISLNK(status.mode)


def _time(seconds: int, nanoseconds: int) -> int:
    """In nanoseconds; a file system may hold times that are too far off for that."""
    return max(-_FARTHEST, min(_FARTHEST, seconds * 10**9 + nanoseconds))


def _decoded(pairs: dict[bytes, bytes]) -> list[tuple[str, str]]:
    return [(os.fsdecode(one), os.fsdecode(other)) for one, other in pairs.items()]


if __name__ == "__main__":
    main(sys.argv[1])
