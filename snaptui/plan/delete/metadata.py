"""A delete of libvirt's records alone: the data stay."""

from __future__ import annotations

from collections.abc import Collection

from snaptui.model import abilities
from snaptui.model.abilities import Wrong, does
from snaptui.model.snapshot import Kind, Snapshot
from snaptui.plan.checks import broken, by_other_means, domain_checks
from snaptui.plan.delete.findings import Findings
from snaptui.plan.facts import Facts
from snaptui.plan.outcome import Undo, UndoBy, undo
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Remark, remark
from snaptui.plan.steps.delete_effect import descendants, frozen
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why


def look(facts: Facts, victims: list[Snapshot]) -> Findings:
    """What is to be said of it."""
    refusals = domain_checks.metadata_refusals(facts)
    refusals += [
        one.but(harm=Harm.MARK_LOST)
        for each in victims
        for one in domain_checks.unfinished_refusals(facts, each)
    ]
    refusals += _spoiling_refusals(facts, victims)
    warnings: list[Remark] = []
    inside = [one.name for one in victims if one.kind in (Kind.INTERNAL, Kind.MIXED)]
    if inside:
        warnings.append(remark(Warn.DATA_STAY, names=", ".join(inside)))
    warnings += _between(facts, victims)
    files = [path for one in victims for path in _files(one)]
    if files:
        warnings.append(remark(Warn.FILES_STAY, files=", ".join(files)))
    for one in victims:
        warnings += broken.forgotten(facts, one.name)
    return Findings(refusals, warnings)


def _spoiling_refusals(facts: Facts, victims: list[Snapshot]) -> list[Refusal]:
    """It lets external ones below name the images beneath, as if data were merged too."""
    if not does(facts.host, Wrong.SPOILS_RECORDS):
        return []
    names = {one.name for one in victims}
    version = abilities.by_whom(facts.host, Wrong.SPOILS_RECORDS)
    return [
        refuse(
            Why.RECORD_MOVED,
            Way.METADATA_BELOW_TOO,
            harm=Harm.RECORDS_SPOILED,
            below=below.name,
            name=victim.name,
            version=version,
        )
        for victim in victims
        for name in sorted(descendants(facts.snapshots, victim.name) - names)
        if (below := facts.snapshots[name]).kind is Kind.EXTERNAL
        and below.config is not None
        and {disk.path for disk in below.config.disks} & frozen(victim).keys()
    ]


def _between(facts: Facts, victims: list[Snapshot]) -> list[Remark]:
    """Where libvirt keeps branches, what it can merge no more: overlays stay between."""
    branches, names = facts.layers.branches, {one.name for one in victims}
    return [
        remark(Warn.OVERLAYS_BETWEEN, parent=one.parent, name=one.name)
        for one in victims
        if branches.known and one.kind is Kind.EXTERNAL and one.name not in branches.ended
        if one.parent not in names and one.parent in facts.external
    ]


def _files(snapshot: Snapshot) -> list[str]:
    overlays = [part.path for part in snapshot.disks if part.path is not None]
    return overlays + ([snapshot.memory_path] if snapshot.memory_path is not None else [])


def undo_of(facts: Facts, victims: Collection[Snapshot]) -> Undo:
    """How records are brought back that alone are deleted: that makes records anew."""
    if any(map(by_other_means.holds_nothing, victims)):
        return undo(UndoBy.NO_DELETED)
    return domain_checks.redefined(facts, [one.name for one in victims])
