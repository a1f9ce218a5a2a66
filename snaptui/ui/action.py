"""What an action is, and where it works."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Scope(enum.Enum):
    """Where an action works; the value is the heading in the help."""

    MAIN = "Domains and snapshots"
    LIST = "Moving"
    APP = "Everywhere but in dialogs"
    FILES = "File systems"
    SNAPSHOTS = "All snapshots"
    OPERATIONS = "Operations"
    COMPARE = "Comparison"
    HISTORY = "History"
    BROWSER = "Files of a guest"
    CHANGES = "Changed files of a guest"
    TEXT = "Help and details"
    DIALOG = "Dialogs"
    CREATE = "Dialog: create"
    XML = "Dialog: as XML"
    CHOICE = "Dialogs: a choice of words"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a key does.

    Attributes:
        id: the name in the configuration.
        keys: default keys, in Textual's spelling.
        label: a word for the footer.
        changes: whether it changes anything on the host; not offered when read-only,
            and then only says so.
        footer: whether the footer shows it; that of the main screen goes by the row, and
            has a table of its own.
        does: what it is in Textual's words; the method ``action_<id>`` without.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    scope: Scope
    changes: bool = False
    footer: bool = False
    does: str = ""

    @property
    def run(self) -> str:
        """What Textual runs."""
        return self.does or self.id
