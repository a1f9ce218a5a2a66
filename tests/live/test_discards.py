"""Disks whose discards reach into internal snapshots (QEMU's ``discard-no-unref``)."""

from __future__ import annotations

import pytest

from snaptui.model.choices import Form, SafetyKind
from snaptui.plan.plan import CreateIntent, RevertIntent
from snaptui.plan.remark import Unchecked
from snaptui.plan.words.why import Why
from tests.lab import Lab
from tests.live.planned import planned
from tests.unit.made import assert_refused, assert_said


@pytest.mark.parametrize("words", ["discard='unmap'", "discard_no_unref='on'"])
def test_discards_that_stay_out_of_snapshots_are_in_no_way(reverting_lab: Lab, words: str) -> None:
    key = reverting_lab.define("web")
    xml = reverting_lab.xml("web").replace("type='qcow2'", f"type='qcow2' {words}")
    reverting_lab.define_xml(xml)
    planned(reverting_lab, CreateIntent(key, "one", ""), carry_out=True)
    plan = planned(reverting_lab, RevertIntent(key, "one", safety=SafetyKind.NONE))
    assert Unchecked.DISCARDED not in {one.what for one in plan.unchecked}


def test_an_internal_snapshot_that_discards_reach_is_refused(reverting_lab: Lab) -> None:
    key = reverting_lab.define("web")
    reverting_lab.snapshot("web", "before")
    words = "type='qcow2' discard='unmap' discard_no_unref='on'"
    reverting_lab.define_xml(reverting_lab.xml("web").replace("type='qcow2'", words))
    for _ in range(2):
        plan = planned(reverting_lab, CreateIntent(key, "new", ""))
        assert_refused(plan, Why.DISCARDS_ALL, disk="vda")
        back = planned(reverting_lab, RevertIntent(key, "before", safety=SafetyKind.NONE))
        assert_said(back.unchecked, Unchecked.DISCARDED, disk="vda", name="before")
        assert back.type_name
        reverting_lab.virsh("start", "web", check=False)
    planned(reverting_lab, CreateIntent(key, "out", "", Form.DISK_ONLY), carry_out=True)
