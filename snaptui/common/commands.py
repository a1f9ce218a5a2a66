"""The commands of ``snaptui``, and which of them a word was meant for."""

from __future__ import annotations

from typing import Final

COMMANDS: Final = ("report", "check")
_ALIKE: Final = 0.7
"""How alike a word is to what it was meant for, of 1: two letters of six may be swapped."""


def meant(word: str) -> str:
    """A question that names the command; empty where a word is like none."""
    import difflib  # not before something is wrong: it takes 5 ms to import

    found = difflib.get_close_matches(word.lower(), COMMANDS, 1, _ALIKE)
    return f"Did you mean the command '{found[0]}'?" if found else ""
