"""A plan on what a real host says, carried out without the program around it."""

from __future__ import annotations

from pathlib import Path

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.image import ImageInfo
from snaptui.operations.step_calls import perform
from snaptui.plan.facts import Facts
from snaptui.plan.plan import DomainIntent, ImageIntent, Plan
from snaptui.plan.planner import make_plan
from tests.lab import Lab


def planned(lab: Lab, intent: DomainIntent | ImageIntent, *, carry_out: bool = False) -> Plan:
    """The plan; carried out, it must be possible."""
    backend = LibvirtBackend(lab.uri)
    try:
        plan = make_plan(intent, read_facts(backend, backend.connect(), intent))
        if carry_out:
            assert plan.possible, plan.refusals
            for step in plan.steps:
                perform(backend, intent.key, step, lambda _: None)
        return plan
    finally:
        backend.abandon()


def read_image(lab: Lab, path: Path) -> ImageInfo:
    """The head of an image."""
    backend = LibvirtBackend(lab.uri)
    try:
        backend.connect()
        return backend.image(str(path))
    finally:
        backend.abandon()


def facts_of(lab: Lab, intent: DomainIntent) -> Facts:
    """What such a plan is built on."""
    backend = LibvirtBackend(lab.uri)
    try:
        return read_facts(backend, backend.connect(), intent)
    finally:
        backend.abandon()
