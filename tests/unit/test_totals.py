"""Sums of which parts are not known are never printed as if they were whole."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from snaptui.model.disk import Disk, Presence, Volume
from snaptui.model.image import ImageInfo, NotKnown, Unplaced
from snaptui.model.snapshot import SnapshotDisk
from snaptui.storage.backing_chain import Layers, files_of, layers_of
from snaptui.storage.costs import cost_of, holding, reclaim_of, written_since
from snaptui.storage.disk_cost import Counted
from snaptui.storage.in_image import odd, oddities
from snaptui.storage.totals import Total, of_one, total
from tests.unit.made import CDROM, RAW, VDA, VDB, config, snapshot
from tests.unit.test_spaces import COUNTED, MIB, usage

VARIABLES = "/vars.qcow2"
UNKNOWN = NotKnown("its pool p is not active")
VOLUME = Disk(
    "vdb",
    "disk",
    "volume",
    None,
    "qcow2",
    volume=Volume("p", "b", Unplaced(UNKNOWN.reason, "/p")),
    unknown=UNKNOWN.reason,
)
NETWORK = Disk("vdb", "disk", "network", None, "raw", unknown="it is a network disk (rbd)")


def test_a_sum_over_the_disks_of_a_domain_is_known_as_a_whole_or_not_at_all() -> None:
    assert of_one([("vda", 1), ("vdb", 2)]) == 3
    assert of_one([("vda", 1), ("vdb", UNKNOWN)]) == NotKnown(f"vdb: {UNKNOWN.reason}")


def test_a_sum_over_a_list_says_of_how_many_it_is_not_known() -> None:
    assert total([MIB, 2 * MIB]).words == "3.0 MiB"
    some = total([MIB, UNKNOWN, UNKNOWN])
    assert (some.whole, some.words, some.short) == (
        False,
        "at least 1.0 MiB (2 of 3 not known)",
        ">= 1.0 MiB",
    )
    assert (some.sum, some.tiny, some.bound) == ("1.0 MiB + 2 ?", ">= 1.0M", MIB)
    none = total([UNKNOWN])
    assert (none.sum, none.bound) == ("?", None)
    assert (none.words, none.short) == (f"? ({UNKNOWN.reason})", "?")
    assert total([]).words == "0 B"


def test_what_may_also_take_away_makes_no_lower_bound() -> None:
    doubted = Total().plus(MIB).plus(UNKNOWN, least=False)
    assert (doubted.words, doubted.short) == (f"? ({UNKNOWN.reason})", "?")


@pytest.mark.parametrize("beside", [VOLUME, NETWORK, RAW])
def test_what_was_written_is_not_known_when_it_is_not_of_one_disk(beside: Disk) -> None:
    assert written_since(config(VDA), COUNTED) == 5 * MIB
    since = written_since(config(VDA, beside), COUNTED)
    assert isinstance(since, NotKnown)
    assert since.reason.startswith(f"{beside.target}: ")
    alone = written_since(config(beside), {})
    assert isinstance(alone, NotKnown), "never nothing"


def test_what_no_guest_writes_to_does_not_matter() -> None:
    empty = replace(CDROM, path=None)
    read_only = replace(NETWORK, read_only=True)
    assert written_since(config(VDA, CDROM, empty, read_only), COUNTED) == 5 * MIB
    assert written_since(config(CDROM), COUNTED) == 0


def test_a_snapshot_of_which_one_disk_is_not_known_has_no_figure() -> None:
    both = config(VDA, VOLUME)
    one = snapshot("old", config=both)
    assert cost_of(one, COUNTED) == NotKnown(f"vdb: {UNKNOWN.reason}")
    assert isinstance(reclaim_of([one, snapshot("new")], COUNTED), NotKnown)
    outside = snapshot(
        "out",
        memory=Presence.NO,
        config=both,
        disks=(SnapshotDisk("vdb", Presence.EXTERNAL, "/img/over"),),
    )
    assert cost_of(outside, COUNTED) == NotKnown(f"vdb: {UNKNOWN.reason}")


def test_nothing_is_called_unused_while_a_disk_may_be_anywhere() -> None:
    layers = layers_of(config(VDA, VOLUME), (), {}, keeps_memory=False)
    assert UNKNOWN.reason in layers.doubt
    raw_elsewhere = layers_of(config(VDA, NETWORK), (), {}, keeps_memory=False)
    assert "vdb" not in raw_elsewhere.doubt, "nothing of this host lies beneath it"


def test_a_snapshot_is_hollow_only_where_its_image_can_be_read_as_the_guest_sees_it() -> None:
    empty: dict[str, ImageInfo | NotKnown] = {
        disk.path or "": ImageInfo(disk.path or "", "qcow2", 1, 1, ()) for disk in (VDA, VDB)
    }
    sound = snapshot("s1")
    assert odd([sound], empty) == {"s1": "hollow"}
    assert len(list(oddities(sound, empty))) == 2
    for beside in (VOLUME, replace(VDB, format=""), replace(VDB, format="raw")):
        doubted = snapshot("s1", config=config(VDA, beside))
        assert odd([doubted], empty) == {}
        assert len(list(oddities(doubted, empty))) == 1


def test_a_disk_without_a_format_is_raw_as_libvirt_takes_it() -> None:
    assert files_of(config(replace(VDA, format=""), VDB), ()) == {
        "/img/a.qcow2": True,
        "/img/b.qcow2": False,
    }


def test_a_file_that_is_not_known_is_not_left_out_of_what_goes() -> None:
    part = SnapshotDisk("vda", Presence.EXTERNAL, "/img/over")
    gone = snapshot("out", memory=Presence.NO, config=config(VDA), disks=(part,))
    counted: Counted = MappingProxyType({})
    heads = {"/img/over": ImageInfo("/img/over", "qcow2", 1, MIB, (), backing=VDA.path)}
    assert isinstance(reclaim_of([gone], counted, Layers(heads=heads)), NotKnown)


def test_a_part_that_is_known_to_be_gone_takes_nothing_from_a_sum() -> None:
    usage = COUNTED["/img/a.qcow2"]
    gone = snapshot("gone", config=config(VDA), disks=(SnapshotDisk("vda", Presence.INTERNAL),))
    old = replace(gone, name="old")
    counted = {"/img/a.qcow2": replace(usage, counted_at=(gone.created or 0) + 1.0)}
    alone = reclaim_of([old], counted)
    assert not isinstance(alone, NotKnown)
    assert reclaim_of([old, gone], counted) == alone
    earlier = {"/img/a.qcow2": replace(usage, counted_at=(gone.created or 0) - 1.0)}
    assert isinstance(reclaim_of([old, gone], earlier), NotKnown), "it may have been made since"


def test_uefi_variables_in_qcow2_are_one_image_more_that_a_snapshot_lies_in() -> None:
    inside = Disk("UEFI variables", "nvram", "file", VARIABLES, "qcow2")
    with_them = config(pflash=True, variables=inside)
    one = snapshot("old", config=with_them)
    assert VARIABLES in holding(with_them, ())
    assert VARIABLES in files_of(with_them, ())
    assert reclaim_of([one], {**COUNTED, VARIABLES: usage(VARIABLES, 4 * MIB)}) == 7 * MIB
    assert reclaim_of([snapshot("old")], COUNTED) == 3 * MIB
    left_out = replace(usage(VARIABLES, 4 * MIB), entries=())
    assert reclaim_of([one], {**COUNTED, VARIABLES: left_out}) == 3 * MIB
    assert isinstance(reclaim_of([one], COUNTED), NotKnown)
