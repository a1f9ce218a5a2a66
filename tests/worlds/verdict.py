"""What was said of a world and is not so."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, field


class Kind(enum.Enum):
    """What a statement is about."""

    WORKS = "works"
    REFUSAL = "refusal"
    AFTER = "after"
    DATA = "data"
    LOST = "lost"
    UNDO = "undo"
    SPACE = "space"
    FIGURE = "figure"


@dataclass(frozen=True)
class Lie:
    """A statement that is not true."""

    kind: Kind
    words: str


@dataclass
class Verdict:
    """What came of one question.

    Attributes:
        predicted, happened: as the table of the matrix has them.
        compared: statements, by kind.
        unknown: statements that say that something is not known; these are never wrong.
        carried_out: it was a plan that may be confirmed, and it was.
        undone: its undo was carried out too.
        spoiled: libvirt was asked for what it does wrongly: nothing more is asked of this world.
    """

    verb: str
    predicted: str = ""
    happened: str = ""
    compared: Counter[Kind] = field(default_factory=Counter)
    unknown: Counter[Kind] = field(default_factory=Counter)
    lies: list[Lie] = field(default_factory=list)
    carried_out: bool = False
    undone: bool = False
    spoiled: bool = False

    def compare(self, kind: Kind, *wrong: str) -> None:
        """Note a comparison, and what came of it."""
        self.compared[kind] += 1
        self.lies += [Lie(kind, words) for words in wrong]
