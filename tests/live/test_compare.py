"""A snapshot beside now, and beside another one: what differs is what was written."""

from __future__ import annotations

import re
from pathlib import Path

from tests.lab import MIB, Lab, next_second, qemu_img
from tests.ssh import behind_ssh
from tests.terminal import Terminal, at_snapshots
from tests.unit.images import qemu_io


def chain(lab: Lab) -> Path:
    """Three snapshots with writes between them, and more memory since the second."""
    lab.define("web", size=64 * MIB)
    path = lab.image("web")
    qemu_io(path, "write 0 1M")
    for name in ("old", "mid", "new"):
        lab.snapshot("web", name, "--description", f"the {name} one")
        next_second()
        qemu_io(path, "write 0 64k", "write 8M 128k" if name == "old" else "write 16M 64k")
        if name == "mid":
            xml = lab.virsh("dumpxml", "--inactive", "web")
            lab.define_xml(re.sub(r"<vcpu([^>]*)>1<", r"<vcpu\1>2<", xml, count=1))
    return path


def test_a_snapshot_beside_now(lab: Lab) -> None:
    """Each cluster counts once, however often it was written to since."""
    chain(lab)
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "old", "mid", "new")
        terminal.press("g", "=")
        terminal.wait(
            "web: old compared with now",
            "Between: 2 snapshots",
            "the mid one",
            "the new one",
            "@ now",
            "Disks: up to 256.0 KiB differ",
            "up to 256.0 KiB of 64.0 MiB differ",
            "Configuration: 1 difference from old to now",
            "~ vcpu",
            "1 -> 2",
        )
        terminal.press("esc")
        terminal.wait("@ now", gone="compared with")


def test_two_marked_ones_beside_each_other(lab: Lab) -> None:
    """The older one is the first, in whatever order they were marked; also from `A`."""
    chain(lab)
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "old", "mid", "new")
        terminal.press("g", "j", " ")
        terminal.wait("1 snapshot marked")
        terminal.press("=")
        terminal.wait("Mark two snapshots to compare them, or none.")
        terminal.press("g", " ")
        terminal.wait("2 snapshots marked")
        terminal.press("=")
        terminal.wait(
            "web: old compared with mid",
            "Between: no snapshot",
            "Disks: up to 192.0 KiB differ",
            "Configuration: no difference from old to mid",
        )
        terminal.press("q")
        terminal.wait("@ now")
        terminal.press("A")
        terminal.wait("3 snapshots of 1 domain")
        terminal.press("*")
        terminal.wait("3 marked")
        terminal.press("=")
        terminal.wait("Mark two snapshots of one domain to compare them, or none.")
        terminal.press("esc", "=")
        terminal.wait("compared with now", "Configuration: ")


def test_an_unmanaged_one_is_compared_by_its_images(lab: Lab) -> None:
    """With now, and with a snapshot; libvirt has no definition of it, which is said."""
    lab.define("web", size=64 * MIB)
    qemu_io(lab.image("web"), "write 0 64k")
    lab.snapshot("web", "known")
    qemu_io(lab.image("web"), "write 64k 64k")
    next_second()
    qemu_img("snapshot", "-c", "by hand", str(lab.image("web")))
    qemu_io(lab.image("web"), "write 128k 128k")
    unknown = "Configuration: ? (an unmanaged snapshot holds no definition)"
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "known", "□ by hand")
        terminal.press("G")
        terminal.wait("▌ □ by hand", "= compare")
        terminal.press("=")
        terminal.wait(
            "web: by hand compared with now",
            "Between: ? (an unmanaged snapshot is in no tree)",
            "up to 128.0 KiB of 64.0 MiB differ",
            unknown,
        )
        terminal.press("esc")
        terminal.wait("@ now")
        terminal.press(" ")
        terminal.wait("1 snapshot marked")
        terminal.press("g", " ")
        terminal.wait("2 snapshots marked")
        terminal.press("=")
        terminal.wait(
            "web: known compared with by hand", "up to 64.0 KiB of 64.0 MiB differ", unknown
        )
        terminal.press("esc")
        terminal.wait("@ now")
        terminal.press("A")
        terminal.wait("2 snapshots of 1 domain")
        terminal.press("G", "=")
        terminal.wait("web: by hand compared with now", "up to 128.0 KiB of 64.0 MiB differ")


def test_overlays_lie_between_external_ones(newer_lab: Lab) -> None:
    """What each overlay holds; a disk that a snapshot does not hold is said."""
    lab = newer_lab
    lab.define("web", disks=("vda", "vdb"), size=64 * MIB, running=True)
    lab.snapshot("web", "one", "--disk-only")
    lab.snapshot("web", "two", "--disk-only", "--diskspec", "vdb,snapshot=no")
    lab.destroy("web")
    overlays = re.findall(r"source file='([^']*vda[^']*)'", lab.xml("web", inactive=True))
    qemu_io(Path(overlays[0]), "write 0 128k")
    assert "backing file" in qemu_img("info", overlays[0])
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "one", "two")
        terminal.press("g", "=")
        terminal.wait("one compared with now", "vda", "up to 128.0 KiB of 64.0 MiB differ", "vdb")
        terminal.wait("nothing differs")
        terminal.press("q")
        terminal.wait("@ now")
        terminal.press("j", "=")
        terminal.wait("two compared with now", "? (two does not hold this disk)")


def test_another_host_without_a_pool_says_why_not(lab: Lab, tmp_path: Path) -> None:
    """With one its tables are read through it."""
    chain(lab)
    far = behind_ssh(lab, tmp_path)
    with Terminal(["-c", far, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "old", "mid", "new")
        terminal.press("g", "=")
        terminal.wait("Disks: ?", "? (It is in no active storage pool", "~ vcpu", "1 -> 2")
        terminal.press("q")
        terminal.wait("@ now")
        pool = lab.directory / "pool.xml"
        pool.write_text(
            f"<pool type='dir'><name>images</name><target><path>{lab.images}</path></target></pool>"
        )
        lab.virsh("pool-create", str(pool))
        try:
            terminal.press("=")
            terminal.wait("Disks: up to 256.0 KiB differ")
        finally:
            lab.virsh("pool-destroy", "images")
