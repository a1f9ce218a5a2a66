"""Keys at random, the same ones for the same seed; whoever gets them is on a private lab."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.terminal import KEYS

MOVES = ("up", "down", "left", "right", "tab", "shift+tab", "h", "j", "k", "l", "g", "G", "end")
ACTS = ("c", "r", "d", "u", " ", "s", "e", "H", "x", "T", "a", "F", "o", "?", "f3", "f5", "S", "n")
DECIDES = ("Y", "Y", "Y", "enter", "esc", "esc", "esc")
TYPES = ("/", "w", "-", "1", "web", "db", "日", "\x1b[200~pasted\x1b[201~")
"""Nothing that deletes text and no F2: a path is only ever a suggested one with more in it, so
that all files stay in the lab. No q either, and no palette: the end is not its to choose."""
SIZES = ((80, 24), (120, 40), (60, 20), (200, 50), (40, 10), (100, 30))


ASKS = ("c", "c", "r", "d", "d", "e", "H", "u", "a")
LEAVE = ("\t", "\t")
MEANT: tuple[tuple[str, ...], ...] = ((), LEAVE, LEAVE, ("x", *LEAVE), ("\t", "\t", " "))
"""Out of the fields, where there are any."""
REST = ""
"""Time for a dialog to come and to be read, for a key to be alone, and for a dialog to be gone."""


def bursts(chance: random.Random) -> Iterator[str]:
    """Bytes for the terminal, a few keys at a time, without end; and rests."""
    while True:
        if chance.random() < 0.15:  # it asks for something, and means it
            yield from (*[KEYS["esc"]] * 3, REST, chance.choice(("g", "G", "j", "k")))
            yield from (chance.choice(ASKS), REST, REST, *chance.choice(MEANT), REST, "Y", REST)
        kind = chance.choices((MOVES, ACTS, DECIDES, TYPES), (5, 3, 4, 1))[0]
        keys = [chance.choice(kind) for _ in range(chance.randint(1, 4))]
        if "esc" in keys:  # followed by another it would be another key
            keys = ["esc"]
        yield "".join(KEYS.get(key, key) for key in keys)
