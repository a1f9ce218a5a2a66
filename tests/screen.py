"""pyte's terminal, with short ways for what programs mostly send: pyte takes its time."""

from __future__ import annotations

import codecs
import re
from functools import cache

import pyte
from pyte import modes
from pyte.screens import Char
from wcwidth import wcwidth

_KNOWN = re.compile(r"\x1b\[(?:(?P<style>[\d;]*)m|(?P<row>\d+);(?P<column>\d+)H)")


@cache
def _narrow(char: str) -> bool:
    return wcwidth(char) == 1


class Screen(pyte.Screen):
    """One on which a whole word is drawn at once."""

    def __init__(self, columns: int, lines: int) -> None:
        self._drawn: dict[Char, dict[str, Char]] = {}
        self._styles: dict[tuple[Char, str], Char] = {}
        super().__init__(columns, lines)

    def draw(self, data: str) -> None:
        """As pyte does; the short way is that of narrow characters on one line."""
        at, end = self.cursor.x, self.cursor.x + len(data)
        plain = end <= self.columns and not self.charset and modes.IRM not in self.mode
        if not plain or not all(map(_narrow, data)):
            super().draw(data)
            return
        style = self.cursor.attrs
        drawn = self._drawn.setdefault(style, {})
        line = self.buffer[self.cursor.y]
        for column, char in enumerate(data, at):
            if char not in drawn:
                drawn[char] = style._replace(data=char)
            line[column] = drawn[char]
        self.cursor.x = end
        self.dirty.add(self.cursor.y)

    @property
    def display(self) -> list[str]:
        """The lines; the cell behind a wide character is empty."""
        columns = range(self.columns)
        return ["".join(self.buffer[y][x].data for x in columns) for y in range(self.lines)]

    def style(self, words: str) -> None:
        """Draw so from now on (SGR)."""
        key = (self.cursor.attrs, words)
        if key not in self._styles:
            self.select_graphic_rendition(*(int(word or 0) for word in words.split(";")))
            self._styles[key] = self.cursor.attrs
        self.cursor.attrs = self._styles[key]


class Stream:
    """What a program sends to such a screen, in UTF-8."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._others = pyte.Stream(screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> None:
        """As pyte does; styles and places of the cursor are read at once."""
        text, at = self._decoder.decode(data), 0
        for known in _KNOWN.finditer(text):
            self._others.feed(text[at : known.start()])
            at = known.start()
            if not self._others._taking_plain_text:  # it is a part of something longer
                break
            if known["row"]:
                self._screen.cursor_position(int(known["row"]), int(known["column"]))
            else:
                self._screen.style(known["style"])
            at = known.end()
        self._others.feed(text[at:])
