"""Names that QEMU's monitor takes for something else, beside what libvirt does with them."""

from __future__ import annotations

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.abilities import Wrong, does
from snaptui.plan.plan import CreateIntent, DeleteIntent, Plan, RevertIntent
from snaptui.plan.planner import make_plan
from snaptui.plan.refusal import Harm
from snaptui.plan.steps.domain import CreateSnapshot
from snaptui.plan.words.why import Why
from tests.lab import Lab, entries

NAMES = ('my "snap"', "back\\slash")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_the_monitor_does_not_take_is_refused(lab: Lab, name: str) -> None:
    """libvirt alone reports success, and has a snapshot without data, or leaves the data."""
    key = lab.define("web")
    lab.snapshot("web", name)
    lab.start("web")
    backend = LibvirtBackend(lab.uri)
    host = backend.connect()
    if not does(host, Wrong.QUOTES_NO_NAMES):
        pytest.skip("this libvirt refuses such names by itself")

    def plan(intent: CreateIntent | DeleteIntent | RevertIntent) -> Plan:
        return make_plan(intent, read_facts(backend, host, intent))

    def harm(plan: Plan) -> Harm | None:
        (refusal,) = (one for one in plan.refusals if one.why is Why.NAME_IN_MONITOR)
        return refusal.harm

    assert harm(plan(CreateIntent(key, f"{name} 2", ""))) is Harm.HOLDS_NOTHING
    assert harm(plan(DeleteIntent(key, name))) is Harm.LEFT_INSIDE
    revert = plan(RevertIntent(key, name))  # it was taken while off: QEMU loads nothing
    assert revert.possible, revert.refusals
    (safety,) = (one.new.name for one in revert.steps if isinstance(one, CreateSnapshot))
    assert not {*safety} & {'"', "\\"}

    lab.virsh("snapshot-create-as", "web", f"{name} 2")
    lab.virsh("snapshot-delete", "web", name)
    assert lab.snapshots("web") == [f"{name} 2"]
    assert [one for _, one in entries(lab.image("web"))] == [name]
