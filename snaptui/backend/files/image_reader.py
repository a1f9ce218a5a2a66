"""Image files on this machine."""

from __future__ import annotations

import fcntl
import os
import stat
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from snaptui.backend.files import backing
from snaptui.backend.files.mounts import device_name
from snaptui.common.errors import DamagedImage, FixedSize, ImageError, NoImage, NotAnImage
from snaptui.model.image import FileSystem, ImageInfo, ImageSnapshot, NoPath, NotKnown

if TYPE_CHECKING:
    from snaptui.model.files import FileId
    from snaptui.storage.qcow2.structures import Entry, Header
    from snaptui.storage.qcow2.usage import ImageUsage

_QCOW2 = b"QFI\xfb"
_BACKING = struct.Struct(">4sIQI")
"""The start of a head (QEMU docs/interop/qcow2.txt): magic, version, place and length of a name."""
_LONGEST_NAME = 1023

COMPARED = 8
"""Entries, the newest, of which it is looked whether the disk is as they are."""
NEARLY_FULL = 20
"""Below a twentieth behind the end of an image it is counted what is free inside of it."""


def read_image(path: str, *, raw: bool = False) -> ImageInfo:
    """Head and snapshot table of an image, without taking QEMU's locks.

    An image in use may change while it is read: when the head is another one afterwards, it
    is read once more.

    Args:
        raw: it is known to be raw: what a guest wrote into it is not taken for a head.

    Raises:
        ImageError: it is missing, not readable, neither file nor block device, or damaged.
    """
    with opened(path) as f:
        image, head = _read_open(f, path, allocated(f), raw=raw)
        found = os.fstat(f.fileno())
        device = stat.S_ISBLK(found.st_mode)
        return replace(
            image,
            locked=_is_locked(f),
            in_writing=_is_locked(f, (WRITES,)),
            device=device,
            written=None if device else found.st_mtime,
            changed=None if device else found.st_ctime,
            departed=None if head is None else _departed(f, *head),
        )


def read_open_image(f: BinaryIO, path: str, disk_size: int, *, raw: bool = False) -> ImageInfo:
    """The same of an image that is open, wherever it is; :func:`read_image` says the rest."""
    return _read_open(f, path, disk_size, raw=raw)[0]


def _read_open(
    f: BinaryIO, path: str, disk_size: int, *, raw: bool
) -> tuple[ImageInfo, tuple[Header, tuple[Entry, ...]] | None]:
    """With what its head says, where it has one."""
    size = f.seek(0, os.SEEK_END)
    if raw or not is_qcow2(f):
        return ImageInfo(path, "raw", size, disk_size, (), holds_qcow2=raw and is_qcow2(f)), None
    try:
        header, entries = read_head(f, size)
    except ImageError as error:
        beneath = _beneath_damaged(f, path, size)
        raise DamagedImage(f"{path}: {error.message}", hint=error.hint, beneath=beneath) from error
    image = ImageInfo(
        path=path,
        format="qcow2",
        virtual_size=header.virtual_size,
        disk_size=disk_size,
        snapshots=tuple(map(_entry, entries)),
        backing=backing.named(path, header.backing_file),
        backing_format=header.backing_format or backing.declared(header.backing_file),
        data_file=backing.named(path, header.data_file),
        encrypted=header.encrypted,
        faults=tuple(_faults(header)),
        corrupt=header.corrupt,
        bitmaps=header.bitmaps.nb_bitmaps if header.bitmaps is not None else 0,
        refcount_limit=(1 << header.refcount_bits) - 1,
    )
    return image, (header, entries)


def _beneath_damaged(f: BinaryIO, path: str, size: int) -> frozenset[str] | None:
    """What an image lies upon of which other parts are damaged; ``None``: it may be any."""
    from snaptui.storage.qcow2.reading import fetch

    try:
        start = fetch(f, size, 0, _BACKING.size, "Its head")
        _, version, offset, length = _BACKING.unpack(start)
        if version not in (2, 3) or length > _LONGEST_NAME:
            return None
        name = fetch(f, size, offset, length, "The name of its backing file") if offset else None
    except ImageError:
        return None
    named = backing.named(path, name)
    if isinstance(named, NotKnown):
        return named.files if isinstance(named, NoPath) else None
    return frozenset() if named is None else frozenset((named,))


