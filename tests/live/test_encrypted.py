"""Encrypted images: what is refused before libvirt leaves a domain that does not start."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest

from snaptui.model.choices import Form, SafetyKind, Scope
from snaptui.model.disk import Presence
from snaptui.model.domain import DomainKey
from snaptui.model.libvirt_codes import INTERNAL_ERROR
from snaptui.model.snapshot import SnapshotDisk
from snaptui.plan.plan import (
    AdoptIntent,
    CreateIntent,
    DeleteIntent,
    DeleteManyIntent,
    RevertIntent,
)
from snaptui.plan.refusal import Harm
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from tests.lab import MIB, Lab, encrypted_image, entries, next_second, qemu_img
from tests.live.planned import planned
from tests.unit.made import assert_refused, assert_said

UUID = "0f0f0f0f-1111-2222-3333-444444444444"
SECRET = "<secret type='passphrase' uuid='{uuid}'/>"
DOMAIN = """\
<domain type='qemu'><name>enc</name><memory unit='MiB'>32</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices><disk type='file' device='disk'>
<driver name='qemu' type='qcow2'/><source file='{path}'><encryption format='luks'>{secret}
</encryption></source><target dev='vda' bus='virtio'/></disk></devices></domain>
"""
LOWER = """\
<backingStore type='file'><format type='qcow2'/><source file='{path}'>
<encryption format='luks'>{secret}</encryption></source></backingStore><target dev='vda'"""


@pytest.fixture
def lab(every_lab: Lab) -> Lab:
    """Of each stack."""
    return every_lab


@pytest.fixture
def key(lab: Lab) -> Iterator[DomainKey]:
    """A domain with an encrypted disk, whose key the host has."""
    path = lab.images / "enc.qcow2"
    encrypted_image(path, 8 * MIB)
    secret = lab.directory / "secret.xml"
    secret.write_text(
        f"<secret ephemeral='no' private='no'><uuid>{UUID}</uuid>"
        f"<usage type='volume'><volume>{path}</volume></usage></secret>"
    )
    lab.virsh("secret-define", str(secret))
    lab.virsh("secret-set-value", UUID, base64.b64encode(b"a key").decode())
    lab.define_xml(DOMAIN.format(path=path, secret=SECRET.format(uuid=UUID)))
    yield lab.key("enc")
    lab.virsh("secret-undefine", UUID)


def test_while_off_nothing_is_taken(lab: Lab, key: DomainKey) -> None:
    inside = planned(lab, CreateIntent(key, "a", "", Form.INTERNAL))
    assert_refused(inside, Why.ENCRYPTED_INSIDE, disk="vda")
    outside = planned(lab, CreateIntent(key, "a", "", Form.DISK_ONLY))
    assert_refused(outside, Why.ENCRYPTED_WHILE_OFF, disk="vda")
    assert outside.refusals[0].harm is Harm.NO_START


def test_while_it_runs_an_overlay_is_taken_and_said_to_be_plain(lab: Lab, key: DomainKey) -> None:
    lab.start("enc")
    assert_refused(planned(lab, CreateIntent(key, "a", "", Form.INTERNAL)), Why.ENCRYPTED_INSIDE)
    plan = planned(lab, CreateIntent(key, "a", "", Form.DISK_ONLY), carry_out=True)
    assert_said(plan.warnings, Warn.OVERLAY_PLAIN, disks="vda")
    overlay = lab.images / "enc.a"
    assert "encrypted: yes" not in qemu_img("info", "-U", str(overlay))
    text = b"what the guest writes next"
    monitor = "qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend"
    lab.virsh("qemu-monitor-command", "enc", "--hmp", f'{monitor} "write -P {text[0]} 0 1M"')
    lab.virsh("qemu-monitor-command", "enc", "--hmp", f'{monitor} "flush"')
    assert bytes([text[0]]) * 65536 in overlay.read_bytes(), "it can be read in the overlay"
    planned(lab, DeleteIntent(key, "a"), carry_out=True)
    assert lab.state("enc") == "running"


def test_what_an_encrypted_image_alone_holds_is_left_inside_by_libvirt(
    lab: Lab, key: DomainKey
) -> None:
    """It has no key for qemu-img, and reports success all the same."""
    path = lab.images / "enc.qcow2"
    how = f"driver=qcow2,encrypt.key-secret=k,file.filename={path}"
    locked = ("snapshot", "--object", "secret,id=k,data=a key", "--image-opts")
    qemu_img(*locked, "-c", "s", how)
    plan = planned(lab, DeleteManyIntent(key, (), ("s",)))
    assert_refused(plan, Why.ENCRYPTED_INSIDE, disk="vda")
    assert {(one.code, one.harm) for one in plan.refusals} == {(None, Harm.LEFT_INSIDE)}
    planned(lab, AdoptIntent(key, "s"), carry_out=True)
    lab.virsh("snapshot-delete", "enc", "s")
    assert entries(path) == [("1", "s")]
    qemu_img(*locked, "-d", "s", how)
    assert entries(path) == [], "the way round"


def test_a_definition_that_lost_it_is_recognised_and_the_way_back_works(
    lab: Lab, key: DomainKey
) -> None:
    base, overlay = lab.images / "enc.qcow2", lab.images / "enc.a"
    lab.snapshot("enc", "a", "--disk-only")
    assert "Failed to start" in lab.virsh("start", "enc", check=False)
    for intent in (
        CreateIntent(key, "b", "", Form.DISK_ONLY),
        DeleteIntent(key, "a"),
    ):
        plan = planned(lab, intent)
        assert_refused(plan, Why.ENCRYPTION_LOST, disk="vda", path=str(base))
    (nothing,) = planned(lab, DeleteIntent(key, "a", Scope.CHILDREN)).refusals
    assert nothing.why is Why.NOTHING_BELOW
    xml = lab.xml("enc", inactive=True)
    assert str(overlay) in xml
    again = LOWER.format(path=base, secret=SECRET.format(uuid=UUID))
    lab.define_xml(xml.replace("<target dev='vda'", again))
    lab.start("enc")
    planned(lab, DeleteIntent(key, "a"), carry_out=True)
    assert lab.snapshots("enc") == []


def test_an_encrypted_overlay_is_not_reused(lab: Lab) -> None:
    """A create names no secret: QEMU refuses it, or the domain does not start any more."""
    key = lab.define("plain")
    overlay = lab.images / "overlay.qcow2"
    encrypted_overlay(lab.image("plain"), overlay)
    part = SnapshotDisk("vda", Presence.EXTERNAL, str(overlay))
    reuse = CreateIntent(key, "a", "", Form.DISK_ONLY, disks=(part,), reuse=True)
    by_hand = ("--disk-only", "--reuse-external", "--diskspec", f"vda,file={overlay}")
    lab.start("plain")
    running = planned(lab, reuse)
    assert_refused(running, Why.REUSED_ENCRYPTED, path=str(overlay))
    assert running.refusals[0].code == INTERNAL_ERROR
    said = lab.virsh("snapshot-create-as", "plain", "a", *by_hand, check=False)
    assert "encrypt.key-secret" in said
    lab.destroy("plain")
    off = planned(lab, reuse)
    assert_refused(off, Why.REUSED_ENCRYPTED, path=str(overlay))
    assert off.refusals[0].harm is Harm.NO_START
    lab.snapshot("plain", "a", *by_hand)
    assert "Failed to start" in lab.virsh("start", "plain", check=False)


def test_an_encrypted_raw_disk_holds_no_snapshot(lab: Lab) -> None:
    """While the guest runs an overlay of it is taken, and is as plain as upon qcow2."""
    path = lab.images / "raw.luks"
    secret = lab.directory / "secret.xml"
    lock = ("-o", "key-secret=k,iter-time=10", "--object", "secret,id=k,data=a key")
    qemu_img("create", "-q", "-f", "luks", *lock, str(path), str(8 * MIB))
    secret.write_text(
        f"<secret ephemeral='no' private='no'><uuid>{UUID}</uuid>"
        f"<usage type='volume'><volume>{path}</volume></usage></secret>"
    )
    lab.virsh("secret-define", str(secret))
    lab.virsh("secret-set-value", UUID, base64.b64encode(b"a key").decode())
    xml = DOMAIN.format(path=path, secret=SECRET.format(uuid=UUID))
    lab.define_xml(xml.replace("type='qcow2'", "type='raw'"))
    key = lab.key("enc")
    lab.start("enc")
    try:
        inside = planned(lab, CreateIntent(key, "a", "", Form.INTERNAL))
        assert not inside.possible
        said = lab.virsh("snapshot-create-as", "enc", "a", check=False)
        assert said.startswith("error"), "libvirt takes none either"
        outside = planned(lab, CreateIntent(key, "a", "", Form.DISK_ONLY), carry_out=True)
        assert_said(outside.warnings, Warn.OVERLAY_PLAIN, disks="vda")
        assert "encrypted: yes" not in qemu_img("info", "-U", str(lab.images / "raw.a"))
        planned(lab, DeleteIntent(key, "a"), carry_out=True)
        assert lab.state("enc") == "running"
    finally:
        lab.virsh("secret-undefine", UUID)


def encrypted_overlay(lower: Path, path: Path) -> None:
    encryption = "encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10"
    upon = ("-b", str(lower), "-F", "qcow2")
    secret = ("--object", "secret,id=key,data=a key")
    qemu_img("create", "-q", "-f", "qcow2", *secret, "-o", encryption, *upon, str(path))


def test_a_revert_by_hand_names_the_encryption_too(lab: Lab, key: DomainKey) -> None:
    lab.start("enc")
    lab.snapshot("enc", "a", "--disk-only")
    plan = planned(lab, RevertIntent(key, "a", safety=SafetyKind.NONE))
    by_hand = (Why.NO_EXTERNAL_REVERT, Way.OVERLAYS_BY_HAND_ENCRYPTED)
    assert (plan.refusals[0].why, plan.refusals[0].way) in (by_hand, (Why.ENCRYPTED_REVERT, None))
    base, again = lab.images / "enc.qcow2", lab.images / "enc.qcow2.again"
    lab.destroy("enc")
    qemu_img("create", "-q", "-f", "qcow2", "-b", str(base), "-F", "qcow2", str(again))
    xml = lab.xml("enc", inactive=True)
    lab.define_xml(xml.replace(str(lab.images / "enc.a"), str(again)))
    lab.start("enc")
    assert str(again) in lab.xml("enc")


def test_a_revert_that_drops_the_encryption_is_refused(reverting_lab: Lab) -> None:
    """libvirt 11.3 makes a plain overlay with no secret, and the definition loses its own."""
    path = reverting_lab.images / "enc.qcow2"
    encrypted_image(path, 8 * MIB)
    reverting_lab.define_xml(DOMAIN.format(path=path, secret=SECRET.format(uuid=UUID)))
    newer_key = reverting_lab.key("enc")
    reverting_lab.snapshot("enc", "a", "--disk-only")
    plan = planned(reverting_lab, RevertIntent(newer_key, "a", safety=SafetyKind.NONE))
    assert_refused(plan, Why.ENCRYPTED_REVERT, disk="vda")
    assert [one.harm for one in plan.refusals if one.why is Why.ENCRYPTED_REVERT] == [Harm.NO_START]
    assert {one.code for one in plan.refusals} == {None}, "libvirt does it"
    reverting_lab.virsh("snapshot-revert", "enc", "a")
    after = reverting_lab.xml("enc", inactive=True)
    assert "<encryption" not in after
    (made,) = [one for one in reverting_lab.images.iterdir() if one != path]
    assert str(made) in after
    assert "encrypted: yes" not in qemu_img("info", str(made))


def with_overlay_by_hand(lab: Lab) -> Path:
    """Let the domain write to an encrypted overlay, of which it has the key; its path."""
    base, overlay = lab.images / "enc.qcow2", lab.images / "enc.hand"
    encrypted_overlay(base, overlay)
    chain = LOWER.format(path=base, secret=SECRET.format(uuid=UUID))
    xml = lab.xml("enc").replace(f"file='{base}'", f"file='{overlay}'")
    lab.define_xml(xml.replace("<target dev='vda'", chain))
    return overlay


def encrypted_files(lab: Lab) -> dict[str, bool]:
    """Of each image, whether it is encrypted."""
    images = lab.images.iterdir()
    return {one.name: "encrypted: yes" in qemu_img("info", "-U", str(one)) for one in images}


def recorded_by_hand(lab: Lab, key: DomainKey, overlay: Path) -> None:
    """Tell libvirt of the overlay as an external snapshot of the image beneath."""
    base = DOMAIN.format(path=lab.images / "enc.qcow2", secret=SECRET.format(uuid=UUID))
    base = base.replace("</name>", f"</name><uuid>{key.uuid}</uuid>")
    record = lab.directory / "record.xml"
    record.write_text(
        "<domainsnapshot><name>a</name><creationTime>1700000000</creationTime>"
        "<state>disk-snapshot</state><memory snapshot='no'/><disks>"
        "<disk name='vda' snapshot='external' type='file'><driver type='qcow2'/>"
        f"<source file='{overlay}'/></disk></disks>{base}</domainsnapshot>"
    )
    lab.virsh("snapshot-create", "enc", str(record), "--redefine", "--current")


def test_an_encrypted_overlay_made_by_hand_is_merged(lab: Lab, key: DomainKey) -> None:
    overlay = with_overlay_by_hand(lab)
    recorded_by_hand(lab, key, overlay)
    planned(lab, DeleteIntent(key, "a"), carry_out=True)
    assert encrypted_files(lab) == {"enc.qcow2": True}
    lab.start("enc")
    assert lab.state("enc") == "running"


def test_a_revert_puts_a_plain_overlay_in_its_place(reverting_lab: Lab) -> None:
    """Taken while it ran, its record names what lay beneath: the domain starts, and writes plain.

    Of a record without that the new overlay has no secret either, and the domain does not start.
    """
    lab, path = reverting_lab, reverting_lab.images / "enc.qcow2"
    encrypted_image(path, 8 * MIB)
    secret = lab.directory / "secret.xml"
    secret.write_text(f"<secret ephemeral='no' private='no'><uuid>{UUID}</uuid></secret>")
    lab.virsh("secret-define", str(secret))
    lab.virsh("secret-set-value", UUID, base64.b64encode(b"a key").decode())
    try:
        lab.define_xml(DOMAIN.format(path=path, secret=SECRET.format(uuid=UUID)))
        key, overlay = lab.key("enc"), with_overlay_by_hand(lab)
        lab.start("enc")
        lab.snapshot("enc", "run", "--disk-only")
        lab.destroy("enc")
        plan = planned(lab, RevertIntent(key, "run", safety=SafetyKind.NONE))
        assert_refused(plan, Why.ENCRYPTED_REVERT_NOT_YET, disk="vda")
        lab.virsh("snapshot-revert", "enc", "run")
        plain = {one for one, encrypted in encrypted_files(lab).items() if not encrypted}
        assert len(plain) == 1
        assert lab.xml("enc").count("<encryption") == 2, "of what lies beneath"
        lab.start("enc")
        lab.destroy("enc")

        lab.virsh("snapshot-delete", "enc", "run", "--metadata")
        recorded_by_hand(lab, key, overlay)
        plan = planned(lab, RevertIntent(key, "a", safety=SafetyKind.NONE))
        assert_refused(plan, Why.ENCRYPTED_REVERT, disk="vda")
        assert {one.harm for one in plan.refusals} == {Harm.NO_START}
        next_second()  # the names of new overlays are the second
        lab.virsh("snapshot-revert", "enc", "a")
        assert "<encryption" not in lab.xml("enc")
        assert "Failed to start" in lab.virsh("start", "enc", check=False)
    finally:
        lab.virsh("secret-undefine", UUID)


def test_a_merge_needs_the_key_while_the_domain_is_off_alone(lab: Lab, key: DomainKey) -> None:
    lab.start("enc")
    lab.snapshot("enc", "a", "--disk-only")
    lab.virsh("secret-undefine", UUID)
    planned(lab, CreateIntent(key, "b", "", Form.DISK_ONLY), carry_out=True)
    planned(lab, DeleteIntent(key, "b"), carry_out=True)
    assert lab.state("enc") == "running"
    lab.destroy("enc")
    plan = planned(lab, DeleteIntent(key, "a"))
    assert_refused(plan, Why.KEY_GONE, device=f"the secret {UUID}")
    assert "Secret not found" in lab.virsh("snapshot-delete", "enc", "a", check=False)
    assert lab.snapshots("enc") == ["a"]
    assert (lab.images / "enc.a").exists()
    lab.virsh("secret-define", str(lab.directory / "secret.xml"))
    lab.virsh("secret-set-value", UUID, base64.b64encode(b"a key").decode())
    planned(lab, DeleteIntent(key, "a"), carry_out=True)


def test_where_nobody_answers_for_keys_that_is_told(
    lab: Lab, key: DomainKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As virtqemud has it without virtsecretd: that is an error of its own client."""
    lab.start("enc")
    lab.snapshot("enc", "a", "--disk-only")
    said = "Failed to connect socket to '/run/libvirt/virtsecretd-sock': No such file or directory"

    def out_of_reach(*_: object) -> None:
        error = libvirt.libvirtError(said)
        code, level = libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_ERR_ERROR
        error.err = (code, libvirt.VIR_FROM_RPC, said, level, None, None, None, -1, -1)
        raise error

    monkeypatch.setattr(libvirt.virConnect, "secretLookupByUUIDString", out_of_reach)
    assert planned(lab, DeleteIntent(key, "a")).possible
    lab.destroy("enc")
    plan = planned(lab, DeleteIntent(key, "a"))
    assert_refused(plan, Why.KEY_GONE, device=f"the secret {UUID}")
    assert any(said in one.words for one in plan.refusals)


