"""Where one is in the files of a guest, and where paths and links lead."""

from __future__ import annotations

import posixpath
from collections import deque

from snaptui.guest_files.errors import GuestFilesError
from snaptui.model.guest_file import FileType, GuestFile, GuestSystem
from snaptui.ui.panes.guest_files import is_folder
from snaptui.ui.screens.opening import Opening

PLACES = ("/etc", "/var/log", "/home", "/root")
WINDOWS_PLACES = ("/Users", "/Windows/System32/config", "/Windows/System32/winevt/Logs")
LINKS = 40
"""Links that are followed one after the other, as Linux does."""


class Walking:
    """One folder at a time.

    Attributes:
        folder: absolute path; empty before the first one was read.
    """

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self.folder = ""

    @property
    def places(self) -> tuple[str, ...]:
        """Folders that are often wanted."""
        return (*(WINDOWS_PLACES if self._windows is not None else PLACES), "/")

    @property
    def _windows(self) -> GuestSystem | None:
        mounted = self._opening.mounted
        return mounted if isinstance(mounted, GuestSystem) and mounted.windows else None

    def path_of(self, file: GuestFile | None) -> str:
        """Of an entry of the folder; of the folder itself for none."""
        return posixpath.join(self.folder, file.name) if file is not None else self.folder

    def shown(self, path: str) -> str:
        """A path as the guest's people write it."""
        if (system := self._windows) is None:
            return path
        drive = next((letter for letter, device in system.drives if device == system.root), "")
        return f"{drive}:{path}" if drive else path

    def typed(self, path: str) -> str:
        """The absolute path of one that was typed; never above the root."""
        return _joined(self.folder or "/", path)

    async def read(self, folder: str) -> tuple[GuestFile, ...]:
        """What is in a folder.

        Raises:
            GuestFilesError: it cannot be read.
        """
        files = self._opening.files
        if files is None:
            raise GuestFilesError("Nothing is open.")
        return await files.list(folder)

    async def led(self, path: str) -> tuple[str, str]:
        """Where a path leads: a folder, and a name in it; an empty one for the folder itself.

        Every link on the way is followed within the guest, as its kernel would: what finds files
        in the appliance would take its own root for that of the guest.

        Raises:
            GuestFilesError: there is nothing.
        """
        files = self._opening.files
        if files is None:
            raise GuestFilesError("Nothing is open.")
        due, reached, links, folder = _parts(path), "/", 0, True
        while due:
            part = due.popleft()
            if part == "..":
                reached, folder = posixpath.dirname(reached), True
                continue
            file = await files.stat(posixpath.join(reached, part))
            if file.type is not FileType.LINK:
                reached, folder = posixpath.join(reached, part), is_folder(file)
                continue
            links += 1
            if links > LINKS:
                raise GuestFilesError(f"{path} leads through too many symbolic links.")
            due.extendleft(reversed(_parts(file.target)))
            reached = "/" if file.target.startswith("/") else reached
        if folder:
            return reached, ""
        above, name = posixpath.split(reached)
        return above, name


def _parts(path: str) -> deque[str]:
    return deque(part for part in path.split("/") if part not in ("", "."))


def _joined(folder: str, path: str) -> str:
    return posixpath.normpath("/" + posixpath.join(folder, path).lstrip("/"))
