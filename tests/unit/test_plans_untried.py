"""Plans for libvirts between the proven ones: records are read as the host keeps them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snaptui.model import (
    Agent,
    AgentState,
    DomainState,
    Form,
    Host,
    Presence,
    RunState,
    SafetyKind,
    SnapshotDisk,
    Version,
)
from snaptui.plan import create, delete
from snaptui.plan.plan import CreateIntent, DeleteIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.warn import Warn
from snaptui.plan.why import Why
from tests.unit.made import HOST, KEY, assert_refused, assert_said, facts, snapshot
from tests.unit.test_plans_branches import HERE, LEFT, NEWER, ROOT, a_delete, a_revert, known, over
from tests.unit.test_plans_layers import external, internal

BETWEEN = [(9, 9, 0), (10, 0, 0), (10, 10, 0), (11, 2, 0)]


def host(version: Version, *, reverts: bool = True) -> Host:
    return replace(NEWER, libvirt=version, reverts_external=reverts)


@pytest.mark.parametrize("version", BETWEEN)
def test_records_are_read_as_the_host_keeps_them(version: Version) -> None:
    """Back at the first of a line, the overlays of what came after it are gone and not broken."""
    back = replace(ROOT, revert_disks=(SnapshotDisk("vda", Presence.EXTERNAL, "/a.1"),))
    found = known(back, LEFT, top="/a.1", current="a", host=host(version))
    assert found.layers.broken == {}
    assert found.layers.branches.known
    assert a_delete(found, "b").possible, "the end of a branch: its own images go"
    old = known(back, LEFT, top="/a.1", current="a", host=HOST)
    assert set(old.layers.broken) == {"b"}, "on 9.0 nobody can go back there"


@pytest.mark.parametrize(
    ("version", "refused"),
    [*((one, True) for one in BETWEEN), ((11, 3, 0), False), ((12, 8, 0), False)],
)
def test_a_metadata_delete_that_moves_another_record_is_refused(
    version: Version, refused: bool
) -> None:
    lower, upper = external("b", "/a", "/a.b"), external("c", "/a.b", "/c", "b")
    found = known(lower, upper, host=host(version))
    plan = delete.plan(DeleteIntent(KEY, "b", metadata_only=True), found)
    if refused:
        assert_refused(plan, Why.RECORD_MOVED, below="c", name="b")
    else:
        assert Why.RECORD_MOVED not in {one.why for one in plan.refusals}


@pytest.mark.parametrize("version", BETWEEN)
def test_a_revert_to_an_external_one_is_not_asked_of_them_nor_said_to_fail(
    version: Version,
) -> None:
    plan = a_revert(known(ROOT, HERE, host=host(version)), "a", SafetyKind.NONE)
    (refusal,) = [one for one in plan.refusals if one.why is Why.NO_EXTERNAL_REVERT]
    assert refusal.code is None, "that one may work there: it was not tried"


@pytest.mark.parametrize(
    ("version", "removes"),
    [((9, 9, 0), True), ((10, 10, 0), True), ((11, 0, 0), False), ((11, 3, 0), False)],
)
def test_what_was_taken_after_an_internal_one_is_not_deleted_back_at_that(
    version: Version, removes: bool
) -> None:
    parent, child = internal("i", "/a"), external("e", "/a", "/e", "i")
    found = known(parent, child, top="/a", current="i", host=host(version))
    harms = {one.harm for one in a_delete(found, "e").refusals}
    assert (Harm.BASES_LOST in harms) is removes


def test_what_is_assumed_of_a_version_is_said_as_of_which() -> None:
    found = known(ROOT, HERE, snapshot("x", "a"), host=host((12, 4, 0)))
    names = {dict(one.names).get("version") for one in a_delete(found, "a").refusals}
    assert "11.3 (12.4 was not tried)" in names or "12.0 (12.4 was not tried)" in names


@pytest.mark.parametrize(
    ("version", "number", "warned"),
    [
        ((10, 8, 0), 24, True),
        ((10, 8, 0), 23, False),
        ((11, 3, 0), 24, True),
        ((12, 0, 0), 30, False),
    ],
)
def test_one_more_external_snapshot_after_which_no_guest_starts_is_warned_of(
    version: Version, number: int, warned: bool
) -> None:
    names = tuple(f"e{at}" for at in range(number))
    found = replace(known(ROOT, HERE, host=host(version)), names=names, external=names)
    plan = create.plan(CreateIntent(KEY, "new", "", Form.DISK_ONLY), found)
    assert (Warn.LONG_CHAIN in {one.what for one in plan.warnings}) is warned


def test_what_becomes_of_the_state_of_a_tpm_is_said_where_no_ram_holds_it() -> None:
    found = facts(snapshot("off", memory=Presence.NO), snapshot("run"))
    sealed = replace(found.status.config, tpm=True)
    found = replace(found, status=replace(found.status, config=sealed))
    for name, warned in (("off", True), ("run", False)):
        plan = a_revert(found, name)
        assert (Warn.TPM_STAYS in {one.what for one in plan.warnings}) is warned
    plan = create.plan(CreateIntent(KEY, "new", "", Form.DISK_ONLY), found)
    assert Warn.TPM_NOT_KEPT in {one.what for one in plan.warnings}


@pytest.mark.parametrize(("version", "code"), [((11, 1, 0), 1), ((11, 2, 0), 113)])
def test_an_agent_that_refuses_has_an_error_of_its_own(version: Version, code: int) -> None:
    frozen = Agent(AgentState.FROZEN)
    found = known(ROOT, HERE, host=host(version), agent=frozen, state=DomainState.RUNNING)
    plan = create.plan(CreateIntent(KEY, "new", "", Form.DISK_ONLY, quiesce=True), found)
    assert {one.code for one in plan.refusals if one.why is Why.AGENT_FROZEN} == {code}


@pytest.mark.parametrize(
    ("version", "refused"), [((9, 0, 0), True), ((10, 0, 0), True), ((11, 3, 0), False)]
)
def test_what_left_a_disk_to_other_means_is_not_merged_by_each(
    version: Version, refused: bool
) -> None:
    part = external("b", "/a", "/a.b")
    part = replace(part, disks=(*part.disks, SnapshotDisk("vdb", Presence.MANUAL)))
    found = known(
        part, top="/a.b", current="b", host=host(version), images={"/a.b": over("/a.b", "/a")}
    )
    plan = delete.plan(DeleteIntent(KEY, "b"), found)
    assert (Why.NOT_MERGED_BESIDE in {one.why for one in plan.refusals}) is refused


def test_a_disk_that_was_left_to_other_means_is_put_back_before_a_start() -> None:
    left = replace(ROOT, disks=(*ROOT.disks, SnapshotDisk("vdb", Presence.MANUAL)), state="shutoff")
    found = known(left, HERE)
    for state in (RunState.RUNNING, RunState.PAUSED):
        plan = a_revert(found, "a", SafetyKind.NONE, state)
        assert_refused(plan, Why.DISKS_OF_TWO_TIMES, disks="vdb")
    plan = a_revert(found, "a", SafetyKind.NONE)
    assert Why.DISKS_OF_TWO_TIMES not in {one.why for one in plan.refusals}
    assert_said(plan.warnings, Warn.BY_OTHER_MEANS, disks="vdb")
