"""The qcow2 reader against qemu-img, and against images that nobody should have to open."""

from __future__ import annotations

import errno
import io
import json
import os
import random
import shutil
import struct
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snaptui.common.errors import Disconnected, ImageError
from snaptui.storage.qcow2.format import (
    MAX_SNAPSHOT_TABLE_SIZE,
    check_table,
    read_header,
    read_snapshots,
)
from snaptui.storage.qcow2.reading import CHUNK
from snaptui.storage.qcow2.structures import Entry, Header
from tests.lab import encrypted_image

needs_qemu = pytest.mark.skipif(
    not (shutil.which("qemu-img") and shutil.which("qemu-io")),
    reason="qemu-img or qemu-io is not installed",
)
MIB = 1 << 20
MAX_CLUSTER = 2 * MIB


class CountingFile(io.FileIO):
    """A file that counts the bytes read from it."""

    bytes_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.bytes_read += len(data)
        return data


class CountingBytes(io.BytesIO):
    """The same, in memory."""

    bytes_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.bytes_read += len(data)
        return data


def read_bytes(image: bytes) -> tuple[Header, tuple[Entry, ...]]:
    """Read an image, and see that only a bounded part of it was read."""
    f = CountingBytes(image)
    try:
        header = read_header(f, len(image))
    finally:
        # Backing file names may lie before the extensions: then a part is read twice.
        assert f.bytes_read <= min(2 * len(image), MAX_CLUSTER + 2 * CHUNK)
    f.bytes_read = 0
    try:
        return header, read_snapshots(f, header, len(image))
    finally:
        assert f.bytes_read <= min(len(image), MAX_SNAPSHOT_TABLE_SIZE + CHUNK)


def refusal(image: bytes) -> str:
    """Why an image is refused; empty when it is read."""
    try:
        header, entries = read_bytes(image)
    except ImageError as error:
        return error.message
    assert len(entries) == header.nb_snapshots
    assert all(isinstance(e.id + e.name, str) for e in entries)
    return ""


def read_file(path: Path) -> tuple[Header, tuple[Entry, ...]]:
    with path.open("rb") as f:
        size = f.seek(0, os.SEEK_END)
        header = read_header(f, size)
        return header, read_snapshots(f, header, size)


# --- images made by QEMU -------------------------------------------------------------------


def qemu_img(*args: str | bytes | Path) -> str:
    return subprocess.run(
        ["qemu-img", *args], check=True, capture_output=True, text=True, errors="replace"
    ).stdout


def create(path: Path, *options: str, size: str = "8M", extra: Sequence[str | Path] = ()) -> Path:
    joined = ["-o", ",".join(options)] if options else []
    qemu_img("create", "-q", "-f", "qcow2", *joined, *extra, path, size)
    return path


def info(path: Path) -> dict[str, Any]:
    answer = json.loads(qemu_img("info", "-f", "qcow2", "--output=json", path))
    assert isinstance(answer, dict)
    return answer


def told_by_qemu(answer: dict[str, Any]) -> list[tuple[object, ...]]:
    """The snapshots as `qemu-img info` lists them; its 64-bit sizes are signed."""
    return [
        (
            s["id"],
            s["name"],
            s["date-sec"],
            s["date-nsec"],
            s["vm-clock-sec"] * 10**9 + s["vm-clock-nsec"],
            s["vm-state-size"] % 2**64,
            s["icount"] % 2**64 if "icount" in s else None,
        )
        for s in answer.get("snapshots", [])
    ]


def told_by_us(entries: Sequence[Entry]) -> list[tuple[object, ...]]:
    """The same; QEMU lists no more than 127 bytes of an ID and 255 of a name."""
    return [
        (
            e.id_bytes[:127].decode(errors="replace"),
            e.name_bytes[:255].decode(errors="replace"),
            e.created,
            e.created_nsec,
            e.vm_clock_ns,
            e.vm_state_size,
            e.icount,
        )
        for e in entries
    ]


