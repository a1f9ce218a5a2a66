"""Plans of external snapshots: their files, and what is refused or warned of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.model.abilities import no_external_revert
from snaptui.model.choices import Form
from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainState
from snaptui.model.files import User
from snaptui.model.guest_agent import Agent, AgentState
from snaptui.model.image import FileSystem, NotKnown
from snaptui.model.snapshot import SnapshotDisk
from snaptui.operations.step_calls import expected_after
from snaptui.plan.create import create, overlay_paths
from snaptui.plan.facts import Facts
from snaptui.plan.outcome import End, UndoBy
from snaptui.plan.plan import CreateIntent, Plan
from snaptui.plan.refusal import Harm
from snaptui.plan.remark import Unchecked
from snaptui.plan.steps.domain import CreateSnapshot
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.unit.made import (
    CDROM,
    HOST,
    KEY,
    RAW,
    VDA,
    VDB,
    assert_refused,
    assert_said,
    config,
    facts,
    said,
    snapshot,
    words,
)

INSIDE = {"/img": frozenset({"a.qcow2", "b.qcow2"})}


def a_create(found: Facts, form: Form = Form.DISK_ONLY, name: str = "new") -> Plan:
    return create.plan(CreateIntent(KEY, name, "", form), found)


def test_its_undo_is_a_delete_where_libvirt_deletes_it() -> None:
    """It refuses to upon an internal snapshot, and 8.10 deletes none at all."""
    assert a_create(known()).undo.by is UndoBy.MERGE
    inside = a_create(known(names=("base",), current="base")).undo
    assert inside.by is UndoBy.MERGE_ONCE_ALONE
    assert "base" in inside.words
    outside = known(names=("base",), external=("base",), current="base")
    assert a_create(outside).undo.by is UndoBy.MERGE
    older = a_create(known(host=replace(HOST, libvirt=(8, 10, 0)))).undo
    assert older.by is UndoBy.NO_MERGE
    assert older.impossible


def test_its_undo_waits_for_who_else_uses_the_image() -> None:
    """The merge would change what they read, so that snaptui refuses it until then."""
    clone = User("web2", disk="vda")
    later = a_create(known(others={"/img/b.qcow2": (clone,)})).undo
    assert later.by is UndoBy.MERGE_ONCE_UNSHARED
    assert "/img/b.qcow2" in later.words
    assert "web2" in later.words


def test_a_paused_guest_whose_ram_was_saved_must_run_before_an_undo() -> None:
    paused = known(state=DomainState.PAUSED)
    assert a_create(paused, Form.EXTERNAL).undo.by is UndoBy.MERGE_ONCE_RUN
    assert a_create(paused).undo.by is UndoBy.MERGE
    halting = create.plan(CreateIntent(KEY, "new", "", Form.EXTERNAL, halt=True), paused)
    assert halting.undo.by is UndoBy.MERGE


def test_overlays_upon_a_lost_encryption_are_made_and_do_not_start() -> None:
    lost = known(state=DomainState.SHUTOFF, encrypted={"/img/a.qcow2": "/img/base"})
    (why,) = [one for one in a_create(lost).refusals if one.why is Why.ENCRYPTION_LOST]
    assert (why.code, why.harm) == (None, Harm.NO_START)


def test_what_leaves_a_disk_out_is_not_above_its_overlay() -> None:
    parts = (SnapshotDisk("vda", Presence.EXTERNAL, "/img/a.one"), SnapshotDisk("vdb", Presence.NO))
    one = snapshot("one", "base", disks=parts, memory=Presence.NO)
    found = known(names=("base", "one"), external=("one",), current="one", snapshots={"one": one})
    undone = a_create(found).undo
    assert undone.by is UndoBy.MERGE_ONCE_ALONE
    assert "base" in undone.words


def test_disks_that_are_all_set_outside_get_no_internal_one() -> None:
    """libvirt takes an external one then while the domain is off, whatever was asked for."""
    outside = config(*(replace(disk, snapshot=Presence.EXTERNAL) for disk in (VDA, VDB)))
    off = a_create(known(disks=outside, state=DomainState.SHUTOFF), Form.INTERNAL)
    assert {(one.why, one.harm, one.code) for one in off.refusals} == {
        (Why.SET_ASIDE_BY_DOMAIN, Harm.OUTSIDE_INSTEAD, None)
    }
    runs = a_create(known(disks=outside), Form.INTERNAL)
    assert {one.code for one in runs.refusals} == {67}


@pytest.mark.parametrize("form", Form)
def test_a_guest_is_not_halted_whose_definition_names_other_images(form: Form) -> None:
    """What is edited while it runs, or attached to one of both alone, is true once it is off."""
    for then in ({"vda": "/img/a.qcow2"}, {"vda": "/img/other", "vdb": "/img/b.qcow2"}):
        found = known()
        found = replace(found, status=replace(found.status, next_start=then))
        halting = create.plan(CreateIntent(KEY, "new", "", form, halt=True), found)
        assert_refused(halting, Why.OTHER_ONCE_OFF_NOT_YET)
        assert Why.OTHER_ONCE_OFF_NOT_YET not in {one.why for one in a_create(found, form).refusals}


def known(**more: Any) -> Facts:
    return facts(folders=INSIDE, **more)


def test_where_no_disk_is_kept_nothing_is_frozen() -> None:
    """libvirt takes the one only with the other, and says of none first that it is none."""
    left = tuple(SnapshotDisk(target, Presence.NO) for target in ("vda", "vdb"))
    for disks, frozen in ((left[:1], True), (left, False)):
        intent = CreateIntent(KEY, "new", "", Form.DISK_ONLY, disks, quiesce=True)
        plan = create.plan(intent, known(agent=Agent(AgentState.ANSWERS)))
        (step,) = plan.steps
        assert isinstance(step, CreateSnapshot)
        assert step.new.quiesce is frozen
        assert {one.code for one in plan.refusals} == (set() if frozen else {67})


def test_the_files_are_those_that_libvirt_would_choose() -> None:
    step = a_create(known()).steps[0]
    assert isinstance(step, CreateSnapshot)
    assert step.new.overlays == {"vda": "/img/a.new", "vdb": "/img/b.new"}
    assert step.new.memory_path is None
    assert words(step.virsh(HOST, known().status.domain))[3:] == [
        "snapshot-create-as",
        "--domain=web",
        "--name=new",
        "--disk-only",
        "--atomic",
        "--diskspec=vda,snapshot=external,file=/img/a.new",
        "--diskspec=vdb,snapshot=external,file=/img/b.new",
    ]


def test_ram_goes_to_a_file_beside_the_first_disk() -> None:
    plan = a_create(known(), Form.EXTERNAL)
    (step,) = plan.steps
    assert isinstance(step, CreateSnapshot)
    assert step.new.files == ("/img/a.new", "/img/b.new", "/img/a.new.mem")
    assert "--memspec=file=/img/a.new.mem,snapshot=external" in words(plan.lines[0])
    assert plan.after.end is End.OVERLAYS_RUNNING
    assert "PAUSED while up to 1.0 GiB" in plan.after.words
    assert not plan.type_name


@pytest.mark.parametrize(
    ("path", "overlay"),
    [
        ("/img/a", "/img/a.s"),
        ("/img.d/a", "/img.d/a.s"),
        ("/img/a.b.qcow2", "/img/a.b.s"),
        ("/a.img", "/a.s"),
    ],
)
def test_only_the_last_suffix_of_the_file_gives_way(path: str, overlay: str) -> None:
    disk = replace(VDA, path=path)
    assert overlay_paths.overlay_paths([disk], "s", facts()) == {"vda": overlay}


@pytest.mark.parametrize(
    ("path", "overlay"),
    [
        ("/img/a.qcow2", "/img/a.s.qcow2"),
        ("/img/debian-12.5.qcow2", "/img/debian-12.5.s.qcow2"),
        ("/img/a.before.qcow2", "/img/a.s.qcow2"),
        ("/img/a.before", "/img/a.s.qcow2"),
        ("/var/lib/libvirt/images/a.qcow2", "/var/lib/libvirt/images/a.s"),
        ("/srv/vm/a.qcow2", "/srv/vm/a.s"),
        ("/home/me/a.qcow2", "/home/me/a.s"),
        ("/home/me/.vm/a.qcow2", "/home/me/.vm/a.s.qcow2"),
        ("/vm/7/disk.0", "/vm/7/disk.s"),
    ],
)
def test_where_apparmor_confines_guests_its_helper_can_read_the_overlay(
    path: str, overlay: str
) -> None:
    now = facts(snapshot("before"), apparmor=True)
    assert overlay_paths.overlay_paths([replace(VDA, path=path)], "s", now) == {"vda": overlay}


def test_a_chosen_overlay_that_apparmors_helper_cannot_read_is_warned_of() -> None:
    for path, warned in (("/img/a.s", True), ("/img/a.s.qcow2", False)):
        chosen = SnapshotDisk("vda", Presence.EXTERNAL, path)
        for apparmor in (True, False):
            intent = CreateIntent(KEY, "new", "", Form.DISK_ONLY, (chosen,))
            plan = create.plan(intent, facts(apparmor=apparmor))
            told = [one for one in plan.warnings if one.what is Warn.APPARMOR_READS_NOT]
            assert len(told) == (warned and apparmor)


@given(
    st.lists(st.sampled_from(["a.qcow2", "a.raw", "a.img", "a", "b.c.d"]), min_size=1, max_size=6),
    st.text(alphabet="abc. ,-", min_size=1, max_size=9),
    st.booleans(),
)
def test_no_two_disks_ever_get_one_file(
    names: list[str], snapshot_name: str, apparmor: bool
) -> None:
    disks = [replace(VDA, target=f"vd{at}", path=f"/img/{name}") for at, name in enumerate(names)]
    now = facts(snapshot("b"), apparmor=apparmor)
    paths = overlay_paths.overlay_paths(disks, snapshot_name, now)
    assert len(set(paths.values())) == len(disks)
    assert {PurePosixPath(path).parent for path in paths.values()} == {PurePosixPath("/img")}


def test_what_is_there_already_is_refused_and_what_is_not_known_wants_the_name() -> None:
    for file, form in (("b.new", Form.DISK_ONLY), ("a.new.mem", Form.EXTERNAL)):
        folders = {"/img": INSIDE["/img"] | {file}}
        assert_refused(a_create(facts(folders=folders), form), Why.FILE_THERE, path=f"/img/{file}")
    unknown = facts(folders={"/img": NotKnown("no right")})
    plan = a_create(unknown, Form.EXTERNAL)
    assert plan.possible
    assert plan.type_name
    assert_said(plan.unchecked, Unchecked.RAM_FILE_FREE, path="/img/a.new.mem")
    assert not a_create(unknown).type_name, "libvirt itself refuses an overlay that is there"


@pytest.mark.parametrize(
    ("disk", "why"),
    [
        (replace(VDB, source_type="block", path="/dev/vg/b"), Why.BESIDE_DEVICE),
        (replace(VDB, source_type="network", path=None), Why.NO_OVERLAY_NOT_YET),
        (replace(VDB, shareable=True), Why.SHARED),
        (replace(VDB, device="lun"), Why.LUN),
        (replace(VDB, snapshot=Presence.INTERNAL), Why.SETTING_NOT_YET),
        (replace(VDB, snapshot=Presence.MANUAL), Why.SETTING_NOT_YET),
    ],
)
def test_a_disk_that_cannot_have_an_overlay_is_refused(disk: Disk, why: Why) -> None:
    assert_refused(a_create(known(disks=config(VDA, disk))), why)


def test_a_block_device_gets_its_overlay_where_it_was_chosen() -> None:
    disk = replace(VDB, source_type="block", path="/dev/vg/b", format="raw")
    chosen = (SnapshotDisk("vdb", Presence.EXTERNAL, "/img/over-b"),)
    found = known(disks=config(VDA, disk))
    plan = create.plan(CreateIntent(KEY, "new", "", Form.DISK_ONLY, chosen), found)
    assert plan.possible, plan.refusals
    (step,) = plan.steps
    assert isinstance(step, CreateSnapshot)
    assert step.new.overlays == {"vda": "/img/a.new", "vdb": "/img/over-b"}


def test_ram_is_saved_to_a_file_also_where_a_disk_is_left_out() -> None:
    left_out = (SnapshotDisk("vdb", Presence.NO),)
    plan = create.plan(CreateIntent(KEY, "new", "", Form.EXTERNAL, left_out), known())
    assert plan.possible, plan.refusals
    assert_said(plan.warnings, Warn.DISK_LEFT_OUT, disk="vdb")


def test_raw_disks_can_and_read_only_ones_are_passed_over() -> None:
    (step,) = a_create(known(disks=config(VDA, RAW, CDROM))).steps
    assert isinstance(step, CreateSnapshot)
    assert set(step.new.overlays) == {"vda", "vdc"}
    assert step.new.left_out == ()


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"state": DomainState.SHUTOFF}, Why.OFF_HAS_NO_RAM),
        ({"disks": config(passthrough=("pci",))}, Why.HOST_DEVICES),
        ({"disks": config(pflash=True)}, Why.VARIABLES_NOT_YET),
    ],
)
def test_what_forbids_saving_ram_does_not_forbid_disks(more: dict[str, Any], why: Why) -> None:
    assert_refused(a_create(known(**more), Form.EXTERNAL), why)
    assert a_create(known(**more)).possible


@pytest.mark.parametrize("form", [Form.DISK_ONLY, Form.EXTERNAL])
def test_what_forbids_every_change_forbids_this_one(form: Form) -> None:
    assert_refused(a_create(known(busy=True), form), Why.BUSY)
    assert_refused(a_create(known(managed_save=True), form), Why.SAVE_WRITES_BENEATH)
    assert_refused(a_create(known(persistent=False), form), Why.TRANSIENT)
    assert_refused(a_create(known(unrecorded="no space"), form), Why.JOURNAL)
    found = known()
    hung = replace(found, status=replace(found.status, hung=True))
    assert_refused(a_create(hung, form), Why.HUNG)
    assert_refused(a_create(known(), form, "12"), Why.NAME_DIGITS)


@pytest.mark.parametrize("form", [Form.INTERNAL, Form.DISK_ONLY])
def test_no_error_is_foretold_beside_a_block_job(form: Form) -> None:
    """Some versions look for jobs before all else, and some after it."""
    found = known(disks=config(replace(VDA, format="raw", snapshot=Presence.NO)))
    busy = replace(found, status=replace(found.status, block_jobs=("vda",)))
    for one, codes in ((found, True), (busy, False)):
        plan = a_create(one, form)
        assert any(why.code is not None for why in plan.refusals) == codes


@pytest.mark.parametrize("form", [Form.INTERNAL, Form.EXTERNAL])
def test_a_transient_guest_is_not_halted(form: Form) -> None:
    """libvirt refuses that first; without it the records are forgotten later."""
    found = known(persistent=False)
    for halt, code, harm in ((True, 55, None), (False, None, Harm.FORGOTTEN)):
        plan = create.plan(CreateIntent(KEY, "n", "", form, halt=halt), found)
        (one,) = [one for one in plan.refusals if one.why is Why.TRANSIENT]
        assert (one.code, one.harm) == (code, harm)


def test_names_that_make_no_file_are_refused() -> None:
    long = known(disks=config(replace(VDA, path="/img/" + "x" * 100 + ".qcow2")))
    assert_refused(a_create(long, name="n" * 200), Why.FILE_NAME_LONG)
    assert a_create(known(), name="a,b").possible
    assert_refused(a_create(known(state=DomainState.SHUTOFF), name="a,b"), Why.COMMA)


def test_what_a_host_can_do_with_it_is_said_by_its_version() -> None:
    between = replace(HOST, libvirt=(10, 0, 0), reverts_external=True)
    for host in (HOST, between):
        warnings = a_create(replace(known(), host=host)).warnings
        assert_said(warnings, Warn.NO_REVERT_HERE, reason=no_external_revert(host))
    newer = replace(known(), host=replace(HOST, libvirt=(11, 3, 0), reverts_external=True))
    assert Warn.NO_REVERT_HERE not in said(a_create(newer).warnings)


def test_what_it_costs_is_said() -> None:
    below = replace(known(), names=("s1", "over"), external=("over",), current="over")
    assert_said(a_create(below).warnings, Warn.INSIDE_BENEATH, names="s1")
    assert Warn.NOT_WRITTEN_YET in said(a_create(known()).warnings)
    off = said(a_create(known(state=DomainState.SHUTOFF)).warnings)
    assert Warn.OVERLAYS_READABLE in off
    assert Warn.NOT_WRITTEN_YET not in off
    full = known(spaces={"/img": FileSystem("/img", 100 << 30, 1 << 20)})
    for form, what in (
        (Form.EXTERNAL, Warn.RAM_MAY_NOT_FIT),
        (Form.DISK_ONLY, Warn.LITTLE_FREE),
    ):
        assert_said(a_create(full, form).warnings, what)


def test_after_it_the_disks_are_the_overlays() -> None:
    found = known(disks=config(VDA, CDROM))
    (step,) = a_create(found).steps
    after = expected_after(step, found)
    assert [disk.path for disk in after.status.config.disks] == ["/img/a.new", CDROM.path]
    assert after.status.config.digest == ""
    assert after.external == after.names == ("new",)
    assert after.entries("/img/a.new") == frozenset()
    remote = replace(found, host=replace(HOST, local=False))
    assert expected_after(step, remote).entries("/img/a.new") is None


def test_it_lies_above_those_that_are_there() -> None:
    one = snapshot()
    plan = a_create(facts(one, folders=INSIDE))
    assert expected_after(plan.steps[0], facts(one)).current == "new"


def test_an_overlay_against_the_setting_of_a_disk_is_said() -> None:
    disk = replace(VDB, snapshot=Presence.MANUAL)
    chosen = (SnapshotDisk("vdb", Presence.EXTERNAL, "/img/chosen"),)
    intent = CreateIntent(KEY, "new", "", Form.DISK_ONLY, chosen)
    plan = create.plan(intent, known(disks=config(VDA, disk)))
    assert plan.possible, plan.refusals
    assert_said(plan.warnings, Warn.OVERLAY_AGAINST_SETTING, disk="vdb", setting="manual")


def test_no_file_is_made_up_for_a_disk_that_is_none() -> None:
    """It was ``.new``, which does not begin with /."""
    network = replace(VDB, source_type="network", path=None)
    for form in (Form.DISK_ONLY, Form.EXTERNAL):
        plan = a_create(known(disks=config(network)), form)
        (step,) = plan.steps
        assert isinstance(step, CreateSnapshot)
        assert step.new.files == ()
        assert {one.why for one in plan.refusals} == {Why.NO_OVERLAY_NOT_YET}
        assert plan.unchecked == ()
