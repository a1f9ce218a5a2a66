"""Images of a host: files of this machine, or volumes of another."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

from snaptui.backend.files import file_systems, image_counter, image_reader
from snaptui.backend.files.local_files import LocalImages
from snaptui.common.errors import ImageError
from snaptui.model.image import FileSystem, ImageInfo
from snaptui.storage.qcow2.usage import ImageUsage, Overlap

if TYPE_CHECKING:
    from snaptui.backend.files.overlaps import OpenImage
    from snaptui.backend.virt.volumes import VolumeFile
    from snaptui.storage.disk_then import Stack

T = TypeVar("T")
SERVED = frozenset({"gluster", "netfs"})
"""Types of pools that have their files from a server (storage.html)."""


class HostImages(LocalImages):
    """A part of a backend."""

    @abstractmethod
    def _volume(self, path: str) -> VolumeFile:
        """The image of another host that is read through its pool."""

    @abstractmethod
    def _pool_kind(self, folder: str) -> str:
        """The type of the pool of a directory; NotFound when there is none."""

    @abstractmethod
    def _once(self, what: Hashable, call: Callable[[], T]) -> T:
        """The answer that was given in this reading, or that is given now."""

    def image(self, path: str, *, raw: bool = False) -> ImageInfo:
        """Head and snapshot table; see the protocol."""
        return self._once(("image", path, raw), lambda: self._read_image(path, raw=raw))

    def _read_image(self, path: str, *, raw: bool) -> ImageInfo:
        if self.local:
            return self._look(path, partial(image_reader.read_image, raw=raw))
        volume = self._volume(path)
        file = cast("BinaryIO", volume)
        image = image_reader.read_open_image(file, path, volume.disk_size, raw=raw)
        return replace(image, device=volume.device)

    def count_image(self, path: str, progress: Callable[[int, int], None]) -> ImageUsage:
        """Count its clusters; see the protocol."""
        if self.local:
            return self._look(path, partial(image_counter.count_image, progress=progress))
        volume = self._volume(path)
        file = cast("BinaryIO", volume)
        usage = image_counter.count_open_image(file, path, volume.disk_size, progress)
        return replace(usage, given_back=False) if volume.device else usage

    def overlap(self, path: str, progress: Callable[[int, int], None], depth: int = 1) -> Overlap:
        """Compare an overlay with what lies beneath; see the protocol."""
        from snaptui.backend.files import overlaps

        if not self.local:
            return overlaps.overlap(path, progress, depth, self._far)
        paths, raw = [path], False
        while len(paths) <= depth:
            image = self.image(paths[-1], raw=raw)
            if not isinstance(image.backing, str):
                break
            paths.append(image.backing)
            raw = image.backing_format == "raw"
        return self._patience.look(partial(overlaps.overlap, path, progress, depth), *paths)

    def difference(self, one: Stack, other: Stack, progress: Callable[[int, int], None]) -> int:
        """Compare two times of a disk; see the protocol."""
        try:
            from snaptui.backend.files import differences
        except ImportError as error:
            if error.name != "numpy":
                raise
            raise ImageError(image_counter.NO_NUMPY) from error
        if not self.local:
            return differences.difference(one, other, progress, self._far)
        paths = [at.path for at in (*one, *other)]
        return self._patience.look(partial(differences.difference, one, other, progress), *paths)

    def on_several_hosts(self, path: str) -> bool | None:
        """By the type of its file system or pool; see the protocol."""
        if self.local:
            from snaptui.backend.files import mounts

            return self._look(path, mounts.on_several_hosts)
        return True if self._pool_kind(path.rpartition("/")[0]) in SERVED else None

    def pool_space(self, path: str) -> FileSystem:
        """The pool's figures; see the protocol."""
        volume = self._volume(path)
        if volume.device:
            return replace(file_systems.device_space(cast("BinaryIO", volume), path), stale=True)
        return volume.pool()

    @contextmanager
    def _far(self, path: str) -> Iterator[OpenImage]:
        from snaptui.backend.files.overlaps import OpenImage

        volume = self._volume(path)
        yield OpenImage(cast("BinaryIO", volume), volume.disk_size, None)
