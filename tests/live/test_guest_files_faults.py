"""What goes wrong while files of a snapshot are looked at: it is said, and nothing is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from snaptui.common.worker import Worker
from snaptui.guest_files.errors import GuestFilesError, LookEnded
from snaptui.guest_files.opened import GuestFiles, Stage
from tests.guest_disks import ext4_disk, into_qcow2, needs_libguestfs
from tests.lab import MIB, Lab
from tests.looks import PROGRAM, defined, folder_of, keepers, looking, processes, until

pytestmark = [needs_libguestfs, pytest.mark.long]

FULL = """\
mount -t tmpfs -o size=1M none {place} && head -c 2M /dev/zero > {place}/filler 2>&-
ls -A {place}; "$@"; ls -A {place}
"""
"""For a shell in a mount namespace of its own."""


def test_a_file_system_that_is_damaged(lab: Lab, tmp_path: Path) -> None:
    """One that cannot be read is refused by its name; the one beside it is read as ever."""
    bad, good = lab.image("web"), lab.image("web", "vdb")
    (tmp_path / "scratch").mkdir()
    disk = ext4_disk(tmp_path / "scratch", {"a": b"1"})
    into_qcow2(disk, good)
    with open(disk, "r+b") as raw:
        raw.seek(MIB + 2048)  # the group descriptors, behind the superblock
        raw.write(bytes(64 * 1024))
    into_qcow2(disk, bad)
    defined(lab, "web", vda=bad, vdb=good)

    async def look(files: GuestFiles, _worker: Worker) -> None:
        volumes = {one.disk: one for one in await files.volumes()}
        assert set(volumes) == {"vda", "vdb"}
        with pytest.raises(GuestFilesError, match="needs cleaning"):
            await files.mount(volumes["vda"])
        await files.mount(volumes["vdb"])
        assert await files.read("/a", 0, 9) == b"1"

    looking(lab, "web", None, look)


def test_a_revert_meanwhile_changes_nothing_of_a_snapshot(lab: Lab, tmp_path: Path) -> None:
    """The guest goes back to what is looked at, and on from there; the bytes stay those of then."""
    image = lab.image("web")
    (tmp_path / "scratch").mkdir()
    big = bytes(range(1, 251)) * 8 * 1024
    into_qcow2(ext4_disk(tmp_path / "scratch", {"big": big}), image)
    defined(lab, "web", vda=image)
    lab.snapshot("web", "before")

    async def look(files: GuestFiles, _worker: Worker) -> None:
        (volume,) = await files.volumes()
        await files.mount(volume)
        assert await files.read("/big", 0, 9) == big[:9]
        lab.virsh("snapshot-revert", "web", "before")
        into_qcow2(ext4_disk(tmp_path / "scratch", {"big": bytes(len(big))}), image)
        at = MIB  # not in what was read before
        assert await files.read("/big", at, MIB) == big[at : at + MIB]
        assert files.stage is Stage.READY

    looking(lab, "web", "before", look)


def test_a_merge_meanwhile_ends_the_look(lab: Lab, tmp_path: Path) -> None:
    """It is in no merge's way, and reads nothing of images that are not what they were."""
    image = lab.image("web")
    (tmp_path / "scratch").mkdir()
    into_qcow2(ext4_disk(tmp_path / "scratch", {"a": b"1"}), image)
    defined(lab, "web", vda=image)
    lab.snapshot("web", "ext", "--disk-only")
    overlay = image.with_suffix(".ext")
    into_qcow2(ext4_disk(tmp_path / "scratch", {"a": b"2"}), overlay)
    lab.start("web")

    async def look(files: GuestFiles, _worker: Worker) -> None:
        (volume,) = await files.volumes()
        await files.mount(volume)
        assert await files.read("/a", 0, 9) == b"1"
        lab.virsh("blockcommit", "web", "vda", "--active", "--pivot", "--wait")
        with pytest.raises(LookEnded, match="was written to"):
            await files.read("/a", 0, 9)
        assert files.stage is Stage.ENDED

    looking(lab, "web", "ext", look)


def test_an_image_that_is_gone_ends_the_look(lab: Lab, tmp_path: Path) -> None:
    image = lab.image("web")
    into_qcow2(ext4_disk(tmp_path, {"a": b"1"}), image)
    defined(lab, "web", vda=image)

    async def look(files: GuestFiles, _worker: Worker) -> None:
        image.unlink()
        with pytest.raises(LookEnded, match="No such file"):
            await files.systems()
        assert files.stage is Stage.ENDED

    looking(lab, "web", None, look)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a file system that is full")
@pytest.mark.parametrize("place", ["/run", "/var/tmp"])
def test_no_room(lab: Lab, tmp_path: Path, place: str) -> None:
    """For the sockets, or for the appliance: the sentence has the reason, and nothing is left."""
    image = lab.image("web")
    into_qcow2(ext4_disk(tmp_path, {"a": b"1"}), image)
    defined(lab, "web", vda=image)
    script = FULL.format(place=place)
    command = ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable, "-c", PROGRAM]
    done = subprocess.run([*command, lab.uri], capture_output=True, text=True, check=True)
    before, opened, said, *after = done.stdout.splitlines()
    assert opened == "opened"
    assert f"no space left in {place}" in said
    assert before == "filler"
    assert {*after} - {".guestfs-0"} == {"filler"}  # libguestfs has the lock of its cache there


@pytest.mark.parametrize("signals", [1, 2])
def test_a_program_that_is_killed_while_it_reads(lab: Lab, tmp_path: Path, signals: int) -> None:
    """With its keeper or without it: nothing runs any more."""
    image = lab.image("web")
    into_qcow2(ext4_disk(tmp_path, {"big": bytes(MIB)}), image)
    defined(lab, "web", vda=image)
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, lab.uri], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        assert [program.stdout.readline() for _ in range(2)] == [b"opened\n", b"reading\n"]
        (keeper,) = keepers(program.pid)
        folder = folder_of(keeper)
        for pid in (program.pid, keeper.pid)[:signals]:
            os.kill(pid, signal.SIGKILL)
        program.wait()
    until(partial(_gone, folder.name))
    assert signals == 2 or until(lambda: not folder.exists())


def _gone(folder: str) -> bool:
    return not [one for one in processes() if folder in one.command]
