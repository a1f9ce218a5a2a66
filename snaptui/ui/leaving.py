"""Screens that are left while something for them is under way."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen


def is_there(screen: Screen[Any]) -> bool:
    """Whether a screen can be drawn on: from the moment it is left its widgets go, one by one."""
    return screen.is_mounted and screen in screen.app.screen_stack
