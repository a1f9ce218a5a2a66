"""Backing chains that are whole, broken, round or without end, and what is frozen in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from snaptui.model.disk import Presence
from snaptui.model.image import ImageInfo, ImageSnapshot, Missing, NotKnown
from snaptui.model.snapshot import Snapshot, SnapshotDisk
from snaptui.storage.backing_chain import DEEPEST, NO_LAYERS, Layers, chain, files_of, layers_of
from snaptui.storage.branches import Branches
from snaptui.storage.costs import Cost, cost_of, frees_by_image, reclaim_by_image, reclaimed
from snaptui.storage.disk_cost import Counted
from snaptui.storage.qcow2.usage import ImageUsage, Overlap, SnapshotUsage, Usage
from tests.unit.made import CDROM, CREATED, RAW, VDA, VDB, config, image, snapshot

MIB = 1 << 20
Heads = Mapping[str, ImageInfo | NotKnown]


def heads(*paths: str, **sizes: int) -> dict[str, ImageInfo | NotKnown]:
    """Images that lie upon each other, the first at the bottom."""
    made: dict[str, ImageInfo | NotKnown] = {}
    below = None
    for path in paths:
        size = sizes.get(path.rpartition("/")[2], MIB)
        made[path] = replace(image(path), disk_size=size, backing=below, backing_format="qcow2")
        below = path
    return made


def external(name: str, frozen: str, overlay: str, age: int = 0) -> Snapshot:
    """A snapshot that made vda write to ``overlay`` instead of ``frozen``."""
    return snapshot(
        name,
        created=CREATED - age,
        memory=Presence.NO,
        disks=(SnapshotDisk("vda", Presence.EXTERNAL, overlay),),
        config=config(replace(VDA, path=frozen)),
    )


def paths_and_reasons(path: str, found: Heads) -> list[str]:
    return [
        level.image.reason if isinstance(level.image, NotKnown) else level.path
        for level in chain(path, "qcow2", found)
    ]


def test_a_chain_from_its_top() -> None:
    assert paths_and_reasons("/c", heads("/a", "/b", "/c")) == ["/c", "/b", "/a"]


def test_a_chain_that_goes_round() -> None:
    found = heads("/a", "/b")
    bottom = found["/a"]
    assert isinstance(bottom, ImageInfo)
    found["/a"] = replace(bottom, backing="/b")
    whole = paths_and_reasons("/b", found)
    assert whole[:2] == ["/b", "/a"]
    assert "goes round" in whole[2]
    found["/a"] = replace(bottom, backing="/a")
    assert len(chain("/a", "qcow2", found)) == 2


def test_a_chain_with_a_gap() -> None:
    found = heads("/a", "/b", "/c")
    found["/a"] = NotKnown("/a: No such file or directory.")
    assert paths_and_reasons("/c", found) == ["/c", "/b", "/a: No such file or directory."]
    del found["/b"]
    assert paths_and_reasons("/c", found) == ["/c", "it is being read"]
    top = found["/c"]
    assert isinstance(top, ImageInfo)
    found["/c"] = replace(top, backing=NotKnown("it is named nbd://x, which is not a path"))
    assert "nbd" in paths_and_reasons("/c", found)[1]


@pytest.mark.parametrize("depth", [DEEPEST - 1, DEEPEST, DEEPEST + 1, 5 * DEEPEST])
def test_a_chain_that_is_deeper_than_libvirt_follows(depth: int) -> None:
    whole = paths_and_reasons(f"/{depth - 1}", heads(*(f"/{at}" for at in range(depth))))
    assert len(whole) == min(depth, DEEPEST + 1)
    assert ("not followed" in whole[-1]) == (depth > DEEPEST)


def test_the_format_is_what_names_the_image_says() -> None:
    """qemu reads it as that, whatever it looks like."""
    found = heads("/a", "/b")
    top = found["/b"]
    assert isinstance(top, ImageInfo)
    found["/b"] = replace(top, backing_format="vmdk")
    assert [level.format for level in chain("/b", "", found)] == ["qcow2", "vmdk"]


def test_all_files_of_a_domain_and_its_snapshots_are_looked_at_once() -> None:
    one = replace(external("one", "/a", "/b"), memory=Presence.EXTERNAL, memory_path="/m")
    found = files_of(config(replace(VDA, path="/b"), RAW, CDROM), [one])
    assert found == {"/b": False, "/img/c.raw": True, "/a": False, "/m": True}


# -- costs -----------------------------------------------------------------------------------


def usage(path: str, overlap: Overlap | NotKnown | None, **more: int) -> ImageUsage:
    inside = Usage(65536, MIB, more.get("active", MIB), 0, 0, 0, (), {})
    size = more.get("size", MIB)
    return ImageUsage(path, (), inside, MIB, size, size, False, 7.0, "/a", overlap)


def overlap(lower: str = "/a", *, raw: bool = False) -> Overlap:
    return Overlap(lower, raw, both=300, only_upper=50, zeros_both=20, zeros_only_upper=7)


def layers(found: Heads, top: str, *snapshots: Snapshot, keeps_memory: bool = False) -> Layers:
    here = config(replace(VDA, path=top))
    return layers_of(here, snapshots, found, keeps_memory=keeps_memory)


def cost(one: Snapshot, counted: Counted, found: Layers) -> Cost:
    what = cost_of(one, counted, found)
    assert isinstance(what, Cost), what
    return what


def test_the_layer_that_was_frozen_is_what_was_written() -> None:
    first, second = external("one", "/a", "/b", 9), external("two", "/b", "/c")
    found = layers(heads("/a", "/b", "/c", a=5, b=6, c=7), "/c", first, second)
    assert (cost(first, {}, found).written, cost(first, {}, found).oldest) == (5, True)
    assert (cost(second, {}, found).written, cost(second, {}, found).oldest) == (6, False)
    assert found.merging == {"/b", "/c"}


def test_a_frozen_image_with_snapshots_inside_counts_what_the_disk_alone_held() -> None:
    found = heads("/a", "/b")
    bottom = found["/a"]
    assert isinstance(bottom, ImageInfo)
    found["/a"] = replace(bottom, snapshots=(ImageSnapshot("1", "in", CREATED, 0),))
    one = external("one", "/a", "/b")
    there = layers(found, "/b", one)
    assert cost(one, {}, there).written == NotKnown("vda: not counted yet")
    what = cost(one, {"/a": usage("/a", None, active=77)}, there)
    assert (what.written, what.oldest) == (77, False)


@pytest.mark.parametrize(
    ("top", "raw", "reclaim", "needs"),
    [
        (True, False, 1000 - 50, 50),
        (True, True, 1000 - 50 + 20, 50),
        (False, False, 1000 - 57, 57),
        (False, True, 1000 - 57, 57),
    ],
)
def test_zeros_of_the_top_are_merged_as_zeros(
    top: bool, raw: bool, reclaim: int, needs: int
) -> None:
    one, two = external("one", "/a", "/b", 9), external("two", "/b", "/c")
    found = heads("/a", "/b") if top else heads("/a", "/b", "/c")
    there = layers(found, "/b" if top else "/c", one, *(() if top else (two,)))
    what = cost(one, {"/b": usage("/b", overlap(raw=raw), size=1000)}, there)
    assert (what.reclaim, what.needs) == (reclaim, needs)
    assert what.merges == {"vda": ("/b", "/a")}
    newer = replace(there, branches=Branches(fills_raw=True))
    what = cost(one, {"/b": usage("/b", overlap(raw=raw), size=1000)}, newer)
    assert (what.reclaim, what.needs) == ((1000 - 57, 57) if raw else (reclaim, needs))


@pytest.mark.parametrize(
    ("counted", "why"),
    [
        ({}, "not counted yet"),
        ({"/b": NotKnown("damaged")}, "damaged"),
        ({"/b": usage("/b", None)}, "not counted yet"),
        ({"/b": usage("/b", NotKnown("too many holes"))}, "too many holes"),
        ({"/b": usage("/b", overlap("/elsewhere"))}, "not counted yet"),
    ],
)
def test_what_a_merge_gives_back_is_unknown_until_it_is_counted(counted: Counted, why: str) -> None:
    one = external("one", "/a", "/b")
    what = cost(one, counted, layers(heads("/a", "/b"), "/b", one))
    assert what.reclaim == NotKnown(f"vda: {why}")
    assert what.written == MIB


def test_an_overlay_that_is_left_is_not_said_to_be_removed() -> None:
    one = external("one", "/a", "/b")
    found = layers(heads("/a", "/b"), "/a", one)
    what = cost(one, {}, found)
    assert (what.needs, what.merges) == (0, {})
    assert isinstance(what.reclaim, NotKnown)
    assert what.reclaim.reason.startswith("a delete is refused: ")
    freed = frees_by_image((one,), {}, found)
    assert freed == NotKnown(f"one: {what.reclaim.reason}")
    with_other = config(replace(VDA, path="/c"))
    elsewhere = layers_of(with_other, [one], heads("/a", "/b") | heads("/c"), keeps_memory=True)
    assert "only its metadata can be deleted" in str(cost(one, {}, elsewhere).reclaim)


def test_no_disk_of_a_broken_one_is_said_to_free_anything() -> None:
    """The file of one disk is there, that of the other is not."""
    disks = (replace(VDA, path="/a"), replace(VDB, path="/x"))
    one = replace(
        external("one", "/a", "/b"),
        disks=(
            SnapshotDisk("vda", Presence.EXTERNAL, "/b"),
            SnapshotDisk("vdb", Presence.EXTERNAL, "/y"),
        ),
        config=config(*disks),
    )
    there = heads("/a", "/b") | heads("/x") | {"/y": Missing("/y: gone")}
    found = layers_of(config(*disks), [one], there, keeps_memory=True)
    what = cost(one, {}, found)
    assert isinstance(what.reclaim, NotKnown)
    assert all(isinstance(freed, NotKnown) for _, freed in what.by_disk.values())


def test_only_what_is_refused_or_inside_takes_nothing_from_a_sum() -> None:
    one = external("one", "/a", "/b")
    refused = reclaimed([one], {}, layers(heads("/a", "/b"), "/a", one))
    assert (refused.missing, refused.least) == (1, True)
    merged = reclaimed([one], {}, layers(heads("/a", "/b"), "/b", one))
    assert (merged.missing, merged.least) == (1, False), "a merge may take more"


def test_why_the_image_that_it_froze_has_no_size() -> None:
    one = external("one", "/a", "/b")
    what = cost(one, {}, layers(heads("/a", "/b"), "/a", one))
    assert isinstance(what.written, NotKnown)
    assert "written to again" in what.written.reason


def test_it_is_not_called_left_where_the_chain_cannot_be_read() -> None:
    one = external("one", "/a", "/b")
    found = heads("/a", "/b")
    found["/c"] = NotKnown("/c: Permission denied.")
    reclaim = cost(one, {}, layers(found, "/c", one)).reclaim
    assert isinstance(reclaim, NotKnown)
    assert "not known to its end: /c: Permission denied." in reclaim.reason


def test_a_memory_file_counts_where_libvirt_removes_it() -> None:
    bare = external("one", "/a", "/b")
    one = replace(bare, memory=Presence.EXTERNAL, memory_path="/m")
    found = {**heads("/a", "/b"), "/m": replace(image("/m"), format="raw", disk_size=400)}
    counted = {"/b": usage("/b", overlap(), size=1000)}
    there = cost(one, counted, layers(found, "/b", one))
    assert (there.written, there.reclaim, there.memory_left) == (MIB + 400, 950 + 400, "")
    given = reclaim_by_image(one, counted, layers(found, "/b", one))
    assert given == {"/a": -50, "/b": 1000, "/m": 400}
    left = cost(one, counted, layers(found, "/b", one, keeps_memory=True))
    assert (left.written, left.reclaim, left.memory_left) == (MIB + 400, 950, "/m")


def test_what_lies_inside_and_what_lies_outside_add_up() -> None:
    entry = ImageSnapshot("1", "one", CREATED, 0)
    share = SnapshotUsage(MIB, MIB, MIB, MIB)
    inside = usage(VDB.path or "", None)
    inside = replace(
        inside,
        entries=(entry,),
        usage=replace(inside.usage, snapshots=(share,), shared={1: MIB // 65536}),
    )
    bare = external("one", "/a", "/b")
    disks = (*bare.disks, SnapshotDisk("vdb", Presence.INTERNAL))
    mixed = replace(bare, disks=disks, config=config(replace(VDA, path="/a"), VDB))
    counted = {"/b": usage("/b", overlap(), size=1000), inside.path: inside}
    found = layers(heads("/a", "/b"), "/b", mixed)
    given = reclaim_by_image(mixed, counted, found)
    assert given == {"/a": -50, "/b": 1000, inside.path: MIB}
    assert cost(mixed, counted, found).reclaim == 950 + MIB


def test_nothing_is_known_of_layers_that_were_not_read() -> None:
    what = cost(external("one", "/a", "/b"), {}, NO_LAYERS)
    assert isinstance(what.written, NotKnown)
    assert isinstance(what.reclaim, NotKnown)


def test_a_count_rests_on_what_lies_beneath_and_not_on_what_a_guest_writes() -> None:
    one, two = external("one", "/a", "/b", 9), external("two", "/b", "/c")
    found = heads("/a", "/b", "/c")
    stamp = layers(found, "/c", one, two).stamp
    grown = heads("/a", "/b", "/c", c=5 * MIB)
    assert layers(grown, "/c", one, two).stamp("/c") == stamp("/c")
    merged = heads("/a", "/b", "/c", b=5 * MIB)
    assert layers(merged, "/c", one, two).stamp("/c") != stamp("/c")
    assert layers(merged, "/c", one, two).stamp("/b") != stamp("/b")
    assert layers(merged, "/c", one, two).stamp("/a") == stamp("/a")
