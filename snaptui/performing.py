"""One step of a plan: is the host as the plan expects it, and the call itself. All of it blocks."""

from __future__ import annotations

from snaptui.backend.protocol import Backend
from snaptui.model import DomainKey
from snaptui.plan.facts import Facts, differences
from snaptui.plan.steps import (
    Adopt,
    CreateExternal,
    CreateSnapshot,
    Describe,
    PowerOff,
    RevertTo,
    Step,
)
from snaptui.preflight import read_facts

__all__ = ["differences", "in_the_way", "perform", "read_facts"]


def in_the_way(step: Step, expected: Facts, found: Facts) -> tuple[str, ...]:
    """What is otherwise than the plan expects, in words; empty when the step may be taken."""
    changed = differences(expected, found)
    return changed + (step.in_the_way(found) if isinstance(step, CreateExternal) else ())


def perform(backend: Backend, key: DomainKey, step: Step) -> None:
    """Ask the host for a step.

    Raises:
        SnaptuiError: it refuses, or did not answer.
    """
    if isinstance(step, CreateSnapshot):
        backend.create_snapshot(key, step.name, step.description)
    elif isinstance(step, CreateExternal):
        backend.create_external(
            key, step.name, step.description, step.overlays, step.left_out, step.memory_path
        )
    elif isinstance(step, PowerOff):
        backend.power_off(key)
    elif isinstance(step, RevertTo):
        backend.revert(key, step.snapshot.name, step.state)
    elif isinstance(step, Adopt):
        backend.adopt_snapshot(key, step.name, step.created)
    elif isinstance(step, Describe):
        backend.describe_snapshot(key, step.snapshot.name, step.description)
    else:
        backend.delete_snapshot(key, step.snapshot.name, metadata_only=step.metadata_only)
