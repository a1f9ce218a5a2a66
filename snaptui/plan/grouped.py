"""The plan of a create as one of a group."""

from __future__ import annotations

from dataclasses import replace

from snaptui.plan import group
from snaptui.plan.facts import Facts
from snaptui.plan.group_steps import NoteGroup
from snaptui.plan.plan import CreateIntent, Plan
from snaptui.plan.steps import CreateSnapshot, DomainStep


def grouped(plan: Plan, intent: CreateIntent, facts: Facts) -> Plan:
    """The plan of a single create, with what makes it part of :attr:`CreateIntent.group`."""
    mark = intent.group
    if mark is None:
        return plan
    steps: list[DomainStep] = []
    for step in plan.steps:
        assert isinstance(step, CreateSnapshot)
        description = group.marked(intent.description, mark)
        steps += [
            CreateSnapshot(replace(step.new, description=description)),
            NoteGroup(step.new.name, mark),
        ]
    domain = facts.status.domain
    lines = tuple(step.virsh(facts.host, domain) for step in steps)
    return replace(plan, steps=tuple(steps), lines=lines)
