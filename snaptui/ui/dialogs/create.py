"""The dialog of a create."""

from __future__ import annotations

import time

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label

from snaptui.model import Domain, Form
from snaptui.plan.create import suggested_name
from snaptui.plan.plan import CreateIntent
from snaptui.ui.dialogs.dialog import Choice
from snaptui.ui.dialogs.plan_dialog import PlanDialog, ReadFacts
from snaptui.ui.format import Glyphs

_FORMS = tuple(Form)


class CreateDialog(PlanDialog):
    """Name, description and kind; the name is suggested."""

    verb = "Create"

    def __init__(
        self, domain: Domain, taken: tuple[str, ...], read_facts: ReadFacts, glyphs: Glyphs
    ) -> None:
        super().__init__(domain, read_facts, glyphs)
        self._domain = domain
        self._suggested = suggested_name(time.time(), taken)

    @property
    def intent(self) -> CreateIntent:
        """A snapshot with the name and description as they stand."""
        return CreateIntent(
            self._domain.key,
            self.query_one("#name", Input).value,
            self.query_one("#description", Input).value,
            _FORMS[self.query_one("#form", Choice).index],
        )

    def fields(self) -> ComposeResult:
        """Name, description, and where the data go."""
        with Horizontal(classes="field"):
            yield Label("Name", markup=False)
            yield Input(self._suggested, id="name", compact=True, select_on_focus=True)
        with Horizontal(classes="field"):
            yield Label("Description", markup=False)
            yield Input(id="description", compact=True)
        yield Choice("Kind:", [form.value for form in _FORMS], id="form")

    @on(Input.Changed, "#name")
    @on(Input.Changed, "#description")
    @on(Choice.Changed)
    def field_changed(self) -> None:
        """The plan follows each keystroke."""
        self.plan_again()
