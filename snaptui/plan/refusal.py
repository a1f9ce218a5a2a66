"""Why a plan cannot be carried out, and what libvirt would do if it were asked all the same."""

from __future__ import annotations

import enum
from typing import Self


class Harm(enum.StrEnum):
    """What libvirt breaks or does wrongly; each is looked for by ``make matrix``."""

    CRASH = "crashes the daemon"
    STOPPED = "stops the guest"
    HALF = "reverts one disk and not the next"
    OTHER_DATA = "brings back other data"
    FIRST_TWIN = "takes the first of that name"
    TWIN_LEFT = "leaves one of that name inside"
    TWIN_MADE = "makes a second one of that name"
    STRAY_LOST = "deletes what was inside"
    STRAY_HIDDEN = "hides what is inside"
    IN_DEV = "puts a file into /dev"
    LEFT_INSIDE = "leaves it inside, unknown"
    MISTAKEN_LATER = "can revert to another later"
    MARK_LOST = "forgets that a merge is unfinished"
    RECORDS_SPOILED = "spoils the records below"
    INSIDE_LOST = "destroys what lies inside"
    OTHER_LOST = "destroys another image"
    HELD_LOST = "deletes what is held"
    HOLDER_LOST = "forgets who holds it"
    FORGOTTEN = "is forgotten when it stops"
    SAVE_LEFT = "leaves a save of other disks"
    SAVE_BENEATH = "lets the save write beneath"
    OVERWRITTEN = "overwrites a file"
    NO_WAY_BACK = "makes one that cannot be reverted to"
    RAM_IGNORED = "makes one without its RAM"


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
