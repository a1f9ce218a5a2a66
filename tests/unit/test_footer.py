"""The last lines of the main screen: only keys that do something with the row."""

from __future__ import annotations

import pytest

from snaptui.ui import keymap
from snaptui.ui.actions import ACTIONS
from snaptui.ui.footer import ALWAYS, Offer, On, footer_lines


def shown(offer: Offer, width: int = 80, *, read_only: bool = False, lines: int = 2) -> str:
    found = footer_lines(offer, {}, width, read_only=read_only, lines=lines).plain
    assert len(found.splitlines()) == lines
    assert all(len(line.rstrip()) <= width for line in found.splitlines())
    return found


@pytest.mark.parametrize("on", On)
@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("lines", [1, 2])
def test_help_and_quit_are_always_there(on: On, width: int, lines: int) -> None:
    found = shown(Offer(on), width, lines=lines)
    for name in ALWAYS:
        action = keymap.action(name)
        assert f"{keymap.shown(action.keys[0])} {action.label}" in found


def test_a_snapshot_has_all_its_keys_at_80_columns() -> None:
    first, second = shown(Offer(On.SNAPSHOT, without=("undo", "sign_in"))).splitlines()
    assert first.split("  ")[:8] == [
        " r revert", "d delete", "f files", "= compare", "e edit", "H hold", "x extract", "y copy",
    ]  # fmt: skip
    assert second.rstrip().endswith("? help  q quit")


def test_what_does_nothing_is_not_there_and_words_follow_the_row() -> None:
    offer = Offer(On.SNAPSHOT, without=("extract",), words={"delete": "delete 3 marked"})
    found = shown(offer)
    assert "extract" not in found
    assert "d delete 3 marked" in found


def test_nothing_that_changes_is_offered_when_read_only() -> None:
    for on in On:
        found = shown(Offer(on), 200, read_only=True).replace("\n", " ").strip().split("  ")
        for words in found:
            key, _, label = words.strip().partition(" ")
            changing = [one for one in ACTIONS if one.label == label and one.changes]
            assert not [one for one in changing if keymap.shown(one.keys[0]) == key]
