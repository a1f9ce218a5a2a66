"""Deleting what lies outside of images: merged, refused or broken as the dialog says, by bytes."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import libvirt
import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.discovery.domain_facts import read_facts
from snaptui.model import libvirt_codes
from snaptui.model.choices import SafetyKind, Scope
from snaptui.model.domain import DomainKey
from snaptui.operations.step_calls import differences, expected_after, perform
from snaptui.plan.facts import Facts
from snaptui.plan.plan import DeleteIntent, DeleteManyIntent, DomainIntent, Plan, RevertIntent
from snaptui.plan.planner import make_plan
from snaptui.plan.refusal import Harm
from snaptui.plan.remark import Unchecked
from snaptui.plan.words.why import Why
from tests.lab import MIB, Lab, entries, holds, next_second, qemu_img, write
from tests.live.planned import planned
from tests.sample import sample
from tests.ssh import behind_ssh
from tests.terminal import Terminal, at_snapshots, confirm
from tests.unit.images import qemu_io
from tests.unit.made import assert_refused

OFF, RUNNING, PAUSED = "shut off", "running", "paused"


def overlay(lab: Lab, snapshot: str, target: str = "vda") -> Path:
    return lab.image("web", target).with_suffix(f".{snapshot}")


def extern(lab: Lab, snapshot: str, *options: str) -> None:
    lab.snapshot("web", snapshot, "--disk-only", *options)


def start(lab: Lab, state: str) -> None:
    if state != OFF:
        lab.virsh("start", "web", *(["--paused"] if state == PAUSED else []))


def chain(lab: Lab, *names: str, disks: tuple[str, ...] = ("vda",), form: str = "qcow2") -> None:
    """Snapshots upon each other; each overlay has a MiB of its own, and hides one beneath."""
    lab.define("web", disks=disks, size=16 * MIB, format=form)
    for number, name in enumerate(names, 1):
        extern(lab, name)
        for target in disks:
            byte = 0x20 + number
            lines = (f"write -P {byte} {number}M 1M", f"write -P {byte} 0 {64 * number}k")
            qemu_io(overlay(lab, name, target), *lines)


def sources(lab: Lab) -> dict[str, Path]:
    """By target, the file that a disk writes to."""
    lines = lab.virsh("domblklist", "--domain", "web").strip().splitlines()
    return {target: Path(path) for target, path in (line.split(maxsplit=1) for line in lines)}


@contextmanager
def same_disks(lab: Lab) -> Iterator[None]:
    """What the guest sees on its disks is afterwards what it was before."""
    kept = {}
    for target, path in sources(lab).items():
        kept[target] = lab.directory / f"{target}.before"
        qemu_img("convert", "-U", "-O", "raw", str(path), str(kept[target]))
    yield
    for target, path in sources(lab).items():
        qemu_img("compare", "-U", "-f", "raw", str(kept[target]), str(path))
        kept[target].unlink()


class Planned:
    """A plan of the domain, and the way to carry it out without a screen."""

    def __init__(self, lab: Lab, intent: DomainIntent) -> None:
        self.backend = LibvirtBackend(intent.key.host)
        self.host = self.backend.connect()
        self.intent = intent
        self.facts = self.read()
        plan = make_plan(intent, self.facts)
        assert isinstance(plan, Plan)
        self.plan = plan

    def read(self) -> Facts:
        return read_facts(self.backend, self.host, self.intent)

    def run(self) -> None:
        """Each step leaves what it is expected to leave, no more and no less."""
        assert self.plan.refusals == ()
        expected = self.facts
        for step in self.plan.steps:
            before = self.read()
            assert differences(expected, before) == ()
            perform(self.backend, self.intent.key, step, lambda share: None)
            expected = self.read()
            assert differences(expected_after(step, before), expected) == ()
        self.backend.abandon()

    def refused(self, code: int | None, why: Why, **names: str) -> None:
        """It is refused, and libvirt's own answer is the one that is told."""
        assert_refused(self.plan, why, **names)
        assert {one.code for one in self.plan.refusals if one.why is why} == {code}
        self.backend.abandon()


