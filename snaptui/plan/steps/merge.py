"""The step that merges an overlay which no snapshot names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snaptui.model.disk import Disk
from snaptui.model.domain import Domain
from snaptui.model.host import Host
from snaptui.model.operation_record import StepKind
from snaptui.model.virsh_line import option, virsh
from snaptui.plan.facts import Facts
from snaptui.plan.steps.base import BaseStep
from snaptui.plan.steps.delete_effect import after_merge


@dataclass(frozen=True, slots=True)
class MergeOverlay(BaseStep):
    """Merge an overlay of a running guest into the image beneath, and remove it.

    Attributes:
        path: the overlay.
        lower: the image beneath, as the disk has it then where it writes to the overlay.
        top: the disk writes to the overlay.
    """

    path: str
    lower: Disk
    top: bool

    kind: ClassVar[StepKind] = StepKind.MERGE

    @property
    def subject(self) -> str:
        """What the journal knows it by: the overlay."""
        return self.path

    @property
    def target(self) -> str:
        """The disk in whose chain it is."""
        return self.lower.target

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return f"merge {self.path} into {self.lower.path}"

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """What the disk writes to then, by its target; nothing where that stays as it is."""
        return ((self.target, self.lower.path or ""),) if self.top else ()

    @property
    def no_way_out(self) -> str:
        """Nothing: the disk goes on to write where it did."""
        return ""

    def virsh(self, host: Host, domain: Domain) -> str:
        """The same as a line for a shell."""
        which = ("--active", "--pivot") if self.top else (option("top", self.path), "--wait")
        disk, base = option("path", self.target), option("base", self.lower.path or "")
        return virsh(host, "blockcommit", domain, disk, base, *which, "--delete")

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it: one image less in the chain, and no other data."""
        return after_merge(before, self.path, self.lower)
