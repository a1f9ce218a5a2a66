"""Long lines of the details: in parts that need no more than their room, and lose nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from snaptui.model.disk import Disk
from snaptui.ui.format import clean
from snaptui.ui.main.tabs import definition_lines
from snaptui.ui.panes.lines import Line, Sides, parts, with_room, wrapped
from tests.unit.made import config

TEXTS = st.text(min_size=1, max_size=200).map(clean)


@given(TEXTS, st.integers(2, 90))
def test_parts_have_room_and_lose_nothing_but_spaces(text: str, width: int) -> None:
    found = parts(text, width)
    assert all(cell_len(part) <= width for part in found)
    assert "".join(found).replace(" ", "") == text.replace(" ", "")


def test_words_stay_whole_and_paths_are_cut() -> None:
    assert parts("no snapshot names it", 12) == ["no snapshot", "names it"]
    assert parts("/a/long/path", 5) == ["/a/lo", "ng/pa", "th"]


def test_what_stands_at_both_sides_goes_below_each_other() -> None:
    line = Sides("web", "2026-11-27 22:25:16 UTC, 2 days ago", "after pre-upgrade")
    assert list(wrapped(line, 80, 9)) == [line]
    assert list(wrapped(line, 45, 9)) == [
        Sides("web", "2026-11-27 22:25:16 UTC, 2 days ago"),
        Sides("", "", "after pre-upgrade"),
    ]
    assert list(wrapped(("Chain", "vda, a long name"), 16, 8)) == [
        ("Chain", "vda, a"),
        (" ", "long"),
        (" ", "name"),
    ]


@pytest.mark.parametrize(
    ("height", "rows"),
    [
        (2, [1, 1, 1]),  # they scroll as it is
        (3, [1, 1, 1]),
        (4, [1, 1, 2]),
        (5, [3, 1, 1]),
        (6, [3, 1, 2]),
        (99, [3, 1, 2]),
    ],
)
def test_lines_go_on_below_as_far_as_there_is_room(height: int, rows: list[int]) -> None:
    """The first ones first; no line is pushed off the screen for another."""
    lines: list[Line | Sides] = [
        ("Error", "aaaa bbbb cccc"),
        ("State", "a"),
        ("Frees", "aaaa bbbb"),
    ]
    found = with_room(lines, [list(wrapped(line, 8, 7)) for line in lines], height)
    assert [len(one) for one in found] == rows
    assert [one[0] for one, number in zip(found, rows, strict=True) if number == 1] == [
        line for line, number in zip(lines, rows, strict=True) if number == 1
    ]


def test_where_a_machine_has_its_uefi_variables_is_a_line_of_its_configuration() -> None:
    raw = Disk("UEFI variables", "nvram", "file", "/v.fd", "raw")
    for machine, said in (
        ({"variables": raw}, "/v.fd (raw)"),
        ({"varstore": "/v.json"}, "/v.json (store)"),
        ({"varstore": ""}, "no file (store)"),
        ({}, None),
    ):
        lines = dict(definition_lines(config(pflash=True, **machine)))
        assert lines.get("UEFI variables") == said
