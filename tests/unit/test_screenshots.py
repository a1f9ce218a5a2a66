"""The pictures show the program as it is."""

from __future__ import annotations

from tests.screenshots import MADE_OF, PICTURES, TARGET, made_of


def test_the_pictures_are_not_older_than_the_screens() -> None:
    kept = MADE_OF.read_text().strip()
    assert kept == made_of(), "their screens or sentences changed since: make screenshots"


def test_all_pictures_are_there() -> None:
    assert {path.stem for path in TARGET.glob("*.svg")} == {*PICTURES, "files"}
