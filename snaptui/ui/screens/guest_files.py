"""The files of a domain at one time: folders, previews, and copies of them on this machine."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.timer import Timer
from textual.widgets import Input, Static

from snaptui.common.errors import SnaptuiError
from snaptui.common.worker import start
from snaptui.guest_files.errors import GuestFilesError
from snaptui.model.guest_file import FileType, GuestFile
from snaptui.operations.operation import on_host
from snaptui.ui import keymap
from snaptui.ui.action import Scope
from snaptui.ui.background import background
from snaptui.ui.closing import Closing, is_there, put
from snaptui.ui.dialogs.choose import ChooseDialog
from snaptui.ui.key_line import KeyLine, keys_of_scope
from snaptui.ui.panes.file_preview import Laid, PreviewPane
from snaptui.ui.panes.guest_files import FileList, is_folder
from snaptui.ui.panes.row_list import RowList
from snaptui.ui.screens.file_actions import FileActions
from snaptui.ui.screens.opening import Opening, When, in_order
from snaptui.ui.screens.previewing import Previewing
from snaptui.ui.screens.walking import Walking
from snaptui.ui.terminal import clipboard
from snaptui.ui.terminal.safe_input import Field

if TYPE_CHECKING:
    from snaptui.ui.context import Context
    from snaptui.ui.dialogs.dialog import Dialog

T = TypeVar("T")

REST = 0.08
"""Seconds that the cursor rests on a file before it is read."""


class FilesScreen(Closing[None]):
    """Opens the files, then shows a folder of them and the file under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Scope.BROWSER)
    HORIZONTAL_BREAKPOINTS = [(0, "-below"), (110, "-beside")]  # noqa: RUF012 - Textual's type
    AUTO_FOCUS = "#files"

    def __init__(self, context: Context, when: When) -> None:
        super().__init__()
        self.context, self._when = context, when
        self._glyphs = context.glyphs
        self._opening = Opening(
            when, context.appliances(), self._wait_for, self._draw, self._glyphs,
            demo=context.demo,
        )  # fmt: skip
        later, earlier = (
            keymap.key_of(f"browse_{which}", context.overrides) for which in ("later", "earlier")
        )
        self._previewing = Previewing(self._glyphs, f"{later} and {earlier} turn")
        self._walking = Walking(self._opening)
        self._actions = FileActions(self._opening, self._wait_for, self._glyphs)
        self._said = ""
        self._doing = ""
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Title, how far it is, the folder and the file, answers, fields, the keys."""
        yield Static(id="header", markup=False)
        yield Static(id="opening", markup=False)
        with Container(id="browser"):
            with Vertical(id="folder"):
                yield Static(id="folder-title", classes="title", markup=False)
                yield Static(id="files-heading", classes="heading", markup=False)
                yield FileList(self._glyphs)
            yield PreviewPane(self._glyphs)
        yield Static(id="message", markup=False)
        yield Field(id="filter", compact=True, placeholder="filter")
        yield Field(id="search", compact=True, placeholder="search")
        yield Field(id="path", compact=True, placeholder="/path/in/the/guest")
        read_only = self._when.session.read_only
        yield KeyLine(keys_of_scope(Scope.BROWSER, self.context.overrides, read_only=read_only))

    def on_mount(self) -> None:
        """Open the files."""
        for field in self.query(Field):
            field.display = False
        self.set_interval(1.0, self._draw)
        self._draw()
        self._open()

    def on_unmount(self) -> None:
        """The appliance stays for the next look, if it is ready."""
        start(self._opening.leave())

    def on_screen_resume(self) -> None:
        """Back from a comparison, which may have ended the look."""
        self._opening.listen()
        self._draw()

    def on_resize(self) -> None:
        """The headings and the lines of the preview follow the width."""
        self._draw()
        self._show_preview()

    # -- opening ----------------------------------------------------------------------------

    def _wait_for(self, dialog: Dialog[T]) -> Awaitable[T | None]:
        return self.app.push_screen_wait(dialog)

    @background("open", exclusive=True)
    async def _open(self) -> None:
        try:
            await self._opening.open()
            if await self._opening.choose():
                await self._list("/")
                return
            self.dismiss(None)
        except SnaptuiError as error:
            self.dismiss(None)
            self.context.show_error(error.title, error.message, error.hint, None)

    @background("open", exclusive=True)
    async def action_system(self) -> None:
        """Open another system or volume."""
        await self._answered(self._choose())

    async def _choose(self) -> None:
        if await self._opening.choose(always=True):
            self._previewing.forget()
            await self._list("/")

    @background("open", exclusive=True)
    async def action_refresh(self) -> None:
        """Read the folder again; where the look has ended, open it again."""
        await self._answered(self._again())

    async def _again(self) -> None:
        opening, selected = self._opening, self._files.selected
        if opening.ended and (mounted := opening.mounted) is not None:
            await opening.open_like(mounted)
            self._previewing.forget()
        if opening.mounted is not None:
            await self._list(self._walking.folder, selected.name if selected is not None else "")

    async def _answered(self, work: Awaitable[None]) -> None:
        """Do something, and say why where it fails."""
        try:
            await work
        except SnaptuiError as error:
            self._say(f"{error.title}: {error.message} {error.hint}".strip())

    # -- folders ----------------------------------------------------------------------------

    @property
    def _files(self) -> FileList:
        return self.query_one(FileList)

    @property
    def _preview(self) -> PreviewPane:
        return self.query_one(PreviewPane)

    @property
    def _on_preview(self) -> bool:
        return self.focused is self._preview

    @property
    def _path(self) -> str:
        """Of what is under the cursor; the folder itself where that is empty."""
        return self._walking.path_of(self._files.selected)

    async def _list(self, folder: str, name: str = "") -> None:
        """Show a folder, with the cursor on a name."""
        self._doing = f"Reading {self._walking.shown(folder)} ..."
        self._draw()
        try:
            entries = await self._walking.read(folder)
        finally:
            self._doing = ""
        self._walking.folder, self._said = folder, ""
        self._close_field()
        self._files.show(entries, name)
        self._draw()
        self._show_preview()

    @background("folder", exclusive=True)
    async def _go(self, path: str, name: str = "") -> None:
        await self._answered(self._list(path, name))

    def action_open(self) -> None:
        """Open the folder, or go where the link points."""
        file = self._files.selected
        if self._on_preview or file is None:
            return
        if is_folder(file):
            self._go(self._path)
        elif file.type is FileType.LINK:
            self._follow(self._path)
        else:
            self._preview.focus()

    @on(RowList.Picked)
    def row_picked(self) -> None:
        """Do on a double click what Enter does."""
        self.action_open()

    @background("folder", exclusive=True)
    async def _follow(self, path: str) -> None:
        await self._answered(self._to(path))

    async def _to(self, path: str) -> None:
        """Go to a path: into a folder, or to the place of a file."""
        await self._list(*await self._walking.led(path))

    def action_above(self) -> None:
        """To the folder above, or from the preview to the list."""
        if self._on_preview:
            self._files.focus()
        elif self._walking.folder not in ("", "/"):
            self._go(*posixpath.split(self._walking.folder))

    def action_back(self) -> None:
        """Leave a field, the filter, or the preview; or close."""
        if any(field.display for field in self.query(Field)):
            if self.query_one("#filter").display:
                self._files.filter("")
            self._close_field()
        elif self._on_preview:
            self._files.focus()
        elif self._files.count < self._files.total:
            self._files.filter("")
            self._draw()
        else:
            self.dismiss(None)

    def action_sort(self) -> None:
        """Sort by the next order."""
        self._files.sort()
        self._say(f"Sorted by {self._files.order.value}.")

    # -- fields -------------------------------------------------------------------------------

    def _open_field(self, name: str, value: str = "") -> None:
        field = self.query_one(f"#{name}", Input)
        field.value, field.display = value, True
        field.focus()

    def _close_field(self) -> None:
        for field in self.query(Field):
            if field.display:
                field.display = False
                (self._preview if field.id == "search" else self._files).focus()

    def action_find(self) -> None:
        """Filter the list, or search in the preview."""
        self._open_field("search" if self._on_preview else "filter")

    @on(Input.Changed, "#filter")
    def filter_changed(self, event: Input.Changed) -> None:
        """Filter the list at each keystroke."""
        if event.input.display:
            self._files.filter(event.value)
            self._draw()

    @on(Input.Submitted)
    def field_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter, search, or go to the path."""
        self._close_field()
        if event.input.id == "search":
            self._previewing.wanted = event.value
            self.action_next(1)
        elif event.input.id == "path" and event.value:
            self._follow(self._walking.typed(event.value))

    def action_next(self, by: int) -> None:
        """Go to the next (1) or the previous (-1) line of the preview with the text."""
        wanted = self._previewing.wanted
        if wanted and not self._preview.find(wanted, by):
            self._say("Not found in the part that is shown.")

    def action_path(self) -> None:
        """Type a path."""
        self._open_field("path", self._walking.folder)

    # -- what is under the cursor -----------------------------------------------------------

    @on(RowList.Moved)
    def cursor_moved(self, event: RowList.Moved) -> None:
        """The preview follows once the cursor rests."""
        if event.rows is self._files:
            if self._timer is not None:
                self._timer.stop()
            self._timer = self.set_timer(REST, self._show_preview)

    def on_descendant_focus(self) -> None:
        """Who looks into a file sees more of it."""
        self.set_class(self._on_preview, "-reading")
        if self._on_preview and self._previewing.read_more(self._files.selected):
            self._show_preview()

    @background("preview", exclusive=True)
    async def _show_preview(self) -> None:
        file, files, pane = self._files.selected, self._opening.files, self._preview
        if file is None or files is None:
            pane.show((), Laid())
            return
        reading = self._previewing.read(files, self._path, file, pane.text_width)
        async for facts, laid, keep in reading:
            pane.show(facts, laid, keep=keep)

    def action_attributes(self) -> None:
        """Show or hide the extended attributes."""
        self._previewing.attributes = not self._previewing.attributes
        self._show_preview()

    def action_part(self, by: int) -> None:
        """Show another part of a long file."""
        if (file := self._files.selected) is not None and self._previewing.turn(file, by):
            self._show_preview()

    def action_copy_path(self) -> None:
        """Copy the path."""
        clipboard.give(self.app, self._path)
        self._say(clipboard.GIVEN)

    def action_copy_out(self) -> None:
        """Copy the file or folder to this machine."""
        self._act(self._actions.copy_out)

    def action_put_in(self) -> None:
        """Put a copy of the file into the guest."""
        self._act(self._actions.put_in)

    @background("act", exclusive=True)
    async def _act(self, act: Callable[[str, GuestFile], Awaitable[str]]) -> None:
        if (file := self._files.selected) is not None:
            self._say(await act(self._path, file))

    @background("changes", exclusive=True)
    async def action_changes(self) -> None:
        """Compare the files below the folder with another time."""
        from snaptui.ui.screens.file_changes import ChangesScreen

        walking, mounted = self._walking, self._opening.mounted
        if mounted is None:
            return
        title = f"Compare {walking.shown(walking.folder)} with"
        try:
            other = await self._opening.other_time(title)
        except GuestFilesError as error:
            self._say(error.message)
            return
        if other is not None:
            sides, files = in_order(self._when, other), self._opening.files
            kept = (sides.index(self._when), files) if files is not None else None
            screen = ChangesScreen(self.context, sides, mounted, walking.folder, kept)
            self.app.push_screen(screen)

    @background("places", exclusive=True)
    async def action_places(self) -> None:
        """Go to a place that is often wanted."""
        places = self._walking.places
        lines = tuple((self._walking.shown(place), "") for place in places)
        chosen = await self._wait_for(ChooseDialog("Go to", lines, "", self._glyphs))
        if chosen is not None:
            await self._answered(self._to(places[chosen]))

    # -- drawing ------------------------------------------------------------------------------

    def _say(self, words: str) -> None:
        """Answer a key."""
        self._said = words
        self._draw()

    def _draw(self) -> None:
        if not is_there(self):
            return
        opening, files = self._opening, self._files
        progress = opening.progress
        self.query_one("#opening").display = bool(progress)
        self.query_one("#browser").display = not progress
        of = self._when
        name = on_host(of.of.name, self.context.fleet.called(of.session.uri))
        put(self, "header", opening.title(name), self._glyphs)
        put(self, "opening", "\n".join(filter(None, (progress, *opening.remarks))), self._glyphs)
        put(self, "message", self._message, self._glyphs)
        hidden = f" of {files.total:,}" if files.count < files.total else ""
        noun = "entry" if files.total == 1 else "entries"
        words = f"{self._walking.shown(self._walking.folder)}  {files.count:,}{hidden} {noun}"
        put(self, "folder-title", words, self._glyphs)
        heading = files.heading(files.row_width, self._glyphs)
        self.query_one("#files-heading", Static).update(Text(heading, no_wrap=True))

    @property
    def _message(self) -> str:
        opening = self._opening
        if self._doing or self._said:
            return self._doing or self._said
        if opening.ended:
            again = keymap.key_of("browse_again", self.context.overrides)
            return f"{opening.why_ended} {again} opens them again."
        if opening.mounted is None:
            return f"{keymap.key_of('browse_back', self.context.overrides)} cancels."
        return " ".join(opening.remarks)
