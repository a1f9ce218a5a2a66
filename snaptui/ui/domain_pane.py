"""The list of domains."""

from __future__ import annotations

import time
from collections.abc import Mapping

from snaptui.host import HostState
from snaptui.model import Domain, DomainKey
from snaptui.operations import Operation
from snaptui.tree import cursor_after
from snaptui.ui.format import Glyphs, clean, fit, short_age, state_style, state_words
from snaptui.ui.row_list import Cell, RowList


class DomainPane(RowList):
    """All domains of the host: name, state, number of snapshots, age of the newest."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="domains")
        self._glyphs = glyphs
        self._state = HostState()
        self._under_way: Mapping[DomainKey, Operation] = {}
        self._rows: tuple[Domain, ...] = ()

    @property
    def count(self) -> int:
        """Number of domains shown."""
        return len(self._rows)

    @property
    def selected(self) -> Domain | None:
        """The domain under the cursor."""
        return self._rows[self.cursor] if self._rows else None

    @property
    def visible_keys(self) -> tuple[DomainKey, ...]:
        """Keys of the domains that can be seen."""
        return tuple(self._rows[index].key for index in self.on_screen)

    def update_state(
        self,
        state: HostState,
        running: Mapping[DomainKey, Operation],
        text: str,
        select: DomainKey | None = None,
    ) -> None:
        """Show a new state; the cursor stays on its domain, or goes to ``select``."""
        wanted = text.casefold()
        rows = tuple(
            sorted(
                (d for d in state.domains.values() if wanted in d.name.casefold()),
                key=lambda domain: (domain.name.casefold(), domain.key),
            )
        )
        old = [str(domain.key) for domain in self._rows]
        new = [str(domain.key) for domain in rows]
        at = self.cursor
        if select is not None and str(select) in new:
            cursor = new.index(str(select))
        else:
            cursor = cursor_after(old, at, new) if old else 0
        self._state, self._under_way, self._rows = state, running, rows
        self.rows_changed(cursor)

    def go_to(self, key: DomainKey) -> None:
        """Select a domain, if it is there."""
        keys = [domain.key for domain in self._rows]
        if key in keys:
            self.cursor = keys.index(key)

    def cells(self, index: int, width: int) -> list[Cell]:
        """Cursor, name, state, snapshots, age."""
        domain = self._rows[index]
        glyphs = self._glyphs
        summary = self._state.summaries.get(domain.key)
        marker = glyphs.cursor if index == self.cursor else " "
        spare = width - 2 - 6 - 5
        state_width = max(9, min(30, spare * 2 // 5))
        head: list[Cell] = [
            (f"{marker} ", "strong"),
            (fit(clean(domain.name, glyphs), spare - state_width - 1, glyphs) + " ", ""),
        ]
        operation = self._under_way.get(domain.key)
        if operation is not None:
            seconds = int(time.time() - operation.started)
            doing = f"{operation.plan.verb} {seconds} s: {operation.phase.value}"
            return [*head, (fit(doing, state_width + 6 + 5, glyphs), "warn")]
        count = "" if summary is None else "?" if summary.count is None else str(summary.count)
        age = short_age(summary.newest, time.time()) if summary is not None else ""
        return [
            *head,
            (fit(state_words(domain), state_width, glyphs), state_style(domain.state)),
            (fit(count, 6, glyphs, right=True), "bad" if count == "?" else ""),
            (fit(age, 5, glyphs, right=True), "muted"),
        ]

    @staticmethod
    def heading(width: int, glyphs: Glyphs) -> str:
        """Titles of the columns, in the places of :meth:`cells`."""
        spare = width - 2 - 6 - 5
        state_width = max(9, min(30, spare * 2 // 5))
        return (
            "  "
            + fit("Name", spare - state_width, glyphs)
            + fit("State", state_width, glyphs)
            + fit("Snaps", 6, glyphs, right=True)
            + fit("Age", 5, glyphs, right=True)
        )