def _departed(f: BinaryIO, header: Header, entries: tuple[Entry, ...]) -> int | None:
    """When the newest entry was made that the disk is not as any more."""
    from snaptui.storage.qcow2.sameness import compared

    size = f.seek(0, os.SEEK_END)
    newest = sorted(entries, key=lambda entry: entry.created)[-COMPARED:]
    try:
        unlike = [one.created for one in newest if compared(f, size, header, one) is False]
    except ImageError:  # it changes just now
        return None
    return max(unlike, default=None)


def entries_as_now(path: str) -> frozenset[str]:
    """IDs of the entries that the disk is as now: their L1 tables name the same clusters.

    Raises:
        ImageError: it cannot be read.
    """
    from snaptui.storage.qcow2.sameness import is_as_now

    with opened(path) as f:
        size = f.seek(0, os.SEEK_END)
        header, entries = read_head(f, size)
        return frozenset(e.id for e in entries if is_as_now(f, size, header, e))


def count_image(path: str, progress: Callable[[int, int], None]) -> ImageUsage:
    """Count what an image's clusters are used for, without taking QEMU's locks.

    What does not add up, or changed meanwhile, is read once more: the image may be in use,
    and QEMU writes its tables late.

    Args:
        progress: called with bytes read and bytes to read; what it raises ends the count.

    Raises:
        ImageError: it cannot be read or counted; says why.
    """
    from snaptui.backend.files.io_priority import idle_io
    from snaptui.backend.files.mounts import gives_back, mount_of

    with opened(path) as f, idle_io():
        settled = not _is_locked(f, (WRITES,))
        usage = count_open_image(f, path, allocated(f), progress, settled=settled)
        device = stat.S_ISBLK(os.fstat(f.fileno()).st_mode)
    return replace(usage, given_back=False if device else gives_back(mount_of(path)[1]))


_NO_NUMPY = "nothing is counted without python3-numpy, which is not installed"


def count_open_image(
    f: BinaryIO,
    path: str,
    disk_size: int,
    progress: Callable[[int, int], None],
    *,
    settled: bool = False,
) -> ImageUsage:
    """The same of an image that is open, wherever it is; :func:`count_image` says the rest.

    Args:
        settled: it is known that no QEMU writes to it.
    """
    try:  # not before it is needed: numpy takes a tenth of a second to import
        from snaptui.storage.qcow2.accounting import count
    except ImportError as error:
        if error.name != "numpy":
            raise
        raise ImageError(_NO_NUMPY) from error
    from snaptui.storage.qcow2.format import read_header
    from snaptui.storage.qcow2.usage import ImageUsage

    for last in (False, True):
        size = f.seek(0, os.SEEK_END)
        try:
            header, entries = read_head(f, size)
            if header.external_data_file:
                raise ImageError("Its data are in another file, and are not counted.")
            usage = count(f, size, header, entries, progress, settled=settled)
            steady = not usage.wrong and read_header(f, size) == header
        except ImageError:
            if last:
                raise
            continue
        if steady or last:
            return ImageUsage(
                path=path,
                entries=tuple(map(_entry, entries)),
                usage=usage,
                virtual_size=header.virtual_size,
                file_size=size,
                disk_size=disk_size,
                approximate=not steady,
                counted_at=time.time(),
                backing=backing.named(path, header.backing_file),
            )
    raise AssertionError("the second reading is the last")


def is_qcow2(f: BinaryIO) -> bool:
    """Whether it begins as a qcow2 image does."""
    f.seek(0)
    return f.read(len(_QCOW2)) == _QCOW2


def missing_file(path: str) -> bool:
    """Whether a path is known not to exist.

    Raises:
        ImageError: it cannot be known, for want of permission or for an I/O error.
    """
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        raise _unreadable(path, error) from error
    return False


