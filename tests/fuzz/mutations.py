"""Inputs made of good ones: bytes changed, cut, doubled, and what breaks readers put in."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

NUMBERS = (0, 1, 0x40, 0x7F, 0x80, 0xFE, 0xFF)
TOKENS = (
    b"\0", b"\x1b[31m", b"\xff", b"\xc3", b"\xed\xa0\x80", b"-1", b"1e999", b"NaN", b"9" * 5000,
    b"[" * 3000, b"{" * 3000, b'{"a":' * 3000, b"<a>" * 3000, b"<!DOCTYPE d [", b"<!ENTITY a 'b'>",
    b"&a;", b"<![CDATA[", b"<!--", b"'", b'"', b"\\", b"\r", b"\n", b"/", b"..", b":", b"@", b"%s",
    b"\xe2\x80\xae", b"x" * 4096, b"{0}", b"{name.__class__}", b"[::", b"json:{", b"null", b"true",
)  # fmt: skip


WORDS = (
    b"0", b"-1", b"9" * 4000, b"1e999", b"", b"/", b"..", b"&amp;", b"&#x202e;", b"x" * 4096,
    "日本".encode(), b"<a/>", b"internal", b"external", b"no", b"/img/../a",
)  # fmt: skip
"""What a word becomes, so that the text stays well-formed."""


def mutated(data: bytes, places: Sequence[int], chance: random.Random, *, text: bool) -> bytes:
    """A copy with a few things otherwise.

    Args:
        places: where its structures are; what is changed lies behind them, or anywhere.
        text: tokens are put in too.
    """
    changed = bytearray(data)
    for _ in range(chance.randint(1, 2 if text else 4)):
        if not changed:
            return bytes(changed)
        start = chance.choice(places) if places else chance.randrange(len(changed))
        at = min(start + chance.randrange(256 if places else 1), len(changed) - 1)
        how = chance.randrange(12 if text else 3)
        if how < 2:
            changed[at] = chance.choice([*NUMBERS, chance.randrange(256)])
        elif how == 2:
            width = chance.choice([2, 4, 8])
            number = chance.choice([0, 1, (1 << (8 * width)) - 1, 1 << (8 * width - 1)])
            changed[at : at + width] = number.to_bytes(width, "big")[: len(changed) - at]
        elif how == 3:
            del changed[at : at + chance.randrange(1, 40)]
        elif how == 4:
            changed[at:at] = changed[at : at + chance.randrange(1, 200)]
        elif how < 7:
            changed[at:at] = chance.choice(TOKENS)
        else:
            words = list(re.finditer(rb"[\w./]+", changed))
            if words:
                one, other = chance.choice(words), chance.choice(words)[0]
                changed[one.start() : one.end()] = chance.choice([other, *WORDS])
    if chance.random() < 0.1:
        del changed[chance.randrange(len(changed) + 1) :]
    return bytes(changed)
