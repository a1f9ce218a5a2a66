"""Kinds of domain that chance composed (tests/worlds), and of which a plan did not foretell it."""

from __future__ import annotations

import time
from collections.abc import Iterable

import libvirt

from tests.live.matrix.guest import OFF, PAUSED, RUNNING, Drive, Guest
from tests.live.matrix.worlds import World


def by_chance() -> Iterable[World]:
    """Each was made smaller as far as it went."""

    def set_back(guest: Guest) -> None:
        """Its definition names the images beneath the newest overlays again."""
        xml = guest.domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        for target in guest.now:
            overlay = f"{guest.directory}/{target}.a'"
            xml = xml.replace(overlay, f"{guest.directory}/{target}.qcow2'")
        guest.domain = guest.connection.defineXML(xml)
        for target in tuple(guest.now):
            guest.give_up(target)

    def aside(guest: Guest) -> None:
        guest.define()
        guest.external("a")
        set_back(guest)

    def aside_above_internal(guest: Guest) -> None:
        guest.define()
        guest.internal("s")
        guest.external("a")
        set_back(guest)

    both = (OFF, RUNNING)
    yield World("an overlay that its domain does not name any more", aside, "a", both)
    words = "an overlay above an internal one, not named any more"
    yield World(words, aside_above_internal, "a", both)

    def detached(guest: Guest) -> None:
        guest.define()
        guest.external("a")
        guest.external("b")
        (disk,) = [disk for disk in guest.disks if disk.target == "vdb"]
        xml = f"<disk><source file='{disk.path}'/><target dev='vdb' bus='virtio'/></disk>"
        guest.domain.detachDeviceFlags(xml, libvirt.VIR_DOMAIN_AFFECT_CONFIG)
        guest.give_up("vdb")

    for target in "ab":
        words = f"two external, then a disk taken away: {target}"
        yield World(words, detached, target, (OFF,), target == "a")

    def left_out(guest: Guest) -> None:
        guest.define()
        guest.internal("s")
        guest.external("a", ["vda"])
        guest.external("b")

    words = "internal, above it external of one disk, above that of both: b"
    yield World(words, left_out, "b", both)

    def marked_first(guest: Guest) -> None:
        guest.define()
        guest.internal("a")
        guest.bitmap("vda", "b0")

    yield World("a bitmap of nobody on the first disk; internal", marked_first, "a", both)

    def transient(guest: Guest) -> None:
        guest.define(transient=True)
        guest.external("a")

    gone = frozenset({"transient"})
    yield World("a transient domain; external", transient, "a", (RUNNING, PAUSED), tags=gone)
    alone = (Drive("vda", snapshot="external"),)
    yield World('one disk, set to snapshot="external"', lambda guest: guest.define(alone))

    def between(guest: Guest) -> None:
        guest.define()
        guest.internal("a")
        guest.unnamed("tmp1")
        guest.internal("b")

    words = "internal, above it an overlay of a backup with another internal one: a"
    yield World(words, between, "a", (OFF,), True)

    def image_gone(guest: Guest) -> None:
        guest.define()
        guest.go(RUNNING)
        guest.internal("a")
        guest.go(OFF)
        (guest.directory / "vdb.qcow2").unlink()
        guest.give_up("vdb")

    yield World("internal with RAM, and an image that is gone since", image_gone, "a", (OFF,))

    def merge_beneath(guest: Guest) -> None:
        """The overlays of *a*, beneath others, are merged and removed behind libvirt's records."""
        for target in guest.now:
            base, top = (f"{guest.directory}/{target}.{end}" for end in ("qcow2", "a"))
            guest.domain.blockCommit(target, base, top, 0, libvirt.VIR_DOMAIN_BLOCK_COMMIT_DELETE)
            while guest.domain.blockJobInfo(target):
                time.sleep(0.01)

    def merged_beneath(guest: Guest) -> None:
        guest.define()
        guest.go(RUNNING)
        for name in "ab":
            guest.external(name)
        guest.internal("s")
        merge_beneath(guest)
        guest.spoiled |= {"a", "b"}

    def internal_merged(guest: Guest) -> None:
        guest.define()
        guest.go(RUNNING)
        guest.external("a")
        guest.internal("s")
        guest.external("b")
        merge_beneath(guest)
        guest.spoiled |= {"a", "s", "b"}

    words = "internal upon two overlays, of which the lower was merged by hand"
    yield World(words, merged_beneath, "s", both)

    words = "external, above it internal and external, the first merged by hand: b"
    yield World(words, internal_merged, "b", (RUNNING,))

    def taken_away(guest: Guest) -> None:
        guest.define()
        for name in "abc":
            guest.internal(name)
        (disk,) = [disk for disk in guest.disks if disk.target == "vdb"]
        xml = f"<disk><source file='{disk.path}'/><target dev='vdb' bus='virtio'/></disk>"
        guest.domain.detachDeviceFlags(xml, libvirt.VIR_DOMAIN_AFFECT_CONFIG)
        guest.give_up("vdb")

    yield World("three internal, then a disk taken away: b", taken_away, "b", (OFF,), True)

    def raw_gone(guest: Guest) -> None:
        guest.define((Drive("vda"), Drive("vdb", "raw")))
        (guest.directory / "vdb.raw").unlink()
        guest.give_up("vdb")

    yield World("a raw image that is gone", raw_gone, states=(OFF,))
