"""What is in a file of a guest: facts about it, then its text or its bytes."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len, chop_cells

from snaptui.common import text
from snaptui.ui.format import Glyphs, clean, fit
from snaptui.ui.panes.lines import LABEL, Line
from snaptui.ui.panes.row_list import Cell, RowList

TAB = 8
LOOKED_AT = 8192
"""Bytes at the beginning of a part by which text is told from other bytes."""
_PLAIN = bytes({7, 8, 9, 10, 11, 12, 13, 27, *range(32, 256)})
"""Bytes that text may hold: terminals take some control characters in logs for colours."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a file.

    Attributes:
        offset: where they begin in it.
    """

    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Laid:
    """A piece as lines of some width.

    Attributes:
        lines: safe to show, of text; nothing where it is not text.
    """

    piece: Piece | None = None
    lines: Sequence[str] = field(default_factory=tuple)

    @property
    def binary(self) -> bool:
        """Whether it is shown as bytes."""
        return self.piece is not None and bool(self.piece.data) and not self.lines


def as_text(data: bytes) -> str | None:
    """The text of a file; ``None`` where the bytes are none.

    A byte that is not UTF-8 becomes a lone surrogate. What Windows writes with a byte order mark
    is text too.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    head = data[:LOOKED_AT]
    if head.translate(None, _PLAIN):
        return None
    decoded = data.decode("utf-8", "surrogateescape")
    odd = sum("\ud800" <= char <= "\udfff" for char in decoded[:LOOKED_AT])
    return None if odd * 10 > len(head) else decoded


def laid_out(piece: Piece, width: int, glyphs: Glyphs) -> Laid:
    """Break a text into lines of so many cells; seconds for a large hostile one."""
    decoded = as_text(piece.data)
    if decoded is None:
        return Laid(piece)
    lines: list[str] = []
    for line in decoded.split("\n"):
        shown = clean(line.removesuffix("\r").expandtabs(TAB), glyphs)
        if len(shown) <= width and (shown.isascii() or cell_len(shown) <= width):
            lines.append(shown)
        elif shown.isascii():
            lines += [shown[at : at + width] for at in range(0, len(shown), width)]
        else:
            lines += chop_cells(shown, width)
    if lines and not lines[-1]:
        lines.pop()
    return Laid(piece, lines or [""])


class PreviewPane(RowList):
    """Facts, an empty line, and the text or the bytes in hexadecimal."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="preview")
        self._glyphs = glyphs
        self._facts: tuple[Line, ...] = ()
        self._laid = Laid()
        self._label = 0

    @property
    def count(self) -> int:
        """Number of rows."""
        body = -(-len(self._bytes) // self._each) if self._laid.binary else len(self._laid.lines)
        return len(self._facts) + (body + 1 if body else 0)

    @property
    def _bytes(self) -> bytes:
        return self._laid.piece.data if self._laid.piece is not None else b""

    @property
    def _each(self) -> int:
        """Bytes of a row."""
        return 16 if self.row_width >= 80 else 8

    @property
    def text_width(self) -> int:
        """Cells of a line of text."""
        return max(self.row_width - 2, 10)

    def show(self, facts: tuple[Line, ...], laid: Laid, *, keep: bool = False) -> None:
        """Show these.

        Args:
            keep: it is the same file; the cursor stays.
        """
        self._facts, self._laid = facts, laid
        self._label = min(LABEL, max((len(label) for label, _ in facts), default=0)) + 1
        if not keep:
            self.scroll_to(y=0, animate=False)
        self.rows_changed(self.cursor if keep else 0)

    def find(self, wanted: str, by: int) -> bool:
        """Go to the next (1) or the previous (-1) row with a text, whatever its case.

        Whether there is one.
        """
        folded, number = wanted.casefold(), self.count
        for away in range(1, number + 1):
            at = (self.cursor + by * away) % number
            if folded in self._words(at).casefold():
                self.cursor = at
                return True
        return False

    def _words(self, index: int) -> str:
        """What a row can be found by."""
        if index < len(self._facts):
            return self._facts[index][1]
        at = index - len(self._facts) - 1
        if at < 0:
            return ""
        return _printable(self._row(at)) if self._laid.binary else self._laid.lines[at]

    def _row(self, at: int) -> bytes:
        return self._bytes[at * self._each : (at + 1) * self._each]

    def cells(self, index: int, width: int) -> list[Cell]:
        """A fact, a line of text, or bytes."""
        glyphs = self._glyphs
        marker = glyphs.cursor if index == self.cursor and self.has_focus else " "
        cells: list[Cell] = [(f"{marker} ", "strong")]
        if index < len(self._facts):
            label, value = self._facts[index]
            room = width - 2 - self._label
            shown = fit(clean(value, glyphs), room, glyphs)
            bad = "bad" if label == "Error" else ""
            return [*cells, (fit(clean(label, glyphs), self._label, glyphs), "muted"), (shown, bad)]
        at = index - len(self._facts) - 1
        if at < 0:
            return cells
        if not self._laid.binary:
            return [*cells, (fit(self._laid.lines[at], width - 2, glyphs), "")]
        piece = self._laid.piece
        offset = (piece.offset if piece is not None else 0) + at * self._each
        row, room = self._row(at), self._each * 3
        shown = f"{row.hex(' '):<{room}} {_printable(row)}"
        return [*cells, (f"{offset:08x}  ", "muted"), (fit(shown, width - 12, glyphs), "")]


def _printable(row: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)


def part_words(offset: int, length: int, size: int) -> str:
    """Which part of a file is shown; empty for all of it."""
    if length >= size:
        return ""
    first, last = text.size(offset), text.size(offset + length)
    return f"{first} to {last} of {text.size(size)}"
