"""Plans where images lie upon each other: deletes of external snapshots, reverts beneath them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from snaptui.model.choices import Form, RunState, SafetyKind, Scope
from snaptui.model.disk import Presence, Volume
from snaptui.model.domain import DomainState
from snaptui.model.doubts import Doubt, Unread
from snaptui.model.files import Use, User
from snaptui.model.image import FileSystem, ImageInfo, ImageSnapshot, Missing, NotKnown
from snaptui.model.snapshot import Snapshot, SnapshotDisk
from snaptui.operations.step_calls import differences, expected_after
from snaptui.plan.change import Change, Difference
from snaptui.plan.create import create
from snaptui.plan.delete import delete
from snaptui.plan.facts import Facts
from snaptui.plan.loss import SnapshotsLost, WritesLost
from snaptui.plan.outcome import UndoBy, When, undo
from snaptui.plan.plan import CreateIntent, DeleteIntent, DeleteManyIntent, Plan, RevertIntent
from snaptui.plan.refusal import Harm, refuse
from snaptui.plan.remark import Note, Unchecked, remark
from snaptui.plan.revert import revert
from snaptui.plan.steps.domain import PowerOff, RevertTo
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.backing_chain import layers_of
from snaptui.storage.costs import frees_by_image, reclaim_of
from snaptui.storage.damage import Broken, Matter, Part
from snaptui.storage.defined_chain import Departure
from snaptui.storage.in_image import NO_RAM, without_ram
from snaptui.storage.qcow2.usage import ImageUsage, Overlap, SnapshotUsage, Usage
from tests.unit.made import (
    CDROM,
    CREATED,
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
)

MIB = 1 << 20
Heads = dict[str, ImageInfo | NotKnown]


def external(name: str, frozen: str, overlay: str, parent: str | None = None) -> Snapshot:
    """A snapshot that made vda write to ``overlay`` instead of ``frozen``."""
    return snapshot(
        name,
        parent,
        state="shutoff",
        memory=Presence.NO,
        disks=(SnapshotDisk("vda", Presence.EXTERNAL, overlay),),
        config=config(replace(VDA, path=frozen)),
    )


def internal(name: str, path: str, parent: str | None = None) -> Snapshot:
    return snapshot(
        name,
        parent,
        memory=Presence.NO,
        disks=(SnapshotDisk("vda", Presence.INTERNAL),),
        config=config(replace(VDA, path=path)),
    )


def heads(*paths: str) -> Heads:
    """Images of 10 MiB that lie upon each other, the first at the bottom."""
    made: Heads = {}
    below = None
    for path in paths:
        made[path] = replace(image(path), backing=below, backing_format="qcow2", disk_size=10 * MIB)
        below = path
    return made


def holding(path: str, *names: str) -> ImageInfo:
    inside = tuple(ImageSnapshot(str(at), one, CREATED, 0) for at, one in enumerate(names, 1))
    return replace(image(path), snapshots=inside)


def known(
    top: str, found: Mapping[str, ImageInfo | NotKnown], *all_: Snapshot, **more: Any
) -> Facts:
    """A domain that writes to ``top``; the snapshots from the oldest on."""
    here = config(replace(VDA, path=top))
    layers = layers_of(here, all_, found, keeps_memory=more.pop("keeps_memory", True))
    space = FileSystem("/", 100 << 30, more.pop("free", 50 << 30), mount="/")
    return facts(
        *all_,
        disks=here,
        external=tuple(one.name for one in all_ if one.memory_path or one.disks[0].path),
        images=MappingProxyType(dict(found)),
        layers=layers,
        spaces=dict.fromkeys(found, space),
        **more,
    )


CHAIN = (external("one", "/a", "/b"), external("two", "/b", "/c", "one"))


def a_chain(state: DomainState = DomainState.RUNNING, **more: Any) -> Facts:
    return known("/c", heads("/a", "/b", "/c"), *CHAIN, state=state, **more)


def a_delete(found: Facts, *names: str) -> Plan:
    if len(names) == 1:
        return delete.plan(DeleteIntent(KEY, names[0]), found)
    return delete.plan_many(DeleteManyIntent(KEY, names), found)


def codes(plan: Plan) -> list[int | None]:
    return [one.code for one in plan.refusals]


def test_a_merge_is_told_with_its_files() -> None:
    plan = a_delete(a_chain(), "one")
    assert plan.possible
    assert plan.notes == (
        remark(Note.MERGED, disk="vda", path="/b", lower="/a"),
        remark(Note.COPIED_RUNNING, size="10.0 MiB", time="seconds", can="cannot"),
    )
    assert isinstance(plan.lost, SnapshotsLost)
    assert plan.lost.merged
    assert (plan.space.needs, plan.space.when) == (10 * MIB, When.FIRST)
    assert isinstance(plan.space.frees, NotKnown)


def test_after_a_merge_everything_names_the_image_beneath() -> None:
    before = a_chain()
    after = expected_after(a_delete(before, "one").steps[0], before)
    assert isinstance(after, Facts)
    (left,) = after.snapshots.values()
    assert (left.name, left.parent, left.digest) == ("two", None, "")
    assert left.config is not None
    assert left.config.disks[0].path == "/a"
    assert after.layers.beneath("/c") == "/a"
    assert (after.gone, after.status.config.digest) == (frozenset({"/b"}), "")
    still = replace(after, gone=frozenset(), folders={"/": NotKnown("far away")})
    folder = {"": frozenset({"a", "b", "c"})}
    assert differences(after, still) == ()
    assert differences(after, replace(still, folders=folder)) == (
        Difference(Change.FILE_STAYS, "/b"),
    )


def test_off_any_is_merged_where_the_definition_names_its_overlay() -> None:
    """As it does where the one above was made of a running guest; libvirt looks beneath it."""
    off = a_chain(DomainState.SHUTOFF)
    volume = replace(VDA, path="/a", volume=Volume("images", "a", "/a"))
    one = replace(CHAIN[0], config=config(volume))
    for named, records, code in (
        (("/b", "/a"), CHAIN, None), (("/b",), CHAIN, None), ((), CHAIN, 8), (None, CHAIN, 8),
        (("/b",), (one, CHAIN[1]), None),
    ):  # fmt: skip
        found = known("/c", heads("/a", "/b", "/c"), *records, state=DomainState.SHUTOFF)
        now = config(replace(VDA, path="/c", beneath=named))
        found = replace(found, status=replace(off.status, config=now))
        assert codes(a_delete(found, "one")) == ([code] if code else [])


def test_off_only_the_newest_and_then_the_next() -> None:
    off = a_chain(DomainState.SHUTOFF)
    assert_refused(a_delete(off, "one"), Why.NEWEST_ONLY)
    assert codes(a_delete(off, "one")) == [8]
    assert a_delete(off, "two").possible
    both = a_delete(off, "one", "two")
    assert both.possible
    assert [step.subject for step in both.steps] == ["two", "one"]
    assert both.notes[:3] == (
        remark(Note.DELETED, names="one, two", are="are"),
        remark(Note.MERGED, disk="vda", path="/c", lower="/b"),
        remark(Note.MERGED, disk="vda", path="/b", lower="/a"),
    )
    whole = delete.plan(DeleteIntent(KEY, "one", Scope.WITH_CHILDREN), replace(off, below=("two",)))
    assert [step.subject for step in whole.steps] == ["two", "one"]
    assert whole.possible


def test_marked_ones_go_leaf_first_whatever_lies_between() -> None:
    three = external("three", "/c", "/d", "two")
    found = known("/d", heads("/a", "/b", "/c", "/d"), *CHAIN, three)
    assert [s.subject for s in a_delete(found, "one", "three").steps] == ["three", "one"]


@pytest.mark.parametrize("state", [DomainState.RUNNING, DomainState.SHUTOFF])
def test_an_internal_parent_is_in_the_way(state: DomainState) -> None:
    deep = internal("deep", "/a")
    over = external("over", "/a", "/b", "deep")
    found = {**heads("/a", "/b"), "/a": holding("/a", "deep")}
    plan = a_delete(known("/b", found, deep, over, state=state), "over")
    assert_refused(plan, Why.PARENT_INSIDE)
    first = {Way.PARENT_FIRST, Way.PARENT_FIRST_XML}
    assert (plan.refusals[0].way in first) == (state is DomainState.SHUTOFF)
    assert codes(plan) == [84]


def test_what_lies_inside_an_overlay_goes_first_or_it_stays() -> None:
    over, inside = external("over", "/a", "/b"), internal("in", "/b", "over")
    upper = replace(holding("/b", "in", "unmanaged"), backing="/a")
    found = known("/b", {**heads("/a", "/b"), "/b": upper}, over, inside)
    assert_refused(a_delete(found, "over"), Why.INSIDE_OVERLAY)
    assert_refused(a_delete(found, "over", "in"), Why.INSIDE_OVERLAY)
    upper = replace(holding("/b", "in"), backing="/a")
    found = known("/b", {**heads("/a", "/b"), "/b": upper}, over, inside)
    assert a_delete(found, "over", "in").possible


def test_what_others_lie_upon_is_not_merged() -> None:
    other = {"/x": replace(image("/x"), backing="/b")}
    found = known("/c", heads("/a", "/b", "/c") | other, *CHAIN)
    assert_refused(a_delete(found, "one"), Why.LIES_UPON_LOSES)
    assert_refused(a_delete(found, "two"), Why.LIES_UPON_SEES_OTHER)
    used = a_chain(others={"/a": (User("db", disk="vda"),)})
    assert_refused(a_delete(used, "one"), Why.USER_SEES_OTHER_DATA)
    assert a_delete(used, "two").possible
    unsure = a_delete(a_chain(doubts=(Doubt(Unread.POOL, "p", "it is not active"),)), "two")
    assert unsure.type_name
    assert unsure.unchecked == (
        remark(Unchecked.OTHERS_USE, reason="the pool p: it is not active"),
    )


def test_what_is_not_in_use_or_gone_is_not_merged() -> None:
    branch = external("branch", "/b", "/x", "one")
    side = {"/x": replace(image("/x"), backing="/b")}
    found = known("/c", heads("/a", "/b", "/c") | side, *CHAIN, branch)
    plan = a_delete(found, "branch")
    assert_refused(plan, Why.NOT_USED_NOW)
    assert codes(plan) == [8]
    gone = known("/c", {**heads("/a", "/b", "/c"), "/a": Missing("/a: gone")}, *CHAIN)
    assert_refused(a_delete(gone, "two"), Why.CHAIN_CUT_OFF)
    unread = known("/c", {**heads("/a", "/b", "/c"), "/a": NotKnown("no permission")}, *CHAIN)
    plan = a_delete(unread, "two")
    assert plan.unchecked == (remark(Unchecked.BENEATH, disk="vda", reason="no permission"),)
    assert plan.type_name


def test_other_reasons_not_to_merge() -> None:
    busy = a_chain()
    busy = replace(busy, status=replace(busy.status, block_jobs=("vda",)))
    assert_refused(a_delete(busy, "two"), Why.BLOCK_JOB)
    old = replace(a_chain(), host=replace(HOST, libvirt=(8, 10, 0)))
    assert_refused(a_delete(old, "two"), Why.NO_EXTERNAL_DELETE)
    half = a_chain()
    marked = replace(CHAIN[0], delete_in_progress=True)
    half = replace(half, snapshots={**half.snapshots, "one": marked})
    assert_refused(a_delete(half, "one"), Why.UNFINISHED)
    assert codes(a_delete(half, "one")) == [55]
    assert a_delete(half, "one", "two").possible
    after = expected_after(a_delete(half, "two").steps[0], half)
    assert isinstance(after, Facts)
    assert not after.snapshots["one"].delete_in_progress


def test_ram_that_stays_is_named() -> None:
    ram = replace(external("one", "/a", "/b"), memory=Presence.EXTERNAL, memory_path="/m")
    plan = a_delete(known("/b", heads("/a", "/b"), ram), "one")
    assert_said(plan.warnings, Warn.RAM_STAYS, path="/m")
    plan = a_delete(known("/b", heads("/a", "/b"), ram, keeps_memory=False), "one")
    assert_said(plan.notes, Note.RAM_REMOVED, path="/m")


# -- space -------------------------------------------------------------------------------------


def usage(path: str, lower: str, only_upper: int, *deeper: tuple[int, int]) -> ImageUsage:
    inside = Usage(65536, MIB, MIB, 0, 0, 0, (), {})
    overlap = Overlap(lower, False, 10 * MIB - only_upper, only_upper, 0, 0, deeper)
    return ImageUsage(path, (), inside, MIB, 10 * MIB, 10 * MIB, False, 7.0, lower, overlap)


COUNTED = {"/b": usage("/b", "/a", 4 * MIB), "/c": usage("/c", "/b", 8 * MIB)}


def test_a_merge_without_room_is_refused_or_not_checked() -> None:
    assert a_delete(a_chain(counted=COUNTED, free=10 * MIB), "two").possible
    tight = a_delete(a_chain(counted=COUNTED, free=8 * MIB), "two")
    assert_refused(tight, Why.MERGE_DOES_NOT_FIT)
    unsure = a_delete(a_chain(free=8 * MIB), "two")
    assert unsure.possible
    assert unsure.type_name
    needs, why = "up to 10.0 MiB", Why.MERGE_DOES_NOT_FIT
    lacks = refuse(why, path="/b", needs=needs, free="8.0 MiB")
    assert_said(unsure.unchecked, Unchecked.MERGE_FITS, fact=lacks.fact)


def test_several_merges_need_what_they_carry_on() -> None:
    """The upper one gives back its 10 MiB before the lower one needs 8 + 4."""
    plan = a_delete(a_chain(counted=COUNTED, free=12 * MIB), "one", "two")
    assert plan.possible
    assert (plan.space.needs, plan.space.when) == (10 * MIB, When.FIRST)
    tight = a_delete(a_chain(counted=COUNTED, free=10 * MIB), "one", "two")
    assert_refused(tight, Why.MERGE_DOES_NOT_FIT)
    assert tight.refusals[-1].way is Way.ROOM_OR_ONE


def test_what_is_merged_apart_adds_up() -> None:
    three = external("three", "/c", "/d", "two")
    found = known("/d", heads("/a", "/b", "/c", "/d"), *CHAIN, three)
    counted = {**COUNTED, "/d": usage("/d", "/c", 3 * MIB)}
    assert reclaim_of([CHAIN[0], three], counted, found.layers) == 13 * MIB
    assert "/c could not be compared with /a" in str(reclaim_of(CHAIN, counted, found.layers))


def test_what_is_merged_on_takes_what_its_end_has_no_space_for() -> None:
    """/d and /c end in /b, which grows by what it has of neither; and all of them in /a."""
    three = external("three", "/c", "/d", "two")
    all_of_them = (*CHAIN, three)
    found = known("/d", heads("/a", "/b", "/c", "/d"), *all_of_them)
    counted = {
        "/b": usage("/b", "/a", 4 * MIB),
        "/c": usage("/c", "/b", 8 * MIB, (5 * MIB, MIB)),
        "/d": usage("/d", "/c", 3 * MIB, (2 * MIB, MIB), (MIB, MIB)),
    }
    # the disk writes to /d: zeros are merged as zeros
    two = {"/b": -(8 + 2) * MIB, "/c": 10 * MIB, "/d": 10 * MIB}
    assert frees_by_image(all_of_them[1:], counted, found.layers) == two
    three_ = {"/a": -(4 + 5 + 1) * MIB, "/b": 10 * MIB, "/c": 10 * MIB, "/d": 10 * MIB}
    assert frees_by_image(all_of_them, counted, found.layers) == three_
    # beneath it they are merged as data
    lower = {"/a": -(4 + 5 + 1) * MIB, "/b": 10 * MIB, "/c": 10 * MIB}
    assert frees_by_image(CHAIN, counted, found.layers) == lower
    entry = ImageSnapshot("1", "in", CREATED, 0)
    share = SnapshotUsage(MIB, MIB, MIB, MIB)
    base = usage("/a", "", 0)
    base = replace(base, entries=(entry,), usage=replace(base.usage, snapshots=(share,)))
    both = frees_by_image((internal("in", "/a"), CHAIN[0]), {**counted, "/a": base}, found.layers)
    assert both == NotKnown("snapshots inside of /a are deleted, and it is merged")


# -- beneath overlays --------------------------------------------------------------------------

DEEP, OVER, IN = internal("deep", "/a"), external("over", "/a", "/b", "deep"), internal("in", "/b")


def beneath(state: DomainState = DomainState.SHUTOFF, **more: Any) -> Facts:
    found: Heads = {
        "/a": holding("/a", "deep"),
        "/b": replace(holding("/b", "in"), backing="/a", backing_format="qcow2"),
    }
    return known("/b", found, DEEP, OVER, IN, state=state, **more)


def a_revert(found: Facts, name: str, safety: SafetyKind | None = None) -> Plan:
    return revert.plan(RevertIntent(KEY, name, safety=safety), found)


def test_a_revert_beneath_names_what_it_spoils_and_wants_the_name_typed() -> None:
    plan = a_revert(beneath(), "deep")
    assert plan.possible
    assert plan.type_name
    assert plan.undo == undo(UndoBy.NO_WRITTEN_OVER, path="/a")
    assert isinstance(plan.lost, WritesLost)
    assert plan.lost.whole
    assert [step.words for step in plan.steps] == ["revert to deep"]
    first, *others = plan.warnings
    assert first == remark(Warn.COPY_NOW_FIRST, files="/b", names="over", domain="web")
    assert {(one.what, dict(one.names)["name"]) for one in others} == {
        (Warn.UNUSABLE, "over"),
        (Warn.UNUSABLE_INSIDE, "in"),
    }
    more = replace(holding("/b", "in", "by hand"), backing="/a", backing_format="qcow2")
    found = beneath()
    found = replace(found, images={**found.images, "/b": more})
    told = a_revert(found, "deep").warnings
    assert_said(told, Warn.UNUSABLE_UNMANAGED, name="by hand", path="/b")
    assert_refused(a_revert(beneath(), "deep", SafetyKind.DISKS), Why.NO_SAFETY_BENEATH, disk="vda")
    used = a_revert(beneath(others={"/a": (User("db", disk="vda"),)}), "deep")
    assert_refused(used, Why.USER_SEES_OTHER_DATA, user="disk vda of db")


def test_a_revert_of_an_image_of_now_names_what_lies_unmanaged_above_it() -> None:
    """The domain went back to it: what lies in the overlay that it left may be whole."""
    upper = replace(holding("/b", "by hand"), backing="/a", backing_format="qcow2")
    found = known("/a", {"/a": holding("/a", "deep"), "/b": upper}, DEEP, OVER)
    told = a_revert(found, "deep").warnings
    assert_said(told, Warn.UNUSABLE_UNMANAGED, name="by hand", path="/b")
    # metadata that name another place for one of that name do not make this one whole
    known_elsewhere = replace(internal("by hand", "/away"), parent="over")
    found = known("/a", {"/a": holding("/a", "deep"), "/b": upper}, DEEP, OVER, known_elsewhere)
    told = a_revert(found, "deep").warnings
    assert_said(told, Warn.UNUSABLE_UNMANAGED, name="by hand", path="/b")


def test_a_revert_beneath_names_what_somebody_moved_above_it() -> None:
    """Its overlay was renamed: the metadata of both name a file that is not there."""
    upper = replace(holding("/m", "in"), backing="/a", backing_format="qcow2")
    images: Heads = {"/a": holding("/a", "deep"), "/m": upper, "/b": Missing("/b: gone")}
    found = known("/m", images, DEEP, OVER, IN)
    assert found.layers.broken["in"].matter is Matter.MOVED
    told = a_revert(found, "deep").warnings
    assert_said(told, Warn.UNUSABLE_FROZEN, name="over", files="/a")
    assert_said(told, Warn.UNUSABLE_INSIDE, name="in")
    broken = {"in": found.layers.broken["in"]}  # newer ones look for the overlay in the chain
    newer = replace(found, layers=replace(found.layers, broken=MappingProxyType(broken)))
    assert_said(a_revert(newer, "deep").warnings, Warn.UNUSABLE, name="over", files="/m")


def test_a_revert_that_would_fail_on_a_faulty_image_is_refused() -> None:
    found = beneath()
    faulty = replace(holding("/a", "deep"), faults=("it is marked corrupt",))
    assert_refused(
        a_revert(replace(found, images={**found.images, "/a": faulty}), "deep"), Why.IMAGE_FAULTY
    )


def test_what_a_revert_beneath_spoilt_is_broken_and_only_its_metadata_can_go() -> None:
    images = beneath().images
    after = known("/a", images, DEEP, OVER, IN)
    assert set(after.layers.broken) == {"over", "in"}
    assert after.layers.broken["over"] == Broken(
        Matter.NOT_KNOWN, Part.OVERLAY, "vda", "/b", "/a", ("/b",)
    )
    plan = a_delete(after, "over")
    assert_refused(plan, Why.BROKEN)
    assert codes(plan) == [8]
    cut = known("/a", images, DEEP, OVER, IN, state=DomainState.SHUTOFF)
    cut = replace(cut, cut_off=MappingProxyType({"/a": "/gone"}))
    assert 8 in codes(a_delete(cut, "over")), "libvirt 9.0 looks at no file before"
    assert delete.plan(DeleteIntent(KEY, "over", metadata_only=True), after).possible
    assert_refused(a_revert(after, "in"), Why.BROKEN)
    assert_refused(a_delete(after, "in"), Why.ONLY_WHILE_OFF)
    off = known("/a", images, DEEP, OVER, IN, state=DomainState.SHUTOFF)
    assert a_delete(off, "in").possible
    gone = known("/b", {**heads("/a"), "/b": Missing("/b: gone")}, OVER)
    assert gone.layers.broken == {"over": Broken(Matter.GONE, Part.OVERLAY, "vda", "/b")}


def test_beneath_an_overlay_an_internal_one_goes_only_while_the_domain_is_off() -> None:
    plan = a_delete(beneath(DomainState.RUNNING), "deep")
    assert_refused(plan, Why.ONLY_WHILE_OFF)
    assert codes(plan) == [84]
    before = beneath()
    plan = a_delete(before, "deep")
    assert plan.possible
    after = expected_after(plan.steps[0], before)
    assert isinstance(after, Facts)
    assert after.entries("/a") == frozenset()
    assert after.entries("/b") == frozenset({("1", "in")})


def test_a_revert_to_an_external_snapshot_is_told_by_hand() -> None:
    plan = a_revert(a_chain(), "two")
    assert_refused(plan, Why.NO_EXTERNAL_REVERT)
    assert codes(plan) == [67]
    between = replace(a_chain(), host=replace(HOST, libvirt=(10, 0, 0), reverts_external=True))
    assert_refused(a_revert(between, "two"), Why.NO_EXTERNAL_REVERT)


def test_a_base_that_is_declared_raw_and_is_qcow2_is_not_merged_into() -> None:
    found = heads("/a", "/b")
    lower = ImageInfo("/a", "raw", 1 << 30, 1 << 20, (), holds_qcow2=True)
    over = external("over", "/a", "/b", None)
    plan = a_delete(known("/b", {**found, "/a": lower}, over), "over")
    assert_refused(plan, Why.DECLARED_RAW, path="/a", disk="vda")


def test_a_file_with_ram_that_is_gone_does_not_stay() -> None:
    over = external("over", "/a", "/b", None)
    over = replace(over, memory=Presence.EXTERNAL, memory_path="/m", state="running")
    found = {**heads("/a", "/b"), "/m": Missing("/m: No such file or directory.")}
    plan = a_delete(known("/b", found, over, state=DomainState.RUNNING), "over")
    assert plan.possible, plan.refusals
    assert_said(plan.notes, Note.RAM_GONE, path="/m")
    assert without_ram([over], found) == {"over": NO_RAM}
    assert without_ram([over], {**found, "/m": ImageInfo("/m", "raw", 1, 1, ())}) == {}


def test_a_copy_that_waits_names_how_it_is_ended() -> None:
    busy = a_chain()
    status = replace(busy.status, block_jobs=("vda", "vdb"), ready_jobs=("vdb",))
    plan = a_delete(replace(busy, status=status), "two")
    line = f"virsh blockjob --domain={busy.name} --path=vdb --pivot"
    assert_refused(plan, Why.BLOCK_JOB_WAITS, disks="vdb", line=line)
    assert plan.refusals[0].way is Way.PIVOT


def test_what_a_dead_daemon_left_is_not_to_be_pivoted() -> None:
    busy = a_chain(state=DomainState.PAUSED)
    status = replace(busy.status, block_jobs=("vda",), ready_jobs=("vda",))
    plan = a_delete(replace(busy, status=status), "two")
    assert_refused(plan, Why.BLOCK_JOB, disks="vda")
    assert plan.refusals[0].way is Way.END_JOB_OR_HELPER


def test_an_overlay_of_its_own_is_nobody_elses_whoever_names_it() -> None:
    """What lies upon an image is told with who names it; known is the image by itself."""
    found = a_chain()
    upper = User("/b", use=Use.BENEATH, tops=(User("web", snapshot="two", disk="vda"),))
    after = replace(found, others=MappingProxyType({"/a": (upper,)}))
    assert differences(found, after) == ()
    other = replace(upper, name="/of-others")
    seen = differences(found, replace(found, others=MappingProxyType({"/a": (other,)})))
    assert [one.change for one in seen] == [Change.USER]


def test_a_user_that_nobody_names_any_more_is_one_of_before() -> None:
    """A revert takes the overlays of the one before out of its metadata; they stay as they are."""
    named = User("web", snapshot="two", disk="vda")
    upper = User("/of-others", use=Use.BENEATH, tops=(named,))
    before = replace(a_chain(), others=MappingProxyType({"/a": (upper,)}))
    less = replace(before, others=MappingProxyType({"/a": (replace(upper, tops=()),)}))
    assert differences(before, less) == ()
    assert [one.change for one in differences(less, before)] == [Change.USER]


def test_a_disk_of_an_external_one_that_is_gone_is_all_that_libvirt_looks_at() -> None:
    plan = a_delete(replace(a_chain(), status=replace(a_chain().status, config=config(VDB))), "two")
    assert [(one.why, one.code) for one in plan.refusals] == [(Why.DETACHED_NOT_YET, 8)]


def test_which_error_a_merge_meets_is_not_known_where_the_definition_lists_another_chain() -> None:
    images = {**heads("/a", "/b", "/c"), "/a": Missing("/a: gone")}
    cut = known("/c", images, *CHAIN, state=DomainState.SHUTOFF)
    listed = replace(cut, departures=(Departure("vda", "/c", "/b", gone=False),))
    assert codes(a_delete(cut, "two")) == [38]
    assert codes(a_delete(listed, "two")) == [None]


def test_a_part_before_one_that_is_gone_may_fail_first() -> None:
    """libvirt takes part after part; with which error is not known."""
    both = (
        SnapshotDisk("vda", Presence.EXTERNAL, "/b"),
        SnapshotDisk("vdb", Presence.EXTERNAL, "/y"),
    )
    then = config(replace(VDA, path="/a"), replace(VDB, path="/x"))
    two = replace(external("one", "/a", "/b"), disks=both, config=then)
    alone = known("/b", {**heads("/a"), **heads("/b"), **heads("/x", "/y")}, two)
    plan = a_delete(alone, "one")
    assert {one.why: one.code for one in plan.refusals} == {
        Why.STANDS_ALONE: None,
        Why.DETACHED_NOT_YET: None,
    }


def test_what_leaves_a_disk_out_does_not_part_its_overlay_from_an_internal_one() -> None:
    """The next above an overlay is what holds something of its disk."""
    one = replace(
        external("one", "/a", "/b", "in"), disks=(SnapshotDisk("vdb", Presence.EXTERNAL),)
    )
    two = external("two", "/a", "/b", "one")
    found = known("/b", heads("/a", "/b"), internal("in", "/a"), one, two)
    plan = a_delete(found, "two")
    assert (Why.PARENT_INSIDE, 84) in {(each.why, each.code) for each in plan.refusals}


def test_a_transient_domain_is_reverted_to_nothing_without_ram() -> None:
    """libvirt looks at that first, and says 55 whatever else there is."""
    plan = revert.plan(RevertIntent(KEY, "two"), a_chain(persistent=False))
    assert {one.code for one in plan.refusals if one.code is not None} == {55}


def test_a_transient_domain_that_is_powered_off_first_is_gone_before_anything_else() -> None:
    """libvirt does not find it any more, whatever it would refuse or break of it."""
    block = replace(VDB, source_type="block", path="/dev/x")
    two = replace(external("two", "/b", "/c", "one"), config=config(replace(VDA, path="/b"), block))
    host = replace(HOST, libvirt=(11, 3, 0), reverts_external=True)
    for persistent, codes in ((True, {84}), (False, {42})):
        found = known("/c", heads("/a", "/b", "/c"), CHAIN[0], two, persistent=persistent)
        intent = RevertIntent(KEY, "two", RunState.RUNNING, SafetyKind.DISKS)
        plan = revert.plan(intent, replace(found, host=host))
        assert isinstance(plan.steps[0], PowerOff)
        assert {one.code for one in plan.refusals if one.code is not None} == codes
        assert {one.harm for one in plan.refusals} == {None}


def test_who_lies_upon_an_overlay_of_its_own_is_harmed_by_a_revert_beneath_it() -> None:
    found = known("/b", heads("/a", "/b"), internal("in", "/a"), state=DomainState.SHUTOFF)
    lent = User("/lent", use=Use.BENEATH)
    plan = a_revert(replace(found, others=MappingProxyType({"/b": (lent,)})), "in")
    assert_refused(plan, Why.USER_SEES_OTHER_DATA, path="/b", user=lent.words)


def test_a_detached_disk_counts_before_a_parent_only_in_the_order_of_the_parts() -> None:
    parts = (SnapshotDisk("vda", Presence.EXTERNAL, "/b"), SnapshotDisk("vdb", Presence.EXTERNAL))
    one = replace(external("one", "/a", "/b", "in"), disks=parts)
    found = known("/b", heads("/a", "/b"), internal("in", "/a"), one)
    assert {why.code for why in a_delete(found, "one").refusals if why.code} == {84}
    turned = replace(one, disks=parts[::-1])
    found = known("/b", heads("/a", "/b"), internal("in", "/a"), turned)
    assert {why.code for why in a_delete(found, "one").refusals if why.code} == {8}


def test_a_merge_while_off_opens_all_disks() -> None:
    """Also those that it does not merge, and a drive that nobody writes to."""
    found = a_chain(state=DomainState.SHUTOFF)
    now = config(replace(VDA, path="/c"), VDB, replace(CDROM, path="/cd.iso"))
    found = replace(found, status=replace(found.status, config=now))
    assert a_delete(found, "two").possible
    drive = replace(found, boot_gone=frozenset({"/cd.iso"}))
    other = replace(found, images={**found.images, "/img/b.qcow2": Missing("gone")})
    for one, why in ((drive, Why.BOOT_FILE_GONE), (other, Why.IMAGE_GONE)):
        assert [(each.why, each.code) for each in a_delete(one, "two").refusals] == [(why, 38)]
        part = SnapshotDisk("vdb", Presence.NO)
        plan = create.plan(CreateIntent(KEY, "new", "", Form.DISK_ONLY, (part,)), one)
        assert plan.possible
        assert plan.undo.by is UndoBy.MERGE_ONCE_OPENED
        for halt in (False, True):  # a create that leaves it off
            intent = CreateIntent(KEY, "new", "", Form.EXTERNAL, (part,), halt=halt)
            running = replace(one.status.domain, state=DomainState.RUNNING)
            active = replace(
                one,
                status=replace(one.status, domain=running),
                boot_gone=one.boot_gone if halt else frozenset(),
            )
            gone = halt or one is other  # of a guest that runs its image alone is open still
            by = UndoBy.MERGE_ONCE_OPENED if gone else UndoBy.MERGE
            assert create.plan(intent, active).undo.by is by


def test_a_merge_makes_the_records_anew_that_name_its_overlay_beneath() -> None:
    """libvirt writes into them what lies beneath now, also where it is no overlay of theirs."""
    two = replace(CHAIN[1], digest="before")
    for beneath, digest in ((("/b", "/a"), ""), (None, "before")):
        upon = config(replace(VDA, path="/c", beneath=beneath))
        inside = replace(internal("in", "/c", "two"), config=upon, digest="before")
        found = known("/c", heads("/a", "/b", "/c"), CHAIN[0], two, inside)
        found = replace(found, host=replace(HOST, libvirt=(11, 3, 0), reverts_external=True))
        after = expected_after(a_delete(found, "one").steps[0], found)
        assert isinstance(after, Facts)
        assert after.snapshots["in"].digest == digest


def test_what_a_backup_holds_is_waited_for_and_a_revert_is_refused_at_once() -> None:
    found = a_chain()
    busy = replace(found, status=replace(found.status, block_jobs=("vda",)))
    assert {one.code for one in a_delete(busy, "two").refusals} == {84, None}
    assert 55 in {one.code for one in a_revert(busy, "two").refusals}
    backup = replace(busy, status=replace(busy.status, backup=("vda",)))
    assert {one.code for one in a_delete(backup, "two").refusals} == {68}


def test_no_error_of_a_revert_is_foretold_where_a_job_forbids_its_safety_snapshot() -> None:
    """Its create fails beside the job, with an error of its own; what comes later never does."""
    without = replace(internal("a", "/a"), config=None)
    found = known("/a", heads("/a"), without, state=DomainState.RUNNING)
    busy = replace(found, status=replace(found.status, block_jobs=("vda",)))
    for one, safety, codes in (
        (found, SafetyKind.DISKS_AND_RAM, {77}),
        (busy, SafetyKind.DISKS_AND_RAM, set()),
        (busy, SafetyKind.NONE, {55, 77}),
    ):
        plan = a_revert(one, "a", safety)
        assert isinstance(plan.steps[0], RevertTo) == (safety is SafetyKind.NONE)
        assert {why.code for why in plan.refusals if why.code is not None} == codes


def test_a_backup_does_not_forbid_what_powers_its_guest_off_first() -> None:
    """It would end with its QEMU: refused all the same, but not by libvirt."""
    host = replace(HOST, libvirt=(11, 3, 0), reverts_external=True)
    found = replace(a_chain(), host=host)
    found = replace(found, status=replace(found.status, backup=("vda",)))
    for safety, first, code, harm in (
        (SafetyKind.NONE, RevertTo, 55, None), (SafetyKind.DISKS, PowerOff, None, Harm.JOB_ENDED),
    ):  # fmt: skip
        plan = a_revert(found, "two", safety)
        assert isinstance(plan.steps[0], first)
        (why,) = (one for one in plan.refusals if one.why is Why.BACKUP)
        assert (why.code, why.harm) == (code, harm)
        transient = replace(found, status=replace(found.status, persistent=False))
        ends = [one for one in a_revert(transient, "two", safety).refusals if one.code == 55]
        assert bool(ends) == (code == 55)


def test_nothing_is_merged_above_an_image_that_another_qemu_writes_to() -> None:
    """The QEMU that libvirt starts for it opens all of the chain."""
    images = heads("/a", "/b", "/c", "/d")
    first = images["/a"]
    assert isinstance(first, ImageInfo)
    images["/a"] = replace(first, in_writing=True)
    found = known("/d", images, external("two", "/c", "/d"), state=DomainState.SHUTOFF)
    assert_refused(a_delete(found, "two"), Why.IMAGE_OPEN, path="/a")


def test_what_lost_its_overlay_alone_still_loses_its_data_to_a_revert_beneath_it() -> None:
    """The image that it froze is whole; the overlay may be somewhere else by now."""
    images = {**heads("/a", "/m"), "/b": Missing("/b: gone")}
    found = known("/m", images, internal("in", "/a"), external("ex", "/a", "/b", "in"))
    for part, named in ((Part.OVERLAY, True), (Part.FROZEN, False)):
        broken = {"ex": Broken(Matter.GONE, part, "vda", "/b")}
        layers = replace(found.layers, broken=MappingProxyType(broken))
        plan = a_revert(replace(found, layers=layers), "in")
        told = [dict(one.names) for one in plan.warnings if one.what is Warn.UNUSABLE_FROZEN]
        assert told == ([{"name": "ex", "files": "/a"}] if named else [])
        assert Warn.UNUSABLE not in {one.what for one in plan.warnings}


def test_what_may_be_whole_still_is_named_by_a_revert_beneath_it() -> None:
    """Of a broken one too, of which nothing tells that it has lost something already."""
    found = known("/b", heads("/a", "/b"), internal("in", "/a"), external("ex", "/a", "/b", "in"))
    for matter, named in ((Matter.NOT_KNOWN, True), (Matter.WRITTEN, False)):
        broken = {"ex": Broken(matter, Part.FROZEN, "vda", "/a", upon="/a")}
        layers = replace(found.layers, broken=MappingProxyType(broken))
        plan = a_revert(replace(found, layers=layers), "in")
        told = [dict(one.names) for one in plan.warnings if one.what is Warn.UNUSABLE]
        assert ("ex" in [names["name"] for names in told]) is named
        assert Warn.KEEP_NOW_FIRST not in {one.what for one in plan.warnings}


def test_an_overlay_that_no_snapshot_made_is_named_by_a_revert_beneath_it() -> None:
    """It holds what the disk writes now, and lies upon what is overwritten."""
    heads: Heads = {
        "/a": holding("/a", "deep"),
        "/hand": replace(image("/hand"), backing="/a", backing_format="qcow2"),
    }
    plan = a_revert(known("/hand", heads, DEEP), "deep")
    assert_said(plan.warnings, Warn.UNUSABLE_OVERLAY, path="/hand")
    assert Warn.UNUSABLE_OVERLAY not in {one.what for one in a_revert(beneath(), "deep").warnings}


def test_beside_a_part_that_is_in_no_file_no_error_is_foretold() -> None:
    """libvirt does not find it, or not what QEMU would meet: which comes first is not known."""
    one = replace(external("one", "/a", "/b"), config=config(replace(VDA, path=None)))
    off = known("/b", heads("/a", "/b"), one, state=DomainState.SHUTOFF)
    plan = a_delete(replace(off, boot_gone=frozenset({"/code"})), "one")
    assert_refused(plan, Why.IN_NO_FILE, disk="vda")
    assert_refused(plan, Why.BOOT_FILE_GONE, path="/code")
    assert codes(plan) == [None, None]
