"""What snapshots cost: against brute force, against qemu-img, and against really deleting them."""

from __future__ import annotations

import itertools
import random
import shutil
import struct
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snaptui.common.errors import ImageError
from snaptui.model.image import NotKnown
from snaptui.storage.qcow2 import accounting, reach, refcounts, tables
from snaptui.storage.qcow2.accounting import count
from snaptui.storage.qcow2.format import read_header, read_snapshots
from tests.lab import encrypted_image
from tests.unit.images import MIB, Made, Plain, assert_true, check, qemu_img, qemu_io, read

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
    Made(("extended_l2=on", "cluster_size=2M")),
    Made(("preallocation=metadata",)),
    Made(("preallocation=metadata", "cluster_size=512")),
    Made(("preallocation=metadata", "cluster_size=512", "refcount_bits=32"), snapshots=12),
    Made(("preallocation=falloc", "cluster_size=4096")),
    Made(compressed=True),
    Made(("cluster_size=4096",), compressed=True),
    Made(("cluster_size=512",), compressed=True),
    Made(("compression_type=zstd",), compressed=True),
    Made(snapshots=0),
    Made(("cluster_size=512",), size=MIB // 4, snapshots=90),
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


def test_what_no_snapshot_has_is_data_and_not_the_tables_that_qemu_copies(tmp_path: Path) -> None:
    path = tmp_path / "a.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", path, "4M")
    assert assert_true(path).unsaved == 0
    qemu_io(path, "write -P 7 0 1M")
    assert assert_true(path).unsaved == MIB
    qemu_img("snapshot", "-c", "s0", path)
    assert assert_true(path).unsaved == 0, "only its L1 table is of its own"
    qemu_io(path, "write -P 8 0 64k")
    assert assert_true(path).unsaved == 64 << 10
    qemu_img("snapshot", "-a", "s0", path)
    assert assert_true(path).unsaved == 0
    qemu_io(path, "write -zu 0 64k")
    assert isinstance(assert_true(path).unsaved, NotKnown), "zeros are in no cluster"