def shows(path: Path, byte: int) -> bool:
    """Whether the first MiB of an image and of all beneath it is this byte; read without locks."""
    done = subprocess.run(
        ["qemu-io", "-U", "-r", "-f", "qcow2", "-c", f"read -P {byte} 0 1M", path],
        capture_output=True,
        text=True,
    )
    assert "read 1048576/1048576" in done.stdout, done.stderr
    return done.returncode == 0


def key_of(lab: Lab) -> DomainKey:
    return lab.key("web")


def deleting(lab: Lab, *names: str) -> Planned:
    key = key_of(lab)
    one = DeleteIntent(key, names[0])
    return Planned(lab, one if len(names) == 1 else DeleteManyIntent(key, names))


def libvirts_answer(lab: Lab, name: str) -> int:
    """libvirt's error for a plain delete; 0 when it does it."""
    connection = libvirt.open(lab.uri)
    try:
        connection.lookupByName("web").snapshotLookupByName(name).delete(0)
    except libvirt.libvirtError as error:
        return int(error.get_error_code())
    finally:
        connection.close()
    return 0


# -- what is done ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "name", "form"),
    sample(
        2,
        [
            (OFF, "two", "qcow2"),
            (RUNNING, "one", "raw"),
            (PAUSED, "two", "qcow2"),
        ],
    ),
)
def test_one_of_a_chain_is_merged_into_the_image_beneath(
    lab: Lab, state: str, name: str, form: str
) -> None:
    """The base survives, the guest sees the same, and everything that named the overlay follows."""
    chain(lab, "one", "two", disks=("vda", "vdb"), form=form)
    start(lab, state)
    with same_disks(lab):
        deleting(lab, name).run()
    assert lab.state("web") == state
    assert lab.snapshots("web") == ["two" if name == "one" else "one"]
    for target in ("vda", "vdb"):
        assert lab.image("web", target).exists()
        assert not overlay(lab, name, target).exists()


def test_several_at_once_leaf_first(lab: Lab) -> None:
    """Off, libvirt would take none but the newest: after each the next one is that."""
    chain(lab, "one", "two", "three")
    with same_disks(lab):
        planned = deleting(lab, "one", "three", "two")
        assert [step.subject for step in planned.plan.steps] == ["three", "two", "one"]
        planned.run()
    assert sources(lab) == {"vda": lab.image("web")}
    assert [path.name for path in lab.images.iterdir()] == [lab.image("web").name]


def test_snapshots_of_some_disks_only(lab: Lab) -> None:
    lab.define("web", disks=("vda", "vdb"))
    extern(lab, "first", "--diskspec", "vdb,snapshot=no")
    extern(lab, "second", "--diskspec", "vda,snapshot=no")
    with same_disks(lab):
        deleting(lab, "first").run()
    assert sources(lab) == {"vda": lab.image("web"), "vdb": overlay(lab, "second", "vdb")}


def test_from_the_list_with_what_is_said_of_it(lab: Lab) -> None:
    lab.define("web", size=16 * MIB, running=True)
    memory = lab.images / "web.mem"
    lab.snapshot("web", "ram", f"--memspec=file={memory},snapshot=external")
    extern(lab, "top")
    with Terminal(["-c", lab.uri, "web"]) as terminal, same_disks(lab):
        at_snapshots(terminal, "ram", "top")
        terminal.press("d")
        terminal.wait(
            "web does not change; it keeps 1 snapshot",
            "and its saved RAM; later writes are merged, not lost",
            f"vda: {overlay(lab, 'ram')} is merged into {lab.image('web')} and removed.",
        )
        terminal.press("tab", "tab", "end")
        terminal.wait("stays and keeps its space", "cannot be cancelled. The guest keeps running")
        confirm(terminal)
        terminal.wait("Delete ram of web: done", gone="E disk+RAM")
    assert memory.exists(), "libvirt is mended"
    assert lab.state("web") == RUNNING
    assert sources(lab) == {"vda": overlay(lab, "top")}


