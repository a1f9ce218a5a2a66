"""What the head of an image says, against qemu-img."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from snaptui.backend.images import read_image
from snaptui.image_model import NotKnown
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


def test_a_path_with_its_protocol_is_a_path(base: Path, tmp_path: Path) -> None:
    path = tmp_path / "over.qcow2"
    over(f"file:{base}", path)
    assert read_image(str(path)).backing == str(base)


def test_the_file_that_holds_the_data_is_told(tmp_path: Path) -> None:
    path = tmp_path / "outside.qcow2"
    option = f"data_file={tmp_path}/data.raw"
    qemu_img("create", "-q", "-f", "qcow2", "-o", option, str(path), "1M")
    assert read_image(str(path)).data_file == f"{tmp_path}/data.raw"
