"""Screens that are left while something for them is under way."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen


def is_there(screen: Screen[Any]) -> bool:
    """Whether a screen can be drawn on.

    From the moment that it, or the program, is left its widgets go, one by one.
    """
    # in Textual's words nothing is attached any more to an app that was told to exit
    return screen.is_mounted and screen.is_attached and screen in screen.app.screen_stack
