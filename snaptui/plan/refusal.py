"""Why a plan cannot be carried out, and what libvirt would do if it were asked all the same."""

from __future__ import annotations

import enum
from typing import Self


class Harm(enum.StrEnum):
    """What libvirt breaks or does wrongly; the value is said in a table of tests."""

    STOPPED = "stops the guest"


class Refusal(str):
    """A sentence with the way round; plain sentences are refusals of which no more is known.

    Attributes:
        code: libvirt's error (virErrorNumber in virterror.h) when it refuses by itself;
            ``None`` when it would go ahead, or this is not known.
        harm: what it would break or do wrongly, in words; empty when nothing, or not known.
    """

    code: int | None
    harm: str

    def __new__(cls, sentence: str, *, code: int | None = None, harm: str = "") -> Self:
        """A sentence, with what is known of libvirt."""
        made = super().__new__(cls, sentence)
        made.code = code
        made.harm = harm
        return made


def reworded(refusal: str, sentence: str) -> str:
    """The same refusal in other words: what libvirt would do stays with it."""
    if isinstance(refusal, Refusal):
        return Refusal(sentence, code=refusal.code, harm=refusal.harm)
    return sentence
