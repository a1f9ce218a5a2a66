"""What can be done with the file under the cursor: a copy of it here, or in the running guest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from snaptui.common.errors import SnaptuiError
from snaptui.model.domain import Domain
from snaptui.model.guest_file import FileType, GuestFile
from snaptui.ui.format import Glyphs
from snaptui.ui.screens.opening import Opening

if TYPE_CHECKING:
    from snaptui.ui.dialogs.dialog import Dialog

Ask = Callable[["Dialog[str]"], Awaitable[str | None]]
"""Shows a dialog, and waits for how it ended."""


class FileActions:
    """Each returns what is to be said; nothing where the dialog was left."""

    def __init__(self, opening: Opening, ask: Ask, glyphs: Glyphs) -> None:
        self._opening, self._ask, self._glyphs = opening, ask, glyphs

    async def copy_out(self, path: str, file: GuestFile) -> str:
        """Copy a file or folder to this machine."""
        from snaptui.ui.dialogs.copy_out import CopyOutDialog

        files, worker = self._opening.files, self._opening.when.session.worker
        if files is None:
            return ""
        return await self._ask(CopyOutDialog(files, worker, path, file, self._glyphs)) or ""

    async def put_in(self, path: str, file: GuestFile) -> str:
        """Put a copy of a file into the guest as it runs now."""
        from snaptui.guest_files.agent import RunningGuest
        from snaptui.guest_files.put_in import place_of
        from snaptui.ui.dialogs.put_in import PutInDialog

        session, of = self._opening.when.session, self._opening.when.of
        files, mounted = self._opening.files, self._opening.mounted
        if files is None or mounted is None:
            return ""
        if session.read_only:
            return "Read-only: snaptui changes nothing on this host."
        if not isinstance(of, Domain):
            return "No domain uses this image: there is no guest to put the file into."
        if file.type is not FileType.FILE:
            return f"Only a file can be put into the guest; this is a {file.type.value}."
        try:
            place = await place_of(files, mounted, path)
        except SnaptuiError as error:
            return error.message
        guest = RunningGuest(session.backend, session.worker, of.key, of.name)
        dialog = PutInDialog(files, guest, path, file, place, self._glyphs)
        return await self._ask(dialog) or ""