@pytest.mark.long
def test_marked_ones_from_the_list(lab: Lab) -> None:
    chain(lab, "one", "two", "three", "four")
    start(lab, RUNNING)
    with Terminal(["-c", lab.uri, "web"]) as terminal, same_disks(lab):
        at_snapshots(terminal, "one", "two", "three", "four")
        terminal.wait("452K", gone=" ?\n")
        terminal.press(" ", "j", " ")
        terminal.wait("2 snapshots marked: deleting them frees", gone="frees ?")
        terminal.press(" ")
        terminal.wait("3 snapshots marked: deleting them frees", gone="frees ?")
        terminal.press("d")
        terminal.wait("Delete 3 snapshots of web", "needs up to")
        confirm(terminal)
        terminal.wait("Delete 3 snapshots of web: done")
    assert lab.snapshots("web") == ["two"]
    assert sources(lab) == {"vda": overlay(lab, "two")}


def test_on_another_host_what_cannot_be_seen_wants_the_name_typed(lab: Lab, tmp_path: Path) -> None:
    """Images are read through pools; without one nobody knows what lies beneath or inside."""
    chain(lab, "one", "two")
    start(lab, RUNNING)
    far = DomainKey(behind_ssh(lab, tmp_path), key_of(lab).uuid)
    blind = Planned(lab, DeleteIntent(far, "two"))
    assert blind.plan.type_name
    (beneath,) = [one for one in blind.plan.unchecked if one.what is Unchecked.BENEATH]
    names = dict(beneath.names)
    assert (names["disk"], "in no active storage pool" in names["reason"]) == ("vda", True)
    blind.backend.abandon()
    pool = lab.directory / "pool.xml"
    target = f"<target><path>{lab.images}</path></target>"
    pool.write_text(f"<pool type='dir'><name>images</name>{target}</pool>")
    lab.virsh("pool-create", str(pool))
    try:
        with same_disks(lab):
            seen = Planned(lab, DeleteIntent(far, "one"))
            (room,) = seen.plan.unchecked
            assert room.what is Unchecked.MERGE_ROOM
            seen.run()
    finally:
        lab.virsh("pool-destroy", "images")


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(("gone", "code"), [("code.fd", 1), ("template.fd", 38)])
def test_off_a_merge_needs_what_a_start_needs(
    lab: Lab, tmp_path: Path, gone: str, code: int
) -> None:
    """The template of UEFI variables too, as long as there are none yet."""
    firmware, template, variables = (tmp_path / n for n in ("code.fd", "template.fd", "vars.fd"))
    for path in (firmware, template):
        path.write_bytes(b"\xf4" * MIB)
    lab.define("web")
    xml = lab.virsh("dumpxml", "--inactive", "web")
    own = (
        f"<loader readonly='yes' type='pflash'>{firmware}</loader>"
        f"<nvram template='{template}'>{variables}</nvram></os><features><acpi/></features>"
    )
    lab.define_xml(xml.replace("</os>", own))
    extern(lab, "one")
    (tmp_path / gone).unlink()
    deleting(lab, "one").refused(code, Why.BOOT_FILE_GONE, path=str(tmp_path / gone))
    assert libvirts_answer(lab, "one") == code
    if gone == "template.fd":
        variables.write_bytes(b"\xf4" * MIB)
        deleting(lab, "one").run()
    lab.virsh("undefine", "web", "--nvram", "--snapshots-metadata")


def test_what_libvirt_says_of_a_later_one_is_not_foretold_where_an_earlier_one_stops_it(
    lab: Lab,
) -> None:
    """The one below lies inside an overlay that was renamed since."""
    lab.define("web")
    extern(lab, "above")
    lab.snapshot("web", "below")
    old = overlay(lab, "above", "vda")
    new = old.rename(old.with_name("renamed.qcow2"))
    xml = lab.virsh("dumpxml", "--inactive", "web")
    lab.define_xml(xml.replace(str(old), str(new)))
    lab.virsh("start", "web")
    plan = Planned(lab, DeleteIntent(key_of(lab), "above", Scope.WITH_CHILDREN)).plan
    assert plan.refusals
    assert {one.code for one in plan.refusals} == {None}
    assert libvirts_answer(lab, "below") == 84


