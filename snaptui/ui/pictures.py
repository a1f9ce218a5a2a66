"""Small pictures made of characters: a time line, bars, and how much something grew each time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from snaptui.model.image import NotKnown
from snaptui.ui.format import Glyphs, short_age

BAR, BAR_FROM = 9, 110
"""Cells of the bar behind what a delete frees, and of a row from which on there is one."""


def time_line(moments: Sequence[int], now: float, width: int, glyphs: Glyphs) -> str:
    """When things were made, from the oldest to now; every cell is as long as the others.

    A cell of several has their number, or a plus from ten on.

    Args:
        moments: seconds since the epoch; those in the future stand at now.
        width: cells at least; with fewer than two moments, or no room, there is no picture.
    """
    if len(moments) < 2 or min(moments) >= now:
        return ""
    first = min(moments)
    begin, end = f"{short_age(first, now)} ago ", f"{glyphs.here} now"
    cells = width - len(begin) - len(end)
    if cells < 10:
        return ""
    found = [0] * cells
    for moment in moments:
        share = (min(moment, now) - first) / (now - first)
        found[min(int(share * cells), cells - 1)] += 1
    line = "".join(
        "─".translate(glyphs.graph)
        if not number
        else glyphs.snapshot
        if number == 1
        else str(number)
        if number < 10
        else "+"
        for number in found
    )
    return f"{begin}{line}{end}"


def share_line(size: int | NotKnown, most: int, width: int, glyphs: Glyphs) -> str:
    """How much something is beside the most of its list, as a bar.

    Args:
        size: bytes; what is not known, and nothing, has no bar; anything else one cell at least.
        most: bytes of the bar that fills the width.
        width: cells.
    """
    if isinstance(size, NotKnown) or size <= 0 or most <= 0:
        return ""
    return glyphs.bar[0] * max(1, round(min(size / most, 1.0) * width))


def most_of(sizes: Iterable[int | NotKnown]) -> int:
    """The most of those that are known; 0 without."""
    return max((size for size in sizes if not isinstance(size, NotKnown)), default=0)


def growth_line(sizes: Sequence[int | None], width: int, glyphs: Glyphs) -> str:
    """How much was written each time, as bars beside each other; the last ones.

    Args:
        sizes: in the order of time; ``None`` for what is not known.
        width: cells.
    """
    last = sizes[-width:] if width > 0 else ()
    most = max((size for size in last if size is not None), default=0)
    levels = glyphs.levels
    return "".join(
        "?"
        if size is None
        else levels[0]
        if size <= 0 or not most
        else levels[max(1, round(size / most * (len(levels) - 1)))]
        for size in last
    )