def test_what_librbd_encrypts_is_on_rbd_alone(lab: Lab) -> None:
    """No cluster of Ceph is here: what QEMU makes of it while a guest runs was not measured."""
    raw = lab.images / "raw"
    raw.write_bytes(bytes(MIB))
    file = DOMAIN.format(path=raw, secret=SECRET.format(uuid=UUID)).replace("'qcow2'", "'raw'")
    file = file.replace("format='luks'", "format='luks2' engine='librbd'")
    definition = lab.directory / "librbd.xml"
    definition.write_text(file)
    assert "only with RBD" in lab.virsh("define", str(definition), check=False)
    source = "<source protocol='rbd' name='pool/image'><host name='127.0.0.1'/>"
    network = file.replace("type='file'", "type='network'").replace(
        f"<source file='{raw}'>", source
    )
    key = lab.define_xml(network)
    inside = planned(lab, CreateIntent(key, "in", ""))
    assert_refused(inside, Why.NOT_A_FILE, disk="vda")
    assert_refused(inside, Why.ENCRYPTED_INSIDE, disk="vda")
    assert "not supported" in lab.virsh("snapshot-create-as", "enc", "in", check=False)
    outside = planned(lab, CreateIntent(key, "out", "", Form.DISK_ONLY))
    assert_refused(outside, Why.NO_OVERLAY_NOT_YET, disk="vda")
    said = lab.virsh("snapshot-create-as", "enc", "out", "--disk-only", check=False)
    assert "regular file" in said


def test_what_is_there_all_the_same_is_neither_reverted_to_nor_deleted(
    lab: Lab, key: DomainKey
) -> None:
    """Its record alone: none can be taken."""
    xml = lab.xml("enc", inactive=True)
    record = lab.directory / "record.xml"
    record.write_text(
        "<domainsnapshot><name>in</name><creationTime>1700000000</creationTime>"
        f"<state>shutoff</state>{xml}</domainsnapshot>"
    )
    lab.virsh("snapshot-create", "enc", str(record), "--redefine")
    revert = planned(lab, RevertIntent(key, "in", safety=SafetyKind.NONE))
    assert_refused(revert, Why.ENCRYPTED_INSIDE)
    assert_refused(planned(lab, DeleteIntent(key, "in")), Why.ENCRYPTED_INSIDE)
    planned(lab, DeleteIntent(key, "in", metadata_only=True), carry_out=True)
