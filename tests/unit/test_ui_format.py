"""Hostile names are shown literally, in one row, in exactly the cells they are given."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from snaptui.model.disk import Presence
from snaptui.model.domain import Domain, DomainKey, DomainState, Reason
from snaptui.model.image import NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.model.snapshot import SnapshotDisk as Part
from snaptui.ui import format as ui
from snaptui.ui.snapshot_graph import Row, RowKind

GLYPHS = pytest.mark.parametrize("glyphs", [ui.UNICODE, ui.ASCII], ids=["unicode", "ascii"])

LITERAL = ["[/x]", "[red]", "[@click=app.quit]quit[/]", "[[", "\\[b]", "a & b <c>", "  two  "]
WRITTEN_OUT = {
    "\x1b[31mred": "\\x1b[31mred",
    "\x1b]0;title\x07": "\\x1b]0;title\\x07",
    "a\r\nb": "a\\r\\nb",
    "a\tb\0": "a\\tb\\x00",
    "\x7f\x9b2J": "\\x7f\\x9b2J",
    "snap\u202egpj.exe": "snap\\u202egpj.exe",
    "a\u200db\u200bc\ufeff": "a\\u200db\\u200bc\\ufeff",
    "a\u2028b\u2029c": "a\\u2028b\\u2029c",
    "a\u00a0b\u3000c": "a\\xa0b\\u3000c",
    "\ud800\udcff": "\\ud800\\udcff",
    "\U000e0041": "\\U000e0041",
}
HOSTILE = [
    *LITERAL,
    *WRITTEN_OUT,
    "日本語" * 20,
    "é\u0301" * 9,
    "👩\u200d👩\u200d👧",
    "x" * 4096,
    "漢" * 1365,
]


def snapshot(memory: Presence, *parts: Presence, state: str = "running") -> Snapshot:
    disks = tuple(Part(f"vd{at}", part) for at, part in enumerate(parts))
    return Snapshot("s", None, 0, state, "", memory, None, disks, None, False, "")


@GLYPHS
def test_the_names_of_hosts_make_room_for_how_it_ended(glyphs: ui.Glyphs) -> None:
    host = "qemu+ssh://root@kvm-07.example.org/system"
    line = f"10:00 Create a snapshot of web on {host}: done; u undoes it"
    shown = ui.with_short_hosts(line, ["kvm1", host], 79, glyphs)
    assert cell_len(shown) <= 79
    assert shown.endswith("/system: done; u undoes it")
    assert shown.startswith("10:00 Create a snapshot of web on qemu")
    assert ui.with_short_hosts(line, ["kvm1", host], 200, glyphs) == line
    assert ui.with_short_hosts("web on kvm1: done", ["kvm1"], 5, glyphs) == "web on kvm1: done"


@pytest.mark.parametrize("raw", LITERAL)
@GLYPHS
def test_markup_stays_what_it_is(raw: str, glyphs: ui.Glyphs) -> None:
    assert ui.clean(raw, glyphs) == raw


@pytest.mark.parametrize(("raw", "shown"), WRITTEN_OUT.items())
@GLYPHS
def test_what_cannot_be_seen_is_written_out(raw: str, shown: str, glyphs: ui.Glyphs) -> None:
    assert ui.clean(raw, glyphs) == shown


def test_letters_of_all_scripts_stay_except_in_ascii() -> None:
    assert ui.clean("Žluťoučký 日本語") == "Žluťoučký 日本語"
    assert ui.clean("ž日", ui.ASCII) == "\\u017e\\u65e5"


def assert_one_row(raw: str, width: int, glyphs: ui.Glyphs, *, right: bool) -> None:
    shown = ui.clean(raw, glyphs)
    assert len(shown.splitlines()) <= 1
    assert all(char == " " or unicodedata.category(char)[0] not in "CZ" for char in shown)
    assert shown.isascii() or not glyphs.ascii
    fitted = ui.fit(shown, width, glyphs, right=right)
    assert cell_len(fitted) == width
    if not width:
        assert fitted == ""
    elif cell_len(shown) <= width:
        assert fitted.strip() == shown.strip()
    else:
        assert fitted.endswith(glyphs.more)


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("width", [0, 1, 2, 7, 80])
@GLYPHS
def test_hostile_names_fill_exactly_their_cells(raw: str, width: int, glyphs: ui.Glyphs) -> None:
    assert_one_row(raw, width, glyphs, right=False)


@given(
    st.text(st.characters(exclude_categories=[])),
    st.integers(0, 90),
    st.sampled_from([ui.UNICODE, ui.ASCII]),
    st.booleans(),
)
def test_any_text_fills_exactly_its_cells(
    raw: str, width: int, glyphs: ui.Glyphs, right: bool
) -> None:
    assert_one_row(raw, width, glyphs, right=right)


def test_fit_cuts_wide_characters_whole_and_pads_on_the_asked_side() -> None:
    assert ui.fit("日本語", 4, ui.UNICODE) == "日 …"
    assert ui.fit("日本語", 5, ui.ASCII) == "日本~"
    assert ui.fit("ab", 4, ui.UNICODE) == "ab  "
    assert ui.fit("ab", 4, ui.UNICODE, right=True) == "  ab"
    assert ui.fit("ab", -1, ui.UNICODE) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0s"), (0, "0s"), (59, "59s"), (60, "60s"), (3_600, "60m"), (86_399, "23h"),
     (3 * 86_400, "3d"), (365 * 86_400, "365d"), (99 * 31_557_600, "99y")],
)  # fmt: skip
def test_a_short_age_has_four_cells_at_most(seconds: int, words: str) -> None:
    assert ui.short_age(1_000, 1_000 + seconds) == words
    assert len(words) <= 4
    assert ui.short_age(None, 0) == ""


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (snapshot(Presence.INTERNAL, Presence.INTERNAL), "I disk+RAM"),
        (snapshot(Presence.NO, Presence.EXTERNAL, Presence.NO), "E disk"),
        (snapshot(Presence.EXTERNAL, Presence.INTERNAL), "M disk+RAM"),
        (snapshot(Presence.NO), "- nothing"),
    ],
)
def test_what_a_snapshot_holds(one: Snapshot, words: str) -> None:
    assert ui.holds(one) == words


def test_states_and_sizes_in_words() -> None:
    domain = Domain(DomainKey("h", "u"), "d", DomainState.PAUSED, Reason.IO_ERROR)
    assert ui.state_words(domain) == "paused: I/O error"
    assert ui.state_of(snapshot(Presence.NO, state="disk-snapshot")) == "disk-only"
    assert ui.state_of(snapshot(Presence.NO, state="x")) == "x"
    assert (ui.size_or_mark(NotKnown("why")), ui.size_or_mark(0), ui.size_or_mark(1024)) == (
        "?", "", "1.0 KiB",
    )  # fmt: skip


def test_the_graph_and_all_marks_can_be_drawn_in_ascii() -> None:
    shown = [ui.mark(Row("s", kind, "│ ┌─├─"), ui.ASCII) for kind in RowKind]
    assert all(each.isascii() and each.startswith("| .-|-") for each in shown)
    assert len(set(shown)) == len(RowKind)
    assert ui.mark(Row("s", RowKind.CURRENT, "├─"), ui.UNICODE) == "├─●"
