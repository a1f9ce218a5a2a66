"""What only the images know, and what they know otherwise than libvirt."""

from __future__ import annotations

from snaptui import text
from tests.lab import Lab, entries, qemu_img, write
from tests.terminal import Terminal, at_snapshots
from tests.unit.images import Plain


def test_a_stray_is_shown_with_what_it_costs_and_is_not_taken_for_a_snapshot(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "known")
    write(lab.image("web"), 0x22)
    qemu_img("snapshot", "-c", "by hand", str(lab.image("web")))
    write(lab.image("web"), 0x33)
    plain = Plain(lab.image("web"))
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "known", "□ by hand")
        terminal.press("G")
        terminal.wait("libvirt does not know it", f"ID 2 in {lab.image('web')}")
        terminal.wait(f"Reclaim {text.short_size(plain.frees({1}))}")
        for key in ("r", "d", "e", "H"):
            terminal.press(key)
            terminal.wait("libvirt does not know this stray; qemu-img")
        terminal.press(" ")
        terminal.wait("Nothing is marked.")
        terminal.press("enter")
        terminal.wait("Esc close", "Stray")
    assert entries(lab.image("web")) == [("1", "known"), ("2", "by hand")]


def test_a_domain_of_strays_alone(lab: Lab) -> None:
    lab.define("web")
    qemu_img("snapshot", "-c", "alone", str(lab.image("web")))
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet", "□ alone")


def test_a_stray_of_two_disks_is_one_row(lab: Lab) -> None:
    lab.define("web", disks=("vda", "vdb"))
    lab.snapshot("web", "known")
    for target in ("vda", "vdb"):
        qemu_img("snapshot", "-c", "both", str(lab.image("web", target)))
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "known", "□ both")
        assert terminal.text.count("□ both") == 1
        terminal.press("G")
        terminal.wait(*(f"ID 2 in {lab.image('web', target)}" for target in ("vda", "vdb")))


def test_metadata_that_were_deleted_leave_a_stray(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "one")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one")
        lab.virsh("snapshot-delete", "web", "one", "--metadata")
        terminal.wait("□ one", gone="● one")


def test_hollow_ones_and_twins_are_told(lab: Lab) -> None:
    lab.define("web", disks=("vda", "vdb"))
    for name in ("hollow", "twin"):
        lab.snapshot("web", name)
    qemu_img("snapshot", "-d", "hollow", str(lab.image("web", "vdb")))
    qemu_img("snapshot", "-c", "twin", str(lab.image("web", "vda")))
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "hollow", "twin")
        terminal.wait("hollow: vdb holds no snapshot of this name any more")
        terminal.press("j")
        terminal.wait("twins: vda holds 2 snapshots of this name (IDs 2, 3)")


def test_enter_on_you_are_here_shows_the_domain(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "one")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one")
        terminal.press("j", "enter")
        terminal.wait("You are here", "<domain type=")
