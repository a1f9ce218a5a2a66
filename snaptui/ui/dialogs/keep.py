"""The dialog that marks by rule: what to keep of each domain, and what that lets go."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Protocol

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Input, Label, Static

from snaptui.common import text
from snaptui.model.domain import DomainKey
from snaptui.storage.keep_rules import (
    Fated,
    KeepRule,
    RuleFault,
    Use,
    decide,
    domains_to_ask,
)
from snaptui.storage.reclaimable import Mark
from snaptui.storage.snapshot_list import ListedSnapshot
from snaptui.storage.totals import Total
from snaptui.ui.background import background
from snaptui.ui.closing import is_there
from snaptui.ui.dialogs.dialog import Dialog
from snaptui.ui.format import Glyphs, clean
from snaptui.ui.panes.fated import FatedList
from snaptui.ui.panes.row_list import RowList
from snaptui.ui.terminal.safe_input import Field

FAULTS = {
    RuleFault.NOTHING: "Type at least one number: what no rule keeps goes.",
    RuleFault.NUMBER: "How many to keep is a whole number from 1 on.",
    RuleFault.AGE: "An age is a number with s, min, h, d, w or y: 30d.",
}
LOOK = 0.5
"""Seconds between two looks whether more was read."""
LEAST = 3
"""Lines of the list at least."""


class Weighed(Protocol):
    """All snapshots of all hosts, as far as they have been read."""

    @property
    def changes(self) -> int:
        """Grows whenever more was read."""

    def snapshots(self) -> list[ListedSnapshot]:
        """Those that have been read."""

    def total(self, marks: Collection[Mark]) -> Total:
        """What deleting these gives back."""

    async def ask_uses(
        self, keys: Collection[DomainKey], tell: Callable[[DomainKey, Use], None]
    ) -> None:
        """Find out what is at work with domains, and tell it one by one."""


class KeepDialog(Dialog[tuple[ListedSnapshot, ...]]):
    """Returns what a rule lets go, as it was shown; it is only marked then.

    Args:
        weighed: what there is.
        shown: what a filter leaves, of which alone something goes; ``None`` without a filter.
        marked: how many are marked now.
    """

    AUTO_FOCUS = "#keep-last"

    def __init__(
        self, weighed: Weighed, shown: Collection[Mark] | None, marked: int, glyphs: Glyphs
    ) -> None:
        super().__init__(glyphs)
        self._weighed, self._shown, self._marked = weighed, shown, marked
        self._uses: dict[DomainKey, Use] = {}
        self._asked: set[DomainKey] = set()
        self._fated: tuple[Fated, ...] = ()
        self._rows: list[ListedSnapshot] = []
        self._changes, self._late = -1, True

    def body(self) -> ComposeResult:
        """The rule, what it comes to, and the list."""
        with Horizontal(classes="field"):
            yield Label("Keep last")
            yield Field(id="keep-last", compact=True, max_length=6)
            yield Label("  daily")
            yield Field(id="keep-daily", compact=True, max_length=6)
            yield Label("  weekly")
            yield Field(id="keep-weekly", compact=True, max_length=6)
            yield Label("  monthly")
            yield Field(id="keep-monthly", compact=True, max_length=6)
        with Horizontal(classes="field"):
            yield Label("Go if older")
            yield Field(id="keep-older", compact=True, max_length=12, placeholder="such as 30d")
        yield Static(id="facts", markup=False)
        yield FatedList(self.glyphs)
        yield Static(id="notice", markup=False)

    def buttons(self) -> ComposeResult:
        """Cancel, and mark."""
        yield from super().buttons()
        yield Button(Text("Mark: Enter"), id="confirm", compact=True, disabled=True)

    def on_mount(self) -> None:
        """Show that nothing is asked yet."""
        which = "of what the filter shows" if self._shown is not None else "of each domain"
        self.set_title(f"Mark by rule, {which}")
        if self._marked:
            words = f"What it marks takes the place of {text.count(self._marked, 'mark')}."
            self.query_one("#notice", Static).update(Text(words))
        self._decide()
        self.set_interval(LOOK, self._look)

    def on_resize(self) -> None:
        """The list takes what the screen leaves to it."""
        self.call_after_refresh(self._make_room)

    def _make_room(self) -> None:
        if is_there(self):
            box, rows = self.query_one("#box"), self.query_one(FatedList)
            others = box.virtual_size.height - rows.outer_size.height
            left = self.size.height - box.gutter.height - others
            rows.styles.max_height = max(LEAST, left)

    @property
    def _rule(self) -> KeepRule | RuleFault:
        ids = ("last", "daily", "weekly", "monthly", "older")
        last, daily, weekly, monthly, older = (
            self.query_one(f"#keep-{name}", Input).value for name in ids
        )
        return KeepRule.of(last, daily, weekly, monthly, older)

    @on(Input.Changed)
    def rule_changed(self) -> None:
        """Filter the list at each keystroke."""
        self._decide()

    def _look(self) -> None:
        """What was read or answered meanwhile counts now."""
        if is_there(self) and (self._late or self._changes != self._weighed.changes):
            self._decide()

    def _decide(self) -> None:
        self._late = False
        if self._changes != self._weighed.changes:
            self._changes, self._rows = self._weighed.changes, self._weighed.snapshots()
        rule, words = self._rule, ""
        if isinstance(rule, RuleFault):
            self._fated, words = (), FAULTS[rule]
        else:
            self._fated = decide(rule, self._rows, self._uses, time.time(), self._shown)
            if asked := set(domains_to_ask(self._fated)) - self._asked:
                self._asked |= asked
                self._ask(asked)
            words = self._words()
        self.query_one(FatedList).show(self._fated)
        self.query_one("#facts", Static).update(Text(clean(words, self.glyphs)))
        confirm, label = self.query_one("#confirm", Button), Text(f"Mark {len(self._going)}: Enter")
        confirm.label, confirm.disabled = label, not self._going
        confirm.styles.width = label.cell_len + 2  # of one not yet shown Textual keeps the old one
        self.call_after_refresh(self._make_room)

    @property
    def _going(self) -> tuple[ListedSnapshot, ...]:
        return tuple(one.row for one in self._fated if one.goes)

    def _words(self) -> str:
        going = self._going
        domains = {one.row.domain.key for one in self._fated}
        where = (
            f"{text.count(len(self._fated), 'snapshot')} of {text.count(len(domains), 'domain')}"
        )
        waiting = len(self._asked - self._uses.keys())
        asking = f" Asking {text.count(waiting, 'domain')} for jobs ..." if waiting else ""
        if not going:
            return f"Of {where} none goes.{asking}"
        frees = self._weighed.total({one.mark for one in going}).words
        return f"Of {where} {len(going)} go; deleting them frees {frees}.{asking}"

    @background("uses")
    async def _ask(self, keys: Collection[DomainKey]) -> None:
        await self._weighed.ask_uses(sorted(keys), self._answered)

    def _answered(self, key: DomainKey, use: Use) -> None:
        self._uses[key] = use
        self._late = True
        if not self._asked - self._uses.keys():
            self._look()

    @on(Input.Submitted)
    @on(Button.Pressed, "#confirm")
    def confirmed(self) -> None:
        """Mark what goes."""
        if going := self._going:
            self.dismiss(going)
            return
        rule = self._rule
        why = FAULTS[rule] if isinstance(rule, RuleFault) else "The rule lets no snapshot go."
        self.query_one("#notice", Static).update(Text(f"Nothing to mark. {why}"))

    def on_key(self, event: events.Key) -> None:
        """Enter on the list marks too."""
        if event.key == "enter" and isinstance(self.focused, RowList):
            event.stop()
            self.confirmed()
