"""Which files differ below a folder of a guest, at two times."""

from __future__ import annotations

import asyncio
import posixpath
import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING, ClassVar, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.timer import Timer
from textual.widgets import Input, Static

from snaptui.common.errors import SnaptuiError
from snaptui.common.threads import begun
from snaptui.common.worker import start
from snaptui.guest_files.changes import Change, FileChange
from snaptui.operations.operation import on_host
from snaptui.ui import keymap
from snaptui.ui.action import Scope
from snaptui.ui.background import background
from snaptui.ui.closing import Closing, is_there, put
from snaptui.ui.key_line import KeyLine, keys_of_scope
from snaptui.ui.panes.file_changes import ChangeList, grown_words
from snaptui.ui.panes.file_diff import diff_lines
from snaptui.ui.panes.row_list import RowList
from snaptui.ui.screens.comparing_files import FileComparing, below
from snaptui.ui.screens.opening import Mounted, When
from snaptui.ui.screens.text import TextScreen
from snaptui.ui.terminal import clipboard
from snaptui.ui.terminal.safe_input import Field

if TYPE_CHECKING:
    from snaptui.guest_files.opened import GuestFiles
    from snaptui.ui.context import Context
    from snaptui.ui.dialogs.dialog import Dialog

T = TypeVar("T")

SETTLE = 0.3
"""Seconds between two drawings of the tree while it fills, or is looked through."""


