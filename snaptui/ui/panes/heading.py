"""Titles of columns over a list."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.widgets import Static


class Heading(Static):
    """Titles of columns that can be clicked."""

    class Clicked(Message):
        """A place in it was clicked."""

        def __init__(self, heading: Heading, x: int) -> None:
            super().__init__()
            self.heading = heading
            self.x = x

        @property
        def control(self) -> Heading:
            """The heading."""
            return self.heading

    def on_click(self, event: events.Click) -> None:
        """Say where."""
        self.post_message(self.Clicked(self, event.x))
