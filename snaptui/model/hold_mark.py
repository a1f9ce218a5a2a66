"""Holding a snapshot: a mark in its description, which every libvirt client shows.

libvirt's metadata have no other place for it that belongs to one snapshot. The mark is the
last line; editing a description leaves it alone.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from snaptui.common import text
from snaptui.model.snapshot import Snapshot

_MARK = re.compile(
    r"(?:\A|\n)\[held by (?P<who>[^\n\]]+) since "
    r"(?P<since>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\]\s*\Z"
)


@dataclass(frozen=True, slots=True)
class Hold:
    """Who holds a snapshot, and since when (UTC, ISO 8601)."""

    who: str
    since: str


def hold_of(snapshot: Snapshot) -> Hold | None:
    """What holds a snapshot; ``None`` when it may be deleted."""
    found = _MARK.search(snapshot.description)
    return Hold(found["who"], found["since"]) if found else None


def described(snapshot: Snapshot) -> str:
    """The description without the mark."""
    return _MARK.sub("", snapshot.description)


def marked(description: str, hold: Hold | None) -> str:
    """A description (without a mark) with the mark of ``hold``."""
    if hold is None:
        return description
    mark = f"[held by {hold.who} since {hold.since}]"
    return f"{description}\n{mark}" if description else mark


def new_hold(who: str, moment: float) -> Hold:
    """A hold by ``who`` from ``moment``, in seconds since the epoch."""
    shown = "".join("_" if char == "]" or text.invisible(char) else char for char in who)
    return Hold(shown, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)))
