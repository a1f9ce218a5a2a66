"""Times and sizes in words, the same in plans and on the screen."""

from __future__ import annotations

import time
from datetime import timedelta

import humanize


def size(count: int | None) -> str:
    """Bytes in binary units (``2.6 GiB``); ``?`` when not known."""
    if count is None:
        return "?"
    return humanize.naturalsize(count, binary=True).replace(" Bytes", " B").replace(" Byte", " B")


def when(moment: int | None, *, zone: bool = False, seconds: bool = False) -> str:
    """A moment in local time (``2026-11-20 02:55``); ``?`` when not known.

    Args:
        zone: add the time zone's name.
        seconds: add the seconds.
    """
    if moment is None:
        return "?"
    form = "%Y-%m-%d %H:%M" + (":%S" if seconds else "") + (" %Z" if zone else "")
    try:
        return time.strftime(form, time.localtime(moment))
    except (OverflowError, OSError, ValueError):
        return "?"


def age(moment: int | None, now: float) -> str:
    """How long ago a moment was, in one unit (``3 days ago``); ``?`` when not known."""
    if moment is None:
        return "?"
    try:
        delta = timedelta(seconds=now - moment)
    except OverflowError:
        return "?"
    if delta < timedelta(0):
        return f"in {humanize.naturaldelta(-delta)}"
    return f"{humanize.naturaldelta(delta)} ago"


def count(number: int, noun: str) -> str:
    """A number with its noun (``1 snapshot``, ``3 snapshots``)."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
