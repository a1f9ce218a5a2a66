"""Themes: what they are made of, and that their words can be read."""

from __future__ import annotations

from functools import partial

import pytest
from rich.color import ColorType
from rich.style import Style
from textual.pilot import Pilot
from textual.widgets import Button

from snaptui.config import THEMES
from tests.sample import sample
from tests.ui.conftest import MakeApp, loaded, until
from tests.ui.test_screens import text_of

READABLE = 3.0
"""The contrast that WCAG 2.1 asks of user interfaces; of text for most people it is 4.5."""


def luminance(color: tuple[int, int, int]) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in color)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(style: Style) -> float:
    """Of the two colours of a style, both of 24 bits."""
    assert style.color is not None
    assert style.bgcolor is not None
    assert {style.color.type, style.bgcolor.type} == {ColorType.TRUECOLOR}
    dark, light = sorted(luminance(c.get_truecolor()) for c in (style.color, style.bgcolor))
    return (light + 0.05) / (dark + 0.05)


def unreadable(pilot: Pilot[None]) -> list[str]:
    """Words on the screen, or in its dialog, that are hardly told from their background.

    But for a button that cannot be pressed, which WCAG exempts.
    """
    screen = pilot.app.screen
    disabled = {
        str(button.label).strip() for button in screen.query("Button:disabled").results(Button)
    }
    boxes = screen.query("#box")
    region = boxes.first().region if boxes else screen.region
    found = []
    for strip in screen._compositor.render_strips()[region.y : region.bottom]:
        for segment in strip.crop(region.x, region.right):
            words = segment.text.strip()
            if words not in disabled and any(char.isalnum() for char in words):
                assert segment.style is not None
                ratio = contrast(segment.style)
                if ratio < READABLE:
                    found.append(f"{segment.text!r}: {ratio:.1f}")
    return found


def is_shown(pilot: Pilot[None], words: str) -> bool:
    return words in text_of(pilot)


@pytest.mark.parametrize("theme", sample(1, ["dark", "light"]))
async def test_every_word_is_told_from_its_background(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    monkeypatch.setattr("snaptui.ui.terminal.key_queue.CLOSED", 0.0)
    app = make_app(theme=theme)
    async with app.run_test(size=(120, 40)) as pilot:
        await loaded(pilot)
        for keys, shows in (
            (("g", "j"), "pre-upgrade"),
            (("left",), "domains"),
            (("right", "r"), "Not checked"),
            (("tab", "tab"), "State after"),
            (("escape", "d"), "this and all below it"),
            (("escape", "c"), "Create a snapshot"),
            (("tab", "tab"), "Create a snapshot"),
            (("escape", "question_mark"), "Domains and snapshots"),
            (("escape", "o"), "No operations yet"),
        ):
            await pilot.press(*keys)
            await until(pilot, partial(is_shown, pilot, shows), shows)
            assert unreadable(pilot) == [], (keys, shows)


@pytest.mark.long
@pytest.mark.parametrize("theme", sample(2, THEMES))
async def test_a_theme_can_be_chosen_in_the_palette(make_app: MakeApp, theme: str) -> None:
    """For as long as the program runs; without colours there is nothing to choose."""
    app = make_app(theme=theme)
    async with app.run_test(size=(80, 24)) as pilot:
        await loaded(pilot)
        offered = [c.title for c in app.get_system_commands(app.screen) if "theme" in c.title]
        if theme == "mono":
            assert offered == []
            return
        assert offered == ["theme dark", "theme light", "theme ansi"]
        for name, background in (
            ("light", (242, 242, 242)),
            ("ansi", None),
            ("dark", (18, 18, 18)),
        ):
            await pilot.press("colon", *f"theme {name}")
            await until(pilot, lambda: "until snaptui ends" in text_of(pilot), "the command")
            await pilot.press("enter")

            def changed(wanted: tuple[int, int, int] | None = background) -> bool:
                style = app.screen._compositor.render_strips()[12]._segments[-1].style
                color = style.bgcolor if style is not None else None
                if color is None:
                    return False
                return color.is_default if wanted is None else color.triplet == wanted

            await until(pilot, changed, name)