def test_off_only_the_newest_can_go_and_started_paused_any(lab: Lab) -> None:
    chain(lab, "one", "two")
    deleting(lab, "one").refused(8, Why.NEWEST_ONLY, above="two")
    assert libvirts_answer(lab, "one") == 8
    start(lab, PAUSED)
    with same_disks(lab):
        deleting(lab, "one").run()
    lab.destroy("web")
    assert lab.snapshots("web") == ["two"]


def test_one_with_an_internal_parent_and_the_way_round(lab: Lab) -> None:
    """The parent's data stay in the base, are adopted again, and are what they were."""
    lab.define("web")
    lab.snapshot("web", "deep")
    write(lab.image("web"), 0x22)
    extern(lab, "over")
    write(overlay(lab, "over"), 0x33)
    start(lab, RUNNING)
    deleting(lab, "over").refused(84, Why.PARENT_INSIDE, parent="deep", name="over")
    assert libvirts_answer(lab, "over") == 84
    Planned(lab, DeleteIntent(key_of(lab), "deep", metadata_only=True)).run()
    deleting(lab, "over").run()
    lab.destroy("web")
    assert holds(lab.image("web"), 0x33)
    assert entries(lab.image("web")) == [("1", "deep")]
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("unmanaged")
        terminal.press("a")
        confirm(terminal)
        terminal.wait("Register deep of web: done")
    lab.virsh("snapshot-revert", "web", "deep")
    assert holds(lab.image("web"), 0x11)


@pytest.mark.parametrize("state", sample(1, [OFF, RUNNING]))
def test_an_internal_snapshot_inside_the_overlay_is_not_destroyed(lab: Lab, state: str) -> None:
    """libvirt destroys it without a word; deleted before, it is not in the way."""
    lab.define("web")
    extern(lab, "over")
    lab.snapshot("web", "inside")
    start(lab, state)
    deleting(lab, "over").refused(None, Why.INSIDE_OVERLAY, names="inside")
    with same_disks(lab):
        deleting(lab, "over", "inside").run()
    assert sources(lab) == {"vda": lab.image("web")}
    lab.virsh("destroy", "web", check=False)
    extern(lab, "over")
    lab.snapshot("web", "inside")
    assert libvirts_answer(lab, "over") == 0
    assert lab.snapshots("web") == ["inside"], "libvirt heeds it now"
    assert not overlay(lab, "over").exists()


def test_an_internal_snapshot_higher_up_survives(lab: Lab) -> None:
    lab.define("web", size=16 * MIB)
    extern(lab, "one")
    write(overlay(lab, "one"), 0x22)
    extern(lab, "two")
    lab.snapshot("web", "inside")
    write(overlay(lab, "two"), 0x33)
    start(lab, PAUSED)
    deleting(lab, "one").run()
    lab.destroy("web")
    assert holds(overlay(lab, "two"), 0x33)
    lab.virsh("snapshot-revert", "web", "inside")
    assert holds(overlay(lab, "two"), 0x22)


def test_beneath_an_overlay_an_internal_one_can_go_while_the_domain_is_off(lab: Lab) -> None:
    """What the overlay shows stays the same, and its image is sound."""
    lab.define("web", size=16 * MIB)
    lab.snapshot("web", "deep")
    qemu_io(lab.image("web"), "write -P 0x22 512k 2M")
    extern(lab, "over")
    qemu_io(overlay(lab, "over"), "write -P 0x33 1M 1M")
    start(lab, RUNNING)
    deleting(lab, "deep").refused(84, Why.ONLY_WHILE_OFF)
    assert libvirts_answer(lab, "deep") == 84
    lab.destroy("web")
    with same_disks(lab):
        deleting(lab, "deep").run()
    assert entries(lab.image("web")) == []
    qemu_img("check", str(lab.image("web")))
    with same_disks(lab):
        deleting(lab, "over").run()


