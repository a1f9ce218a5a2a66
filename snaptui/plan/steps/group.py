"""The steps of a group: freeze and thaw the guests, and note how far all are apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from snaptui.model import group_mark
from snaptui.model.domain import Domain
from snaptui.model.host import Host
from snaptui.model.operation_record import StepKind
from snaptui.model.virsh_line import option, virsh
from snaptui.plan.facts import Facts
from snaptui.plan.steps.base import BaseStep, OfName
from snaptui.plan.steps.metadata import Redefine


class _OfGuest(BaseStep):
    """A step that no fact tells of: who asks the agent of a frozen guest gets no answer."""

    __slots__ = ()

    @property
    def subject(self) -> str:
        """The snapshot that it is about; may be empty."""
        return ""

    @property
    def seen(self) -> bool:
        """Nothing but its answer tells whether it was done."""
        return False

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it: nothing that is known changes."""
        return before


@dataclass(frozen=True, slots=True)
class FreezeGuest(_OfGuest):
    """Freeze the file systems of a guest (virDomainFSFreeze)."""

    kind: ClassVar[StepKind] = StepKind.FREEZE

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return "freeze its file systems"

    def virsh(self, host: Host, domain: Domain) -> str:
        """The same as a line for a shell."""
        return virsh(host, "domfsfreeze", domain)


@dataclass(frozen=True, slots=True)
class ThawGuest(_OfGuest):
    """Thaw them (virDomainFSThaw); done only where something was frozen."""

    kind: ClassVar[StepKind] = StepKind.THAW

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return "thaw its file systems"

    def virsh(self, host: Host, domain: Domain) -> str:
        """The same as a line for a shell."""
        return virsh(host, "domfsthaw", domain)


@dataclass(frozen=True, slots=True)
class NoteGroup(OfName):
    """Say in the description of a new snapshot what its group is, now that all of it is there.

    Attributes:
        group: what it belongs to.
    """

    group: group_mark.Group

    kind: ClassVar[StepKind] = StepKind.EDIT

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return "note who is in the group, and how far all are apart"

    def virsh(self, host: Host, domain: Domain) -> str:
        """The nearest line for a shell: it opens an editor."""
        return virsh(host, "snapshot-edit", domain, option("snapshotname", self.name))

    def noted(self, before: Facts, spread: float, members: tuple[str, ...]) -> Redefine | None:
        """The step as it is carried out; ``None`` where the new snapshot could not be read.

        Args:
            spread: seconds from the first call of the group to the end of the last.
            members: names of the domains whose snapshot was taken.
        """
        snapshot = before.snapshots.get(self.name)
        if snapshot is None:
            return None
        mark = replace(self.group, size=len(members), spread=spread, members=members)
        description = group_mark.redescribed(snapshot, group_mark.described(snapshot), mark)
        return Redefine(snapshot, replace(snapshot, description=description))

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it: nothing but a description changed."""
        return before
