"""Files inside snapshots, read by libguestfs' own appliance of file systems that were made here."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker
from snaptui.guest_files.appliances import Appliances
from snaptui.guest_files.copy_out import copy_out
from snaptui.guest_files.errors import GuestFilesError, LookEnded
from snaptui.guest_files.keeper import sweep
from snaptui.guest_files.nobodys_user import USERS
from snaptui.guest_files.opened import GuestFiles, Stage
from snaptui.guest_files.reading import image_source
from snaptui.model.guest_file import FileType
from snaptui.model.image import ImageKey, PlacedEntry
from tests.guest_disks import ext4_disk, into_qcow2, needs_libguestfs
from tests.lab import Lab, qemu_img
from tests.looks import (
    PROGRAM,
    defined,
    folder_of,
    folder_or_none,
    keepers,
    looking,
    processes,
    until,
)

pytestmark = needs_libguestfs

LATIN = os.fsdecode(b"caf\xe9")
OLD = {
    "etc/nginx.conf": b"worker_processes 1;\n",
    "etc/shadow": b"root:*:1::::::\n",
    f"home/{LATIN}": b"not UTF-8\n",
    "home/-rf": b"minus\n",
    "home/\x1b[31mred\n": b"escape\n",
    "home/out": "/etc/shadow",
    "home/far": "../../../../../../etc/shadow",
    "home/empty": None,
    "var/log/big": bytes(range(256)) * 16 * 1024 + bytes(1 << 20) + b"end",
}


def test_files_of_an_internal_snapshot(lab: Lab, tmp_path: Path) -> None:
    """They are what was written then; the guest starts meanwhile, and a deletion ends the look."""
    image = lab.image("web")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    into_qcow2(ext4_disk(scratch, OLD), image)
    defined(lab, "web", vda=image)
    lab.snapshot("web", "before")
    into_qcow2(ext4_disk(scratch, {"etc/nginx.conf": b"worker_processes auto;\n"}), image)
    image.chmod(0o600)

    async def look(files: GuestFiles, worker: Worker) -> None:
        (volume,) = await files.volumes()
        assert (volume.disk, volume.type, volume.label) == ("vda", "ext4", "rootfs")
        await files.mount(volume)
        home = {one.name: one for one in await files.list("/home")}
        assert set(home) == {LATIN, "-rf", "\x1b[31mred\n", "out", "far", "empty"}
        assert home["out"].target == "/etc/shadow"
        assert home["empty"].type is FileType.DIRECTORY
        assert await files.read("/etc/nginx.conf", 0, 100) == OLD["etc/nginx.conf"]
        assert await files.read(f"/home/{LATIN}", 0, 100) == b"not UTF-8\n"
        for link in ("out", "far"):  # they lead to the guest's file, not to this machine's
            assert await files.read(f"/home/{link}", 0, 100) == OLD["etc/shadow"]
        big = OLD["var/log/big"]
        assert isinstance(big, bytes)
        assert await files.sha256("/var/log/big") == hashlib.sha256(big).hexdigest()
        with pytest.raises(GuestFilesError):
            await files.read("/home", 0, 1)
        with pytest.raises(GuestFilesError):
            await files.list("/nowhere")
        lab.start("web")
        await copied(files, worker, tmp_path)
        assert_unprivileged(folder_of(*keepers(os.getpid())))
        lab.virsh("snapshot-delete", "web", "before")
        with pytest.raises(LookEnded, match="before is no longer in"):
            await files.read("/etc/nginx.conf", 0, 100)
        assert files.stage is Stage.ENDED

    looking(lab, "web", "before", look)


async def copied(files: GuestFiles, worker: Worker, tmp_path: Path) -> None:
    """A directory is copied as it is, apart from names and links; nothing is written over."""
    assert set(await files.tree("/etc")) == {"nginx.conf", "shadow"}
    into = tmp_path / "into"
    into.mkdir()
    said: list[tuple[int, int]] = []
    done = await copy_out(files, worker, "/", str(into), lambda *how: said.append(how))
    made = {str(path.relative_to(into)): path for path in into.rglob("*")}
    wanted = {name: data for name, data in OLD.items() if isinstance(data, bytes)}
    names = {f"home/{LATIN}": "home/caf_", "home/-rf": "home/_rf"}
    names["home/\x1b[31mred\n"] = "home/_[31mred_"
    for name, data in wanted.items():
        path = made[f"root/{names.get(name, name)}"]
        assert path.read_bytes() == data
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(done.left_out) == {"/home/out", "/home/far"}
    assert not [path for path in made.values() if path.is_symlink()]
    total = sum(map(len, wanted.values()))
    assert (done.files, done.size) == (len(wanted), total)
    assert said[-1] == (total, total)
    with pytest.raises(GuestFilesError, match="root exists already"):
        await copy_out(files, worker, "/", str(into), lambda *_: None)
    trap = into / "nginx.conf"
    trap.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GuestFilesError, match=r"nginx\.conf exists already"):
        await copy_out(files, worker, "/etc/nginx.conf", str(into), lambda *_: None)
    assert not (tmp_path / "elsewhere").exists()


def assert_unprivileged(folder: Path) -> None:
    """What makes sense of the image and of the file systems in it is nobody's process."""
    confined = [one for one in processes() if folder.name in one.command]
    users = {one.user for one in confined if "storage-daemon" not in one.command}
    assert len(confined) >= 4  # two servers, the reader and its QEMU
    assert len(users) == 1
    if os.geteuid() == 0:
        assert users < set(USERS)