@pytest.fixture(params=[1, 3, 1 << 30], ids="tables at once: {}".format)
def slices(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few tables at once, slices of few clusters, and runs of any length."""
    monkeypatch.setattr(tables, "AT_ONCE", 512 * request.param // 8)
    monkeypatch.setattr(tables, "MOST_TABLES", 4 if request.param == 3 else 1 << 12)
    for module in (accounting, refcounts):
        monkeypatch.setattr(module, "SLICE", 1 << 8)
    monkeypatch.setattr(accounting, "RUN", 1 if request.param == 3 else 16)


@pytest.mark.usefixtures("slices")
@pytest.mark.parametrize("seed", range(3))
def test_many_tables_of_many_snapshots(seed: int, tmp_path: Path) -> None:
    """Parts that all snapshots share, some that none does, and what was brought back between."""
    options = "cluster_size=512,preallocation=metadata" if seed == 1 else "cluster_size=512"
    extended = ",cluster_size=16k,extended_l2=on" if seed == 2 else ""
    path = tmp_path / "a.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-o", options + extended, path, "3M")
    chance = random.Random(seed)
    names: list[str] = []
    for number in range(14):
        for _ in range(6):
            start, length = chance.randrange(5000), chance.randint(1, 300)
            verb = chance.choice(["write -P 7", "write -P 7", "write -zu", "discard"])
            qemu_io(path, f"{verb} {512 * start} {512 * length}")
        names.append(f"s{number}")
        qemu_img("snapshot", "-c", names[-1], path)
        if chance.random() < 0.3:
            qemu_img("snapshot", "-a", chance.choice(names), path)
        if chance.random() < 0.2:
            qemu_img("snapshot", "-d", names.pop(chance.randrange(len(names))), path)
    everything = set(range(len(names)))
    assert_true(path, [everything, {at for at in everything if at % 2}])


@pytest.mark.usefixtures("slices")
def test_entries_that_name_one_cluster_twice(tmp_path: Path) -> None:
    """As damage leaves them: tables at two places, clusters of several entries, each once."""
    path = tmp_path / "a.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-o", "cluster_size=512", path, "256k")
    for number in range(3):
        qemu_io(path, f"write 0 {200 - 60 * number}k")
        qemu_img("snapshot", "-c", f"s{number}", path)
    qemu_io(path, "write 0 256k")
    header, entries, _ = read(path)
    with path.open("r+b") as f:

        def words(offset: int, number: int) -> list[int]:
            f.seek(offset)
            return list(struct.unpack(f">{number}Q", f.read(8 * number)))

        l1 = [at for at in words(header.l1_table_offset, header.l1_size) if at]
        old = [at for at in words(entries[0].l1_offset, entries[0].l1_entries) if at]
        f.seek(header.l1_table_offset)
        f.write(struct.pack(">3Q", l1[1], old[0], l1[1]))
        data = [at for at in words(l1[1] & 0x00FF_FFFF_FFFF_FE00, 64) if at > 1]
        for table in (l1[2], old[1], old[2]):
            f.seek(table & 0x00FF_FFFF_FFFF_FE00)
            f.write(struct.pack(">9Q", *data[:3], *data[:3], *data[:3]))
    plain = Plain(path)
    _, _, usage = read(path)
    assert usage.active == plain.active
    for at, one in enumerate(usage.snapshots):
        assert one.refers == plain.refers(at)
        assert one.growth == plain.growth(at)


@pytest.mark.parametrize("at", [0, 2, 3])
@pytest.mark.parametrize(
    ("entry", "said"),
    [(1, "has reserved bits set"), (1 << 50, "an L2 table lies beyond the file's")],
)
def test_of_many_l1_tables_the_damaged_one_is_named(
    at: int, entry: int, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-o", "cluster_size=512", path, "1M")
    for number in range(3):
        qemu_io(path, f"write {number}k 1k")
        qemu_img("snapshot", "-c", f"s{number}", path)
    header, entries, _ = read(path)
    places = [*(one.l1_offset for one in entries), header.l1_table_offset]
    with path.open("r+b") as f:
        f.seek(places[at] + 8)
        f.write(entry.to_bytes(8, "big"))
    named = "The active L1 table" if at == 3 else f"The L1 table of the snapshot s{at}"
    with pytest.raises(ImageError, match=f"{named}:? {said}"):
        read(path)


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


def shared(sets: reach.ReachSets, clusters: int) -> Counter[int]:
    """By set, how many clusters it reaches."""
    numbers = sets.between(0, clusters).tolist()
    return Counter(sets.members(number) for number in numbers if number)


def test_more_sets_than_two_bytes_can_number() -> None:
    sets = reach.ReachSets(70_000, 17)
    all_of_them = np.arange(70_000)
    for bit in range(17):
        sets.add(all_of_them[(all_of_them >> bit) & 1 == 1], sets.number(1 << bit))
    assert shared(sets, 70_000) == dict.fromkeys(range(1, 70000), 1)


def test_runs_and_single_clusters_and_one_twice_in_a_list_are_united() -> None:
    chance = random.Random(3)
    sets, plain = reach.ReachSets(5000, 40), [0] * 5000
    spots = sorted(chance.sample(range(5000), 700))
    sets.add_spots(np.array(spots), np.array([sets.number(1 << at % 40) for at in spots]))
    for at in spots:
        plain[at] = 1 << at % 40
    for _ in range(300):
        first, members = chance.randrange(4000), 1 << chance.randrange(40)
        length = chance.randrange(1, 1000)
        if chance.random() < 0.5:
            sets.add_run(first, length, sets.number(members))
            reached = dict.fromkeys(range(first, first + length), members)
        else:
            some = [chance.randrange(5000) for _ in range(length)]
            theirs = [1 << chance.randrange(40) for _ in some]
            sets.add(np.array(some), np.array([sets.number(one) for one in theirs]))
            reached = {}
            for at, one in zip(some, theirs, strict=True):
                reached[at] = reached.get(at, 0) | one
        for at, one in reached.items():
            plain[at] |= one
        if chance.random() < 0.05:
            low = chance.randrange(4900)
            part = sets.between(low, low + 100).tolist()
            assert [sets.members(number) for number in part] == plain[low : low + 100]
        if chance.random() < 0.05:
            sets.of(np.array([0]))
    assert shared(sets, 5000) == Counter(filter(None, plain))
    assert len(set(plain)) > 256


def test_too_much_to_count_is_said_at_once() -> None:
    with pytest.raises(ImageError, match="can be counted"):
        reach.ReachSets(1 << 40, 2)
    sets = reach.ReachSets(300, reach.MOST_BITS)
    sets.number(1)
    with pytest.raises(ImageError, match="too many different ways"):
        sets.number(2)


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
