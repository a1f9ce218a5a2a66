"""Another host: its images are read as volumes of its pools, and never as files of this one."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.backend.virt.volumes import AT_ONCE, VolumeFile
from snaptui.common import text
from snaptui.common.errors import ImageError
from snaptui.discovery.image_counts import weigh
from tests.lab import MIB, Lab, qemu_img, write
from tests.live.test_file_systems import mark_row
from tests.ssh import behind_ssh
from tests.terminal import Terminal, at_snapshots, confirm
from tests.unit.images import Plain, qemu_io


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
    lab.destroy("web")
    write(lab.image("web"), 0x22)
    qemu_img("snapshot", "-c", "by hand", str(lab.image("web")))
    assert callable(pool)
    pool()
    plain = Plain(lab.image("web"))
    with Terminal(["-c", far, "web"]) as terminal:
        at_snapshots(terminal, "ram", "□ by hand")
        terminal.wait("VM state", "iB", "? (vda: far away: counted when asked for (refresh))")
        terminal.press("\x1b[15~")
        terminal.wait(f"({text.tiny_size(plain.growth(0))})", "when deleted; counted")
        terminal.wait(f"+{text.tiny_size(plain.active)}")
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
            terminal.wait("free.qcow2", "is on another host, where snaptui cannot run qemu-img")
            terminal.press("esc")
            terminal.wait("connected", gone="Refused")


def test_a_file_here_is_not_an_image_there(lab: Lab, far: str, tmp_path: Path) -> None:
    (tmp_path / "a.qcow2").touch()
    with Terminal(["-c", far, str(tmp_path / "a.qcow2")]) as terminal:
        assert terminal.exit_code() == 2
        assert "is a file on this machine, and" in " ".join(terminal.text.split())


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
        terminal.wait("vda no longer holds the snapshot good", gone="Ready, ")
    lab.define("db")
    with Terminal(["-c", far, "db"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        confirm(terminal)
        terminal.wait("Create a snapshot of db: done")


@pytest.mark.long
def test_the_pools_of_another_host_and_what_could_go_there(
    lab: Lab, far: str, pool: object
) -> None:
    """Counted when asked for; what is marked over all domains goes."""
    for name in ("web", "db"):
        lab.define(name)
        lab.snapshot(name, "old")
        write(lab.image(name), 0x22)
        lab.snapshot(name, "new")
    assert callable(pool)
    pool()
    plain = {name: Plain(lab.image(name)) for name in ("web", "db")}
    with Terminal(["-c", far], size=(120, 40)) as terminal:
        terminal.wait("connected")
        terminal.press("F")
        terminal.wait(f"{lab.images}  pool images", " ~", " ? ", gone="...")
        terminal.press("f5")
        terminal.wait("over the link: F5 again counts.", " ? ")
        terminal.press("f5")
        sizes = [text.short_size(one.frees({at})) for one in plain.values() for at in range(2)]
        terminal.wait(*sizes, gone="  ?   ")
        for name in plain:
            mark_row(terminal, name, "old")
            terminal.press(" ")
        together = sum(one.frees({0}) for one in plain.values())
        terminal.wait(f"2 marked: deleting them frees {text.size(together)} on {lab.images}.")
        terminal.press("d")
        terminal.wait("Delete 2 snapshots of 2 domains")
        confirm(terminal)
        terminal.wait("old of web: done", "old of db: done")
    assert lab.snapshots("web") == lab.snapshots("db") == ["new"]
    after = sum(Plain(lab.image(name)).allocated for name in plain)
    assert together == sum(one.allocated for one in plain.values()) - after


def test_what_a_count_reads_is_said_before_any_of_it_is_read(
    lab: Lab, own_lab: Lab, far: str, pool: object, tmp_path: Path
) -> None:
    """The bytes of both tables, as a count from near has them; another F5 counts."""
    for name, size in (("web", 64 * MIB), ("db", 8 * MIB)):
        lab.define(name, size=size)
        lab.snapshot(name, "old")
    assert callable(pool)
    pool()
    totals: list[int] = []
    near = LibvirtBackend(lab.uri)
    near.connect()
    for name in ("web", "db"):
        weighed = weigh(near, str(lab.image(name)))
        assert isinstance(weighed, int)
        totals.append(weighed)
    near.abandon()
    own_lab.define("there")
    (tmp_path / "other").mkdir()
    slow = behind_ssh(own_lab, tmp_path / "other")
    with Terminal(["-c", far, "-c", slow], size=(150, 40)) as terminal:
        terminal.wait("web", "db", "there")
        terminal.press("F")
        terminal.wait("  web  ", "  db  ", " ? ", gone=" ...")
        own_lab.daemon.pause()
        terminal.press("f5")
        terminal.wait("Counting 2 images on ", f"reads {text.size(sum(totals))} over the link")
        assert "F5 again counts" in terminal.text
        assert " ? " in terminal.text
        terminal.press("f5")
        terminal.wait(text.short_size(Plain(lab.image("web")).frees({0})), gone="again counts")
        own_lab.daemon.resume()


def with_much_to_count(lab: Lab, tmp_path: Path, pool: object) -> str:
    """Give ``big`` an image whose count takes its time over a slow link, and a pool; the link."""
    path = lab.image("big")
    path.unlink()
    qemu_img("create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", str(path), "32G")
    lab.snapshot("big", "one")
    assert callable(pool)
    pool()
    return behind_ssh(lab, tmp_path, rate=MIB // 2)


@pytest.mark.parametrize("key", ["F", "A"])
def test_a_count_from_afar_is_given_up_and_the_screen_stays(
    lab: Lab, tmp_path: Path, pool: object, key: str
) -> None:
    lab.define("big")
    slow = with_much_to_count(lab, tmp_path, pool)
    with Terminal(["-c", slow], size=(120, 40)) as terminal:
        terminal.wait("big")
        terminal.press(key)
        terminal.wait("one", " ? ", gone="...")
        terminal.press("f5")
        terminal.wait("Counting 1 image on ", "over the link")
        terminal.press("f5")
        terminal.wait("counting /", " %", "Esc stops")
        terminal.press("esc")
        terminal.wait("Counting was stopped", "one", " ? ", gone="counting /")
        terminal.press("esc")
        terminal.wait("connected", gone="Counting was stopped")


def test_layers_from_afar(lab: Lab, far: str, pool: object) -> None:
    """The chain at once, what a merge gives back when asked for; the same as from near."""
    lab.define("web", size=64 * MIB)
    qemu_io(lab.image("web"), "write 0 4M")
    lab.snapshot("web", "over", "--disk-only")
    top = lab.image("web").with_suffix(".over")
    qemu_io(top, "write 2M 6M", "write -z 0 64k")
    assert callable(pool)
    pool()
    near, away = LibvirtBackend(lab.uri), LibvirtBackend(far)
    for backend in (near, away):
        backend.connect()
    there = away.overlap(str(top), lambda done, total: None)
    assert there == near.overlap(str(top), lambda done, total: None)
    assert (there.both, there.only_upper) == (2 * MIB, 4 * MIB)
    for backend in (near, away):
        backend.abandon()
    with Terminal(["-c", far, "web"], size=(190, 50)) as terminal:
        at_snapshots(terminal, "over")
        terminal.wait(
            "? (vda: far away: counted when asked for (refresh))",
            f"Chain    vda, {lab.image('web').name}: qcow2, ",
        )
        terminal.press("\x1b[15~")
        terminal.wait("2.3 MiB when deleted by merging, needs 4.0 MiB first")


def test_a_few_parts_are_read_at_the_same_time(
    lab: Lab, far: str, pool: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.define("web")
    path = lab.image("web")
    path.unlink()
    qemu_img("create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", str(path), "4G")
    assert callable(pool)
    pool()
    together, first = threading.Barrier(AT_ONCE), iter(range(AT_ONCE))
    part = VolumeFile.part

    def all_together(volume: VolumeFile, offset: int, length: int) -> bytes:
        beside = threading.current_thread() is not threading.main_thread()
        if beside and next(first, None) is not None:
            together.wait(10)
        return part(volume, offset, length)

    monkeypatch.setattr(VolumeFile, "part", all_together)
    backend = LibvirtBackend(far)
    backend.connect()
    away = backend.count_image(str(path), lambda done, total: None)
    assert next(first, None) is None
    backend.abandon()
    near = LibvirtBackend(lab.uri)
    near.connect()
    assert near.count_image(str(path), lambda done, total: None).usage == away.usage
    near.abandon()


def test_no_more_is_read_of_a_count_that_nobody_wants(
    lab: Lab, far: str, pool: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.define("web")
    path = lab.image("web")
    path.unlink()
    qemu_img("create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", str(path), "64G")
    assert callable(pool)
    pool()
    read: list[int] = []
    part = VolumeFile.part

    def noted(volume: VolumeFile, offset: int, length: int) -> bytes:
        read.append(length)
        return part(volume, offset, length)

    class Enough(Exception):
        pass

    def progress(done: int, total: int) -> None:
        if done:
            raise Enough

    monkeypatch.setattr(VolumeFile, "part", noted)
    backend = LibvirtBackend(far)
    backend.connect()
    with pytest.raises(Enough):
        backend.count_image(str(path), progress)
    backend.abandon()
    assert sum(read) < 4 * MIB, "of 8 MiB of tables"


def test_a_count_over_a_slow_link_shows_how_far_it_is_and_ends_when_one_moves_on(
    lab: Lab, tmp_path: Path, pool: object
) -> None:
    for name in ("big", "web"):
        lab.define(name)
    slow = with_much_to_count(lab, tmp_path, pool)
    with Terminal(["-c", slow, "big"]) as terminal:
        at_snapshots(terminal, "one")
        terminal.wait("far away")
        terminal.press("\x1b[15~")
        terminal.until(
            lambda: re.search(r"counting [1-9]\d? %", terminal.text) is not None, "progress"
        )
        terminal.press("h", "j")
        terminal.wait("▌ web", "no snapshots yet", gone="counting")
        terminal.press("k", "enter")
        at_snapshots(terminal, "one")
        terminal.wait("? (vda: far away: counted when asked for (refresh))")


def test_a_tunnel_that_is_cut_is_opened_again(lab: Lab, far: str, tmp_path: Path) -> None:
    """What was known stays, marked as old, until all of it is read again."""
    lab.define("web")
    lab.snapshot("web", "one")
    with Terminal(["-c", far, "web"]) as terminal:
        at_snapshots(terminal, "one")
        subprocess.run(["pkill", "-KILL", "-f", f"^[^ ]*python[^ ]* {tmp_path}/ssh"], check=True)
        terminal.wait("connection lost, as of", "one")
        lab.snapshot("web", "two")
        terminal.wait("connected", "one", "two")
