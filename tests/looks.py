"""Looks at files of snapshots in tests: opened, used, and seen to leave nothing."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker
from snaptui.guest_files.appliances import Appliances
from snaptui.guest_files.keeper import PREFIX
from snaptui.guest_files.opened import GuestFiles
from snaptui.guest_files.reading import domain_source
from tests.lab import Lab

T = TypeVar("T")
Look = Callable[[GuestFiles, Worker], Awaitable[None]]
PROGRAM = """\
import asyncio, sys
from functools import partial
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker
from snaptui.guest_files.appliances import Appliances
from snaptui.guest_files.errors import GuestFilesError
from snaptui.guest_files.reading import domain_source

async def run():
    backend = LibvirtBackend(sys.argv[1])
    host = backend.connect()
    (domain,) = backend.domains()
    read = partial(domain_source, backend, host, domain, None)
    appliances = Appliances()
    try:
        files = await appliances.open(backend, Worker(), read)
        print("opened", flush=True)
        (volume,) = await files.volumes()
        await files.mount(volume)
        print("reading", flush=True)
        while await files.read("/big", 0, 1 << 20):
            pass
    except GuestFilesError as error:
        print(error.message, flush=True)
    finally:
        await appliances.end()

asyncio.run(run())
"""
"""Opens the only domain of a host, and reads a file again and again; says so, or why it ends."""
DISK = """\
<disk type='file' device='disk'>
  <driver name='qemu' type='{format}'/><source file='{path}'/><target dev='{target}' bus='virtio'/>
</disk>
"""


def defined(lab: Lab, name: str, **images: Path) -> None:
    """A domain with these images, by target."""
    disks = (DISK.format(format="qcow2", path=path, target=at) for at, path in images.items())
    lab.define_disks(name, "".join(disks))


def looking(
    lab: Lab,
    domain: str,
    snapshot: str | None,
    look: Look,
    uri: str = "",
) -> None:
    """Open a domain's files and do something with them; all of it has ended afterwards.

    Args:
        uri: by which the lab is reached; its own without one.
    """
    backend = LibvirtBackend(uri or lab.uri)
    host = backend.connect()
    (of,) = (one for one in backend.domains() if one.name == domain)

    async def run() -> None:
        worker, appliances = Worker(), Appliances()
        read = partial(domain_source, backend, host, of, snapshot)
        try:
            files = await appliances.open(backend, worker, read)
            await files.volumes()
            folder = folder_of(*keepers(os.getpid()))
            await look(files, worker)
        finally:
            await appliances.end()
        assert_gone(folder)

    asyncio.run(run())


class Process(NamedTuple):
    """One that exists."""

    pid: int
    parent: int
    user: int
    command: str


def processes() -> list[Process]:
    found: list[Process] = []
    for one in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            words = (one / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            parent = int((one / "stat").read_text().rpartition(")")[2].split()[1])
            found.append(Process(int(one.name), parent, one.stat().st_uid, words))
    return found


def keepers(parent: int) -> list[Process]:
    """Those that a process has started."""
    return [
        one
        for one in processes()
        if one.parent == parent and "snaptui.guest_files.keeper" in one.command
    ]


def folder_of(keeper: Process) -> Path:
    """Where its processes have their sockets; it must have said so."""
    for one in processes():
        if one.parent == keeper.pid and (found := re.search(rf"/[^\s:]*/{PREFIX}\w+", one.command)):
            return Path(found[0])
    raise AssertionError("no process of the keeper names its folder")


def assert_gone(folder: Path) -> None:
    """Nothing of a look runs, and nothing of it is on the disk."""
    assert not [one.command for one in processes() if folder.name in one.command]
    assert not folder.exists()


def folder_or_none(keeper: Process) -> Path | None:
    with suppress(AssertionError):
        return folder_of(keeper)
    return None


def until(found: Callable[[], T | None]) -> T:
    """Wait for something that is true in the end."""
    end = time.monotonic() + 120
    while True:
        if now := found():
            return now
        assert time.monotonic() < end
        time.sleep(0.02)
