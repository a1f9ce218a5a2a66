"""How full the places of a host's images are, on a real daemon."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptui.backend.virt import places
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import HostError, NotFound
from snaptui.common.worker import Worker
from snaptui.model.domain import DomainConfig, DomainKey
from snaptui.model.image import FileSystem
from snaptui.monitor import free_space
from snaptui.monitor.free_space import Filling, Fullest
from tests import pools
from tests.lab import MIB, Lab, fill, loop_device, qemu_img, small_disk


@pytest.fixture
def backend(lab: Lab) -> Iterator[LibvirtBackend]:
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    try:
        yield backend
    finally:
        backend.abandon()


async def look(backend: LibvirtBackend) -> Fullest:
    changed = asyncio.Event()
    domains = {domain.key: domain for domain in backend.domains()}
    filling = Filling(backend, Worker(), lambda: domains, on_change=changed.set)
    running = asyncio.create_task(filling.run())
    try:
        async with asyncio.timeout(15):
            await changed.wait()
    finally:
        running.cancel()
    return filling.fullest


def at(fullest: Fullest) -> str:
    assert isinstance(fullest.space, FileSystem)
    return fullest.space.name


async def test_what_is_not_known_is_not_taken_for_empty(
    lab: Lab, backend: LibvirtBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "KEPT", 0.0)
    lab.define("web")
    found = await look(backend)
    assert (found.missing, found.places) == (0, 1)
    broken = lab.define("db")
    with pools.pool(lab, "p", lab.directory / "p"):
        pools.volume(lab, "p", "a.qcow2")
        pools.define(lab, "of", ("p", "a.qcow2"))
        assert (await look(backend)).missing == 0
        lab.virsh("pool-destroy", "p")
        found = await look(backend)
        assert (found.missing, found.places) == (1, 2)
    real = LibvirtBackend.config

    def failing(self: LibvirtBackend, key: DomainKey) -> DomainConfig:
        if key == broken:
            raise HostError("no monitor")
        return real(self, key)

    monkeypatch.setattr(LibvirtBackend, "config", failing)
    assert (await look(backend)).missing == 2


async def test_one_failed_look_does_not_make_it_blind_and_a_moved_disk_is_followed(
    lab: Lab, backend: LibvirtBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = lab.define("web")
    listed = {domain.key: domain for domain in backend.domains()}
    filling = Filling(backend, Worker(), lambda: listed, on_change=lambda: None)

    def nothing(_: LibvirtBackend, __: DomainKey) -> DomainConfig:
        raise NotFound("no pool")

    with monkeypatch.context() as patched:
        patched.setattr(LibvirtBackend, "config", nothing)
        await filling.look()
        assert filling.places[key] == {None}
    await filling.look()
    assert filling.places[key] == {str(lab.images)}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    lab.image("web").rename(elsewhere / "web.qcow2")
    xml = lab.xml("web").replace(str(lab.image("web")), f"{elsewhere}/web.qcow2")
    (elsewhere / "web.xml").write_text(xml)
    lab.virsh("define", str(elsewhere / "web.xml"))
    filling.changed(key)
    await filling.look()
    assert filling.places[key] == {str(elsewhere)}


async def test_of_many_domains_some_are_read_again_in_each_look(
    backend: LibvirtBackend, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [lab.define(f"web{number}") for number in range(5)]
    listed = {domain.key: domain for domain in backend.domains()}
    filling = Filling(backend, Worker(), lambda: listed, on_change=lambda: None)
    asked: list[DomainKey] = []
    config = LibvirtBackend.config

    def noted(backend: LibvirtBackend, key: DomainKey) -> DomainConfig:
        asked.append(key)
        return config(backend, key)

    monkeypatch.setattr(LibvirtBackend, "config", noted)
    monkeypatch.setattr(free_space, "KEPT", 0.0)
    monkeypatch.setattr(free_space, "AGAIN", 2)
    looks = []
    for _ in range(6):
        asked.clear()
        await filling.look()
        looks.append(tuple(asked))
    assert set(looks[0]) == set(keys), "new ones at once"
    assert [len(one) for one in looks[1:]] == [2] * 5
    assert sorted(key for one in looks[1:] for key in one) == sorted(keys * 2), "each in its turn"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has loop devices")
async def test_a_device_counts_by_itself_and_not_as_what_holds_its_node(
    lab: Lab, backend: LibvirtBackend, tmp_path: Path
) -> None:
    with loop_device(tmp_path / "device", 16 * MIB) as device:
        qemu_img("create", "-q", "-f", "qcow2", device, "64M")
        disk = "<disk type='block' device='disk'><driver name='qemu' type='{}'/><source dev='{}'/>"
        disk += "<target dev='vda' bus='virtio'/></disk>"
        lab.define_disks("web", disk.format("qcow2", device))
        found = await look(backend)
        assert at(found) == device
        assert found.space is not None
        assert found.space.size == 16 * MIB
        os.pwrite(fd := os.open(device, os.O_WRONLY), bytes(512), 0)
        os.close(fd)
        assert await look_or_nothing(backend) == Fullest(), "a raw one is neither full nor empty"


async def look_or_nothing(backend: LibvirtBackend) -> Fullest:
    """Nothing is told where nothing changes."""
    domains = {domain.key: domain for domain in backend.domains()}
    return await Filling(backend, Worker(), lambda: domains, on_change=lambda: None).look()


async def test_the_fullest_of_several_is_told(
    lab: Lab, backend: LibvirtBackend, tmp_path: Path
) -> None:
    lab.define("web")
    place = tmp_path / "small"
    with small_disk(place, 32 * MIB):
        path = place / "a.qcow2"
        qemu_img("create", "-q", "-f", "qcow2", str(path), "8M")
        lab.define_disks(
            "db",
            "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
            f"<source file='{path}'/><target dev='vda' bus='virtio'/></disk>",
        )
        fill(place, MIB)
        assert at(await look(backend)) == str(place)
