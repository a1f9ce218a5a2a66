"""Plans for a libvirt that reverts to external snapshots: what is merged, removed and destroyed."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from snaptui.model import libvirt_codes
from snaptui.model.choices import RunState, SafetyKind
from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainState
from snaptui.model.files import User
from snaptui.model.host import Host
from snaptui.model.image import FileSystem, ImageInfo, Missing, NotKnown
from snaptui.model.snapshot import Snapshot, SnapshotDisk
from snaptui.operations.step_calls import differences, expected_after
from snaptui.plan.change import Change, Difference
from snaptui.plan.create import create
from snaptui.plan.delete import delete
from snaptui.plan.delete.overlay_lookup import code_of_broken
from snaptui.plan.facts import Facts
from snaptui.plan.loss import SnapshotsLost
from snaptui.plan.outcome import UndoBy
from snaptui.plan.plan import CreateIntent, DeleteIntent, Plan, RevertIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.remark import Note, Unchecked, remark
from snaptui.plan.revert import revert
from snaptui.plan.steps.domain import CreateSnapshot, PowerOff, RevertTo
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from snaptui.storage.backing_chain import layers_of
from snaptui.storage.branches import branches_of
from snaptui.storage.costs import cost_of
from snaptui.storage.damage import Matter, Part
from tests.unit.made import (
    CDROM,
    HOST,
    KEY,
    VDA,
    assert_refused,
    assert_said,
    config,
    facts,
    image,
    snapshot,
)
from tests.unit.test_plans_layers import external, internal

NEWER = replace(HOST, libvirt=(11, 3, 0), reverts_external=True, hypervisor=(10, 0, 13))
ROOT = external("a", "/a", "/a.a")
"""The first snapshot: it froze /a."""
LEFT = external("b", "/a.a", "/b.gone", "a")
"""The end of a branch that was left; its own overlay was removed."""
HERE = external("c", "/a.1", "/c", "a")
"""The current one: after a revert to the first, so that it froze what that revert made."""


def over(path: str, beneath: str | None) -> ImageInfo:
    return replace(image(path), backing=beneath, backing_format="qcow2")


IMAGES: dict[str, ImageInfo | NotKnown] = {
    "/a": over("/a", None),
    "/a.a": over("/a.a", "/a"),
    "/a.1": over("/a.1", "/a"),
    "/b.gone": Missing("/b.gone: gone"),
    "/c": over("/c", "/a.1"),
}


def known(
    *all_: Snapshot, top: str = "/c", current: str | None = "c", host: Host = NEWER, **more: Any
) -> Facts:
    here = config(replace(VDA, path=top))
    found = MappingProxyType({**IMAGES, **more.pop("images", {})})
    branches = branches_of(host, here, all_, current)
    layers = layers_of(here, all_, found, keeps_memory=False, branches=branches)
    more.setdefault("state", DomainState.SHUTOFF)
    return facts(
        *all_,
        disks=here,
        host=host,
        current=current,
        external=tuple(one.name for one in all_ if one.disks[0].path),
        images=found,
        layers=layers,
        folders={"": frozenset(path[1:] for path in found)},
        **more,
    )


def a_fork(**more: Any) -> Facts:
    return known(ROOT, LEFT, HERE, **more)


def a_delete(found: Facts, name: str) -> Plan:
    return delete.plan(DeleteIntent(KEY, name), found)


def a_revert(
    found: Facts,
    name: str,
    kind: SafetyKind | None = SafetyKind.NONE,
    state: RunState = RunState.RECORDED,
) -> Plan:
    return revert.plan(RevertIntent(KEY, name, state, kind), found)


def told(plan: Plan) -> set[int | Harm | None]:
    return {one.code or one.harm for one in plan.refusals}


def test_what_libvirt_takes_for_overlays_and_for_ends() -> None:
    found = a_fork().layers.branches
    assert found.overlays["c"] == {"vda": "/c"}
    assert found.ended == {"b": {"vda": "/a.a"}}
    assert found.abandoned == {"vda": "/c"}
    chain = known(ROOT, HERE).layers.branches
    assert chain.overlays["a"] == {"vda": "/a.1"}, "its single child knows better than its record"
    back = replace(ROOT, revert_disks=(SnapshotDisk("vda", Presence.EXTERNAL, "/a.1"),))
    at_root = known(back, LEFT, top="/a.1", current="a").layers.branches
    assert at_root.abandoned == {"vda": "/a.1"}
    older = branches_of(HOST, config(), (ROOT, HERE), "c")
    assert not older.known
    assert older.overlays_of(ROOT) == {"vda": "/a.a"}, "what its record says"


def test_the_end_of_a_branch_frees_the_image_that_it_froze() -> None:
    found = a_fork()
    assert found.layers.broken == {}, "an overlay that a revert removed breaks nothing"
    cost = cost_of(LEFT, {}, found.layers)
    assert not isinstance(cost, NotKnown)
    assert cost.reclaim == IMAGES["/a.a"].disk_size  # type: ignore[union-attr]  # known
    plan = a_delete(found, "b")
    assert plan.possible
    assert isinstance(plan.lost, SnapshotsLost)
    assert not plan.lost.merged
    assert plan.notes == (remark(Note.REMOVED, disk="vda", path="/a.a"),)
    after = expected_after(plan.steps[0], found)
    assert isinstance(after, Facts)
    assert after.gone == {"/a.a"}
    assert after.status.config.disks[0].path == "/c"
    lost = a_fork(encrypted={"/c": "/a"})
    assert a_delete(lost, "b").possible, "no QEMU has to open anything for it"
    assert_refused(a_delete(lost, "c"), Why.ENCRYPTION_LOST)


@pytest.mark.parametrize(
    ("found", "name", "expected"),
    [
        (a_fork(), "a", 67),
        (known(replace(ROOT), LEFT, top="/a.1", current="a"), "a", 67),
        (known(ROOT, LEFT, external("d", "/b", "/d", "b"), HERE), "b", 67),
        (known(ROOT, LEFT, top="/a.1", current=None), "a", Harm.CRASH),
    ],
)
def test_what_the_tree_forbids(found: Facts, name: str, expected: object) -> None:
    plan = a_delete(found, name)
    assert not plan.possible
    assert told(plan) == {expected}


def test_a_merge_beside_a_branch_of_which_the_record_says_nothing_is_refused() -> None:
    stem = external("s", "/0", "/a")
    images = {"/0": over("/0", None), "/a": over("/a", "/0")}
    tree = (stem, replace(ROOT, parent="s"), LEFT, HERE)
    plan = a_delete(known(*tree, images=images), "s")
    assert told(plan) == {Harm.CRASH}
    assert_refused(plan, Why.BRANCHES_UNKNOWN)
    says = config(replace(VDA, path="/a.a", beneath=("/a", "/0")))
    plan = a_delete(known(stem, tree[1], replace(LEFT, config=says), HERE, images=images), "s")
    assert plan.possible, plan.refusals


def test_an_image_that_a_branch_left_out_and_the_domain_uses_is_not_removed() -> None:
    """A disk that took no part between froze the same image for two branches."""
    shared = replace(HERE, config=config(replace(VDA, path="/a.a")))
    found = known(ROOT, LEFT, shared, images={"/c": over("/c", "/a.a")})
    plan = a_delete(found, "b")
    assert told(plan) == {Harm.OTHER_LOST}
    assert_refused(plan, Why.REMOVED_NEEDED)
    assert_refused(plan, Why.REMOVED_IN_USE)


def test_a_revert_puts_every_disk_on_a_new_overlay_and_removes_those_of_now() -> None:
    found = a_fork()
    plan = a_revert(found, "a")
    assert plan.possible, plan.refusals
    assert plan.type_name
    (step,) = plan.steps
    after = expected_after(step, found)
    assert isinstance(after, Facts)
    assert after.fresh == {"vda": "/a"}
    assert after.gone == {"/c"}
    made = over("/a.2", "/a")
    recorded = replace(
        ROOT, revert_disks=(SnapshotDisk("vda", Presence.EXTERNAL, "/a.2"),), digest="x"
    )
    became = known(recorded, LEFT, HERE, top="/a.2", current="a", images={"/a.2": made})
    gone = replace(became, folders={"": frozenset({"a", "a.a", "a.1", "a.2"})})
    assert differences(after, gone) == ()
    assert differences(after, became) == (Difference(Change.FILE_STAYS, "/c"),)
    wrong = {"/a.2": over("/a.2", "/a.1")}
    elsewhere = known(recorded, LEFT, HERE, top="/a.2", current="a", images=wrong)
    assert Difference(Change.DISKS, "web") in differences(after, elsewhere)


def test_what_was_merged_in_part_is_not_reverted_to() -> None:
    """libvirt marks the parent of what was to go, and does not say which child that is."""
    marked = replace(ROOT, delete_in_progress=True)
    one = a_revert(known(marked, HERE), "c")
    assert_refused(one, Why.OVERWRITTEN, name="c", names="c")
    assert {two.harm for two in one.refusals if two.why is Why.OVERWRITTEN} == {Harm.OTHER_DATA}
    either = a_revert(known(marked, LEFT, HERE), "b")
    assert_refused(either, Why.OVERWRITTEN, name="b", names="b or c")
    assert Harm.PERHAPS_OTHER_DATA in {two.harm for two in either.refusals}
    assert a_delete(known(marked, HERE), "c").possible, "which finishes it"


def test_before_it_overlays_keep_what_is_now_and_the_guest_is_powered_off() -> None:
    plan = a_revert(a_fork(state=DomainState.RUNNING), "a", None)
    assert plan.possible, plan.refusals
    assert [type(step) for step in plan.steps] == [PowerOff, CreateSnapshot, RevertTo]
    assert plan.undo.by is UndoBy.DISKS_POWERED_OFF
    (name,) = [step.new.name for step in plan.steps if isinstance(step, CreateSnapshot)]
    assert_said(plan.warnings, Warn.UNDELETABLE, name=name, names="c, a")
    with_ram = a_revert(a_fork(state=DomainState.RUNNING), "a", SafetyKind.DISKS_AND_RAM)
    assert [type(step) for step in with_ram.steps] == [CreateSnapshot, RevertTo]
    assert with_ram.undo.by is UndoBy.DISKS_AND_RAM


def test_what_a_revert_would_destroy_or_bring_down_needs_a_safety_snapshot() -> None:
    lost = known(ROOT, LEFT, top="/a.1", current="a")
    assert told(a_revert(lost, "b")) == {Harm.OTHER_LOST}, "its record says /a.a, which b needs"
    kept = a_revert(lost, "b", SafetyKind.DISKS)
    assert kept.possible, kept.refusals
    nowhere = known(LEFT, top="/a.1", current=None)
    assert told(a_revert(nowhere, "b")) == {Harm.CRASH}
    assert a_revert(nowhere, "b", SafetyKind.DISKS).possible


@pytest.mark.parametrize(
    ("disk", "expected"),
    [
        (replace(VDA, source_type="block", path="/dev/x"), 84),
        (replace(VDA, target="vdb", path="/a.raw", format="raw"), 67),
    ],
)
def test_disks_with_which_libvirt_reverts_to_no_external_snapshot(disk: Any, expected: int) -> None:
    then = config(replace(VDA, path="/a"), disk, replace(CDROM, path=None))
    plan = a_revert(known(replace(ROOT, config=then), LEFT, HERE), "a")
    assert expected in told(plan)


def test_no_revert_makes_an_overlay_of_a_device_that_is_called_a_file() -> None:
    """libvirt makes its name of the device's, and stops the guest before it finds that out."""
    device = replace(over("/a.1", "/a"), device=True)
    for state, harm in ((DomainState.SHUTOFF, None), (DomainState.RUNNING, Harm.STOPPED)):
        plan = a_revert(a_fork(images={"/a.1": device}, state=state), "c")
        (why,) = [one for one in plan.refusals if one.why is Why.ALL_MUST_BE_FILES]
        assert (why.code, why.harm) == (67, harm)


