"""A kind of change between two readings of what a plan is built on: data, and its sentence."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Change(enum.Enum):
    """A kind of difference; the value makes its sentence, without a full stop."""

    VERSION = "{subject} was version {was} and is now {now}"
    NAME = "the domain {was} is now called {now}"
    STATE = "{subject} was {was} and is now {now}"
    ELSEWHERE = "{subject} is {now} on {was}, which has a domain of the same UUID"
    IMAGE_ELSEWHERE = "{subject} is in use by {now} on {was}"
    DISKS = "the disks of {subject} changed"
    DEFINITION = "the definition of {subject} changed"
    PERSISTENT = "{subject} is persistent now"
    TRANSIENT = "{subject} is transient now"
    SAVE_MADE = "the managed save of {subject} appeared"
    SAVE_GONE = "the managed save of {subject} is gone"
    BUSY = "another job is running on {subject}"
    BLOCK_JOB = "a block job runs on {subject}"
    SNAPSHOT_GONE = "the snapshot {subject} is gone"
    SNAPSHOT_MADE = "the snapshot {subject} has been made"
    SNAPSHOT_CHANGED = "the snapshot {subject} was changed or made anew"
    CURRENT = "the current snapshot is now {subject}"
    EXTERNAL = "which snapshots are external changed"
    ENTRIES = "the snapshots inside {subject} changed"
    FILE_STAYS = "{subject} still exists"
    FILE_GONE = "{subject} is gone"
    FILE_AGAIN = "{subject} exists again"
    FILE_HIDDEN = "{subject} can no longer be read"
    BENEATH = "the backing chain of {subject} changed"
    USER = "{subject} is used by {now}"
    OPENED = "{subject} is open in {now}"
    THERE_ALREADY = "{subject} exists already"
    NO_ROOM = "{now}"
    """The snapshot table of the image ``subject`` cannot be written; ``now`` says what it needs."""
    SHRUNK = "{subject} is smaller now than {was}"
    UNREAD = "{now}"
    """The image ``subject``, or who uses it, cannot be read any more; ``now`` says why."""
    ENTRY_GONE = "{was} is no longer in {subject}"
    NOT_AS_EXPECTED = "the disk in {subject} is not what it is expected to be"
    READ_ONLY = "{subject} is no longer writable"
    EXCHANGED = "{subject} is another file now"
    """With the same snapshots in it, perhaps; who knows what else."""
    FILE_OTHER = "{subject} was changed or is another one"
    ASIDE_GONE = "what was set aside of {subject} is gone"
    ASIDE_OTHER = "what was set aside of {subject} was changed or is another one"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is otherwise.

    Attributes:
        subject: a domain, snapshot, path or program; what it is follows from the kind.
        was, now: its state or name, where the kind has some.
    """

    change: Change
    subject: str
    was: str = ""
    now: str = ""

    def __str__(self) -> str:
        return self.change.value.format(subject=self.subject, was=self.was, now=self.now)


def seen(those: Iterable[Difference]) -> tuple[Difference, ...]:
    """Without what cannot be read any more: that tells nothing of what was done."""
    return tuple(one for one in those if one.change is not Change.UNREAD)


def sentence(those: Iterable[Difference]) -> str:
    """All of them in one, without a full stop."""
    return "; ".join(map(str, those))
