"""What a revert makes of UEFI variables, and whether a reset of them is one."""

from __future__ import annotations

from typing import Any

import pytest

from snaptui.model.choices import RunState, SafetyKind
from snaptui.model.disk import Disk, Presence
from snaptui.model.image import NotKnown
from snaptui.plan.facts import Facts
from snaptui.plan.plan import Plan, RevertIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.remark import Unchecked
from snaptui.plan.revert import revert
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.unit.made import (
    KEY,
    assert_refused,
    assert_said,
    config,
    facts,
    image,
    snapshot,
    with_image,
)
from tests.unit.test_plans_branches import NEWER, ROOT, known

RAW = Disk("UEFI variables", "nvram", "file", "/vars", "raw")
QCOW2 = Disk("UEFI variables", "nvram", "file", "/vars", "qcow2")
OFF: dict[str, Any] = {"state": "shutoff", "memory": Presence.NO}
RESETS = {Why.RESET_NOT_WITH_RAM, Why.RESET_AT_START_ALONE, Why.RESET_LOSES_PARTS}


def of(machine: dict[str, Any], **more: Any) -> Facts:
    here = config(pflash=True, **machine)
    found = facts(snapshot("s", config=here, **more), disks=here, host=NEWER)
    return with_image(found, "/vars", image("/vars", ("1", "s")))


def a_revert(found: Facts, state: RunState, *, reset: bool, name: str = "s") -> Plan:
    return revert.plan(RevertIntent(KEY, name, state, SafetyKind.NONE, reset), found)


def resets(plan: Plan) -> bool:
    return bool(dict(plan.after.names)["reset"])


def stay(plan: Plan) -> bool:
    return Warn.VARIABLES_STAY in {one.what for one in plan.warnings}


@pytest.mark.parametrize("machine", [{"variables": RAW}, {"varstore": "/store"}], ids=str)
@pytest.mark.parametrize("state", RunState)
def test_a_reset_is_one_where_a_guest_is_started_without_its_ram(
    machine: dict[str, Any], state: RunState
) -> None:
    found = of(machine, **OFF)
    plan, plain = (a_revert(found, state, reset=reset) for reset in (True, False))
    starts = state is not RunState.RECORDED
    assert resets(plan) is starts
    assert not resets(plain)
    assert (stay(plan), stay(plain)) == (not starts, True)
    assert (Warn.VARIABLES_RESET in {one.what for one in plan.warnings}) is starts
    if starts:
        assert not RESETS & {one.why for one in plan.refusals}
    else:
        assert_refused(plan, Why.RESET_AT_START_ALONE, domain="web")


@pytest.mark.parametrize("machine", [{"variables": QCOW2}, {"varstore": "/store"}], ids=str)
def test_ram_brings_the_variables_of_its_time_back(machine: dict[str, Any]) -> None:
    plan, plain = (a_revert(of(machine), RunState.RECORDED, reset=one) for one in (True, False))
    assert_refused(plan, Why.RESET_NOT_WITH_RAM, name="s")
    assert not resets(plan)
    assert not stay(plain)


def test_a_reset_takes_no_parts_of_snapshots_with_it() -> None:
    """The image is made anew: what was inside is gone, and no revert to it works any more."""
    found = of({"variables": QCOW2}, **OFF)
    plan = a_revert(found, RunState.RUNNING, reset=True)
    assert_refused(plan, Why.RESET_LOSES_PARTS, path="/vars", names="s")
    assert Harm.INSIDE_LOST in {one.harm for one in plan.refusals}
    assert not RESETS & {one.why for one in a_revert(found, RunState.RUNNING, reset=False).refusals}


@pytest.mark.parametrize("inside", [("old",), (), None])
def test_beside_an_external_snapshot_the_parts_of_others_count(
    inside: tuple[str, ...] | None,
) -> None:
    here = config(*(ROOT.config.disks if ROOT.config else ()), pflash=True, variables=QCOW2)
    entries = [("1", name) for name in inside or ()]
    own = image("/vars", *entries) if inside is not None else NotKnown("Permission denied")
    one = snapshot("a", disks=ROOT.disks, config=here, **OFF)
    found = with_image(known(one, top="/a.a", current="a"), "/vars", own)
    plan = a_revert(found, RunState.RUNNING, reset=True, name="a")
    assert (Why.RESET_LOSES_PARTS in {refusal.why for refusal in plan.refusals}) is bool(inside)
    if inside is None:
        assert_said(plan.unchecked, Unchecked.INSIDE, disk="UEFI variables")
    else:
        assert Unchecked.INSIDE not in {told.what for told in plan.unchecked}


def test_a_reset_is_final_unless_the_safety_snapshot_has_them_in_its_ram() -> None:
    """Those of a store are a device's, and come back with the RAM."""
    found = of({"varstore": "/store"}, **OFF)
    for kind, final in (
        (SafetyKind.NONE, True), (SafetyKind.DISKS, True), (SafetyKind.DISKS_AND_RAM, False),
    ):  # fmt: skip
        plan = revert.plan(RevertIntent(KEY, "s", RunState.RUNNING, kind, True), found)
        assert resets(plan)
        assert (Warn.VARIABLES_RESET in {one.what for one in plan.warnings}) is final
