"""qcow2 images on block devices, which end where the device does."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snaptui.backend.files import file_systems, image_counter, image_reader
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import FixedSize, ImageError
from tests.lab import MIB, Lab, entries, loop_device, qemu_img

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has loop devices")
SIZE = 16 * MIB


@pytest.fixture
def device(tmp_path: Path) -> Iterator[str]:
    with loop_device(tmp_path / "device", SIZE) as device:
        yield device


def write(device: str, byte: int, start: int, length: int) -> None:
    command = f"write -P {byte} {start} {length}"
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", command, device], check=True, stdout=-3)


def end(device: str) -> int:
    said: dict[str, Any] = json.loads(qemu_img("check", "-U", "--output=json", device))
    return int(said["image-end-offset"])


def test_room_on_a_device_is_what_lies_behind_the_image(device: str) -> None:
    qemu_img("create", "-q", "-f", "qcow2", device, "64M")
    for length in (0, 1, 5):
        write(device, 1, 0, length * MIB)
        space = file_systems.file_system(device)
        assert (space.size, space.free) == (SIZE, SIZE - end(device))
        assert (space.device, space.name) == (True, device)
        assert space.reserve == 0, "not counted while there is room"


def test_what_is_free_inside_is_told_where_the_end_is_near(device: str) -> None:
    qemu_img("create", "-q", "-f", "qcow2", device, "64M")
    write(device, 1, 0, 6 * MIB)
    qemu_img("snapshot", "-c", "s1", device)
    write(device, 2, 0, 6 * MIB)
    write(device, 2, 6 * MIB, 3 * MIB)
    full = file_systems.file_system(device)
    assert full.free < SIZE // 20
    assert full.reserve < MIB
    qemu_img("snapshot", "-d", "s1", device)
    after = file_systems.file_system(device)
    assert after.free == full.free, "the image ends where it did"
    assert 6 * MIB <= after.reserve < 7 * MIB


def test_a_raw_device_neither_grows_nor_shrinks(device: str) -> None:
    with pytest.raises(FixedSize):
        file_systems.file_system(device)


def test_an_image_that_was_not_closed_does_not_tell_where_it_ends(device: str) -> None:
    qemu_img("create", "-q", "-f", "qcow2", "-o", "lazy_refcounts=on", device, "64M")
    with open(device, "r+b") as f:
        f.seek(72)
        f.write((1).to_bytes(8, "big"))
    with pytest.raises(ImageError, match="not closed"):
        file_systems.file_system(device)


def test_what_is_freed_on_a_device_is_nothing_to_the_host(device: str) -> None:
    qemu_img("create", "-q", "-f", "qcow2", device, "8M")
    assert image_counter.count_image(device, lambda _done, _all: None).given_back is False
    head = image_reader.read_image(device)
    assert (head.device, head.disk_size) == (True, SIZE)


def test_at_the_end_of_a_device_a_delete_frees_nothing_and_forgets_the_snapshot(
    lab: Lab, device: str
) -> None:
    """The room that is told is what decides it; other names of the device are the same."""
    qemu_img("create", "-q", "-f", "qcow2", device, "64M")
    lab.define_disks(
        "web",
        "<disk type='block' device='disk'><driver name='qemu' type='qcow2'/>"
        f"<source dev='{device}'/><target dev='vda' bus='virtio'/></disk>",
    )
    for name in ("s1", "s2"):
        lab.snapshot("web", name)
    write_until_full(device)
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    try:
        space = backend.file_system(device)
        assert (space.free + space.reserve) < 64 << 10
    finally:
        backend.abandon()
    lab.virsh("snapshot-delete", "web", "s1", check=False)
    assert [name for _, name in entries(Path(device))] == ["s1", "s2"]
    assert lab.snapshots("web") == ["s2"]


def write_until_full(device: str) -> None:
    at = 0
    for step in (MIB, 64 << 10):
        while True:
            command = f"write -P 3 {at} {step}"
            done = subprocess.run(
                ["qemu-io", "-f", "qcow2", "-c", command, device], capture_output=True, text=True
            )
            if "No space" in done.stdout + done.stderr:
                break
            at += step
