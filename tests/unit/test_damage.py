"""What proves whether the base of an overlay was written to, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snaptui.model.disk import Presence
from snaptui.model.image import ImageInfo, ImageSnapshot, Missing, NotKnown
from snaptui.model.snapshot import Snapshot, SnapshotDisk
from snaptui.storage.backing_chain import layers_of
from snaptui.storage.damage import Broken, Matter
from tests.unit.made import CREATED, VDA, VDB, config, snapshot

Times = tuple[float | None, float | None]


def broken(*times: Times, made: int | None = CREATED) -> Broken:
    """Of an external snapshot over disks that were set to their bases again.

    Args:
        times: by disk, when base and overlay were written to last.
    """
    bases = [replace(disk, path=f"/{disk.target}") for disk in (VDA, VDB)[: len(times)]]
    taken = replace(
        snapshot("over"),
        created=made,
        disks=tuple(
            SnapshotDisk(disk.target, Presence.EXTERNAL, f"{disk.path}.over") for disk in bases
        ),
        config=config(*bases),
    )
    heads: dict[str, ImageInfo | NotKnown] = {}
    for disk, (lower, upper) in zip(bases, times, strict=True):
        base = disk.path or ""
        heads[base] = ImageInfo(base, "qcow2", 1, 1, (), written=lower, changed=lower)
        over = f"{base}.over"
        heads[over] = ImageInfo(over, "qcow2", 1, 1, (), backing=base, written=upper)
    (found,) = layers_of(config(*bases), [taken], heads, keeps_memory=True).broken.values()
    return found


@pytest.mark.parametrize(
    ("lower", "upper", "matter"),
    [
        (CREATED - 1, CREATED + 9, Matter.UNTOUCHED),
        (CREATED - 0.001, None, Matter.UNTOUCHED),
        (CREATED + 0.5, CREATED + 9, Matter.NOT_KNOWN),
        (CREATED + 5, CREATED + 9, Matter.NOT_KNOWN),
        (CREATED + 9, CREATED + 9, Matter.NOT_KNOWN),
        (CREATED + 10, CREATED + 9, Matter.WRITTEN),
        (CREATED + 10, None, Matter.NOT_KNOWN),
        (None, CREATED + 9, Matter.NOT_KNOWN),
    ],
)
def test_what_the_times_prove(lower: float | None, upper: float | None, matter: Matter) -> None:
    found = broken((lower, upper))
    assert (found.matter, found.tops) == (matter, ("/vda.over",))


def test_without_the_time_of_the_snapshot_nothing_is_known_to_be_whole() -> None:
    assert broken((CREATED - 9, CREATED), made=None).matter is Matter.NOT_KNOWN


def test_of_several_disks_the_worst_is_told() -> None:
    whole, spoilt = (CREATED - 9, CREATED), (CREATED + 10, CREATED + 9)
    for times in ((whole, spoilt), (spoilt, whole)):
        assert broken(*times).matter is Matter.WRITTEN


@pytest.mark.parametrize(
    ("name", "created", "matter"),
    [
        ("in", CREATED, Matter.MOVED),
        ("in", CREATED + 59, Matter.MOVED),
        ("in", CREATED - 1, Matter.GONE),
        ("in", CREATED + 3600, Matter.GONE),
        ("other", CREATED, Matter.GONE),
    ],
)
def test_only_an_entry_of_its_name_and_time_is_it(name: str, created: int, matter: Matter) -> None:
    taken: Snapshot = replace(snapshot("in"), config=config(replace(VDA, path="/old")))
    entry = ImageSnapshot("1", name, created, 0)
    heads: dict[str, ImageInfo | NotKnown] = {
        "/old": Missing("/old: gone"),
        "/new": ImageInfo("/new", "qcow2", 1, 1, (entry,)),
    }
    now = config(replace(VDA, path="/new"))
    (found,) = layers_of(now, [taken], heads, keeps_memory=True).broken.values()
    assert found.matter is matter


@pytest.mark.parametrize("upon", [False, True])
def test_an_image_that_lies_upon_the_one_of_then_is_no_copy_of_it(upon: bool) -> None:
    taken: Snapshot = replace(snapshot("in"), config=config(replace(VDA, path="/old")))
    entry = ImageSnapshot("1", "in", CREATED, 0)
    heads: dict[str, ImageInfo | NotKnown] = {
        "/old": ImageInfo("/old", "qcow2", 1, 1, (entry,)),
        "/mid": ImageInfo("/mid", "qcow2", 1, 1, (), backing="/old"),
        "/new": ImageInfo("/new", "qcow2", 1, 1, (entry,), backing="/mid" if upon else None),
    }
    now = config(replace(VDA, path="/new"))
    found = layers_of(now, [taken], heads, keeps_memory=True).broken.get("in")
    assert (found is not None and found.matter is Matter.COPIED) is not upon
