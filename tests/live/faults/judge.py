"""Whether what the program said is true, and whether anything was lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from snaptui.journal import Record
from snaptui.plan.checks import MERGED_IN_PART
from snaptui.recovery import OVERLAYS_LEFT
from tests.live.faults.driven import Told
from tests.live.faults.seen import Seen, apart, without

DONE, NOT_DONE, DIFFERENT, PERHAPS = "done", "not done", "different", "perhaps in part"
GONE, SILENT = "gone", "does not say"

_NOTHING = ("Nothing was changed.", "Nothing was done.")
_BEFORE = re.compile(r"Done before: (.*?)\. Not done: ")
_TRUE = (
    "The snapshot is there.",
    "It is gone.",
    "The disk is now as this snapshot has it.",
    "The file is there, and nothing unfinished.",
    "the revert was done.",
    "It was changed.",
)
_LEFT = (MERGED_IN_PART, OVERLAYS_LEFT, "What is unfinished is left: ")
_HALF = (
    "did not come to its end",
    " a part of it",
    " nothing of it any more",
    "do not resume it",
)
_FALSE = (
    "There is no such snapshot: it was not taken.",
    "There is no such snapshot: the images are as they were.",
    "There is no such snapshot.",
    "It is still there.",
    "The disk is not as this snapshot has it",
    "There is no such file",
    "the revert was not done.",
    "It was not changed.",
)


@dataclass(frozen=True)
class Claim:
    """What the program says of the operation.

    Attributes:
        steps: that it says are done.
        last: what it says of the next one.
        words: as they were.
    """

    steps: int
    last: str
    words: str


@dataclass(frozen=True)
class Verdict:
    """What is left of an operation; each is empty when all is well, and else says what is not."""

    survived: str = ""
    told: str = ""
    intact: str = ""
    recovered: str = ""

    @property
    def fine(self) -> bool:
        return self == Verdict()


def claim_of(told: Told) -> Claim:
    """What an operation that is over says."""
    words = f"{told['phase']}: {told['error']} -- {told['hint']}"
    if told["phase"] == "done":
        return Claim(told["done"], DONE, words)
    if "The domain is gone." in told["hint"]:
        last = GONE
    elif MERGED_IN_PART in told["hint"]:
        last = PERHAPS
    elif any(nothing in told["hint"] for nothing in _NOTHING):
        last = NOT_DONE
    elif "Since then" in told["hint"] or "reported success, but" in told["error"]:
        last = DIFFERENT
    else:
        last = SILENT
    return Claim(told["done"], last, words)


def claim_of_record(record: Record) -> Claim:
    """What the journal says of one that was cut short."""
    if record.outcome:
        done = sum(step.ended is not None for step in record.steps)
        last = DONE if record.outcome == "done" else NOT_DONE
        return Claim(done, last, f"{record.outcome}: {record.error} -- {record.hint}")
    lines = record.found.splitlines()
    done = sum(line.startswith("Done before: ") for line in lines)
    cut = [line for line in lines if line.startswith("Under way when it was cut short: ")]
    last = NOT_DONE
    if "is not there any more" in record.found:
        last = GONE
    elif cut and any(words in cut[0] for words in _HALF):
        last = DIFFERENT
    elif cut and any(words in cut[0] for words in _LEFT):
        last = PERHAPS
    elif cut and any(cut[0].endswith(words) for words in _TRUE):
        last = DONE
    elif cut and not any(words in cut[0] for words in _FALSE):
        last = SILENT
    return Claim(done + (last == DONE), last, record.found)


def told(claim: Claim, seen: Seen, references: Sequence[Seen], *, changed: bool) -> str:
    """What is not true of a claim; empty when it is.

    Args:
        seen: what there is, without what the fault itself changed; the references likewise.
        changed: the fault itself changed something.
    """
    if claim.last == GONE:
        return "" if seen.get("domain") == "gone" else f"not gone, but it says: {claim.words}"
    if claim.last == SILENT:
        return f"it does not say how it ended: {claim.words}"
    if seen.get("domain") == "gone":
        return ""  # that the domain is gone was not so when it was said
    if claim.last == PERHAPS:
        seen = without(seen, " holds", "file ")
        references = [without(one, " holds", "file ") for one in references]
    if claim.last == DIFFERENT:
        if changed or "reported success, but" in claim.words:
            return ""  # what it names is the fault's own, or the step half done
        same = not apart(seen, references[claim.steps])
        return f"nothing changed, but it says: {claim.words}" if same else ""
    if claim.steps < len(references) and not apart(seen, references[claim.steps]):
        return ""
    off = apart(references[min(claim.steps, len(references) - 1)], seen)
    return f"it says: {claim.words} -- there is, of {'; '.join(off)}"


def intact(seen: Seen, references: Sequence[Seen], spoiled: Sequence[str]) -> str:
    """What was lost or changed that no step of the operation touches; empty when nothing was.

    Args:
        spoiled: snapshots that a step under way takes apart.
    """
    wrong = []
    for what in sorted(set().union(*references)):
        if what.partition(":")[0] in spoiled or " is" in what or what == "state":
            continue
        allowed = {one.get(what) for one in references}
        if seen.get(what) not in allowed and seen.get("domain") != "gone":
            wrong.append(f"{what}: {seen.get(what, 'nothing')}")
    return "; ".join(wrong)
