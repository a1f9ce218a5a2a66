"""Who says to have taken a snapshot: a mark in its description, which every libvirt client shows.

The mark is a line of its own, the last one but for those of a group and a hold. Anybody can write
one: it is only ever shown as what the snapshot says, and nothing rests on it.
"""

from __future__ import annotations

import re

from snaptui.common import text

LONGEST = 200
"""Characters of an author."""
_MARK = re.compile(rf"(?:\A|\n)\[by (?P<who>[^\n\[\]]{{1,{LONGEST}}})\]\s*\Z")


def author_in(description: str) -> str:
    """Whom a description without other marks names; empty without an author."""
    found = _MARK.search(description)
    return found["who"] if found is not None else ""


def without(description: str) -> str:
    """The description without the mark."""
    return _MARK.sub("", description)


def marked(description: str, author: str) -> str:
    """A description (without a mark) with that of an author; without one as it is."""
    if not author:
        return description
    mark = f"[by {author}]"
    return f"{description}\n{mark}" if description else mark


def author(account: str, caller: str) -> str:
    """An author as a mark names it.

    Args:
        account: that the program runs under, as ``user@machine``.
        caller: the account that called it with sudo; empty without.
    """
    said = f"{account} (sudo: {caller})" if caller else account
    shown = ("_" if char in "[]" or text.invisible(char) else char for char in said)
    return "".join(shown)[:LONGEST]