def test_what_is_written_to_again_is_broken() -> None:
    inside = internal("in", "/a")
    upon = replace(external("out", "/a", "/c", "in"), disks=ROOT.disks)
    found = known(inside, upon, top="/a", current="in")
    out = found.layers.broken["out"]
    assert (out.matter, out.part, out.upon) == (Matter.NOT_KNOWN, Part.FROZEN, "/a")
    assert told(a_revert(found, "out")) == {Harm.PERHAPS_OTHER_DATA}
    proven = {"out": replace(out, matter=Matter.WRITTEN)}
    written = replace(found, layers=replace(found.layers, broken=proven))
    assert told(a_revert(written, "out")) == {Harm.OTHER_DATA}
    plan = a_delete(found, "out")
    assert plan.possible, "nothing is removed: its parent is internal"
    assert_said(plan.warnings, Warn.OVERLAYS_STAY, files="/a.a")


def test_a_disk_that_was_set_back_lets_the_newest_fail_otherwise_than_those_above() -> None:
    """libvirt finds the overlay by what is below a snapshot, and of the newest by the disk."""
    found = known(ROOT, HERE, top="/a")
    assert found.layers.broken.keys() == {"a", "c"}
    assert (told(a_delete(found, "a")), told(a_delete(found, "c"))) == ({8}, {9})


