"""What the tests see is what pyte sees."""

from __future__ import annotations

import random

import pyte

from tests.lab import Lab
from tests.screen import Screen, Stream
from tests.terminal import Terminal, at_snapshots


def test_the_short_ways_lead_to_the_same_screen(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "日本 two")
    lab.snapshot("web", "one")
    size = (90, 30)
    with Terminal(["-c", lab.uri, "web"], size=size) as terminal:
        at_snapshots(terminal, "one")
        for key, there in (
            ("?", "Domains and snapshots"),
            ("o", "Operations"),
            ("F", "File system"),
            ("c", "Name"),
        ):
            terminal.press(key)
            terminal.wait(there)
            terminal.press("esc")
            terminal.wait("q quit", "@ now")
        sent = terminal.raw
    plain, quick = pyte.Screen(*size), Screen(*size)
    slow, stream = pyte.ByteStream(plain), Stream(quick)
    chance = random.Random(1)
    while sent:
        part, sent = sent[: (length := chance.randint(1, 3000))], sent[length:]
        slow.feed(part)
        stream.feed(part)
        assert quick.buffer == plain.buffer
        assert (quick.cursor.x, quick.cursor.y) == (plain.cursor.x, plain.cursor.y)
