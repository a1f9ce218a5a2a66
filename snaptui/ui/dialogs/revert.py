"""The dialog of a revert."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult

from snaptui.model import Domain, RunState, SafetyKind
from snaptui.plan.facts import Facts
from snaptui.plan.plan import RevertIntent
from snaptui.ui.dialogs.dialog import Choice
from snaptui.ui.dialogs.plan_dialog import PlanDialog, ReadFacts
from snaptui.ui.format import Glyphs

_STATES = tuple(RunState)
_SAFETY = (None, *SafetyKind)


class RevertDialog(PlanDialog):
    """What the domain does afterwards, and how it can be undone."""

    verb = "Revert"

    def __init__(
        self, domain: Domain, snapshot: str, read_facts: ReadFacts, glyphs: Glyphs
    ) -> None:
        super().__init__(domain, read_facts, glyphs)
        self._domain = domain
        self._snapshot = snapshot

    @property
    def intent(self) -> RevertIntent:
        """A revert to the snapshot with the state chosen."""
        state = _STATES[self.query_one("#state", Choice).index]
        safety = _SAFETY[self.query_one("#safety", Choice).index]
        reset = self.query_one("#nvram", Choice).index == 1
        return RevertIntent(self._domain.key, self._snapshot, state, safety, reset)

    def fields(self) -> ComposeResult:
        """The state afterwards, and what is taken before."""
        words = [kind.value if kind is not None else "automatic" for kind in _SAFETY]
        yield Choice("State after:", [state.value for state in _STATES], id="state")
        yield Choice("Safety snapshot:", words, id="safety")
        yield Choice("UEFI variables:", ["as they are now", "from their template"], id="nvram")

    def on_mount(self) -> None:
        """Only with UEFI there are such variables."""
        super().on_mount()
        self.query_one("#nvram").display = False

    def plan_again(self) -> None:
        """Offer what there is for the domain, and plan."""
        if isinstance(self.facts, Facts):
            self.query_one("#nvram").display = self.facts.status.config.pflash
        super().plan_again()

    @on(Choice.Changed)
    def state_changed(self) -> None:
        """The plan follows."""
        self.plan_again()
