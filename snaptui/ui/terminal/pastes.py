"""What is pasted stays one paste: no escape sequence in it ends it, or becomes keys.

Textual takes what follows an escape character for keys, also in the middle of a paste (8.2,
``XTermParser.parse``).
"""

from __future__ import annotations

from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.message import Message

_ESC = "\x1b"
_BEGIN, _END = f"{_ESC}[200~", f"{_ESC}[201~"
"""Bracketed paste (xterm's ctlseqs)."""


class PasteFilter:
    """Takes the escape characters out of pastes; all else goes through at once."""

    def __init__(self) -> None:
        self._inside = False
        self._before = ""
        self._kept = ""

    def through(self, data: str) -> str:
        """What of the next piece of input goes on to the parser."""
        passed: list[str] = []
        while data:
            if self._inside:
                data = self._kept + data
                text, end, data = data.partition(_END)
                self._inside, self._kept = not end, ""
                if not end:
                    self._kept = _begun(text)
                    text = text[: len(text) - len(self._kept)]
                passed += (text.replace(_ESC, ""), end)
            else:
                whole = self._before + data
                head, begin, rest = whole.partition(_BEGIN)
                passed.append((head + begin)[len(self._before) :])
                self._inside, data = bool(begin), rest
                self._before = "" if begin else whole[1 - len(_BEGIN) :]
        return "".join(passed)


def _begun(text: str) -> str:
    """The end of a text that may be the beginning of the end of a paste."""
    for size in range(len(_END) - 1, 0, -1):
        if text.endswith(_END[:size]):
            return _END[:size]
    return ""


class Parser(XTermParser):
    """Textual's, behind the filter."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._filter = PasteFilter()

    def feed(self, data: str) -> Iterable[Message]:
        """Parse the next piece of input; an empty one is its end."""
        passed = self._filter.through(data)
        return super().feed(passed) if passed or not data else ()