def test_no_guest_is_started_upon_what_another_one_writes_to() -> None:
    """Its disks alone can be reverted: qemu-img makes the overlay without that lock."""
    found = a_fork(no_start_upon=MappingProxyType({"/a": "/base"}))
    for state, codes in ((RunState.RUNNING, {1}), (RunState.RECORDED, set())):
        plan = a_revert(found, "a", SafetyKind.NONE, state)
        lies = [one for one in plan.refusals if one.why is Why.IMAGE_WRITTEN_BENEATH]
        assert {one.code for one in lies} == codes


def test_uefi_variables_in_qcow2_are_kept_inside_and_raw_ones_told_of() -> None:
    raw = Disk("UEFI variables", "nvram", "file", "/vars", "raw")
    inside = replace(raw, format="qcow2")

    def a_create(variables: Disk, state: DomainState, host: Host = NEWER) -> Plan:
        here = config(pflash=True, variables=variables)
        return create.plan(CreateIntent(KEY, "new", ""), facts(disks=here, state=state, host=host))

    assert a_create(inside, DomainState.RUNNING).possible
    assert told(a_create(raw, DomainState.RUNNING)) == {84}
    off = a_create(raw, DomainState.SHUTOFF)
    assert off.possible
    assert_said(off.warnings, Warn.VARIABLES_NOT_KEPT)
    assert told(a_create(inside, DomainState.SHUTOFF, HOST)) == {84}


