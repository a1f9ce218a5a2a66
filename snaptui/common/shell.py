"""Command lines for a shell: what it passes on is what was meant, whatever the names are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from snaptui.common import text

_EVAL = "eval \"$(printf -- '"
_NEW = "(umask 077; set -C; : > "
_CHANGED = re.compile(rb"""[^\x20-\x7e]|[\\%'"`$!]""")
"""What printf(1) changes, a shell takes for its own, or a terminal may not show."""


def line(words: Sequence[str]) -> str:
    """The words as a line on which each character can be seen, to be pasted into any shell.

    What cannot be seen is written by POSIX's printf(1).
    """
    if any(word.endswith("\n") for word in words):
        return spelled_out(shlex.join(words))  # $(...) would drop the line feed
    return " ".join(map(_word, words))


def line_for_new(path: str, *commands: Sequence[str]) -> str:
    """Commands of qemu-img that fill a file, as a line that never replaces one that is there.

    It is made first, for its owner alone; qemu-img, which would open what is there, follows only
    where that could be done (POSIX sh, set -C).
    """
    if any(word.endswith("\n") for words in ((path,), *commands) for word in words):
        return spelled_out(
            f"{_NEW}{shlex.quote(path)}) && {' && '.join(map(shlex.join, commands))}"
        )
    return f"{_NEW}{_word(path)}) && {' && '.join(map(line, commands))}"


def spelled_out(made: str) -> str:
    """The same line in printable ASCII."""
    if made.isascii() and made.isprintable():
        return made
    return f"{_EVAL}{_octal(made)}')\""


def program(made: str) -> str:
    """The program that a line starts, and that does what it is for."""
    if made.removeprefix(_EVAL).startswith(_NEW):
        return "qemu-img"
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
