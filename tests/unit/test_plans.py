"""Plans: what is refused, what is warned of, and the exact lines and steps of the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snaptui.config import SNAPSHOT_NAME
from snaptui.model.choices import RunState, SafetyKind, Scope
from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainState
from snaptui.model.files import Inode
from snaptui.model.image import FileSystem, ImageInfo, ImageSnapshot, NotKnown
from snaptui.model.snapshot import Snapshot, SnapshotDisk
from snaptui.model.snapshot_request import suggested_name
from snaptui.operations.step_calls import expected_after
from snaptui.plan.change import Change, Difference
from snaptui.plan.checks import image_checks, name_checks
from snaptui.plan.checks.free_space import entry_warnings
from snaptui.plan.create import create
from snaptui.plan.delete import delete
from snaptui.plan.differences import differences
from snaptui.plan.facts import Facts
from snaptui.plan.loss import SnapshotsLost, WritesLost
from snaptui.plan.metadata import edit
from snaptui.plan.outcome import End, UndoBy
from snaptui.plan.plan import (
    CreateIntent,
    DeleteIntent,
    DeleteManyIntent,
    EditIntent,
    Plan,
    RevertIntent,
)
from snaptui.plan.refusal import Harm, refuse
from snaptui.plan.remark import Unchecked, remark
from snaptui.plan.revert import revert
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from snaptui.storage.damage import Broken, Matter, Part
from tests.unit.made import (
    CDROM,
    HOST,
    KEY,
    RAW,
    STRANGE,
    VDA,
    VDB,
    assert_refused,
    assert_said,
    config,
    facts,
    image,
    said,
    snapshot,
    with_image,
    words,
)


def a_create(found: Facts, name: str = "new", description: str = "") -> Plan:
    return create.plan(CreateIntent(KEY, name, description), found)


def a_revert(found: Facts, name: str = "s1", state: RunState = RunState.RECORDED) -> Plan:
    return revert.plan(RevertIntent(KEY, name, state, SafetyKind.NONE), found)


def a_delete(found: Facts, name: str = "s1", *, children: bool = False) -> Plan:
    scope = Scope.WITH_CHILDREN if children else Scope.THIS
    return delete.plan(DeleteIntent(KEY, name, scope), found)


# Create


def test_a_create_holds_all_disks_and_memory_and_can_be_undone() -> None:
    plan = a_create(facts(), "before", "kernel\nupgrade")
    assert plan.possible
    assert [step.words for step in plan.steps] == ["take the snapshot before"]
    assert len(plan.lines) == 1
    assert words(plan.lines[0]) == [
        *("virsh", "-c", "qemu:///system", "snapshot-create-as", "--domain=web"),
        *("--name=before", "--description=kernel\nupgrade"),
    ]
    assert plan.after.end is End.TAKEN_RUNNING
    assert "up to 1.0 GiB of RAM" in str(dict(plan.after.names)["saved"])
    assert plan.space.words == "needs up to 1.0 GiB now, free 50.0 GiB of 100.0 GiB"
    assert (plan.warnings, plan.unchecked, plan.type_name) == ((), (), False)
    assert a_create(facts(state=DomainState.SHUTOFF)).space.needs == 0


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", Why.NAME_EMPTY),
        ("a/b", Why.NAME_SPELLING),
        (".hidden", Why.NAME_SPELLING),
        ("123", Why.NAME_DIGITS),
        ("٣", Why.NAME_DIGITS),
        ("a\nb", Why.NAME_INVISIBLE),
        ("a\u202eb", Why.NAME_INVISIBLE),
        ("x" * 248, Why.NAME_LONG),
        ("é" * 124, Why.NAME_LONG),
        ("s1", Why.NAME_TAKEN),
        ("only-in-b", Why.NAME_INSIDE),
    ],
)
def test_a_create_refuses_the_name(name: str, why: Why) -> None:
    found = with_image(
        facts(snapshot()), "/img/b.qcow2", image("/img/b.qcow2", ("1", "s1"), ("2", "only-in-b"))
    )
    assert_refused(a_create(found, name), why)


@pytest.mark.parametrize("name", [*STRANGE, "x" * 247, "é" * 123, "1a", "a.", "s11"])
def test_a_create_accepts_the_name_and_passes_it_on_exactly(name: str) -> None:
    plan = a_create(facts(snapshot(), state=DomainState.SHUTOFF), name, f" {name} ")
    assert plan.possible, plan.refusals
    assert words(plan.lines[0])[5:] == [f"--name={name}", f"--description= {name} "]


PREVENTED: list[tuple[Facts, tuple[Why, ...]]] = [
    (facts(snapshot(), persistent=False), (Why.TRANSIENT, Why.TRANSIENT_NOT_YET)),
    (facts(snapshot(), busy=True), (Why.BUSY,)),
    (facts(snapshot(), state=DomainState.SHUTDOWN), (Why.ENDING,)),
]


@pytest.mark.parametrize(("found", "why"), PREVENTED)
@pytest.mark.parametrize("make", [a_create, a_revert, a_delete])
def test_no_plan_for_a_domain_that_cannot_be_changed(
    make: Callable[[Facts], Plan], found: Facts, why: tuple[Why, ...]
) -> None:
    assert_refused(make(found), *why)
    assert make(replace(found, status=facts().status)).possible


def test_a_guest_that_hangs_is_powered_off_before_any_revert() -> None:
    found = facts(snapshot())
    hung = replace(found, status=replace(found.status, hung=True))
    plan = a_revert(hung)
    assert plan.possible
    assert [step.words for step in plan.steps] == ["power off", "revert to s1"]
    assert [step.words for step in a_revert(found).steps] == ["revert to s1"]


def test_a_managed_save_forbids_a_revert_and_is_not_part_of_a_create() -> None:
    saved = facts(snapshot(), managed_save=True)
    assert_refused(a_revert(saved), Why.SAVE_OF_OTHER_DISKS)
    plan = a_create(saved)
    assert plan.possible
    assert_said(plan.warnings, Warn.SAVE_NOT_KEPT, domain="web")


def test_of_a_suspended_guest_nothing_can_be_taken_but_it_can_be_reverted() -> None:
    found = facts(snapshot(), state=DomainState.PMSUSPENDED)
    assert_refused(a_create(found), Why.SUSPENDED)
    plan = revert.plan(RevertIntent(KEY, "s1"), found)
    assert plan.possible
    assert plan.undo.by is UndoBy.DISKS_POWERED_OFF
    with_ram = revert.plan(RevertIntent(KEY, "s1", safety=SafetyKind.DISKS_AND_RAM), found)
    assert_refused(with_ram, Why.RAM_NOT_SAVED_SUSPENDED)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (facts(disks=config(VDA, RAW)), Why.NOT_QCOW2),
        (facts(disks=config(replace(VDA, format=""))), Why.NOT_QCOW2),
        (facts(disks=config(replace(VDA, source_type="network"))), Why.NOT_A_FILE),
        (facts(disks=config(replace(VDA, snapshot=Presence.NO))), Why.SET_ASIDE_BY_DOMAIN),
        (facts(disks=config(CDROM)), Why.NO_DISK),
        (facts(disks=config(pflash=True)), Why.VARIABLES_IN_PFLASH),
        (facts(disks=config(passthrough=("pci",))), Why.HOST_DEVICES),
        (
            with_image(facts(), "/img/a.qcow2", replace(image("/img/a.qcow2"), format="raw")),
            Why.HOLDS_ANOTHER,
        ),
    ],
)
def test_a_create_refuses_what_libvirt_could_not_undo(found: Facts, why: Why) -> None:
    assert_refused(a_create(found), why)


@pytest.mark.parametrize(
    ("disk", "code"),
    [
        (replace(VDA, snapshot=Presence.NO), 67),
        (replace(VDA, snapshot=Presence.NO, source_type="network"), 67),
        (replace(VDA, source_type="network"), 1),
        (RAW, 67),
    ],
)
def test_what_fails_in_qemu_img_has_another_code_than_what_libvirt_sees(
    disk: Disk, code: int
) -> None:
    off = a_create(facts(disks=config(disk), state=DomainState.SHUTOFF)).refusals[0]
    on = a_create(facts(disks=config(disk))).refusals[0]
    assert [off.code, on.code] == [code, 67]


def test_a_create_lets_read_only_media_and_stopped_passthrough_be() -> None:
    stopped = facts(disks=config(VDA, CDROM, passthrough=("usb",)), state=DomainState.SHUTOFF)
    assert a_create(stopped).possible


def test_of_a_domain_that_is_off_a_create_warns_when_tables_may_not_fit() -> None:
    """While it runs its RAM comes first, and a create that fails leaves the images as they were."""
    found = facts(spaces={"/img/a.qcow2": FileSystem("/img", 1 << 40, 200 << 10)})
    assert Warn.ENTRY_MAY_NOT_FIT not in said(a_create(found).warnings)
    off = replace(found, status=facts(state=DomainState.SHUTOFF).status)
    assert_said(a_create(off).warnings, Warn.ENTRY_MAY_NOT_FIT, path="/img/a.qcow2")
    roomy = replace(off, spaces={"/img/a.qcow2": FileSystem("/img", 1 << 40, 1 << 30)})
    assert Warn.ENTRY_MAY_NOT_FIT not in said(a_create(roomy).warnings)


def test_what_the_tables_of_one_image_take_the_next_one_does_not_have() -> None:
    """Of each alone it would be said that it fits."""
    paths = [f"/img/{name}.qcow2" for name in "abcd"]
    images = {path: image(path) for path in paths}
    space = FileSystem("/img", 1 << 40, 1200 << 10, mount="/img")
    told = list(entry_warnings(images, dict.fromkeys(paths, space)))
    assert [one.what for one in told] == [Warn.ENTRY_MAY_NOT_FIT] * len(told)
    assert 0 < len(told) < len(paths)
    apart = {path: replace(space, mount=f"/img/{path[5]}") for path in paths}
    assert list(entry_warnings(images, apart)) == []


def test_a_create_warns_of_overlays_that_are_in_use_and_of_no_others() -> None:
    external = facts(external=("e1", "e2", "e3", "e4"))
    upon = replace(image("/img/a.qcow2"), backing="/img/base.qcow2")
    for found in (upon, NotKnown("I/O error")):
        mixed = a_create(with_image(external, "/img/a.qcow2", found))
        assert mixed.possible
        assert_said(mixed.warnings, Warn.INSIDE_OVERLAYS, names="e1, e2, e3 and 1 more")
    assert Warn.INSIDE_OVERLAYS not in said(a_create(external).warnings), (
        "no disk has a backing file"
    )


def test_a_create_warns_when_the_memory_may_not_fit_or_libvirt_is_another() -> None:
    tight = facts(
        spaces={"/img/a.qcow2": FileSystem("/img", 1 << 40, 1 << 29), "/x": NotKnown("x")}
    )
    assert_said(a_create(tight).warnings, Warn.RAM_MAY_NOT_FIT_INSIDE)
    newer = replace(facts(), host=replace(HOST, libvirt=(10, 1, 0)))
    assert_said(a_create(newer).warnings, Warn.VERSION_NOT_TRIED, version="10.1", known="9.0")


def test_a_create_says_which_image_it_could_not_look_into() -> None:
    plan = a_create(with_image(facts(), "/img/b.qcow2", NotKnown("Permission denied")))
    assert plan.unchecked == (remark(Unchecked.NAME_FREE, disk="vdb", reason="Permission denied"),)


@given(st.floats(0, 4e9), st.integers(0, 5))
def test_a_suggested_name_is_free_and_allowed(moment: float, others: int) -> None:
    taken: list[str] = []
    for _ in range(others + 1):
        name = suggested_name(SNAPSHOT_NAME, moment, "web", taken)
        assert name not in taken
        assert name_checks.name_problems(name, facts(), inside=True) == []
        taken.append(name)


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@given(NAMES, st.just("") | NAMES, NAMES)
@settings(max_examples=25, deadline=None)  # each starts a shell
def test_any_name_survives_the_shell(name: str, description: str, domain: str) -> None:
    found = facts()
    status = replace(found.status, domain=replace(found.status.domain, name=domain))
    split = words(a_create(replace(found, status=status), name, description).lines[0])
    plain = domain.isprintable() and not domain[0].isdigit()
    assert split[4] == f"--domain={domain if plain else KEY.uuid}"
    assert split[5:] == [f"--name={name}"] + [f"--description={description}"] * bool(description)


# Revert


def test_a_revert_without_a_safety_snapshot_is_confirmed_by_the_name() -> None:
    intent = RevertIntent(KEY, "s1", safety=SafetyKind.NONE)
    plan = revert.plan(intent, facts(snapshot()))
    assert plan.possible
    assert plan.type_name
    assert words(plan.lines[0])[3:] == ["snapshot-revert", "--domain=web", "--snapshotname=s1"]
    assert (plan.after.end, plan.after.state) == (End.REVERTED, DomainState.RUNNING)
    assert "3 days ago" in str(dict(plan.after.names)["moment"])
    assert isinstance(plan.lost, WritesLost)
    assert (plan.lost.disks, plan.lost.memory) == (("vda", "vdb"), True)
    assert plan.lost.words.startswith("all written to vda, vdb since")
    assert plan.undo.by is UndoBy.NO_SAFETY_WANTED
    assert (plan.warnings, plan.unchecked) == ((), ())


@pytest.mark.parametrize(
    ("recorded", "state", "end", "flags"),
    [
        ("paused", RunState.RECORDED, DomainState.PAUSED, []),
        ("shutoff", RunState.RECORDED, DomainState.SHUTOFF, []),
        ("shutoff", RunState.RUNNING, DomainState.RUNNING, ["--running"]),
        ("running", RunState.PAUSED, DomainState.PAUSED, ["--paused"]),
    ],
)
def test_a_revert_says_and_expects_its_end_state(
    recorded: str, state: RunState, end: DomainState, flags: list[str]
) -> None:
    found = facts(snapshot(state=recorded))
    plan = a_revert(found, state=state)
    assert words(plan.lines[0])[6:] == flags
    assert plan.after.state is end
    assert f"will be {end.value.upper()}" in plan.after.words
    assert expected_after(plan.steps[0], found).status.domain.state is end


@pytest.mark.parametrize("disk", [VDA, VDB], ids=["first", "second"])
def test_a_revert_refuses_when_one_disk_lost_its_part(disk: Disk) -> None:
    assert disk.path
    plan = a_revert(with_image(facts(snapshot()), disk.path, image(disk.path, ("1", "other"))))
    assert_refused(plan, Why.ENTRY_GONE, disk=disk.target, path=disk.path)


@pytest.mark.parametrize("disk", [VDA, VDB], ids=["first", "second"])
def test_a_revert_refuses_twins_and_names_that_are_anothers_id(disk: Disk) -> None:
    assert disk.path
    twins = image(disk.path, ("1", "s1"), ("2", "s1"))
    plan = a_revert(with_image(facts(snapshot()), disk.path, twins))
    assert_refused(plan, Why.ENTRY_TWINS, disk=disk.target, ids="1, 2")
    mistaken = image(disk.path, ("7", "s1"), ("s1", "other"))
    plan = a_revert(with_image(facts(snapshot()), disk.path, mistaken))
    assert_refused(plan, Why.ENTRY_ID_OF_OTHER, disk=disk.target, other="other")


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (snapshot(memory=Presence.EXTERNAL), Why.MIXED_NOT_YET),
        (
            snapshot(memory=Presence.NO, disks=(SnapshotDisk("vda", Presence.EXTERNAL, "/o"),)),
            Why.NO_EXTERNAL_REVERT,
        ),
        (snapshot(memory=Presence.NO, disks=()), Why.NO_DATA_NOT_YET),
        (snapshot(delete_in_progress=True), Why.UNFINISHED),
        (snapshot(config=None), Why.NO_DOMAIN),
        (snapshot(config=config(replace(VDA, path="/img/base.qcow2"))), Why.OTHER_IMAGE_UNREAD),
    ],
)
def test_a_revert_refuses_the_snapshot(one: Snapshot, why: Why) -> None:
    assert_refused(a_revert(facts(one)), why)


def test_a_revert_to_one_of_two_kinds_is_never_sent_where_it_brings_the_daemon_down() -> None:
    mixed = facts(snapshot(memory=Presence.EXTERNAL))
    assert_refused(a_revert(mixed), Why.MIXED_NOT_YET)
    newer = replace(mixed, host=replace(HOST, libvirt=(12, 9, 0), reverts_external=True))
    plan = a_revert(newer)
    assert_refused(plan, Why.MIXED_BRINGS_DOWN, name="s1", version="12.9")
    assert plan.lines_told == ()


def test_a_revert_refuses_when_a_file_is_missing_or_the_snapshot_is() -> None:
    plan = a_revert(facts(snapshot(), missing={"/img/cd.iso": True, "/img/a.qcow2": False}))
    assert_refused(plan, Why.FILE_GONE)
    assert len(plan.refusals) == 1
    assert_refused(a_revert(facts(snapshot()), "other"), Why.SNAPSHOT_GONE)
    assert_refused(a_revert(facts(snapshot(), snapshots={})), Why.SNAPSHOT_UNREAD)


def test_a_revert_names_the_disks_that_do_not_come_back() -> None:
    one = snapshot(disks=(SnapshotDisk("vda", Presence.INTERNAL),))
    later = Disk("vdx", "disk", "file", "/img/later.qcow2", "qcow2")
    plan = a_revert(facts(one, disks=config(VDA, VDB, later)))
    assert plan.possible
    assert plan.warnings == (
        remark(Warn.DISK_STAYS, disk="vdb"),
        remark(Warn.DISK_LOST, disk="vdx", path="/img/later.qcow2"),
    )


def test_a_revert_across_a_resize_says_what_size_the_disk_becomes() -> None:
    then = replace(image("/img/a.qcow2", ("1", "s1")), virtual_size=2 << 30)
    entry = replace(then.snapshots[0], virtual_size=1 << 30)
    plan = a_revert(
        with_image(facts(snapshot()), "/img/a.qcow2", replace(then, snapshots=(entry,)))
    )
    (resized,) = image_checks.resized(
        with_image(facts(snapshot()), "/img/a.qcow2", replace(then, snapshots=(entry,))), snapshot()
    )
    assert (resized[0].target, *resized[1:]) == ("vda", 1 << 30, 2 << 30)
    assert plan.warnings == (
        remark(Warn.DISK_SMALLER, disk="vda", then="1.0 GiB", now="2.0 GiB"),
        remark(Warn.RAM_LEAKS, disk="vda", name="s1", size="5 B"),
    )


def test_a_chain_that_comes_to_itself_is_refused() -> None:
    off = facts(snapshot(), state=DomainState.SHUTOFF, looped={"/img/a.qcow2": "/img/base"})
    assert_refused(a_create(off), Why.SELF_BACKED, path="/img/base", disk="vda")
    assert_refused(a_revert(off), Why.SELF_BACKED, path="/img/base", disk="vda")


def test_a_revert_to_what_could_not_be_checked_says_so() -> None:
    found = with_image(facts(snapshot()), "/img/b.qcow2", NotKnown("Permission denied"))
    plan = a_revert(replace(found, missing={"/img/cd.iso": NotKnown("remote host")}))
    assert plan.unchecked == (
        remark(Unchecked.INSIDE, disk="vdb", reason="Permission denied"),
        remark(Unchecked.FILE_THERE, path="/img/cd.iso", reason="remote host"),
    )
    assert plan.possible
    assert plan.type_name


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_name_appears_literally(name: str) -> None:
    found = facts(snapshot(name), state=DomainState.SHUTOFF)
    for plan, verb in ((a_revert(found, name), "Revert"), (a_delete(found, name), "Delete")):
        assert plan.possible, plan.refusals
        assert name in plan.title
        assert plan.title.startswith(verb)
        assert words(plan.lines[0])[5] == f"--snapshotname={name}"


# Delete


TREE = (snapshot("a"), snapshot("b", "a"), snapshot("c", "b"), snapshot("d", "a"))


def test_a_delete_of_children_goes_from_the_leaves_up() -> None:
    plan = a_delete(facts(*TREE, below=("b", "c", "d")), "a", children=True)
    assert [step.words for step in plan.steps] == ["delete d", "delete c", "delete b", "delete a"]
    assert [words(line)[3:] for line in plan.lines] == [
        ["snapshot-delete", "--domain=web", f"--snapshotname={name}"] for name in "dcba"
    ]
    assert plan.lost == SnapshotsLost(("d", "c", "b", "a"))
    assert (
        plan.after.words
        == "web does not change; it keeps 0 snapshots. The current one becomes none."
    )
    assert plan.undo.by is UndoBy.NO_DELETED


@given(st.lists(st.integers(0, 7), min_size=8, max_size=8), st.permutations(range(8)))
def test_of_several_no_parent_goes_before_its_child(above: list[int], order: list[int]) -> None:
    parents = {at: above[at] % at if at else None for at in range(8)}
    tree = [snapshot(f"s{at}", f"s{p}" if p is not None else None) for at, p in parents.items()]
    names = tuple(f"s{at}" for at in order[:5])
    plan = delete.plan_many(DeleteManyIntent(KEY, names), facts(*tree))
    gone = [step.subject for step in plan.steps]
    assert sorted(gone) == sorted(names)
    for at, parent in parents.items():
        if f"s{at}" in gone and f"s{parent}" in gone:
            assert gone.index(f"s{at}") < gone.index(f"s{parent}")


def test_another_one_of_the_same_name_is_not_what_was_chosen() -> None:
    """Deleted and made anew, or described anew, between the list and the dialog."""
    found = facts(snapshot("a"), snapshot("b", "a", digest="made anew"))
    listed = DeleteManyIntent(KEY, ("a", "b"), listed=(("a", "a"), ("b", "b")))
    plan = delete.plan_many(listed, found)
    assert_refused(plan, Why.SNAPSHOT_OTHER, name="b")
    assert len(plan.refusals) == 1
    assert delete.plan_many(replace(listed, names=("a",), listed=(("a", "a"),)), found).possible


def test_several_are_refused_as_a_whole() -> None:
    found = facts(snapshot("a"), snapshot("b", "a"))
    many = DeleteManyIntent(KEY, ("a", "gone"))
    assert_refused(delete.plan_many(many, found), Why.SNAPSHOT_GONE)
    plan = delete.plan_many(DeleteManyIntent(KEY, ("a", "b"), metadata_only=True), found)
    assert len(plan.lines) == len(plan.steps) == 2
    assert all(line.endswith("--metadata") for line in plan.lines)


def test_a_delete_of_one_leaves_those_below_and_says_so() -> None:
    plan = a_delete(facts(*TREE, below=("c",), current="b"), "b")
    assert [step.words for step in plan.steps] == ["delete b"]
    assert_said(plan.warnings, Warn.BELOW_MOVES_UP, number="1 snapshot")
    assert "3 snapshots. The current one becomes a." in plan.after.words
    assert isinstance(plan.lost, SnapshotsLost)
    assert plan.lost.memory
    assert not plan.type_name


def test_a_delete_is_refused_as_a_whole_when_one_below_cannot_be_deleted() -> None:
    found = facts(*TREE, below=("b", "c", "d"))
    unreadable = replace(found, snapshots={"a": TREE[0], "b": TREE[1], "d": TREE[3]})
    assert_refused(a_delete(unreadable, "a", children=True), Why.SOME_UNREAD)
    outside = snapshot("c", "b", memory=Presence.EXTERNAL)
    mixed = replace(found, snapshots={**found.snapshots, "c": outside})
    assert_refused(a_delete(mixed, "a", children=True), Why.MIXED_NOT_YET)
    assert_refused(a_delete(found, "gone"), Why.SNAPSHOT_GONE)


OFF = facts(state=DomainState.SHUTOFF).status


def an_external(name: str, parent: str | None = None) -> Snapshot:
    parts = (SnapshotDisk("vda", Presence.EXTERNAL, f"/img/a.{name}"),)
    return snapshot(name, parent, memory=Presence.NO, disks=parts, state="shutoff")


def test_a_record_goes_only_with_those_of_its_external_children() -> None:
    """libvirt 9.0 lets the child name the images beneath, though nothing was merged."""
    upon = config(replace(VDA, path=an_external("a").disks[0].path))
    child = replace(an_external("b", "a"), config=upon)
    found = facts(an_external("a"), child, snapshot("i", "b"))
    alone = delete.plan(DeleteIntent(KEY, "a", metadata_only=True), found)
    assert_refused(alone, Why.RECORD_MOVED)
    assert delete.plan(DeleteIntent(KEY, "b", metadata_only=True), found).possible
    both = delete.plan_many(DeleteManyIntent(KEY, ("a", "b"), metadata_only=True), found)
    assert both.possible
    broken = replace(
        found,
        layers=replace(
            found.layers, broken={"b": Broken(Matter.WRITTEN, Part.OVERLAY, "vda", "/b")}
        ),
    )
    spoiled = delete.plan(DeleteIntent(KEY, "a", metadata_only=True), broken)
    assert_refused(spoiled, Why.RECORD_MOVED)


def test_a_snapshot_without_a_domain_is_forgotten_and_not_deleted() -> None:
    found = facts(snapshot(config=None))
    assert_refused(a_delete(found), Why.NO_DOMAIN_ACTIVE)
    assert_refused(a_delete(replace(found, status=OFF)), Why.NO_DOMAIN_NOT_YET)
    assert delete.plan(DeleteIntent(KEY, "s1", metadata_only=True), found).possible
    assert_refused(edit.plan_edit(EditIntent(KEY, "s1", "new"), found), Why.NO_DOMAIN_REDEFINE)
    assert_refused(a_revert(found), Why.NO_DOMAIN)


def test_metadata_that_list_more_disks_than_their_domain_stay_as_they_are() -> None:
    """A revert took one that the definition had, and the guest that ran had not (12.8, 12.9)."""
    parts = tuple(SnapshotDisk(one, Presence.EXTERNAL, f"/{one}") for one in ("vda", "vdb"))
    listed = replace(snapshot("s1"), disks=parts, config=config(VDA))
    plan = edit.plan_edit(EditIntent(KEY, "s1", "new"), facts(listed))
    assert_refused(plan, Why.DISKS_NOT_OF_THEN, name="s1", disks="vdb")


def test_a_delete_refuses_twins_but_takes_metadata_whose_data_are_gone() -> None:
    twins = image("/img/b.qcow2", ("1", "s1"), ("2", "s1"))
    refused = a_delete(with_image(facts(snapshot()), "/img/b.qcow2", twins))
    assert_refused(refused, Why.ENTRY_TWINS)
    assert refused.refusals[0].harm is Harm.TWIN_LEFT
    plan = a_delete(with_image(facts(snapshot()), "/img/b.qcow2", image("/img/b.qcow2")))
    assert plan.possible
    gone = refuse(Why.ENTRY_GONE, disk="vdb", name="s1", path="/img/b.qcow2")
    assert plan.warnings == (remark(Warn.PART_GONE, fact=gone.fact),)
    nothing = with_image(facts(snapshot()), "/img/b.qcow2", image("/img/b.qcow2"))
    plan = a_delete(with_image(nothing, "/img/a.qcow2", image("/img/a.qcow2")))
    assert {one.what for one in plan.warnings} == {Warn.ONLY_METADATA}


def test_a_delete_of_what_could_not_be_checked_wants_the_name_typed() -> None:
    plan = a_delete(with_image(facts(snapshot()), "/img/a.qcow2", NotKnown("I/O error")))
    assert plan.unchecked == (remark(Unchecked.INSIDE, disk="vda", reason="I/O error"),)
    assert plan.type_name


# What changed between two readings


def test_equal_facts_do_not_differ_whatever_time_sizes_and_space_do() -> None:
    found = facts(*TREE, missing={"/img/a.qcow2": False})
    grown = replace(image("/img/a.qcow2"), disk_size=1 << 40)
    later = replace(
        with_image(found, "/img/a.qcow2", replace(grown, snapshots=_entries(found))),
        read_at=0,
        spaces={"/img/a.qcow2": FileSystem("/img", 1, 1)},
    )
    assert differences(found, found) == ()
    assert differences(found, later) == ()


def _entries(found: Facts) -> tuple[ImageSnapshot, ...]:
    content = found.images["/img/a.qcow2"]
    assert isinstance(content, ImageInfo)
    return content.snapshots


def _status(found: Facts, **more: Any) -> Facts:
    return replace(found, status=replace(found.status, **more))


BASE = facts(*TREE, missing={"/img/cd.iso": False})


@pytest.mark.parametrize(
    ("found", "change", "subject", "words"),
    [
        (
            _status(BASE, domain=replace(BASE.status.domain, name="x")),
            Change.NAME,
            "x",
            "the domain web is now called x",
        ),
        (
            facts(*TREE, state=DomainState.PAUSED),
            Change.STATE,
            "web",
            "web was running and is now paused",
        ),
        (facts(*TREE, disks=config(VDA)), Change.DISKS, "web", "the disks of web changed"),
        (
            facts(*TREE, disks=config(digest="other")),
            Change.DEFINITION,
            "web",
            "the definition of web changed",
        ),
        (
            facts(*TREE, managed_save=True),
            Change.SAVE_MADE,
            "web",
            "the managed save of web appeared",
        ),
        (facts(*TREE, busy=True), Change.BUSY, "web", "another job is running on web"),
        (
            facts(*TREE[:3], current="d"),
            Change.SNAPSHOT_GONE,
            "d",
            "the snapshot d is gone",
        ),
        (
            facts(*TREE, snapshot("e"), current="d"),
            Change.SNAPSHOT_MADE,
            "e",
            "the snapshot e has been made",
        ),
        (facts(*TREE, current="a"), Change.CURRENT, "a", "the current snapshot is now a"),
        (
            facts(*TREE[:3], replace(TREE[3], digest="new")),
            Change.SNAPSHOT_CHANGED,
            "d",
            "the snapshot d was changed or made anew",
        ),
        (
            with_image(BASE, "/img/b.qcow2", image("/img/b.qcow2")),
            Change.ENTRIES,
            "/img/b.qcow2",
            "the snapshots inside /img/b.qcow2 changed",
        ),
        (
            replace(BASE, missing={"/img/cd.iso": True}),
            Change.FILE_GONE,
            "/img/cd.iso",
            "/img/cd.iso is gone",
        ),
    ],
)
def test_each_kind_of_change_is_found(
    found: Facts, change: Change, subject: str, words: str
) -> None:
    (one,) = (one for one in differences(BASE, found) if one.change is change)
    assert (one.subject, str(one)) == (subject, words)


@pytest.mark.parametrize(
    ("was", "now", "other"),
    [
        (Inode(1, 7, 100), Inode(1, 7, 100), False),
        (Inode(1, 7, 100), Inode(1, 8, 200), True),
        (Inode(1, 7, None), Inode(1, 8, None), True),
        (Inode(1, 7, 100), Inode(1, 7, 200), True),  # the number of one that was removed
        (Inode(1, 7, 100), Inode(1, 8, 100), True),
        (Inode(1, 7, 100), Inode(2, 7, 100), False),  # its file system was mounted anew
        (Inode(1, 7, 100), Inode(1, 7, None), False),
        (None, Inode(1, 7, 100), False),
        (Inode(1, 7, 100), None, False),
    ],
)
def test_an_image_that_is_known_to_be_another_file_is_a_change(
    was: Inode | None, now: Inode | None, other: bool
) -> None:
    path = "/img/a.qcow2"
    before, after = (replace(BASE, inodes={} if one is None else {path: one}) for one in (was, now))
    found = differences(before, after)
    assert found == ((Difference(Change.EXCHANGED, path),) if other else ())
    assert differences(replace(before, gone=frozenset({path})), after) == ()


def test_the_words_of_a_change_take_names_as_they_are() -> None:
    """Whatever a name holds is neither a field nor a sentence of its own."""
    for name in ("{was}", "{subject!r}", "100%", "is gone; the snapshot x"):
        assert str(Difference(Change.SNAPSHOT_GONE, name)) == f"the snapshot {name} is gone"


# What each step must have changed


def test_after_a_create_the_new_one_is_there_current_and_inside_each_image() -> None:
    found = facts(snapshot())
    after = expected_after(a_create(found).steps[0], found)
    assert (after.names, after.current) == (("s1", "new"), "new")
    for path in ("/img/a.qcow2", "/img/b.qcow2"):
        assert after.entries(path) == frozenset({("1", "s1"), ("2", "new")})


def test_after_a_revert_the_definition_is_the_snapshots() -> None:
    then = config(VDA, VDB, memory=1 << 20)
    found = facts(snapshot(config=then, state="shutoff"), snapshot("s2"), disks=config(digest="x"))
    after = expected_after(a_revert(found).steps[0], found)
    assert after.current == "s1"
    assert after.status.config == replace(then, digest="")
    real = _status(after, config=replace(then, digest="anything"))
    assert differences(after, real) == ()


def test_after_a_delete_it_is_gone_everywhere_and_its_parent_is_current() -> None:
    found = facts(*TREE, current="c", below=("c",))
    after = expected_after(a_delete(found, "c").steps[0], found)
    assert (after.names, after.current, after.below) == (("a", "b", "d"), "b", ())
    assert set(after.snapshots) == {"a", "b", "d"}
    assert after.entries("/img/a.qcow2") == frozenset({("1", "a"), ("2", "b"), ("4", "d")})
    assert differences(after, found) != ()


def test_a_disk_that_was_detached_since_is_refused_by_name() -> None:
    found = facts(snapshot(), disks=config(VDA))
    for plan in (a_revert(found), a_delete(found)):
        assert not plan.possible
        assert_refused(plan, Why.DETACHED_NOT_YET, disk="vdb", path="/img/b.qcow2")


@pytest.mark.parametrize("hollow", ["/img/a.qcow2", "/img/b.qcow2"])
def test_where_one_disk_has_its_part_and_another_has_not_one_goes_back(hollow: str) -> None:
    """libvirt goes on after the disk that fails, whichever it is."""
    found = facts(snapshot(memory=Presence.NO, state="shutoff"), state=DomainState.SHUTOFF)
    found = replace(found, images={**found.images, hollow: image(hollow)})
    assert Harm.HALF in {one.harm for one in a_revert(found).refusals}


def test_metadata_without_a_domain_are_not_taken_for_checked() -> None:
    plan = a_delete(facts(snapshot(config=None)))
    assert plan.unchecked == tuple(
        remark(Unchecked.INSIDE_UNNAMED, disk=disk) for disk in ("vda", "vdb")
    )
    assert plan.type_name


@pytest.mark.parametrize("bad", ["\x1b[31m", "a\rb", "\u202e", "\u3164"])
def test_text_that_cannot_be_seen_is_refused(bad: str) -> None:
    assert not a_create(facts(), f"x{bad}").possible
    assert not a_create(facts(), "x", bad).possible
    assert not a_create(facts(), "   ").possible


def test_more_differences_are_found() -> None:
    before = facts(snapshot())
    transient = facts(snapshot(), persistent=False)
    assert differences(before, transient) == (Difference(Change.TRANSIENT, "web"),)
    assert differences(before, replace(before, external=("s1",)))
    gone = replace(before, missing={"/img/a.qcow2": True})
    assert differences(before, gone) == (Difference(Change.FILE_GONE, "/img/a.qcow2"),)
    there = replace(before, missing={"/img/a.qcow2": False})
    hidden = replace(before, missing={"/img/a.qcow2": NotKnown("I/O error")})
    assert differences(before, hidden) == (), "nor could it before"
    assert differences(there, hidden) == (Difference(Change.FILE_HIDDEN, "/img/a.qcow2"),)


def test_a_name_with_half_a_character_is_refused() -> None:
    """Whichever half; it cannot be counted as others are."""
    for half in ("\ud800", "\udc80", "\ud800\udcff"):
        assert not a_create(facts(), f"a{half}").possible


def test_the_current_record_comes_back_as_the_current_one() -> None:
    """libvirt makes the parent current when it goes, and leaves it so."""
    found = facts(snapshot("s1"), snapshot("s2", parent="s1"))
    for name, by in (("s2", UndoBy.REDEFINE_CURRENT), ("s1", UndoBy.REDEFINE)):
        plan = delete.plan(DeleteIntent(KEY, name, metadata_only=True), found)
        assert plan.undo.by is by
