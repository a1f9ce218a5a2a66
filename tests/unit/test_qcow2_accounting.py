"""What snapshots cost: against brute force, against qemu-img, and against really deleting them."""

from __future__ import annotations

import itertools
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snaptui.common.errors import ImageError
from snaptui.storage.qcow2 import reach
from snaptui.storage.qcow2.accounting import count
from snaptui.storage.qcow2.format import read_header, read_snapshots
from tests.lab import encrypted_image
from tests.unit.images import MIB, Made, assert_true, check, qemu_img, qemu_io, read

pytestmark = pytest.mark.skipif(
    not (shutil.which("qemu-img") and shutil.which("qemu-io")),
    reason="qemu-img or qemu-io is not installed",
)

CASES = [
    *(Made((f"cluster_size={size}",)) for size in (512, 4096, 65536, 2 * MIB)),
    *(Made((f"refcount_bits={bits}",)) for bits in (8, 32, 64)),
    Made(("refcount_bits=1",), snapshots=0),
    Made(("refcount_bits=4", "cluster_size=4096")),
    Made(("refcount_bits=2", "cluster_size=4096"), snapshots=2),
    Made(("compat=0.10",)),
    Made(("lazy_refcounts=on",)),
    Made(("extended_l2=on",)),
    Made(("extended_l2=on", "cluster_size=16384")),
    Made(("preallocation=metadata",)),
    Made(("preallocation=falloc", "cluster_size=4096")),
    Made(compressed=True),
    Made(("cluster_size=4096",), compressed=True),
    Made(("cluster_size=512",), compressed=True),
    Made(("compression_type=zstd",), compressed=True),
    Made(snapshots=0),
    Made(("cluster_size=512",), size=MIB // 4, snapshots=50),
    Made(size=0, snapshots=0),
]


def delete_really(path: Path, chosen: set[int], tmp_path: Path) -> int:
    """Bytes that are in use no more after these snapshots were deleted from a copy."""
    copy = tmp_path / "copy.qcow2"
    shutil.copy(path, copy)
    _, entries, before = read(copy)
    for at in sorted(chosen):
        qemu_img("snapshot", "-d", entries[at].name, copy)
    assert check(copy).get("leaks", 0) == 0
    _, _, after = read(copy)
    return before.allocated - after.allocated


@pytest.mark.parametrize("made", CASES, ids=str)
def test_figures_are_those_of_brute_force_of_qemu_and_of_deleting(
    made: Made, tmp_path: Path
) -> None:
    path = made.make(tmp_path / "a.qcow2")
    number = len(read(path)[1])
    chance = random.Random(1)
    some = [
        set(chance.sample(range(number), chance.randint(1, number))) for _ in range(4) if number
    ]
    usage = assert_true(path, some)
    for chosen in [*({at} for at in range(min(number, 4))), *some[:2], set(range(number))]:
        assert delete_really(path, chosen, tmp_path) == usage.frees(chosen)


def test_deleting_several_frees_more_than_each_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", path, "8M")
    qemu_io(path, "write 0 1M")
    qemu_img("snapshot", "-c", "one", path)
    qemu_img("snapshot", "-c", "two", path)
    qemu_io(path, "write 0 1M")
    usage = assert_true(path)
    one, two = usage.snapshots
    assert one.frees + two.frees < usage.frees([0, 1]) == two.frees_with_older
    assert usage.frees([0, 1]) >= MIB
    assert one.growth > MIB > two.growth
    assert usage.frees([]) == 0


def test_a_disk_that_was_resized_between_its_snapshots(tmp_path: Path) -> None:
    path = Made(snapshots=2).make(tmp_path / "a.qcow2")
    qemu_img("resize", "-q", path, "600M")
    qemu_io(path, "write 590M 1M")
    qemu_img("snapshot", "-c", "large", path)
    qemu_io(path, "write 595M 1M")
    assert_true(path, [{0, 2}, {1, 2}])


def test_an_overlay_counts_its_own_clusters_only(tmp_path: Path) -> None:
    base = Made(snapshots=1).make(tmp_path / "base.qcow2")
    path = tmp_path / "over.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", path)
    qemu_io(path, "write 0 64k")
    qemu_img("snapshot", "-c", "s", path)
    qemu_io(path, "write 0 64k", "write 128k 64k")
    assert_true(path)


def test_data_in_another_file_are_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.qcow2"
    options = f"data_file={tmp_path}/data.raw"
    qemu_img("create", "-q", "-f", "qcow2", "-o", options, path, "4M")
    qemu_io(path, "write 0 2M")
    usage = assert_true(path)
    assert usage.active < MIB


def test_bitmaps_are_metadata(tmp_path: Path) -> None:
    path = Made(snapshots=1).make(tmp_path / "a.qcow2")
    before = assert_true(path).metadata
    for name in ("one", "two"):
        qemu_img("bitmap", "--add", "-g", "512", path, name)
    qemu_io(path, "write 0 1M")
    usage = assert_true(path)
    assert usage.metadata > before


def test_a_luks_header_is_metadata(tmp_path: Path) -> None:
    path = encrypted_image(tmp_path / "a.qcow2", MIB)
    header, _, usage = read(path)
    assert header.luks is not None
    assert usage.metadata > header.luks.length
    assert (usage.leaked, usage.wrong) == (0, 0)


