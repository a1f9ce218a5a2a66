"""The dialog of a delete."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult

from snaptui.model import Domain
from snaptui.plan.plan import DeleteIntent
from snaptui.ui.dialogs.dialog import Choice
from snaptui.ui.dialogs.plan_dialog import PlanDialog, ReadFacts
from snaptui.ui.format import Glyphs


class DeleteDialog(PlanDialog):
    """The snapshot alone, or it and everything below it."""

    verb = "Delete"

    def __init__(
        self, domain: Domain, snapshot: str, read_facts: ReadFacts, glyphs: Glyphs
    ) -> None:
        super().__init__(domain, read_facts, glyphs)
        self._snapshot = snapshot

    @property
    def intent(self) -> DeleteIntent:
        """A delete with or without what is below."""
        below = self.query_one("#scope", Choice).index == 1
        return DeleteIntent(self._domain.key, self._snapshot, children=below)

    def fields(self) -> ComposeResult:
        """What goes."""
        yield Choice("Delete:", ["this one", "this and all below it"], id="scope")

    @on(Choice.Changed)
    def scope_changed(self) -> None:
        """Other snapshots need other facts."""
        self.read_again()
