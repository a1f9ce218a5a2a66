"""Which columns a row has, and what the row of now says of the configuration."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from snaptui.ui.format import ASCII, UNICODE
from snaptui.ui.panes.columns import Column, layout
from snaptui.ui.panes.differences import differences
from snaptui.ui.panes.snapshots import COLUMNS
from tests.unit.made import VDA, config

FIXED = sum(one.width + one.gap for one in COLUMNS if one.rank == 0)


def titles(width: int, widest: int) -> list[str]:
    return [column.title for column in layout(width, COLUMNS, widest).columns]


@given(st.integers(FIXED + 6, 300), st.integers(0, 500), st.sampled_from([UNICODE, ASCII]))
def test_a_row_fills_its_width_and_no_more(width: int, widest: int, glyphs: object) -> None:
    shared = layout(width, COLUMNS, widest)
    taken = 2 + shared.name + sum(column.width + column.gap for column in shared.columns)
    assert taken == width
    assert glyphs in (UNICODE, ASCII)
    heading = shared.heading(UNICODE if glyphs is UNICODE else ASCII, "Snapshot", "Frees")
    assert cell_len(heading) == width


def test_narrow_screens_keep_what_a_revert_and_a_delete_are_chosen_by() -> None:
    assert titles(40, 12) == ["Age", "Holds", "Frees"]
    assert titles(80, 12) == ["Age", "Holds", "Written", "Frees", "Description"]
    assert titles(160, 12) == [column.title for column in COLUMNS]


def test_a_long_name_comes_before_further_columns_and_the_description_keeps_some_room() -> None:
    assert "State" not in titles(110, 40)
    assert layout(110, COLUMNS, 400).columns[-1] == Column("Description", 14, 2, gap=2)


def test_the_sorted_column_has_a_sign() -> None:
    assert layout(80, COLUMNS, 9).heading(UNICODE, "Snapshot", "Frees").count("▾") == 1
    for width in (80, 200):
        assert "▾" not in layout(width, COLUMNS, 9).heading(UNICODE, "Snapshot")


def test_now_differs_from_then_in_words() -> None:
    then = replace(config(VDA), memory=32 << 20)
    assert differences(then, then) == ()
    now = replace(then, memory=128 << 20, disks=(replace(VDA, target="vdb"),), passthrough=("usb",))
    assert differences(then, now) == (
        "memory 128M (was 32M)",
        "new: vdb",
        "gone: vda",
        "other host devices",
    )
