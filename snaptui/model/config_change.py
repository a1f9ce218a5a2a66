"""What of a domain's definition is otherwise than it was at another time."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Change(enum.Enum):
    """How; the value is the sign that stands before it in a list of differences."""

    ADDED = "+"
    REMOVED = "-"
    VALUE = "~"


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """One difference between two definitions, from the earlier to the later one.

    Attributes:
        what: names of the elements, from the outside in, and of the attribute
            (``disk vda driver cache``).
        then, now: values; ``None`` where nothing is set, and where the whole of it is not there.
    """

    change: Change
    what: str
    then: str | None = None
    now: str | None = None
    attribute: bool = False

    @property
    def reverted(self) -> str:
        """What a revert to the earlier one does to it."""
        if self.change is Change.ADDED:
            return f"{self.what} goes: it was not there then"
        if self.change is Change.REMOVED:
            return f"{self.what} comes back"
        nothing = "not set" if self.attribute else "nothing"
        return f"{self.what}: {self.now or nothing} becomes {self.then or nothing} again"