class ChangesScreen(Closing[None]):
    """A tree that fills while the appliances read.

    Args:
        sides: the earlier time, and the later one.
        what: what is compared of the disks; ``None`` to have it chosen.
        folder: absolute path in it.
        kept: which of the sides (0 or 1) another screen looks at, and goes on to.
    """

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Scope.CHANGES)
    AUTO_FOCUS = "#changes"

    def __init__(
        self,
        context: Context,
        sides: tuple[When, When],
        what: Mounted | None,
        folder: str,
        kept: tuple[int, GuestFiles] | None = None,
    ) -> None:
        super().__init__()
        starts, files = kept if kept is not None else (0, None)
        self._kept = files
        self.context, self._glyphs = context, context.glyphs
        self._comparing = FileComparing(
            sides,
            what,
            folder,
            starts,
            context.appliances(),
            self._wait_for,
            self._changed,
            self._glyphs,
        )
        self._said = ""
        self._drawn = 0.0
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Title, headings, the tree, answers, the filter, the keys."""
        yield Static(id="header", markup=False)
        yield Static(id="changes-heading", classes="heading", markup=False)
        yield ChangeList(self._glyphs, self._comparing.folder)
        yield Static(id="message", markup=False)
        yield Field(id="filter", compact=True, placeholder="filter")
        yield KeyLine(keys_of_scope(Scope.CHANGES, self.context.overrides))

    def on_mount(self) -> None:
        """Begin to compare."""
        self.query_one("#filter").display = False
        self.set_interval(1.0, self._draw)
        self._draw()
        self._walk()

    def on_unmount(self) -> None:
        """The appliance stays for the next look, if it is ready."""
        start(self._comparing.leave(self._kept))

    def on_resize(self) -> None:
        """Draw the headings in the new width."""
        self._draw()

    def _wait_for(self, dialog: Dialog[T]) -> Awaitable[T | None]:
        return self.app.push_screen_wait(dialog)

    # -- work: one thing after the other, a new one instead of that under way ----------------

    @background("compare", exclusive=True)
    async def _walk(self) -> None:
        await self._answered(self._comparing.walk())
        self._draw_rows()

    @background("compare", exclusive=True)
    async def _hash(self, due: list[FileChange]) -> None:
        await self._answered(self._comparing.hash(due))
        self._draw_rows()

    @background("compare", exclusive=True)
    async def _differ(self, change: FileChange) -> None:
        await self._answered(self._show_lines(change))

    async def _show_lines(self, change: FileChange) -> None:
        one, other = await self._comparing.contents(change)
        names = tuple(side.words for side in self._comparing.sides)
        width = self.size.width
        made = begun(lambda: diff_lines(one, other, names, width, self._glyphs))
        lines = await asyncio.wrap_future(made)
        self.app.push_screen(TextScreen(self._absolute(change), lines, self._glyphs))

    async def _answered(self, work: Awaitable[None]) -> None:
        """Do something, and say why where it fails."""
        self._said = ""
        try:
            await work
        except SnaptuiError as error:
            self._say(f"{error.title}: {error.message} {error.hint}".strip())

    def _absolute(self, change: FileChange) -> str:
        return posixpath.join(self._comparing.folder, change.path)

    @property
    def _walking(self) -> bool:
        """Whether the trees are being read, which no key but that to close ends."""
        return not self._comparing.finished and bool(self._comparing.progress)

    # -- keys -------------------------------------------------------------------------------

    @property
    def _rows(self) -> ChangeList:
        return self.query_one(ChangeList)

    def action_open(self) -> None:
        """Open the folder, or show how the file differs."""
        row = self._rows.selected
        if row is None:
            return
        if row.branch is not None:
            self._rows.fold(row.branch)
        elif row.change is not None and not self._walking:
            if row.change.kind in (Change.NOT_COMPARED, Change.SAME):
                key = keymap.key_of("changes_hash", self.context.overrides)
                self._say(f"Its metadata are the same; {key} compares the content.")
            else:
                self._differ(row.change)

    @on(RowList.Picked)
    def row_picked(self) -> None:
        """Do on a double click what Enter does."""
        self.action_open()

    def action_above(self) -> None:
        """Close the folder, or go to the folder above."""
        row = self._rows.selected
        if row is not None and row.branch is not None and self._rows.is_open(row.branch):
            self._rows.fold(row.branch)
        else:
            self._rows.go_above()

    def action_unfold(self) -> None:
        """Open all folders, or close them."""
        self._rows.fold_all()

    def action_hash(self) -> None:
        """Compare the contents of what is not compared here and below."""
        row = self._rows.selected
        if row is None or self._walking:
            return
        if row.branch is not None:
            due = below(row.branch)
        else:
            due = [row.change] if row.change is not None and row.change.hashable else []
        if due:
            self._hash(due)
        else:
            self._say("There is nothing here whose content could be compared.")

    def action_equal(self) -> None:
        """Show or hide what is not compared or the same."""
        self._rows.show_quiet(not self._rows.quiet)

    def action_copy_path(self) -> None:
        """Copy the path."""
        if (row := self._rows.selected) is not None:
            clipboard.give(self.app, posixpath.join(self._comparing.folder, row.path))
            self._say(clipboard.GIVEN)

    def action_back(self) -> None:
        """Leave the filter, give up the hashing, or close."""
        field = self.query_one("#filter", Input)
        if field.display or field.value:
            field.value = ""
            self._close_filter()
        elif self._comparing.finished and self._comparing.progress:
            self.workers.cancel_group(self, "compare")
            self._say("Cancelled.")
        else:
            self.dismiss(None)

    def action_filter(self) -> None:
        """Open the filter."""
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    @on(Input.Changed, "#filter")
    def filter_changed(self) -> None:
        """The tree follows once the keys rest."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(SETTLE, self._filter)

    def _filter(self) -> None:
        self._rows.filter(self.query_one("#filter", Input).value)

    @on(Input.Submitted, "#filter")
    def _close_filter(self) -> None:
        self.query_one("#filter").display = False
        self._rows.focus()
        self._filter()

    # -- drawing ----------------------------------------------------------------------------

    def _say(self, words: str) -> None:
        """Answer a key."""
        self._said = words
        self._draw()

    def _changed(self) -> None:
        """More is known, or the appliance got on."""
        if time.monotonic() - self._drawn >= SETTLE:
            self._draw_rows()

    def _draw_rows(self) -> None:
        self._drawn = time.monotonic()
        if is_there(self):
            self._rows.show(self._comparing.tree, finished=self._comparing.finished)
            self._draw()

    def _draw(self) -> None:
        if not is_there(self):
            return
        heading = self._rows.heading(self._rows.row_width, self._glyphs)
        self.query_one("#changes-heading", Static).update(Text(heading, no_wrap=True))
        put(self, "header", self._title, self._glyphs)
        put(self, "message", self._message, self._glyphs)

    @property
    def _title(self) -> str:
        comparing = self._comparing
        one, other = comparing.sides
        name = on_host(one.of.name, self.context.fleet.called(one.session.uri))
        return f"{name}:{comparing.folder}   {one.words} compared with {other.words}"

    @property
    def _message(self) -> str:
        comparing, sums = self._comparing, self._comparing.tree.root.sums
        if progress := comparing.progress:
            return progress
        if self._said or not comparing.finished:
            return self._said
        number = sums.number
        words = [
            f"{number[kind]:,} {kind.value}"
            for kind in (Change.ADDED, Change.REMOVED, Change.CHANGED, Change.NOT_COMPARED)
        ]
        key = keymap.key_of("changes_hash", self.context.overrides)
        grown = f", {grown_words(sums.grown)}" if sums.grown else ""
        by = f"; {key} compares by hash" if number[Change.NOT_COMPARED] else ""
        return f"{', '.join(words)}{grown}{by}"
