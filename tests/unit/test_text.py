"""Times and sizes in words."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.common import text

MOMENT = 1_795_143_300  # 2026-11-20 02:55:00 UTC


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    time.tzset()
    yield
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (None, "?"),
        (0, "0 B"),
        (1, "1 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (2_791_728_742, "2.6 GiB"),
        (1 << 40, "1.0 TiB"),
    ],
)
def test_a_size_has_a_binary_unit(count: int | None, words: str) -> None:
    assert text.size(count) == words


def test_a_moment_is_local_time() -> None:
    assert text.when(MOMENT) == "2026-11-20 02:55"
    assert text.when(MOMENT, seconds=True) == "2026-11-20 02:55:00"
    assert text.when(MOMENT, zone=True) == "2026-11-20 02:55 UTC"


def test_a_moment_is_told_in_the_time_zone_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    assert text.when(MOMENT, zone=True) == "2026-11-20 03:55 CET"
    assert text.when(0) == "1970-01-01 01:00"
    twice = 1_792_888_200  # 2026-10-25T00:30:00Z, half an hour before clocks go back
    assert text.when(twice, zone=True) == "2026-10-25 02:30 CEST"
    assert text.when(twice + 3600, zone=True) == "2026-10-25 02:30 CET"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second ago"),
        (119, "119 seconds ago"),
        (600, "10 minutes ago"),
        (47 * 3_600, "47 hours ago"),
        (3 * 86_400, "3 days ago"),
        (30 * 86_400, "30 days ago"),
        (44 * 86_400 + 86_399, "44 days ago"),
        (1_000 * 86_400, "1000 days ago"),
        (-7_200, "in 2 hours"),
    ],
)
def test_an_age_has_one_unit(seconds: int, words: str) -> None:
    assert text.age(MOMENT, MOMENT + seconds) == words


def test_what_is_not_known_is_a_question_mark() -> None:
    assert text.when(None) == text.age(None, MOMENT) == "?"


@given(st.integers(-(1 << 70), 1 << 70), st.floats(0, 1e12))
def test_no_moment_of_a_broken_clock_is_too_strange(moment: int, now: float) -> None:
    assert re.fullmatch(r"\?|-?\d+-\d\d-\d\d \d\d:\d\d", text.when(moment))
    assert re.fullmatch(r"\?|.+ ago|in .+", text.age(moment, now))


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 snapshots"), (1, "1 snapshot"), (2, "2 snapshots")]
)
def test_a_noun_has_its_number(number: int, words: str) -> None:
    assert text.count(number, "snapshot") == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1536, "1.5 KiB"), (10 << 10, "10 KiB"), (1 << 40, "1.0 TiB"),
     (1023 << 20, "1023 MiB"), ((1 << 30) - 1, "1.0 GiB")],
)  # fmt: skip
def test_sizes_for_columns_take_eight_cells(count: int, words: str) -> None:
    assert text.short_size(count) == words
    assert len(words) <= 8
