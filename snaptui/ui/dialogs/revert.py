"""The dialog of a revert."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.widgets import Static

from snaptui.common import text
from snaptui.discovery.group_members import Members
from snaptui.model.choices import RunState, SafetyKind
from snaptui.model.domain import Domain
from snaptui.model.group_mark import Group, group_of
from snaptui.plan.combine import reverts
from snaptui.plan.facts import Facts
from snaptui.plan.group_left import what_is_left
from snaptui.plan.plan import Plan, RevertIntent
from snaptui.ui.closing import is_there
from snaptui.ui.dialogs.dialog import Choice
from snaptui.ui.dialogs.plan_dialog import PlanDialog
from snaptui.ui.dialogs.readings import ReadFacts
from snaptui.ui.format import Glyphs

_STATES = tuple(RunState)
_SAFETY = (None, *SafetyKind)

FindGroup = Callable[[str, Callable[[int, int], None]], Awaitable[Members]]


class RevertDialog(PlanDialog):
    """What the domain does afterwards, and how it can be undone; or a whole group.

    Args:
        find_group: finds all snapshots of a group by its ID, and tells how far it is.
    """

    verb = "Revert"

    def __init__(
        self,
        domain: Domain,
        snapshot: str,
        read_facts: ReadFacts,
        find_group: FindGroup,
        glyphs: Glyphs,
    ) -> None:
        super().__init__(domain, read_facts, glyphs)
        self._domain = domain
        self._snapshot = snapshot
        self._find_group = find_group
        self._group: Group | None = None
        self._members = Members(())

    @property
    def intent(self) -> RevertIntent:
        """A revert to the snapshot with the state chosen."""
        return self.intents[0]

    @property
    def intents(self) -> tuple[RevertIntent, ...]:
        """The same for all others of its group, if that was chosen."""
        state = _STATES[self.query_one("#state", Choice).index]
        safety = _SAFETY[self.query_one("#safety", Choice).index]
        reset = self.query_one("#nvram", Choice).index == 1
        return tuple(
            RevertIntent(domain.key, name, state, safety, reset) for domain, name in self._parts
        )

    @property
    def _parts(self) -> tuple[tuple[Domain, str], ...]:
        own = (self._domain, self._snapshot)
        if not self.together:
            return (own,)
        return (own, *(one for one in self._members.found if one[0].key != self._domain.key))

    @property
    def together(self) -> bool:
        """Whether the whole group was chosen."""
        return self.query_one("#group", Choice).index == 1

    @property
    def challenge(self) -> str:
        """A group is about no one name."""
        return "revert" if self.together else super().challenge

    def merged(self, plans: tuple[Plan, ...]) -> Plan:
        """All of them as one."""
        if not self.together or self._group is None:
            return plans[0]
        found = [domain.name for domain, _ in self._parts]
        names = [self.named(domain.key, domain.name) for domain, _ in self._parts]
        members = self._members
        group = members.group or self._group
        left = what_is_left(group, found, members.unread)
        return reverts(plans, names, group, left, members.twice, members.doubts)

    def fields(self) -> ComposeResult:
        """What is reverted, the state afterwards, and what is taken before."""
        words = [kind.value if kind is not None else "automatic" for kind in _SAFETY]
        yield Choice("Revert:", ["this one", "its whole group"], id="group")
        yield Choice("State after:", [state.value for state in _STATES], id="state")
        yield Choice("Safety snapshot:", words, id="safety")
        yield Choice("UEFI variables:", ["as they are now", "from their template"], id="nvram")

    def on_mount(self) -> None:
        """Not every snapshot has a group, and only with UEFI there are such variables."""
        self.query_one("#group").display = False
        self.query_one("#nvram").display = False

    async def before_reading(self) -> None:
        """Find the group, if it was chosen."""
        self._members = Members(())
        if self.together and self._group is not None:
            self._members = await self._find_group(self._group.id, self._tell_search)

    def _tell_search(self, read: int, number: int) -> None:
        if is_there(self):
            words = f"Looking for the group: {read} of {text.count(number, 'domain')} ..."
            self.query_one("#facts", Static).update(Text(words))

    def plan_again(self) -> None:
        """Offer what there is for the domain, and plan."""
        facts = [found for found in self.all_facts if isinstance(found, Facts)]
        if facts and (snapshot := facts[0].snapshots.get(self._snapshot)) is not None:
            self._group = group_of(snapshot)
        if self._group is not None:
            words = ["this one", f"whole group of {self._group.size}"]
            self.query_one("#group", Choice).offer(words)
        self.query_one("#group").display = self._group is not None
        pflash = any(found.status.config.pflash for found in facts)
        self.query_one("#nvram").display = pflash
        super().plan_again()

    @on(Choice.Changed)
    def choice_changed(self, event: Choice.Changed) -> None:
        """The plan follows; a group needs other facts."""
        if event.control.id == "group":
            self.read_again()
        else:
            self.plan_again()
