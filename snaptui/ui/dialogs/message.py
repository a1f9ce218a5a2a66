"""Dialogs that tell or ask one thing."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Button, Static

from snaptui.ui.closing import is_there
from snaptui.ui.dialogs.dialog import Dialog
from snaptui.ui.format import Glyphs, clean
from snaptui.ui.panes.lines import Line

AGAIN = 0.5
"""Seconds after which what is under way is told anew."""


class ErrorDialog(Dialog[None]):
    """An error with its whole text and what to do; Enter closes it once it could be read."""

    def __init__(self, title: str, message: str, hint: str, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._title = title
        self._message = message
        self._hint = hint

    def body(self) -> ComposeResult:
        """The whole text, which scrolls."""
        lines = (clean(line, self.glyphs) for line in self._message.split("\n"))
        with VerticalScroll(id="rest", can_focus=True):
            yield Static("\n".join(lines), id="facts", markup=False)
        yield Static(clean(self._hint, self.glyphs), id="notice", markup=False)

    @property
    def copies(self) -> tuple[Line, ...]:
        """The whole text, and what to do."""
        texts = (("error", f"{self._title}: {self._message}"), ("next", self._hint))
        return tuple((name, " ".join(told.split("\n"))) for name, told in texts if told)

    def buttons(self) -> ComposeResult:
        """Close."""
        yield Button(Text("Close"), id="cancel", compact=True)

    def on_mount(self) -> None:
        """Start the time to read."""
        self.set_title(self._title)
        self.appeared()

    @on(Button.Pressed, "#cancel")
    def close_pressed(self, event: Message) -> None:
        """Keys typed ahead do not close it unread."""
        event.stop()
        if self.readable(event):
            self.dismiss(None)


class QuitDialog(Dialog[bool]):
    """Asked when changes are under way: they go on at the host. It goes when they have ended.

    Args:
        under_way: says what is under way now, a line for each.
    """

    def __init__(self, under_way: Callable[[], tuple[str, ...]], glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._under_way = under_way

    def body(self) -> ComposeResult:
        """What goes on without us."""
        yield Static(self._shown(self._under_way()), id="facts", markup=False)
        yield Static(
            "The running step continues on the host; a running copy is given up. Later steps do "
            "not start. snaptui checks the result at its next start.",
            markup=False,
        )

    def buttons(self) -> ComposeResult:
        """Stay, or quit all the same."""
        yield Button(Text("Stay"), id="cancel", compact=True)
        yield Button(Text("Quit all the same"), id="confirm", compact=True)

    def on_mount(self) -> None:
        """Set the title, and give time to read."""
        self.set_title("Quit while work is under way?")
        self.set_interval(AGAIN, self._draw)
        self.appeared()

    def _draw(self) -> None:
        """Say how far it is; when it has ended there is no question any more."""
        if not is_there(self):
            return
        if not (lines := self._under_way()):
            self.dismiss()
            return
        facts, shown = self.query_one("#facts", Static), self._shown(lines)
        if facts.content != shown:
            facts.update(shown)

    def _shown(self, lines: tuple[str, ...]) -> Text:
        return Text("\n".join(clean(line, self.glyphs) for line in lines))

    @on(Button.Pressed, "#confirm")
    def quit_pressed(self, event: Message) -> None:
        """Quit."""
        if self.readable(event):
            self.dismiss(True)
