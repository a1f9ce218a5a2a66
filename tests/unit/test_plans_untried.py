"""Plans for libvirts between the proven ones: records are read as the host keeps them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snaptui.model.choices import Form, RunState, SafetyKind
from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainState
from snaptui.model.guest_agent import Agent, AgentState
from snaptui.model.host import Host, Version
from snaptui.model.snapshot import SnapshotDisk
from snaptui.plan.create import create
from snaptui.plan.delete import delete
from snaptui.plan.plan import CreateIntent, DeleteIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.remark import Note, Unchecked
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.unit.made import (
    HOST,
    KEY,
    VDA,
    VDB,
    assert_refused,
    assert_said,
    config,
    facts,
    image,
    snapshot,
    words,
)
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
        number = f"{version[0]}.{version[1]}"
        of = {"9.9": "9.0", "10.0": ""}.get(number, "10.0")
        told = f"{of} ({number} was not tried)" if of else number
        assert_refused(plan, Why.RECORD_MOVED, below="c", name="b", version=told)
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
    plan = a_delete(found, "e")
    assert (Harm.BASES_LOST in {one.harm for one in plan.refusals}) is removes
    assert plan.lines
    assert (plan.lines_told == ()) is removes, "no line that takes the images away"


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
@pytest.mark.parametrize("read", [True, False])
def test_one_more_overlay_after_which_no_guest_starts_is_warned_of(
    version: Version, number: int, warned: bool, read: bool
) -> None:
    """Where the chain was not read each external snapshot is taken for one of its overlays."""
    names = tuple(f"e{at}" for at in range(3 if read else number))
    found = replace(known(ROOT, HERE, host=host(version)), names=names, external=names)
    found = replace(found, beneath={"/c": number} if read else {})
    plan = create.plan(CreateIntent(KEY, "new", "", Form.DISK_ONLY), found)
    assert (Warn.LONG_CHAIN in {one.what for one in plan.warnings}) is warned


@pytest.mark.parametrize(("number", "warned"), [(23, False), (24, True)])
def test_an_overlay_of_a_safety_snapshot_is_one_more(number: int, warned: bool) -> None:
    found = replace(known(ROOT, HERE, host=host((11, 3, 0))), beneath={"/c": number})
    plan = a_revert(found, "a", SafetyKind.DISKS)
    told = [one for one in plan.warnings if one.what is Warn.LONG_CHAIN]
    assert bool(told) is warned
    if warned:
        assert_said(told, Warn.LONG_CHAIN, disk="vda", number="25", version="11.3")


def test_snapshots_elsewhere_make_no_chain_longer() -> None:
    names = tuple(f"e{at}" for at in range(40))
    found = replace(known(ROOT, HERE, host=host((11, 3, 0))), external=names, beneath={"/c": 2})
    alone = replace(found, images={**found.images, "/c": over("/c", None)}, beneath={})
    for one in (found, alone):
        plan = create.plan(CreateIntent(KEY, "new", "", Form.DISK_ONLY), one)
        assert Warn.LONG_CHAIN not in {told.what for told in plan.warnings}


def test_what_becomes_of_the_state_of_a_tpm_is_said_where_no_ram_holds_it() -> None:
    found = facts(snapshot("off", memory=Presence.NO), snapshot("run"))
    sealed = replace(found.status.config, tpm="emulator")
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


RAW = Disk("UEFI variables", "nvram", "file", "/vars", "raw")
QCOW2 = replace(RAW, format="qcow2")


@pytest.mark.parametrize(
    ("version", "variables", "state", "why"),
    [
        ((9, 2, 0), RAW, DomainState.SHUTOFF, Why.VARIABLES_IN_PFLASH),
        ((9, 3, 0), RAW, DomainState.SHUTOFF, None),
        ((10, 8, 0), RAW, DomainState.SHUTOFF, None),
        ((10, 8, 0), RAW, DomainState.RUNNING, Why.VARIABLES_IN_PFLASH),
        ((10, 8, 0), QCOW2, DomainState.SHUTOFF, Why.VARIABLES_NOT_INSIDE_NOT_YET),
        ((10, 9, 0), RAW, DomainState.SHUTOFF, None),
        ((10, 9, 0), RAW, DomainState.RUNNING, Why.VARIABLES_RAW),
        ((10, 9, 0), QCOW2, DomainState.RUNNING, Why.VARIABLES_LEFT_OUT),
        ((10, 9, 0), QCOW2, DomainState.SHUTOFF, Why.VARIABLES_LEFT_OUT),
        ((10, 10, 0), QCOW2, DomainState.RUNNING, None),
        ((10, 10, 0), QCOW2, DomainState.SHUTOFF, None),
    ],
)
def test_which_versions_take_uefi_variables_into_an_internal_snapshot(
    version: Version, variables: Disk, state: DomainState, why: Why | None
) -> None:
    here = config(pflash=True, variables=variables)
    plan = create.plan(
        CreateIntent(KEY, "new", ""), facts(disks=here, state=state, host=host(version))
    )
    assert {one.why for one in plan.refusals} == ({why} if why is not None else set())
    if variables is RAW and why is None:
        assert_said(plan.warnings, Warn.VARIABLES_NOT_KEPT)


@pytest.mark.parametrize("state", [DomainState.RUNNING, DomainState.SHUTOFF])
def test_variables_in_a_store_are_kept_with_the_ram_alone(state: DomainState) -> None:
    """They are a device's: libvirt refuses no snapshot because of them."""
    running = state is DomainState.RUNNING
    here = config(pflash=True, varstore="/store")
    one = snapshot("ram", config=here)
    found = facts(one, disks=here, state=state, host=host((12, 9, 0)))
    plan = create.plan(CreateIntent(KEY, "new", ""), found)
    assert plan.refusals == ()
    assert (Warn.VARIABLES_NOT_KEPT in {told.what for told in plan.warnings}) is not running
    back = a_revert(found, "ram")
    assert Warn.VARIABLES_STAY not in {told.what for told in back.warnings}


