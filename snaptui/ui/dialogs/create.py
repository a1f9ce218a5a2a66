"""The dialog of a create."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalGroup
from textual.widgets import Input, Label, Static

from snaptui.model.choices import Form
from snaptui.model.domain import Domain
from snaptui.model.snapshot_request import from_xml, to_xml
from snaptui.plan.create.asked import asked
from snaptui.plan.create.overlay_paths import beneath, resolved
from snaptui.plan.facts import Facts
from snaptui.plan.plan import CreateIntent
from snaptui.plan.planner import AnyFacts
from snaptui.ui import keymap
from snaptui.ui.action import Scope
from snaptui.ui.closing import key_of
from snaptui.ui.dialogs.create_options import Options
from snaptui.ui.dialogs.dialog import Choice
from snaptui.ui.dialogs.plan_dialog import PlanDialog
from snaptui.ui.dialogs.readings import ReadFacts
from snaptui.ui.format import Glyphs
from snaptui.ui.terminal.safe_input import Field

FORMS = tuple(Form)


def first_fields(suggested: str) -> ComposeResult:
    """Name, description, and where the data go."""
    with Horizontal(classes="field"):
        yield Label("Name", markup=False)
        yield Field(suggested, id="name", compact=True, select_on_focus=True)
    with Horizontal(classes="field"):
        yield Label("Description", markup=False)
        yield Field(id="description", compact=True)
    yield Choice("Kind:", [form.value for form in FORMS], id="form")


class CreateDialog(PlanDialog):
    """Name, description and kind; all else behind a key, and as XML.

    Args:
        suggested: a name that is free.
    """

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Scope.CREATE)
    AUTO_FOCUS = "#name"
    verb = "Create"

    def __init__(
        self, domain: Domain, suggested: str, read_facts: ReadFacts, glyphs: Glyphs
    ) -> None:
        super().__init__(domain, read_facts, glyphs)
        self._domain = domain
        self._suggested = suggested
        self._options = Options(glyphs)
        self._latest: Facts | None = None

    @property
    def intent(self) -> CreateIntent:
        """A snapshot as the fields say."""
        return self._options.applied(
            CreateIntent(
                self._domain.key,
                self.query_one("#name", Input).value,
                self.query_one("#description", Input).value,
                FORMS[self.query_one("#form", Choice).index],
            )
        )

    def fields(self) -> ComposeResult:
        """Name, description, and where the data go; or the rest."""
        with VerticalGroup(id="first"):
            yield from first_fields(self._suggested)
        self._options.display = False
        yield self._options
        yield Static(id="more", markup=False)

    def plan_again(self) -> None:
        """Read more if the fields now need more, and plan."""
        if isinstance(self.facts, Facts):
            self._latest = self.facts
            self._options.offer(self.intent, self.facts)
            if not enough(self.intent, self.facts):
                self.read_again()
                return
        super().plan_again()
        self._tell_keys()

    def _tell_keys(self) -> None:
        where = "back to the name" if self._options.display else "more"
        self.query_one("#more", Static).update(
            Text(f"{key_of(self, 'options')} {where}   {key_of(self, 'xml')} as XML")
        )

    def action_options(self) -> None:
        """Show the options in the place of the first fields, or these again."""
        if self._latest is None:
            self.notice("Not yet: snaptui is still checking.")
            return
        shown = not self._options.display
        self._options.display = shown
        self.query_one("#first").display = not shown
        self._tell_keys()
        self.call_after_refresh(self.make_room)
        if shown:
            self.call_after_refresh(self._options.focus_first)
        else:
            self.query_one("#name").focus()

    def action_xml(self) -> None:
        """Show what libvirt is asked for as XML, and take what comes back into the fields."""
        from snaptui.ui.dialogs.xml import XmlDialog

        if self._latest is None:
            self.notice("Not yet: snaptui is still checking.")
            return
        before, facts = self.intent, self._latest

        def take(xml: str) -> CreateIntent:
            return asked(from_xml(xml), before, facts)

        now = to_xml(resolved(before, facts))
        self.app.push_screen(XmlDialog(self._domain.name, now, take, self.glyphs), self._fill_in)

    def _fill_in(self, wanted: CreateIntent | None) -> None:
        if wanted is None:
            return
        self.query_one("#name", Input).value = wanted.name
        self.query_one("#description", Input).value = wanted.description
        self.query_one("#form", Choice).index = FORMS.index(wanted.form)
        self._options.fill_in(wanted)
        self.plan_again()

    @on(Input.Changed, "#name")
    @on(Input.Changed, "#description")
    @on(Options.Changed)
    @on(Choice.Changed, "#form")
    def field_changed(self) -> None:
        """Plan again at each keystroke."""
        self.plan_again()


def enough(intent: CreateIntent, facts: AnyFacts) -> bool:
    """Whether the facts say all that the fields need to know."""
    assert isinstance(facts, Facts)
    new = resolved(intent, facts)
    folders = {path.rpartition("/")[0] for path in new.files if path.startswith("/")}
    images = set(new.overlays.values()) if new.reuse else set()
    asked = facts.agent is not None or not new.quiesce
    users = intent.group is not None or set(beneath(intent, facts)) <= facts.asked
    return folders <= facts.folders.keys() and images <= facts.images.keys() and asked and users
