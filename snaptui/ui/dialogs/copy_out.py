"""A dialog that copies a file or a folder of a guest to a directory of this machine."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Button, Input, Static

from snaptui.common import text
from snaptui.common.errors import SnaptuiError
from snaptui.model.guest_file import FileType, GuestFile
from snaptui.ui.background import background
from snaptui.ui.closing import is_there, key_of
from snaptui.ui.dialogs.dialog import Dialog
from snaptui.ui.format import Glyphs, clean
from snaptui.ui.terminal.safe_input import Field

if TYPE_CHECKING:
    from snaptui.common.worker import Worker
    from snaptui.guest_files.copy_out import Copied
    from snaptui.guest_files.opened import GuestFiles

LISTED = 200
"""Of what is left out, lines that are shown."""


class CopyOutDialog(Dialog[str]):
    """Asks where to, copies, and returns how it ended; what was left out is shown first.

    Args:
        path: of the file or folder in the guest.
    """

    AUTO_FOCUS = "#into"

    def __init__(
        self, files: GuestFiles, worker: Worker, path: str, file: GuestFile, glyphs: Glyphs
    ) -> None:
        super().__init__(glyphs)
        self._files, self._worker = files, worker
        self._path, self._file = path, file
        self._under_way = False
        self._about, self._ended = "", ""

    def body(self) -> ComposeResult:
        """Where to, how far it is, what was left out."""
        yield Field(os.getcwd(), id="into", compact=True, placeholder="directory on this machine")
        yield Static(id="facts", markup=False)
        with VerticalScroll(id="rest", can_focus=True):
            yield Static(id="rest-text", markup=False)
        yield Static(id="notice", markup=False)

    def buttons(self) -> ComposeResult:
        """Cancel, and copy."""
        yield from super().buttons()
        yield Button(Text("Copy: Enter"), id="confirm", compact=True)

    def on_mount(self) -> None:
        """Say what is copied."""
        self.query_one("#rest").display = False
        self.set_title(f"Copy out {self._path}")
        folder = self._file.type is FileType.DIRECTORY
        what = "The folder and all below it" if folder else text.size(self._file.size)
        self._about = f"{what}: into a directory of this machine. Nothing is overwritten."
        self.query_one("#facts", Static).update(Text(self._about))

    @on(Input.Submitted)
    @on(Button.Pressed, "#confirm")
    def given(self) -> None:
        """Copy, unless it is under way or over."""
        if self._ended:
            self.dismiss(self._ended)
        elif not self._under_way and (into := self.query_one("#into", Input).value.strip()):
            self._under_way = True
            self._copy(os.path.expanduser(into))

    def action_cancel(self) -> None:
        """Cancel the copy, or leave."""
        if self._under_way:
            self.workers.cancel_group(self, "copy")
        else:
            self.dismiss(self._ended or None)

    @background("copy")
    async def _copy(self, into: str) -> None:
        from snaptui.guest_files.copy_out import copy_out

        self._put("notice", "")
        self._put("facts", f"Copying ... {key_of(self, 'cancel')} cancels.")
        try:
            copied = await copy_out(self._files, self._worker, self._path, into, self._tell)
        except SnaptuiError as error:
            self._put("facts", self._about)
            self._put("notice", f"{error.message} {error.hint}".strip())
        except asyncio.CancelledError:
            self._put("facts", self._about)
            self._put("notice", "Cancelled. What was copied so far stays there.")
            raise
        else:
            self._show(copied, os.path.join(into, copied.name))
        finally:
            self._under_way = False

    def _show(self, copied: Copied, to: str) -> None:
        number = text.count(copied.files, "file")
        self._ended = f"{self.glyphs.well} {number}, {text.size(copied.size)}, copied to {to}"
        if not copied.left_out:
            self.dismiss(self._ended)
            return
        self._ended += f"; {len(copied.left_out)} left out"
        self._put("facts", self._ended)
        lines = [f"{path}: {why}" for path, why in list(copied.left_out.items())[:LISTED]]
        if (more := len(copied.left_out) - LISTED) > 0:
            lines.append(f"and {more} more")
        self._put("rest-text", "\n".join(lines))
        self.query_one("#rest").display = True
        self.query_one("#cancel", Button).label = "Close"
        self.query_one("#confirm").display = False

    def _tell(self, done: int, total: int) -> None:
        """How far it is."""
        done_of = f"{text.size(done)} of {text.size(total)}"
        self._put("facts", f"Copying ... {done_of}; {key_of(self, 'cancel')} cancels.")

    def _put(self, name: str, words: str) -> None:
        if is_there(self):
            shown = "\n".join(clean(line, self.glyphs) for line in words.split("\n"))
            self.query_one(f"#{name}", Static).update(Text(shown))
