"""Bytes of images on other hosts: parts of storage volumes, as libvirt passes them on."""

from __future__ import annotations

import io
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

import libvirt

from snaptui.backend.virt import pool_xml
from snaptui.backend.virt.errors import translated
from snaptui.common.errors import Disconnected, ImageError, NotAnImage, NotPermitted
from snaptui.common.threads import again, settle
from snaptui.model.image import FileSystem

AT_ONCE = 4
"""Parts under way at the same time: libvirt serves five calls of a connection at a time."""
HEAD = 64 << 10
"""Bytes that a read brings at least: the head of an image is asked for in pieces."""
PART = 256 << 10
"""Bytes of a part: more would make a slow link deaf to who wants it for something else."""


Begin = Callable[[Callable[[], Any]], Callable[[], Any]]


class VolumeFile(io.RawIOBase):
    """A volume that is read a part at a time (virStorageVolDownload); each part is a round trip.

    Args:
        connection: to the host.
        path: of the image there.
        label: what the host is called in errors.
        begin: begins a call whose answer is wanted a little later.

    Attributes:
        size: length of the file there, in bytes.
        disk_size: what it takes on its file system there.
        device: it is a block device there.

    Raises:
        ImageError: it is in no active pool of the host, or may not be read.
    """

    def __init__(self, connection: libvirt.virConnect, path: str, label: str, begin: Begin) -> None:
        super().__init__()
        self._more: tuple[int, bytes] | None = None
        self._connection, self._path, self._label = connection, path, label
        self._at = 0
        try:
            self._volume = connection.storageVolLookupByPath(path)
            of = libvirt.VIR_STORAGE_VOL_GET_PHYSICAL
            told = begin(self._volume.info), begin(partial(self._volume.infoFlags, of))
            (kind, _, allocated), physical = (answer() for answer in told)
        except libvirt.libvirtError as error:
            raise self._failed(error) from error
        if kind == libvirt.VIR_STORAGE_VOL_DIR:
            raise NotAnImage(f"{path} is a directory.")
        self.size, self.disk_size = int(physical[2]), int(allocated)
        self.device = kind == libvirt.VIR_STORAGE_VOL_BLOCK

    def pool(self) -> FileSystem:
        """The space of the pool that it is in, as it was when that was refreshed last.

        A pool of a directory has the figures of its file system (formatstorage.html,
        *capacity*, *available*).
        """
        try:
            pool = self._volume.storagePoolLookupByVolume()
            _, size, _, free = pool.info()
            target, name = pool_xml.pool_target(pool.XMLDesc()), pool.name()
        except libvirt.libvirtError as error:
            raise self._failed(error) from error
        if not size:
            raise ImageError(f"The pool {name} does not tell how large it is.")
        return FileSystem(
            self._path, int(size), int(free), mount=target, kind=f"pool {name}", stale=True
        )

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As files do."""
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes; nothing at the end.

        What was read beyond a few bytes is the answer to the next read, and no other: who looks
        again whether something changed meanwhile asks the host.
        """
        wanted = max(0, self.size - self._at) if size < 0 else size
        if not wanted:
            return b""
        (at, data), self._more = self._more or (-1, b""), None
        if at != self._at or len(data) < min(wanted, self.size - at):
            data = self.part(self._at, max(wanted, HEAD))
            self._more = (self._at, data) if wanted < HEAD else None
        data = data[:wanted]
        self._at += len(data)
        return data

    def read_many(self, extents: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        """The bytes of all extents, one after another; a few parts are under way at a time.

        Whoever stops taking them waits for nothing.
        """
        parts = [
            (offset + at, min(PART, length - at))
            for offset, length in extents
            for at in range(0, length, PART)
        ]
        answers = [Future[bytes]() for _ in parts]
        due = deque(zip(answers, parts, strict=True))
        # daemon threads: one that waits for a host that is gone must not hold up the end
        for _ in range(min(AT_ONCE, len(parts))):
            threading.Thread(target=self._read_parts, args=(due,), daemon=True).start()
        try:
            for answer in answers:
                yield again(answer)
        finally:
            due.clear()

    def _read_parts(self, due: deque[tuple[Future[bytes], tuple[int, int]]]) -> None:
        while True:
            try:
                answer, (offset, length) = due.popleft()
            except IndexError:
                return
            settle(answer, partial(self.part, offset, length))

    def part(self, offset: int, length: int) -> bytes:
        """Bytes of it, through libvirt."""
        parts: list[bytes] = []
        try:
            stream = self._connection.newStream(0)
            self._volume.download(stream, offset, length, 0)
            while part := stream.recv(length):
                parts.append(part)
            stream.finish()
        except libvirt.libvirtError as error:
            raise self._failed(error) from error
        return b"".join(parts)

    def _failed(self, error: libvirt.libvirtError) -> Exception:
        if error.get_error_code() == libvirt.VIR_ERR_NO_STORAGE_VOL:
            return ImageError(
                f"It is in no active storage pool of {self._label}, through which it could be read",
                hint="Make its directory a pool there, or refresh the pool (virsh pool-refresh).",
            )
        kind = translated(error)
        if isinstance(kind, Disconnected) and not self._connection.isAlive():
            return kind  # a daemon for pools that libvirt's own does not reach reads alike
        if isinstance(kind, NotPermitted):
            return ImageError(f"{self._label} does not let you read its volumes: {kind.message}")
        return ImageError(f"{self._label} does not pass it on: {kind.message}")
