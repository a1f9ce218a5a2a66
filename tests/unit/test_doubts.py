"""What a doubt reaches, and what it is called."""

from __future__ import annotations

import pytest

from snaptui.model.doubts import Doubt, Unread, reaching


@pytest.mark.parametrize(
    ("place", "path", "reached"),
    [
        ("/a/b", "/a/b/c", True),
        ("/a/b", "/a/b/c/d", True),
        ("/a/b", "/a/b", True),
        ("/a/b", "/a/bc", False),
        ("/a/b", "/a", False),
        ("/dev", "/dev/dm-3", True),
        (None, "/anything", True),
    ],
)
def test_it_reaches_what_is_in_its_place_or_is_it(
    place: str | None, path: str, reached: bool
) -> None:
    places = None if place is None else frozenset({place})
    doubt = Doubt(Unread.POOL, "p", "it is not active", places)
    assert doubt.reaches(("/other", path)) is reached
    assert reaching((doubt,), (path,)) == ((doubt,) if reached else ())


def test_one_of_another_place_reaches_nothing() -> None:
    assert not Doubt(Unread.BENEATH, "/a", "it is at nbd", frozenset()).reaches(("/a",))


@pytest.mark.parametrize(
    ("doubt", "words"),
    [
        (Doubt(Unread.POOL, "p", "it is not active"), "the pool p: it is not active"),
        (Doubt(Unread.POOLS, "", "denied"), "the storage pools: denied"),
        (Doubt(Unread.IMAGE, "/a", "/a: Permission denied."), "/a: Permission denied."),
        (Doubt(Unread.DEFINITION, "db", "it is too large"), "db: it is too large"),
    ],
)
def test_it_says_what_it_is_and_why(doubt: Doubt, words: str) -> None:
    assert doubt.words == words
