"""One step of a plan: is the host as the plan expects it, and the call itself. All of it blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import overload

from snaptui.backend.protocol import Backend
from snaptui.model import DomainKey, Key
from snaptui.plan import facts as domain_facts
from snaptui.plan.facts import Facts
from snaptui.plan.image_facts import ImageFacts, image_differences
from snaptui.plan.image_steps import (
    AddEntry,
    ApplyEntry,
    DeleteEntry,
    ExtractEntry,
    ImageStep,
    RemoveAside,
    SetAside,
)
from snaptui.plan.plan import Step
from snaptui.plan.steps import (
    Adopt,
    CreateSnapshot,
    Describe,
    DomainStep,
    PowerOff,
    RevertTo,
)
from snaptui.preflight import AnyFacts, read_facts

__all__ = ["differences", "expected_after", "in_the_way", "perform", "read_facts"]


def differences(expected: AnyFacts, found: AnyFacts) -> tuple[str, ...]:
    """What is otherwise than expected, in words; both are of the same thing."""
    if isinstance(expected, ImageFacts) and isinstance(found, ImageFacts):
        return image_differences(expected, found)
    assert isinstance(expected, Facts)
    assert isinstance(found, Facts)
    return domain_facts.differences(expected, found)


@overload
def expected_after(step: Step, before: Facts) -> Facts: ...
@overload
def expected_after(step: Step, before: AnyFacts) -> AnyFacts: ...
def expected_after(step: Step, before: AnyFacts) -> AnyFacts:
    """What the facts must be after a step."""
    if isinstance(step, ImageStep):
        assert isinstance(before, ImageFacts)
        return step.expected(before)
    assert isinstance(before, Facts)
    return step.expected(before)


def in_the_way(step: Step, expected: AnyFacts, found: AnyFacts) -> tuple[str, ...]:
    """What is otherwise than the plan expects, in words; empty when the step may be taken."""
    changed = differences(expected, found)
    if isinstance(step, CreateSnapshot) and isinstance(found, Facts):
        return changed + step.in_the_way(found)
    if isinstance(step, ExtractEntry) and isinstance(found, ImageFacts):
        return changed + step.in_the_way(found)
    return changed


def perform(backend: Backend, key: Key, step: Step, progress: Callable[[float], None]) -> None:
    """Ask the host for a step.

    Args:
        progress: called with the share that is done, where it can be told; what it raises
            ends the step.

    Raises:
        SnaptuiError: it refuses, or did not answer.
    """
    if isinstance(step, ImageStep):
        _change_image(backend, step, progress)
    else:
        assert isinstance(key, DomainKey)
        _change_domain(backend, key, step)


def _change_image(backend: Backend, step: ImageStep, progress: Callable[[float], None]) -> None:
    if isinstance(step, AddEntry):
        backend.create_entry(step.path, step.name)
    elif isinstance(step, ApplyEntry):
        backend.apply_entry(step.path, step.placed.entry.id)
    elif isinstance(step, DeleteEntry):
        backend.delete_entry(step.path, step.placed.entry.name)
    elif isinstance(step, SetAside):
        backend.set_aside(step.path, step.aside)
    elif isinstance(step, RemoveAside):
        backend.remove_file(step.aside, step.file)
    else:
        backend.extract_entry(step.copy, progress)


def _change_domain(backend: Backend, key: DomainKey, step: DomainStep) -> None:
    if isinstance(step, CreateSnapshot):
        backend.create_snapshot(key, step.new)
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
