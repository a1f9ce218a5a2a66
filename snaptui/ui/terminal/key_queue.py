"""An application that handles each key where the keys before it have led.

Textual sends a key to the widget that has the focus when it arrives. Of keys that arrive
together (pasted, through a slow link, while the host is busy) those after a Tab would go to the
widget that the Tab leaves, and be lost there. And of a text that closes a dialog, the rest would
act on what was beneath it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from functools import partial
from time import monotonic
from typing import Protocol, runtime_checkable

from textual import events, on
from textual.app import App
from textual.driver import Driver
from textual.message import Message
from textual.message_pump import MessagePump

from snaptui.ui.terminal.pastes import Parser

CLOSED = 0.5
"""Seconds after a dialog closed in which keys do nothing; they were meant for the dialog."""
BURST = 0.3
"""Seconds; keys of a text follow each other faster, as a rule."""
PATIENCE = 0.5
"""Seconds after which a key counts as handled even if the widget that had it is gone."""


@runtime_checkable
class Hears(Protocol):
    """A screen that hears each key and paste before the widget with the focus gets it."""

    def hear(self, event: events.Key | events.Paste) -> None:
        """Take note of it."""


class _Handled(Message):
    """Follows a key from widget to widget: where it arrives, the key has been before.

    It goes twice: what a widget tells when it has had the key (that a field is done with) is
    behind the first one, and before the second.
    """

    def __init__(self, target: MessagePump, *, last: bool = False) -> None:
        super().__init__()
        self.target = target
        self.last = last


class KeysInOrder(App[None]):
    """Hands out the next key when the one before it has been handled.

    Args:
        overrides: keys by action, checked, where they are not those of the table.
    """

    def __init__(
        self,
        *,
        ansi_color: bool | None = None,
        overrides: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        super().__init__(ansi_color=ansi_color)
        self.overrides = overrides or {}
        self._arrived: deque[events.Key | events.Paste] = deque()
        self._under_way: _Handled | None = None
        self._deaf_until = -math.inf
        self._not_heard = ""

    def get_driver_class(self) -> type[Driver]:
        """Textual's, which makes its parser by this name."""
        from textual.drivers import linux_driver

        setattr(linux_driver, "XTermParser", Parser)  # noqa: B010 - mypy sees a type there
        return super().get_driver_class()

    @property
    def keys_waiting(self) -> bool:
        """Whether a key has arrived that its widget has not had yet."""
        return bool(self._arrived)

    def dialog_closed(self) -> None:
        """Let the keys of the next moment do nothing."""
        self._deaf_until, self._not_heard = monotonic() + CLOSED, ""

    @property
    def deaf(self) -> bool:
        """Whether a dialog closed just now, and what is pressed may have been meant for it."""
        return monotonic() < self._deaf_until

    async def on_event(self, event: events.Event) -> None:
        """Keep a key until its turn."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._arrived.append(event)
            if self._under_way is None:
                await self._hand_out()
            elif len(self._arrived) == 1:
                self._guard()
        else:
            await super().on_event(event)

    async def _hand_out(self) -> None:
        self._under_way = None
        while self._arrived and self._deaf_to(self._arrived[0]):
            self._arrived.popleft()
        if self._arrived:
            target, event = self.focused or self.screen, self._arrived.popleft()
            self._under_way = _Handled(target)
            if isinstance(self.screen, Hears):
                self.screen.hear(event)
            await super().on_event(event)
            target.post_message(self._under_way)

    def _deaf_to(self, event: events.Key | events.Paste) -> bool:
        if event.time >= self._deaf_until:
            return False
        if isinstance(event, events.Key):
            if event.key.startswith("ctrl+"):
                return False  # the program can always be left
            if event.is_printable and event.key != self._not_heard:  # a key held down is no text
                self._deaf_until = max(self._deaf_until, event.time + BURST)
            self._not_heard = event.key
        return True

    @on(_Handled)
    async def _handled(self, handled: _Handled) -> None:
        if handled is self._under_way and not handled.last:
            self._under_way = _Handled(handled.target, last=True)
            if not handled.target.post_message(self._under_way):
                await self._hand_out()
        elif handled is self._under_way:
            await self._hand_out()

    def _guard(self) -> None:
        """Go on without the word of a widget that is gone."""
        self.set_timer(PATIENCE, partial(self._look, self._under_way))

    async def _look(self, before: _Handled | None) -> None:
        if before is not None and before is self._under_way:
            await self._hand_out()
        if self._arrived:
            self._guard()
