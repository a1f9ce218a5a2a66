"""Making the plan for an intent, from the facts that were read for it; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from snaptui.model.image import FileSystem, ImageInfo
from snaptui.plan import thaw
from snaptui.plan.checks import defined_chain, disk_checks, image_checks, other_hosts
from snaptui.plan.create import create
from snaptui.plan.create.group import grouped
from snaptui.plan.delete import delete, merge
from snaptui.plan.facts import Facts
from snaptui.plan.image import entries, extract, orphan
from snaptui.plan.image_facts import ImageFacts
from snaptui.plan.metadata import adopt, edit, relocate
from snaptui.plan.plan import (
    AdoptIntent,
    CreateIntent,
    DeleteIntent,
    DeleteManyIntent,
    DomainIntent,
    EditIntent,
    HoldIntent,
    ImageApply,
    ImageCreate,
    ImageDelete,
    ImageIntent,
    Intent,
    MergeIntent,
    Plan,
    RelocateIntent,
    RemoveLeftover,
    RevertIntent,
    ThawIntent,
)
from snaptui.plan.revert import revert

AnyFacts = Facts | ImageFacts


def make_plan(intent: Intent, facts: AnyFacts) -> Plan:
    """The plan for an intent, on the facts that were read for it."""
    if isinstance(intent, ImageIntent):
        assert isinstance(facts, ImageFacts)
        return _image_plan(intent, facts)
    assert isinstance(facts, Facts)
    plan = _domain_plan(intent, facts)
    plan = replace(plan, refusals=disk_checks.pools_first(facts, plan.refusals, plan.steps))
    if isinstance(intent, EditIntent | HoldIntent | ThawIntent):
        return plan
    doubts = tuple(defined_chain.doubts(facts))
    if not isinstance(intent, AdoptIntent | RelocateIntent):
        doubts += tuple(image_checks.damaged(facts.counted, facts.images))
    return replace(
        plan,
        refusals=(*other_hosts.refusals(facts), *plan.refusals),
        warnings=(*other_hosts.warnings(facts), *plan.warnings),
        unchecked=(*other_hosts.unasked(facts), *doubts, *plan.unchecked),
        type_name=plan.type_name or bool(doubts),
    )


def make_plans(intents: Sequence[Intent], facts: Sequence[AnyFacts]) -> tuple[Plan, ...]:
    """Plans that are carried out together or one after another.

    What files give back helps those after them, and what one needs the next one does not have.
    """
    plans: list[Plan] = []
    given: dict[str, int] = {}
    for intent, known in zip(intents, facts, strict=True):
        plan = make_plan(intent, _with_room(known, given) if isinstance(known, Facts) else known)
        plans.append(plan)
        if plan.room is not None and plan.room.space is not None:
            mount = plan.room.space.mount
            given[mount] = given.get(mount, 0) - plan.room.takes
        if isinstance(known, ImageFacts) and plan.possible:
            space, head = known.space, known.image
            if isinstance(space, FileSystem) and isinstance(head, ImageInfo):
                given[space.mount] = given.get(space.mount, 0) + head.disk_size
    return tuple(plans)


def _with_room(facts: Facts, given: Mapping[str, int]) -> Facts:
    spaces = {
        path: replace(space, free=space.free + given.get(space.mount, 0))
        if isinstance(space, FileSystem)
        else space
        for path, space in facts.spaces.items()
    }
    return replace(facts, spaces=MappingProxyType(spaces))


def _image_plan(intent: ImageIntent, facts: ImageFacts) -> Plan:
    if isinstance(intent, ImageCreate):
        return entries.plan_create(intent, facts)
    if isinstance(intent, ImageApply):
        return entries.plan_apply(intent, facts)
    if isinstance(intent, ImageDelete):
        return entries.plan_delete(intent, facts)
    if isinstance(intent, RemoveLeftover):
        return orphan.plan(intent, facts)
    return extract.plan(intent, facts)


def _domain_plan(intent: DomainIntent, facts: Facts) -> Plan:
    if isinstance(intent, CreateIntent):
        return grouped(create.plan(intent, facts), intent, facts)
    if isinstance(intent, RevertIntent):
        return revert.plan(intent, facts)
    if isinstance(intent, DeleteIntent):
        return delete.plan(intent, facts)
    if isinstance(intent, DeleteManyIntent):
        return delete.plan_many(intent, facts)
    if isinstance(intent, EditIntent):
        return edit.plan_edit(intent, facts)
    if isinstance(intent, HoldIntent):
        return edit.plan_hold(intent, facts)
    if isinstance(intent, ThawIntent):
        return thaw.plan(intent, facts)
    if isinstance(intent, RelocateIntent):
        return relocate.plan(intent, facts)
    if isinstance(intent, MergeIntent):
        return merge.plan(intent, facts)
    return adopt.plan(intent, facts)
