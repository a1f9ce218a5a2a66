"""Files of a guest as lines: text is told from other bytes, and shown literally."""

from __future__ import annotations

import pytest

from snaptui.ui.format import ASCII, UNICODE
from snaptui.ui.panes.file_diff import MOST, diff_lines
from snaptui.ui.panes.file_preview import Piece, as_text, laid_out, part_words
from snaptui.ui.panes.lines import Sides

ROLES = {"good": "+", "bad": "-", "graph": "@", "": " "}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain\n", "plain\n"),
        (b"", ""),
        ("müller\n".encode(), "müller\n"),
        (
            b"caf\xe9 and more than ten times as many\n",
            "caf\udce9 and more than ten times as many\n",
        ),
        ("Datei\r\n".encode("utf-16"), "Datei\r\n"),
        (b"colours \x1b[31mred\x1b[0m\n", "colours \x1b[31mred\x1b[0m\n"),
        (b"\x7fELF\x02\x01\x01\x00", None),
        (bytes(range(1, 32)) * 9, None),
        (b"\x89PNG\r\n\x1a\n", None),
    ],
)
def test_what_is_text(data: bytes, text: str | None) -> None:
    assert as_text(data) == text


def test_a_text_is_shown_literally_and_broken_into_lines() -> None:
    piece = Piece(0, b"short\r\n\ta tab\n\x1b[31mred\n" + b"x" * 25 + b"\nend")
    assert laid_out(piece, 12, UNICODE).lines == [
        "short", "        a ta", "b", "\\x1b[31mred", "x" * 12, "x" * 12, "x", "end",
    ]  # fmt: skip


def test_wide_characters_stay_within_the_width() -> None:
    laid = laid_out(Piece(0, "漢字漢字漢字".encode()), 5, UNICODE)
    assert laid.lines == ["漢字", "漢字", "漢字"]
    escaped = laid_out(Piece(0, "ü".encode()), 12, ASCII).lines
    assert escaped == ["\\xfc"]


def test_other_bytes_have_no_lines() -> None:
    laid = laid_out(Piece(0, b"\0\1\2"), 20, UNICODE)
    assert laid.binary
    assert not laid_out(Piece(0, b""), 20, UNICODE).binary


def test_a_part_says_which_it_is() -> None:
    assert part_words(0, 100, 100) == ""
    assert part_words(1 << 20, 1 << 20, 5 << 20) == "1.0 MiB to 2.0 MiB of 5.0 MiB"


def shown(one: bytes | None, other: bytes | None, width: int = 80) -> list[str]:
    """The lines, each with the sign of its role in front."""
    found: list[str] = []
    for line in diff_lines(one, other, ("then", "now"), width, UNICODE):
        assert isinstance(line, Sides)
        found.append(f"{ROLES[line.role]}|{line.left}")
    return found


def numbered(*, without: int = 0) -> bytes:
    return b"".join(b"%d\n" % number for number in range(1, 21) if number != without)


def test_lines_that_differ_stand_in_their_places() -> None:
    """As ``diff -u`` numbers them."""
    assert shown(numbered(), numbered(without=10)) == [
        "-|--- then", "+|+++ now", "@|@@ -7,7 +7,6 @@",
        " | 7", " | 8", " | 9", "-|-10", " | 11", " | 12", " | 13",
    ]  # fmt: skip


def test_a_file_that_is_there_once_is_all_added() -> None:
    assert shown(None, b"new\n")[2:] == ["@|@@ -0,0 +1,1 @@", "+|+new"]
    assert shown(b"old\n", None)[2:] == ["@|@@ -1,1 +0,0 @@", "-|-old"]


def test_what_a_guest_wrote_restyles_nothing_and_long_lines_go_on() -> None:
    lines = shown(b"", b"\x1b[31m" + b"x" * 60 + b"\n", width=45)
    assert lines[-2:] == ["+|+\\x1b[31m" + "x" * 31, "+|" + "x" * 29]


def test_texts_that_differ_in_too_many_lines_are_not_compared_one_by_one() -> None:
    one, other = (
        "".join(f"{number} {side}\n" for number in range(MOST + 1)).encode() for side in "ab"
    )
    lines = shown(one, other)
    assert len(lines) == 3 + 2 * (MOST + 1)
    assert "too many lines differ" in lines[2]


def test_the_same_content_and_other_bytes_are_said_to_be_so() -> None:
    assert shown(b"a\n", b"a\n") == [" | The content is the same; only the metadata differ."]
    lines = diff_lines(b"\0\1", b"\0\2", ("then", "now"), 80, UNICODE)
    assert [line[1] for line in lines if not isinstance(line, Sides)] == [
        "Not a text: the bytes are not compared line by line.",
        "then: 2 B", "now: 2 B", "The bytes differ.",
    ]  # fmt: skip