def check_against_qemu(path: Path) -> tuple[Header, tuple[Entry, ...]]:
    header, entries = read_file(path)
    answer = info(path)
    data = answer["format-specific"]["data"]
    assert header.version == {"0.10": 2, "1.1": 3}[data["compat"]]
    assert header.virtual_size == answer["virtual-size"]
    assert header.cluster_size == answer["cluster-size"]
    assert header.dirty == answer["dirty-flag"]
    assert header.compression == data["compression-type"]
    assert header.refcount_bits == data["refcount-bits"]
    assert header.lazy_refcounts == data.get("lazy-refcounts", False)
    assert header.corrupt == data.get("corrupt", False)
    assert header.extended_l2 == data.get("extended-l2", False)
    assert header.raw_data_file == data.get("data-file-raw", False)
    assert header.external_data_file == ("data-file" in data)
    assert header.data_file == (data["data-file"].encode() if "data-file" in data else None)
    assert (header.crypt_method != 0) == answer.get("encrypted", False)
    backing_file = answer.get("backing-filename")
    assert header.backing_file == (backing_file.encode() if backing_file else None)
    assert header.backing_format == answer.get("backing-filename-format")
    bitmaps = data.get("bitmaps", [])
    assert (header.bitmaps.nb_bitmaps if header.bitmaps else 0) == len(bitmaps)
    assert told_by_us(entries) == told_by_qemu(answer)
    assert header.nb_snapshots == len(entries)
    return header, entries


@needs_qemu
@pytest.mark.parametrize("count", [0, 1, 7])
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("cluster_size=512",),
        ("cluster_size=2M",),
        ("compat=0.10",),
        ("compat=0.10", "cluster_size=4k"),
        ("extended_l2=on", "cluster_size=16k"),
        ("extended_l2=on", "cluster_size=2M"),
        ("compression_type=zstd",),
        ("lazy_refcounts=on",),
        ("refcount_bits=64",),
        ("refcount_bits=8", "cluster_size=1M"),
    ],
)
def test_a_real_image_reads_as_qemu_reads_it(
    tmp_path: Path, options: tuple[str, ...], count: int
) -> None:
    image = create(tmp_path / "image.qcow2", *options)
    for number in range(count):
        qemu_img("snapshot", "-c", f"snapshot {number}", image)
    header, entries = check_against_qemu(image)
    assert [e.name for e in entries] == [f"snapshot {number}" for number in range(count)]
    assert all(e.virtual_size == header.virtual_size == 8 * MIB for e in entries)
    assert all(e.l1_entries == header.l1_size for e in entries)


@needs_qemu
@pytest.mark.parametrize("size", ["0", "512", "100G", "2T"])
@pytest.mark.parametrize("options", [(), ("cluster_size=2M",)])
def test_a_disk_of_any_size_is_read(tmp_path: Path, size: str, options: tuple[str, ...]) -> None:
    check_against_qemu(create(tmp_path / "image.qcow2", *options, size=size))


@needs_qemu
def test_deleting_in_the_middle_and_all(tmp_path: Path) -> None:
    image = create(tmp_path / "image.qcow2")
    for name in "abcdef":
        qemu_img("snapshot", "-c", name, image)
    for name in "cae":
        qemu_img("snapshot", "-d", name, image)
    _, entries = check_against_qemu(image)
    assert [(e.id, e.name) for e in entries] == [("2", "b"), ("4", "d"), ("6", "f")]
    for name in "bdf":
        qemu_img("snapshot", "-d", name, image)
    assert check_against_qemu(image)[1] == ()


@needs_qemu
def test_a_snapshot_keeps_the_size_that_the_disk_had(tmp_path: Path) -> None:
    image = create(tmp_path / "image.qcow2")
    qemu_img("snapshot", "-c", "small", image)
    qemu_img("resize", "-q", "-f", "qcow2", image, "64M")
    header, entries = check_against_qemu(image)
    assert header.virtual_size == 64 * MIB
    assert [e.virtual_size for e in entries] == [8 * MIB]


@needs_qemu
def test_hostile_names_are_kept_byte_for_byte(tmp_path: Path) -> None:
    names = [
        b"two\nlines",
        b"\x1b[31mred\x1b[0m",
        b"[bold]markup[/]",
        b"-rf",
        b"3",
        b" ",
        "\u202egnirts".encode(),
        "z\u200bw".encode(),
        b"\xff\xfe not UTF-8",
        b"n" * 255,
        b"m" * 300,
        "\u00e9".encode() * 200,
    ]
    image = create(tmp_path / "image.qcow2")
    for name in names:
        qemu_img("snapshot", "-c", name, image)
    _, entries = read_file(image)
    assert [e.name_bytes for e in entries] == [name[:255] for name in names]
    assert [e.id for e in entries] == [str(n) for n in range(1, len(names) + 1)]
    cut = entries[-1]
    assert cut.name == "\u00e9" * 127 + "\ufffd"
    assert entries[8].name == "\ufffd\ufffd not UTF-8"
    told = [s["name"] for s in info(image)["snapshots"]]
    assert told[:8] == [e.name for e in entries[:8]]


