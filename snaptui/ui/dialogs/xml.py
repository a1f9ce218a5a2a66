"""What libvirt is asked for, as XML: to read, to edit, or from a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Input, Label, Static, TextArea

from snaptui.common.errors import SnaptuiError
from snaptui.common.worker import Lane, start
from snaptui.model.snapshot_request import LARGEST
from snaptui.ui import keymap
from snaptui.ui.action import Scope
from snaptui.ui.closing import key_of
from snaptui.ui.dialogs.dialog import Dialog
from snaptui.ui.format import Glyphs, clean
from snaptui.ui.terminal.safe_input import Field
from snaptui.ui.terminal.safe_text import TextField

Taken = TypeVar("Taken")


class XmlDialog(Dialog[Taken], Generic[Taken]):
    """Returns what the XML asks for, ``None`` when it was not edited; the create dialog plans it.

    Args:
        domain: its name.
        xml: what would be asked for as the fields stand.
        take: finds out what an XML asks for; raises SnaptuiError when nothing that can be.
    """

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Scope.XML)
    AUTO_FOCUS = "#xml"

    def __init__(self, domain: str, xml: str, take: Callable[[str], Taken], glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._domain = domain
        self._xml = xml
        self._take = take
        self._shown = ""
        self._loaded = ""

    def body(self) -> ComposeResult:
        """The file, the text."""
        with Horizontal(classes="field"):
            yield Label("From a file", markup=False)
            yield Field(id="file", compact=True, placeholder="path on this machine, then Enter")
        yield TextField(self._xml, id="xml", compact=True, tab_behavior="focus")
        yield Static(id="notice", markup=False)

    def buttons(self) -> ComposeResult:
        """Cancel, and the one that goes back with it."""
        yield from super().buttons()
        yield Button(Text(f"Use it: {key_of(self, 'use')}"), id="use", compact=True)

    def on_mount(self) -> None:
        """Name the domain."""
        self.set_title(f"Snapshot of {self._domain} as XML")
        self._shown = self.query_one(TextArea).text

    @on(Input.Submitted, "#file")
    def load(self, event: Input.Submitted) -> None:
        """Take the text of a file; nothing changes if that fails."""
        self._notice("Reading ...")
        typed = event.value.strip()
        start(self._load(typed, Path(os.path.expanduser(typed))))

    async def _load(self, typed: str, path: Path) -> None:
        try:
            text = await _READING.call(lambda: read_request(path))
            if not self.is_current:
                return
            self._take(text)
        except SnaptuiError as error:
            self._say(error)
            return
        self._loaded = typed
        self.query_one(TextArea).text = text
        self._notice("Read. snaptui checks it again when you use it.")
        self.query_one(TextArea).focus()

    @on(Button.Pressed, "#use")
    def action_use(self) -> None:
        """Go back with what the text asks for, if it can be understood."""
        typed = self.query_one("#file", Input).value.strip()
        if typed not in ("", self._loaded):
            self._notice(f"{typed} was not taken: press Enter in its field, or empty the field.")
            return
        text = self.query_one(TextArea).text
        if text == self._shown:
            self.dismiss(None)
            return
        try:
            taken = self._take(text)
        except SnaptuiError as error:
            self._say(error)
            return
        self.dismiss(taken)

    def _say(self, error: SnaptuiError) -> None:
        self._notice(f"{error.message} {error.hint}".strip())

    def _notice(self, words: str) -> None:
        self.query_one("#notice", Static).update(Text(clean(words, self.glyphs)))


_READING = Lane("xml", 2)
"""A path of any kind is typed, and a file system may not answer."""


def read_request(path: Path) -> str:
    """The text of a small regular file.

    Raises:
        SnaptuiError: it is not one, or cannot be read.
    """
    try:
        if not path.is_file():
            raise SnaptuiError(f"{path} is not a file.")
        with path.open(encoding="utf-8") as f:
            text = f.read(LARGEST + 1)
    except OSError as error:
        raise SnaptuiError(f"{path}: {error.strerror or error}.") from error
    except ValueError as error:
        raise SnaptuiError(f"{path} is not UTF-8 text.") from error
    if len(text) > LARGEST:
        raise SnaptuiError(f"{path} is larger than {LARGEST >> 20} MiB.")
    return text
