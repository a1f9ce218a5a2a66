"""Lies that are planted into plans, one of each kind: that they are found proves the judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from snaptui.model.domain import DomainState
from snaptui.plan.loss import SnapshotsLost, WritesLost
from snaptui.plan.outcome import UndoBy, undo
from snaptui.plan.plan import Plan
from snaptui.plan.planner import AnyFacts
from snaptui.plan.refusal import Harm, refuse
from snaptui.plan.words.why import Why
from snaptui.storage.qcow2.usage import ImageUsage

Lying = Callable[[Plan, AnyFacts], tuple[Plan, AnyFacts]]
"""What is planted into a plan, or into what was counted."""
MUCH = 7 << 20


def honest(plan: Plan, facts: AnyFacts) -> tuple[Plan, AnyFacts]:
    """Nothing is planted."""
    return plan, facts


def _of_plan(lie: Callable[[Plan], Plan]) -> Lying:
    return lambda plan, facts: (lie(plan), facts)


def _figure(plan: Plan, facts: AnyFacts) -> tuple[Plan, AnyFacts]:
    """A snapshot inside an image costs a cluster more than it does."""
    counted = dict(facts.counted)
    for path, one in facts.counted.items():
        if isinstance(one, ImageUsage) and one.usage.snapshots:
            first, *rest = one.usage.snapshots
            more = replace(first, growth=first.growth + one.usage.cluster_size)
            counted[path] = replace(one, usage=replace(one.usage, snapshots=(more, *rest)))
    return plan, replace(facts, counted=MappingProxyType(counted))


def _lost(plan: Plan) -> Plan:
    """A revert gives up other data than it says."""
    if isinstance(plan.lost, WritesLost) and isinstance(plan.lost.written, int):
        return replace(plan, lost=replace(plan.lost, written=plan.lost.written + MUCH))
    if isinstance(plan.lost, SnapshotsLost):
        return replace(plan, lost=replace(plan.lost, names=(*plan.lost.names, "s1", "s2")))
    return plan


def _undo(plan: Plan) -> Plan:
    """What nobody can bring back is said to come back by the XML that is saved."""
    if plan.undo.by is UndoBy.NO_DELETED:
        return replace(plan, undo=undo(UndoBy.REDEFINE))
    return plan


def _space(plan: Plan) -> Plan:
    """It frees more than it does."""
    if isinstance(plan.space.frees, int):
        return replace(plan, space=replace(plan.space, frees=plan.space.frees + MUCH))
    return plan


def _refusal(plan: Plan) -> Plan:
    """libvirt is said to refuse what it does."""
    if plan.possible:
        return replace(plan, refusals=(refuse(Why.NAME_TAKEN, code=9, name="x"),))
    return plan


def _harm(plan: Plan) -> Plan:
    """libvirt is said to break what it does rightly."""
    return _would(plan, Harm.OTHER_DATA)


def _doubt(plan: Plan) -> Plan:
    """The same is said to be possible: no lie."""
    return _would(plan, Harm.PERHAPS_OTHER_DATA)


def _would(plan: Plan, harm: Harm) -> Plan:
    return replace(plan, refusals=(refuse(Why.BROKEN, harm=harm, name="x", reason="y"),))


def _works(plan: Plan) -> Plan:
    """What libvirt refuses is said to work."""
    codes = [one for one in plan.refusals if one.code is not None]
    harms = [one for one in plan.refusals if one.harm is not None]
    return replace(plan, refusals=()) if codes and not harms else plan


def _after(plan: Plan) -> Plan:
    """The guest does something else afterwards."""
    return replace(plan, after=replace(plan.after, state=DomainState.CRASHED))


LIES: Mapping[str, Lying] = {
    "": honest,
    "lost": _of_plan(_lost),
    "undo": _of_plan(_undo),
    "space": _of_plan(_space),
    "figure": _figure,
    "refusal": _of_plan(_refusal),
    "harm": _of_plan(_harm),
    "doubt": _of_plan(_doubt),
    "works": _of_plan(_works),
    "after": _of_plan(_after),
}
"""By the kind of statement; a harm is a refusal, and a doubt is not found."""
