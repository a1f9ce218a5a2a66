"""The dialog of a create of several domains at once."""

from __future__ import annotations

import enum
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from snaptui.model.choices import Form
from snaptui.model.domain import Domain
from snaptui.model.group_mark import Group, new_id
from snaptui.plan.combine import creates
from snaptui.plan.plan import CreateIntent, Plan
from snaptui.ui.dialogs.create import FORMS, enough, first_fields
from snaptui.ui.dialogs.dialog import Choice
from snaptui.ui.dialogs.plan_dialog import PlanDialog
from snaptui.ui.dialogs.readings import ReadFacts
from snaptui.ui.format import Glyphs


class Freeze(enum.Enum):
    """Which guests are frozen at what time; the value is the word to choose."""

    NONE = "no"
    EACH = "each by itself"
    TOGETHER = "all together"


FREEZES = tuple(Freeze)


class CreateGroupDialog(PlanDialog):
    """One name, description and kind for all of them.

    Args:
        what: what it is about, before the plan says it.
        suggested: a name.
    """

    AUTO_FOCUS = "#name"
    verb = "Create"

    def __init__(
        self,
        what: str,
        domains: Sequence[Domain],
        suggested: str,
        read_facts: ReadFacts,
        glyphs: Glyphs,
    ) -> None:
        super().__init__(what, read_facts, glyphs)
        self._domains = tuple(domains)
        self._suggested = suggested
        self._group = Group(new_id(time.time(), secrets.token_hex(2)), len(self._domains))

    @property
    def intent(self) -> CreateIntent:
        """That of the first domain."""
        return self.intents[0]

    @property
    def intents(self) -> tuple[CreateIntent, ...]:
        """The same for each domain."""
        form = FORMS[self.query_one("#form", Choice).index]
        chosen = self.query_one("#freeze", Choice).index if form is Form.DISK_ONLY else 0
        freeze = FREEZES[chosen]
        intent = CreateIntent(
            self._domains[0].key,
            self.query_one("#name", Input).value,
            self.query_one("#description", Input).value,
            form,
            quiesce=freeze is not Freeze.NONE,
            group=replace(self._group, together=freeze is Freeze.TOGETHER),
        )
        return tuple(replace(intent, key=domain.key) for domain in self._domains)

    @property
    def together(self) -> bool:
        """They are one group."""
        return True

    @property
    def challenge(self) -> str:
        """It is about no one name."""
        return "create"

    def merged(self, plans: tuple[Plan, ...]) -> Plan:
        """All of them as one."""
        return creates(plans, [self.named(domain.key, domain.name) for domain in self._domains])

    def fields(self) -> ComposeResult:
        """What is the same for all."""
        yield from first_fields(self._suggested)
        yield Choice("Freeze the guests:", [one.value for one in FREEZES], id="freeze")

    def on_mount(self) -> None:
        """Only where the disks alone are kept there is something to freeze."""
        self.query_one("#freeze").display = False

    def plan_again(self) -> None:
        """Read more if the fields now need more, and plan."""
        intents = self.intents
        if len({domain.key.host for domain in self._domains}) > 1:
            self.query_one("#freeze", Choice).offer([one.value for one in FREEZES[:-1]])
        self.query_one("#freeze").display = intents[0].form is Form.DISK_ONLY
        if self.facts is not None and not all(map(enough, intents, self.all_facts)):
            self.read_again()
            return
        super().plan_again()

    @on(Input.Changed, "#name")
    @on(Input.Changed, "#description")
    @on(Choice.Changed)
    def field_changed(self) -> None:
        """Plan again at each keystroke."""
        self.plan_again()
