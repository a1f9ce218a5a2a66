"""What of a host could not be looked at, as data, and which files it could matter to."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable
from dataclasses import dataclass


class Unread(enum.Enum):
    """What could not be looked at; the value is what it is called, before its name."""

    HOST = "the host"
    DEFINITION = ""
    VOLUME = "a volume of "
    POOLS = "the storage pools"
    POOL = "the pool "
    FOLDER = "the directory "
    IMAGE = "the image "
    BENEATH = "what lies beneath "


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that may name a file or be one that does, and could not be looked at.

    Attributes:
        name: of what it is about: of a domain, a pool, a path; of a snapshot with its domain.
        reason: why it could not be, with what puts it right where that is known.
        places: directories or files (devices) in or as which a file lies that it could matter
            to; ``None`` for all files of the host.
    """

    what: Unread
    name: str
    reason: str
    places: frozenset[str] | None = None

    def reaches(self, paths: Iterable[str]) -> bool:
        """Whether it could matter to one of these files, which have no symbolic links."""
        places = self.places
        if places is None:
            return True
        return any(path == one or path.startswith(f"{one}/") for path in paths for one in places)

    @property
    def words(self) -> str:
        """What it is and why, without a full stop of our own."""
        if self.name and self.reason.startswith(self.name):
            return self.reason  # as the errors of files do
        return f"{self.what.value}{self.name}: {self.reason}"


def reaching(doubts: Collection[Doubt], paths: Collection[str]) -> tuple[Doubt, ...]:
    """Those that could matter to one of these files."""
    return tuple(one for one in doubts if one.reaches(paths))