@pytest.mark.parametrize(("version", "left_out"), [((10, 9, 0), True), ((10, 10, 0), False)])
def test_variables_that_a_version_leaves_out_are_neither_reverted_nor_left_inside(
    version: Version, left_out: bool
) -> None:
    one = snapshot(config=config(pflash=True, variables=QCOW2))
    for state, deleted in ((DomainState.SHUTOFF, not left_out), (DomainState.RUNNING, True)):
        found = facts(one, disks=config(pflash=True, variables=QCOW2), state=state)
        vars_ = image("/vars", ("1", "s1"))
        found = replace(found, host=host(version), images={**found.images, "/vars": vars_})
        harms = {refusal.harm for refusal in a_revert(found, "s1").refusals}
        assert (Harm.HALF in harms) is left_out
        assert (Harm.LEFT_INSIDE not in {r.harm for r in a_delete(found, "s1").refusals}) is deleted


@pytest.mark.parametrize(("version", "down"), [((9, 9, 0), True), ((9, 10, 0), False)])
def test_what_comes_down_when_a_guest_starts_from_inside_is_not_started(
    version: Version, down: bool
) -> None:
    run, off = snapshot("run"), snapshot("off", state="shutoff", memory=Presence.NO)
    found = replace(facts(run, off), host=host(version))
    asked = [("run", RunState.RECORDED), ("off", RunState.RUNNING)]
    for name, state in asked:
        plan = a_revert(found, name, SafetyKind.NONE, state)
        assert (Harm.CRASH in {one.harm for one in plan.refusals}) is down
    plan = a_revert(found, "off")
    assert Harm.CRASH not in {one.harm for one in plan.refusals}, "no QEMU is started"


@pytest.mark.parametrize(
    ("version", "qemu", "unsure"),
    [
        ((12, 0, 0), (11, 0, 0), True),
        ((11, 3, 0), (11, 1, 0), True),
        ((11, 3, 0), (10, 2, 0), False),
        ((12, 1, 0), (11, 1, 0), False),
    ],
)
def test_ram_in_a_file_may_not_be_loaded_by_a_qemu_that_is_too_new(
    version: Version, qemu: Version, unsure: bool
) -> None:
    saved = replace(ROOT, memory=Presence.EXTERNAL, memory_path="/ram", state="running")
    newer = replace(host(version), hypervisor=qemu)
    for one, said in ((saved, unsure), (ROOT, False)):
        plan = a_revert(known(one, HERE, host=newer), "a", SafetyKind.NONE)
        assert (Unchecked.LOADS_RAM_FILE in {told.what for told in plan.unchecked}) is said


