"""How two texts differ, line by line, for a screen of lines."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from rich.cells import chop_cells

from snaptui.common import text
from snaptui.ui.format import Glyphs, clean
from snaptui.ui.panes.file_preview import TAB, as_text
from snaptui.ui.panes.lines import Line, Sides

MOST = 2000
"""Lines on each side that are compared one by one: what a guest wrote could take hours."""
CONTEXT = 3
"""Lines that are the same, shown before and after each difference."""
_ROLES = {"+": "good", "-": "bad", "@": "graph"}


def diff_lines(
    one: bytes | None,
    other: bytes | None,
    names: Sequence[str],
    width: int,
    glyphs: Glyphs,
) -> tuple[Line | Sides, ...]:
    """The differences as ``diff -u`` writes them; seconds for large texts.

    Args:
        one: at the first time; ``None`` where the file was not there.
        names: of the two times.
        width: cells of a line; longer ones go on below.
    """
    texts = [as_text(data or b"") for data in (one, other)]
    if texts[0] is None or texts[1] is None:
        return tuple(_binary(one, other, names))
    return tuple(
        Sides("", part, "", _ROLES.get(line[:1], ""))
        for line in _unified(texts[0].splitlines(), texts[1].splitlines(), names)
        for part in _parts(line, width - 5, glyphs)
    )


def _binary(one: bytes | None, other: bytes | None, names: Sequence[str]) -> Iterator[Line]:
    yield "", "Not a text: the bytes are not compared line by line."
    for name, data in zip(names, (one, other), strict=True):
        yield "", f"{name}: {'not there' if data is None else text.size(len(data))}"
    if one is not None and other is not None:
        yield "", "The bytes are the same." if one == other else "The bytes differ."


def _unified(one: list[str], other: list[str], names: Sequence[str]) -> Iterator[str]:
    """Lines that are the same at both ends are left out before anything is compared."""
    if one == other:
        yield " The content is the same; only the metadata differ."
        return
    before = _alike(one, other)
    behind = _alike(one[before:][::-1], other[before:][::-1])
    first = max(0, before - CONTEXT)
    last = max(0, behind - CONTEXT)
    one, other = one[first : len(one) - last], other[first : len(other) - last]
    yield f"--- {names[0]}"
    yield f"+++ {names[1]}"
    if max(len(one), len(other)) > MOST:
        yield f"@@ from line {first + 1}: too many lines differ to compare them one by one @@"
        yield from (f"-{line}" for line in one)
        yield from (f"+{line}" for line in other)
        return
    matcher = difflib.SequenceMatcher(None, one, other)
    for group in matcher.get_grouped_opcodes(CONTEXT):
        (_, a, _, c, _), (_, _, b, _, d) = group[0], group[-1]
        yield f"@@ -{_range(first + a, b - a)} +{_range(first + c, d - c)} @@"
        for tag, i, j, k, m in group:
            if tag == "equal":
                yield from (f" {line}" for line in one[i:j])
                continue
            yield from (f"-{line}" for line in one[i:j])
            yield from (f"+{line}" for line in other[k:m])


def _range(first: int, number: int) -> str:
    """Lines as ``diff -u`` tells them: of none, that after which they would be."""
    return f"{first + bool(number)},{number}"


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines are the same at the beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _parts(line: str, width: int, glyphs: Glyphs) -> list[str]:
    shown = line[:1] + clean(line[1:].expandtabs(TAB), glyphs)
    return chop_cells(shown, max(width, 20)) or [""]
