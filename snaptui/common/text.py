"""Times and sizes in words, the same in plans and on the screen.

humanize is imported where it is used: the first screen does without it.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Collection

_INVISIBLE_KINDS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}
_BLANK_LETTERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that are drawn as nothing (Unicode: Default_Ignorable, and Braille blank)."""

WRITTEN_EACH_SECOND = 200 << 20
"""Bytes that a disk takes for granted; most of today take more."""


def invisible(char: str) -> bool:
    """Whether a character cannot be seen, or changes how others are seen; a space can."""
    if char.isascii():
        return not char.isprintable()
    kind = unicodedata.category(char)
    return kind in _INVISIBLE_KINDS or _BLANK_LETTERS.match(char) is not None


def literal(raw: str, *, ascii_only: bool = False) -> str:
    """A string of others as it may be shown: on one line, literally.

    Control, bidirectional, zero-width and other invisible characters, and spaces that are
    not plain spaces, are written out (``\\n``, ``\\x1b``, ``\\u202e``).

    Args:
        ascii_only: write out everything else beyond ASCII too.
    """
    if raw.isascii() and raw.isprintable():
        return raw
    return "".join(
        char.encode("unicode_escape", "surrogatepass").decode("ascii")
        if char != " " and (invisible(char) or (ascii_only and not char.isascii()))
        else char
        for char in raw
    )


def utf8(raw: str) -> bytes:
    """The bytes of a string; half a character, which no program can get, stays half."""
    try:
        return raw.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return raw.encode("utf-8", "surrogatepass")


def size(count: int | None) -> str:
    """Bytes in binary units (``2.6 GiB``); ``?`` when not known."""
    if count is None:
        return "?"
    import humanize

    try:
        words = humanize.naturalsize(count, binary=True)
    except OverflowError:
        return "?"
    return words.replace(" Bytes", " B").replace(" Byte", " B")


def short_size(count: int) -> str:
    """The same in eight cells at most, for columns: ``2.6 GiB``, ``310 MiB``."""
    number, _, unit = size(count).partition(" ")
    return f"{float(number):.0f} {unit}" if len(number) > 3 else f"{number} {unit}"


def tiny_size(count: int) -> str:
    """The same in five cells at most, for lists and figures side by side: ``2.6G``, ``310M``."""
    number, _, unit = short_size(count).partition(" ")
    return f"{number}{unit[:1]}"


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
    """How long ago a moment was, in whole units of one kind (``21 days ago``); ``?`` if not known.

    Days at most: a month is no number, and who cleans up goes by days.
    """
    if moment is None:
        return "?"
    try:
        seconds = int(now - moment)
    except OverflowError:
        return "?"
    length, noun, _ = next(one for one in _UNITS if abs(seconds) >= one[2])
    words = count(abs(seconds) // length, noun)
    return f"in {words}" if seconds < 0 else f"{words} ago"


_UNITS = (
    (86_400, "day", 2 * 86_400), (3_600, "hour", 2 * 3_600), (60, "minute", 120), (1, "second", 0),
)  # fmt: skip
"""Length in seconds, its name, and from how many seconds on it is used."""


def count(number: int, noun: str) -> str:
    """A number with its noun (``1 snapshot``, ``3 snapshots``)."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def shortened(raw: str, longest: int) -> str:
    """The beginning and the end of what is longer than so many characters."""
    if len(raw) <= longest:
        return raw
    end = longest // 4
    return f"{raw[: longest - end - 5]} ... {raw[-end:]}"


def some(names: Collection[str]) -> str:
    """The first three of several names, and how many more there are."""
    first = ", ".join(list(names)[:3])
    return first + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def pause(count: int) -> str:
    """About how long it takes to write so many bytes, in words: a guess on the slow side."""
    seconds = count // WRITTEN_EACH_SECOND
    if seconds < 2:
        return "seconds"
    return f"{seconds} s or less" if seconds < 120 else f"{seconds // 60} min or less"
