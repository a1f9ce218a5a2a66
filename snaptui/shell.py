"""Command lines for a shell: what it passes on is what was meant, whatever the names are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from snaptui import text

_EVAL = "eval \"$(printf -- '"
_CHANGED = re.compile(rb"""[^\x20-\x7e]|[\\%'"`$!]""")
"""What printf(1) changes, a shell takes for its own, or a terminal may not show."""


def line(words: Sequence[str]) -> str:
    """The words as a line on which each character can be seen, to be pasted into any shell.

    What cannot be seen is written by POSIX's printf(1).
    """
    if any(word.endswith("\n") for word in words):
        return spelled_out(shlex.join(words))  # $(...) would drop the line feed
    return " ".join(map(_word, words))


def spelled_out(made: str) -> str:
    """The same line in printable ASCII."""
    if made.isascii() and made.isprintable():
        return made
    return f"{_EVAL}{_octal(made)}')\""


def program(made: str) -> str:
    """The program that a line starts."""
    return made.removeprefix(_EVAL).partition(" ")[0]


def _word(word: str) -> str:
    if not any(map(text.invisible, word)):
        return shlex.quote(word)
    option = re.match(r"(--[a-z]+=)?", word)
    assert option is not None
    return f"{option[0]}\"$(printf -- '{_octal(word[option.end() :])}')\""


def _octal(raw: str) -> str:
    """What printf(1) makes the text of."""
    escaped = _CHANGED.sub(lambda byte: b"\\%03o" % byte[0][0], text.utf8(raw))
    return escaped.decode("ascii").replace("\\012", "\\n")
