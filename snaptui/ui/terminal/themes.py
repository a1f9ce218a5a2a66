"""The themes that the configuration may name, as Textual wants them."""

from __future__ import annotations

import os

from rich.terminal_theme import TerminalTheme
from textual.app import App
from textual.theme import Theme

from snaptui.config import MONO

STYLES = {
    "idle-style": "none",
    "mark-style": "none",
    "field-style": "none",
    "dim-style": "none",
    "warn-style": "none",
    "off-style": "bold",
}
"""Text styles of the style sheet for themes whose colours say enough."""

_LIGHT = Theme(
    name="light",
    primary="#004578",
    secondary="#0178D4",
    accent="#8A4B00",
    warning="#8A4B00",
    error="#A8123C",
    success="#14662F",
    background="#F2F2F2",
    surface="#E4E4E4",
    panel="#D8D8D8",
    dark=False,
    variables={
        "text-muted": "#5A5A5A",
        "text-disabled": "#707070",
        "primary-background": "#CBD7E3",
        "surface-lighten-1": "#FFFFFF",
        "surface-lighten-2": "#C8C8C8",
        "surface-lighten-3": "#909090",
    },
)

_LIGHT_NAMED = TerminalTheme(
    (242, 242, 242),
    (18, 18, 18),
    [(0, 0, 0), (168, 18, 60), (20, 102, 47), (138, 75, 0), (0, 69, 120), (120, 30, 120),
     (0, 95, 110), (90, 90, 90)],
)  # fmt: skip
"""What the colours that have names look like on the light background."""

_PLAIN = {
    "idle-style": "underline",
    "mark-style": "reverse",
    "field-style": "underline",
    "dim-style": "dim",
    "warn-style": "bold",
    "off-style": "dim",
    "surface-lighten-2": "ansi_default",
    "surface-lighten-3": "ansi_default",
    "border": "ansi_default",
    "border-blurred": "ansi_default",
    "block-cursor-foreground": "ansi_default",
    "block-cursor-background": "ansi_default",
    "block-cursor-text-style": "bold reverse",
    "input-cursor-background": "ansi_default",
    "input-cursor-foreground": "ansi_default",
    "input-cursor-text-style": "reverse",
    "input-selection-background": "ansi_default",
    "input-selection-foreground": "ansi_default",
    "ansi-background": "ansi_default",
    "ansi-foreground": "ansi_default",
}
"""Where other themes use backgrounds: the terminal's own two colours, reversed or underlined."""


def prepare(theme: str) -> None:
    """Make the environment ready for an application with a theme, before it is made.

    Textual drops all colours if ``NO_COLOR`` is set at that moment; even if it is empty, which
    counts as not set (no-color.org).
    """
    if theme == MONO:
        os.environ["NO_COLOR"] = "1"
    else:
        os.environ.pop("NO_COLOR", None)


def use(app: App[None], theme: str) -> None:
    """Switch to a theme of :data:`snaptui.config.THEMES`.

    ``mono`` has no colours only if the application was made after :func:`prepare`.
    """
    if theme == "dark":
        app.theme = "textual-dark"
        return
    if theme == "light":
        app.ansi_theme_light = _LIGHT_NAMED
        app.register_theme(_LIGHT)
    else:
        app.register_theme(_plain(theme))
    app.theme = theme


def _plain(name: str) -> Theme:
    """On the terminal's own foreground and background, which suit each other."""
    return Theme(
        name=name,
        ansi=True,
        primary="ansi_default",
        warning="ansi_yellow",
        error="ansi_red",
        success="ansi_green",
        accent="ansi_magenta",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        variables=_PLAIN,
    )