@needs_qemu
@pytest.mark.parametrize("backing_format", ["raw", "qcow2"])
def test_a_backing_file_is_named(tmp_path: Path, backing_format: str) -> None:
    base = tmp_path / "base \u00fc.img"
    qemu_img("create", "-q", "-f", backing_format, base, "8M")
    image = create(tmp_path / "image.qcow2", extra=["-F", backing_format, "-b", base])
    header, _ = check_against_qemu(image)
    assert header.backing_file == os.fsencode(base)
    assert header.backing_format == backing_format
    qemu_img("rebase", "-u", "-f", "qcow2", "-b", "", image)
    assert check_against_qemu(image)[0].backing_file is None


@needs_qemu
def test_an_external_data_file_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data.raw"
    image = create(tmp_path / "image.qcow2", f"data_file={data}", "data_file_raw=on")
    header, _ = check_against_qemu(image)
    assert header.external_data_file
    assert header.data_file == os.fsencode(data)


@needs_qemu
def test_bitmaps_are_found(tmp_path: Path) -> None:
    image = create(tmp_path / "image.qcow2")
    for name in ("first", "second"):
        qemu_img("bitmap", "--add", image, name)
    header, _ = check_against_qemu(image)
    assert header.bitmaps is not None
    with image.open("rb") as f:
        f.seek(header.bitmaps.bitmap_directory_offset)
        assert b"first" in f.read(header.bitmaps.bitmap_directory_size)


@needs_qemu
def test_a_luks_image_has_its_header_pointed_to(tmp_path: Path) -> None:
    image = encrypted_image(tmp_path / "image.qcow2", MIB)
    header, _ = check_against_qemu(image)
    assert header.luks is not None
    with image.open("rb") as f:
        f.seek(header.luks.offset)
        assert f.read(6) == b"LUKS\xba\xbe"
    assert header.luks.offset + header.luks.length <= image.stat().st_size


@needs_qemu
def test_an_aes_image_has_no_luks_header(tmp_path: Path) -> None:
    options = ("encrypt.format=aes", "encrypt.key-secret=key")
    try:
        image = create(
            tmp_path / "image.qcow2", *options, extra=["--object", "secret,id=key,data=x"]
        )
    except subprocess.CalledProcessError as error:
        pytest.skip(f"qemu-img makes no such images: {error.stderr}")
    header, _ = check_against_qemu(image)
    assert (header.crypt_method, header.luks) == (1, None)


