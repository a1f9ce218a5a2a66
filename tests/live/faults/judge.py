"""Whether what the program said is true, and whether anything was lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from snaptui.model.operation_record import Became, Outcome, Record
from tests.live.faults.driven import Told
from tests.live.faults.seen import (
    DOMAIN,
    GONE,
    OF_SNAPSHOTS,
    Aspect,
    Seen,
    apart,
    is_content,
    without,
)


@dataclass(frozen=True)
class Claim:
    """What the program says of the operation.

    Attributes:
        steps: that it says are done.
        last: what it says of the next one, or of the last one where all are.
        words: as they were, for who reads the table.
    """

    steps: int
    last: Became
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
    if Outcome(told["outcome"]) is Outcome.DONE:
        return Claim(told["done"], Became.DONE, told["words"])
    return Claim(told["done"], Became(told["became"]), told["words"])


def claim_of_record(record: Record) -> Claim:
    """What the journal says of one, or what was found of one that was cut short."""
    done = sum(step.ended is not None for step in record.steps)
    if record.outcome is Outcome.DONE:
        return Claim(done, Became.DONE, f"journal: {record.title}")
    last = record.became or Became.NOT_DONE  # between two steps there is nothing to be found
    words = record.found or f"journal: {record.error} -- {record.hint}"
    return Claim(done + (last is Became.DONE), last, words)


def told(claim: Claim, seen: Seen, references: Sequence[Seen], *, changed: bool) -> str:
    """What is not true of a claim; empty when it is.

    Args:
        seen: what there is, without what the fault itself changed; the references likewise.
        changed: the fault itself changed something.
    """
    if claim.last is Became.GONE:
        return "" if seen.get(DOMAIN) == GONE else f"not gone, but it says: {claim.words}"
    if claim.last is Became.UNKNOWN:
        return f"it does not say how it ended: {claim.words}"
    if seen.get(DOMAIN) == GONE:
        return ""  # that the domain is gone was not so when it was said
    if claim.last is Became.PERHAPS:
        seen = without(seen, is_content)
        references = [without(one, is_content) for one in references]
    at = claim.steps + (claim.last is Became.BY_OTHERS)
    here, then = references[at : at + 1], references[claim.steps + 1 : claim.steps + 2]
    same = bool(here) and not apart(seen, here[0])
    if claim.last is Became.IN_PART:
        if not same and then and not apart(seen, then[0]):
            return f"the step is done, but it says: {claim.words}"
        if changed:
            return ""  # what it names is the fault's own, or the step half done
        return f"nothing changed, but it says: {claim.words}" if same else ""
    if same:
        return ""
    off = apart(references[min(at, len(references) - 1)], seen)
    return f"it says: {claim.words} -- there is, of {'; '.join(off)}"


def agree(claim: Claim, record: Record) -> str:
    """Where the journal says something else than the screen; empty when it does not."""
    kept = claim_of_record(record)
    if (kept.steps, kept.last) == (claim.steps, claim.last):
        return ""
    return f"the journal says {kept}, the screen {claim}"


def intact(seen: Seen, references: Sequence[Seen], spoiled: Sequence[str]) -> str:
    """What was lost or changed that no step of the operation touches; empty when nothing was.

    Args:
        spoiled: snapshots that a step under way takes apart.
    """
    wrong = []
    for what in sorted(set().union(*references), key=str):
        if what.aspect in OF_SNAPSHOTS and what.of in spoiled:
            continue
        if what.aspect in (Aspect.DISK_IS, Aspect.JOB, Aspect.STATE):
            continue
        allowed = {one.get(what) for one in references}
        if seen.get(what) not in allowed and seen.get(DOMAIN) != GONE:
            wrong.append(f"{what}: {seen.get(what, 'nothing')}")
    return "; ".join(wrong)