def test_images_that_others_lie_upon_are_left_alone(lab: Lab) -> None:
    """A clone of another domain upon the frozen image; libvirt would spoil it."""
    chain(lab, "one", "two")
    start(lab, RUNNING)
    clone = lab.images / "clone.qcow2"
    below = str(overlay(lab, "one"))
    qemu_img("create", "-q", "-f", "qcow2", "-b", below, "-F", "qcow2", str(clone))
    for name in ("one", "two"):
        planned = deleting(lab, name)
        (refusal,) = planned.plan.refusals
        user = f"the image {clone}, which lies upon it"
        planned.refused(None, refusal.why, user=user)
        assert refusal.why in (Why.USER_LOSES, Why.USER_SEES_OTHER_DATA)
        assert refusal.harm is Harm.OTHER_LOST
    assert libvirts_answer(lab, "one") == 0
    with pytest.raises(subprocess.CalledProcessError):
        qemu_img("convert", "-O", "raw", str(clone), str(lab.images / "raw"))


def test_a_branch_is_not_deleted_nor_what_it_lies_upon(lab: Lab) -> None:
    lab.define("web")
    extern(lab, "one")
    xml = lab.xml("web", inactive=True)
    other = lab.images / "other.qcow2"
    below = str(overlay(lab, "one"))
    qemu_img("create", "-q", "-f", "qcow2", "-b", below, "-F", "qcow2", str(other))
    extern(lab, "two")
    branch = lab.directory / "branch.xml"
    branch.write_text(
        "<domainsnapshot><name>branch</name><creationTime>1700000000</creationTime>"
        "<state>shutoff</state><parent><name>one</name></parent><disks>"
        f"<disk name='vda' snapshot='external'><source file='{other}'/></disk></disks>"
        f"{xml}</domainsnapshot>"
    )
    lab.virsh("snapshot-create", "web", str(branch), "--redefine")
    deleting(lab, "branch").refused(8, Why.NOT_USED_NOW)
    assert libvirts_answer(lab, "branch") == 8
    start(lab, RUNNING)
    planned = deleting(lab, "one")
    planned.refused(None, Why.LIES_UPON_LOSES, other=str(other), path=str(below))
    assert not Planned(lab, DeleteIntent(key_of(lab), "one", Scope.CHILDREN)).plan.possible
    Planned(lab, DeleteIntent(key_of(lab), "branch", metadata_only=True)).run()
    other.unlink()
    deleting(lab, "one").run()


def test_records_that_libvirt_would_spoil_stay_right(lab: Lab) -> None:
    """Without its data an external snapshot leaves others that name the images beneath."""
    lab.define("web")
    extern(lab, "one")
    lab.snapshot("web", "inside")
    extern(lab, "two")
    only = Planned(lab, DeleteIntent(key_of(lab), "one", metadata_only=True))
    only.refused(None, Why.RECORD_MOVED, below="two")
    lab.virsh("snapshot-delete", "web", "one", "--metadata")
    assert f"<source file='{lab.image('web')}'" in lab.virsh("snapshot-dumpxml", "web", "two")
    deleting(lab, "inside").run()
    told = deleting(lab, "two")
    told.refused(None, Why.RECORD_WRONG, path=str(overlay(lab, "two")), name="two")


def test_what_is_hollow_inside_an_overlay_is_not_in_the_way(lab: Lab) -> None:
    """libvirt lets an internal snapshot name the overlay that is merged and gone."""
    lab.define("web")
    extern(lab, "over")
    lab.snapshot("web", "inside")
    qemu_img("snapshot", "-d", "inside", str(overlay(lab, "over")))
    deleting(lab, "over").run()
    assert str(overlay(lab, "over")) in lab.virsh("snapshot-dumpxml", "web", "inside")


