"""The dialogs that change what libvirt's record of a snapshot says."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label, TextArea

from snaptui.common.errors import NotFound
from snaptui.model import group_mark, hold_mark
from snaptui.model.domain import Domain
from snaptui.model.snapshot import Snapshot
from snaptui.plan.facts import Facts
from snaptui.plan.plan import AdoptIntent, EditIntent, HoldIntent, RelocateIntent
from snaptui.plan.planner import AnyFacts
from snaptui.ui.dialogs.plan_dialog import PlanDialog
from snaptui.ui.dialogs.readings import ReadFacts
from snaptui.ui.format import Glyphs
from snaptui.ui.terminal.safe_input import Field
from snaptui.ui.terminal.safe_text import TextField


class EditDialog(PlanDialog):
    """The name, and the description, which may have several lines."""

    AUTO_FOCUS = "#name"
    verb = "Describe"

    def __init__(
        self, domain: Domain, snapshot: Snapshot, read_facts: ReadFacts, glyphs: Glyphs
    ) -> None:
        super().__init__(domain, read_facts, glyphs)
        self._domain = domain
        self._snapshot = snapshot

    @property
    def intent(self) -> EditIntent:
        """The description as it stands."""
        description = self.query_one(TextArea).text
        name = self.query_one("#name", Input).value
        return EditIntent(self._domain.key, self._snapshot.name, description, name)

    def check_same(self, found: tuple[AnyFacts, ...]) -> None:
        """See besides that nobody else has described it since.

        Raises:
            NotFound: somebody has, or it is another one.
        """
        super().check_same(found)
        (facts,) = found
        now = facts.snapshots.get(self._snapshot.name) if isinstance(facts, Facts) else None
        if now is not None and now.description != self._snapshot.description:
            raise NotFound(
                f"{now.name} has another description by now: {group_mark.described(now)}",
                title="Changed meanwhile",
                hint="Copy what you typed, close this, and edit the new one.",
            )

    def fields(self) -> ComposeResult:
        """Name and description."""
        with Horizontal(classes="field"):
            yield Label("Name", markup=False)
            yield Field(self._snapshot.name, id="name", compact=True, select_on_focus=False)
        yield Label("Description (Tab goes on)", markup=False)
        yield TextField(
            group_mark.described(self._snapshot),
            id="description",
            compact=True,
            tab_behavior="focus",
        )

    @on(TextArea.Changed)
    @on(Input.Changed, "#name")
    def field_changed(self) -> None:
        """Plan again at each keystroke."""
        self.plan_again()


class HoldDialog(PlanDialog):
    """Hold a snapshot, or release one that is held."""

    def __init__(
        self, domain: Domain, snapshot: Snapshot, read_facts: ReadFacts, glyphs: Glyphs
    ) -> None:
        super().__init__(domain, read_facts, glyphs)
        self._intent = HoldIntent(domain.key, snapshot.name, hold_mark.hold_of(snapshot) is None)

    @property
    def intent(self) -> HoldIntent:
        """To hold it, or to release it if it was held when the dialog was opened."""
        return self._intent

    @property
    def verb(self) -> str:
        """What the button says."""
        return "Hold" if self._intent.hold else "Release"


class AdoptDialog(PlanDialog):
    """Register an unmanaged snapshot, or where the images of a snapshot are."""

    verb = "Register"

    def __init__(
        self,
        domain: Domain,
        intent: AdoptIntent | RelocateIntent,
        read_facts: ReadFacts,
        glyphs: Glyphs,
    ) -> None:
        super().__init__(domain, read_facts, glyphs)
        self._intent = intent

    @property
    def intent(self) -> AdoptIntent | RelocateIntent:
        """To adopt it."""
        return self._intent
