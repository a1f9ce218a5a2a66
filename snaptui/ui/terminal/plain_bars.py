"""Scroll bars of a terminal that has no block characters: their ends are at whole cells."""

from __future__ import annotations

from typing import ClassVar

from textual.scrollbar import ScrollBar, ScrollBarRender


class PlainBars(ScrollBarRender):
    """Draws with spaces alone, in the colours of the bar."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8


def use(*, plain: bool) -> None:
    """Let all scroll bars be drawn so, or as Textual does."""
    ScrollBar.renderer = PlainBars if plain else ScrollBarRender
