"""What is on each file system, ranked, and what marks promise together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import Domain, DomainKey, DomainState
from snaptui.model.doubts import Doubt, Unread
from snaptui.model.files import User
from snaptui.model.image import FileSystem, Fixed, ImageInfo, ImageSnapshot, NotKnown
from snaptui.model.snapshot import Snapshot, SnapshotDisk
from snaptui.storage.backing_chain import Layers
from snaptui.storage.inventory import Inventory
from snaptui.storage.marked import chosen, promised
from snaptui.storage.qcow2.usage import ImageUsage, Overlap, SnapshotUsage, Usage
from snaptui.storage.reclaimable import (
    NOWHERE,
    Item,
    ItemKind,
    Survey,
    Surveyed,
    places,
)
from snaptui.storage.totals import Total
from tests.unit.made import CREATED, VDA, VDB, config, snapshot

MIB = 1 << 20
WEB = Domain(DomainKey("qemu:///system", "web"), "web", DomainState.RUNNING)
A, B = VDA.path or "", VDB.path or ""
OVER = "/img/gone.qcow2"
SMALL = FileSystem(A, 100 * MIB, 2 * MIB, 0, "/img", "ext4")
LARGE = FileSystem(B, 100 * MIB, 90 * MIB, 0, "/other", "xfs")
NAMES = ("old", "new", "by hand")
ENTRIES = tuple(ImageSnapshot(str(at), name, CREATED, 0) for at, name in enumerate(NAMES, 1))


def usage(path: str, unit: int) -> ImageUsage:
    """Three snapshots that free 1, 2 and 3 units; old and new share one more."""
    shared = {1: 1, 2: 2, 3: 1, 4: 3, 8: 5}
    alone = tuple(
        SnapshotUsage(0, 0, frees * unit, older * unit) for frees, older in ((1, 1), (2, 4), (3, 7))
    )
    counted = Usage(unit, 12 * unit, 5 * unit, 0, 0, 0, alone, MappingProxyType(shared))
    return ImageUsage(path, ENTRIES, counted, 1, 1, 12 * unit, False, 1.0)


COUNTED = {A: usage(A, MIB), B: usage(B, 2 * MIB)}


def survey(*names: str) -> Survey:
    heads = {path: ImageInfo(path, "qcow2", 1, 1, ENTRIES) for path in (A, B)}
    known: tuple[Snapshot, ...] = tuple(snapshot(name) for name in names)
    one = Surveyed(WEB, config(), known, {}, Layers(heads=heads))
    over = ImageInfo(OVER, "qcow2", 1, 4 * MIB, (), backing=A)
    inventory = Inventory({A: (User("web", disk="vda"),)}, {OVER: over}, (), 1, {})
    return Survey((one,), {A: SMALL, B: LARGE, OVER: SMALL}, {}, inventory)


def sums(totals: Mapping[str, Total] | NotKnown) -> dict[str, int]:
    assert not isinstance(totals, NotKnown)
    assert all(total.whole for total in totals.values())
    return {mount: total.known for mount, total in totals.items()}


def shares(items: tuple[Item, ...]) -> list[tuple[str, ItemKind, int | NotKnown, int | NotKnown]]:
    return [(item.name, item.kind, item.reclaim, item.with_older) for item in items]


def test_each_file_system_has_its_share_of_each_the_most_first() -> None:
    full, other = places(survey("old", "new"), COUNTED)
    assert (full.name, other.name) == ("/img", "/other")
    assert shares(full.items) == [
        (OVER, ItemKind.LEFTOVER, 4 * MIB, 4 * MIB),
        ("by hand", ItemKind.UNMANAGED, 3 * MIB, 7 * MIB),
        ("new", ItemKind.SNAPSHOT, 2 * MIB, 4 * MIB),
        ("old", ItemKind.SNAPSHOT, 1 * MIB, 1 * MIB),
    ]
    assert shares(other.items)[0] == ("by hand", ItemKind.UNMANAGED, 6 * MIB, 14 * MIB)
    assert full.in_snapshots == Total(7 * MIB, 1)
    assert other.in_snapshots == Total(14 * MIB, 1)


def test_a_leftover_has_what_was_counted_of_it_alone() -> None:
    found = survey("old", "new")
    assert isinstance(places(found, COUNTED)[0].items[0].own, NotKnown)
    counted = replace(found, own={OVER: 3 * MIB})
    assert places(counted, COUNTED)[0].items[0].own == 3 * MIB


def test_marks_promise_what_goes_together_and_not_the_sum() -> None:
    marked = {("web", "old"), ("web", "new"), ("", OVER)}
    found = survey("old", "new")
    assert sums(promised(found, COUNTED, marked)) == {
        "/img": 4 * MIB + 4 * MIB,
        "/other": 8 * MIB,
    }
    files, parts = chosen(found, {*marked, ("web", "by hand")})
    assert files == (OVER,)
    assert parts == ((WEB, ("old", "new"), ("by hand",)),)


def test_what_is_not_counted_is_not_known_and_comes_last() -> None:
    found = survey("old", "new")
    full, _ = places(found, {B: COUNTED[B]})
    assert full.items[0].kind is ItemKind.LEFTOVER
    assert all(isinstance(item.reclaim, NotKnown) for item in full.items[1:])
    assert isinstance(promised(found, {}, {("web", "old")}), NotKnown)


def test_a_leftover_that_is_not_certain_says_why() -> None:
    found = survey("old", "new")
    assert found.inventory is not None
    here, beside = (
        Doubt(Unread.POOL, "p", "it is not active", frozenset({place}))
        for place in ("/img", "/other")
    )
    doubted = replace(found, inventory=replace(found.inventory, doubts=(beside, here)))
    (first, *_), certain = places(doubted, COUNTED)[0].items, places(found, COUNTED)[0].items[0]
    assert (first.kind, first.proof) == (
        ItemKind.UNSURE,
        "uncertain: the pool p: it is not active",
    )
    apart = replace(found, inventory=replace(found.inventory, doubts=(beside,)))
    assert places(apart, COUNTED)[0].items[0] == certain
    assert certain.proof.startswith("nothing names it: asked 1 domain,")


def test_a_merge_into_another_file_system_frees_one_and_fills_the_other() -> None:
    overlay = ImageInfo(A, "qcow2", 1, 4 * MIB, (), backing=B)
    base = ImageInfo(B, "qcow2", 1, 4 * MIB, ())
    merged = snapshot("out", memory=Presence.NO, config=config(VDB),
                      disks=(SnapshotDisk("vdb", Presence.EXTERNAL, A),))  # fmt: skip
    layers = Layers(
        heads={A: overlay, B: base},
        tops=frozenset({A}),
        in_use=frozenset({A, B}),
        doubt="",
        above={B: frozenset({A})},
        merging=frozenset({A}),
    )
    counted = {A: replace(usage(A, MIB), entries=(), overlap=Overlap(B, False, MIB, MIB, 0, 0))}
    found = Survey((Surveyed(WEB, config(VDB), (merged,), {}, layers),), {A: SMALL, B: SMALL})
    taken = counted[A].disk_size
    (same,) = places(found, counted)
    assert same.items[0].reclaim == taken - MIB
    apart = replace(found, spaces={A: SMALL, B: LARGE})
    shares = {
        place.space: [item.reclaim for item in place.items] for place in places(apart, counted)
    }
    assert shares == {SMALL: [taken], LARGE: [-MIB]}
    marked = {(WEB.key.uuid, "out")}
    assert sums(promised(apart, counted, marked)) == {SMALL.mount: taken, LARGE.mount: -MIB}


OTHER = Domain(DomainKey("qemu:///system", "db"), "db", DomainState.RUNNING)


def with_other(found: Survey, disk: Disk, *names: str) -> Survey:
    """With another domain, whose only disk is this one."""
    known = tuple(snapshot(name, config=config(disk), disks=(_inside(disk),)) for name in names)
    return replace(found, domains=(*found.domains, Surveyed(OTHER, config(disk), known, {})))


def _inside(disk: Disk) -> SnapshotDisk:
    return SnapshotDisk(disk.target, Presence.INTERNAL)


def test_what_is_nowhere_has_a_row_and_comes_last() -> None:
    lost = Disk("vda", "disk", "network", None, "raw", unknown="it is a network disk (rbd)")
    *known, nowhere = places(with_other(survey("old", "new"), lost, "far"), COUNTED)
    assert [place.name for place in known] == ["/img", "/other"]
    assert (nowhere.name, nowhere.full) == (NOWHERE, None)
    assert [(item.name, type(item.reclaim)) for item in nowhere.items] == [("far", NotKnown)]
    assert nowhere.in_snapshots.short == "?"
    assert "rbd" in nowhere.in_snapshots.reason


def test_an_image_whose_file_system_is_not_known_is_not_left_out() -> None:
    found = survey("old", "new")
    blind = replace(found, spaces={**found.spaces, B: NotKnown("no answer")})
    full, nowhere = places(blind, COUNTED)
    assert (full.name, nowhere.name) == ("/img", NOWHERE)
    assert nowhere.space == NotKnown("no answer")
    assert shares(nowhere.items)[0] == ("by hand", ItemKind.UNMANAGED, 6 * MIB, 14 * MIB)
    assert sums(promised(blind, COUNTED, {("web", "new")})) == {"/img": 2 * MIB, NOWHERE: 4 * MIB}


def test_a_raw_device_grows_nowhere() -> None:
    found = survey("old", "new")
    fixed = replace(found, spaces={**found.spaces, B: Fixed("raw")})
    assert [place.name for place in places(fixed, COUNTED)] == ["/img"]


def test_a_sum_over_domains_says_how_many_are_not_known() -> None:
    uncounted = replace(VDA, path="/img/db.qcow2")
    found = with_other(survey("old", "new"), uncounted, "one", "two")
    found = replace(found, spaces={**found.spaces, "/img/db.qcow2": SMALL})
    marked = {("web", "old"), ("web", "new"), ("db", "one"), ("db", "two")}
    given = promised(found, COUNTED, marked)
    assert not isinstance(given, NotKnown)
    assert given["/img"].words == "at least 4.0 MiB (2 of 4 not known)"
    assert given["/other"] == Total(8 * MIB, 2)
    alone = promised(found, COUNTED, {("db", "one")})
    assert isinstance(alone, NotKnown), "of one domain it is not known"
    assert alone.reason.startswith("db: ")


def of_both(*names: str) -> Survey:
    """The images of web are a second domain's too, which has snapshots of these names."""
    found = survey("old", "new")
    known = tuple(snapshot(name) for name in names)
    same = Surveyed(OTHER, config(), known, {}, found.domains[0].layers)
    return replace(found, domains=(*found.domains, same))


