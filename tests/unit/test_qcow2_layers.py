"""What a layer of a backing chain holds: against qemu-img map, and against really merging."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from snaptui.backend.files.overlaps import open_image, overlap
from snaptui.common.errors import ImageError
from snaptui.storage.qcow2 import layers
from snaptui.storage.qcow2.format import read_header
from snaptui.storage.qcow2.layers import Layer, Piece, Qcow2Layer, RawLayer
from snaptui.storage.qcow2.ranges import Ranges, joined
from tests.sample import sample
from tests.unit.images import MIB, Made, qemu_img, qemu_io
from tests.unit.test_qcow2_accounting import CASES

pytestmark = pytest.mark.skipif(
    not (shutil.which("qemu-img") and shutil.which("qemu-io")),
    reason="qemu-img or qemu-io is not installed",
)

Runs = list[tuple[int, int]]


def quietly(_done: int, _total: int) -> None:
    """Nobody watches."""


def held(path: Path, start: int = 0, stop: int | None = None) -> tuple[Runs, Runs]:
    """The ranges of data and those of zeros of a qcow2 image by itself."""
    with path.open("rb", buffering=0) as f:
        size = f.seek(0, os.SEEK_END)
        layer = Qcow2Layer(f, size, read_header(f, size))
        end = layer.virtual_size if stop is None else stop
        pieces = list(layer.pieces(start, end, lambda read: None))
    return runs(piece.data for piece in pieces), runs(piece.zeros for piece in pieces)


def runs(found: Iterable[Ranges]) -> Runs:
    return merged(
        (int(a), int(b)) for one in found for a, b in zip(one.start, one.stop, strict=True)
    )


def merged(found: Iterable[tuple[int, int]]) -> Runs:
    whole: Runs = []
    for start, stop in found:
        if whole and whole[-1][1] == start:
            whole[-1] = (whole[-1][0], stop)
        else:
            whole.append((start, stop))
    return whole


def mapped(path: Path) -> tuple[Runs, Runs]:
    """The same as QEMU sees it."""
    found = [one for one in json.loads(qemu_img("map", "--output=json", path)) if one["depth"] == 0]
    data = [one for one in found if one["data"]]
    zeros = [one for one in found if one["present"] and not one["data"]]
    return tuple(  # type: ignore[return-value]  # of two
        merged((one["start"], one["start"] + one["length"]) for one in some)
        for some in (data, zeros)
    )


def over(base: Path, path: Path, *options: str, form: str = "qcow2") -> Path:
    more = ["-o", ",".join(options)] if options else []
    qemu_img("create", "-q", "-f", "qcow2", "-b", base, "-F", form, *more, path)
    return path


@pytest.mark.parametrize("made", CASES, ids=str)
def test_a_layer_holds_what_qemu_says(made: Made, tmp_path: Path) -> None:
    path = made.make(tmp_path / "a.qcow2")
    assert held(path) == mapped(path)


PLAIN = [
    made
    for made in CASES
    if made.size and not made.compressed and "prealloc" not in str(made.options)
]


@pytest.mark.parametrize("made", PLAIN, ids=str)
def test_an_overlay_holds_what_it_has_by_itself(made: Made, tmp_path: Path) -> None:
    base = Made(seed=5).make(tmp_path / "base.qcow2")
    path = over(base, tmp_path / "over.qcow2", *made.options)
    chance = random.Random(made.seed)
    for _ in range(3):
        made._write(path, chance, 1)
    assert held(path) == mapped(path)


@pytest.mark.parametrize("raw", ["on", "off"])
def test_data_in_another_file_are_told_too(tmp_path: Path, raw: str) -> None:
    path = tmp_path / "a.qcow2"
    options = f"data_file={tmp_path}/data.raw,data_file_raw={raw}"
    qemu_img("create", "-q", "-f", "qcow2", "-o", options, path, "4M")
    qemu_io(path, "write 0 64k", "write 2M 128k", "write -z 2M 64k")
    assert held(path) == mapped(path)


def test_a_part_of_a_layer(tmp_path: Path) -> None:
    path = Made(("cluster_size=512",)).make(tmp_path / "a.qcow2")
    start, stop = 300 * 1024, MIB + 512
    expected = [
        [(max(a, start), min(b, stop)) for a, b in some if a < stop and b > start]
        for some in mapped(path)
    ]
    assert list(held(path, start, stop)) == expected


def test_ranges() -> None:
    some = Ranges(np.array([10, 30, 50]), np.array([20, 40, 60]))
    assert some.length == 30
    assert some.shared(Ranges(np.array([0, 35]), np.array([15, 100]))) == 5 + 5 + 10
    assert runs([some.rounded(16, 58)]) == [(0, 58)]
    assert runs([some.cut(15, 50)]) == [(15, 20), (30, 40)]
    assert runs([some.and_also(Ranges(np.array([20]), np.array([31])))]) == [(10, 40), (50, 60)]
    nothing = some.cut(70, 80)
    assert nothing.length == nothing.shared(some) == some.shared(nothing) == 0
    assert runs([joined(np.array([1, 2, 9]), np.array([8, 3, 10]))]) == [(1, 8), (9, 10)]


UNITS = [
    ((), ()),
    (("cluster_size=4096",), ()),
    ((), ("cluster_size=4096",)),
    (("cluster_size=512",), ("cluster_size=2M",)),
    (("cluster_size=2M",), ("cluster_size=512",)),
    (("extended_l2=on",), ()),
    ((), ("extended_l2=on",)),
    (("compat=0.10",), ("compat=0.10",)),
    (("preallocation=metadata",), ()),
    (("preallocation=falloc",), ()),
]
"""Options of the image beneath and of the overlay."""


def blocks(path: Path) -> int:
    return path.stat().st_blocks * 512


def merge_really(base: Path, path: Path) -> tuple[int, int]:
    """By how much the image beneath grew, and what the host got back."""
    before = blocks(base), blocks(path)
    qemu_img("commit", "-q", "-d", path)
    path.unlink()
    grown = blocks(base) - before[0]
    return grown, before[1] - grown


@pytest.mark.parametrize("seed", sample(1, range(3)))
@pytest.mark.parametrize("form", ["qcow2", "raw"])
@pytest.mark.parametrize(("lower", "upper"), UNITS, ids=str)
def test_the_image_beneath_grows_by_what_was_said(
    tmp_path: Path, lower: tuple[str, ...], upper: tuple[str, ...], form: str, seed: int
) -> None:
    base = tmp_path / "base"
    if form == "raw":
        lower = tuple(one for one in lower if one == "preallocation=falloc")
    options = ["-o", ",".join(lower)] if lower else []
    qemu_img("create", "-q", "-f", form, *options, base, "32M")
    chance = random.Random(seed)

    def some(*verbs: str) -> list[str]:
        return [
            f"{chance.choice(verbs)} {chance.randrange(120) << 18} {chance.randint(1, 12) << 16}"
            for _ in range(10)
        ]

    if not any("prealloc" in one for one in lower):
        qemu_io(base, *some("write"), form=form)
    path = over(base, tmp_path / "over.qcow2", *upper, form=form)
    qemu_io(path, *some("write", "write", "write -z"))
    found = overlap(str(path), quietly)
    assert found.lower == str(base)
    data = sum(stop - start for start, stop in held(path)[0])
    assert data <= found.both + found.only_upper
    size = blocks(path)
    grown, back = merge_really(base, path)
    metadata = {"cluster_size=512": MIB, "cluster_size=2M": 2 * MIB}.get("".join(lower), 64 << 10)
    most = found.only_upper + metadata
    if "cluster_size=512" in upper:  # QEMU copies zeros where they come in such small parts
        most += found.zeros_only_upper
    assert found.only_upper - found.zeros_both - metadata <= grown <= most
    assert back >= size - most


@pytest.mark.parametrize("zeros", [False, True], ids=["", "zeros"])
@pytest.mark.parametrize("seed", sample(1, range(3)))
@pytest.mark.parametrize(
    ("form", "options"),
    [("qcow2", ()), ("qcow2", ("cluster_size=4096",)), ("raw", ()), ("qcow2", ("extended_l2=on",))],
)
def test_what_several_overlays_together_need_of_the_lowest(
    tmp_path: Path, form: str, options: tuple[str, ...], seed: int, zeros: bool
) -> None:
    """They are merged from the top, each into the next: all of them, and all but the lowest."""
    paths = [tmp_path / "base"]
    more = ["-o", ",".join(options)] if options else []
    qemu_img("create", "-q", "-f", form, *more, paths[0], "32M")
    chance = random.Random(seed)

    def some(*verbs: str) -> list[str]:
        return [
            f"{chance.choice(verbs)} {chance.randrange(120) << 18} {chance.randint(1, 12) << 16}"
            for _ in range(8)
        ]

    qemu_io(paths[0], *some("write"), form=form)
    for number in range(4):
        below = form if not number else "qcow2"
        paths.append(over(paths[-1], tmp_path / f"{number}.qcow2", *options, form=below))
        qemu_io(paths[-1], *some("write", "write", "write -z" if zeros else "write"))
    found = [overlap(str(path), quietly, 9) for path in paths[1:]]
    assert [len(one.deeper) for one in found] == [0, 1, 2, 3]
    alone = overlap(str(paths[-1]), quietly)
    assert (alone.both, alone.only_upper) == (found[-1].both, found[-1].only_upper)
    for end in (1, 0):
        needed = [one.deeper[at - 1] if at else (one.only_upper, one.zeros_only_upper)
                  for at, one in enumerate(found[end:])]  # fmt: skip
        data, empty = (sum(some) for some in zip(*needed, strict=True))
        copies = [tmp_path / f"{end}-{path.name}" for path in paths[end:]]
        for path, copy in zip(paths[end:], copies, strict=True):
            subprocess.run(["cp", "--sparse=always", path, copy], check=True)
        lower = "qcow2" if end else form
        for beneath, copy in itertools.pairwise(copies):
            qemu_img("rebase", "-u", "-b", beneath, "-F", lower, copy)
            lower = "qcow2"
        before = blocks(copies[0])
        for copy in reversed(copies[1:]):
            qemu_img("commit", "-q", "-d", copy)
        grown = blocks(copies[0]) - before
        assert grown <= data + METADATA
        if not zeros:
            assert grown >= data - METADATA
        assert empty == 0 or zeros


METADATA = 128 << 10
"""Bytes of tables that an image needs for more data."""


def test_what_an_internal_snapshot_shares_is_not_written_over(tmp_path: Path) -> None:
    base = tmp_path / "base.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", base, "16M")
    qemu_io(base, "write 0 8M")
    path = over(base, tmp_path / "over.qcow2")
    qemu_io(path, "write 4M 8M")
    alone = overlap(str(path), quietly)
    assert (alone.both, alone.only_upper) == (4 * MIB, 4 * MIB)
    qemu_img("snapshot", "-c", "inside", base)
    shared = overlap(str(path), quietly)
    assert (shared.both, shared.only_upper) == (0, 8 * MIB)
    grown, _ = merge_really(base, path)
    assert 8 * MIB <= grown <= 8 * MIB + (256 << 10)


def test_compressed_data_take_more_space_when_merged(tmp_path: Path) -> None:
    base = tmp_path / "base.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", base, "16M")
    path = over(base, tmp_path / "over.qcow2")
    qemu_io(path, *(f"write -c -P 7 {at << 16} 64k" for at in range(64)))
    found = overlap(str(path), quietly)
    assert (found.both, found.only_upper) == (0, 4 * MIB)
    assert merge_really(base, path)[1] < -3 * MIB


def test_a_disk_that_became_larger(tmp_path: Path) -> None:
    base = tmp_path / "base.raw"
    qemu_img("create", "-q", "-f", "raw", base, str(MIB + 512))
    qemu_io(base, f"write 0 {MIB}", form="raw")
    path = tmp_path / "over.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", path, "4M")
    qemu_io(path, "write 960k 128k", "write 3M 64k")
    found = overlap(str(path), quietly)
    assert (found.both, found.only_upper) == (64 << 10, 128 << 10)


@pytest.mark.parametrize(
    ("lower", "why"),
    [(None, "has no image beneath"), ("gone", "No such file"), ("vmdk", "neither qcow2 nor raw")],
)
def test_what_cannot_be_told_says_why(tmp_path: Path, lower: str | None, why: str) -> None:
    path = tmp_path / "over.qcow2"
    base = tmp_path / "base"
    if lower is None:
        qemu_img("create", "-q", "-f", "qcow2", path, "1M")
    else:
        qemu_img("create", "-q", "-f", "vmdk" if lower == "vmdk" else "qcow2", base, "1M")
        over(base, path, form="vmdk" if lower == "vmdk" else "qcow2")
    if lower == "gone":
        base.unlink()
    with pytest.raises(ImageError, match=why):
        overlap(str(path), quietly)


def test_an_image_whose_data_are_elsewhere_cannot_be_merged_into(tmp_path: Path) -> None:
    base = tmp_path / "base.qcow2"
    options = f"data_file={tmp_path}/data.raw"
    qemu_img("create", "-q", "-f", "qcow2", "-o", options, base, "1M")
    with pytest.raises(ImageError, match="data in another file"):
        overlap(str(over(base, tmp_path / "over.qcow2")), quietly)


def test_a_raw_image_in_which_a_guest_wrote_a_head_is_raw(tmp_path: Path) -> None:
    base, trap = tmp_path / "base.raw", tmp_path / "trap.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", trap, "1M")
    base.write_bytes(trap.read_bytes())
    path = over(base, tmp_path / "over.qcow2", form="raw")
    qemu_io(path, "write 0 64k")
    found = overlap(str(path), quietly)
    assert (found.lower_raw, found.both) == (True, 64 << 10)


def test_holes_that_cannot_be_seen_are_said(tmp_path: Path) -> None:
    base = tmp_path / "base.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", base, "8M")
    path = over(base, tmp_path / "over.qcow2")
    qemu_io(path, "write 0 1M")

    def blind(name: str) -> Iterator[object]:
        with open_image(name) as image:
            yield image._replace(data=None)

    from contextlib import contextmanager

    assert not overlap(str(path), quietly).approximate
    assert overlap(str(path), quietly).only_upper == MIB
    assert overlap(str(path), quietly, open_=contextmanager(blind)).approximate  # type: ignore[arg-type]  # a stub


def test_pieces_do_not_grow_with_the_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same figures when only a few clusters are looked at in one step."""
    base = Made(("cluster_size=512",), seed=1, snapshots=0).make(tmp_path / "base.qcow2")
    path = over(base, tmp_path / "over.qcow2", "cluster_size=4096")
    qemu_io(path, "write 100k 300k", "write 700k 900k", "write -z 1200k 100k")
    expected, whole = overlap(str(path), quietly), held(path)
    monkeypatch.setattr(layers, "SLICE", 1 << 6)
    monkeypatch.setattr(layers, "EXTENTS", 2)
    assert overlap(str(path), quietly) == expected
    assert held(path) == whole
    assert {piece.stop - piece.start for piece in _pieces(base)} == {64 * 512}
    raw = RawLayer(100, lambda start, stop: ((at, at + 1) for at in range(start, stop, 10)))
    found = list(raw.pieces(0, 100, lambda read: None))
    assert len(found) == 5
    assert runs(piece.own for piece in found) == [(at, at + 1) for at in range(0, 100, 10)]


