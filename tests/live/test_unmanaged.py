"""What only the images know, and what they know otherwise than libvirt."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common import text
from snaptui.common.errors import SnaptuiError
from snaptui.model.libvirt_codes import OPERATION_INVALID
from snaptui.operations.step_calls import perform
from snaptui.plan.plan import DeleteManyIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.words.why import Why
from tests.lab import Lab, entries, holds, qemu_img, write
from tests.live.planned import planned
from tests.sample import sample
from tests.terminal import Terminal, at_snapshots, confirm, press_alone
from tests.unit.images import Plain
from tests.unit.made import assert_refused


def test_an_unmanaged_one_is_shown_with_its_costs_and_is_not_taken_for_a_snapshot(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "known")
    write(lab.image("web"), 0x22)
    qemu_img("snapshot", "-c", "by hand", str(lab.image("web")))
    write(lab.image("web"), 0x33)
    plain = Plain(lab.image("web"))
    with Terminal(["-c", lab.uri, "web"], size=(160, 40)) as terminal:
        at_snapshots(terminal, "known", "□ by hand")
        terminal.press("G")
        terminal.wait("unmanaged", f"ID 2 in {lab.image('web')}")
        terminal.wait(f"Frees     {text.short_size(plain.frees({1}))}")
        for key in ("r", "e", "H"):
            terminal.press(key)
            terminal.wait("This snapshot is unmanaged: register it first.")
        terminal.press("enter")
        terminal.wait("Esc close", "Unmanaged")
    assert entries(lab.image("web")) == [("1", "known"), ("2", "by hand")]


@pytest.mark.parametrize("running", sample(1, [False, True]))
def test_an_unmanaged_one_is_deleted_and_nothing_else(lab: Lab, running: bool) -> None:
    lab.define("web", disks=("vda", "vdb"), running=False)
    lab.snapshot("web", "known")
    path = lab.image("web")
    write(path, 0x22)
    qemu_img("snapshot", "-c", "by hand", str(path))
    write(path, 0x33)
    plain = Plain(path)
    if running:
        lab.start("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "known", "□ by hand")
        terminal.press("G")
        terminal.wait("Frees")
        terminal.press("d")
        terminal.wait("Delete the unmanaged by hand of web", "Ready, ")
        terminal.wait(f"Space: frees {text.size(plain.frees({1}))}, free")
        confirm(terminal)
        terminal.wait("Delete the unmanaged by hand of web: done", gone="□ by hand")
    assert entries(path) == entries(lab.image("web", "vdb")) == [("1", "known")]
    assert lab.snapshots("web") == ["known"]
    assert lab.current("web") == "known"
    if running:
        lab.destroy("web")
    assert holds(path, 0x33)
    lab.virsh("snapshot-revert", "web", "known")
    assert holds(path, 0x11)


def test_unmanaged_and_other_snapshots_are_marked_together(lab: Lab) -> None:
    lab.define("web")
    path = lab.image("web")
    for turn, name in enumerate(("one", "two", "three")):
        if name == "two":
            qemu_img("snapshot", "-c", name, str(path))
        else:
            lab.snapshot("web", name)
        write(path, 0x30 + turn)
    together = Plain(path).frees({0, 1})
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "one", "three", "□ two")
        terminal.wait("when deleted; counted")
        terminal.press("g", " ", "G", " ")
        terminal.wait(f"2 snapshots marked: deleting them frees {text.size(together)}.")
        terminal.press("d")
        terminal.wait("Delete 2 snapshots of web", f"Space: frees {text.size(together)}")
        confirm(terminal)
        terminal.wait("Delete 2 snapshots of web: done")
    assert [name for _, name in entries(path)] == ["three"]


def test_an_unmanaged_one_that_libvirt_could_not_delete_exactly_is_refused(lab: Lab) -> None:
    lab.define("web")
    path = lab.image("web")
    for name in ("twin", "twin", ".hidden"):
        qemu_img("snapshot", "-c", name, str(path))
    before = entries(path)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("□ .hidden", "□ twin", "Frees")
        for name, why in (
            (".hidden", "accepts no snapshot with the name"),
            ("twin", "would delete only one"),
        ):
            terminal.press("g")
            if f"▌ □ {name}" not in terminal.text:  # which is the first depends on the second
                terminal.press("j")
            terminal.wait(f"▌ □ {name}")
            terminal.press("d")
            terminal.wait(f"Delete the unmanaged {name} of web", why)
            terminal.press("esc")
            terminal.wait("q quit", gone="Refused")
    assert entries(path) == before


def test_a_domain_of_unmanaged_ones_alone(lab: Lab) -> None:
    lab.define("web")
    qemu_img("snapshot", "-c", "alone", str(lab.image("web")))
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet", "□ alone")


def test_an_unmanaged_one_of_two_disks_is_one_row(lab: Lab) -> None:
    lab.define("web", disks=("vda", "vdb"))
    lab.snapshot("web", "known")
    for target in ("vda", "vdb"):
        qemu_img("snapshot", "-c", "both", str(lab.image("web", target)))
    with Terminal(["-c", lab.uri, "web"], size=(160, 40)) as terminal:
        at_snapshots(terminal, "known", "□ both")
        assert terminal.text.count("□ both") == 1
        terminal.press("G")
        terminal.wait(*(f"ID 2 in {lab.image('web', target)}" for target in ("vda", "vdb")))


def test_metadata_that_were_deleted_leave_an_unmanaged_one(lab: Lab) -> None:
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
        terminal.wait("✗ hollow", "I hollow", "✗ twin", "I twins")
        terminal.wait("hollow: vdb holds no snapshot of this name any more")
        terminal.press("j")
        terminal.wait("twins: vda holds 2 snapshots of this name (IDs 2, 3)")


def test_a_new_one_is_never_called_hollow(lab: Lab) -> None:
    """Its images are read again after it was listed."""
    lab.define("web", disks=("vda", "vdb"))
    lab.snapshot("web", "one")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one")
        for name in ("two", "three"):
            lab.snapshot("web", name)
            terminal.wait(f"● {name}")
        terminal.press("c")
        terminal.wait("Ready, ")
        confirm(terminal)
        terminal.wait("Create a snapshot of web: done", "4 snapshots")
        assert b"hollow" not in terminal.raw


def test_enter_on_now_shows_the_domain(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "one")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one")
        terminal.press("j", "enter")
        terminal.wait("state of the domain at this moment", "<domain type=")


def on_the_unmanaged_one(terminal: Terminal, name: str) -> None:
    terminal.wait("connected", f"□ {name}", gone="reading")
    terminal.press("G", "a")
    terminal.wait(f"Register {name} of web", "You lose: ")


@pytest.mark.long
@pytest.mark.parametrize("running", sample(1, [False, True]))
def test_an_adopted_one_reverts_to_the_right_bytes(lab: Lab, running: bool) -> None:
    lab.define("web", disks=("vda", "vdb"))
    for target in ("vda", "vdb"):
        qemu_img("snapshot", "-c", "by hand", str(lab.image("web", target)))
        write(lab.image("web", target), 0x22)
    lab.snapshot("web", "later")
    before = [entries(lab.image("web", target)) for target in ("vda", "vdb")]
    if running:
        lab.start("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        on_the_unmanaged_one(terminal, "by hand")
        terminal.wait("libvirt will know by hand as a snapshot of vda, vdb", "Ready, ")
        confirm(terminal)
        terminal.wait("Register by hand of web: done", "○ by hand", gone="□ by hand")
        assert [entries(lab.image("web", target)) for target in ("vda", "vdb")] == before
        assert lab.current("web") == "later"
        created = re.search(
            r"<creationTime>(\d+)<", lab.virsh("snapshot-dumpxml", "web", "by hand")
        )
        assert created is not None
        info = json.loads(qemu_img("info", "-U", "--output=json", str(lab.image("web"))))
        assert int(created[1]) == info["snapshots"][0]["date-sec"]
        terminal.press("g")
        while "by hand  20" not in terminal.text:
            terminal.press("j")
        terminal.press("r")
        terminal.wait("Revert web to by hand", "Undo: yes")
        confirm(terminal)
        terminal.wait("Revert web to by hand: done")
    assert lab.state("web") == "shut off"
    assert all(holds(lab.image("web", target), 0x11) for target in ("vda", "vdb"))


@pytest.mark.long
def test_what_cannot_be_reverted_to_is_not_adopted(lab: Lab) -> None:
    lab.define("web", disks=("vda", "vdb"))
    qemu_img("snapshot", "-c", "half", str(lab.image("web", "vda")))
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        on_the_unmanaged_one(terminal, "half")
        terminal.wait("vdb holds no snapshot half. A revert to it would fail.")
    lab.clean()
    lab.define("web", running=True)
    lab.snapshot("web", "ram")
    lab.virsh("snapshot-delete", "web", "ram", "--metadata")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        on_the_unmanaged_one(terminal, "ram")
        terminal.wait("ram holds the RAM of a running guest")
        press_alone(terminal)
        terminal.wait("Refused, see above.")
    lab.clean()
    lab.define("web")
    for _ in range(2):
        qemu_img("snapshot", "-c", "twin", str(lab.image("web")))
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        on_the_unmanaged_one(terminal, "twin")
        terminal.wait("vda holds 2 snapshots called twin (IDs 1, 2).")
    assert lab.snapshots("web") == []


def test_a_forgotten_snapshot_can_be_adopted_again(lab: Lab) -> None:
    """What a delete of the metadata alone leaves behind."""
    lab.define("web")
    lab.snapshot("web", "one")
    write(lab.image("web"), 0x22)
    lab.virsh("snapshot-delete", "web", "one", "--metadata")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        on_the_unmanaged_one(terminal, "one")
        confirm(terminal)
        terminal.wait("Register one of web: done")
    lab.virsh("snapshot-revert", "web", "one")
    assert holds(lab.image("web"), 0x11)


def told_to_end(pid: int) -> bool:
    """Whether SIGTERM waits for a process that is stopped."""
    status = Path(f"/proc/{pid}/status").read_text()
    pending = re.search(r"^ShdPnd:\s*(\w+)", status, re.MULTILINE)
    assert pending is not None
    return bool(int(pending[1], 16) >> (signal.SIGTERM - 1) & 1)


def test_what_a_destroyed_guest_leaves_of_a_create_is_shown(lab: Lab) -> None:
    """libvirt calls it failed and knows nothing of it; the image has the whole snapshot, or not."""
    lab.define("web", running=True)
    path = lab.image("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Ready, ")
        with lab.slowed("web", rest=1) as held:
            confirm(terminal)
            terminal.until(lambda: lab.state("web") == "paused", "the guest to be paused")
            held.set()
            destroying = subprocess.Popen(["virsh", "-q", "-c", lab.uri, "destroy", "web"])
            terminal.until(lambda: told_to_end(lab.qemu("web")), "QEMU to be told to end")
            held.clear()
            destroying.wait()
        if lab.snapshots("web"):  # it had come to its end when QEMU was told
            terminal.wait("Create a snapshot of web", "web was running and is now shut off")
            return
        terminal.wait("Create a snapshot of web: failed")
        terminal.press("esc")
        terminal.wait("no snapshots yet")
        left = entries(path)
        assert ("□ snap-" in terminal.text) == bool(left)
        for _, name in left:
            terminal.wait(f"□ {name}", "unmanaged", "qemu-img made it")


def test_beside_a_network_disk_libvirt_deletes_none_while_the_domain_is_off(lab: Lab) -> None:
    path = lab.images / "near.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(path), "8M")
    qemu_img("snapshot", "-c", "by hand", str(path))
    far = (
        "<disk type='network' device='disk'><driver name='qemu' type='raw'/>"
        "<source protocol='nbd' name='x'><host name='localhost' port='1'/></source>"
        "<target dev='vda' bus='virtio'/></disk>"
    )
    near = (
        "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
        f"<source file='{path}'/><target dev='vdb' bus='virtio'/></disk>"
    )
    key = lab.define_disks("web", far + near)
    (refusal,) = planned(lab, DeleteManyIntent(key, (), ("by hand",))).refusals
    assert (refusal.why, refusal.code) == (Why.NOT_A_FILE, OPERATION_INVALID)
    record = lab.directory / "by-hand.xml"
    record.write_text(
        "<domainsnapshot><name>by hand</name><creationTime>1700000000</creationTime>"
        f"<state>shutoff</state>{lab.virsh('dumpxml', 'web')}</domainsnapshot>"
    )
    lab.virsh("snapshot-create", "web", "--redefine", str(record))
    assert "can't manipulate" in lab.virsh("snapshot-delete", "web", "by hand", check=False)
    assert [name for _, name in entries(path)] == ["by hand"]


@pytest.mark.parametrize("fixture", ["lab", "newer_lab"])
@pytest.mark.parametrize("managed", [False, True])
@pytest.mark.parametrize("setting", ["", "snapshot='no'"])
@pytest.mark.parametrize("read_only", [False, True])
def test_what_a_running_guest_deletes_beside_a_raw_disk(
    request: pytest.FixtureRequest, fixture: str, managed: bool, setting: str, read_only: bool
) -> None:
    """Refused where it would stay inside, whatever libvirt says; elsewhere it goes."""
    lab: Lab = request.getfixturevalue(fixture)
    key = lab.define("web")
    if managed:
        lab.snapshot("web", "s")
    else:
        qemu_img("snapshot", "-c", "s", str(lab.image("web")))
    raw = lab.directory / "beside.raw"
    qemu_img("create", "-q", "-f", "raw", str(raw), "1M")
    disk = (
        f"<disk type='file' device='disk' {setting}><driver name='qemu' type='raw'/>"
        f"<source file='{raw}'/><target dev='vdr' bus='virtio'/>{'<readonly/>' * read_only}</disk>"
    )
    xml = lab.xml("web", inactive=True)
    lab.define_xml(xml.replace("<memballoon", f"{disk}<memballoon", 1))
    lab.start("web")
    one = DeleteManyIntent(key, ("s",)) if managed else DeleteManyIntent(key, (), unmanaged=("s",))
    plan = planned(lab, one)
    assert {each.harm for each in plan.refusals} <= {Harm.LEFT_INSIDE}
    backend = LibvirtBackend(lab.uri)
    try:
        backend.connect()
        for step in plan.steps:
            perform(backend, key, step, lambda _: None)
    finally:
        backend.abandon()
    assert plan.possible is ("s" not in dict(entries(lab.image("web"))).values())


@pytest.mark.parametrize("running", ["off", "started", "before"])
def test_beside_a_disk_that_is_set_to_external_none_is_deleted(
    every_lab: Lab, running: str
) -> None:
    """The metadata that are made for it would be those of an external one."""
    lab = every_lab
    key = lab.define("web", disks=("vda", "vdb"))
    qemu_img("snapshot", "-c", "by-hand", str(lab.image("web")))
    if running == "before":  # what is defined counts, of which the record is made
        lab.start("web")
    xml = lab.xml("web", inactive=True)
    source = f"<source file='{lab.image('web', 'vdb')}'/>"
    before, disk, after = xml.partition(source)
    head, _, tail = before.rpartition("<disk ")
    lab.define_xml(f"{head}<disk snapshot='external' {tail}{disk}{after}")
    if running == "started":
        lab.start("web")
    plan = planned(lab, DeleteManyIntent(key, (), ("by-hand",)))
    assert_refused(plan, Why.SET_EXTERNAL, disk="vdb")
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    with suppress(SnaptuiError):  # 9.0 says that it cannot
        for step in plan.steps:
            perform(backend, key, step, lambda _: None)
    backend.abandon()
    assert entries(lab.image("web")) == [("1", "by-hand")]