@needs_qemu
def test_an_image_that_was_not_closed_is_dirty(tmp_path: Path) -> None:
    image = create(tmp_path / "image.qcow2", "lazy_refcounts=on")
    subprocess.run(
        ["qemu-io", "-f", "qcow2", "-c", "write 0 64k", "-c", "abort", image],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert check_against_qemu(image)[0].dirty


@needs_qemu
def test_the_corrupt_bit_is_told(tmp_path: Path) -> None:
    image = create(tmp_path / "image.qcow2")
    with image.open("r+b") as f:
        f.seek(72)
        f.write((2).to_bytes(8, "big"))
    assert check_against_qemu(image)[0].corrupt


# --- images made by hand -------------------------------------------------------------------

CLUSTER_BITS = 12
CLUSTER = 1 << CLUSTER_BITS
V2_FIELDS = {
    "magic": (0, ">I"),
    "version": (4, ">I"),
    "backing_file_offset": (8, ">Q"),
    "backing_file_size": (16, ">I"),
    "cluster_bits": (20, ">I"),
    "virtual_size": (24, ">Q"),
    "crypt_method": (32, ">I"),
    "l1_size": (36, ">I"),
    "l1_table_offset": (40, ">Q"),
    "refcount_table_offset": (48, ">Q"),
    "refcount_table_clusters": (56, ">I"),
    "nb_snapshots": (60, ">I"),
    "snapshots_offset": (64, ">Q"),
}
V3_FIELDS = {
    "incompatible_features": (72, ">Q"),
    "compatible_features": (80, ">Q"),
    "autoclear_features": (88, ">Q"),
    "refcount_order": (96, ">I"),
    "header_length": (100, ">I"),
}
FIELDS = V2_FIELDS | V3_FIELDS


def entry(
    name: bytes = b"name",
    id_: bytes = b"1",
    extra: bytes = struct.pack(">QQQ", 0, MIB, 0),
    vm_state_size: int = 0,
    vm_clock_ns: int = 0,
) -> bytes:
    fixed = struct.pack(
        ">QIHHIIQII",
        *(3 * CLUSTER, 1, len(id_), len(name), 1_700_000_000, 5),
        *(vm_clock_ns, vm_state_size, len(extra)),
    )
    packed = fixed + extra + id_ + name
    return packed + bytes(-len(packed) % 8)


def image(*entries: bytes, extensions: bytes = b"", after: bytes = b"", **fields: int) -> bytes:
    """A minimal image: header, refcount table, a spare cluster, L1 table, snapshot table."""
    values = {
        "magic": 0x514649FB,
        "version": 3,
        "cluster_bits": CLUSTER_BITS,
        "virtual_size": MIB,
        "l1_size": 1,
        "l1_table_offset": 3 * CLUSTER,
        "refcount_table_offset": CLUSTER,
        "refcount_table_clusters": 1,
        "nb_snapshots": len(entries),
        "snapshots_offset": 4 * CLUSTER,
        "refcount_order": 4,
        "header_length": 104,
    } | fields
    version = values["version"]
    data = bytearray(4 * CLUSTER)
    for name, value in values.items():
        if version != 2 or name in V2_FIELDS:
            offset, code = FIELDS[name]
            struct.pack_into(code, data, offset, value)
    start = 72 if version == 2 else values["header_length"]
    data[start : start + len(extensions)] = extensions
    return bytes(data[: 4 * CLUSTER]) + b"".join(entries) + after


def extension(magic: int, data: bytes) -> bytes:
    return struct.pack(">II", magic, len(data)) + data + bytes(-len(data) % 8)


BITMAPS, LUKS, DATA_FILE, BACKING_FORMAT = 0x23852875, 0x0537BE77, 0x44415441, 0xE2792ACA
NO_ICOUNT = 2**64 - 1

GOOD = {
    "plain": image(entry()),
    "version 2": image(entry(), version=2),
    "no extra data": image(entry(extra=b"", vm_state_size=77)),
    "32-bit state ignored": image(entry(extra=struct.pack(">Q", 5 << 32), vm_state_size=77)),
    "no icount": image(entry(extra=struct.pack(">QQQ", 9, MIB, NO_ICOUNT))),
    "half an icount": image(entry(extra=struct.pack(">QQI", 9, MIB, 1))),
    "much extra data": image(entry(extra=bytes(1024)), entry(name=b"next", id_=b"2")),
    "huge vm clock": image(entry(vm_clock_ns=2**62)),
    "nothing in it": image(entry(name=b"", id_=b"")),
    "NUL in a name": image(entry(name=b"seen\0unseen", id_=b"4\0\0")),
    "long name": image(entry(name=b"n" * 65535, id_=b"i" * 65535)),
    "unpadded end": image(entry(name=b"name!"))[:-2],
    "extension not known": image(extensions=extension(0x12345678, b"abc")),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_hand_made_image_is_read(name: str) -> None:
    header, entries = read_bytes(GOOD[name])
    assert len(entries) == header.nb_snapshots


@needs_qemu
@pytest.mark.parametrize("name", GOOD)
def test_a_hand_made_image_reads_as_qemu_reads_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / "image.qcow2"
    path.write_bytes(GOOD[name])
    check_against_qemu(path)


def test_version_2_has_its_defaults() -> None:
    header, _ = read_bytes(image(version=2))
    assert (header.refcount_order, header.header_length, header.compression) == (4, 72, "zlib")
    assert (header.incompatible_features, header.autoclear_features) == (0, 0)
    assert (header.l2_entries, header.refcount_bits) == (CLUSTER // 8, 16)


def test_all_of_an_entry_is_told() -> None:
    extra = struct.pack(">QQQ", 6 << 30, 3 * MIB, 41)
    _, entries = read_bytes(image(entry(b"nightly", b"12", extra, 7, 10**9)))
    assert entries == (
        Entry(
            id_bytes=b"12",
            name_bytes=b"nightly",
            created=1_700_000_000,
            created_nsec=5,
            vm_clock_ns=10**9,
            vm_state_size=6 << 30,
            virtual_size=3 * MIB,
            l1_offset=3 * CLUSTER,
            l1_entries=1,
            icount=41,
            end=4 * CLUSTER + 40 + 24 + 2 + 7,
        ),
    )
    assert (entries[0].id, entries[0].name) == ("12", "nightly")


def test_without_extra_data_the_header_tells() -> None:
    _, (only,) = read_bytes(GOOD["no extra data"])
    assert (only.vm_state_size, only.virtual_size, only.icount) == (77, MIB, None)


def test_qemu_ends_a_name_at_a_nul() -> None:
    _, (only,) = read_bytes(GOOD["NUL in a name"])
    assert (only.id_bytes, only.name_bytes) == (b"4", b"seen")


def test_an_empty_table_may_be_said_to_be_anywhere() -> None:
    assert read_bytes(image(snapshots_offset=CLUSTER << 40))[1] == ()


def test_inconsistent_bitmaps_do_not_count() -> None:
    bitmaps = extension(BITMAPS, struct.pack(">IIQQ", 3, 0, 100, 2 * CLUSTER))
    header, _ = read_bytes(image(extensions=bitmaps))
    assert header.bitmaps is None
    header, _ = read_bytes(image(extensions=bitmaps, autoclear_features=1))
    assert header.bitmaps is not None
    assert header.bitmaps.nb_bitmaps == 3


REFUSED = {
    "empty": (b"", "Not a qcow2 image"),
    "text": (b"#!/bin/sh\nexit 0\n" * 20, "Not a qcow2 image"),
    "zeros": (bytes(MIB), "Not a qcow2 image"),
    "qcow1": (image(version=1), "version is 1"),
    "version 4": (image(version=4), "version is 4"),
    "header cut off": (image()[:90], "the file has only 90 bytes"),
    "cluster too small": (image(cluster_bits=8), "cluster size"),
    "cluster too large": (image(cluster_bits=22), "cluster size"),
    "header too short": (image(header_length=96), "own length"),
    "header too long": (image(header_length=CLUSTER + 8), "own length"),
    "unknown features": (image(incompatible_features=1 << 5 | 1 << 63), "bits 5, 63"),
    "small extended L2": (image(incompatible_features=1 << 4), "extended L2"),
    "compression bit only": (image(incompatible_features=1 << 3), "compression type"),
    "compression only": (
        image(header_length=112, extensions=b"")[:104] + b"\1" + image()[105:],
        "compression type (zstd)",
    ),
    "compression not known": (
        image(header_length=112, incompatible_features=8)[:104] + b"\7" + image()[105:],
        "compression type is not known: 7",
    ),
    "encryption not known": (image(crypt_method=3), "encryption method"),
    "refcounts too wide": (image(refcount_order=7), "2^7 bits"),
    "no refcount table": (image(refcount_table_clusters=0), "no refcount table"),
    "refcount table large": (image(refcount_table_clusters=2049), "refcount table is too large"),
    "refcount table unaligned": (image(refcount_table_offset=4097), "refcount table starts"),
    "refcount table outside": (image(refcount_table_offset=2**63), "refcount table ends"),
    "L1 too large": (image(l1_size=(32 * MIB >> 3) + 1), "L1 table is too large"),
    "L1 unaligned": (image(l1_table_offset=8), "L1 table starts"),
    "L1 outside": (image(l1_table_offset=8 * CLUSTER), "L1 table ends"),
    "L1 too small": (image(virtual_size=3 * MIB), "L1 table is too small"),
    "snapshots unaligned": (image(entry(), snapshots_offset=8), "snapshot table starts"),
    "snapshots outside": (image(entry(), snapshots_offset=1 << 40), "snapshot table ends"),
    "too many snapshots": (image(nb_snapshots=65537), "too many snapshots: 65537"),
    "more snapshots than file": (image(entry(), nb_snapshots=60000), "snapshot table ends"),
    "one snapshot too many": (image(entry(), entry(), nb_snapshots=3), "Entry 3"),
    "extra data too large": (image(entry(extra=bytes(1025))), "too much extra data: 1025"),
    "last entry cut off": (image(entry(name=b"n" * 99))[:-9], "Entry 1"),
    "backing name outside": (image(backing_file_offset=CLUSTER + 1), "outside the header"),
    "backing name too long": (
        image(backing_file_offset=200, backing_file_size=1024),
        "name is too long: 1024",
    ),
    "backing name over the end": (
        image(backing_file_offset=CLUSTER - 9, backing_file_size=10),
        "name is too long: 10",
    ),
    "extension too long": (
        image(extensions=struct.pack(">II", DATA_FILE, CLUSTER)),
        "extension is too long",
    ),
    "backing format too long": (
        image(extensions=extension(BACKING_FORMAT, b"f" * 16)),
        "too long a name: 16",
    ),
    "bitmaps too short": (image(extensions=extension(BITMAPS, bytes(16))), "wrong length: 16"),
    "no bitmaps": (
        image(extensions=extension(BITMAPS, bytes(24)), autoclear_features=1),
        "number of bitmaps",
    ),
    "bitmaps reserved": (
        image(extensions=extension(BITMAPS, b"\1" * 24), autoclear_features=1),
        "reserved",
    ),
    "bitmap directory unaligned": (
        image(
            extensions=extension(BITMAPS, struct.pack(">IIQQ", 1, 0, 8, 9)), autoclear_features=1
        ),
        "bitmap directory",
    ),
    "LUKS without its header": (image(crypt_method=2), "LUKS"),
    "LUKS header without LUKS": (image(extensions=extension(LUKS, bytes(16))), "LUKS"),
    "LUKS pointer too short": (
        image(extensions=extension(LUKS, bytes(8)), crypt_method=2),
        "wrong length: 8",
    ),
    "LUKS header unaligned": (
        image(extensions=extension(LUKS, struct.pack(">QQ", 7, 8)), crypt_method=2),
        "LUKS header starts at byte 7",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_named(name: str) -> None:
    data, message = REFUSED[name]
    with pytest.raises(ImageError) as caught:
        read_bytes(data)
    assert message in caught.value.message


def test_a_snapshot_with_a_broken_l1_table_is_still_listed() -> None:
    broken = struct.pack(">QI", 2**63 + 1, 2**32 - 1) + entry()[12:]
    _, (only,) = read_bytes(image(broken))
    with pytest.raises(ImageError, match="too large"):
        check_table("Its L1 table", only.l1_offset, only.l1_entries * 8, 32 * MIB, CLUSTER, MIB)


# --- reading -------------------------------------------------------------------------------


def test_the_head_of_a_usual_image_is_one_read() -> None:
    f = CountingBytes(image(after=bytes(MIB)))
    read_header(f, MIB)
    assert f.bytes_read == CHUNK


def test_the_largest_table_is_read_once(tmp_path: Path) -> None:
    name = b"n" * (1024 - len(entry(name=b"")))
    path = tmp_path / "image.qcow2"
    path.write_bytes(image(*[entry(name=name)] * 65536, after=bytes(MIB)))
    with CountingFile(path) as f:
        size = path.stat().st_size
        header = read_header(f, size)
        f.bytes_read = 0
        assert len(read_snapshots(f, header, size)) == 65536
        assert f.bytes_read <= MAX_SNAPSHOT_TABLE_SIZE + CHUNK


def test_reading_stops_where_the_table_gets_too_large(tmp_path: Path) -> None:
    largest = entry(name=b"n" * 65535, id_=b"i" * 65535, extra=bytes(1024))
    count = MAX_SNAPSHOT_TABLE_SIZE // len(largest) + 100
    path = tmp_path / "image.qcow2"
    path.write_bytes(image(*[largest] * count))
    with CountingFile(path) as f:
        size = path.stat().st_size
        header = read_header(f, size)
        f.bytes_read = 0
        with pytest.raises(ImageError, match=f"at entry {count - 99} of {count}"):
            read_snapshots(f, header, size)
        assert f.bytes_read <= MAX_SNAPSHOT_TABLE_SIZE + CHUNK


class Trickle(io.BytesIO):
    """A file that gives a few bytes at a time, as raw files may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 7))


def test_short_reads_are_completed() -> None:
    data = image(entry())
    header = read_header(Trickle(data), len(data))
    assert [e.name for e in read_snapshots(Trickle(data), header, len(data))] == ["name"]


def test_a_file_that_shrank_is_an_image_error() -> None:
    data = image(entry())
    with pytest.raises(ImageError, match="the file ends at byte 50"):
        read_header(io.BytesIO(data[:50]), len(data))


class Broken(io.BytesIO):
    """A file whose reads fail."""

    error: Exception = OSError(errno.EIO, "Input/output error")

    def read(self, size: int | None = -1, /) -> bytes:
        raise self.error


def test_a_failing_read_is_an_image_error() -> None:
    with pytest.raises(ImageError, match="Input/output error"):
        read_header(Broken(), MIB)


def test_a_lost_host_stays_a_lost_host() -> None:
    f = Broken()
    f.error = Disconnected("gone")
    with pytest.raises(Disconnected):
        read_header(f, MIB)


# --- mutations -----------------------------------------------------------------------------

EXTREMES = sorted({value + d for value in (0, *(1 << n for n in range(3, 65))) for d in (-1, 0, 1)})


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Flip a bit, overwrite a field, or cut off; in the header or the snapshot table."""
    mutant = bytearray(data)
    table = int.from_bytes(data[64:72], "big")
    for _ in range(dice.randint(1, 3)):
        at = dice.choice((0, table)) + dice.randrange(200)
        kind = dice.random()
        if kind < 0.1:
            return bytes(mutant[: dice.randrange(len(mutant))])
        if kind < 0.4:
            mutant[at % len(mutant)] ^= 1 << dice.randrange(8)
        else:
            width = dice.choice((2, 4, 8))
            at = at // width * width % (len(mutant) - width)
            mutant[at : at + width] = (dice.choice(EXTREMES) % (1 << 8 * width)).to_bytes(
                width, "big"
            )
    return bytes(mutant)


Mutants = Callable[[int], list[bytes]]


@pytest.fixture(scope="module")
def mutants(tmp_path_factory: pytest.TempPathFactory) -> Mutants:
    """Makes the first ``count`` mutants of real images, or of hand-made ones without QEMU."""
    bases = [image(entry(), entry(b"two", b"2"), entry(b"three", b"3"))]
    if shutil.which("qemu-img"):
        folder = tmp_path_factory.mktemp("mutants")
        base = folder / "base.raw"
        qemu_img("create", "-q", "-f", "raw", base, "8M")
        for number, (options, extra) in enumerate(
            (
                (("cluster_size=512",), ()),
                (("cluster_size=4k", "compat=0.10"), ()),
                (("cluster_size=16k", "extended_l2=on"), ()),
                (("cluster_size=4k",), ("-F", "raw", "-b", base)),
            )
        ):
            path = create(folder / f"{number}.qcow2", *options, extra=extra)
            for name in ("one", "two", "three"):
                qemu_img("snapshot", "-c", name, path)
            bases.append(path.read_bytes())

    def make(count: int) -> list[bytes]:
        dice = random.Random(20_071_128)
        return [mutate(dice.choice(bases), dice) for _ in range(count)]

    return make


def test_a_mutated_image_is_read_or_refused(mutants: Mutants) -> None:
    refused = sum(bool(refusal(data)) for data in mutants(2000))
    assert 200 < refused < 1800


@needs_qemu
def test_a_mutated_image_reads_as_qemu_reads_it(mutants: Mutants, tmp_path: Path) -> None:
    """What is read is what QEMU reads; what only we refuse is not wholly in the file."""
    path = tmp_path / "mutant.qcow2"
    compared = 0
    for data in mutants(200):
        path.write_bytes(data)
        try:
            answer = info(path)
        except subprocess.CalledProcessError:
            assert refusal(data)
            continue
        if message := refusal(data):
            assert "but the file has only" in message
            continue
        header, entries = read_bytes(data)
        if header.external_data_file:
            continue  # QEMU does not list snapshots of such an image.
        told = told_by_qemu(answer)
        assert told_by_us(entries) == told or "\ufffd" in str(told)
        compared += 1
    assert compared > 20


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(FIELDS)), st.sampled_from(EXTREMES), max_size=4),
    st.binary(max_size=300),
    st.binary(max_size=300),
)
def test_any_header_is_read_or_refused(
    fields: dict[str, int], extensions: bytes, table: bytes
) -> None:
    fitting = {
        name: value % (1 << 8 * struct.calcsize(FIELDS[name][1])) for name, value in fields.items()
    }
    header_length = fitting.pop("header_length", 104)
    data = bytearray(image(table, entry(), extensions=extensions, after=b"", **fitting))
    data[100:104] = header_length.to_bytes(4, "big")
    refusal(bytes(data))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for start in (b"", b"QFI\xfb\0\0\0\2", b"QFI\xfb\0\0\0\3"):
        assert refusal(start + data)