def test_a_block_job_is_in_the_way(lab: Lab) -> None:
    chain(lab, "one", "two")
    start(lab, RUNNING)
    lab.virsh("blockcommit", "web", "vda", "--active", "--wait")
    planned = deleting(lab, "one")
    assert_refused(planned.plan, Why.BLOCK_JOB_WAITS, disks="vda")
    assert libvirts_answer(lab, "one") == 84


def test_a_file_that_is_gone_is_told(lab: Lab) -> None:
    chain(lab, "one", "two")
    lab.image("web").rename(lab.images / "aside")
    planned = deleting(lab, "two")
    assert_refused(planned.plan, Why.CHAIN_CUT_OFF, path=str(lab.image("web")), disk="vda")
    assert libvirts_answer(lab, "two") == 38


def test_an_unfinished_delete_is_finished_by_deleting_again(own_lab: Lab) -> None:
    """The daemon dies while it merges; libvirt marks the parent, and refuses to delete that."""
    lab = own_lab
    chain(lab, "one", "two", "three")
    start(lab, RUNNING)
    with same_disks(lab):
        pid = lab.qemu("web")
        os.kill(pid, signal.SIGSTOP)
        virsh = functools.partial(lab.virsh, check=False)
        delete = threading.Thread(target=virsh, args=("snapshot-delete", "web", "two"))
        delete.start()
        while "InProgress" not in lab.virsh("snapshot-dumpxml", "web", "one"):
            delete.join(0.05)
        lab.daemon.kill()
        os.kill(pid, signal.SIGCONT)
        delete.join()
        lab.daemon.restart()
        while lab.virsh("domcontrol", "web").strip() != "ok":
            continue  # it still asks QEMU what became of its jobs
        deleting(lab, "one").refused(55, Why.UNFINISHED, names="two")
        assert libvirts_answer(lab, "one") == 55
        with Terminal(["-c", lab.uri, "web"]) as terminal:
            at_snapshots(terminal, "one", "two", "three")
            terminal.wait("a delete above it was not finished")
        deleting(lab, "two").run()
    assert lab.snapshots("web") == ["one", "three"]
    assert "InProgress" not in lab.virsh("snapshot-dumpxml", "web", "one")


# -- beneath overlays --------------------------------------------------------------------------


@pytest.mark.parametrize("state", sample(1, [OFF, RUNNING]))
def test_a_revert_beneath_overlays_spoils_what_lies_above_and_says_so(lab: Lab, state: str) -> None:
    """libvirt 9.0 writes to the base without a word, and deletes the external one no more."""
    lab.define("web", disks=("vda", "vdb"), running=state == RUNNING)
    lab.snapshot("web", "deep")
    next_second()
    lab.virsh("destroy", "web", check=False)
    for target in ("vda", "vdb"):
        write(lab.image("web", target), 0x22)
    extern(lab, "over")
    lab.snapshot("web", "inside")
    start(lab, state)
    assert shows(overlay(lab, "over"), 0x22)
    with Terminal(["-c", lab.uri, "web"], size=(160, 40)) as terminal:
        at_snapshots(terminal, "deep", "over", "inside")
        terminal.press("r")
        terminal.wait(
            "Revert web to deep",
            "all that vda, vdb hold now",
            "Undo: NO, a snapshot of now would lie upon",
        )
        terminal.wait("To keep the current state, first copy")
        terminal.press("tab", "tab", "tab", *["down"] * 4)
        terminal.wait("inside becomes unusable: it is in", "over becomes unusable: only its")
        confirm(terminal, typed="web")
        terminal.wait("Revert web to deep: done", "E broken", "I broken")
        assert lab.state("web") == state
        assert sources(lab) == {t: lab.image("web", t) for t in ("vda", "vdb")}
        assert shows(lab.image("web"), 0x11)
        assert not shows(overlay(lab, "over"), 0x22), "it is not spoilt any more"
        terminal.press("g", "j")
        terminal.wait("broken: the backing file of its overlay was written to after it")
        terminal.press("d")
        terminal.wait("over is broken", "delete only its metadata", gone="Ready, ")
        terminal.press("tab", "tab", "right")
        confirm(terminal)
        terminal.wait("Delete the metadata of over of web: done")
    assert overlay(lab, "over").exists()
    assert lab.snapshots("web") == ["deep", "inside"]
    Planned(lab, RevertIntent(key_of(lab), "inside")).refused(None, Why.BROKEN, name="inside")


