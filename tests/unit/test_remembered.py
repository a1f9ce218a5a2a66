"""What is made anew of many things, and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.storage.remembered import Remembered

PATHS = "abc"
Facts = dict[str, int]
Made = list[tuple[str, int | None]]


@dataclass(frozen=True)
class Thing:
    """Asks for facts of these paths, one after another, as far as they are there."""

    paths: str


def look(thing: Thing, one: Mapping[str, int], other: Mapping[str, int]) -> Made:
    """The second facts are asked for only where the first are not there."""
    found = []
    for path in thing.paths:
        found.append((path, one[path] if path in one else other.get(path)))
    return found


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from("xyz"), st.text(PATHS, max_size=3)),
            st.dictionaries(st.sampled_from(PATHS), st.integers(0, 3)),
            st.dictionaries(st.sampled_from(PATHS), st.integers(0, 3)),
        ),
        max_size=6,
    )
)
def test_it_is_as_if_all_were_made_anew(moments: list[tuple[dict[str, str], Facts, Facts]]) -> None:
    kept: dict[tuple[str, str], Thing] = {}
    remembered = Remembered[Thing, Made](look)
    for things, one, other in moments:
        now = {key: kept.setdefault((key, paths), Thing(paths)) for key, paths in things.items()}
        fresh = [look(thing, one, other) for thing in now.values()]
        assert remembered.of(now, one, other) == fresh


def test_only_those_are_made_anew_of_which_a_fact_changed() -> None:
    made: list[str] = []

    def noted(thing: Thing, one: Mapping[str, int], other: Mapping[str, int]) -> Made:
        made.append(thing.paths)
        return look(thing, one, other)

    remembered = Remembered[Thing, Made](noted)
    things = {1: Thing("a"), 2: Thing("b"), 3: Thing("ab")}
    for facts, expected in (
        ({"a": 1}, ["a", "b", "ab"]),
        ({"a": 1, "c": 2}, []),
        ({"a": 2}, ["a", "ab"]),
        ({"a": 2, "b": 1}, ["b", "ab"]),
        ({"b": 1}, ["a", "ab"]),
    ):
        made.clear()
        assert remembered.of(things, facts, {}) == [look(one, facts, {}) for one in things.values()]
        assert made == expected
    made.clear()
    remembered.of({2: Thing("b")}, {"b": 1}, {})
    assert made == ["b"], "another thing, though it is equal"
    remembered.of(things, {"b": 1}, {})
    assert made == ["b", "a", "b", "ab"], "what was left out is forgotten"


def test_what_rests_on_all_facts_is_refused() -> None:
    def count(_: Thing, facts: Mapping[str, int]) -> int:
        return sum(facts.values())

    with pytest.raises(TypeError, match="does not rest on all facts"):
        Remembered[Thing, int](count).of({1: Thing("")}, {"a": 1})
