"""A dialog that asks for a volume's passphrase."""

from __future__ import annotations

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.widgets import Button, Input, Static

from snaptui.ui.dialogs.dialog import Dialog
from snaptui.ui.format import Glyphs, clean
from snaptui.ui.terminal.safe_input import Field


class SecretField(Field):
    """A field that shows dots, and gives nothing to the clipboard."""

    def action_copy(self) -> None:
        """Copy nothing."""

    def action_cut(self) -> None:
        """Remove what is selected."""
        self.delete_selection()


class PassphraseDialog(Dialog[str]):
    """Returns what was typed; keeps it nowhere, and shows none of it.

    Args:
        what: the volume.
        wrong: why the one before was not taken; empty at first.
    """

    AUTO_FOCUS = "#passphrase"

    def __init__(self, what: str, wrong: str, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._what, self._wrong = what, wrong

    def body(self) -> ComposeResult:
        """One field."""
        yield SecretField(id="passphrase", compact=True, password=True, placeholder="passphrase")
        words = "The passphrase goes to the appliance, and is kept nowhere."
        yield Static(Text(words), id="facts")
        yield Static(Text(clean(self._wrong, self.glyphs)), id="notice")

    def buttons(self) -> ComposeResult:
        """Cancel, and unlock."""
        yield from super().buttons()
        yield Button(Text("Unlock: Enter"), id="confirm", compact=True)

    def on_mount(self) -> None:
        """Title."""
        self.set_title(f"Unlock {self._what}")

    @on(Input.Submitted)
    @on(Button.Pressed, "#confirm")
    def given(self) -> None:
        """Return it, unless nothing was typed."""
        field = self.query_one("#passphrase", Input)
        typed, field.value = field.value, ""
        if typed:
            self.dismiss(typed)
