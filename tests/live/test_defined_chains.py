"""Backing files that a definition names and the images do not, after somebody merged by hand."""

from __future__ import annotations

from pathlib import Path

import libvirt
import pytest

from snaptui.model.choices import RunState, SafetyKind
from snaptui.model.domain import DomainKey
from snaptui.plan.plan import CreateIntent, DeleteIntent, EditIntent, RevertIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.remark import Unchecked
from snaptui.plan.words.why import Why
from tests.lab import Lab, holds, qemu_img, without_chain, write
from tests.live.planned import planned
from tests.unit.made import assert_refused, assert_said

TOP, MIDDLE = ".b", ".a"


@pytest.fixture
def lab(every_lab: Lab) -> Lab:
    """Of each stack."""
    return every_lab


def layered(lab: Lab) -> DomainKey:
    """A guest that runs upon two overlays, of which libvirt has noted the chain."""
    key = lab.define("web", running=True)
    for name in ("a", "b"):
        lab.snapshot("web", name, "--disk-only")
    return key


def image(lab: Lab, end: str) -> Path:
    return lab.image("web").with_suffix(end)


@pytest.mark.parametrize("running", [False, True])
def test_metadata_that_name_a_merged_overlay_leave_no_domain_that_does_not_start(
    lab: Lab, running: bool
) -> None:
    """The line that is told makes the revert work."""
    key = layered(lab)
    if not running:
        lab.destroy("web")
    lab.snapshot("web", "inside")
    back = RevertIntent(key, "inside", safety=SafetyKind.NONE)
    assert planned(lab, back).possible
    if running:
        base = str(lab.image("web"))
        commit = ("--top", str(image(lab, MIDDLE)), "--base", base, "--wait")
        lab.virsh("blockcommit", "web", "vda", *commit)
    else:
        qemu_img("commit", "-q", str(image(lab, MIDDLE)))
        upon = ("-b", str(lab.image("web")), "-F", "qcow2")
        qemu_img("rebase", "-u", *upon, str(image(lab, TOP)))
        lab.define_xml(without_chain(lab.xml("web", inactive=True)))
    still_there = planned(lab, back)
    assert_said(still_there.unchecked, Unchecked.CHAIN_RECORDED, named=str(image(lab, MIDDLE)))
    assert still_there.type_name
    image(lab, MIDDLE).unlink()
    plan = planned(lab, back)
    assert_refused(plan, Why.RECORDED_BENEATH_GONE, path=str(image(lab, MIDDLE)), disk="vda")
    (refusal,) = plan.refusals
    assert (refusal.code is not None, refusal.harm) == (running, Harm.NO_START)
    record = lab.virsh("snapshot-dumpxml", "web", "inside", "--security-info")
    answer = lab.virsh("snapshot-revert", "web", "inside", check=False)
    assert answer.startswith("error") is running
    assert lab.state("web") == "shut off"
    assert "Cannot access backing file" in lab.virsh("start", "web", check=False)
    edited = lab.directory / "inside.xml"
    edited.write_text(without_chain(record))
    lab.virsh("snapshot-create", "web", "--redefine", "--current", str(edited))
    planned(lab, back, carry_out=True)
    assert lab.state("web") == ("running" if running else "shut off")


def test_the_chain_of_a_definition_is_what_a_guest_reads(lab: Lab) -> None:
    """Whoever sets the disk to a new overlay, and leaves the chain, starts with other data."""
    key = layered(lab)
    lab.destroy("web")
    write(image(lab, MIDDLE), 0x22)
    new = image(lab, ".new")
    qemu_img("create", "-q", "-f", "qcow2", "-b", str(lab.image("web")), "-F", "qcow2", str(new))
    xml = lab.xml("web", inactive=True).replace(str(image(lab, TOP)), str(new))
    lab.define_xml(xml)
    create = CreateIntent(key, "new", "")
    beneath = str(lab.image("web"))
    wrong = planned(lab, create)
    assert_said(wrong.unchecked, Unchecked.CHAIN_DEFINED, beneath=beneath)
    assert wrong.type_name
    assert holds(new, 0x11)
    lab.start("web")
    assert image(lab, MIDDLE).name in lab.xml("web"), "QEMU has another one beneath it"
    assert_said(planned(lab, create).unchecked, Unchecked.CHAIN_DEFINED, beneath=beneath)
    lab.destroy("web")
    lab.define_xml(without_chain(xml))
    assert planned(lab, create).unchecked == ()
    lab.start("web")
    assert image(lab, MIDDLE).name not in lab.xml("web")


