"""Reads what the preview of a file shows: facts, then a part of its content."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Iterator

from snaptui.common import text
from snaptui.common.errors import SnaptuiError
from snaptui.common.threads import begun
from snaptui.guest_files.opened import GuestFiles
from snaptui.model.guest_file import FileType, GuestFile
from snaptui.ui.format import Glyphs
from snaptui.ui.panes.file_preview import Laid, Piece, laid_out, part_words
from snaptui.ui.panes.lines import Line

FIRST, PART = 64 << 10, 1 << 20
"""Bytes that are read of a file under the cursor, and of one that is looked into."""

LONG = 30
"""Characters of a name that the list may cut."""

Shown = tuple[tuple[Line, ...], Laid, bool]
"""The facts, the content, and whether it is of the same part as before."""


class Previewing:
    """Of one file at a time.

    Args:
        keys: those that turn to the next and to the previous part, for people.

    Attributes:
        wanted: text that is searched for; empty for none.
        attributes: whether the extended attributes are shown.
    """

    def __init__(self, glyphs: Glyphs, keys: str) -> None:
        self._glyphs = glyphs
        self._keys = keys
        self._path = ""
        self._offset, self._limit = 0, FIRST
        self._shown = 0
        self._piece: Piece | None = None
        self.wanted = ""
        self.attributes = False

    def forget(self) -> None:
        """Read it again: it is of another file system, or of another time."""
        self._path, self._piece = "", None

    def read_more(self, file: GuestFile | None) -> bool:
        """Read as much of it as is shown at most; whether that is more."""
        if file is None or self._limit == PART:
            return False
        self._limit = PART
        if file.size <= FIRST:
            return False
        self._piece = None
        return True

    def turn(self, file: GuestFile, by: int) -> bool:
        """Go to the next (1) or the previous (-1) part; whether there is another one."""
        parts = -(-file.size // PART)
        if file.type is not FileType.FILE or parts < 2:
            return False
        self._offset = (self._offset // PART + by) % parts * PART
        self._limit, self._piece = PART, None
        return True

    async def read(
        self, files: GuestFiles, path: str, file: GuestFile, width: int
    ) -> AsyncIterator[Shown]:
        """What is known of it so far, and then all.

        Args:
            width: cells of a line of text.
        """
        same = path == self._path
        facts = facts_of(file)
        if not same:
            self._path, self._piece = path, None
            self._offset, self._limit = 0, FIRST
            yield facts, Laid(), False
        laid = Laid()
        try:
            if self.attributes:
                facts += tuple(_attribute_lines(await files.attributes(path)))
            if file.type is FileType.FILE and file.size:
                if (piece := self._piece) is None:
                    data = await files.read(path, self._offset, self._limit)
                    piece = self._piece = Piece(self._offset, data)
                if words := part_words(piece.offset, len(piece.data), file.size):
                    facts += (("Part", f"{words}  ({self._keys})"),)
                glyphs = self._glyphs
                laid = await asyncio.wrap_future(begun(lambda: laid_out(piece, width, glyphs)))
        except SnaptuiError as error:
            facts += (("Error", f"{error.message} {error.hint}".strip()),)
        same, self._shown = same and self._shown == self._offset, self._offset
        yield facts, laid, same


def facts_of(file: GuestFile) -> tuple[Line, ...]:
    """Label and value; the values are hostile text."""
    return tuple(_facts(file))


def _facts(file: GuestFile) -> Iterator[Line]:
    if len(file.name) > LONG:
        yield "Name", file.name
    words = [
        f"mode {stat.S_IMODE(file.mode):04o}",
        f"owner {file.owner}:{file.group}",
    ]
    if file.type is FileType.FILE:
        exact = f" ({file.size:,} B)" if file.size >= 1024 else ""
        words.append(text.size(file.size) + exact)
        if file.links > 1:
            words.append(f"{file.links} names")
    yield file.type.value.capitalize(), ", ".join(words)
    if file.type is FileType.LINK:
        yield "Target", file.target
    modified, changed = (
        text.when(moment // 10**9, zone=True, seconds=True)
        for moment in (file.modified, file.changed)
    )
    yield "Modified", modified if changed == modified else f"{modified}, inode {changed}"


def _attribute_lines(attributes: tuple[tuple[str, bytes], ...]) -> Iterator[Line]:
    for name, value in attributes:
        trimmed = value.removesuffix(b"\0")
        yield (
            name,
            trimmed.decode()
            if trimmed.isascii() and trimmed.decode().isprintable()
            else (value.hex(" ")),
        )
    if not attributes:
        yield "Attributes", "none"
