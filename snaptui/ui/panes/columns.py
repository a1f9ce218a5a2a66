"""Which columns stand beside the names of snapshots, and how wide they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from snaptui.ui.format import Glyphs, fit

NAME = 18
"""Cells that a name gets before a column of lower rank is shown."""
LONGEST = 40
"""Cells of a name for which other columns give way, at most."""
TEXT = 14
"""Cells that a description has at least."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column to the right of the name.

    Attributes:
        width: cells; ``0`` for a text, which takes all that the name leaves.
        rank: a higher one gives way sooner; from 2 on before a long name is cut, from 3 on
            before a description is.
        gap: cells in front of it.
    """

    title: str
    width: int
    rank: int
    right: bool = False
    gap: int = 1


@dataclass(frozen=True, slots=True)
class Layout:
    """Cells of the graph and the name together, and the columns that fit."""

    name: int
    columns: tuple[Column, ...]

    def title_at(self, x: int) -> str:
        """The title of the column at a place; empty for the name."""
        at = 2 + self.name
        for one in self.columns:
            if at <= x < at + one.gap + one.width:
                return one.title
            at += one.gap + one.width
        return ""

    def heading(self, glyphs: Glyphs, name: str, by: str = "") -> str:
        """Titles of the columns; that which the rows are sorted by has a sign."""
        titles = [
            " " * one.gap
            + fit(
                f"{one.title}{glyphs.sorted if by and one.title == by else ''}",
                one.width,
                glyphs,
                right=one.right,
            )
            for one in self.columns
        ]
        return "".join([f"  {fit(name, self.name, glyphs)}", *titles])


def layout(width: int, columns: Sequence[Column], widest: int) -> Layout:
    """Share out a row.

    Args:
        widest: cells of the longest name with its graph.
    """
    chosen = [column for column in columns if column.rank == 0]
    for column in sorted(columns, key=lambda column: column.rank):
        if column.rank == 0:
            continue
        needs = NAME if column.rank == 1 else max(NAME, min(widest, LONGEST))
        text = any(one.width == 0 for one in (*chosen, column))
        needs += TEXT * (1 if column.rank < 3 else 2) * text
        if _left(width, [*chosen, column]) >= needs:
            chosen.append(column)
    left = max(_left(width, chosen), 4)
    has_text = any(column.width == 0 for column in chosen)
    name = min(max(widest, NAME), left - TEXT) if has_text else left
    fitting = (
        replace(column, width=column.width or left - name) for column in columns if column in chosen
    )
    return Layout(name, tuple(fitting))


def widest(titles: Iterable[str]) -> int:
    """Cells of the longest title."""
    return max((len(one) if one.isascii() else cell_len(one) for one in titles), default=0)


def _left(width: int, columns: Sequence[Column]) -> int:
    return width - 2 - sum(column.width + column.gap for column in columns)
