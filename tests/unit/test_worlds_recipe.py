"""Lines of a recipe mean to a shell what was done in the place."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.worlds import place, recipe


@pytest.mark.parametrize("word", [
    "plain", "write -P 0x3c 1M 512k", "it's", 'a "b" c', "$HOME", "`id`", "a\\b", "*",
])  # fmt: skip
def test_words_are_what_they_were_and_the_place_is_elsewhere(word: str) -> None:
    words = ["printf", "%s\\n", word, f"{place.IMAGES}/{word}", f"{place.IMAGES}/x,on=/dev/loop12"]
    said = run(f"D=/elsewhere; loop12=/dev/loop3; {recipe.line(words)}")
    assert said == f"{word}\n/elsewhere/{word}\n/elsewhere/x,on=/dev/loop3\n"


def test_a_file_holds_what_it_held_and_the_place_is_elsewhere(tmp_path: Path) -> None:
    text = f"<a b='$HOME' c=\"`id`\" d='\\1'>\n  <source file='{place.IMAGES}/x'/>\n</a>"
    run(f"D=/elsewhere; {recipe.file(tmp_path / '1.xml', text)}")
    there = (tmp_path / "1.xml").read_text()
    assert there == f"{text}\n".replace(str(place.IMAGES), "/elsewhere")


def run(words: str) -> str:
    return subprocess.check_output(["bash", "-c", words], text=True)
