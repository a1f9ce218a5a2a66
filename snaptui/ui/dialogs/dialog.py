"""What all dialogs share: a box, Cancel with the focus, and no key before it can be read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalGroup
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Button, Static

from snaptui.ui import keymap
from snaptui.ui.closing import Closing
from snaptui.ui.format import Glyphs, clean
from snaptui.ui.terminal.key_queue import KeysInOrder

READ = 0.5
"""Seconds that a dialog has been on screen before a key can confirm it."""

Result = TypeVar("Result")


class Dialog(Closing[Result | None], Generic[Result]):
    """A box in the middle; it returns a value, ``None`` when it was left without one."""

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(keymap.Scope.DIALOG)
    AUTO_FOCUS = "#cancel"
    CSS_PATH = "dialogs.tcss"

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self.glyphs = glyphs
        self._painted_at: float | None = None

    def compose(self) -> ComposeResult:
        """The box, its body and its buttons."""
        with VerticalGroup(id="box"):
            yield Static(id="title", markup=False)
            yield from self.body()
            with Horizontal(id="buttons"):
                yield from self.buttons()

    def body(self) -> ComposeResult:
        """What stands above the buttons."""
        raise NotImplementedError

    def buttons(self) -> ComposeResult:
        """The buttons; the one that leaves is called ``cancel``."""
        yield Button(Text("Cancel"), id="cancel", compact=True)

    def set_title(self, title: str) -> None:
        """Write the title, literally."""
        self.query_one("#title", Static).update(Text(clean(title, self.glyphs), no_wrap=True))

    def appeared(self) -> None:
        """Start the time to read: what is asked stands on the screen from now on."""
        self._painted_at = None
        self.call_after_refresh(self._painted)

    def readable(self, event: Message) -> bool:
        """Whether there was time to read what is asked before ``event`` was sent."""
        return self._painted_at is not None and event.time >= self._painted_at + READ

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close it; the keys of the next moment were meant for it."""
        if self.is_current and isinstance(self.app, KeysInOrder):
            self.app.dialog_closed()
        return super().dismiss(result)

    def _painted(self) -> None:
        self._painted_at = time.monotonic()

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Leave without doing anything."""
        self.dismiss(None)


class Choice(Widget, can_focus=True):
    """One of a few words, on one line; space or the arrows change it."""

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(keymap.Scope.CHOICE)

    index: reactive[int] = reactive(0, init=False)

    class Changed(Message):
        """Another word was chosen."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice:
            """Where."""
            return self.choice

    def __init__(self, label: str, options: Sequence[str], *, id: str) -> None:  # noqa: A002  # Textual's word
        super().__init__(id=id)
        self._label = label
        self._options = tuple(options)

    def render(self) -> Text:
        """Label and all words, the chosen one in brackets."""
        words = [f"[{w}]" if i == self.index else f" {w} " for i, w in enumerate(self._options)]
        return Text(f"{self._label} {' '.join(words)}", no_wrap=True)

    def offer(self, options: Sequence[str]) -> None:
        """Say the same words otherwise."""
        self._options = tuple(options)
        self.refresh(layout=True)

    def changes_at(self, key: str) -> bool:
        """Whether a key chooses another word."""
        return key in self._bindings.key_to_bindings

    def watch_index(self) -> None:
        """Tell the dialog."""
        self.post_message(self.Changed(self))

    def action_step(self, by: int) -> None:
        """Choose the next or the previous word."""
        self.index = (self.index + by) % len(self._options)

    def on_click(self) -> None:
        """Choose the next word."""
        self.action_step(1)
