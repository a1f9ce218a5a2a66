"""The list of all snapshots: what is looked for, and the order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.model import author_mark, hold_mark
from snaptui.model.image import NotKnown
from snaptui.model.snapshot import depths
from snaptui.storage.reclaimable import Surveyed
from snaptui.storage.snapshot_list import Flag, ListedSnapshot, Order, Query, listed, ordered
from tests.unit.made import facts, snapshot

NOW = 1_800_000_000.0
DOMAIN, CONFIG = facts().status.domain, facts().status.config
DAY = 86_400
GIB = 1 << 30


def row(name: str = "s1", *, days: float | None = 1, size: int | None = GIB) -> ListedSnapshot:
    """One that is so old and gives back so much; ``None`` is not known."""
    created = None if days is None else int(NOW - days * DAY)
    made = snapshot(name, created=created, description="before the kernel")
    one = Surveyed(DOMAIN, CONFIG, (made,), {})
    (found,) = listed("kvm1", one, {})
    return replace(found, reclaim=NotKnown("no") if size is None else size)


@pytest.mark.parametrize(
    ("typed", "fits"),
    [
        ("", True),
        ("KERNEL", True),
        ("kernel s1", True),
        ("kernel s2", False),
        ("kvm1", True),
        (">30d", True),
        (">6w", False),
        ("<2y", True),
        (">1G", True),
        (">2G", False),
        ("<3G >1d", True),
        ("held", False),
        ("!held", True),
        ("internal ram", True),
        ("EXTERNAL", False),
        ('"held"', False),
        ('!"held"', True),
        ('"the kernel"', True),
        ('"the kernel', True),
        ('"kernel the"', False),
        ('!"the kernel" s1', False),
        ('"', True),
        ('""', True),
        ('"internal"', False),
        ("!kernel", False),
        ("!mail", True),
        ("!>30d", False),
        ("!>6w", True),
        ("!>2G", True),
        ("!", False),  # text, which this one has not
    ],
)
def test_what_is_looked_for(typed: str, fits: bool) -> None:
    assert Query.of(typed).fits(row(days=31, size=2 * GIB), NOW) is fits


@pytest.mark.parametrize("typed", [">30", ">2m", "<1x", ">", ">x", "<-1d", "!>2m"])
def test_what_looks_like_a_limit_and_is_none_fits_nothing_and_is_told(typed: str) -> None:
    """Also no row that has it as text: taken for a filter, it would find others than are meant."""
    one = replace(row(), description=f"it was {typed} then")
    assert not Query.of(f"{typed} kernel").fits(one, NOW)
    assert Query.of(f"kernel {typed} !held").unclear == (typed,)
    assert Query.of(f'"{typed}"').fits(one, NOW)
    assert Query.of(f'!held >1d "{typed}"').unclear == ()


@pytest.mark.parametrize("typed", [">1d", "<100y", ">1K", "<1T", "!>1d", "!<1T"])
def test_what_is_not_known_is_neither_more_nor_less(typed: str) -> None:
    assert not Query.of(typed).fits(row(days=None, size=None), NOW)


def test_a_hold_is_looked_for_by_its_word() -> None:
    made = snapshot("s1")
    held = replace(
        made, description=hold_mark.marked("text", hold_mark.Hold("root", "2026-11-29T10:00:00Z"))
    )
    found = list(listed("", Surveyed(DOMAIN, CONFIG, (held,), {"s2": "broken XML"}), {}))
    assert [Flag.HELD in one.flags for one in found] == [True, False]
    assert [one.unread for one in found] == ["", "broken XML"]
    assert found[0].description == "text"


@pytest.mark.parametrize(
    ("said", "mine"),
    [("root@kvm1", True), ("root@kvm1 (sudo: eve)", False), ("eve@kvm1", False), ("", False)],
)
def test_what_this_account_signed_is_looked_for_by_me(said: str, mine: bool) -> None:
    """Also where a group and a hold are noted below it."""
    hold = hold_mark.Hold("root", "2026-11-29T10:00:00Z")
    text = hold_mark.marked(author_mark.marked("before", said), hold)
    one = Surveyed(DOMAIN, CONFIG, (snapshot("s1", description=text),), {})
    (found,) = listed("", one, {}, "root@kvm1")
    assert Query.of("me").fits(found, NOW) is mine
    assert Query.of("!me").fits(found, NOW) is not mine
    (unsigned,) = listed("", one, {})
    assert not Query.of("me").fits(unsigned, NOW), "without an account nothing is"


@pytest.mark.parametrize("word", [*(flag.value for flag in Flag), ">30d", "<1G", "!held"])
def test_what_means_something_is_found_as_text_in_quotes(word: str) -> None:
    one = replace(row(days=1, size=0), description=f"it was {word} then")
    assert Query.of(f'"{word}"').fits(one, NOW)
    assert not Query.of(f'!"{word}"').fits(one, NOW)
    assert not Query.of(f'"{word}"').fits(row(days=1, size=0), NOW)


@given(st.text(), st.text())
def test_whatever_is_typed_looks_for_something(typed: str, described: str) -> None:
    one = replace(row(), description=described)
    assert Query.of(typed).fits(one, NOW) in (True, False)
    if '"' not in described:
        assert Query.of(f'"{described}"').fits(one, NOW)


def test_of_one_second_a_parent_is_before_its_children() -> None:
    rows = [replace(row(name, days=1), depth=at) for at, name in enumerate(("z", "m", "a"))]
    older = row("zz", days=2)
    assert [one.name for one in ordered([*rows[::-1], older], Order.AGE)] == ["zz", "z", "m", "a"]
    chain = [snapshot(name, parent) for name, parent in (("z", None), ("a", "m"), ("m", "z"))]
    assert depths(chain) == {"z": 0, "m": 1, "a": 2}
    circle = [snapshot("a", "b"), snapshot("b", "a"), snapshot("c", "elsewhere")]
    assert set(depths(circle)) == {"a", "b", "c"}


@given(
    st.lists(st.tuples(st.none() | st.integers(0, 99), st.none() | st.integers(0, 9)), max_size=12),
    st.sampled_from(Order),
)
def test_every_order_keeps_all_and_puts_what_is_not_known_last(
    made: list[tuple[int | None, int | None]], by: Order
) -> None:
    rows = [row(f"s{n}", days=days, size=size) for n, (days, size) in enumerate(made)]
    found = ordered(rows, by)
    assert sorted(one.name for one in found) == sorted(one.name for one in rows)
    if by is Order.AGE:
        ages = [one.created for one in found]
        known = [age for age in ages if age is not None]
        assert ages == sorted(known) + [None] * (len(ages) - len(known))
    if by is Order.RECLAIM:
        sizes = [one.reclaim for one in found]
        sure = [size for size in sizes if not isinstance(size, NotKnown)]
        assert sizes[: len(sure)] == sorted(sure, reverse=True)
