"""The dialog of a delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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
MANY = 10
"""Of more, the number is typed."""


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
        what: what it is about, before the plan says it.
        parts: what each intent is about, and the intent.
        space: what all give back together.
    """

    verb = "Delete"

    def __init__(
        self,
        what: str,
        parts: Sequence[tuple[str, Intent]],
        space: str,
        read_facts: ReadFacts,
        glyphs: Glyphs,
    ) -> None:
        super().__init__(what, read_facts, glyphs)
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
        """How many go, where that is more than one looks through; it is about no one name."""
        return str(self._number) if self._far_reaching else "delete"

    @property
    def _number(self) -> int:
        return sum(
            len(intent.names) + len(intent.unmanaged) if isinstance(intent, DeleteManyIntent) else 1
            for intent in self.intents
        )

    @property
    def _far_reaching(self) -> bool:
        return self._number > MANY or len({intent.key.host for intent in self.intents}) > 1

    def merged(self, plans: tuple[Plan, ...]) -> Plan:
        """All of them as one."""
        whole = deletes(plans, [name for name, _ in self._parts], self._space)
        return replace(whole, type_name=whole.type_name or self._far_reaching)


class DeleteManyDialog(PlanDialog):
    """Several snapshots, unmanaged ones among them; with their data or without."""

    verb = "Delete"

    def __init__(
        self,
        domain: Domain,
        names: tuple[str, ...],
        unmanaged: tuple[str, ...],
        read_facts: ReadFacts,
        glyphs: Glyphs,
    ) -> None:
        super().__init__(domain, read_facts, glyphs)
        self._domain = domain
        self._names, self._unmanaged = names, unmanaged

    @property
    def intent(self) -> DeleteManyIntent:
        """A delete of these snapshots."""
        metadata_only = self.query_one("#data", Choice).index == 1
        return DeleteManyIntent(self._domain.key, self._names, self._unmanaged, metadata_only)

    def fields(self) -> ComposeResult:
        """What goes of them."""
        yield Choice("Of them:", ["data and metadata", "metadata only"], id="data")

    @on(Choice.Changed)
    def choice_changed(self) -> None:
        """Plan again."""
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
