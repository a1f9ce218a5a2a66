"""The dialog that asks for one more host to look at."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.widgets import Button, Input, Static

from snaptui.common.errors import SnaptuiError
from snaptui.ui.dialogs.dialog import Dialog
from snaptui.ui.format import Glyphs, clean
from snaptui.ui.terminal.safe_input import Field


class AddHostDialog(Dialog[str]):
    """Returns what was typed once ``add`` has taken it.

    Args:
        add: looks at the hosts of a word from now on; raises SnaptuiError.
        known: names that may be typed instead of a URI; may be empty.
    """

    AUTO_FOCUS = "#host"

    def __init__(self, add: Callable[[str], object], known: str, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._add = add
        self._known = known

    def body(self) -> ComposeResult:
        """One field."""
        yield Field(id="host", compact=True, placeholder="qemu+ssh://root@HOST/system")
        known = f" In the configuration: {self._known}." if self._known else ""
        yield Static(
            clean(f"A libvirt URI, a name, or @ and a group.{known}", self.glyphs),
            id="facts",
            markup=False,
        )
        yield Static(id="notice", markup=False)

    def buttons(self) -> ComposeResult:
        """Cancel, and add."""
        yield from super().buttons()
        yield Button(Text("Add: Enter"), id="confirm", compact=True)

    def on_mount(self) -> None:
        """Title."""
        self.set_title("Add a host")

    @on(Input.Submitted)
    @on(Button.Pressed, "#confirm")
    def given(self) -> None:
        """Take it, or say why not and keep what was typed."""
        word = self.query_one("#host", Input).value.strip()
        try:
            if not word:
                return
            self._add(word)
        except SnaptuiError as error:
            said = clean(f"{error.message} {error.hint}".strip(), self.glyphs)
            self.query_one("#notice", Static).update(Text(said))
            return
        self.dismiss(word)
