"""Plans for disks that are no plain files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snaptui.model.choices import Form, RunState, SafetyKind
from snaptui.model.disk import Disk, Presence, Volume
from snaptui.model.domain import DomainState
from snaptui.model.image import FileSystem, ImageInfo, ImageSnapshot, Missing, NotKnown, Unplaced
from snaptui.model.operation_record import StepKind
from snaptui.model.snapshot import SnapshotDisk
from snaptui.operations.step_calls import expected_after
from snaptui.plan.create import create
from snaptui.plan.delete import delete
from snaptui.plan.facts import Facts
from snaptui.plan.loss import WritesLost
from snaptui.plan.outcome import Then, UndoBy
from snaptui.plan.plan import (
    CreateIntent,
    DeleteIntent,
    EditIntent,
    HoldIntent,
    Plan,
    RevertIntent,
)
from snaptui.plan.planner import make_plan
from snaptui.plan.refusal import Harm, Refusal
from snaptui.plan.revert import revert
from snaptui.plan.words.why import Why
from tests.unit.made import (
    HOST,
    KEY,
    RAW,
    VDA,
    assert_refused,
    config,
    facts,
    image,
    snapshot,
    with_image,
)
from tests.unit.test_spaces import MIB, usage

PLACE = "/img/a.qcow2"
OF_POOL = replace(VDA, source_type="volume", volume=Volume("p", "a.qcow2", PLACE))
NOWHERE = Unplaced("its pool p is not active", "/img")
LOST = replace(OF_POOL, path=None, volume=Volume("p", "a.qcow2", NOWHERE), unknown=NOWHERE.reason)
PART = replace(VDA, path=None, unknown="it is a part of /img/large, at an offset in it (a slice)")
NETWORK = Disk("vdb", "disk", "network", None, "qcow2", unknown="it is a network disk (rbd)")
OFF = DomainState.SHUTOFF


def inside(disk: Disk, *more: Disk) -> Facts:
    """A domain that is off, with an internal snapshot of all its disks."""
    disks = (disk, *more)
    parts = tuple(SnapshotDisk(one.target, Presence.INTERNAL) for one in disks)
    one = snapshot("s1", config=config(*disks), disks=parts, memory=Presence.NO, state=OFF.value)
    return facts(one, disks=config(*disks), state=OFF)


def a_create(found: Facts, form: Form = Form.INTERNAL) -> Plan:
    folders = {"/img": frozenset({"a.qcow2"})}
    return create.plan(CreateIntent(KEY, "new", "", form), replace(found, folders=folders))


def a_revert(found: Facts, safety: SafetyKind | None = None) -> Plan:
    return revert.plan(RevertIntent(KEY, "s1", RunState.RECORDED, safety), found)


def a_delete(found: Facts) -> Plan:
    return delete.plan(DeleteIntent(KEY, "s1"), found)


def of(plan: Plan, why: Why) -> Refusal:
    (found,) = [one for one in plan.refusals if one.why is why]
    return found


def test_a_volume_that_is_known_is_as_good_as_a_file() -> None:
    found = inside(OF_POOL)
    for plan in (a_create(found), a_revert(found), a_delete(found)):
        assert plan.refusals == ()
        assert plan.possible
        assert not plan.type_name


@pytest.mark.parametrize("disk", [LOST, PART])
def test_what_cannot_be_checked_is_not_changed(disk: Disk) -> None:
    why = Why.PART_OF_FILE if disk is PART else Why.VOLUME_NOT_KNOWN
    found = inside(disk)
    for plan in (
        a_create(found),
        a_create(found, Form.DISK_ONLY),
        a_revert(found),
        a_delete(found),
    ):
        assert_refused(plan, why, disk="vda")
        assert plan.undo.impossible or not plan.possible
    harm = Harm.OTHER_DATA if disk is PART else None
    assert of(a_create(found), why).harm is harm


def test_libvirt_names_the_overlay_of_a_part_of_a_file_itself() -> None:
    plan = a_create(inside(PART), Form.DISK_ONLY)
    assert of(plan, Why.NO_OVERLAY_NOT_YET).code is None
    with_ram = a_create(inside(PART), Form.EXTERNAL)
    assert of(with_ram, Why.OFF_HAS_NO_RAM).code is None, "there is no place for it to be asked"


def test_a_pool_that_names_another_file_than_qemu_has_open_stops_everything() -> None:
    moved = replace(OF_POOL, volume=Volume("p", "a.qcow2", "/other/a.qcow2"))
    found = replace(inside(moved), status=facts(disks=config(moved)).status)
    for plan in (a_create(found), a_revert(found), a_delete(found)):
        assert_refused(plan, Why.VOLUME_ELSEWHERE, path=PLACE, now="/other/a.qcow2")


def test_a_pool_that_is_gone_while_the_guest_runs_only_forbids_to_stop_it() -> None:
    """A revert would stop it, and not find its disk when it starts it again."""
    found = inside(OF_POOL)
    gone = replace(OF_POOL, volume=Volume("p", "a.qcow2", NOWHERE))
    running = replace(found, status=facts(disks=config(gone)).status)
    assert a_create(running).possible
    assert a_delete(running).possible
    plan = a_revert(running)
    assert_refused(plan, Why.VOLUME_NOT_KNOWN)
    assert of(plan, Why.VOLUME_NOT_KNOWN).harm is Harm.STOPPED
    # libvirt asks the pool before it tries to go back in any image
    head = running.images[PLACE]
    assert isinstance(head, ImageInfo)
    marked = with_image(running, PLACE, replace(head, bitmaps=1))
    bitmap = of(a_revert(marked), Why.BITMAPS)
    assert (bitmap.code, bitmap.harm) == (None, Harm.STOPPED)


def test_what_a_snapshot_holds_in_a_network_disk_is_not_changed() -> None:
    found = inside(VDA, NETWORK)
    for plan in (a_revert(found), a_delete(found)):
        assert_refused(plan, Why.INSIDE_UNKNOWN, disk="vdb")
    assert_refused(a_create(found), Why.NOT_A_FILE, disk="vdb", kind="network")


def test_a_disk_that_takes_no_part_forbids_nothing() -> None:
    found = inside(VDA)
    beside = replace(found, status=facts(disks=config(VDA, NETWORK), state=OFF).status)
    assert a_delete(beside).possible


def test_an_overlay_on_a_volume_has_no_way_back() -> None:
    plan = a_create(inside(OF_POOL), Form.DISK_ONLY)
    assert_refused(plan, Why.OVERLAY_ON_VOLUME, disk="vda", path=PLACE)
    assert of(plan, Why.OVERLAY_ON_VOLUME).harm is Harm.NO_WAY_BACK


def test_a_volume_of_which_no_format_is_told_is_raw_to_the_guest() -> None:
    """While it is off libvirt takes a snapshot of it that the guest never sees."""
    bare = replace(OF_POOL, format="")
    off, running = inside(bare), facts(disks=config(bare))
    assert of(a_create(off), Why.NOT_QCOW2).code is None
    assert of(a_create(running), Why.NOT_QCOW2).code == 67


def test_data_in_another_file_take_no_snapshot() -> None:
    head = ImageInfo(PLACE, "qcow2", 1 << 30, 1 << 20, (), data_file="/img/data.raw")
    for state, code in ((OFF, 1), (DomainState.RUNNING, 9)):
        found = replace(facts(disks=config(VDA), state=state), images={PLACE: head})
        assert of(a_create(found), Why.DATA_FILE).code == code


def outside(disk: Disk, state: DomainState, beneath: tuple[str, ...] | None = None) -> Facts:
    """An overlay upon a disk, made by another tool."""
    over = "/img/a.s1"
    now = Disk("vda", "disk", "file", over, "qcow2", beneath=beneath)
    part = SnapshotDisk("vda", Presence.EXTERNAL, over)
    one = snapshot("s1", config=config(disk), disks=(part,), memory=Presence.NO)
    found = facts(one, disks=config(now), state=state, external=("s1",))
    heads = {
        over: ImageInfo(over, "qcow2", 1 << 30, MIB, (), backing=PLACE, backing_format="qcow2"),
        PLACE: ImageInfo(PLACE, "qcow2", 1 << 30, MIB, ()),
    }
    layers = replace(
        found.layers,
        heads=heads,
        tops=frozenset({over}),
        in_use=frozenset(heads),
        doubt="",
        above={PLACE: frozenset({over})},
    )
    return replace(found, layers=layers, images=heads)


def test_off_nothing_is_done_upon_a_volume_whose_pool_is_not_active() -> None:
    """libvirt asks it first; a guest that runs goes on without it until it is started anew."""
    lower = Volume("p", "a.qcow2", NOWHERE)
    over = Disk("vda", "disk", "file", "/img/a.s1", "qcow2", volumes=(lower,))
    inside = snapshot("s", state="shutoff", config=config(over), memory=Presence.NO)
    running = snapshot("s", config=config(over))
    why = Why.VOLUME_BENEATH_NOT_KNOWN
    for state, refused in ((OFF, True), (DomainState.RUNNING, False)):
        found = facts(inside, disks=config(over), state=state)
        for plan in (
            a_create(found), a_create(found, Form.DISK_ONLY),
            delete.plan(DeleteIntent(KEY, "s"), found),
        ):  # fmt: skip
            assert (why in [one.why for one in plan.refusals]) == refused
    stops = revert.plan(RevertIntent(KEY, "s"), facts(running, disks=config(over)))
    assert of(stops, why).harm is Harm.STOPPED
    halting = CreateIntent(KEY, "n", "", Form.EXTERNAL, halt=True)
    later = create.plan(halting, facts(disks=config(over)))
    assert later.undo.by is UndoBy.MERGE_ONCE_PLACED


def test_what_a_pool_would_say_comes_before_all_errors_while_off() -> None:
    beside = replace(RAW, target="vdb")
    for state, codes in ((OFF, [None, None]), (DomainState.RUNNING, [None, 67])):
        found = facts(disks=config(LOST, beside), state=state)
        plan = make_plan(CreateIntent(KEY, "n", ""), found)
        assert [one.code for one in plan.refusals] == codes


def test_no_error_is_foretold_where_the_file_of_a_volume_is_gone() -> None:
    """libvirt asks its pool first, which may name it still; so it deletes no record either."""
    gone = replace(inside(OF_POOL), boot_gone=frozenset({PLACE}), images={PLACE: Missing("gone")})
    plans = make_plan(CreateIntent(KEY, "n", ""), gone), make_plan(DeleteIntent(KEY, "s1"), gone)
    for plan in plans:
        assert_refused(plan, Why.VOLUME_GONE, path=PLACE)
        assert {one.code for one in plan.refusals} == {None}
    assert make_plan(DeleteIntent(KEY, "s1", metadata_only=True), gone).possible


def test_a_volume_beneath_is_asked_for_as_well() -> None:
    lower = replace(VDA, path="/img/over", volumes=(Volume("pool", "a.qcow2", PLACE),))
    found = facts(disks=config(lower), state=OFF, boot_gone=frozenset({PLACE}))
    assert_refused(make_plan(CreateIntent(KEY, "n", ""), found), Why.VOLUME_GONE, path=PLACE)


def test_where_libvirt_takes_an_external_one_it_looks_at_no_variables() -> None:
    outside = replace(VDA, snapshot=Presence.EXTERNAL)
    for disk, codes in ((outside, {None}), (VDA, {84})):
        found = facts(disks=config(disk, pflash=True), state=OFF)
        assert {one.code for one in a_create(found).refusals} == codes


def test_nothing_on_a_network_disk_is_reverted_to_while_off() -> None:
    """libvirt says so of each disk that is not local; of RAM that is loaded QEMU does."""
    far = replace(VDA, source_type="network", path=None, unknown="it is a network disk (nbd)")
    for record, code in (
        (snapshot(state="shutoff", memory=Presence.NO, config=config(far)), 55),
        (snapshot(config=config(far)), None),
    ):
        found = facts(record, disks=config(far), state=OFF)
        assert of(a_revert(found, SafetyKind.NONE), Why.INSIDE_UNKNOWN).code == code


def test_what_is_gone_is_missed_sooner_where_a_guest_is_to_run() -> None:
    """libvirt looks at the chains of all disks before it starts a QEMU to load the RAM."""
    off = snapshot(state="shutoff", memory=Presence.NO)
    for record, code in ((snapshot(), 38), (off, 1)):
        found = facts(record, state=OFF, images={PLACE: Missing("gone")})
        assert of(a_revert(found, SafetyKind.NONE), Why.IMAGE_GONE).code == code
        there = ImageInfo(PLACE, "qcow2", 1 << 30, MIB, ())
        cut = facts(record, state=OFF, images={PLACE: there}, cut_off={PLACE: "/img/base"})
        assert of(a_revert(cut, SafetyKind.NONE), Why.IMAGE_CUT_OFF).code == code


def test_what_excludes_all_disks_has_no_data() -> None:
    """Since some version libvirt takes such a snapshot while off; it takes no such record back."""
    excluded = replace(VDA, snapshot=Presence.MANUAL)
    newest = replace(HOST, libvirt=(12, 9, 0), reverts_external=True)
    for host, state, expected in (
        (HOST, OFF, (67, None)),
        (newest, OFF, (None, Harm.HOLDS_NOTHING)),
        (newest, DomainState.RUNNING, (67, None)),
    ):
        found = facts(disks=config(excluded), state=state, host=host)
        told = of(a_create(found), Why.SET_ASIDE_BY_DOMAIN)
        assert (told.code, told.harm) == expected
    parts = (SnapshotDisk("vda", Presence.MANUAL),)
    empty = snapshot(
        "s1", config=config(excluded), disks=parts, memory=Presence.NO, state="shutoff"
    )
    found = facts(empty, disks=config(excluded), state=OFF, host=newest)
    assert of(a_revert(found, SafetyKind.NONE), Why.HOLDS_NOTHING).harm is Harm.OTHER_DATA
    for intent in (EditIntent(KEY, "s1", "words"), HoldIntent(KEY, "s1", True)):
        assert of(make_plan(intent, found), Why.HOLDS_NOTHING).code == 67
    forget = make_plan(DeleteIntent(KEY, "s1", metadata_only=True), found)
    assert forget.possible
    assert forget.undo.impossible
    assert a_delete(found).possible


def test_what_is_taken_without_its_pool_is_deleted_once_that_is_active() -> None:
    """A running guest has the volume open; a delete asks the pool where the snapshot lies."""
    running = replace(OF_POOL, volume=Volume("p", "a.qcow2", NOWHERE))
    for disk, by in ((running, UndoBy.DELETE_ONCE_PLACED), (OF_POOL, UndoBy.DELETE)):
        assert a_create(facts(disks=config(disk))).undo.by is by


def test_an_overlay_is_merged_only_into_a_volume_that_the_definition_names() -> None:
    """Not into one that it names by its path, or not at all."""
    for state in (OFF, DomainState.RUNNING):
        for beneath in (None, (PLACE,)):
            plan = delete.plan(DeleteIntent(KEY, "s1"), outside(OF_POOL, state, beneath))
            assert_refused(plan, Why.VOLUME_REOPENED, path=PLACE)
            assert of(plan, Why.VOLUME_REOPENED).code == 9
    before = outside(OF_POOL, DomainState.RUNNING, ())
    running = delete.plan(DeleteIntent(KEY, "s1"), before)
    assert Why.VOLUME_REOPENED not in [one.why for one in running.refusals]
    (step,) = running.steps
    assert expected_after(step, before).status.config.disks == (OF_POOL,)


DEVICE = FileSystem(PLACE, 100 * MIB, 0, 0, "/dev/vg/a", "block device", device=True)


def test_at_the_end_of_a_device_nothing_is_deleted() -> None:
    block = replace(VDA, source_type="block")
    alone = replace(inside(block), spaces={PLACE: DEVICE})
    assert a_delete(alone).possible, "with the last one goes the table"
    full = replace(alone, images={PLACE: image(PLACE, ("1", "s1"), ("2", "other"))})
    new = replace(full.status.domain, state=DomainState.RUNNING)
    assert of(a_delete(full), Why.TABLE_DOES_NOT_FIT).harm is Harm.LEFT_INSIDE
    running = replace(full, status=replace(full.status, domain=new))
    assert of(a_delete(running), Why.TABLE_DOES_NOT_FIT).harm is Harm.LEFT_INSIDE
    jobs = replace(running, host=replace(HOST, libvirt=(11, 3, 0)))
    assert of(a_delete(jobs), Why.TABLE_DOES_NOT_FIT).code == 9
    roomy = replace(running, spaces={PLACE: replace(DEVICE, reserve=MIB)})
    assert a_delete(roomy).possible, "what is free inside of it is taken first"


def test_what_a_delete_frees_on_a_device_is_nothing_to_the_host() -> None:
    found = replace(inside(replace(VDA, source_type="block")), spaces={PLACE: DEVICE})
    counted = replace(usage(PLACE, MIB), given_back=False, entries=_entries(found))
    plan = a_delete(replace(found, counted={PLACE: counted}))
    assert plan.space.then is Then.INSIDE


def _entries(found: Facts) -> tuple[ImageSnapshot, ...]:
    head = found.images[PLACE]
    assert isinstance(head, ImageInfo)
    return head.snapshots


def test_room_that_is_not_known_of_one_disk_is_not_known() -> None:
    small = FileSystem(PLACE, 100 << 30, 50 << 30, 0, "/img")
    found = facts()
    known = replace(found, spaces={PLACE: small, "/img/b.qcow2": small})
    blind = replace(found, spaces={PLACE: small, "/img/b.qcow2": NotKnown("no answer")})
    intent = CreateIntent(KEY, "new", "")
    assert make_plan(intent, known).space.free == small.free
    assert make_plan(intent, blind).space.free is None
    one = snapshot("s1")
    asked = RevertIntent(KEY, "s1")
    for spaces, free in ((known.spaces, small.free), (blind.spaces, None)):
        plan = make_plan(asked, replace(facts(one), spaces=spaces))
        assert plan.space.free == free
        assert plan.room is not None


def test_ram_is_not_saved_unasked_where_the_room_is_not_known() -> None:
    small = FileSystem(PLACE, 100 << 30, 50 << 30, 0, "/img")
    found = facts(snapshot("s1"))
    assert a_revert(found).steps[0].kind is StepKind.CREATE
    blind = replace(found, spaces={PLACE: small, "/img/b.qcow2": NotKnown("no answer")})
    assert a_revert(blind).steps[0].kind is StepKind.POWER_OFF


def test_what_is_lost_is_not_known_beside_a_disk_that_leaves_no_trace() -> None:
    found = inside(VDA)
    beside = replace(found, status=facts(disks=config(VDA, RAW), state=OFF).status)
    counted = {PLACE: replace(usage(PLACE, MIB), entries=_entries(found))}
    assert isinstance(written(replace(beside, counted=counted)), NotKnown)
    assert written(replace(found, counted=counted)) == 5 * MIB


def written(found: Facts) -> int | NotKnown:
    lost = a_revert(found).lost
    assert isinstance(lost, WritesLost)
    return lost.written


def test_what_a_merge_needs_is_not_known_where_an_overlay_or_its_room_is_not() -> None:
    """It is not left out of the sum, which would then be nothing."""
    found = outside(VDA, DomainState.RUNNING)
    heads = {**found.layers.heads, "/img/a.s1": NotKnown("no right to read it")}
    blind = replace(found, layers=replace(found.layers, heads=heads))
    homeless = replace(found, spaces={PLACE: NotKnown("no answer")})
    for facts_ in (blind, homeless):
        plan = delete.plan(DeleteIntent(KEY, "s1"), facts_)
        assert isinstance(plan.space.needs, NotKnown)
        assert plan.type_name
    small = FileSystem(PLACE, 100 << 30, 50 << 30, 0, "/img")
    known = delete.plan(DeleteIntent(KEY, "s1"), replace(found, spaces={PLACE: small}))
    assert isinstance(known.space.needs, int)
