"""One line of the table that the benchmark prints."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured; ``limit`` is the most that its budget allows, if it has one."""

    what: str
    value: float
    unit: str = ""
    limit: float | None = None
    note: str = ""

    @property
    def over(self) -> bool:
        return self.limit is not None and self.value > self.limit

    def line(self) -> str:
        budget = "" if self.limit is None else f"<= {self.limit:g}"
        verdict = "OVER" if self.over else "" if self.limit is None else "ok"
        value = f"{self.value:.4g} {self.unit}".strip()
        return f"{self.what:58} {value:>12} {budget:>9} {verdict:4}  {self.note}".rstrip()
