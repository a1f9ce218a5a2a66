"""Files of this machine, as the Backend protocol has them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from snaptui.backend.files import file_changes, file_status, file_systems, image_reader
from snaptui.backend.files.patience import Patience
from snaptui.common.errors import ImageError
from snaptui.model.image import FileSystem

if TYPE_CHECKING:
    from snaptui.model.files import EntryCopy, FileId, Inode, Openers

T = TypeVar("T")


class LocalImages:
    """A part of a backend; qemu-img and what looks at processes are loaded when needed."""

    local: bool
    _label: str
    _patience: Patience

    def _need_local(self) -> None:
        if not self.local:
            raise ImageError(f"The images of {self._label} are not on this machine.")

    def _look(self, path: str, run: Callable[[str], T]) -> T:
        self._need_local()
        if path and not path.startswith("/"):  # QEMU takes it from a directory of its own
            raise ImageError(f"{path}: its path is not absolute.")
        return self._patience.look(partial(run, path), path)

    def _may_change(self) -> None:
        """Whether the thread may still change something; Disconnected if not."""

    def _need_to_change(self) -> None:
        self._need_local()
        self._may_change()

    def real_path(self, path: str) -> str:
        """Without symbolic links; see the protocol."""
        return self._look(path, os.path.realpath) if self.local else path

    def missing_file(self, path: str) -> bool:
        """Whether it is known to be gone; see the protocol."""
        return self._look(path, file_status.missing_file)

    def file_system(self, path: str) -> FileSystem:
        """Its space; see the protocol."""
        return self._look(path, file_systems.file_system)

    def names_in(self, path: str) -> frozenset[str]:
        """What is in a directory; see the protocol."""
        return self._look(path, file_status.names_in)

    def entries_as_now(self, path: str) -> frozenset[str]:
        """The entries that the disk is as now; see the protocol."""
        return self._look(path, image_reader.entries_as_now)

    def openers(self, path: str) -> Openers:
        """Who has it open; see the protocol."""
        from snaptui.backend.files.openers import openers

        return self._look(path, openers)

    def open_beside(self, path: str, uuid: str) -> Openers:
        """Who has it open beside a domain's QEMU; see the protocol."""
        from snaptui.backend.files.openers import open_beside

        return self._look(path, partial(open_beside, uuid=uuid))

    def inodes(self, paths: Collection[str]) -> Mapping[str, Inode]:
        """Which files they are; see the protocol."""
        paths = tuple(path for path in paths if path.startswith("/"))
        if not self.local or not paths:
            return {}
        from snaptui.backend.files.birth import inodes

        with suppress(ImageError):
            return self._patience.look(partial(inodes, paths), *paths)
        return {}

    def birth(self, path: str) -> float:
        """When it was made; see the protocol."""
        from snaptui.backend.files.birth import birth

        return self._look(path, birth)

    def changed(self, path: str) -> float:
        """When it was changed last; see the protocol."""
        return self._look(path, file_status.changed)

    def unlocked(self, path: str) -> str:
        """Whether other hosts may have it open unseen; see the protocol."""
        if not self.local:
            return ""
        from snaptui.backend.files.mounts import unlocked

        return self._look(path, unlocked)

    def qemu_at(self, paths: Collection[str]) -> Mapping[str, str]:
        """Who of QEMU's tools has them open; see the protocol."""
        paths = tuple(path for path in paths if path.startswith("/"))
        if not self.local:
            return {}
        from snaptui.backend.files.openers import qemu_at

        with suppress(ImageError):
            found = self._patience.look(partial(qemu_at, paths), *paths)
            return {p: f"{one.name} (process {one.pid})" for p, one in found.items()}
        return {}

    def may_write(self, path: str) -> bool:
        """Whether it may be written to; see the protocol."""
        return self._look(path, file_status.may_write)

    def copy_size(self, path: str, entry_id: str) -> int:
        """What a copy takes; see the protocol."""
        from snaptui.backend.files import qemu_img

        return self._look(path, lambda path: qemu_img.measure(path, entry_id))

    def file_id(self, path: str) -> FileId | None:
        """Which file it is; see the protocol."""
        return self._look(path, file_status.file_id)

    def set_aside(self, path: str, aside: str, file: FileId) -> None:
        """Rename it; see the protocol."""
        self._need_to_change()
        file_changes.set_aside(path, aside, file)

    def remove_file(self, path: str, file: FileId) -> None:
        """Remove it; see the protocol."""
        self._need_to_change()
        file_changes.remove_file(path, file)

    def create_entry(self, path: str, name: str) -> None:
        """Add an entry; see the protocol."""
        self._need_to_change()
        from snaptui.backend.files import qemu_img

        qemu_img.create(path, name)

    def apply_entry(self, path: str, entry_id: str) -> None:
        """Make the disk as it was; see the protocol."""
        self._need_to_change()
        from snaptui.backend.files import qemu_img

        qemu_img.apply(path, entry_id)

    def delete_entry(self, path: str, name: str) -> None:
        """Delete an entry; see the protocol."""
        self._need_to_change()
        from snaptui.backend.files import qemu_img

        qemu_img.delete(path, name)

    def extract_entry(self, copy: EntryCopy, progress: Callable[[float], None]) -> None:
        """Copy an entry to a new file; see the protocol."""
        self._need_to_change()
        from snaptui.backend.files import qemu_img

        def still_there() -> bool:
            return copy.entry in image_reader.read_image(copy.path).snapshots

        qemu_img.extract(copy, progress, still_there)
