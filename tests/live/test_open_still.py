"""Guests that run on images whose files are gone: refused, and saved as the refusal says."""

from __future__ import annotations

import pytest

from snaptui.model.choices import Form, SafetyKind
from snaptui.plan.plan import CreateIntent, DomainIntent, RevertIntent
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from tests.lab import Lab, holds, qemu_img
from tests.live.planned import planned
from tests.shells import argv
from tests.unit.made import assert_refused


@pytest.mark.parametrize("beneath", [False, True])
def test_what_qemu_alone_has_still_is_copied_before_anything_else(lab: Lab, beneath: bool) -> None:
    key = lab.define("web")
    image = lab.image("web")
    base = image.with_suffix(".base")
    if beneath:
        image.rename(base)
        words = ("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(base), str(image))
        qemu_img(*words)
    lab.snapshot("web", "one")
    lab.start("web")
    gone = base if beneath else image
    gone.unlink()
    asked: list[DomainIntent] = [CreateIntent(key, "new", "", form) for form in Form]
    asked += [RevertIntent(key, "one", safety=kind) for kind in (SafetyKind.DISKS, None)]
    for intent in asked:
        plan = planned(lab, intent)
        assert_refused(plan, Why.OPEN_STILL, path=str(gone), disk="vda")
    (told,) = [one for one in plan.refusals if one.why is Why.OPEN_STILL]
    assert told.way is Way.COPY_WHILE_OPEN
    lab.virsh(*argv(str(dict(told.names)["line"]))[1:])
    planned(lab, CreateIntent(key, "new", "", Form.DISK_ONLY), carry_out=True)
    lab.virsh("destroy", "web")
    assert holds(image.with_name(f"{image.name}.copy"), 0x11)
    lab.start("web")
    assert lab.state("web") == "running"
