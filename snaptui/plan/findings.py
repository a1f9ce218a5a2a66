"""What is found out about a delete."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Findings:
    """Sentences about a delete.

    Attributes:
        notes: what happens, that is neither good nor bad.
        needs: what it needs before it gives anything back; empty where nothing is merged.
    """

    refusals: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    needs: str = ""

    def add(self, more: Findings) -> None:
        """Say all of another one too; what it needs takes the place of what is said of that."""
        self.refusals += more.refusals
        self.warnings += more.warnings
        self.unchecked += [one for one in more.unchecked if one not in self.unchecked]
        self.notes += more.notes
        self.needs = more.needs or self.needs
