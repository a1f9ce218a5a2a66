"""The plan of a create as one of a group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from snaptui.model import group_mark
from snaptui.model.abilities import Can, can, no_external_revert
from snaptui.model.choices import Form
from snaptui.plan.facts import Facts
from snaptui.plan.plan import CreateIntent, Intent, Plan
from snaptui.plan.refusal import refuse
from snaptui.plan.remark import Note, remark
from snaptui.plan.steps.domain import CreateSnapshot, DomainStep
from snaptui.plan.steps.group import FreezeGuest, NoteGroup, ThawGuest
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why


def all_or_none(intents: Iterable[Intent]) -> bool:
    """Whether all of a group are taken, or none: where it lies on several hosts.

    On one host those that could be taken stay: each is told at once, and the others are there.
    """
    hosts = {intent.key.host for intent in intents if isinstance(intent, CreateIntent)}
    return len(hosts) > 1


def grouped(plan: Plan, intent: CreateIntent, facts: Facts) -> Plan:
    """The plan of a single create, with what makes it part of :attr:`CreateIntent.group`.

    A freeze of all together is that of a single one taken apart: all freeze, all are taken, all
    thaw. Saved memory is never part of it (:func:`snaptui.plan.create.overlay_paths.resolved`).
    """
    mark = intent.group
    if mark is None:
        return plan
    refusals, notes = plan.refusals, plan.notes
    if intent.form is not Form.DISK_ONLY:
        mark = replace(mark, together=False)
    if mark.together and not facts.host.local:
        mark = replace(mark, together=False)
        notes = (*notes, remark(Note.FROZEN_ALONE, domain=facts.name))
    if mark.together and not can(facts.host, Can.REVERT_EXTERNAL):
        refusals = (
            *refusals,
            refuse(Why.GROUP_NOT_REVERTED, Way.FREEZE_EACH, reason=no_external_revert(facts.host)),
        )
    steps: list[DomainStep] = []
    for step in plan.steps:
        assert isinstance(step, CreateSnapshot)
        apart = mark.together and step.new.quiesce
        new = replace(
            step.new,
            description=group_mark.marked(step.new.description, replace(mark, together=False)),
            quiesce=step.new.quiesce and not apart,
        )
        steps += [FreezeGuest()] if apart else []
        steps.append(CreateSnapshot(new))
        steps += [ThawGuest()] if apart else []
        steps.append(NoteGroup(step.new.name, mark))
    domain = facts.status.domain
    lines = tuple(step.virsh(facts.host, domain) for step in steps)
    return replace(plan, steps=tuple(steps), lines=lines, refusals=refusals, notes=notes)
