"""A host that was entered and left again: what is known of it later is as if it never was."""

from __future__ import annotations

from snaptui.backend.virt.backend import LibvirtBackend
from tests import pools
from tests.lab import MIB, Lab


def test_where_running_guests_have_their_volumes_is_known_after_it_was_left(lab: Lab) -> None:
    with pools.pool(lab, "p", lab.directory / "p"):
        for name in ("web", "db"):
            pools.volume(lab, "p", f"{name}.qcow2", 8 * MIB)
            pools.define(lab, name, ("p", f"{name}.qcow2"))
            lab.start(name)
        backend = LibvirtBackend(lab.uri)
        backend.connect()
        (first,) = backend.config(lab.key("web")).disks
        assert first.path == str(lab.directory / "p" / "web.qcow2")
        backend.only_list()
        (second,) = backend.config(lab.key("db")).disks
        assert second.path == str(lab.directory / "p" / "db.qcow2")
        assert not second.unknown
        backend.abandon()
        lab.clean()
