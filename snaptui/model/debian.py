"""Versions of Debian's packages, and which of two comes later (deb-version(7))."""

from __future__ import annotations

import re

_BACKPORT = re.compile(r"~bpo\d+\+\d+$")
"""Ends the version of a package that was built for an older release (backports.debian.org)."""


def patched(build: str, version: str, since: str) -> bool:
    """Whether a build is one of a version that holds a patch.

    Args:
        build: the package, ``11.3.0-3+deb13u3``; empty where none is known.
        version: that the program calls itself, ``11.3.0``: a package of another one is not it.
        since: the first package of its version with the patch.
    """
    own, _, revision = _BACKPORT.sub("", build).rpartition("-")
    first, _, least = since.rpartition("-")
    return own == first == version and _order(revision) >= _order(least)


def _order(revision: str) -> list[tuple[list[int], int]]:
    """Words and numbers in turn; ``~`` comes before the end, and letters before all else."""
    return [
        ([*map(_weight, word), 0], int(number or 0))
        for word, number in re.findall(r"(\D*)(\d*)", revision)
    ]


def _weight(char: str) -> int:
    if char == "~":
        return -1
    return ord(char) if char.isalpha() else ord(char) + 256
