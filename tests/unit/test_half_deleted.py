"""A delete of which libvirt did half: told from the images, as it is."""

from __future__ import annotations

from dataclasses import replace

from snaptui.common.errors import Disconnected
from snaptui.model.operation_record import Became
from snaptui.operations.effects import became, gone_inside
from snaptui.plan.steps.domain import DeleteSnapshot
from tests.unit.made import facts, image, snapshot, with_image


def test_what_is_gone_inside_while_its_record_stays_is_half_a_delete() -> None:
    """libvirt removes the data first; its daemon may die between that and its record."""
    one = snapshot("s1")
    before = with_image(facts(one), "/img/a.qcow2", image("/img/a.qcow2", ("1", "s1"), ("2", "s2")))
    half = with_image(before, "/img/a.qcow2", image("/img/a.qcow2", ("2", "s2")))
    step = DeleteSnapshot(one)
    assert gone_inside(step, before, half)
    assert not gone_inside(step, before, before)
    assert not gone_inside(DeleteSnapshot(one, metadata_only=True), before, half)
    whole = replace(half, names=())
    assert not gone_inside(step, before, whole), "then all of it is done"
    assert became(step, before, half, Disconnected("gone")) is Became.NOT_DONE
