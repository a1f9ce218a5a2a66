"""Space on file systems, and behind the images on block devices."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from typing import BinaryIO

from snaptui.backend.files import image_file, image_reader
from snaptui.backend.files.mounts import device_name
from snaptui.common.errors import FixedSize, ImageError
from snaptui.model.image import FileSystem

NEARLY_FULL = 20
"""Below a twentieth behind the end of an image it is counted what is free inside of it."""


def file_system(path: str) -> FileSystem:
    """Space on the file system of a path, and what that is; of a block device, on itself.

    Raises:
        FixedSize: it is a device without a qcow2 image on it.
        ImageError: it cannot be known.
    """
    try:
        if stat.S_ISBLK(os.stat(path).st_mode):
            with image_file.opened(path) as f:
                space = device_space(f, path)
                return replace(space, mount=device_name(path), stale=image_file.is_locked(f))
        found = os.statvfs(path)
    except OSError as error:
        raise image_file.unreadable(path, error) from error
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
    if not image_file.is_qcow2(f):
        raise FixedSize(f"{path} is a device without a qcow2 image on it.")
    from snaptui.storage.qcow2.refcounts import Refcounts

    header, _ = image_reader.read_head(f, size)
    if header.dirty:
        raise ImageError(f"{path} was not closed: how far its image reaches is not known.")
    refcounts = Refcounts(f, size, header)
    end = refcounts.end()
    free = max(0, size - end)
    inside = refcounts.unused(end) if free * NEARLY_FULL < size else 0
    return FileSystem(path, size, free, inside, path, "block device", device=True)
