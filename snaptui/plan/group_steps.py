"""The steps that only the snapshots of a group have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from snaptui.model import Domain, Host
from snaptui.plan import group
from snaptui.plan.facts import Facts
from snaptui.plan.metadata_steps import Redefine
from snaptui.plan.step import OfName, option, virsh


@dataclass(frozen=True, slots=True)
class NoteGroup(OfName):
    """Say in the description of a new snapshot how far those of its group are apart.

    Attributes:
        group: what it belongs to.
    """

    group: group.Group

    kind: ClassVar[str] = "edit"

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return "note how far the group is apart"

    def virsh(self, host: Host, domain: Domain) -> str:
        """The nearest line for a shell: it opens an editor."""
        return virsh(host, "snapshot-edit", domain, option("snapshotname", self.name))

    def with_spread(self, before: Facts, spread: float) -> Redefine | None:
        """The step as it is carried out; ``None`` where the new snapshot could not be read.

        Args:
            spread: seconds from the first call of the group to the end of the last.
        """
        snapshot = before.snapshots.get(self.name)
        if snapshot is None:
            return None
        mark = replace(self.group, spread=spread)
        description = group.redescribed(snapshot, group.described(snapshot), mark)
        return Redefine(snapshot, replace(snapshot, description=description))

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it: nothing but a description changed."""
        return before
