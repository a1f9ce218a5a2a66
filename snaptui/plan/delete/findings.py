"""What is found out about a delete."""

from __future__ import annotations

from dataclasses import dataclass, field

from snaptui.model.image import NotKnown
from snaptui.plan.refusal import Refusal
from snaptui.plan.remark import Remark


@dataclass(frozen=True, slots=True)
class MergeNeeds:
    """Bytes that merges need before they give anything back, at most, or just that."""

    most: int | NotKnown
    exact: bool


@dataclass(slots=True)
class Findings:
    """What speaks against a delete, and what else is to be said of it.

    Attributes:
        notes: what happens, that is neither good nor bad.
        needs: what it needs before it gives anything back; ``None`` where nothing is merged.
    """

    refusals: list[Refusal] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    unchecked: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
    needs: MergeNeeds | None = None

    def add(self, more: Findings) -> None:
        """Say all of another one too; what it needs takes the place of what is said of that."""
        self.refusals += more.refusals
        self.warnings += more.warnings
        self.unchecked += [one for one in more.unchecked if one not in self.unchecked]
        self.notes += more.notes
        self.needs = more.needs or self.needs
