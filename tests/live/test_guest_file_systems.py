"""Every file system and volume that guests commonly have, read out of a snapshot byte for byte."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker
from snaptui.guest_files.appliances import Appliances
from snaptui.guest_files.errors import GuestFilesError
from snaptui.guest_files.opened import GuestFiles
from snaptui.guest_files.reading import domain_source
from tests.guest_disks import PASSPHRASE, fill_with_file_systems, needs_libguestfs
from tests.lab import Lab

pytestmark = [needs_libguestfs, pytest.mark.long]

MANY = 100_000
DISK = """\
<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'/><source file='{path}'/><target dev='vda' bus='virtio'/>
</disk>
"""


def test_each_file_system(lab: Lab) -> None:
    """LVM and LUKS too; a wrong passphrase opens nothing; a folder of 100,000 files is listed."""
    image = lab.image("all")
    try:
        written = fill_with_file_systems(image, MANY)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    lab.define_disks("all", DISK.format(path=image))
    lab.snapshot("all", "then")
    backend = LibvirtBackend(lab.uri)
    host = backend.connect()
    (domain,) = backend.domains()

    async def run() -> None:
        worker, appliances = Worker(), Appliances()
        try:
            read = partial(domain_source, backend, host, domain, "then")
            await look(await appliances.open(backend, worker, read))
        finally:
            await appliances.end()

    async def look(files: GuestFiles) -> None:
        (system,) = await files.systems()
        assert (system.product, system.hostname) == ("debian 12.1", "box")
        assert dict(system.mounts) == {"/": "/dev/vg/root", "/srv": "/dev/sda2"}
        assert await files.mount(system) == ()
        assert await files.read("/etc/hostname", 0, 99) == b"box\n"
        assert await files.read("/srv/content", 0, 99) == written["xfs"]
        volumes = {one.device: one for one in await files.volumes()}
        for device, kind in (
            ("/dev/sda1", "ext4"),
            ("/dev/sda2", "xfs"),
            ("/dev/sda3", "btrfs"),
            ("/dev/sda4", "ntfs"),
            ("/dev/sda5", "vfat"),
        ):
            assert volumes[device].type == kind
            await files.mount(volumes[device])
            assert await files.read("/content", 0, 99) == written[kind]
        await many(files)
        locked = volumes["/dev/sda7"]
        assert locked.locked
        with pytest.raises(GuestFilesError):
            await files.unlock(locked, "wrong")
        opened = {one.device: one for one in (await files.unlock(locked, PASSPHRASE)).volumes}
        (new,) = opened.keys() - volumes.keys()
        await files.mount(opened[new])
        assert await files.read("/content", 0, 99) == written["luks"]

    async def many(files: GuestFiles) -> None:
        (ext4,) = (one for one in await files.volumes() if one.device == "/dev/sda1")
        await files.mount(ext4)
        listed = await files.list("/many")
        assert [one.name for one in listed] == sorted(f"{at}" for at in range(MANY))
        assert len(await files.tree("/")) == MANY + 3  # the folder, lost+found and the content

    asyncio.run(run())
