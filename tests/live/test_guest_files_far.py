"""Files of another host's snapshots, over one ssh: a real sshd, and a pool that has the images."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptui.common.worker import Worker
from snaptui.guest_files.errors import GuestFilesError, LookEnded
from snaptui.guest_files.file_servers import THERE
from snaptui.guest_files.opened import GuestFiles
from tests.guest_disks import ext4_disk, into_qcow2, needs_libguestfs
from tests.lab import qemu_img
from tests.looks import defined, looking, processes, until
from tests.pools import pool
from tests.transports import Transports, transports

pytestmark = needs_libguestfs


@pytest.fixture
def ways() -> Iterator[Transports]:
    with transports() as found:
        yield found


def there() -> list[str]:
    """What runs of a look, or lies about, on the other host, which is this machine too."""
    running = [
        one.command for one in processes() if THERE in one.command and "ssh " not in one.command
    ]
    return running + [str(path) for path in Path("/tmp").glob(f"{THERE.rpartition('/')[2]}*")]


def test_over_ssh(ways: Transports, tmp_path: Path) -> None:
    """As on the host itself; and nothing is left there when the connection is cut."""
    lab = ways.lab
    with pool(lab, "far", lab.directory / "far") as folder:
        image, overlay = folder / "web.qcow2", folder / "web.over"
        into_qcow2(ext4_disk(tmp_path, {"a": b"then"}), image)
        defined(lab, "web", vda=image)
        lab.snapshot("web", "inside")
        into_qcow2(ext4_disk(tmp_path, {"a": b"later"}), image)
        spec = f"vda,snapshot=external,file={overlay}"
        lab.snapshot("web", "outside", "--disk-only", "--diskspec", spec)
        lab.virsh("pool-refresh", "far")

        async def inside(files: GuestFiles, _worker: Worker) -> None:
            (volume,) = await files.volumes()
            await files.mount(volume)
            assert await files.read("/a", 0, 9) == b"then"
            qemu_img("snapshot", "-d", "inside", str(image))
            with pytest.raises(LookEnded, match="inside is no longer in"):
                await files.read("/a", 0, 9)

        looking(lab, "web", "inside", inside, ways.uris["ssh"])
        until(lambda: not there())
        assert ways.sessions > 0
        before = ways.logins

        async def outside(files: GuestFiles, _worker: Worker) -> None:
            (volume,) = await files.volumes()
            await files.mount(volume)
            assert await files.read("/a", 0, 9) == b"later"
            assert ways.logins == before + 2  # libvirt's, and that of the files
            servers = {one.pid for one in processes() if one.command.startswith("sshd")}
            (shell,) = (
                one for one in processes() if THERE in one.command and one.parent in servers
            )
            for pid in (shell.pid, shell.parent):
                os.kill(pid, signal.SIGKILL)
            with pytest.raises(LookEnded):
                await files.read("/a", 0, 9)

        looking(lab, "web", "outside", outside, ways.uris["ssh"])
        until(lambda: not there())


def test_over_tls_it_is_said_what_to_do(ways: Transports, tmp_path: Path) -> None:
    lab = ways.lab
    with pool(lab, "far", lab.directory / "far") as folder:
        image = folder / "web.qcow2"
        into_qcow2(ext4_disk(tmp_path, {"a": b"1"}), image)
        defined(lab, "web", vda=image)

        async def never(_files: GuestFiles, _worker: Worker) -> None:
            raise AssertionError("opened")

        with pytest.raises(GuestFilesError, match="only be read over ssh") as refused:
            looking(lab, "web", None, never, ways.uris["tls"])
        assert "qemu+ssh" in refused.value.hint
