"""Says what is under way to whoever does not look at the screen: a bell, a notice, the title.

xterm's control sequences (ctlseqs, *Operating System Commands*): OSC 2 sets the title, OSC 9 is
iTerm2's notice, which most terminals took over. What comes from others is cleaned before.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from snaptui.config import Noticing

MOST = 200
"""Characters of a title or a notice."""
NONE = ("linux", "dumb")
"""Terminals that have neither, and some of which would show the words of them."""
_TITLE, _NOTICE, _END = "\x1b]2;", "\x1b]9;", "\x1b\\"
_KEEP, _GIVE_BACK = "\x1b[22;2t", "\x1b[23;2t"
"""Title as the terminal had it (XTWINOPS)."""
BELL = "\a"


class Notices:
    """Tells the terminal.

    Args:
        write: sends control sequences to the terminal.
    """

    def __init__(self, wanted: Noticing, write: Callable[[str], None]) -> None:
        self._wanted = wanted
        self._write = write
        self._silent = os.environ.get("TERM", "dumb") in NONE
        self._title: str | None = None

    def entitle(self, words: str) -> None:
        """Have the terminal's title say this, without control characters, until :meth:`close`."""
        shown = f"snaptui: {words}"[:MOST]
        if self._silent or not self._wanted.title or shown == self._title:
            return
        before = _KEEP if self._title is None else ""
        self._title = shown
        self._write(f"{before}{_TITLE}{shown}{_END}")

    def ended(self, words: str, took: float) -> None:
        """Ring and notify, if what ended took so long that nobody waits at the screen.

        Args:
            words: without control characters.
            took: seconds.
        """
        wanted = self._wanted
        if took < wanted.after:
            return
        if wanted.notify and not self._silent:
            # the words never begin with a number, which ConEmu would take for a command
            self._write(f"{_NOTICE}{f'snaptui: {words}'[:MOST]}{_END}")
        if wanted.bell:
            self._write(BELL)

    def close(self) -> None:
        """Give the terminal its own title back."""
        if self._title is not None:
            self._title = None
            self._write(_GIVE_BACK)