def test_names_of_which_no_job_can_be_called_are_for_domains_that_are_off() -> None:
    def a_create(name: str, state: DomainState, host: Host = NEWER) -> Plan:
        return create.plan(CreateIntent(KEY, name, ""), facts(state=state, host=host))

    assert told(a_create("two words", DomainState.RUNNING)) == {1}
    assert a_create("two words", DomainState.SHUTOFF).possible
    assert a_create("two words", DomainState.RUNNING, HOST).possible
    odd = snapshot("日本")
    plan = a_revert(facts(odd, host=NEWER), "日本")
    assert {one.code for one in plan.refusals} == {1}
    kept = a_revert(facts(snapshot("s"), host=NEWER), "s", SafetyKind.DISKS_AND_RAM)
    assert kept.possible
    assert_said(kept.unchecked, Unchecked.LOADS_RAM)


@pytest.mark.parametrize("state", [DomainState.SHUTOFF, DomainState.RUNNING])
def test_a_revert_does_not_stop_a_guest_for_overlays_that_do_not_fit(state: DomainState) -> None:
    """libvirt, and a safety snapshot, make them when the guest is off already."""
    for kind, free in ((SafetyKind.NONE, 255 << 10), (SafetyKind.DISKS, 511 << 10)):
        spaces = {"/c": FileSystem("/", 1 << 30, free), "/gone": NotKnown("it is not there")}
        plan = a_revert(a_fork(spaces=spaces, state=state), "a", kind)
        assert_refused(plan, Why.OVERLAYS_DO_NOT_FIT)
        (one,) = [one for one in plan.refusals if one.why is Why.OVERLAYS_DO_NOT_FIT]
        assert one.code == libvirt_codes.INTERNAL_ERROR
        assert one.harm is (Harm.STOPPED if state.active else None)
        roomy = {"/c": FileSystem("/", 1 << 30, free + 1024)}
        fits = a_revert(a_fork(spaces=roomy, state=state), "a", kind)
        assert Why.OVERLAYS_DO_NOT_FIT not in [one.why for one in fits.refusals]


def test_a_file_that_is_gone_already_is_kept_for_nobody() -> None:
    """A record of another domain names what was moved away since."""
    users = {"/c": (User("other", "s3", "vda"),)}
    there = a_revert(a_fork(others=users), "a")
    assert_refused(there, Why.REMOVED_HAS_USER, path="/c")
    above = a_fork(others={"/u": (User("/clone"),)})  # upon an overlay that no snapshot made
    layers = replace(above.layers, above=MappingProxyType({"/c": frozenset({"/u"})}))
    assert_refused(a_revert(replace(above, layers=layers), "a"), Why.REMOVED_HAS_USER, path="/c")
    gone = a_fork(others=users, images={"/c": Missing("/c: gone")})
    assert Why.REMOVED_HAS_USER not in {one.why for one in a_revert(gone, "a").refusals}


def test_the_error_of_a_broken_one_is_that_of_what_libvirt_looks_for_first() -> None:
    """By what those below say of its overlays; of the newest all disks (11.3 to 12.9)."""
    upper = {"/c": over("/c", "/a")}

    def code(top: str, first: Snapshot, *later: Snapshot, active: bool = False) -> int:
        state = DomainState.RUNNING if active else DomainState.SHUTOFF
        found = known(
            first, *later, top=top, current=(first, *later)[-1].name, images=upper, state=state
        )
        return code_of_broken(found, first)

    disks = (*ROOT.disks, SnapshotDisk("vdb", Presence.EXTERNAL, "/vdb.a"))
    both = replace(ROOT, disks=disks)
    assert code("/a", ROOT) == 9
    assert code("/a", both) == 8, "vdb is gone"
    assert code("/a", both, active=True) == 9, "nothing lies beneath vda, which is before it"
    assert code("/a", replace(ROOT, disks=disks[::-1]), active=True) == 8
    assert code("/c", ROOT, external("b", "/a", "/c", "a")) == 9, "nothing lies beneath /a"
    assert code("/c", ROOT, external("b", "/a.a", "/c", "a")) == 8, "/a.a is in no chain"