def test_leaks_are_found(tmp_path: Path) -> None:
    path = Made().make(tmp_path / "a.qcow2")
    header, _, before = read(path)
    with path.open("r+b") as f:
        table = header.refcount_table_offset
        f.seek(table)
        block = int.from_bytes(f.read(8), "big")
        end = f.seek(0, 2)
        free = -(-end // header.cluster_size)
        f.truncate((free + 2) * header.cluster_size)
        f.seek(block + 2 * free)
        f.write(b"\0\1\0\1")
    usage = assert_true(path)
    assert usage.leaked == 2 * header.cluster_size
    assert usage.allocated == before.allocated + usage.leaked


def test_a_wrong_refcount_is_counted(tmp_path: Path) -> None:
    path = Made().make(tmp_path / "a.qcow2")
    header, entries, _ = read(path)
    with path.open("r+b") as f:
        f.seek(header.refcount_table_offset)
        block = int.from_bytes(f.read(8), "big")
        f.seek(block + 2 * (entries[0].l1_offset >> header.cluster_bits))
        f.write(b"\0\7")
    assert read(path)[2].wrong == 1


def test_stale_refcounts_are_not_believed(tmp_path: Path) -> None:
    """A dirty image: what is reached is counted, what leaked is not known."""
    path = Made(("lazy_refcounts=on",), snapshots=0).make(tmp_path / "a.qcow2")
    subprocess.run(
        ["qemu-io", "-f", "qcow2", "-c", "write 1M 512k", "-c", "abort", path],
        capture_output=True,
        check=False,
    )
    header, _, usage = read(path)
    assert header.dirty
    assert usage.leaked is None
    assert usage.wrong == 0
    stale = usage
    qemu_img("check", "-q", "-r", "all", path)
    assert read(path)[2].active == stale.active


OPERATIONS = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 255), st.integers(1, 60)),
    st.tuples(st.just("zero"), st.integers(0, 255), st.integers(1, 60)),
    st.tuples(st.just("discard"), st.integers(0, 255), st.integers(1, 60)),
    st.tuples(st.just("take"), st.just(0), st.just(0)),
    st.tuples(st.sampled_from(["delete", "apply"]), st.integers(0, 9), st.just(0)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    operations=st.lists(OPERATIONS, min_size=4, max_size=18),
    cluster=st.sampled_from([512, 4096, 65536]),
)
def test_any_history_adds_up(
    tmp_path_factory: pytest.TempPathFactory,
    operations: list[tuple[str, int, int]],
    cluster: int,
) -> None:
    path = tmp_path_factory.mktemp("history") / "a.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-o", f"cluster_size={cluster}", path, "1M")
    names: list[str] = []
    numbers = itertools.count(1)
    unit = MIB // 256
    for what, first, second in operations:
        length = min(second, 256 - first) * unit
        if what == "take":
            names.append(f"s{next(numbers)}")
            qemu_img("snapshot", "-c", names[-1], path)
        elif what in ("delete", "apply") and names:
            name = names[first % len(names)]
            qemu_img("snapshot", "-d" if what == "delete" else "-a", name, path)
            names = [n for n in names if n != name or what == "apply"]
        elif what not in ("delete", "apply"):
            verb = {"write": "write -P 5", "zero": "write -zu", "discard": "discard"}[what]
            qemu_io(path, f"{verb} {first * unit} {length}")
    everything = set(range(len(names)))
    assert_true(path, [everything, {at for at in everything if at % 2}])


def test_more_sets_than_two_bytes_can_number() -> None:
    sets = reach.ReachSets(70_000, 17)
    all_of_them = np.arange(70_000)
    for bit in range(17):
        sets.add(all_of_them[(all_of_them >> bit) & 1 == 1], 1 << bit)
    found = sets.counts(lambda: None)
    assert found == dict.fromkeys(range(1, 70000), 1)


def test_too_much_to_count_is_said_at_once() -> None:
    with pytest.raises(ImageError, match="can be counted"):
        reach.ReachSets(1 << 40, 2)
    sets = reach.ReachSets(300, reach.MOST_BITS)
    sets.add(np.array([1]), 1)
    with pytest.raises(ImageError, match="too many different ways"):
        sets.add(np.array([2]), 2)


def test_a_count_can_be_ended(tmp_path: Path) -> None:
    path = Made().make(tmp_path / "a.qcow2")

    class Enough(Exception):
        pass

    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        seen.append((done, total))
        if done:
            raise Enough

    with path.open("rb", buffering=0) as f:
        size = f.seek(0, 2)
        header = read_header(f, size)
        with pytest.raises(Enough):
            count(f, size, header, read_snapshots(f, header, size), progress)
    assert 0 < seen[-1][0] <= seen[-1][1]


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "compressed"])
def test_how_many_more_the_refcounts_hold_is_what_qemu_takes(
    compressed: bool, tmp_path: Path
) -> None:
    text = tmp_path / "text"
    text.write_bytes(b"the same words again and again\n" * 40_000)
    path = tmp_path / "a.qcow2"
    how = ("-c",) if compressed else ()
    bits = "8" if compressed else "4"
    options = ("-f", "raw", "-O", "qcow2", "-o", f"refcount_bits={bits}")
    qemu_img("convert", *how, *options, text, path)
    taken = 0
    while (left := read(path)[2].snapshots_left) is not None:
        done = subprocess.run(
            ["qemu-img", "snapshot", "-c", f"s{taken}", path], capture_output=True, check=False
        )
        assert (done.returncode == 0) == (left > 0), (taken, left, done.stderr)
        if done.returncode:
            break
        taken += 1
    assert taken > 3