def test_no_snapshot_of_now_survives_a_revert_beneath(lab: Lab) -> None:
    """Neither inside the overlay nor as another overlay: so there is no undo."""
    lab.define("web")
    lab.snapshot("web", "deep")
    next_second()
    write(lab.image("web"), 0x22)
    extern(lab, "over")
    lab.snapshot("web", "inside")
    extern(lab, "again")
    extern(lab, "last")
    planned = Planned(lab, RevertIntent(key_of(lab), "deep", safety=SafetyKind.DISKS))
    planned.refused(None, Why.NO_SAFETY_BENEATH, disk="vda")
    assert shows(overlay(lab, "again"), 0x22)
    lab.virsh("snapshot-revert", "web", "deep")
    assert not shows(overlay(lab, "again"), 0x22)
    for name in ("last", "again", "over"):
        Planned(lab, DeleteIntent(key_of(lab), name, metadata_only=True)).run()
    lab.virsh("snapshot-revert", "web", "inside")
    assert sources(lab) == {"vda": overlay(lab, "over")}
    assert not shows(overlay(lab, "over"), 0x22)


def test_a_revert_beneath_is_refused_where_another_would_be_spoilt(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "deep")
    extern(lab, "over")
    clone, base = lab.images / "clone.qcow2", str(lab.image("web"))
    qemu_img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", str(clone))
    planned = Planned(lab, RevertIntent(key_of(lab), "deep"))
    planned.refused(None, Why.USER_SEES_OTHER_DATA, path=base)
    clone.unlink()
    assert Planned(lab, RevertIntent(key_of(lab), "deep")).plan.possible


def test_an_internal_snapshot_in_the_overlay_of_now_is_reverted_to_as_ever(lab: Lab) -> None:
    lab.define("web")
    extern(lab, "over")
    write(overlay(lab, "over"), 0x22)
    lab.snapshot("web", "inside")
    write(overlay(lab, "over"), 0x33)
    Planned(lab, RevertIntent(key_of(lab), "inside")).run()
    assert holds(overlay(lab, "over"), 0x22)
    assert sources(lab) == {"vda": overlay(lab, "over")}


def test_a_record_from_elsewhere_is_looked_at_where_the_next_one_names_its_overlay(
    newer_lab: Lab,
) -> None:
    """libvirt takes the overlay from what is below, and what it lies upon from the record."""
    key = newer_lab.define("web")
    for name in ("one", "two"):
        newer_lab.snapshot("web", name, "--disk-only")
    record = newer_lab.directory / "one.xml"
    text = newer_lab.virsh("snapshot-dumpxml", "web", "one")
    record.write_text(text.replace(f"'{newer_lab.images}/", "'/elsewhere/"))
    newer_lab.virsh("snapshot-create", "web", str(record), "--redefine")
    newer_lab.start("web")
    plan = Planned(newer_lab, DeleteIntent(key, "one")).plan
    assert {one.code for one in plan.refusals} == {libvirt.VIR_ERR_OPERATION_FAILED}
    said = newer_lab.virsh("snapshot-delete", "web", "one", check=False)
    assert "disk source and parent disk source are not the same" in said


