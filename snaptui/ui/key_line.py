"""Lines of keys with a word each; a click on one does what the key does."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from rich.text import Text
from textual import events
from textual.timer import Timer
from textual.widgets import Static

from snaptui.ui import keymap
from snaptui.ui.action import Action, Scope
from snaptui.ui.actions import ACTIONS
from snaptui.ui.terminal.key_queue import KeysInOrder

ANSWER = 5.0
"""Seconds for which an answer stands before the keys are there again."""
GAP = "  "
"""Between two keys; it belongs to the one before it."""
_NAME = "action"
"""What a place in the line is of, as its style carries it."""


class KeyLine(Static):
    """The footer of a screen."""

    def __init__(self, keys: Text | None = None) -> None:
        self._keys = Text() if keys is None else keys
        self._answered: Timer | None = None
        super().__init__(self._keys, id="footer", markup=False)

    def answer(self, words: str) -> None:
        """Answer a key here, where a screen has no other line for it; the keys come back."""
        if self._answered is not None:
            self._answered.stop()
        self.update(Text(words, no_wrap=True))
        self._answered = self.set_timer(ANSWER, self._again)

    def _again(self) -> None:
        self.update(self._keys)

    def on_click(self, event: events.Click) -> None:
        """Do what was clicked, unless the click may have been meant for a dialog before."""
        name = event.style.meta.get(_NAME)
        if name is None or (isinstance(self.app, KeysInOrder) and self.app.deaf):
            return
        action = keymap.action(name)
        target = self.app if action.scope is Scope.APP else self.screen
        # by the app: a screen cannot wait for its own end
        self.app.call_later(self.app.run_action, action.run, target)


def key_words(
    action: Action, overrides: Mapping[str, tuple[str, ...]], words: str = "", style: str = ""
) -> Text:
    """The first key of an action and a word for it, to be clicked, with a gap behind them.

    Args:
        words: other than those of the table.
        style: of the key.
    """
    key = keymap.shown(keymap.keys_of(action, overrides)[0])
    shown = Text.assemble((key, style), f" {words or action.label}{GAP}")
    shown.stylize(Style(meta={_NAME: action.id}))
    return shown


def keys_of_scope(
    scope: Scope, overrides: Mapping[str, tuple[str, ...]], *, read_only: bool = False
) -> Text:
    """The keys of a scope that its footer shows."""
    shown = (
        key_words(action, overrides)
        for action in ACTIONS
        if action.scope is scope and action.footer and not (read_only and action.changes)
    )
    line = Text(no_wrap=True).join(shown)
    return line
