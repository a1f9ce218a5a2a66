"""Plans for guests that run on images whose files are gone."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from snaptui.model import libvirt_codes
from snaptui.model.choices import Form, RunState, SafetyKind
from snaptui.model.disk import Volume
from snaptui.model.domain import DomainState
from snaptui.model.image import Missing
from snaptui.plan.create import create
from snaptui.plan.facts import Facts
from snaptui.plan.plan import CreateIntent, Plan, RevertIntent
from snaptui.plan.refusal import Harm, Refusal
from snaptui.plan.revert import revert
from snaptui.plan.words.why import Why
from tests.unit.made import HOST, KEY, assert_refused, config, facts, with_image
from tests.unit.test_plans_layers import a_chain, a_delete, external, heads, internal, known

NEWER = replace(HOST, libvirt=(11, 3, 0), reverts_external=True)
GONE = Missing("it is gone")


def told(plan: Plan) -> set[tuple[int | None, Harm | None]]:
    return {(one.code, one.harm) for one in open_still(plan)}


def open_still(plan: Plan) -> list[Refusal]:
    return [one for one in plan.refusals if one.why is Why.OPEN_STILL]


def a_revert(found: Facts, name: str, safety: SafetyKind | None) -> Plan:
    return revert.plan(RevertIntent(KEY, name, RunState.RECORDED, safety), found)


@pytest.mark.parametrize(
    ("gone", "cut_off", "with_ram"),
    [
        ("/img/a.qcow2", {}, (9, None)),
        ("/img/base", {"/img/a.qcow2": "/img/base"}, (None, Harm.NO_WAY_BACK)),
    ],
)
def test_no_snapshot_is_taken_in_what_ends_with_qemu(
    gone: str, cut_off: dict[str, str], with_ram: tuple[int | None, Harm | None]
) -> None:
    """libvirt takes it; QEMU opens the image itself anew when it saves RAM to a file."""
    found = facts(cut_off=MappingProxyType(cut_off))
    if not cut_off:
        found = with_image(found, gone, GONE)
    expected = {
        Form.INTERNAL: (None, Harm.NO_WAY_BACK),
        Form.DISK_ONLY: (None, Harm.NO_WAY_BACK),
        Form.EXTERNAL: with_ram,
    }
    for form, harm in expected.items():
        plan = create.plan(CreateIntent(KEY, "new", "", form), found)
        assert_refused(plan, Why.OPEN_STILL, path=gone, disk="vda", domain="web")
        assert told(plan) == {harm}
        off = replace(found.status.domain, state=DomainState.SHUTOFF)
        at_rest = replace(found, status=replace(found.status, domain=off))
        assert not open_still(create.plan(CreateIntent(KEY, "new", "", form), at_rest))


def test_no_guest_is_powered_off_for_a_snapshot_that_cannot_be_taken_then() -> None:
    """What is written since would be lost with its QEMU, whatever the revert itself does."""
    found = known("/b", {**heads("/a", "/b"), "/b": GONE}, external("one", "/a", "/b"))
    found = replace(found, host=NEWER)
    kept = a_revert(found, "one", SafetyKind.DISKS)
    assert {(one.code, one.harm) for one in kept.refusals} == {(1, Harm.STOPPED), (None, None)}
    assert told(kept) == {(1, Harm.STOPPED)}
    assert_refused(a_revert(found, "one", None), Why.OPEN_STILL, path="/b")
    alone = a_revert(found, "one", SafetyKind.NONE)
    assert not open_still(alone), "that it is lost is said, and wanted"
    (disk,) = found.status.config.disks
    volume = replace(disk, source_type="volume", volume=Volume("p", "b", "/b"))
    of_pool = replace(found, status=replace(found.status, config=config(volume)))
    assert told(a_revert(of_pool, "one", SafetyKind.DISKS)) == {(None, None)}, "its pool is asked"


def test_a_revert_opens_what_lies_beneath_anew() -> None:
    found = known("/b", heads("/a", "/b"), internal("in", "/b"), state=DomainState.RUNNING)
    cut = replace(found, cut_off=MappingProxyType({"/b": "/a"}))
    plan = a_revert(cut, "in", SafetyKind.NONE)
    assert_refused(plan, Why.IMAGE_CUT_OFF, beneath="/a")
    codes = {(one.code, one.harm) for one in plan.refusals if one.why is Why.IMAGE_CUT_OFF}
    assert codes == {(1, Harm.STOPPED)}


def test_nothing_is_merged_into_what_is_gone() -> None:
    """libvirt merges it while QEMU has it open: then no file holds it any more."""
    found = replace(a_chain(), cut_off=MappingProxyType({"/c": "/a"}))
    for name in ("one", "two"):
        plan = a_delete(found, name)
        assert_refused(plan, Why.OPEN_STILL, path="/a")
        assert told(plan) == {(None, None)}


def test_a_checkpoint_forbids_it_before_an_image_is_opened() -> None:
    """Powered off, libvirt takes no external one beside it, whatever lies beneath (84)."""
    found = known("/b", {**heads("/a", "/b"), "/b": GONE}, external("one", "/a", "/b"))
    status = replace(found.status, checkpoints=("daily",))
    kept = a_revert(replace(found, host=NEWER, status=status), "one", SafetyKind.DISKS)
    assert {one.why: one.code for one in kept.refusals if one.code} == {
        Why.CHECKPOINTS_WHILE_OFF: libvirt_codes.OPERATION_UNSUPPORTED
    }
    assert_refused(kept, Why.OPEN_STILL)
