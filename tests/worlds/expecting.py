"""What all disks and snapshots must hold after a plan, by what they held before it."""

from __future__ import annotations

from dataclasses import dataclass

from snaptui.model.safety_mark import is_safety
from snaptui.model.snapshot import Kind as SnapshotKind
from snaptui.plan.facts import Facts
from snaptui.plan.plan import Plan
from snaptui.plan.planner import AnyFacts
from snaptui.plan.revert.to_backing_image import unusable
from snaptui.plan.steps.domain import CreateSnapshot, DeleteSnapshot, RevertTo
from snaptui.plan.steps.image import ApplyEntry, DeleteEntry
from snaptui.plan.steps.metadata import Adopt, Redefine, Relocate
from snaptui.plan.words.warn import Warn
from snaptui.storage.damage import Matter
from tests.live.matrix.guest import VARIABLES
from tests.worlds import contents
from tests.worlds.contents import Contents, differing

OVER = (Warn.WRITES_OVER, Warn.WRITES_OVER_FROZEN)


@dataclass(frozen=True)
class Expected:
    """A plan, and what there was before it.

    Attributes:
        name: what the plan's domain is called in the world.
        targets: of its disks that are judged.
    """

    name: str
    plan: Plan
    facts: AnyFacts
    before: Contents
    targets: tuple[str, ...]

    def otherwise(self, after: Contents) -> list[str]:
        """What holds something else than it must: our own disks and snapshots, and all others."""
        name, before = self.name, dict(self.before)
        gone: set[str] = set()
        records: set[str] = set()
        for step in self.plan.steps:
            if isinstance(step, DeleteSnapshot):
                outside = step.snapshot.kind is SnapshotKind.EXTERNAL
                (records if outside else gone).add(step.snapshot.name)
            elif isinstance(step, Redefine) and step.after.name != step.snapshot.name:
                gone.add(step.snapshot.name)
                self._moved(before, step.snapshot.name, step.after.name)
            elif isinstance(step, Adopt):
                gone.add(step.name)
            elif isinstance(step, Relocate):  # what lay unmanaged there is its part then
                gone.add(step.snapshot.name)
            elif isinstance(step, CreateSnapshot):
                taken = step.new.overlays or self.targets
                for target in taken:
                    held = self.before.get(f"{name}:{target}")
                    before[f"{name}:{target}@{step.new.name}"] = held
            elif isinstance(step, RevertTo):
                self._reverted(before, step)
            elif isinstance(step, ApplyEntry):
                self._applied(before, step)
            elif isinstance(step, DeleteEntry):
                gone.add(step.placed.entry.name)
        wrong = differing(before, after)
        for lost in sorted(before.keys() - after.keys()):
            one = lost.partition("@")[2] or lost.partition("#")[2]
            own = "#" in lost or lost.startswith(f"{name}:")
            known = own and one in (gone | records if "@" in lost else gone)
            known = known or one.startswith("new") or is_safety(one)
            if one and not known and self._read_again(lost) is None:
                wrong.append(f"{lost} is not there any more")
        return wrong

    def _read_again(self, lost: str) -> contents.Held | None:
        """What lay in an image that is none of the domain's any more."""
        path, _, entry = lost.partition("#")
        return contents.read(path, "qcow2", entry) if entry else None

    def _moved(self, before: dict[str, contents.Held | None], old: str, new: str) -> None:
        for where in [one for one in before if one.endswith(f"@{old}")]:
            if where.startswith(f"{self.name}:"):
                before[f"{where.rpartition('@')[0]}@{new}"] = before.pop(where)

    def _applied(self, before: dict[str, contents.Held | None], step: ApplyEntry) -> None:
        """The disk of an image is as the entry was."""
        before[step.path] = self.before.get(f"{step.path}#{step.placed.entry.name}")

    def _reverted(self, before: dict[str, contents.Held | None], step: RevertTo) -> None:
        """Its disks hold what the snapshot held; what it is said to spoil is not asked."""
        assert isinstance(self.facts, Facts)
        name, snapshot = self.name, step.snapshot.name
        stays = any(said.what is Warn.VARIABLES_STAY for said in self.plan.warnings)
        for where in [one for one in before if one.startswith(f"{name}:") and "@" not in one]:
            then = before.get(f"{where}@{snapshot}")
            if then is not None:
                before[where] = then
            elif not (stays and where == f"{name}:{VARIABLES}"):
                del before[where]
        spoiled = {one.name for one in unusable(self.facts, step.snapshot)}
        told = [dict(one.names) for one in self.plan.warnings if one.what in OVER]
        for said in self.plan.warnings:
            if said.what is Warn.UNUSABLE_UNMANAGED:
                entry = dict(said.names)
                before.pop(f"{entry['path']}#{entry['name']}", None)
        broken = self.facts.layers.broken
        gone = {name for name, one in broken.items() if one.matter is Matter.WRITTEN}
        for one in gone | spoiled | {str(names["name"]) for names in told}:
            for where in [w for w in before if w.endswith((f"@{one}", f"#{one}"))]:
                del before[where]