def file_system(path: str) -> FileSystem:
    """Space on the file system of a path, and what that is; of a block device, on itself.

    Raises:
        FixedSize: it is a device without a qcow2 image on it.
        ImageError: it cannot be known.
    """
    try:
        if stat.S_ISBLK(os.stat(path).st_mode):
            with opened(path) as f:
                space = device_space(f, path)
                return replace(space, mount=device_name(path), stale=_is_locked(f))
        found = os.statvfs(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    if not found.f_blocks:  # some of FUSE tell nothing, which is no full one
        raise ImageError(f"{path}: its file system does not tell how large it is.")
    from snaptui.backend.files.mounts import mount_of

    size, free, to_root = (
        blocks * found.f_frsize for blocks in (found.f_blocks, found.f_bavail, found.f_bfree)
    )
    # of these ext4 keeps a 50th of the device for itself, 4,096 blocks at most (its super.c,
    # ext4_calculate_resv_clusters); f_blocks leaves out its own tables
    kept = min(found.f_blocks // 33, 4096) * found.f_frsize
    return FileSystem(path, size, free, max(0, to_root - free - kept), *mount_of(path))


def device_space(f: BinaryIO, path: str) -> FileSystem:
    """Space behind the end of the qcow2 image on a block device, wherever that is.

    Raises:
        FixedSize: there is no such image on it.
        ImageError: it cannot be known.
    """
    size = f.seek(0, os.SEEK_END)
    if not is_qcow2(f):
        raise FixedSize(f"{path} is a device without a qcow2 image on it.")
    from snaptui.storage.qcow2.refcounts import Refcounts

    header, _ = read_head(f, size)
    if header.dirty:
        raise ImageError(f"{path} was not closed: how far its image reaches is not known.")
    refcounts = Refcounts(f, size, header)
    end = refcounts.end()
    free = max(0, size - end)
    inside = refcounts.unused(end) if free * NEARLY_FULL < size else 0
    return FileSystem(path, size, free, inside, path, "block device", device=True)


def may_write(path: str) -> bool:
    """Whether this user may write to a file, and its file system lets anybody.

    Raises:
        ImageError: it cannot be known.
    """
    if missing_file(path):
        raise ImageError(f"{path}: No such file or directory.")
    return os.access(path, os.W_OK, effective_ids=True)


def file_id(path: str) -> FileId | None:
    """Which file a path names, links not followed; ``None`` when there is none.

    Raises:
        ImageError: it cannot be known.
    """
    try:
        return _file_id(os.lstat(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, error) from error


def changed(path: str) -> float:
    """When a file was changed last, links followed; seconds since the epoch.

    Raises:
        ImageError: it cannot be known.
    """
    try:
        return os.stat(path).st_ctime
    except OSError as error:
        raise _unreadable(path, error) from error


def set_aside(path: str, aside: str, file: FileId) -> None:
    """Give a file another name in its directory, which must be free, if it is the very one.

    Args:
        path, aside: without symbolic links: who may write to a directory on the way could
            lead us with one to a file of the same name elsewhere.

    Raises:
        ImageError: it is another one, the name is not free, or it cannot be renamed.
    """
    name, other = os.path.basename(path), os.path.basename(aside)
    with _folder_of(path) as folder:
        _check_file(path, file, folder)
        with suppress(FileNotFoundError):
            os.stat(other, dir_fd=folder, follow_symlinks=False)
            raise ImageError(f"{aside} is there already.")
        os.rename(name, other, src_dir_fd=folder, dst_dir_fd=folder)


def remove_file(path: str, file: FileId) -> None:
    """Remove a file, if it is the very one; the path is without symbolic links.

    Raises:
        ImageError: it is another one, or it cannot be removed.
    """
    with _folder_of(path) as folder:
        _check_file(path, file, folder)
        os.unlink(os.path.basename(path), dir_fd=folder)


@contextmanager
def _folder_of(path: str) -> Iterator[int]:
    """The directory of a file; no symbolic link on the way is followed.

    Raises:
        ImageError: it cannot be opened, or what is done there fails.
    """
    flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        folder = os.open("/", flags)
        try:
            for name in filter(None, path.split("/")[:-1]):
                above, folder = folder, os.open(name, flags, dir_fd=folder)
                os.close(above)
            yield folder
        finally:
            os.close(folder)
    except OSError as error:
        raise _unreadable(path, error) from error


def _check_file(path: str, file: FileId, folder: int) -> None:
    found = os.stat(os.path.basename(path), dir_fd=folder, follow_symlinks=False)
    if _file_id(found) != file:
        raise ImageError(f"{path} is not the file that it was.")


def _file_id(found: os.stat_result) -> FileId:
    from snaptui.model.files import FileId

    return FileId((found.st_dev, found.st_ino), found.st_size, found.st_mtime_ns, found.st_nlink)


def names_in(path: str) -> frozenset[str]:
    """What is in a directory.

    Raises:
        ImageError: it cannot be listed.
    """
    try:
        return frozenset(os.listdir(path or "/"))
    except OSError as error:
        raise _unreadable(path, error) from error


def is_qcow2_file(path: str) -> bool:
    """Whether a path names a file that begins as a qcow2 image does.

    Raises:
        ImageError: it cannot be read.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
    except OSError as error:
        raise _unreadable(path, error) from error
    with opened(path) as f:
        return is_qcow2(f)


def _entry(entry: Entry) -> ImageSnapshot:
    return ImageSnapshot(
        entry.id, entry.name, entry.created, entry.vm_state_size, entry.virtual_size
    )


def _faults(header: Header) -> Iterator[str]:
    if header.corrupt:
        yield "it is marked corrupt"
    if header.dirty:
        yield "it was not closed, so that its refcounts are stale"


def read_head(f: BinaryIO, size: int) -> tuple[Header, tuple[Entry, ...]]:
    """Head and snapshot table of a qcow2 image that may change while they are read.

    Raises:
        ImageError: it is damaged.
    """
    # not needed before the first screen is there
    from snaptui.storage.qcow2.format import read_header, read_snapshots

    for last in (False, True):
        try:
            header = read_header(f, size)
            entries = read_snapshots(f, header, size)
        except ImageError:
            if last:
                raise
        else:
            if last or read_header(f, size) == header:
                return header, entries
    raise AssertionError("the second reading is the last")


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Open a file or a block device, and nothing else, to read it.

    Raises:
        ImageError: it cannot be opened, or reading it failed.
    """
    try:
        # what an image names may be anything: to open a watchdog's device starts it
        looked_at = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            mode = os.fstat(looked_at).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
                raise NotAnImage(f"{path} is neither a file nor a block device.")
            descriptor = os.open(f"/proc/self/fd/{looked_at}", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            os.close(looked_at)
        with open(descriptor, "rb", buffering=0) as f:
            yield f
    except OSError as error:
        raise _unreadable(path, error) from error


def allocated(f: BinaryIO) -> int:
    """Bytes that an open file takes on its file system; of a device all."""
    found = os.fstat(f.fileno())
    return f.seek(0, os.SEEK_END) if stat.S_ISBLK(found.st_mode) else found.st_blocks * 512


WRITES, WRITES_ALONE = 101, 201
"""The bytes of a file that a QEMU locks while it writes, and while it lets no other write
(block/file-posix.c, RAW_LOCK_PERM_BASE and RAW_LOCK_SHARED_BASE; BLK_PERM_WRITE)."""


def _is_locked(f: BinaryIO, those: Iterable[int] = (WRITES, WRITES_ALONE)) -> bool:
    """Whether a QEMU or one of its tools keeps others from writing to an image."""
    for byte in those:
        asked = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)
        with suppress(OSError):  # a file system without locks
            found = fcntl.fcntl(f, fcntl.F_OFD_GETLK, asked)
            if struct.unpack_from("h", found)[0] != fcntl.F_UNLCK:
                return True
    return False


def _unreadable(path: str, error: OSError) -> ImageError:
    if isinstance(error, FileNotFoundError):
        return NoImage(f"{path}: {os.strerror(error.errno or 0)}.")
    denied = isinstance(error, PermissionError)
    hint = "This user may not do that with it (ls -l says who may)." if denied else ""
    return ImageError(f"{path}: {os.strerror(error.errno or 0)}.", hint=hint)
