"""Which images are opened for a look at files, and what is believed of the answers: pure."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.guest_files import answers, frames
from snaptui.guest_files.copy_out import LONGEST_NAME, safe_name
from snaptui.guest_files.errors import GuestFilesError
from snaptui.guest_files.nodes import disk_node, entry_option, from_json
from snaptui.guest_files.source import Layer, ServedDisk, Source, source_of, source_of_image
from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import Domain, DomainState
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.model.snapshot import Snapshot, SnapshotDisk
from snaptui.storage.backing_chain import layers_of
from snaptui.storage.reclaimable import Surveyed
from tests.unit.made import KEY, VDA, VDB, config, image, snapshot

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda some: st.lists(some) | st.dictionaries(st.text(), some),
    max_leaves=8,
)


def surveyed(
    *images: ImageInfo, snapshots: tuple[Snapshot, ...] = (), disks: tuple[Disk, ...] = (VDA, VDB)
) -> Surveyed:
    now = config(*disks)
    heads = {one.path: one for one in images}
    layers = layers_of(now, snapshots, heads, keeps_memory=False)
    domain = Domain(KEY, "web", DomainState.SHUTOFF)
    return Surveyed(domain, now, snapshots, {}, layers)


def why(source: Source | NotKnown, target: str = "vda") -> str:
    """Why a disk is left out, or all of them are."""
    return source.reason if isinstance(source, NotKnown) else source.left_out[target].reason


def test_the_entry_of_each_disk_is_served() -> None:
    heads = (image("/img/a.qcow2", ("1", "x"), ("2", "s1")), image("/img/b.qcow2", ("1", "s1")))
    source = source_of(surveyed(*heads, snapshots=(snapshot("s1"),)), snapshot("s1"))
    assert isinstance(source, Source)
    assert source.steady
    assert [(one.target, one.layers, one.entry.id) for one in source.disks if one.entry] == [
        ("vda", (Layer("/img/a.qcow2", "qcow2"),), "2"),
        ("vdb", (Layer("/img/b.qcow2", "qcow2"),), "1"),
    ]


def test_two_entries_of_one_id_are_not_served() -> None:
    """QEMU takes the first of them."""
    heads = (image("/img/a.qcow2", ("1", "x"), ("1", "s1")), image("/img/b.qcow2", ("1", "s1")))
    source = source_of(surveyed(*heads, snapshots=(snapshot("s1"),)), snapshot("s1"))
    assert "2 snapshots of /img/a.qcow2 have the ID 1" in why(source)


def test_a_disk_of_another_size_is_not_served() -> None:
    head = image("/img/a.qcow2", ("1", "s1"))
    entry = replace(head.snapshots[0], virtual_size=head.virtual_size // 2)
    heads = (replace(head, snapshots=(entry,)), image("/img/b.qcow2", ("1", "s1")))
    source = source_of(surveyed(*heads, snapshots=(snapshot("s1"),)), snapshot("s1"))
    assert "had another size then" in why(source)


@pytest.mark.parametrize(
    ("disk", "head", "beneath", "words"),
    [
        (replace(VDA, format=""), {}, {}, "nothing says which format /img/a.qcow2 has"),
        (replace(VDA, format="vmdk"), {}, {}, "only qcow2 and raw"),
        (VDA, {"encrypted": True}, {}, "is encrypted"),
        (VDA, {"data_file": "/img/data"}, {}, "another file"),
        (VDA, {"backing": "/img/base"}, {}, "nothing says which format /img/base has"),
        (VDA, {"backing": "/img/base", "backing_format": "qed"}, {}, "only qcow2 and raw"),
        (
            replace(VDA, format="raw"),
            {"backing": "/img/base", "backing_format": "qcow2"},
            {},
            "is raw, and yet names another image",
        ),
        (
            VDA,
            {"backing": "/img/base", "backing_format": "qcow2"},
            {"encrypted": True},
            "/img/base is encrypted",
        ),
    ],
)
def test_what_is_not_opened(
    disk: Disk, head: dict[str, Any], beneath: dict[str, Any], words: str
) -> None:
    """Formats are declared, never found out; what makes no sense is left out with its reason."""
    heads = (
        replace(image("/img/a.qcow2"), **head),
        replace(image("/img/base"), **beneath),
        image("/img/b.qcow2"),
    )
    source = source_of(surveyed(*heads, disks=(disk, VDB)), None)
    assert words in why(source)
    assert isinstance(source, Source)
    assert [one.target for one in source.disks] == ["vdb"]


def test_an_external_snapshot_is_the_images_beneath() -> None:
    parts = (SnapshotDisk("vda", Presence.EXTERNAL, "/img/a.over"),)
    taken = replace(
        snapshot("s1"), disks=parts, memory=Presence.NO, config=config(VDA), state="shutoff"
    )
    over = replace(image("/img/a.over"), backing="/img/a.qcow2", backing_format="qcow2")
    now = (replace(VDA, path="/img/a.over"),)
    found = surveyed(over, image("/img/a.qcow2"), snapshots=(taken,), disks=now)
    then = source_of(found, taken)
    assert isinstance(then, Source)
    assert then.disks[0].layers == (Layer("/img/a.qcow2", "qcow2"),)
    later = source_of(found, None)
    assert isinstance(later, Source)
    assert [one.path for one in later.disks[0].layers] == ["/img/a.over", "/img/a.qcow2"]


def test_a_lone_image_that_names_another_is_not_opened() -> None:
    head = replace(image("/img/a.qcow2"), backing="/etc/passwd", backing_format="raw")
    assert "no domain says" in why(source_of_image(KEY.host, head, None))


def test_every_node_of_a_chain_is_named() -> None:
    """QEMU has nothing to look up in a header: what is beneath the last one is nothing."""
    layers = (Layer("/a", "qcow2"), Layer("/b", "qcow2"), Layer("/c", "raw"))
    node = disk_node(ServedDisk("vda", layers, None, 1), "/sock", ("x", "y", "z"), {})
    assert node["backing"]["backing"]["driver"] == "raw"
    assert [
        one["file"]["export"] for one in (node, node["backing"], node["backing"]["backing"])
    ] == [
        "x",
        "y",
        "z",
    ]
    hidden = disk_node(
        ServedDisk("vda", layers, None, 1), "/sock", ("x", "y", "z"), {0: "/own/x", 1: "/own/y"}
    )
    assert hidden["file"]["file"]["filename"] == "/own/x"
    assert hidden["backing"]["file"]["file"]["filename"] == "/own/y"
    lone = disk_node(ServedDisk("vda", layers[:1], None, 1), "/sock", ("x",), {})
    assert lone["backing"] is None
    assert "/a" not in str(node)


def test_an_id_with_a_comma_is_one_option() -> None:
    entry = replace(image("/a", ("1,snapshot.name=x", "n")).snapshots[0])
    assert entry_option(entry) == "snapshot.id=1,,snapshot.name=x"


def test_a_disk_is_handed_on_as_it_is() -> None:
    entry = image("/a", ("1", "n")).snapshots[0]
    disk = ServedDisk("vda", (Layer("/a", "qcow2"), Layer("/b", "raw")), entry, 5)
    for one in (disk, replace(disk, entry=None)):
        kept = frames.parse(frames.header({"disk": asdict(one)}, b""))
        assert from_json(kept["disk"]) == one


@given(st.text())
def test_a_safe_name_is_one_name(name: str) -> None:
    safe = safe_name(name)
    assert "/" not in safe
    assert safe not in (".", "..")
    assert not safe.startswith("-")
    assert safe.isprintable()
    assert len(os.fsencode(safe)) <= LONGEST_NAME
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("passwd", "passwd"),
        ("..", "_."),
        ("a\nb", "a_b"),
        ("-rf", "_rf"),
        ("\u202egpj.exe", "_gpj.exe"),
        ("caf\udce9", "caf_"),
        ("日本", "日本"),
        ("x" * 300, "x" * 255),
    ],
)
def test_safe_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.binary(max_size=400))
def test_statuses_that_make_no_sense(body: bytes) -> None:
    """They are refused, or are statuses; nothing else is raised."""
    try:
        found = answers.files(body)
    except GuestFilesError:
        return
    assert list(found) == sorted(found)


@given(JSON)
def test_answers_that_make_no_sense(said: object) -> None:
    source = Source("h", "d", None, (), {}, steady=True)
    for read in (
        answers.text,
        answers.pairs,
        answers.attributes,
        answers.systems,
        lambda one: answers.volumes(one, source),
    ):
        try:
            read(said)
        except GuestFilesError:
            continue


@given(st.binary(max_size=200) | JSON.map(lambda one: json.dumps(one).encode()))
def test_lines_that_are_no_messages(line: bytes) -> None:
    try:
        assert type(frames.parse(line)["length"]) is int
    except frames.Malformed:
        return
