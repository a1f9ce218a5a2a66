"""What the head of an image says, against qemu-img."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from snaptui.backend.files.image_reader import read_image
from snaptui.model.image import NoPath, NotKnown
from tests.lab import qemu_img


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(path), "1M")
    return path


def over(spelled: str, path: Path) -> str:
    qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-u", "-b", spelled, str(path), "1M")
    info = json.loads(qemu_img("info", "--output=json", str(path)))
    return str(info.get("full-backing-filename", info["backing-filename"]))


@pytest.mark.parametrize("spelled", ["base.qcow2", "{}/base.qcow2", "./a:b.qcow2"])
def test_the_image_beneath_is_the_one_that_qemu_opens(
    base: Path, tmp_path: Path, spelled: str
) -> None:
    path = tmp_path / "over.qcow2"
    expected = over(spelled.format(tmp_path), path)
    found = read_image(str(path))
    assert found.backing == expected
    assert found.backing_format == "qcow2"
    assert read_image(str(base)).backing is None


@pytest.mark.parametrize(
    "spelled", ["file:relative", "nbd://host/disk", 'json:{"driver":"null-co"}']
)
def test_an_image_beneath_that_is_no_file_is_not_taken_for_one(
    tmp_path: Path, spelled: str
) -> None:
    path = tmp_path / "over.qcow2"
    over(spelled, path)
    assert isinstance(read_image(str(path)).backing, NotKnown)


@pytest.mark.parametrize(
    ("options", "form"),
    [
        ('{{"driver":"qcow2","file":{{"driver":"file","filename":"{}"}}}}', "qcow2"),
        ('{{"driver":"qcow2","file.driver":"file","file.filename":"{}"}}', "qcow2"),
        ('{{"file.filename":"{}"}}', None),
        ('{{"driver":"file","filename":"{}"}}', None),
        ('{{"driver":"raw","file":{{"driver":"file","filename":"{}"}}}}', "raw"),
    ],
)
def test_options_in_json_name_the_file_that_they_open(
    base: Path, tmp_path: Path, options: str, form: str | None
) -> None:
    path = tmp_path / "over.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(path), "1M")
    rebased(path, "json:" + options.format(base))
    found = read_image(str(path))
    assert (found.backing, found.backing_format) == (str(base), form)


def test_a_backing_format_that_is_a_protocol_means_bytes(base: Path, tmp_path: Path) -> None:
    """QEMU opens no image in them, whatever they are; nor does libvirt since 9.10 (its NEWS)."""
    lower, path = tmp_path / "lower.qcow2", tmp_path / "over.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-b", str(base), "-F", "qcow2", str(lower), "1M")
    qemu_img("create", "-q", "-f", "qcow2", "-b", str(lower), "-F", "file", str(path), "1M")
    assert str(base) not in qemu_img("info", "--backing-chain", str(path))
    found = read_image(str(path))
    assert (found.backing, found.backing_format) == (str(lower), "raw")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ('{"driver":"raw","offset":4096,"file.filename":"/a"}', "at an offset"),
        ('{"driver":"rbd","pool":"p","image":"i","user":"SECRET"}', "driver rbd at p at i"),
        (
            '{"driver":"qcow2","file":{"driver":"https","url":"https://u:SECRET@h/SECRET"}}',
            "https at h",
        ),
        ('{"driver":"file","filename":"relative"}', "driver file"),
        ('{"driver":["file"],"filename":"/a"}', "driver ?"),
        ('{"driver":"file","filename":7}', "driver file"),
        ("[" * 500, "cannot be read"),
        ("7", "cannot be read"),
    ],
)
def test_options_in_json_that_name_no_file_say_what_they_are(
    tmp_path: Path, options: str, told: str
) -> None:
    path = tmp_path / "over.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(path), "1M")
    rebased(path, "json:" + options)
    found = read_image(str(path)).backing
    assert isinstance(found, NotKnown)
    assert told in found.reason
    assert "SECRET" not in found.reason


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("nbd://h/SECRET", ()),
        ("nbd:unix:/run/socket:exportname=SECRET", ()),
        ("rbd:pool/image:id=a:key=SECRET", ()),
        ("ssh://user:SECRET@h/disk", ()),
        ("fat:/etc", None),
        ("file:relative", None),
        ('json:{"driver":"iscsi","portal":"h","target":"t","password":"SECRET"}', ()),
        ('json:{"driver":"nbd","server.type":"inet","server.host":"h","server.port":"1"}', ()),
        ('json:{"driver":"luks","key-secret":"SECRET","file.filename":"/l"}', ("/l",)),
        ('json:{"driver":"raw","offset":512,"file":{"driver":"file","filename":"/a"}}', ("/a",)),
        ('json:{"driver":"qcow2","file.filename":"/t","backing":{"filename":"/b"}}', ("/t", "/b")),
        ('json:{"driver":"quorum","children":[{"driver":"file","filename":"/a"}]}', None),
        ('json:{"driver":"qcow2","file":"node"}', None),
        ('json:{"driver":"qcow2","file":{"driver":"file","filename":"relative"}}', None),
    ],
)
def test_a_name_that_is_no_path_says_which_files_it_may_open(
    tmp_path: Path, name: str, files: tuple[str, ...] | None
) -> None:
    path = tmp_path / "over.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(path), "1M")
    rebased(path, name)
    found = read_image(str(path)).backing
    assert isinstance(found, NoPath)
    assert found.files == (None if files is None else frozenset(files))
    assert "SECRET" not in found.reason


def rebased(path: Path, name: str) -> None:
    """Let an image name another one; qemu-img opens it before."""
    with path.open("r+b") as f:
        f.seek(8)
        f.write((0x8000).to_bytes(8, "big") + len(name.encode()).to_bytes(4, "big"))
        f.seek(0x8000)
        f.write(name.encode())


def test_a_path_with_its_protocol_is_a_path(base: Path, tmp_path: Path) -> None:
    path = tmp_path / "over.qcow2"
    over(f"file:{base}", path)
    assert read_image(str(path)).backing == str(base)


def test_the_file_that_holds_the_data_is_told(tmp_path: Path) -> None:
    path = tmp_path / "outside.qcow2"
    option = f"data_file={tmp_path}/data.raw"
    qemu_img("create", "-q", "-f", "qcow2", "-o", option, str(path), "1M")
    assert read_image(str(path)).data_file == f"{tmp_path}/data.raw"