@pytest.mark.parametrize(
    ("disks", "gone", "level"),
    [
        (("vda",), "vda", "a"),
        (("vda",), "vda", "b"),
        (("vda", "vdb"), "vda", "b"),
        (("vda", "vdb"), "vdb", "a"),
    ],
)
@pytest.mark.parametrize("name", ["a", "b"])
@pytest.mark.parametrize("fixture", ["lab", "newer_lab"])
def test_the_error_where_an_overlay_is_gone_is_the_one_that_is_foretold(
    request: pytest.FixtureRequest,
    fixture: str,
    disks: tuple[str, ...],
    gone: str,
    level: str,
    name: str,
) -> None:
    """libvirt looks for the overlay first, and opens the chain after that."""
    any_lab: Lab = request.getfixturevalue(fixture)
    chain(any_lab, "a", "b", disks=disks)
    overlay(any_lab, level, gone).unlink()
    plan = planned(any_lab, DeleteIntent(any_lab.key("web"), name))
    foretold = {one.code for one in plan.refusals}
    connection = libvirt.open(any_lab.uri)
    try:
        with pytest.raises(libvirt.libvirtError) as told:
            connection.lookupByName("web").snapshotLookupByName(name).delete()
    finally:
        connection.close()
    assert foretold == {told.value.get_error_code()}


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("moved", [False, True])
def test_a_snapshot_that_holds_nothing_goes_where_libvirt_deletes_it(
    newest_lab: Lab, running: bool, moved: bool
) -> None:
    """All disks were left to other means; libvirt takes it for an internal one."""
    lab = newest_lab
    path = lab.image("web")
    qemu_img("create", "-q", "-f", "qcow2", str(path), "4M")
    key = lab.define_disks(
        "web",
        f"<disk type='file' device='disk' snapshot='manual'><driver name='qemu' type='qcow2'/>"
        f"<source file='{path}'/><target dev='vda' bus='virtio'/></disk>",
    )
    lab.snapshot("web", "empty")
    if moved:
        spec = f"vda,snapshot=external,file={path}.over"
        lab.snapshot("web", "over", "--disk-only", "--diskspec", spec)
    if running:
        lab.start("web")
    plan = planned(lab, DeleteIntent(key, "empty"))
    with closing(libvirt.open(lab.uri)) as connection:
        empty = connection.lookupByName("web").snapshotLookupByName("empty")
        if running and moved:
            assert {one.code for one in plan.refusals} == {libvirt_codes.OPERATION_UNSUPPORTED}
            with pytest.raises(libvirt.libvirtError) as told:
                empty.delete()
            assert told.value.get_error_code() == libvirt_codes.OPERATION_UNSUPPORTED
        else:
            assert plan.possible
            empty.delete()


def answered(lab: Lab, name: str) -> int | None:
    """What libvirt says to the delete: the code of its error, or nothing."""
    connection = libvirt.open(lab.uri)
    try:
        connection.lookupByName("web").snapshotLookupByName(name).delete()
    except libvirt.libvirtError as error:
        return int(error.get_error_code())
    finally:
        connection.close()
    return None


def test_what_an_overlay_lies_upon_is_looked_at_before_its_parent(every_lab: Lab) -> None:
    """After a merge by hand beneath it, of a guest that runs."""
    lab = every_lab
    key = lab.define("web", running=True)
    lab.snapshot("web", "out", "--disk-only")
    lab.snapshot("web", "inside")
    lab.snapshot("web", "over", "--disk-only")
    base = lab.image("web")
    between = ("--top", str(base.with_suffix(".out")), "--base", str(base))
    lab.virsh("blockcommit", "web", "vda", *between, "--wait", "--delete")
    plan = planned(lab, DeleteIntent(key, "over"))
    assert {one.code for one in plan.refusals} == {answered(lab, "over")}


def test_a_disk_that_was_taken_away_is_not_looked_at(every_lab: Lab) -> None:
    lab = every_lab
    key = lab.define("web", disks=("vda", "vdb"))
    lab.snapshot("web", "inside")
    lab.snapshot("web", "over", "--disk-only")
    lab.virsh("detach-disk", "web", "vdb", "--config")
    lab.start("web")
    plan = planned(lab, DeleteIntent(key, "over"))
    assert Why.PARENT_INSIDE in {one.why for one in plan.refusals}
    assert {one.code for one in plan.refusals} - {None} == {answered(lab, "over")}
