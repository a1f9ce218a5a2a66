"""An application that handles each key where the keys before it have led.

Textual sends a key to the widget that has the focus when it arrives. Of keys that arrive
together (pasted, through a slow link, while the host is busy) those after a Tab would go to the
widget that the Tab leaves, and be lost there.
"""

from __future__ import annotations

from collections import deque
from functools import partial

from textual import events, on
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump

PATIENCE = 0.5
"""Seconds after which a key counts as handled even if the widget that had it is gone."""


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
    """Hands out the next key when the one before it has been handled."""

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._arrived: deque[events.Key | events.Paste] = deque()
        self._under_way: _Handled | None = None

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
        if self._arrived:
            target = self.focused or self.screen
            self._under_way = _Handled(target)
            await super().on_event(self._arrived.popleft())
            target.post_message(self._under_way)

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
