"""A screen of lines to read and search: details with XML, and the help."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static

from snaptui.ui import keymap
from snaptui.ui.action import Scope
from snaptui.ui.closing import Closing, overrides_of
from snaptui.ui.format import Glyphs, clean
from snaptui.ui.key_line import KeyLine, keys_of_scope
from snaptui.ui.panes.lines import Line, LinesList, Sides, Wraps
from snaptui.ui.terminal.safe_input import Field


class TextScreen(Closing[None]):
    """Lines, full screen; ``/`` searches, ``n`` and ``N`` go on."""

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Scope.TEXT)
    AUTO_FOCUS = "#lines"

    def __init__(self, title: str, lines: tuple[Line | Sides, ...], glyphs: Glyphs) -> None:
        super().__init__()
        self._title = title
        self._lines = lines
        self._glyphs = glyphs
        self._wanted = ""

    def compose(self) -> ComposeResult:
        """Compose title, lines, search field and keys."""
        yield Static(clean(self._title, self._glyphs), id="header", markup=False)
        yield LinesList(self._glyphs, id="lines", wraps=Wraps.ALWAYS)
        yield Field(id="search", compact=True, placeholder="search")
        yield KeyLine(keys_of_scope(Scope.TEXT, overrides_of(self)))

    def on_mount(self) -> None:
        """Show the lines."""
        self.query_one("#search", Input).display = False
        self.query_one(LinesList).show(self._lines)

    def action_close(self) -> None:
        """Leave the search field, or the screen."""
        search = self.query_one("#search", Input)
        if search.display:
            search.display = False
            self.query_one(LinesList).focus()
        else:
            self.dismiss(None)

    def action_search(self) -> None:
        """Open the search field."""
        search = self.query_one("#search", Input)
        search.display = True
        search.focus()

    @on(Input.Submitted, "#search")
    def search_submitted(self, event: Input.Submitted) -> None:
        """Go to the first line that contains the text."""
        self._wanted = event.value.casefold()
        self.action_close()
        self.action_next(1)

    def action_next(self, by: int) -> None:
        """Go to the next (1) or the previous (-1) line that contains the text."""
        lines = self.query_one(LinesList)
        number = len(self._lines)
        for away in range(1, number + 1):
            at = (lines.at + by * away) % number
            if self._wanted and self._wanted in _words(self._lines[at]).casefold():
                lines.go_to(at)
                return
        self.query_one(KeyLine).answer("not found")

    def action_copy_one(self) -> None:
        """Copy the line under the cursor, or all of them."""
        from snaptui.ui.dialogs.copy import ask_copy

        lines: tuple[Line, ...] = ()
        if self._lines:
            line = self._lines[self.query_one(LinesList).at]
            label = line[0].strip() if not isinstance(line, Sides) else ""
            value = _words(line) if isinstance(line, Sides) else line[1]
            every = "\n".join(_words(one).strip() for one in self._lines)
            lines = ((label or "line", value.strip()), ("all lines", every))
        ask_copy(self, self._title, lines, self._glyphs, self.query_one(KeyLine).answer)


def _words(line: Line | Sides) -> str:
    """What it can be found by."""
    return " ".join((line.name, line.left, line.right) if isinstance(line, Sides) else line)
