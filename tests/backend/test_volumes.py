"""Disks that are volumes of storage pools, on a real daemon."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from snaptui.backend.files import image_counter, image_file
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.model.disk import Disk
from snaptui.model.image import Unplaced
from tests import pools
from tests.lab import Lab, qemu_img, write
from tests.pools import define, pool, volume


@pytest.fixture
def backend(lab: Lab) -> Iterator[LibvirtBackend]:
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    try:
        yield backend
    finally:
        backend.abandon()


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"


def only(disks: tuple[Disk, ...]) -> Disk:
    (disk,) = disks
    return disk


def test_a_volume_is_the_file_that_its_pool_names(lab: Lab, backend: LibvirtBackend) -> None:
    with pool(lab, "p", lab.directory / "p") as folder:
        volume(lab, "p", "a.qcow2")
        key = define(lab, "web", ("p", "a.qcow2"))
        lab.snapshot("web", "s1")
        path = str(folder / "a.qcow2")
        for config in (
            backend.config(key),
            backend.status(key).config,
            backend.snapshot(key, "s1").config,
        ):
            assert config is not None
            disk = only(config.disks)
            assert (disk.path, disk.unknown, disk.moved_to) == (path, "", None)
            assert disk.volume is not None
            assert (disk.volume.pool, disk.volume.name) == ("p", "a.qcow2")
        assert [entry.name for entry in backend.image(path).snapshots] == ["s1"]


def test_what_a_plan_rests_on_is_no_older_than_its_reading(
    lab: Lab, backend: LibvirtBackend
) -> None:
    """Where a record's volume is may be known for a while to what only shows it."""

    def place(of: LibvirtBackend) -> str | Unplaced:
        config = of.snapshot(key, "s1").config
        assert config is not None
        found = only(config.disks).volume
        assert found is not None
        return found.place

    with pool(lab, "p", lab.directory / "p") as folder:
        volume(lab, "p", "a.qcow2")
        key = define(lab, "web", ("p", "a.qcow2"))
        lab.snapshot("web", "s1")
        known = str(folder / "a.qcow2")
        assert place(backend) == known
        lab.virsh("pool-destroy", "p")
        assert place(backend) == known
        assert isinstance(place(backend.reading(key)), Unplaced)
        lab.clean()


def test_a_volume_that_cannot_be_resolved_says_why(lab: Lab, backend: LibvirtBackend) -> None:
    with pool(lab, "p", lab.directory / "p") as folder:
        key = define(lab, "web", ("p", "none"), ("gone", "a"))
        there, gone = backend.status(key).config.disks
        assert (there.path, gone.path) == (None, None)
        assert "no volume none" in there.unknown
        assert there.volume is not None
        assert there.volume.place == Unplaced(there.unknown, str(folder))
        assert "no pool gone" in gone.unknown
        assert gone.volume is not None
        assert isinstance(gone.volume.place, Unplaced)
        assert gone.volume.place.folder is None
        lab.virsh("pool-destroy", "p")
        there, _ = backend.status(key).config.disks
        assert "not active" in there.unknown
        assert lab.virsh("pool-list", "--name").split() == [], "looking starts no pool"


def test_a_pool_is_not_refreshed_by_looking(lab: Lab, backend: LibvirtBackend) -> None:
    with pool(lab, "p", lab.directory / "p") as folder:
        key = define(lab, "web", ("p", "late.qcow2"))
        qemu_img("create", "-q", "-f", "qcow2", str(folder / "late.qcow2"), "8M")
        assert only(backend.status(key).config.disks).path is None
        assert lab.virsh("vol-list", "p").split() == []
        lab.virsh("pool-refresh", "p")
        disk = only(backend.status(key).config.disks)
        assert (disk.path, disk.unknown) == (str(folder / "late.qcow2"), "")


def test_of_a_running_domain_the_file_is_the_one_that_qemu_has_open(
    lab: Lab, backend: LibvirtBackend
) -> None:
    """Its pool names another directory today: that one is told too."""
    with pool(lab, "p", lab.directory / "p") as folder:
        volume(lab, "p", "a.qcow2")
        key = define(lab, "web", ("p", "a.qcow2"))
        lab.start("web")
        lab.virsh("pool-destroy", "p")
        disk = only(backend.status(key).config.disks)
        assert disk.path == str(folder / "a.qcow2")
        assert isinstance(disk.moved_to, Unplaced)
        lab.virsh("pool-undefine", "p")
        with pool(lab, "p", lab.directory / "other") as other:
            volume(lab, "p", "a.qcow2")
            disk = only(backend.status(key).config.disks)
            assert disk.path == str(folder / "a.qcow2")
            assert disk.moved_to == str(other / "a.qcow2")
            lab.destroy("web")
            disk = only(backend.status(key).config.disks)
            assert (disk.path, disk.moved_to) == (str(other / "a.qcow2"), None)


def test_a_qemu_that_does_not_answer_is_not_waited_for(lab: Lab, backend: LibvirtBackend) -> None:
    with pool(lab, "p", lab.directory / "p") as folder:
        volume(lab, "p", "a.qcow2")
        key = define(lab, "web", ("p", "a.qcow2"))
        lab.start("web")
        with lab.frozen("web"):
            disk = only(backend.config(key).disks)
            assert (disk.path, bool(disk.unknown)) == (None, True)
            status = backend.status(key)
            assert (status.hung, only(status.config.disks).path) == (True, None)
        path = str(folder / "a.qcow2")
        until(lambda: not backend.status(key).hung)
        assert only(backend.status(key).config.disks).path == path
        with lab.frozen("web"):
            assert only(backend.config(key).disks).path == path, "the same QEMU, the same file"


def test_a_volume_of_another_host_is_read_through_its_pool_and_never_opened_here(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = LibvirtBackend(lab.uri)
    backend.local = False

    def never(path: str) -> None:
        raise AssertionError(f"{path} was opened")

    with pools.pool(lab, "p", lab.directory / "p") as folder:
        volume(lab, "p", "a.qcow2")
        key = define(lab, "web", ("p", "a.qcow2"))
        lab.snapshot("web", "s1")
        write(folder / "a.qcow2", 0x22)
        here = image_counter.count_image(str(folder / "a.qcow2"), lambda _done, _all: None)
        monkeypatch.setattr(image_file, "opened", never)
        backend.connect()
        try:
            path = only(backend.config(key).disks).path
            assert path == str(folder / "a.qcow2")
            assert [entry.name for entry in backend.image(path).snapshots] == ["s1"]
            counted = backend.count_image(path, lambda _done, _all: None)
            assert counted.usage == here.usage
            assert backend.pool_space(path).mount == str(folder)
        finally:
            backend.abandon()


def test_what_is_no_file_of_the_host_says_so(lab: Lab, backend: LibvirtBackend) -> None:
    key = lab.define_disks(
        "web",
        "<disk type='network' device='disk'><driver name='qemu' type='raw'/>"
        "<source protocol='rbd' name='pool/image'><host name='ceph' port='1'/></source>"
        "<target dev='vda' bus='virtio'/></disk>"
        "<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
        "<source file='/img/large.raw'><slices><slice type='storage' offset='1048576' "
        "size='8388608'/></slices></source><target dev='vdb' bus='virtio'/></disk>"
        "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>",
    )
    network, part, empty = backend.config(key).disks
    assert (network.path, part.path, empty.path) == (None, None, None)
    assert "rbd" in network.unknown
    assert "/img/large.raw" in part.unknown
    assert empty.unknown == ""
