"""Screens that are left while something for them is under way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from rich.text import Text
from textual.actions import SkipAction
from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from snaptui.ui import keymap
from snaptui.ui.format import Glyphs, clean
from snaptui.ui.terminal.key_queue import KeysInOrder

Result = TypeVar("Result")


class Closing(ModalScreen[Result], Generic[Result]):
    """A screen over others that closes once, and takes no other with it.

    Textual closes whatever screen is on top, and ends the program when there is no other: a
    key that comes twice would.
    """

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close it with a result, unless it is closed, or something lies over it."""
        return super().dismiss(result) if self.is_current else AwaitComplete()

    def action_copy_text(self) -> None:
        """Ctrl+C: copy what is selected with the mouse, or else say what quits."""
        try:
            super().action_copy_text()
        except SkipAction:
            self.answer(f"{key_of(self, 'leave')} on the main screen quits.")

    def answer(self, words: str) -> None:
        """Answer a key, where there is a line for that."""
        for line in self.query("#message").results(Static):
            line.update(f" {words}")


def key_of(screen: Screen[Any], action: str) -> str:
    """The key of an action, as people write it and as the configuration has it."""
    return keymap.key_of(action, overrides_of(screen))


def overrides_of(screen: Screen[Any]) -> Mapping[str, tuple[str, ...]]:
    """Keys by action."""
    return screen.app.overrides if isinstance(screen.app, KeysInOrder) else {}


def is_there(screen: Screen[Any]) -> bool:
    """Whether a screen can be drawn on.

    From the moment that it, or the program, is left its widgets go, one by one.
    """
    # in Textual's words nothing is attached any more to an app that was told to exit
    return screen.is_mounted and screen.is_attached and screen in screen.app.screen_stack


def put(screen: Screen[Any], name: str, words: str, glyphs: Glyphs) -> None:
    """Have words, made safe, in a line of a screen, or in several."""
    lines = (f" {clean(line, glyphs)}" for line in words.split("\n"))
    shown = Text("\n".join(lines), no_wrap="\n" not in words, overflow="ellipsis")
    static = screen.query_one(f"#{name}", Static)
    if static.content != shown:
        static.update(shown)
