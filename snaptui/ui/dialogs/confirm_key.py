"""Whether the key that confirms a dialog was meant as one, or is a letter of a text."""

from __future__ import annotations

import enum

from snaptui.ui.terminal.key_queue import BURST


class Said(enum.Enum):
    """What a key says to a dialog."""

    NOTHING = enum.auto()
    YES = enum.auto()
    YES_IF_ALONE = enum.auto()
    """Yes, unless something else is typed within :data:`BURST` after it."""
    TEXT = enum.auto()
    """The key that confirms, or one that follows it, but in the middle of a text."""


class ConfirmKey:
    """Hears all keys of a dialog in their order, wherever the focus is.

    Where there are fields to type in, text may be typed with the focus elsewhere. There the key
    counts only alone: nothing is typed within :data:`BURST` before or after it, and no other text
    was since a key that types nothing (Tab, an arrow).
    """

    def __init__(self) -> None:
        self._typed_at: float | None = None
        self._text = False
        self._alone_since: float | None = None

    def hear(
        self, at: float, *, types: bool, confirms: bool = False, taken: bool = False, fields: bool
    ) -> Said:
        """Take note of a key, or of a paste.

        Args:
            at: when it came, in seconds; never before the one before it.
            types: it is a character that can be seen, or a paste.
            confirms: it is the key that confirms.
            taken: the widget with the focus makes use of it.
            fields: the dialog has fields to type in.
        """
        cut, self._alone_since = self._alone_since is not None, None
        burst = self._typed_at is not None and at - self._typed_at < BURST
        if not types:
            self._text = False
            return Said.NOTHING
        self._typed_at = at
        if taken or not confirms:
            self._text = self._text or not taken
            return Said.TEXT if cut else Said.NOTHING
        if burst or (fields and self._text):
            return Said.TEXT
        if not fields:
            return Said.YES
        self._alone_since = at
        return Said.YES_IF_ALONE

    def answered(self) -> None:
        """A key that was :attr:`Said.YES_IF_ALONE` has been refused: what comes now is no part."""
        self._alone_since = None

    def stayed_alone(self, now: float) -> bool:
        """Whether a key that was :attr:`Said.YES_IF_ALONE` has become a yes."""
        return self._alone_since is not None and now >= self._alone_since + BURST
