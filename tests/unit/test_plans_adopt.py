"""Unmanaged snapshots: which there are, and which of them may be adopted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from snaptui.model.disk import Presence
from snaptui.model.domain import DomainState
from snaptui.model.image import ImageInfo, ImageSnapshot, NotKnown
from snaptui.operations.step_calls import expected_after
from snaptui.plan.delete import delete
from snaptui.plan.differences import differences
from snaptui.plan.facts import Facts
from snaptui.plan.metadata import adopt
from snaptui.plan.plan import AdoptIntent, DeleteIntent, DeleteManyIntent, Plan
from snaptui.plan.refusal import Harm
from snaptui.plan.words.why import Why
from snaptui.storage.in_image import HOLLOW, TWINS, odd, oddities, unmanaged_in
from tests.unit.made import (
    CREATED,
    KEY,
    RAW,
    VDA,
    VDB,
    assert_refused,
    config,
    facts,
    image,
    snapshot,
    with_image,
)


def off(path: str, *entries: tuple[str, str]) -> ImageInfo:
    """An image whose entries hold no RAM."""
    made = image(path, *entries)
    return replace(made, snapshots=tuple(replace(entry, vm_state=0) for entry in made.snapshots))


def both(*entries: tuple[str, str], **more: Any) -> Facts:
    images = {path: off(path, *entries) for path in ("/img/a.qcow2", "/img/b.qcow2")}
    return facts(images=images, **more)


def planned(found: Facts, name: str = "by hand") -> Plan:
    return adopt.plan(AdoptIntent(KEY, name), found)


def test_what_all_disks_hold_once_may_be_adopted_and_no_image_changes() -> None:
    found = both(("1", "other"), ("2", "by hand"))
    plan = planned(found)
    assert plan.possible
    (step,) = plan.steps
    after = expected_after(step, found)
    assert after.names == ("by hand",)
    assert differences(replace(found, names=("by hand",)), after) == ()


def test_what_lies_in_disks_that_are_set_apart_is_not_adopted_nor_deleted_so() -> None:
    """libvirt leaves them out of the record; to a running QEMU that is all the same."""
    for set_to, harm in (
        (Presence.NO, Harm.LEFT_INSIDE), (Presence.MANUAL, Harm.LEFT_INSIDE),
        (Presence.EXTERNAL, None),
    ):  # fmt: skip
        disks = config(VDA, replace(VDB, snapshot=set_to))
        found = both(("2", "by hand"), disks=disks, state=DomainState.SHUTOFF)
        outside = set_to is Presence.EXTERNAL
        why = Why.SET_EXTERNAL if outside else Why.SET_APART
        assert_refused(planned(found), why, disk="vdb", value=set_to.value)
        wanted = DeleteManyIntent(KEY, (), ("by hand",))
        off = delete.plan_many(wanted, found)
        assert [one.harm for one in off.refusals if one.why is why] == [harm]
        running = both(("2", "by hand"), disks=disks)
        whys = [one.why for one in delete.plan_many(wanted, running).refusals]
        assert (why in whys) == outside


def test_of_an_image_that_is_open_only_what_it_holds_stays_inside() -> None:
    record = snapshot("by hand", memory=Presence.NO)
    for entries, harm in (((("1", "by hand"),), Harm.LEFT_INSIDE), ((), None)):
        found = both(*entries, state=DomainState.SHUTOFF)
        heads = [head for head in found.images.values() if isinstance(head, ImageInfo)]
        images = {head.path: replace(head, locked=True) for head in heads}
        found = replace(found, snapshots={"by hand": record}, names=("by hand",), images=images)
        plan = delete.plan(DeleteIntent(KEY, "by hand"), found)
        harms = {one.harm for one in plan.refusals if one.why is Why.IMAGE_OPEN}
        assert harms == {harm}


def test_what_a_disk_lacks_that_is_left_out_of_snapshots_does_no_harm() -> None:
    """libvirt leaves it out of what is made known too."""
    for setting, harm in ((None, Harm.NO_WAY_BACK), (Presence.NO, None)):
        disks = config(VDA, replace(VDB, snapshot=setting))
        found = with_image(both(("1", "x"), disks=disks), "/img/b.qcow2", off("/img/b.qcow2"))
        told = [one.harm for one in planned(found, "x").refusals if one.why is Why.ENTRY_MISSING]
        assert told == [harm]


@pytest.mark.parametrize(
    ("found", "name", "why"),
    [
        (with_image(both(("1", "x")), "/img/b.qcow2", off("/img/b.qcow2")), "x", Why.ENTRY_MISSING),
        (both(("1", "x"), ("2", "x")), "x", Why.ENTRY_TWINS),
        (both(("1", "a"), ("a", "b")), "a", Why.ENTRY_ID_OF_OTHER),
        (both(("5", "7")), "7", Why.NAME_DIGITS),
        (both(("1", "x\x1b")), "x\x1b", Why.NAME_INVISIBLE),
        (
            with_image(both(("1", "x")), "/img/a.qcow2", NotKnown("no right")),
            "x",
            Why.INSIDE_UNKNOWN,
        ),
        (both(("1", "x"), busy=True), "x", Why.BUSY),
        (both(("1", "x"), unrecorded="no space"), "x", Why.JOURNAL),
        (replace(both(("1", "x")), external=("over",)), "x", Why.AMONG_EXTERNAL_NOT_YET),
        (both(("1", "x"), disks=config(VDA, RAW)), "x", Why.INSIDE_UNKNOWN),
        (facts(snapshot("x")), "x", Why.KNOWN_ALREADY),
    ],
)
def test_what_could_not_be_reverted_to_is_refused(found: Facts, name: str, why: Why) -> None:
    assert_refused(planned(found, name), why)


def test_saved_ram_is_refused() -> None:
    images = {path: image(path, ("1", "x")) for path in ("/img/a.qcow2", "/img/b.qcow2")}
    assert_refused(planned(facts(images=images), "x"), Why.RAM_CANNOT_LOAD)


def test_unmanaged_is_what_no_name_is_known_of_oldest_first() -> None:
    entries = [
        ImageSnapshot(str(at), name, when, 0)
        for at, (name, when) in enumerate([("known", 1), ("new", CREATED), ("old", 5)])
    ]
    images: dict[str, ImageInfo | NotKnown] = {
        "/a": replace(image("/a"), snapshots=tuple(entries)),
        "/b": replace(image("/b"), snapshots=(replace(entries[1], created=3),)),
        "/c": NotKnown("gone"),
    }
    found = unmanaged_in(["known"], images)
    assert [(one.name, one.created, len(one.parts)) for one in found] == [
        ("new", 3, 2),
        ("old", 5, 1),
    ]


def test_oddities_name_the_disk() -> None:
    one = snapshot()
    images = {
        "/img/a.qcow2": image("/img/a.qcow2", ("1", "s1"), ("3", "s1")),
        "/img/b.qcow2": image("/img/b.qcow2"),
    }
    assert list(oddities(one, images)) == [
        "twins: vda holds 2 snapshots of this name (IDs 1, 3)",
        "hollow: vdb holds no snapshot of this name any more",
    ]
    assert list(oddities(one, {"/img/a.qcow2": NotKnown("no right")})) == []


def test_what_is_odd_is_known_once_all_its_images_are() -> None:
    one = snapshot()
    twice, none = image("/img/a.qcow2", ("1", "s1"), ("3", "s1")), image("/img/b.qcow2")
    once = replace(twice, snapshots=twice.snapshots[:1])
    assert odd([one], {once.path: once, none.path: none}) == {"s1": HOLLOW}
    assert odd([one], {twice.path: twice, none.path: none}) == {"s1": HOLLOW}
    assert odd([one], {twice.path: twice, none.path: NotKnown("no right")}) == {"s1": TWINS}
    assert odd([one], {once.path: once, none.path: NotKnown("no right")}) == {"s1": ""}
    assert odd([one], {twice.path: twice}) == {}
