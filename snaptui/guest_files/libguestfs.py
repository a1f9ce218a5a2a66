"""libguestfs by its C interface (guestfs(3), 1.40 and newer), as far as it is needed to read.

By the library and not by its Python module: that is there for the distribution's Python alone,
and takes and gives no name that is not UTF-8. Loading it needs what Debian calls libguestfs0 and
Fedora libguestfs.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Sequence
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any

LIBRARY = "libguestfs.so.0"

_STRINGS = POINTER(c_char_p)
_STATNS = (
    "dev ino mode nlink uid gid rdev size blksize blocks"
    " atime atime_ns mtime mtime_ns ctime ctime_ns spare1 spare2 spare3 spare4 spare5 spare6"
)
MOST_READ = 1 << 20
"""Bytes of one read: an answer of the appliance is no longer than 4 MiB (guestfs(3), PROTOCOL
LIMITS)."""


class LibguestfsError(Exception):
    """What libguestfs, or a program in its appliance, says is wrong."""


class Statns(ctypes.Structure):
    """``struct guestfs_statns``; times in seconds and nanoseconds."""

    _fields_ = [(name, c_int64) for name in _STATNS.split()]


class _StatnsList(ctypes.Structure):
    _fields_ = [("length", c_uint32), ("values", POINTER(Statns))]


class _Xattr(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("length", c_uint32), ("value", POINTER(ctypes.c_char))]


class _XattrList(ctypes.Structure):
    _fields_ = [("length", c_uint32), ("values", POINTER(_Xattr))]


class _AddDrive(ctypes.Structure):
    """``struct guestfs_add_drive_opts_argv``; a bit for each member that is given, in order."""

    _fields_ = [
        ("bitmask", c_uint64),
        ("readonly", c_int),
        ("format", c_char_p),
        ("iface", c_char_p),
        ("name", c_char_p),
        ("label", c_char_p),
        ("protocol", c_char_p),
        ("server", _STRINGS),
        ("username", c_char_p),
        ("secret", c_char_p),
        ("cachemode", c_char_p),
        ("discard", c_char_p),
        ("copyonread", c_int),
        ("blocksize", c_int),
    ]


class _CryptsetupOpen(ctypes.Structure):
    """``struct guestfs_cryptsetup_open_argv``."""

    _fields_ = [
        ("bitmask", c_uint64),
        ("readonly", c_int),
        ("crypttype", c_char_p),
        ("cipher", c_char_p),
    ]


LOCKED = (b"crypto_LUKS", b"BitLocker")
"""What blkid calls the volumes that a passphrase opens."""

_READONLY, _FORMAT, _PROTOCOL, _SERVER = 1 << 0, 1 << 1, 1 << 5, 1 << 6


class Libguestfs:
    """One handle. Calls block, and raise :class:`LibguestfsError`; names and paths are bytes.

    Raises:
        OSError: the library is not there.
    """

    def __init__(self) -> None:
        self._library = ctypes.CDLL(LIBRARY)
        self._free = ctypes.CDLL(None).free
        self._free.argtypes = [c_void_p]
        for name in ("create", "last_error"):
            self._of(name).restype = c_void_p if name == "create" else c_char_p
        self._handle = c_void_p(self._of("create")())
        if not self._handle:
            raise LibguestfsError("libguestfs made no handle")
        self._of("set_error_handler")(self._handle, None, None)

    def set_backend(self, *, emulate: bool, memory: int) -> None:
        """QEMU without libvirt, a network or more than one processor.

        Args:
            emulate: without KVM.
            memory: MiB of the appliance.
        """
        self._do("set_backend", b"direct")
        self._do("set_network", 0)
        self._do("set_autosync", 0)
        self._do("set_smp", 1)
        self._do("set_memsize", memory)
        if emulate:
            self._do("set_backend_setting", b"force_tcg", b"1")

    def set_hypervisor(self, path: bytes) -> None:
        """Which program is run as QEMU."""
        self._do("set_hv", path)

    def cache_directory(self) -> bytes:
        """Where the directory with the appliance is, of which the name has the user's ID."""
        return self._text("get_cachedir")

    def add_scratch(self) -> None:
        """An empty disk: libguestfs starts nothing without one."""
        self._do("add_drive_scratch_argv", c_int64(1 << 20), None)

    def add_nbd(self, socket: bytes) -> None:
        """A disk that a server on a Unix socket gives the bytes of."""
        server = (c_char_p * 2)(b"unix:" + socket, None)
        options = _AddDrive(
            bitmask=_READONLY | _FORMAT | _PROTOCOL | _SERVER,
            readonly=1,
            format=b"raw",
            protocol=b"nbd",
            server=ctypes.cast(server, _STRINGS),
        )
        self._do("add_drive_opts_argv", b"", ctypes.byref(options))

    def launch(self) -> None:
        """Build the appliance where it is not built yet, and start it."""
        self._do("launch")

    def file_systems(self) -> dict[bytes, bytes]:
        """All that may be a file system: device, and its type or ``unknown``."""
        return _pairs(self._texts("list_filesystems"))

    def locked(self) -> dict[bytes, bytes]:
        """What holds a file system behind a passphrase, of which ``list_filesystems`` says nothing
        (guestfs(3): it leaves out what is a container): device, and which of :data:`LOCKED`."""
        places = ("list_devices", "list_partitions", "lvs")
        types = {device: self._type(device) for place in places for device in self._texts(place)}
        return {device: kind for device, kind in types.items() if kind in LOCKED}

    def _type(self, device: bytes) -> bytes:
        try:
            return self._text("vfs_type", device)
        except LibguestfsError:  # nothing that is known
            return b""

    def devices(self) -> tuple[bytes, ...]:
        """The disks, in the order in which they were added."""
        return self._texts("list_devices")

    def device_size(self, device: bytes) -> int:
        """Bytes."""
        return self._number("blockdev_getsize64", device)

    def label(self, device: bytes) -> bytes:
        """Of a file system; empty without one."""
        return self._text("vfs_label", device)

    def disk_of(self, device: bytes) -> int:
        """Which of the disks that were added a partition, or a whole disk, is of; from 0."""
        with contextlib.suppress(LibguestfsError):  # a whole disk
            device = self._text("part_to_dev", device)
        return self._number("device_index", device, result=c_int)

    def inspect(self) -> tuple[bytes, ...]:
        """Devices of the roots of the operating systems that were found."""
        return self._texts("inspect_os")

    def inspected(self, what: str, root: bytes) -> bytes:
        """``type``, ``product_name``, ``hostname``, ``distro`` of a root that was inspected."""
        return self._text(f"inspect_get_{what}", root)

    def mountpoints(self, root: bytes) -> dict[bytes, bytes]:
        """Mount point and device, of a root that was inspected."""
        return _pairs(self._texts("inspect_get_mountpoints", root))

    def drives(self, root: bytes) -> dict[bytes, bytes]:
        """Letter and device of Windows' drives, of a root that was inspected."""
        return _pairs(self._texts("inspect_get_drive_mappings", root))

    def mount(self, device: bytes, point: bytes) -> None:
        """Mount a device so that nothing in it changes."""
        self._do("mount_ro", device, point)

    def unmount_all(self) -> None:
        """Unmount all that is mounted."""
        self._do("umount_all")

    def unlock(self, device: bytes, passphrase: bytes, name: bytes) -> None:
        """Open a LUKS or BitLocker volume as ``/dev/mapper/NAME``, and the volume groups on it."""
        options = _CryptsetupOpen(bitmask=_READONLY, readonly=1)
        self._do("cryptsetup_open_argv", device, passphrase, name, ctypes.byref(options))
        self._do("lvm_scan", 1)

    def names(self, folder: bytes, into: bytes) -> None:
        """Write the names in a directory to a file of this machine, each with a NUL behind it."""
        self._do("ls0", folder, into)

    def names_below(self, folder: bytes, into: bytes) -> None:
        """The same of all below it, by path from there."""
        self._do("find0", folder, into)

    def status(self, path: bytes, *, follow: bool = False) -> Statns:
        """Of one path."""
        call = self._of("statns" if follow else "lstatns")
        call.restype = POINTER(Statns)
        found = call(self._handle, path)
        if not found:
            raise self._error()
        copy = Statns.from_buffer_copy(found.contents)
        self._free(found)
        return copy

    def statuses(self, folder: bytes, names: Sequence[bytes]) -> list[Statns]:
        """Of names in a directory, in their order; ``ino`` is -1 where one is not there."""
        call = self._of("lstatnslist")
        call.restype = POINTER(_StatnsList)
        found = call(self._handle, folder, _strings(names))
        if not found:
            raise self._error()
        some = found.contents
        copies = [Statns.from_buffer_copy(some.values[at]) for at in range(some.length)]
        self._of("free_statns_list")(found)
        return copies

    def targets(self, folder: bytes, names: Sequence[bytes]) -> tuple[bytes, ...]:
        """Where symbolic links in a directory point, in their order."""
        return self._texts("readlinklist", folder, _strings(names))

    def read(self, path: bytes, offset: int, size: int) -> bytes:
        """At most :data:`MOST_READ` bytes of a file; fewer at its end."""
        call = self._of("pread")
        call.restype = c_void_p
        length = c_size_t()
        wanted = min(size, MOST_READ)
        found = call(self._handle, path, wanted, c_int64(offset), ctypes.byref(length))
        if not found:
            raise self._error()
        try:
            return ctypes.string_at(found, length.value)
        finally:
            self._free(found)

    def attributes(self, path: bytes) -> list[tuple[bytes, bytes]]:
        """Extended attributes of a path that is not followed: name and value."""
        call = self._of("lgetxattrs")
        call.restype = POINTER(_XattrList)
        found = call(self._handle, path)
        if not found:
            raise self._error()
        some = found.contents
        values = [some.values[at] for at in range(some.length)]
        copies = [(one.name, ctypes.string_at(one.value, one.length)) for one in values]
        self._of("free_xattr_list")(found)
        return copies

    def sha256(self, path: bytes) -> bytes:
        """Of a file, in hexadecimal."""
        return self._text("checksum", b"sha256", path)

    def _do(self, name: str, *arguments: Any) -> None:
        self._number(name, *arguments, result=c_int)

    def _number(self, name: str, *arguments: Any, result: Any = c_int64) -> int:
        call = self._of(name)
        call.restype = result
        found: int = call(self._handle, *arguments)
        if found == -1:
            raise self._error()
        return found

    def _text(self, name: str, *arguments: Any) -> bytes:
        call = self._of(name)
        call.restype = c_void_p
        found = call(self._handle, *arguments)
        if not found:
            raise self._error()
        try:
            return ctypes.string_at(found)
        finally:
            self._free(found)

    def _texts(self, name: str, *arguments: Any) -> tuple[bytes, ...]:
        call = self._of(name)
        call.restype = POINTER(c_void_p)
        found = call(self._handle, *arguments)
        if not found:
            raise self._error()
        texts: list[bytes] = []
        while (one := found[len(texts)]) is not None:
            texts.append(ctypes.string_at(one))
            self._free(one)
        self._free(found)
        return tuple(texts)

    def _of(self, name: str) -> Any:
        return getattr(self._library, f"guestfs_{name}")

    def _error(self) -> LibguestfsError:
        said = self._of("last_error")(self._handle) or b"no reason given"
        return LibguestfsError(os.fsdecode(said))


def _strings(texts: Sequence[bytes]) -> Any:
    return (c_char_p * (len(texts) + 1))(*texts, None)


def _pairs(texts: tuple[bytes, ...]) -> dict[bytes, bytes]:
    return dict(zip(texts[::2], texts[1::2], strict=True))
