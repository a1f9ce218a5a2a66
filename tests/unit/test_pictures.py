"""The time line and the line of growth: each cell means what its place says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from snaptui.model.image import NotKnown
from snaptui.ui.format import ASCII, UNICODE, Glyphs
from snaptui.ui.pictures import growth_line, most_of, share_line, time_line

DAY = 86_400
NOW = 100.0 * DAY
BOTH = st.sampled_from([UNICODE, ASCII])


def test_snapshots_stand_where_their_time_is() -> None:
    line = time_line([90 * DAY, 95 * DAY, 95 * DAY, 99 * DAY], NOW, 8 + 10 + 5, UNICODE)
    assert line == "10d ago ○────2───○@ now"


@given(st.lists(st.integers(0, 200 * DAY), max_size=40), st.integers(0, 200), BOTH)
def test_a_time_line_fills_its_width_or_is_not_there(
    moments: list[int], width: int, glyphs: Glyphs
) -> None:
    line = time_line(moments, NOW, width, glyphs)
    assert line == "" or cell_len(line) == width
    assert line.isascii() or not glyphs.ascii


def test_one_alone_or_no_room_makes_no_picture() -> None:
    assert time_line([DAY], NOW, 80, UNICODE) == ""
    assert time_line([DAY, 2 * DAY], NOW, 20, UNICODE) == ""
    assert time_line([int(NOW), int(NOW) + 5], NOW, 80, UNICODE) == ""


def test_bars_are_as_high_as_what_was_written_and_unknown_is_no_bar() -> None:
    assert growth_line([0, 1, 70, None, 140], 9, UNICODE) == "▁▂▅?█"
    assert growth_line([0, 1, 70, None, 140], 9, ASCII) == "_.=?#"
    assert growth_line([5, 5, 10], 2, UNICODE) == "▅█"
    assert growth_line([], 5, UNICODE) == growth_line([1], 0, UNICODE) == ""


def test_a_bar_is_as_long_as_its_share_and_unknown_has_none() -> None:
    sizes: list[int | NotKnown] = [NotKnown("not counted"), 0, 1, 50, 100]
    most = most_of(sizes)
    assert most == 100
    shown = [share_line(size, most, 8, UNICODE) for size in sizes]
    assert shown == ["", "", "█", "████", "████████"]
    assert share_line(50, most, 8, ASCII) == "####"
    assert most_of([NotKnown("no")]) == 0
    assert share_line(0, 0, 8, UNICODE) == share_line(200, 0, 8, UNICODE) == ""


@given(st.integers(0, 1 << 60), st.integers(0, 1 << 60), st.integers(1, 30), BOTH)
def test_a_bar_is_never_longer_than_its_place(
    size: int, most: int, width: int, glyphs: Glyphs
) -> None:
    assert cell_len(share_line(size, most, width, glyphs)) <= width


@given(st.lists(st.none() | st.integers(0, 1 << 60), max_size=40), st.integers(0, 30), BOTH)
def test_a_line_of_growth_has_a_cell_for_each(
    sizes: list[int | None], width: int, glyphs: Glyphs
) -> None:
    assert cell_len(growth_line(sizes, width, glyphs)) == min(len(sizes), width)
