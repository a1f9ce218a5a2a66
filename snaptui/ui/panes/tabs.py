"""The line over the details that says which tabs they have."""

from __future__ import annotations

import enum

from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import Static

from snaptui.ui.format import Glyphs

_NAME = "tab"
"""What a place in the line is of, as its style carries it."""


class Tab(enum.Enum):
    """What the details are about; the value is the title."""

    SUMMARY = "Summary"
    CONFIG = "Config"
    HISTORY = "History"
    XML = "XML"


class TabLine(Static):
    """The titles, of which one is chosen; a click chooses another one."""

    class Clicked(Message):
        """A title was clicked."""

        def __init__(self, tab: Tab) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="tabs", markup=False)
        self._glyphs = glyphs

    def draw(self, chosen: Tab, keys: str) -> None:
        """Draw the titles, the chosen one with the sign of a cursor, and the keys that choose."""
        line = Text(no_wrap=True)
        for tab in Tab:
            here = tab is chosen
            style = Style(bold=here, meta={_NAME: tab.name})
            line.append(f"{self._glyphs.cursor if here else ' '} {tab.value} ", style)
        line.append(f"  {keys}", "dim")
        if self.content != line:
            self.update(line)

    def on_click(self, event: events.Click) -> None:
        """Say which one."""
        if (name := event.style.meta.get(_NAME)) is not None:
            self.post_message(self.Clicked(Tab[name]))
