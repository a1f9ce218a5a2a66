"""The terminal's clipboard."""

from __future__ import annotations

from typing import Any

from textual.app import App

GIVEN = "Copied to the terminal's clipboard."


def give(app: App[Any], words: str) -> None:
    """Give text to the terminal's clipboard (OSC 52); what is no text of others becomes ``?``."""
    app.copy_to_clipboard(words.encode("utf-8", "replace").decode())
