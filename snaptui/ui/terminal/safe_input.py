"""A field to type in that shows what it holds and sends none of it to the terminal raw.

Its cursor does not blink: each blink would go over the line.
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
        return shown(self, super()._value)


def shown(widget: Widget, line: Text) -> Text:
    """A line as a field has it."""
    line.plain = seen(line.plain, ASCII if widget.app.has_class("-ascii") else UNICODE)
    return line
