"""Another host: its images are read as volumes of its pools, and never as files of this one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from snaptui import text
from snaptui.backend.libvirt_backend import LibvirtBackend
from snaptui.errors import ImageError
from tests.lab import Lab, qemu_img, write
from tests.ssh import behind_ssh
from tests.terminal import Terminal, at_snapshots, confirm
from tests.unit.images import Plain


@pytest.fixture
def far(lab: Lab, tmp_path: Path) -> str:
    """The lab as a host behind ssh."""
    return behind_ssh(lab, tmp_path)


@pytest.fixture
def pool(lab: Lab) -> object:
    """The lab's images as a pool."""
    path = lab.directory / "pool.xml"
    path.write_text(
        f"<pool type='dir'><name>images</name><target><path>{lab.images}</path></target></pool>"
    )
    lab.virsh("pool-create", str(path))
    yield lambda: lab.virsh("pool-refresh", "images")
    lab.virsh("pool-destroy", "images")


def test_the_table_is_read_at_once_and_the_count_when_asked_for(
    lab: Lab, far: str, pool: object
) -> None:
    lab.define("web", running=True)
    lab.snapshot("web", "ram")
    lab.virsh("destroy", "web")
    write(lab.image("web"), 0x22)
    qemu_img("snapshot", "-c", "by hand", str(lab.image("web")))
    assert callable(pool)
    pool()
    plain = Plain(lab.image("web"))
    with Terminal(["-c", far, "web"]) as terminal:
        at_snapshots(terminal, "ram", "□ by hand")
        terminal.wait("VM state", "iB", "? (vda: far away: counted when asked for (refresh))")
        terminal.press("\x1b[15~")
        terminal.wait(f"({text.short_size(plain.growth(0))})", "when deleted; counted")
        terminal.wait(f"+{text.short_size(plain.active)}")
        assert plain.entries[1].name == "by hand"


def test_images_that_nobody_uses_are_shown_but_not_changed(
    lab: Lab, far: str, pool: object
) -> None:
    lab.define("web")
    qemu_img("create", "-q", "-f", "qcow2", str(lab.images / "free.qcow2"), "8M")
    qemu_img("snapshot", "-c", "one", str(lab.images / "free.qcow2"))
    assert callable(pool)
    pool()
    with Terminal(["-c", far]) as terminal:
        terminal.wait("▌ web", "Images", "free.qcow2")
        terminal.press("G", "enter", "g")
        terminal.wait("○ one", "? (far away: counted when asked for (refresh))")
        for key in ("c", "r", "d", "x"):
            terminal.press(key)
            terminal.wait(
                "free.qcow2", "is on another host, where qemu-img cannot be run from here"
            )
            terminal.press("esc")
            terminal.wait("connected", gone="Refused")


def test_a_file_here_is_not_an_image_there(lab: Lab, far: str, tmp_path: Path) -> None:
    (tmp_path / "a.qcow2").touch()
    with Terminal(["-c", far, str(tmp_path / "a.qcow2")]) as terminal:
        assert terminal.exit_code() == 2
        assert "is a file of this machine, and" in " ".join(terminal.text.split())


def test_an_image_in_no_pool_is_not_known_and_not_looked_for_here(lab: Lab, far: str) -> None:
    lab.define("web")
    lab.snapshot("web", "one")
    with Terminal(["-c", far, "web"]) as terminal:
        at_snapshots(terminal, "one")
        terminal.wait("It is in no active storage pool")
    backend = LibvirtBackend(far)
    backend.connect()
    with pytest.raises(ImageError, match="no active storage pool"):
        backend.count_image(str(lab.image("web")), lambda done, total: None)
    backend.abandon()


def test_what_a_count_says_is_the_same_from_afar(lab: Lab, far: str, pool: object) -> None:
    lab.define("web", disks=("vda", "vdb"))
    for name in ("one", "two", "three"):
        lab.snapshot("web", name)
        write(lab.image("web"), 0x30 + len(name))
    assert callable(pool)
    pool()
    near, away = LibvirtBackend(lab.uri), LibvirtBackend(far)
    for backend in (near, away):
        backend.connect()
    for target in ("vda", "vdb"):
        path = str(lab.image("web", target))
        here = near.count_image(path, lambda done, total: None)
        there = away.count_image(path, lambda done, total: None)
        assert (there.usage, there.entries) == (here.usage, here.entries)
        assert (there.file_size, there.disk_size) == (here.file_size, here.disk_size)
        assert away.image(path) == near.image(path)
    for backend in (near, away):
        backend.abandon()
    reports = [
        subprocess.run(
            [sys.executable, "-m", "snaptui", "report", "--json", "-c", uri, "web"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for uri in (lab.uri, far)
    ]
    assert reports[0].replace(lab.uri, "") == reports[1].replace(far, "")


def test_a_revert_knows_what_the_images_hold_there(lab: Lab, far: str, pool: object) -> None:
    lab.define("web")
    lab.snapshot("web", "good")
    qemu_img("snapshot", "-d", "good", str(lab.image("web")))
    assert callable(pool)
    pool()
    with Terminal(["-c", far, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("r")
        terminal.wait("vda holds no snapshot good any more", gone="Refused: nothing")
    lab.define("db")
    with Terminal(["-c", far, "db"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        confirm(terminal)
        terminal.wait("Create a snapshot of db: done")
