"""Snapshots of several domains that belong together: a mark in the description of each.

The mark is a line of its own, the last one but for that of a hold; that of an author is above it.
It alone says what belongs together: names may be the same by chance.
"""

from __future__ import annotations

import re
import time
import urllib.parse
from dataclasses import dataclass

from snaptui.model import author_mark, hold_mark
from snaptui.model.snapshot import Snapshot

_MARK = re.compile(
    r"(?:\A|\n)\[(?P<id>group-\d{8}T\d{6}Z-[0-9a-f]{4}) of (?P<size>\d{1,6})"
    r"(?P<together>, frozen together)?"
    r"(?:, within (?P<spread>\d{1,9}\.\d) s)?"
    r"(?:: (?P<members>[^\[\]\s,]+(?:, [^\[\]\s,]+)*))?\]\s*\Z"
)
LONGEST = 4000
"""Characters of the names of a group in a mark; of more, none are written."""


@dataclass(frozen=True, slots=True)
class Group:
    """What a snapshot belongs to.

    Attributes:
        id: ``group-<UTC to the second>-<four hexadecimal digits>``.
        size: how many domains were to be part of it; once all are there, how many are.
        together: all guests stood still at one moment, and each snapshot is of that moment.
        spread: seconds from the first call for one of them to the end of the last; ``None``
            as long as not all are there.
        members: names of the domains, as they were then; empty where the mark does not say.
    """

    id: str
    size: int
    together: bool = False
    spread: float | None = None
    members: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The same for a screen, without the names."""
        together = ", frozen together" if self.together else ""
        within = "" if self.spread is None else f", within {self.spread:.1f} s"
        return f"{self.id} of {self.size}{together}{within}"

    @property
    def mark(self) -> str:
        """The same for a description."""
        names = ", ".join(map(_encoded, self.members))
        return f"[{self.words}{f': {names}' if 0 < len(names) <= LONGEST else ''}]"


def new_id(moment: float, token: str) -> str:
    """The ID of a new group.

    Args:
        moment: seconds since the epoch.
        token: four hexadecimal digits, by chance.
    """
    return f"{time.strftime('group-%Y%m%dT%H%M%SZ', time.gmtime(moment))}-{token}"


def group_of(snapshot: Snapshot) -> Group | None:
    """The group that a snapshot belongs to."""
    found = _MARK.search(hold_mark.described(snapshot))
    if found is None:
        return None
    spread = float(found["spread"]) if found["spread"] else None
    names = found["members"].split(", ") if found["members"] else ()
    members = tuple(map(urllib.parse.unquote, names))
    return Group(found["id"], int(found["size"]), bool(found["together"]), spread, members)


def described(snapshot: Snapshot) -> str:
    """The description without any mark."""
    return author_mark.without(_signed(snapshot))


def author_of(snapshot: Snapshot) -> str:
    """Who says to have taken a snapshot; empty without an author."""
    return author_mark.author_in(_signed(snapshot))


def marked(description: str, group: Group | None) -> str:
    """A description (with that of its author at most) with the mark of a group."""
    if group is None:
        return description
    return f"{description}\n{group.mark}" if description else group.mark


def redescribed(snapshot: Snapshot, description: str, group: Group | None) -> str:
    """Another description, and perhaps another group; author and hold stay as they are."""
    signed = author_mark.marked(description, author_of(snapshot))
    return hold_mark.marked(marked(signed, group), hold_mark.hold_of(snapshot))


def _signed(snapshot: Snapshot) -> str:
    """The description with the mark of the author alone."""
    return _MARK.sub("", hold_mark.described(snapshot))


def _encoded(name: str) -> str:
    """A name without what parts or ends the list of names in a mark (as in a URI)."""
    return "".join(
        c if c.isprintable() and c not in "%,[] " else urllib.parse.quote(c, safe="") for c in name
    )