def test_a_link_to_the_same_file_is_no_other(lab: Lab) -> None:
    key = layered(lab)
    lab.destroy("web")
    beside = lab.directory / "link"
    beside.symlink_to(lab.images)
    xml = lab.xml("web", inactive=True)
    path = str(image(lab, MIDDLE))
    lab.define_xml(xml.replace(path, str(beside / image(lab, MIDDLE).name)))
    plan = planned(lab, RevertIntent(key, "a", RunState.RECORDED, safety=SafetyKind.NONE))
    said = {one.what for one in plan.unchecked}
    assert not said & {Unchecked.CHAIN_DEFINED, Unchecked.CHAIN_RECORDED}


@pytest.mark.parametrize("running", [False, True])
def test_a_delete_of_libvirts_own_takes_it_out_of_the_metadata(lab: Lab, running: bool) -> None:
    key = layered(lab)
    lab.snapshot("web", "inside")
    if not running:
        lab.destroy("web")
    delete = planned(lab, DeleteIntent(key, "a"), carry_out=True)
    assert not image(lab, MIDDLE).exists()
    assert delete.possible
    plan = planned(lab, RevertIntent(key, "inside", safety=SafetyKind.NONE), carry_out=True)
    assert plan.unchecked == ()
    assert lab.state("web") == "running"


@pytest.mark.parametrize("start", [False, True])
def test_so_it_is_with_an_external_one(reverting_lab: Lab, start: bool) -> None:
    lab = reverting_lab
    key = layered(lab)
    lab.snapshot("web", "c", "--disk-only")
    base = str(lab.image("web"))
    commit = ("--top", str(image(lab, MIDDLE)), "--base", base, "--wait", "--delete")
    lab.virsh("snapshot-delete", "web", "a", "--metadata")
    lab.virsh("blockcommit", "web", "vda", *commit)
    assert not image(lab, MIDDLE).exists()
    state = RunState.RUNNING if start else RunState.RECORDED
    plan = planned(lab, RevertIntent(key, "c", state, safety=SafetyKind.NONE))
    assert_refused(plan, Why.RECORDED_BENEATH_GONE, path=str(image(lab, MIDDLE)), disk="vda")
    codes = {one.code for one in plan.refusals}
    connection = libvirt.open(lab.uri)
    snapshot = connection.lookupByName("web").snapshotLookupByName("c")
    try:
        connection.lookupByName("web").revertToSnapshot(
            snapshot, libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING if start else 0
        )
        code = None
    except libvirt.libvirtError as error:
        code = error.get_error_code()
    del snapshot
    connection.close()
    assert codes == {code}
    assert lab.state("web") == "shut off"
    assert "Cannot access backing file" in lab.virsh("start", "web", check=False)


def test_a_guest_may_write_elsewhere_than_its_definition_says(reverting_lab: Lab) -> None:
    """A managed save that is older than an external snapshot brings the images of then back."""
    lab = reverting_lab
    key = lab.define("web", running=True)
    lab.virsh("managedsave", "web")
    lab.snapshot("web", "of-the-definition", "--disk-only")
    lab.start("web")
    lab.snapshot("web", "two", "--disk-only")
    before = lab.virsh("snapshot-dumpxml", "web", "two")
    wrote, defined = str(lab.image("web")), str(image(lab, ".of-the-definition"))
    assert wrote in before.partition("<inactiveDomain")[0]
    assert defined in before.partition("<inactiveDomain")[2]
    plan = planned(lab, RevertIntent(key, "two", safety=SafetyKind.NONE))
    assert_refused(plan, Why.DEFINED_OTHERWISE_NOT_YET, name="two", disk="vda")
    planned(lab, EditIntent(key, "two", "described"), carry_out=True)
    after = lab.virsh("snapshot-dumpxml", "web", "two").replace(
        "  <description>described</description>\n", ""
    )
    assert after == before