@pytest.mark.parametrize(
    ("version", "build", "unsure"),
    [
        ((11, 2, 0), "", True),
        ((11, 3, 0), "", True),
        ((11, 3, 0), "11.3.0-1", True),
        ((11, 3, 0), "11.3.0-3+deb13u3", False),
        ((11, 4, 0), "", False),
    ],
)
def test_whether_ram_inside_an_image_is_loaded_is_known_of_patched_builds_alone(
    version: Version, build: str, unsure: bool
) -> None:
    here = replace(host(version), build=build)
    run, off = snapshot("run"), snapshot("off", state="shutoff", memory=Presence.NO)
    found = facts(run, off, host=here)
    for name, said in (("run", unsure), ("off", False)):
        plan = a_revert(found, name, SafetyKind.DISKS)
        assert (Unchecked.LOADS_RAM in {one.what for one in plan.unchecked}) is said
        assert plan.type_name is said


@pytest.mark.parametrize(
    ("build", "warned"), [("", True), ("11.3.0-3", True), ("11.3.0-3+deb13u2", False)]
)
def test_overlays_that_everybody_may_read_are_warned_of_unless_the_build_is_patched(
    build: str, warned: bool
) -> None:
    here = replace(host((11, 3, 0)), build=build)
    found = facts(host=here, state=DomainState.SHUTOFF)
    plan = create.plan(CreateIntent(KEY, "new", "", Form.DISK_ONLY), found)
    assert (Warn.OVERLAYS_READABLE in {one.what for one in plan.warnings}) is warned


@pytest.mark.parametrize(
    ("qemu", "of"), [((7, 2, 0), ""), ((8, 2, 0), "10.0 (8.2 was not tried)"), ((10, 0, 0), "10.0")]
)
def test_zeros_that_are_written_into_a_raw_image_are_said_as_of_which_qemu(
    qemu: Version, of: str
) -> None:
    raw = replace(image("/a"), format="raw")
    one, newer = external("c", "/a", "/c"), replace(host((11, 3, 0)), hypervisor=qemu)
    for beneath, said in ((raw, of), (image("/a"), "")):
        images = {"/a": beneath, "/c": replace(over("/c", "/a"), backing_format=beneath.format)}
        plan = a_delete(known(one, top="/c", host=newer, images=images), "c")
        told = [dict(note.names) for note in plan.notes if note.what is Note.ZEROS_WRITTEN]
        assert told == ([{"version": said, "path": "/a"}] if said else [])


@pytest.mark.parametrize("version", [(11, 8, 0), (11, 9, 0), (12, 9, 0)])
@pytest.mark.parametrize("chosen", [None, Presence.NO, Presence.EXTERNAL])
def test_a_disk_that_is_left_to_other_means_is_never_asked_for_with_a_freeze(
    version: Version, chosen: Presence | None
) -> None:
    """libvirt refuses the two together from 11.9 on (84), and takes them before."""
    here = config(VDA, replace(VDB, snapshot=Presence.MANUAL))
    found = facts(disks=here, host=host(version), agent=Agent(AgentState.ANSWERS))
    found = replace(found, folders={"/img": frozenset()})
    disks = (SnapshotDisk("vdb", chosen),) if chosen is not None else ()
    plan = create.plan(CreateIntent(KEY, "new", "", Form.DISK_ONLY, disks, quiesce=True), found)
    if chosen is None:
        assert_refused(plan, Why.SETTING_NOT_YET, disk="vdb", setting="manual")
        return
    assert plan.possible, plan.refusals
    (line,) = plan.lines
    assert "--quiesce" in words(line)
    assert not any("manual" in word for word in words(line))
    assert any(word.startswith(f"--diskspec=vdb,snapshot={chosen.value}") for word in words(line))


@pytest.mark.parametrize(
    ("version", "refused"),
    [((10, 0, 0), False), ((10, 8, 0), False), ((10, 9, 0), True), ((11, 3, 0), True)],
)
def test_names_of_any_script_are_given_to_running_guests_where_no_job_has_them(
    version: Version, refused: bool
) -> None:
    """10.0 takes one (measured), and jobs have names in ASCII alone, from 10.9 on."""
    for state, inside in ((DomainState.RUNNING, refused), (DomainState.SHUTOFF, False)):
        found = facts(host=host(version), state=state)
        plan = create.plan(CreateIntent(KEY, "日本", ""), found)
        assert {one.why for one in plan.refusals} == ({Why.NAME_IN_JOB} if inside else set())
        assert {one.code for one in plan.refusals} == ({1} if inside else set())
    back = a_revert(facts(snapshot("日本"), host=host(version)), "日本", SafetyKind.DISKS)
    assert (Why.NAME_IN_JOB in {one.why for one in back.refusals}) is refused
