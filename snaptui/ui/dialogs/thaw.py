"""The dialog of a thaw; opening it asks the guest's agent."""

from __future__ import annotations

from snaptui.model.domain import Domain
from snaptui.plan.plan import ThawIntent
from snaptui.ui.dialogs.plan_dialog import PlanDialog
from snaptui.ui.dialogs.readings import ReadFacts
from snaptui.ui.format import Glyphs


class ThawDialog(PlanDialog):
    """Whether anything is frozen, and what a thaw does."""

    verb = "Thaw"

    def __init__(self, domain: Domain, read_facts: ReadFacts, glyphs: Glyphs) -> None:
        super().__init__(domain, read_facts, glyphs)
        self._intent = ThawIntent(domain.key)

    @property
    def intent(self) -> ThawIntent:
        """A thaw of the domain."""
        return self._intent
