"""A dialog that has one line of several chosen."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.widgets import Static

from snaptui.ui.dialogs.dialog import Dialog
from snaptui.ui.format import Glyphs, clean
from snaptui.ui.panes.lines import Line, LinesList
from snaptui.ui.panes.row_list import RowList


class ChooseDialog(Dialog[int]):
    """Returns the index of the line that Enter, or a double click, chose.

    Args:
        lines: at least one; what each is called, and more about it.
        about: a sentence below; may be empty.
    """

    AUTO_FOCUS = "#choices"

    def __init__(self, title: str, lines: tuple[Line, ...], about: str, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._title, self._lines, self._about = title, lines, about

    def body(self) -> ComposeResult:
        """The list, and the sentence."""
        yield LinesList(self.glyphs, id="choices")
        yield Static(Text(clean(self._about, self.glyphs)), id="facts")

    def on_mount(self) -> None:
        """Fill the list."""
        self.set_title(self._title)
        self.query_one(LinesList).show(self._lines)

    def on_row_list_picked(self) -> None:
        """Do on a double click what Enter does."""
        self._chosen()

    def on_key(self, event: events.Key) -> None:
        """Enter on the list chooses."""
        if event.key == "enter" and isinstance(self.focused, RowList):
            event.stop()
            self._chosen()

    def _chosen(self) -> None:
        self.dismiss(self.query_one(LinesList).cursor)