def test_now_on_a_chain_with_two_disks(lab: Lab, tmp_path: Path) -> None:
    """An external snapshot is the images beneath, now is all of them; a merge ends the look."""
    system, data = lab.image("db"), lab.image("db", "vdb")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    into_qcow2(ext4_disk(scratch, {"then": b"1"}), system)
    into_qcow2(ext4_disk(scratch, {"data": b"2"}), data)
    defined(lab, "db", vda=system, vdb=data)
    lab.snapshot("db", "ext", "--disk-only")
    overlays = [Path(str(one).removesuffix("qcow2") + "ext") for one in (system, data)]
    into_qcow2(ext4_disk(scratch, {"now": b"3"}), overlays[0])

    async def then(files: GuestFiles, _worker: Worker) -> None:
        volumes = {one.disk: one for one in await files.volumes()}
        assert set(volumes) == {"vda", "vdb"}
        for disk, name, content in (("vda", "then", b"1"), ("vdb", "data", b"2")):
            await files.mount(volumes[disk])
            assert await files.read(f"/{name}", 0, 9) == content
        os.utime(system)  # as a merge into it does, and whatever else writes to it
        with pytest.raises(LookEnded, match="was written to"):
            await files.list("/")

    looking(lab, "db", "ext", then)

    async def now(files: GuestFiles, _worker: Worker) -> None:
        volumes = {one.disk: one for one in await files.volumes()}
        await files.mount(volumes["vda"])
        assert await files.read("/now", 0, 9) == b"3"

    looking(lab, "db", None, now)


@pytest.mark.long
def test_an_image_that_no_domain_uses(lab: Lab, tmp_path: Path) -> None:
    """A snapshot that qemu-img made is read; an image that names another one is not opened."""
    image, upon = lab.images / "lone.qcow2", lab.images / "upon.qcow2"
    into_qcow2(ext4_disk(tmp_path, {"a": b"kept"}), image)
    qemu_img("snapshot", "-c", "by hand", str(image))
    into_qcow2(ext4_disk(tmp_path, {"b": b"new"}), image)
    qemu_img("create", "-q", "-f", "qcow2", "-F", "raw", "-b", "/etc/hostname", str(upon))
    backend = LibvirtBackend(lab.uri)
    host = backend.connect()
    placed = PlacedEntry(0, backend.image(str(image)).snapshots[0])

    async def run() -> None:
        worker, appliances = Worker(), Appliances()
        key = ImageKey(lab.uri, str(image))
        with pytest.raises(GuestFilesError, match="names an image beneath it"):
            image_source(backend, host, ImageKey(lab.uri, str(upon)), None)
        try:
            read = partial(image_source, backend, host, key, placed)
            files = await appliances.open(backend, worker, read)
            assert await appliances.open(backend, worker, read) is files
            (volume,) = await files.volumes()
            await files.mount(volume)
            assert await files.read("/a", 0, 9) == b"kept"
        finally:
            await appliances.end()

    asyncio.run(run())


@pytest.mark.parametrize(
    "killed",
    [
        pytest.param("the program", marks=pytest.mark.long),
        pytest.param("the keeper", marks=pytest.mark.long),
        "both",
    ],
)
def test_nothing_is_left_of_a_look_that_is_killed(lab: Lab, tmp_path: Path, killed: str) -> None:
    """Whoever is killed, and that before anything is ready: the rest goes, and its directory."""
    image = lab.image("web")
    into_qcow2(ext4_disk(tmp_path, {"a": b"1"}), image)
    defined(lab, "web", vda=image)
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, lab.uri], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        (keeper,) = until(lambda: keepers(program.pid))
        folder = until(partial(folder_or_none, keeper))
        if killed != "the program":
            os.kill(keeper.pid, signal.SIGKILL)
        if killed != "the keeper":
            program.kill()
        program.wait()
    until(lambda: not [one for one in processes() if folder.name in one.command])
    if killed == "both":  # whoever looks next clears up
        sweep(str(folder.parent))
    until(lambda: not folder.exists())
