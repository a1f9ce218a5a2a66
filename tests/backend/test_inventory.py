"""Which images of a host nobody names, on a real daemon."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import HostError
from snaptui.discovery.inventory import take_inventory
from snaptui.model.domain import DomainKey
from snaptui.model.doubts import Unread
from snaptui.model.files import Found, Use, User
from snaptui.storage.inventory import Inventory
from tests import pools
from tests.lab import Lab, qemu_img


def take(lab: Lab) -> Inventory:
    backend = LibvirtBackend(lab.uri)
    try:
        return take_inventory(backend, backend.connect())
    finally:
        backend.abandon()


def overlay(path: Path, beneath: Path | str) -> str:
    qemu_img(
        "create", "-q", "-f", "qcow2", "-F", "qcow2", "-u", "-b", str(beneath), str(path), "8M"
    )
    return os.path.realpath(path)


def pool(lab: Lab, name: str, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    lab.virsh("pool-create-as", name, "dir", "--target", str(folder))


def test_an_overlay_that_nothing_names_is_left_over_and_one_that_something_names_is_not(
    lab: Lab,
) -> None:
    lab.define("web")
    lab.snapshot("web", "outside", "--disk-only")
    (used,) = lab.images.glob("*.outside")
    gone = overlay(lab.images / "gone.qcow2", lab.image("web"))
    found = take(lab)
    assert found.doubts == ()
    assert found.leftovers == (gone,)
    assert found.held_by(str(used)) == (
        User("web", disk="vda"),
        User("web", "outside", disk="vda"),
    )
    assert User(gone, use=Use.BENEATH) in found.held_by(str(lab.image("web")))

    overlay(lab.images / "upon.qcow2", "gone.qcow2")
    found = take(lab)
    assert found.leftovers == (os.path.realpath(lab.images / "upon.qcow2"),), "only the top one"


def test_what_a_backup_under_way_writes_is_no_image_of_nobody(lab: Lab) -> None:
    """libvirt lets the scratch file lie upon the disk, and removes it with the backup."""
    lab.define("web", running=True)
    before = take(lab)
    backup = lab.directory / "backup.xml"
    server = f"<server transport='unix' socket='{lab.directory}/nbd'/>"
    backup.write_text(f"<domainbackup mode='pull'>{server}</domainbackup>")
    lab.virsh("backup-begin", "web", str(backup))
    found = take(lab)
    assert found.doubts == ()
    assert found.orphans == ()
    (scratch,) = found.images.keys() - before.images.keys()
    assert [one.words for one in found.held_by(scratch)] == ["the running backup of web"]
    assert User(scratch, use=Use.BENEATH) in found.held_by(str(lab.image("web")))
    lab.virsh("domjobabort", "web")


def test_what_only_a_snapshot_the_inactive_definition_or_a_link_names_is_in_use(lab: Lab) -> None:
    lab.define("web", running=True)
    lab.snapshot("web", "one", "--disk-only")
    lab.snapshot("web", "two", "--disk-only")
    one = next(lab.images.glob("*.one"))
    hotplugged = lab.images / "later.qcow2"
    overlay(hotplugged, lab.image("web"))
    link = lab.images / "link.qcow2"
    link.symlink_to(hotplugged)
    lab.virsh("attach-disk", "web", str(link), "vdb", "--config", "--subdriver", "qcow2")
    found = take(lab)
    assert found.held_by(str(hotplugged)) == (User("web", disk="vdb"),)
    assert any(user.use is Use.BENEATH for user in found.held_by(str(one)))
    assert found.leftovers == ()


def test_an_overlay_that_only_a_link_leads_to_is_none_of_those_left_over(lab: Lab) -> None:
    """Beside it nobody has looked who names it."""
    lab.define("web")
    elsewhere = lab.directory / "elsewhere"
    elsewhere.mkdir()
    there = overlay(elsewhere / "there.qcow2", lab.image("web"))
    (lab.images / "link.qcow2").symlink_to(there)
    (lab.images / "nowhere.qcow2").symlink_to("/nowhere")
    found = take(lab)
    assert found.leftovers == ()
    assert User(there, use=Use.BENEATH) in found.held_by(str(lab.image("web")))
    assert found.doubts == (), "a link to nothing names nothing"
    pool(lab, "elsewhere", elsewhere)
    try:
        assert take(lab).leftovers == (there,)
    finally:
        lab.virsh("pool-destroy", "elsewhere")
        shutil.rmtree(elsewhere)


def test_pools_are_looked_into_and_disks_of_pools_are_in_use(lab: Lab) -> None:
    folder = lab.directory / "pool"
    pool(lab, "spare", folder)
    for name in ("used.qcow2", "free.qcow2"):
        lab.virsh("vol-create-as", "spare", name, "8M", "--format", "qcow2")
    lab.define("web")
    disk = lab.directory / "disk.xml"
    disk.write_text(
        "<disk type='volume'><driver name='qemu' type='qcow2'/>"
        "<source pool='spare' volume='used.qcow2'/><target dev='vdb'/></disk>"
    )
    lab.virsh("attach-device", "web", str(disk), "--config")
    try:
        found = take(lab)
        assert found.unused == (os.path.realpath(folder / "free.qcow2"),)
        assert found.leftovers == ()
        lab.virsh("pool-destroy", "spare")
        (doubt,) = (one for one in take(lab).doubts if one.what is Unread.VOLUME)
        assert (doubt.name, doubt.places) == ("web", None), "nobody knows where the pool was"
    finally:
        lab.virsh("pool-destroy", "spare", check=False)


def test_one_odd_thing_leaves_no_doubt_of_all_else(lab: Lab) -> None:
    """A pool that is stale, a directory in a pool, options in JSON: they are looked into."""
    lab.define("web")
    lost = lab.directory / "stale"
    lab.virsh("pool-define-as", "stale", "dir", "--target", str(lost))
    with pools.pool(lab, "p", lab.directory / "p") as folder:
        (folder / "sub").mkdir()
        lab.virsh("pool-refresh", "p")
        named = lab.images / "named.qcow2"
        options = f'json:{{"driver":"qcow2","file":{{"driver":"file","filename":"{folder}/b"}}}}'
        qemu_img("create", "-q", "-f", "qcow2", str(folder / "b"), "8M")
        qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", options, str(named))
        try:
            found = take(lab)
            assert found.doubts == ()
            assert found.held_by(str(folder / "b")) == (
                User(os.path.realpath(named), use=Use.BENEATH),
            )
            lost.mkdir()
            upon = overlay(lost / "upon.qcow2", lab.image("web"))
            found = take(lab)
            assert found.doubts == ()
            assert upon in found.leftovers, "what is not active is looked into"
        finally:
            lab.virsh("pool-undefine", "stale")
            shutil.rmtree(lost, ignore_errors=True)


def test_nothing_beside_a_volume_that_cannot_be_resolved_is_left_over(lab: Lab) -> None:
    """It may be the very file; and where a pool is not known, any file may be."""
    with pools.pool(lab, "p", lab.directory / "p") as folder:
        pools.volume(lab, "p", "a.qcow2")
        lab.define("web")
        beside = overlay(lab.images / "beside.qcow2", lab.image("web"))
        key = pools.define(lab, "of", ("p", "a.qcow2"))
        lab.snapshot("of", "s1")
        inside = overlay(folder / "inside.qcow2", folder / "a.qcow2")
        assert sorted(take(lab).leftovers) == sorted([beside, inside])
        lab.virsh("pool-destroy", "p")
        found = take(lab)
        assert found.leftovers == (beside,)
        assert {(one.what, one.places) for one in found.doubts} == {
            (Unread.VOLUME, frozenset({str(folder)}))
        }
        lab.virsh("pool-undefine", "p")
        assert take(lab).leftovers == ()
        lab.virsh("undefine", key.uuid, "--snapshots-metadata")
        assert beside in take(lab).leftovers


def test_what_a_guest_wrote_into_its_raw_disk_names_nothing(lab: Lab) -> None:
    lab.define("web", format="raw")
    other = lab.images / "other.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(other), "8M")
    overlay(lab.image("web"), other)
    found = take(lab)
    assert found.held_by(str(other)) == ()
    assert os.path.realpath(lab.image("web")) not in found.images


def test_what_cannot_be_read_is_a_doubt(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.define("web")
    lab.define("db")
    (lab.images / "broken.qcow2").write_bytes(b"QFI\xfb" + b"\xff" * 100)
    overlay(lab.images / "remote.qcow2", "nbd://elsewhere/disk")

    real = LibvirtBackend.named_files

    def failing(self: LibvirtBackend, key: DomainKey) -> object:
        if key.uuid == lab.virsh("domuuid", "db").strip():
            raise HostError("monitor gone")
        return real(self, key)

    def forbidden(_self: LibvirtBackend) -> Found:
        raise HostError("no pools for you")

    monkeypatch.setattr(LibvirtBackend, "named_files", failing)
    monkeypatch.setattr(LibvirtBackend, "volumes", forbidden)
    doubts = {(one.what, one.name): one for one in take(lab).doubts}
    assert doubts.keys() == {
        (Unread.DEFINITION, "db"),
        (Unread.POOLS, ""),
        (Unread.IMAGE, os.path.realpath(lab.images / "broken.qcow2")),
    }
    assert {one.places for one in doubts.values()} == {None}, "they could matter to any file"


def test_a_file_that_is_not_there_names_nothing(lab: Lab) -> None:
    lab.define("web")
    lab.image("web").unlink()
    found = take(lab)
    assert found.doubts == ()
    assert found.held_by(str(lab.image("web"))) == (User("web", disk="vda"),)


def test_file_names_that_libvirts_binding_cannot_pass_on_are_a_doubt(lab: Lab) -> None:
    """A name of any bytes, made by whoever may write to the pool, hides none of the others."""
    folder = lab.directory / "hostile"
    folder.mkdir()
    bad = folder / os.fsdecode(b"bad\xff.qcow2")
    for path in (bad, folder / "\x1b[31mred.qcow2", folder / "good.qcow2"):
        overlay(path, "/nowhere/base")
    pool(lab, "hostile", folder)
    lab.define("web")
    try:
        found = take(lab)
        (doubt,) = found.doubts
        assert (doubt.what, doubt.name) == (Unread.POOL, "hostile")
        assert doubt.places == frozenset({str(folder)}), "its directory is looked into all the same"
        assert "utf-8" in doubt.reason
        assert found.held_by(str(lab.image("web"))) == (User("web", disk="vda"),)
    finally:
        lab.virsh("pool-destroy", "hostile")
