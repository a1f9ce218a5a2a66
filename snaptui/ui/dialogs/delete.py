"""The dialog of a delete."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult

from snaptui.model.choices import Scope
from snaptui.model.domain import Domain
from snaptui.plan.combine import deletes
from snaptui.plan.plan import DeleteIntent, DeleteManyIntent, Intent, MergeIntent, Plan
from snaptui.ui.dialogs.dialog import Choice
from snaptui.ui.dialogs.plan_dialog import PlanDialog
from snaptui.ui.dialogs.readings import ReadFacts
from snaptui.ui.format import Glyphs

_SCOPES = tuple(Scope)


class DeleteDialog(PlanDialog):
    """The snapshot, what is below it or both; with their data or without."""

    verb = "Delete"

    def __init__(
        self, domain: Domain, snapshot: str, read_facts: ReadFacts, glyphs: Glyphs
    ) -> None:
        super().__init__(domain, read_facts, glyphs)
        self._domain = domain
        self._snapshot = snapshot

    @property
    def intent(self) -> DeleteIntent:
        """A delete of what the fields say."""
        scope = _SCOPES[self.query_one("#scope", Choice).index]
        metadata_only = self.query_one("#data", Choice).index == 1
        return DeleteIntent(self._domain.key, self._snapshot, scope, metadata_only)

    def fields(self) -> ComposeResult:
        """What goes."""
        yield Choice("Delete:", [scope.value for scope in _SCOPES], id="scope")
        yield Choice("Of it:", ["data and metadata", "metadata only"], id="data")

    @on(Choice.Changed)
    def choice_changed(self, event: Choice.Changed) -> None:
        """Other snapshots need other facts."""
        if event.control.id == "scope":
            self.read_again()
        else:
            self.plan_again()


class DeleteItemsDialog(PlanDialog):
    """What was chosen among all domains and files of a host.

    Args:
        host: as people call it.
        parts: what each intent is about, and the intent.
        space: what all give back together.
    """

    verb = "Delete"

    def __init__(
        self,
        host: str,
        parts: Sequence[tuple[str, Intent]],
        space: str,
        read_facts: ReadFacts,
        glyphs: Glyphs,
    ) -> None:
        super().__init__(host, read_facts, glyphs)
        self._parts, self._space = tuple(parts), space

    @property
    def intent(self) -> Intent:
        """The first of them."""
        return self.intents[0]

    @property
    def intents(self) -> tuple[Intent, ...]:
        """All of them, in the order in which they are carried out."""
        return tuple(intent for _, intent in self._parts)

    @property
    def challenge(self) -> str:
        """It is about no one name."""
        return "delete"

    def merged(self, plans: tuple[Plan, ...]) -> Plan:
        """All of them as one."""
        return deletes(plans, [name for name, _ in self._parts], self._space)


class DeleteManyDialog(PlanDialog):
    """Several snapshots, strays among them; with their data or without."""

    verb = "Delete"

    def __init__(
        self,
        domain: Domain,
        names: tuple[str, ...],
        strays: tuple[str, ...],
        read_facts: ReadFacts,
        glyphs: Glyphs,
    ) -> None:
        super().__init__(domain, read_facts, glyphs)
        self._domain = domain
        self._names, self._strays = names, strays

    @property
    def intent(self) -> DeleteManyIntent:
        """A delete of these snapshots."""
        metadata_only = self.query_one("#data", Choice).index == 1
        return DeleteManyIntent(self._domain.key, self._names, self._strays, metadata_only)

    def fields(self) -> ComposeResult:
        """What goes of them."""
        yield Choice("Of them:", ["data and metadata", "metadata only"], id="data")

    @on(Choice.Changed)
    def choice_changed(self) -> None:
        """The plan follows."""
        self.plan_again()


class MergeDialog(PlanDialog):
    """Merge an overlay that no snapshot names into the image beneath."""

    verb = "Merge"

    def __init__(self, domain: Domain, path: str, read_facts: ReadFacts, glyphs: Glyphs) -> None:
        super().__init__(domain, read_facts, glyphs)
        self._intent = MergeIntent(domain.key, path)

    @property
    def intent(self) -> MergeIntent:
        """To merge it."""
        return self._intent
