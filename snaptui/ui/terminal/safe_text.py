"""A field of several lines, for dialogs: the first screen does without Textual's."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import TextArea

from snaptui.ui.terminal.safe_input import shown


class TextField(TextArea):
    """Shows what cannot be seen as the field of one line does."""

    def on_mount(self) -> None:
        """Let the cursor stand still."""
        self.cursor_blink = False

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn."""
        return shown(self, super().get_line(line_index))
