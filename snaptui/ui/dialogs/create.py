"""The dialog of a create."""

from __future__ import annotations

import time

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label

from snaptui.model import Domain
from snaptui.plan.create import suggested_name
from snaptui.plan.plan import CreateIntent
from snaptui.ui.dialogs.plan_dialog import PlanDialog, ReadFacts
from snaptui.ui.format import Glyphs


class CreateDialog(PlanDialog):
    """Name and description; the name is suggested."""

    verb = "Create"

    def __init__(
        self, domain: Domain, taken: tuple[str, ...], read_facts: ReadFacts, glyphs: Glyphs
    ) -> None:
        super().__init__(domain, read_facts, glyphs)
        self._suggested = suggested_name(time.time(), taken)

    @property
    def intent(self) -> CreateIntent:
        """A snapshot with the name and description as they stand."""
        return CreateIntent(
            self._domain.key,
            self.query_one("#name", Input).value,
            self.query_one("#description", Input).value,
        )

    def fields(self) -> ComposeResult:
        """Name and description."""
        with Horizontal(classes="field"):
            yield Label("Name", markup=False)
            yield Input(self._suggested, id="name", compact=True, select_on_focus=True)
        with Horizontal(classes="field"):
            yield Label("Description", markup=False)
            yield Input(id="description", compact=True)

    @on(Input.Changed, "#name")
    @on(Input.Changed, "#description")
    def field_changed(self) -> None:
        """The plan follows each keystroke."""
        self.plan_again()
