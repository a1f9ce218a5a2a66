"""What the dialogs share that a key of its own confirms: the button, the key, and its guards."""

from __future__ import annotations

import itertools
import time
from abc import abstractmethod
from functools import partial

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Static, TextArea

from snaptui.ui import keymap
from snaptui.ui.dialogs.confirm_key import ConfirmKey, Said
from snaptui.ui.dialogs.dialog import Choice, Dialog, Result
from snaptui.ui.format import Glyphs
from snaptui.ui.terminal.key_queue import BURST, KeysInOrder

TOO_SOON = "Ignored: the dialog appeared less than 0.5 s ago. Press again."


class ConfirmDialog(Dialog[Result]):
    """Has a button with the key that confirms, and a line, ``notice``, that answers keys."""

    clock = staticmethod(time.monotonic)

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._confirm_key = ConfirmKey()
        self._heard: tuple[Message, Said] | None = None

    @property
    @abstractmethod
    def verb(self) -> str:
        """What the button says."""

    @property
    def at_stake(self) -> object:
        """What a key confirms: it must be the same when the key has been found to be one."""
        return None

    @abstractmethod
    def may_be_confirmed(self, event: Message) -> bool:
        """Whether it may be done as the dialog stands; says why it may not."""

    @abstractmethod
    def confirm(self) -> None:
        """Do it."""

    def buttons(self) -> ComposeResult:
        """Cancel, and the one that does it."""
        yield from super().buttons()
        confirm = Button(self._label, id="confirm", compact=True)
        confirm.can_focus = False  # Tab leads to the same fields before and after the checks
        yield confirm

    def notice(self, words: str) -> None:
        """Answer a key."""
        self.query_one("#notice", Static).update(Text(words))

    def answer(self, words: str) -> None:
        """Answer a key that is of no field and no button."""
        self.notice(words)

    @property
    def _label(self) -> Text:
        out = " ".join(["Tab"] * self._fields_ahead)
        return Text(f"{self.verb}: {f'{out}, ' if out else ''}press {keymap.CONFIRM_KEY}")

    @property
    def _fields_ahead(self) -> int:
        """How often Tab is pressed until what is typed is no text."""
        if not self._in_field:
            return 0
        chain = self.focus_chain
        rest = chain[chain.index(self.focused) :] if self.focused in chain else ()
        return sum(1 for _ in itertools.takewhile(_takes_text, rest)) or 1

    @property
    def _in_field(self) -> bool:
        """Whether what is typed now is text."""
        return self.focused is not None and _takes_text(self.focused)

    @property
    def _has_fields(self) -> bool:
        """Whether there is anything to type text into."""
        return any(one.display for one in self.query("Input, TextArea"))

    @on(Input.Submitted)
    def submitted(self) -> None:
        """Enter in a field goes on to the next one."""
        self.focus_next()

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def focus_moved(self) -> None:
        """Say how it is confirmed from there."""
        confirm, label = self.query_one("#confirm", Button), self._label
        confirm.label = label
        confirm.styles.width = label.cell_len + 2  # of one not yet shown Textual keeps the old one

    def hear(self, event: events.Key | events.Paste) -> None:
        """Find out whether a key is meant to confirm, or is a part of a text."""
        key = event if isinstance(event, events.Key) else None
        said = self._confirm_key.hear(
            event.time,
            types=key is None or key.is_printable,
            confirms=key is not None and key.character == keymap.CONFIRM_KEY,
            taken=self._in_field or (key is not None and self._is_choice_key(key.key)),
            fields=self._has_fields,
        )
        self._heard = (event, said)
        if said is Said.TEXT:
            alone = "press Tab, then the key alone" if self._has_fields else "press it alone"
            self.notice(f"Ignored: {keymap.CONFIRM_KEY} came with other keys. To confirm, {alone}.")

    def _is_choice_key(self, key: str) -> bool:
        return isinstance(self.focused, Choice) and self.focused.changes_at(key)

    def on_key(self, event: events.Key) -> None:
        """The confirm key."""
        heard, said = self._heard if self._heard is not None else (None, Said.NOTHING)
        if heard is not event or said not in (Said.YES, Said.YES_IF_ALONE):
            return
        event.stop()
        if not self.may_be_confirmed(event):
            self._confirm_key.answered()
            return
        if said is Said.YES:
            self.confirm()
        else:
            self.set_timer(BURST, partial(self._wait_alone, self.at_stake))

    def _wait_alone(self, at_stake: object) -> None:
        """Confirm unless more keys came after the one that did."""
        # behind all keys that have arrived at the program by now
        self.app.call_later(self._confirm_alone, at_stake)

    def _confirm_alone(self, at_stake: object) -> None:
        if isinstance(self.app, KeysInOrder) and self.app.keys_waiting:
            self.set_timer(BURST, partial(self._wait_alone, at_stake))
        elif self._confirm_key.stayed_alone(self.clock()):
            if at_stake == self.at_stake:
                self.confirm()
            else:
                self.notice("Ignored: the dialog changed less than 0.5 s ago. Press again.")

    @on(Button.Pressed, "#confirm")
    def confirm_pressed(self, event: Button.Pressed) -> None:
        """A click on the button."""
        if self.may_be_confirmed(event):
            self.confirm()


def _takes_text(widget: Widget) -> bool:
    return isinstance(widget, Input | TextArea)
