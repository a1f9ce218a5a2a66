"""What is left of a group of snapshots, and who is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from snaptui.common import text
from snaptui.model.group_mark import Group
from snaptui.plan.outcome import After
from snaptui.plan.words.sentence import filled


@dataclass(frozen=True, slots=True)
class Left:
    """A group that is not whole any more.

    Attributes:
        size: how many domains it had; where that was never noted, how many it was to have.
        noted: it was noted when all of it was there.
        found: how many are left.
        missing: names of those of it that are not there; a domain that was renamed is among them.
        unread: how many domains could not be read.
    """

    size: int
    noted: bool
    found: int
    missing: tuple[str, ...]
    unread: int

    @property
    def words(self) -> str:
        """The same as a sentence."""
        had = "had" if self.noted else "was to have"
        number = text.count(self.size, "domain")
        if self.found > self.size:
            return f"The group {had} {number}, {self.found} have its mark."
        left = f"The group {had} {number}, {self.found} {_are(self.found)} left"
        return f"{left}: {self._who}."

    @property
    def _who(self) -> str:
        gone = self.size - self.found
        if self.unread:
            return f"{text.count(self.unread, 'domain')} could not be read"
        if not self.missing:
            return "it is not noted which are missing"
        *first, last = self.missing
        names = f"{', '.join(first)} and {last}" if first else last
        if len(self.missing) == gone:
            return f"{names} {_are(gone)} missing"
        return f"of {names}, {gone} {_are(gone)} missing, and others have another name now"


@dataclass(frozen=True, slots=True)
class AfterOfSome(After):
    """The end state of what is left of a group; that something is missing comes first.

    Attributes:
        left: what is.
    """

    left: Left | None = None

    @property
    def words(self) -> str:
        """The same as a sentence."""
        end = filled(self.end, self.names)
        return f"{self.left.words} {end}" if self.left is not None else end


def what_is_left(group: Group, found: Sequence[str], unread: Sequence[str]) -> Left | None:
    """Who is missing of a group; ``None`` when it is whole.

    Args:
        group: as it was noted.
        found: names of the domains that have a snapshot of it.
        unread: names of those of which that is not known.
    """
    if len(found) == group.size:
        return None
    known = Counter((*found, *unread))  # two hosts may have a domain of the same name
    missing = Counter(group.members) - known
    names = tuple(missing.elements())
    return Left(group.size, group.spread is not None, len(found), names, len(unread))


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