def test_what_two_domains_share_an_image_of_is_freed_once() -> None:
    """One entry under two records, and two entries that free more together than alone."""
    for marked in (
        {("web", "old"), ("db", "old")},
        {("web", "old"), ("db", "new")},
        {("web", "by hand"), ("db", "by hand"), ("db", "old")},
        {("web", "old"), ("web", "new"), ("db", "old"), ("db", "new")},
    ):
        alone = {("web", name) for _, name in marked}
        found = of_both("old", "new")
        assert sums(promised(found, COUNTED, marked)) == sums(promised(found, COUNTED, alone))


def test_a_file_that_two_domains_would_remove_is_not_known() -> None:
    """What the second delete does to it, no figure of the first tells."""
    over = ImageInfo(A, "qcow2", 1, 4 * MIB, (), backing=B)
    base = ImageInfo(B, "qcow2", 1, 4 * MIB, ())
    merged = snapshot("out", memory=Presence.NO, config=config(VDB),
                      disks=(SnapshotDisk("vdb", Presence.EXTERNAL, A),))  # fmt: skip
    layers = Layers(
        heads={A: over, B: base}, tops=frozenset({A}), in_use=frozenset({A, B}), doubt="",
        above={B: frozenset({A})}, merging=frozenset({A}),
    )  # fmt: skip
    counted = {A: replace(usage(A, MIB), entries=(), overlap=Overlap(B, False, MIB, MIB, 0, 0))}
    both = tuple(Surveyed(one, config(VDB), (merged,), {}, layers) for one in (WEB, OTHER))
    given = promised(Survey(both, {A: SMALL, B: SMALL}), counted, {("web", "out"), ("db", "out")})
    assert not isinstance(given, NotKnown)
    assert (given["/img"].known, given["/img"].parts, given["/img"].missing) == (11 * MIB, 2, 1)
    assert given["/img"].reason == f"{A} is an image of several domains"


