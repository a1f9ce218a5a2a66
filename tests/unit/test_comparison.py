"""What two times of a domain share, and who lies between: pure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.model.disk import Presence
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.model.snapshot import Snapshot, SnapshotDisk
from snaptui.storage.backing_chain import Layers, layers_of
from snaptui.storage.branches import Branches
from snaptui.storage.comparison import Way, in_time, way
from snaptui.storage.disk_then import At, DiskAt, disk_inside, disk_now, disk_then, unshared
from snaptui.storage.in_image import unmanaged_in
from tests.unit.made import CREATED, VDA, VDB, config, image, snapshot

TREE = {
    one.name: one
    for one in (
        snapshot("root"),
        snapshot("a", "root"),
        snapshot("b", "a"),
        snapshot("c", "root"),
        snapshot("d", "c"),
        snapshot("alone"),
    )
}


@pytest.mark.parametrize(
    ("one", "other", "current", "names", "turn"),
    [
        ("root", "b", None, ("root", "a", "b"), None),
        ("b", "root", None, ("b", "a", "root"), None),
        ("b", "d", None, ("b", "a", "root", "c", "d"), "root"),
        ("a", "c", None, ("a", "root", "c"), "root"),
        ("root", None, "b", ("root", "a", "b", None), None),
        ("b", None, "b", ("b", None), None),
        ("d", None, "a", ("d", "c", "root", "a", None), "root"),
        ("b", None, "a", ("b", "a", None), "a"),
    ],
)
def test_the_way_goes_up_and_then_down(
    one: str, other: str | None, current: str | None, names: tuple[str | None, ...], turn: str
) -> None:
    assert way(TREE, one, other, current) == Way(names, turn)


@pytest.mark.parametrize(("one", "other", "current"), [("a", "alone", None), ("a", None, None)])
def test_without_a_way_it_is_said_why(one: str, other: str | None, current: str | None) -> None:
    found = way(TREE, one, other, current)
    assert isinstance(found, NotKnown)
    assert found.reason


@given(st.lists(st.integers(-1, 11), min_size=2, max_size=12), st.data())
def test_each_step_of_a_way_is_one_in_the_tree(parents: list[int], data: st.DataObject) -> None:
    """Also where the parents form a circle, as read while they were being changed."""
    known = {
        str(at): snapshot(str(at), str(parent) if 0 <= parent < len(parents) else None)
        for at, parent in enumerate(parents)
    }
    one, other = (
        data.draw(st.sampled_from(sorted(known))),
        data.draw(st.sampled_from(sorted(known))),
    )
    found = way(known, one, other, None)
    if isinstance(found, Way):
        assert (found.names[0], found.names[-1]) == (one, other)
        assert len(set(found.names)) == len(found.names)
        steps = zip(found.names, found.names[1:], strict=False)
        assert all(known[str(a)].parent == b or known[str(b)].parent == a for a, b in steps), found


def test_the_older_one_is_the_first() -> None:
    old, young = snapshot("old", created=1), snapshot("young", created=2)
    assert in_time(old, young) == in_time(young, old) == (old, young)


def test_what_both_have_at_the_end_is_shared() -> None:
    base, mid, top = At("/base"), At("/mid"), At("/top")
    assert unshared((base,), (top, mid, base)) == ((), (top, mid))
    assert unshared((mid, base), (top, base)) == ((mid,), (top,))
    assert unshared((base,), (base,)) == ((), ())
    then = At("/base", "1")
    assert unshared((then,), (mid, base)) == ((then,), (mid, base))
    assert unshared((then,), (then,)) == ((), ())
    assert isinstance(unshared((base,), (At("/other"),)), NotKnown)


def over(path: str, lower: str) -> ImageInfo:
    return replace(image(path), backing=lower)


def external(name: str, frozen: str, overlay: str, parent: str | None = None) -> Snapshot:
    return snapshot(
        name,
        parent,
        disks=(SnapshotDisk("vda", Presence.EXTERNAL, overlay),),
        config=config(replace(VDA, path=frozen)),
        created=CREATED + len(name),
    )


def layers(now: str, *snapshots: Snapshot, branches: Branches | None = None) -> Layers:
    heads = {
        "/base": replace(image("/base", ("7", "s1")), virtual_size=1 << 30),
        "/mid": over("/mid", "/base"),
        "/top": over("/top", "/mid"),
    }
    disks = config(replace(VDA, path=now))
    return layers_of(disks, snapshots, heads, keeps_memory=False)


def test_a_disk_is_its_image_and_all_beneath() -> None:
    first, second = external("one", "/base", "/mid"), external("later", "/mid", "/top", "one")
    known = layers("/top", first, second)
    top, mid, base = At("/top"), At("/mid"), At("/base")
    now = disk_now(config(replace(VDA, path="/top")), "vda", known)
    assert now == DiskAt((top, mid, base), 1 << 30)
    assert disk_then(first, "vda", known) == DiskAt((base,), 1 << 30)
    assert disk_then(second, "vda", known) == DiskAt((mid, base), 1 << 30)


def test_an_internal_one_is_an_entry_of_its_image() -> None:
    one = snapshot("s1", config=config(replace(VDA, path="/base")))
    then = disk_then(one, "vda", layers("/top", one))
    assert isinstance(then, DiskAt)
    assert then.stack == (At("/base", "7"),)


def test_an_unmanaged_one_is_an_entry_of_an_image_of_the_chain() -> None:
    """Wherever it lies there; what lies upon that image came later."""
    known = layers("/top")
    (found,) = unmanaged_in((), known.heads)
    assert (found.name, [path for path, _ in found.parts]) == ("s1", ["/base"])
    disks = config(replace(VDA, path="/top"), replace(VDB, path="/lost"))
    then = disk_inside(found, disks, "vda", known)
    assert isinstance(then, DiskAt)
    assert then.stack == (At("/base", "7"),)
    assert isinstance(disk_inside(found, disks, "vdb", known), NotKnown)
    assert disk_inside(found, disks, "vdx", known) == NotKnown("the domain does not have it now")
    elsewhere = replace(found, parts=(("/other", found.parts[0][1]),))
    not_there = disk_inside(elsewhere, disks, "vda", known)
    assert not_there == NotKnown("s1 does not hold this disk")


@pytest.mark.parametrize(
    ("one", "now", "reason"),
    [
        (snapshot("gone", config=config(replace(VDA, path="/base"))), "/base", "no snapshot of"),
        (external("one", "/base", "/mid"), "/base", "is a disk's now"),
        (snapshot("no", config=None), "/base", "does not say which image"),
        (snapshot("s1", disks=()), "/base", "does not hold this disk"),
        (external("one", "/lost", "/mid"), "/top", "being read"),
    ],
)
def test_what_a_disk_was_may_not_be_known(one: Snapshot, now: str, reason: str) -> None:
    found = disk_then(one, "vda", layers(now, one))
    assert isinstance(found, NotKnown)
    assert reason in found.reason


def test_a_disk_that_came_later_is_said() -> None:
    one = snapshot("s1", config=config(replace(VDA, path="/base")))
    found = disk_then(one, "vdx", layers("/base", one))
    assert found == NotKnown("the domain did not have it at s1")
    assert isinstance(disk_now(config(), "vdx", layers("/base")), NotKnown)