def _pieces(path: Path) -> list[Piece]:
    with path.open("rb", buffering=0) as f:
        size = f.seek(0, os.SEEK_END)
        layer: Layer = Qcow2Layer(f, size, read_header(f, size))
        return list(layer.pieces(0, layer.virtual_size, lambda read: None))


def test_it_can_be_ended(tmp_path: Path) -> None:
    base = Made(snapshots=0).make(tmp_path / "base.qcow2")
    path = over(base, tmp_path / "over.qcow2")
    qemu_io(path, "write 0 1M")

    class Enough(Exception):
        pass

    def progress(done: int, total: int) -> None:
        assert 0 < done <= total
        raise Enough

    with pytest.raises(Enough):
        overlap(str(path), progress)


def test_damaged_images_end_in_an_error_or_in_figures(tmp_path: Path) -> None:
    """Bytes of the tables changed at random, in either image."""
    chance = random.Random(20261124)
    base = Made(seed=1, snapshots=1).make(tmp_path / "base.qcow2")
    path = over(base, tmp_path / "over.qcow2", "extended_l2=on")
    qemu_io(path, "write 0 1M", "write -z 1M 64k")
    good = {one: one.read_bytes() for one in (base, path)}
    refused = 0
    for number in range(400):
        victim = (base, path)[number % 2]
        changed = bytearray(good[victim])
        table = int.from_bytes(changed[40:48], "big")
        l2 = int.from_bytes(changed[table : table + 8], "big") & 0x00FF_FFFF_FFFF_FE00
        for _ in range(chance.randint(1, 4)):
            at = chance.choice([table, l2, l2, l2]) + chance.randrange(512)
            changed[at] = chance.choice([0, 1, 0x40, 0x80, 0xFF, chance.randrange(256)])
        victim.write_bytes(changed)
        try:
            found = overlap(str(path), quietly)
        except ImageError:
            refused += 1
        else:
            assert 0 <= found.both <= 4 * MIB
            assert 0 <= found.only_upper <= 4 * MIB
        victim.write_bytes(good[victim])
    assert 40 < refused < 400