def test_a_merge_that_is_not_known_makes_no_lower_bound() -> None:
    """It may take more of the file system beneath than all else frees."""
    found = survey("old")
    overlay = SnapshotDisk("vda", Presence.EXTERNAL, "/img/over")
    merged = snapshot("out", memory=Presence.NO, config=config(VDA), disks=(overlay,))
    other = Surveyed(OTHER, config(VDA), (merged,), {})
    found = replace(found, domains=(*found.domains, other))
    given = promised(found, COUNTED, {("web", "old"), ("db", "out")})
    assert not isinstance(given, NotKnown)
    assert given["/img"].short == "?"


def test_snapshots_and_domains_that_could_not_be_read_are_there() -> None:
    found = survey("old")
    one = replace(found.domains[0], unread={"bad": "its XML is too large"})
    found = replace(found, domains=(one,), failed={"db": "no monitor"})
    *known, nowhere = places(found, COUNTED)
    for place in known:
        assert place.items[-1].name == "bad"
        assert place.items[-1].reclaim == NotKnown("its XML is too large")
    assert nowhere.in_snapshots == Total(0, 1, 1, "db: no monitor")
    assert chosen(found, {("web", "bad")})[1] == ((WEB, ("bad",), ()),)


def test_what_is_not_counted_yet_is_not_nothing() -> None:
    full, _ = places(survey("old"), {B: COUNTED[B]})
    assert (full.in_snapshots.whole, full.in_snapshots.short) == (False, "?")


def test_what_is_freed_on_a_device_stays_in_its_image() -> None:
    found = survey("old")
    device = FileSystem(A, 100 * MIB, 1 * MIB, 0, "/dev/vg/a", "block device", device=True)
    place, other = places(replace(found, spaces={A: device, B: LARGE, OVER: LARGE}), COUNTED)
    assert {item.inside for item in place.items} == {True}
    assert {item.inside for item in other.items} == {False}
