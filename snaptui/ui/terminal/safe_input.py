"""Fields to type in that show what they hold and send none of it to the terminal raw.

Their cursors do not blink: each blink would go over the line.
"""

from __future__ import annotations

from rich.text import Text
from textual import widgets
from textual.widget import Widget

from snaptui.ui.format import ASCII, UNICODE, seen


class Field(widgets.Input):
    """One line; what cannot be seen stands there as one mark for each character."""

    def on_mount(self) -> None:
        """Let the cursor stand still."""
        self.cursor_blink = False

    @property
    def _value(self) -> Text:  # Input draws this, and nothing else of its value
        return _shown(self, super()._value)


class TextField(widgets.TextArea):
    """Several lines, the same way."""

    def on_mount(self) -> None:
        """Let the cursor stand still."""
        self.cursor_blink = False

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn."""
        return _shown(self, super().get_line(line_index))


def _shown(widget: Widget, line: Text) -> Text:
    line.plain = seen(line.plain, ASCII if widget.app.has_class("-ascii") else UNICODE)
    return line
