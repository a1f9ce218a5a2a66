"""Compares the files of a domain at two times: one appliance after the other reads them."""

from __future__ import annotations

import asyncio
import posixpath
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from snaptui.common import text
from snaptui.common.threads import begun
from snaptui.guest_files.changes import Branch, Change, ChangeTree, FileChange, compared
from snaptui.guest_files.errors import GuestFilesError
from snaptui.guest_files.opened import GuestFiles
from snaptui.model.guest_file import FileType, GuestFile
from snaptui.ui.format import Glyphs
from snaptui.ui.screens.opening import Ask, Mounted, Opening, When

if TYPE_CHECKING:
    from snaptui.guest_files.appliances import Appliances

LARGEST = 1 << 20
"""Bytes of a file whose lines are compared."""
BESIDE, BESIDE_SIZE = 200, 64 << 10
"""Other changed files of its folder that are read with one, and bytes of each: the next one that
is looked at needs no other appliance then."""
KEPT = 64 << 20
"""Bytes of files that are kept for the next look at their lines."""
SLICE = 500
"""Changes that are taken in between two looks at the keys."""

Trees = Mapping[str, Mapping[str, GuestFile]]
"""By name of a folder, all below it; by the empty name, what is in the folder compared."""


class FileComparing:
    """Keeps :attr:`tree`; all it does, it does in one task at a time.

    Args:
        what: the system or volume that is compared; ``None`` to have it chosen.
        folder: absolute path in it.
        starts: the side (0 or 1) that is read first: that whose appliance runs.
        on_change: called on the loop after each step.

    Attributes:
        tree: what was compared so far.
        finished: whether all of it was compared by its metadata.
    """

    def __init__(
        self,
        sides: tuple[When, When],
        what: Mounted | None,
        folder: str,
        starts: int,
        appliances: Appliances,
        ask: Ask,
        on_change: Callable[[], None],
        glyphs: Glyphs,
    ) -> None:
        self.sides = sides
        self.folder = folder
        self._what = what
        self._starts = starts
        self._turns = (0, 1)
        self._on_change = on_change
        self._openings = tuple(Opening(side, appliances, ask, on_change, glyphs) for side in sides)
        self._opened: Opening | None = None
        self._doing, self._since = "", 0.0
        self._texts: tuple[dict[str, bytes], dict[str, bytes]] = ({}, {})
        self.tree = ChangeTree()
        self.finished = False

    @property
    def progress(self) -> str:
        """What is being done; empty when nothing is."""
        if (opening := self._opened) is not None:
            return f"{opening.when.snapshot or 'now'}: {opening.progress}"
        if not self._doing:
            return ""
        return f"{self._doing} ... {int(time.monotonic() - self._since)} s"

    async def leave(self, kept: GuestFiles | None) -> None:
        """Whoever looked has left.

        Args:
            kept: what another screen looks at still.
        """
        for opening in self._openings:
            if opening.files is None or opening.files is not kept:
                await opening.leave()

    async def walk(self) -> None:
        """Read all below the folder at both times, and compare it.

        Raises:
            SnaptuiError: one of them cannot be read.
        """
        self._turns = first, second = (1, 0) if self._starts else (0, 1)
        try:
            trees = {name: tree async for name, tree in self._walked(first)}
            async for name, tree in self._walked(second):
                await self._put(trees.pop(name, {}), tree, name)
            for name, tree in trees.items():
                await self._put(tree, {}, name)
            self.finished = True
        finally:
            self._do("")

    async def _walked(self, side: int) -> AsyncIterator[tuple[str, Mapping[str, GuestFile]]]:
        files = await self._files(side)
        self._say(side, f"reading {self.folder}")
        if self.folder != "/":
            above, name = posixpath.split(self.folder)
            entries = {one.name: one.type for one in await files.list(above)}
            if entries.get(name) is FileType.DIRECTORY:
                yield "", await files.tree(self.folder)
            return
        entries_of_root = await files.list("/")
        yield "", {one.name: one for one in entries_of_root}
        for one in entries_of_root:
            if one.type is FileType.DIRECTORY:
                self._say(side, f"reading /{one.name}")
                yield one.name, await files.tree(f"/{one.name}")

    async def _put(
        self, first: Mapping[str, GuestFile], second: Mapping[str, GuestFile], folder: str
    ) -> None:
        one, other = (second, first) if self._starts else (first, second)
        found = begun(lambda: list(compared(one, other, folder)))
        await self._take(await asyncio.wrap_future(found))

    async def _take(self, changes: list[FileChange]) -> None:
        for at in range(0, len(changes), SLICE):
            for change in changes[at : at + SLICE]:
                self.tree.put(change)
            await asyncio.sleep(0)
        self._on_change()

    async def hash(self, changes: Iterable[FileChange]) -> None:
        """Compare the contents of files that are there at both times.

        Raises:
            SnaptuiError: an appliance cannot be started.
        """
        due = [change for change in changes if change.hashable and change.equal is None]
        known: dict[str, str] = {}
        self._turns = first, second = self._order
        try:
            async for change, found in self._hashed(first, due):
                known[change.path] = found
            async for change, found in self._hashed(second, due):
                if change.path in known:
                    equal = known[change.path] == found
                    await self._take([_with(change, equal)])
        finally:
            self._do("")

    async def _hashed(
        self, side: int, due: list[FileChange]
    ) -> AsyncIterator[tuple[FileChange, str]]:
        files = await self._files(side)
        for number, change in enumerate(due):
            self._say(side, f"hashing {number + 1:,} of {text.count(len(due), 'file')}")
            try:
                yield change, await files.sha256(self._absolute(change.path))
            except GuestFilesError:
                if self._openings[side].ended:
                    raise  # else one that cannot be read stays not compared

    async def contents(self, change: FileChange) -> tuple[bytes | None, bytes | None]:
        """What a file holds at both times; ``None`` where it is not there.

        Raises:
            SnaptuiError: it cannot be read, or is too large.
        """
        self._check(change)
        if sum(len(data) for side in self._texts for data in side.values()) > KEPT:
            self._texts = ({}, {})
        try:
            self._turns = self._order
            for side in self._turns:
                if _at(change, side) is not None and change.path not in self._texts[side]:
                    await self._read(side, change)
        finally:
            self._do("")
        one, other = (
            self._texts[side].get(change.path) if _at(change, side) is not None else None
            for side in (0, 1)
        )
        return one, other

    def _check(self, change: FileChange) -> None:
        for file in (change.one, change.other):
            if file is not None and (file.type is not FileType.FILE or file.size > LARGEST):
                why = (
                    f"it is larger than {text.size(LARGEST)}"
                    if file.type is FileType.FILE
                    else f"it is a {file.type.value}"
                )
                raise GuestFilesError(f"The lines of {change.name} are not compared: {why}.")

    async def _read(self, side: int, change: FileChange) -> None:
        """Read a file, and other changed ones of its folder."""
        files = await self._files(side)
        self._say(side, f"reading {change.path}")
        path = self._absolute(change.path)
        self._texts[side][change.path] = await files.read(path, 0, LARGEST)
        for beside in self._beside(change):
            file = _at(beside, side)
            known = beside.path in self._texts[side]
            if file is not None and file.size <= BESIDE_SIZE and not known:
                path = self._absolute(beside.path)
                self._texts[side][beside.path] = await files.read(path, 0, BESIDE_SIZE)

    def _beside(self, change: FileChange) -> list[FileChange]:
        folder = self.tree.branch(change.path.rpartition("/")[0])
        plain = FileType.FILE
        return [
            one
            for one in folder.files.values()
            if one.kind in (Change.ADDED, Change.REMOVED, Change.CHANGED)
            and all(file is None or file.type is plain for file in (one.one, one.other))
        ][:BESIDE]

    @property
    def _order(self) -> tuple[int, int]:
        """The side whose appliance runs first."""
        return (0, 1) if self._openings[0].usable else (1, 0)

    async def _files(self, side: int) -> GuestFiles:
        """The files of a side; the appliance of the other one ends."""
        opening = self._openings[side]
        if not opening.usable:
            self._opened = opening
            try:
                await self._open(opening)
            finally:
                self._opened = None
        assert opening.files is not None
        return opening.files

    async def _open(self, opening: Opening) -> None:
        if self._what is not None:
            await opening.open_like(self._what)
            return
        await opening.open()
        if not await opening.choose():
            raise GuestFilesError("Nothing was chosen to compare.")
        self._what = opening.mounted

    def _absolute(self, path: str) -> str:
        return posixpath.join(self.folder, path)

    def _say(self, side: int, words: str) -> None:
        which = "first" if side == self._turns[0] else "second"
        self._do(f"{self.sides[side].snapshot or 'now'}, {which} of two: {words}")

    def _do(self, words: str) -> None:
        self._doing, self._since = words, time.monotonic()
        self._on_change()


def _at(change: FileChange, side: int) -> GuestFile | None:
    return change.other if side else change.one


def _with(change: FileChange, equal: bool) -> FileChange:
    return FileChange(change.path, change.one, change.other, equal)


def below(branch: Branch) -> list[FileChange]:
    """All files below a folder that are not compared yet."""
    return [change for change in branch.below() if change.kind is Change.NOT_COMPARED]
