"""Snapshots of several domains that belong together: a mark in the description of each.

The mark is a line of its own, the last one but for that of a hold. It alone says what belongs
together: names may be the same by chance.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from snaptui.model import Snapshot
from snaptui.plan import hold

_MARK = re.compile(
    r"(?:\A|\n)\[(?P<id>group-\d{8}T\d{6}Z-[0-9a-f]{4}) of (?P<size>\d{1,6})"
    r"(?P<together>, frozen together)?"
    r"(?:, within (?P<spread>\d{1,9}\.\d) s)?\]\s*\Z"
)


@dataclass(frozen=True, slots=True)
class Group:
    """What a snapshot belongs to.

    Attributes:
        id: ``group-<UTC to the second>-<four hexadecimal digits>``.
        size: how many domains were to be part of it.
        together: all guests stood still at one moment, and each snapshot is of that moment.
        spread: seconds from the first call for one of them to the end of the last; ``None``
            as long as not all are there.
    """

    id: str
    size: int
    together: bool = False
    spread: float | None = None

    @property
    def words(self) -> str:
        """The same for a screen."""
        together = ", frozen together" if self.together else ""
        within = "" if self.spread is None else f", within {self.spread:.1f} s"
        return f"{self.id} of {self.size}{together}{within}"


def new_id(moment: float, token: str) -> str:
    """The ID of a new group.

    Args:
        moment: seconds since the epoch.
        token: four hexadecimal digits, by chance.
    """
    return f"{time.strftime('group-%Y%m%dT%H%M%SZ', time.gmtime(moment))}-{token}"


def group_of(snapshot: Snapshot) -> Group | None:
    """The group that a snapshot belongs to."""
    found = _MARK.search(hold.described(snapshot))
    if found is None:
        return None
    spread = float(found["spread"]) if found["spread"] else None
    return Group(found["id"], int(found["size"]), bool(found["together"]), spread)


def described(snapshot: Snapshot) -> str:
    """The description without any mark."""
    return _MARK.sub("", hold.described(snapshot))


def marked(description: str, group: Group | None) -> str:
    """A description (without a mark) with the mark of a group."""
    if group is None:
        return description
    mark = f"[{group.words}]"
    return f"{description}\n{mark}" if description else mark


def redescribed(snapshot: Snapshot, description: str, group: Group | None) -> str:
    """Another description, and perhaps another group; what holds the snapshot stays."""
    return hold.marked(marked(description, group), hold.hold_of(snapshot))
