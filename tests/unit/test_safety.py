"""The safety snapshot: it survives the revert, and pauses no big guest unasked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from snaptui.model.choices import SafetyKind
from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainState
from snaptui.model.image import FileSystem
from snaptui.model.operation_record import StepKind
from snaptui.model.safety_mark import new_name, of_what
from snaptui.model.snapshot import SnapshotDisk
from snaptui.plan.checks.name_checks import NAME_BYTES
from snaptui.plan.facts import Facts
from snaptui.plan.outcome import UndoBy
from snaptui.plan.plan import RevertIntent
from snaptui.plan.revert import revert, safety
from snaptui.plan.steps.domain import CreateSnapshot, PowerOff
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.unit.made import (
    CREATED,
    HOST,
    KEY,
    assert_refused,
    config,
    facts,
    image,
    snapshot,
    with_image,
)

GIB = 1 << 30


def guest(memory: int, free: int, **more: object) -> Facts:
    space = {"/img/a.qcow2": FileSystem("/img", 4000 * GIB, free)}
    return facts(snapshot(), disks=config(memory=memory), spaces=space, **more)


@pytest.mark.parametrize(
    ("memory", "free", "kind"),
    [
        (8 * GIB, 1000 * GIB, SafetyKind.DISKS_AND_RAM),
        (8 * GIB + 1, 1000 * GIB, SafetyKind.DISKS),
        (256 * GIB, 3000 * GIB, SafetyKind.DISKS),
        (4 * GIB, 15 * GIB, SafetyKind.DISKS),
    ],
)
def test_ram_is_saved_unasked_only_of_a_small_guest_with_room(
    memory: int, free: int, kind: SafetyKind
) -> None:
    planned = safety.plan_safety(guest(memory, free), snapshot(), None)
    assert planned.kind is kind
    steps = [type(step) for step in planned.steps]
    room = (free - planned.needs) * safety.SHARE_LEFT >= 4000 * GIB
    if not room:
        assert [one.why for one in planned.refusals] == [Why.TOO_FULL]
    elif kind is SafetyKind.DISKS:
        assert steps == [PowerOff, CreateSnapshot]
    else:
        assert steps == [CreateSnapshot]


@pytest.mark.parametrize(
    "more",
    [{"state": DomainState.SHUTOFF}, {"state": DomainState.PAUSED}, {}],
    ids=["off", "paused", "running"],
)
def test_it_lies_inside_the_images_as_its_target_does(more: dict[str, object]) -> None:
    """An external one would be destroyed by the revert that it is to undo."""
    plan = revert.plan(RevertIntent(KEY, "s1"), guest(GIB, 3000 * GIB, **more))
    assert plan.undo.by in (UndoBy.DISKS, UndoBy.DISKS_AND_RAM)
    *before, last = plan.steps
    assert any(isinstance(step, CreateSnapshot) for step in before)
    assert not any("disk-only" in line or "diskspec" in line for line in plan.lines)
    assert last.kind is StepKind.REVERT


def test_where_an_external_one_is_in_use_there_is_no_undo_and_the_name_is_typed() -> None:
    over = snapshot(
        "over", memory=Presence.NO, disks=(SnapshotDisk("vda", Presence.EXTERNAL, "/o"),)
    )
    found = replace(guest(GIB, 3000 * GIB), names=("s1", "over"), external=("over",))
    plan = revert.plan(
        RevertIntent(KEY, "s1"), replace(found, snapshots={**found.snapshots, "over": over})
    )
    assert plan.undo.by is UndoBy.NO_SAFETY_POSSIBLE
    assert plan.type_name
    wanted = RevertIntent(KEY, "s1", safety=SafetyKind.DISKS)
    assert_refused(revert.plan(wanted, found), Why.OVERLAYS_DO_NOT_SURVIVE, names="over")


def test_the_name_of_a_safety_snapshot_of_one_does_not_nest() -> None:
    first = new_name(CREATED, "good", (), most=NAME_BYTES)
    second = new_name(CREATED + 60, first, (first,), most=NAME_BYTES)
    third = new_name(CREATED + 60, second, (first, second), most=NAME_BYTES)
    assert [name.partition("Z-")[2] for name in (first, second, third)] == [
        "good", "good", "good-2",
    ]  # fmt: skip
    assert of_what(second) == of_what("good") == "good"
    bare = "safety-20260115T080000Z-"
    assert of_what(bare) == bare, "something is left of each name"


RAW = Disk("UEFI variables", "nvram", "file", "/vars", "raw")
QCOW2 = replace(RAW, format="qcow2")
VARIABLES, TPM = Warn.VARIABLES_NOT_KEPT, Warn.TPM_NOT_KEPT


@pytest.mark.parametrize(
    ("machine", "outside", "kind", "lacks"),
    [
        ({"variables": QCOW2}, False, SafetyKind.DISKS, {TPM}),
        ({"variables": QCOW2}, False, SafetyKind.DISKS_AND_RAM, set()),
        ({"variables": QCOW2}, True, SafetyKind.DISKS, {VARIABLES, TPM}),
        ({"variables": RAW}, False, SafetyKind.DISKS, {VARIABLES, TPM}),
        ({"variables": RAW}, True, SafetyKind.DISKS, {VARIABLES, TPM}),
        ({"varstore": "/store"}, False, SafetyKind.DISKS, {VARIABLES, TPM}),
        ({"varstore": "/store"}, False, SafetyKind.DISKS_AND_RAM, set()),
        ({"varstore": "/store"}, True, SafetyKind.DISKS, {VARIABLES, TPM}),
    ],
)
def test_what_it_does_not_hold_beside_the_disks_is_said(
    machine: dict[str, Any], outside: bool, kind: SafetyKind, lacks: set[Warn]
) -> None:
    """A revert may change them, and what undoes it does not bring them back."""
    newest = replace(HOST, libvirt=(12, 9, 0), reverts_external=True)
    found = facts(snapshot(), disks=config(pflash=True, tpm=True, **machine), host=newest)
    found = with_image(found, "/vars", image("/vars", ("1", "s1")))
    plan = safety.plan_external_safety if outside else safety.plan_safety
    planned = plan(replace(found, folders={"/img": frozenset()}), snapshot(), kind)
    assert planned.refusals == ()
    told = [one for one in planned.warnings if one.what in (VARIABLES, TPM)]
    assert {one.what for one in told} == lacks
    assert {dict(one.names)["snapshot"] for one in told} == (
        {"safety snapshot"} if lacks else set()
    )


def test_of_a_guest_with_bios_nothing_is_missing_beside_its_disks() -> None:
    for kind in (SafetyKind.DISKS, SafetyKind.DISKS_AND_RAM):
        planned = safety.plan_safety(facts(snapshot()), snapshot(), kind)
        assert not {VARIABLES, TPM} & {one.what for one in planned.warnings}
