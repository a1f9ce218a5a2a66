"""Several plans as one: deletes of several domains, and of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from snaptui import text
from snaptui.plan.plan import DeleteManyIntent, Plan, RemoveLeftover
from snaptui.plan.refusal import reworded


def merged(plans: Sequence[Plan], names: Sequence[str], space: str) -> Plan:
    """What all of them do, one after another; what is said of one says of which.

    Args:
        plans: at least one.
        names: what each is about.
        space: what they give back together.
    """
    if len(plans) == 1:
        return plans[0]

    def of_all(sentences: str) -> tuple[str, ...]:
        found = (
            f"{name}: {sentence}"
            for name, plan in zip(names, plans, strict=True)
            for sentence in getattr(plan, sentences)
        )
        return tuple(dict.fromkeys(found))

    return replace(
        plans[0],
        title=f"Delete {_what(plans)}",
        after="One after another; what fails stops what comes after it.",
        lost="; ".join(f"{name}: {plan.lost}" for name, plan in zip(names, plans, strict=True)),
        undo="NO, what is deleted cannot be brought back",
        space=space,
        refusals=tuple(
            dict.fromkeys(
                reworded(refusal, f"{name}: {refusal}")
                for name, plan in zip(names, plans, strict=True)
                for refusal in plan.refusals
            )
        ),
        warnings=of_all("warnings"),
        unchecked=of_all("unchecked"),
        notes=of_all("notes"),
        lines=tuple(line for plan in plans for line in plan.lines),
        steps=tuple(step for plan in plans for step in plan.steps),
        type_name=any(plan.type_name for plan in plans),
    )


def _what(plans: Sequence[Plan]) -> str:
    many = [plan.intent for plan in plans if isinstance(plan.intent, DeleteManyIntent)]
    files = sum(isinstance(plan.intent, RemoveLeftover) for plan in plans)
    parts = []
    if many:
        number = sum(len(intent.names) + len(intent.strays) for intent in many)
        parts.append(f"{text.count(number, 'snapshot')} of {text.count(len(many), 'domain')}")
    if files:
        parts.append(text.count(files, "leftover"))
    return " and ".join(parts)
