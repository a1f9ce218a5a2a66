"""Images upon which others lie: linked clones of a template, and two domains on one file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from snaptui.model.choices import Form, RunState, SafetyKind
from snaptui.model.disk import Presence
from snaptui.model.domain import DomainKey
from snaptui.model.snapshot import SnapshotDisk
from snaptui.plan.outcome import UndoBy
from snaptui.plan.plan import CreateIntent, DeleteIntent, DeleteManyIntent, RevertIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.words.why import Why
from tests.lab import Lab, entries, qemu_img, write
from tests.live.planned import planned
from tests.unit.made import assert_refused

DOMAIN = """\
<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices><disk type='file' device='disk'>
<driver name='qemu' type='qcow2'/><source file='{path}'/><target dev='vda' bus='virtio'/></disk>
</devices></domain>
"""


def content(path: Path) -> str:
    """A hash of what a guest reads from an image."""
    raw = path.with_suffix(".read")
    qemu_img("convert", "-U", "-O", "raw", str(path), str(raw))
    found = hashlib.sha256(raw.read_bytes()).hexdigest()
    raw.unlink()
    return found


def template(lab: Lab) -> DomainKey:
    """A domain with the snapshot ``golden``, written to since."""
    key = lab.define("tmpl")
    lab.snapshot("tmpl", "golden")
    write(lab.image("tmpl"), 0x22)
    return key


def clone(lab: Lab, base: Path, name: str) -> Path:
    made = lab.images / f"{name}.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-b", str(base), "-F", "qcow2", str(made))
    return made


def defined(lab: Lab, name: str, path: Path) -> None:
    lab.define_xml(DOMAIN.format(name=name, path=path))


@contextmanager
def unchanged(*paths: Path) -> Iterator[None]:
    before = [content(path) for path in paths]
    yield
    assert [content(path) for path in paths] == before


def revert(key: DomainKey, kind: SafetyKind = SafetyKind.NONE) -> RevertIntent:
    return RevertIntent(key, "golden", safety=kind)


@pytest.mark.parametrize("running", [False, True], ids=["off", "running"])
def test_a_revert_is_refused_and_names_who_lies_upon_it(lab: Lab, running: bool) -> None:
    key, base = template(lab), lab.image("tmpl")
    made = clone(lab, base, "a")
    defined(lab, "web", made)
    if running:
        lab.start("tmpl")
    before = content(made)
    plan = planned(lab, revert(key))
    user = f"the image {made}, which lies upon it (disk vda of web)"
    assert_refused(plan, Why.USER_SEES_OTHER_DATA, path=str(base), user=user)
    assert plan.refusals[0].harm is Harm.OTHER_LOST
    lab.virsh("snapshot-revert", "tmpl", "golden")
    assert content(made) != before, "libvirt does it, and the clone reads something else"


def test_at_any_depth_and_by_what_snapshots_say(lab: Lab) -> None:
    key = template(lab)
    middle = clone(lab, lab.image("tmpl"), "middle")
    top = clone(lab, middle, "top")
    defined(lab, "web", top)
    lab.snapshot("web", "kept")
    aside = clone(lab, lab.image("tmpl"), "aside")
    lab.define_xml(lab.xml("web").replace(str(top), str(aside)))
    plan = planned(lab, revert(key))
    assert {dict(refusal.names)["user"] for refusal in plan.refusals} == {
        f"the image {aside}, which lies upon it (disk vda of web)",
        f"the image {middle}, which lies upon it (disk vda of the snapshot kept of web)",
    }


def test_two_domains_on_one_file(lab: Lab) -> None:
    key = template(lab)
    defined(lab, "twin", lab.image("tmpl"))
    assert_refused(planned(lab, revert(key)), Why.USER_SEES_OTHER_DATA, user="disk vda of twin")


def test_what_changes_nothing_that_a_clone_reads_is_done(lab: Lab) -> None:
    key = template(lab)
    made = clone(lab, lab.image("tmpl"), "a")
    defined(lab, "web", made)
    with unchanged(made):
        planned(lab, CreateIntent(key, "more", "", Form.INTERNAL), carry_out=True)
        planned(lab, DeleteIntent(key, "golden"), carry_out=True)
        planned(lab, CreateIntent(key, "over", "", Form.DISK_ONLY), carry_out=True)
    assert lab.snapshots("tmpl") == ["more", "over"]


def test_its_own_images_are_no_clones(lab: Lab) -> None:
    key = template(lab)
    assert planned(lab, revert(key, SafetyKind.DISKS)).possible


def test_inside_a_clone_nothing_is_changed_while_its_template_runs(lab: Lab) -> None:
    """QEMU's tools do not open it then; a delete forgets the record all the same."""
    template(lab)
    made = clone(lab, lab.image("tmpl"), "web")
    defined(lab, "web", made)
    lab.snapshot("web", "s1")
    key = lab.key("web")
    lab.start("tmpl")
    for intent, code, harm in (
        (CreateIntent(key, "s2", ""), 1, None),
        (RevertIntent(key, "s1"), 1, None),
        (DeleteIntent(key, "s1"), None, Harm.LEFT_INSIDE),
    ):
        plan = planned(lab, intent)
        assert_refused(plan, Why.IMAGE_WRITTEN_BENEATH, lower=str(lab.image("tmpl")))
        assert {(one.code, one.harm) for one in plan.refusals} == {(code, harm)}
    assert "shared" in lab.virsh("snapshot-create-as", "web", "s2", check=False)
    assert "shared" in lab.virsh("snapshot-revert", "web", "s1", check=False)
    lab.virsh("snapshot-delete", "web", "s1")
    lab.destroy("tmpl")
    assert [name for _, name in entries(made)] == ["s1"]
    assert lab.snapshots("web") == []
    planned(lab, CreateIntent(key, "s2", ""), carry_out=True)


def test_what_another_domain_on_the_file_keeps_inside_is_not_to_delete(lab: Lab) -> None:
    key = template(lab)
    defined(lab, "web", lab.image("tmpl"))
    lab.snapshot("web", "s1")
    (why,) = planned(lab, DeleteManyIntent(key, (), ("s1",))).refusals
    assert (why.why, why.harm) == (Why.UNMANAGED_OF_OTHER, Harm.OTHER_LOST)
    assert "web" in dict(why.names)["user"]
    lab.virsh("snapshot-delete", "web", "s1", "--metadata")
    planned(lab, DeleteManyIntent(key, (), ("s1",)), carry_out=True)
    assert [name for _, name in entries(lab.image("tmpl"))] == ["golden"]


def test_a_raw_template_may_run_while_its_clone_is_changed(lab: Lab) -> None:
    """QEMU opens a raw image beneath others while it is written to, and no qcow2."""
    lab.define("tmpl", format="raw")
    made = lab.images / "clone.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-b", str(lab.image("tmpl")), "-F", "raw", str(made))
    defined(lab, "web", made)
    lab.start("tmpl")
    planned(lab, CreateIntent(lab.key("web"), "s1", ""), carry_out=True)
    planned(lab, DeleteIntent(lab.key("web"), "s1"), carry_out=True)
    assert entries(made) == []


def test_a_raw_disk_that_a_running_clone_lies_upon_forbids_a_merge_beside_it(lab: Lab) -> None:
    """The QEMU that merges opens all disks to write, and the clone's has locked this one."""
    lab.define("raw", format="raw")
    web, raw, made = lab.images / "web.qcow2", lab.image("raw"), lab.images / "clone.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(web), "8M")
    disks = "".join(
        f"<disk type='file' device='disk'><driver name='qemu' type='{form}'/>"
        f"<source file='{path}'/><target dev='{target}' bus='virtio'/></disk>"
        for form, path, target in (("qcow2", web, "vda"), ("raw", raw, "vdb"))
    )
    key = lab.define_disks("web", disks)
    lab.virsh("undefine", "raw")
    qemu_img("create", "-q", "-f", "qcow2", "-b", str(raw), "-F", "raw", str(made))
    defined(lab, "clone", made)
    lab.start("clone")
    left_out = (SnapshotDisk("vdb", Presence.NO),)
    create = CreateIntent(key, "one", "", form=Form.DISK_ONLY, disks=left_out)
    assert planned(lab, create, carry_out=True).undo.by is UndoBy.MERGE_ONCE_OPENED
    assert_refused(planned(lab, DeleteIntent(key, "one")), Why.IMAGE_OPEN, disk="vdb")
    assert "Failed to get" in lab.virsh("snapshot-delete", "web", "one", check=False)
    lab.virsh("destroy", "clone")
    planned(lab, DeleteIntent(key, "one"), carry_out=True)


def test_a_clone_is_not_started_by_a_revert_while_its_raw_template_runs(
    reverting_lab: Lab,
) -> None:
    """qemu-img opens it meanwhile, and makes the overlay; its guest does not start."""
    lab = reverting_lab
    raw, made = lab.images / "tmpl.raw", lab.images / "clone.qcow2"
    raw.write_bytes(bytes(4 << 20))
    lab.define_xml(DOMAIN.format(name="tmpl", path=raw).replace("type='qcow2'", "type='raw'"))
    qemu_img("create", "-q", "-f", "qcow2", "-b", str(raw), "-F", "raw", str(made))
    defined(lab, "web", made)
    lab.snapshot("web", "s", "--disk-only")
    lab.start("tmpl")
    back = RevertIntent(lab.key("web"), "s", RunState.RUNNING, SafetyKind.NONE)
    plan = planned(lab, back)
    assert_refused(plan, Why.IMAGE_WRITTEN_BENEATH, lower=str(raw))
    assert "lock" in lab.virsh("snapshot-revert", "web", "s", "--running", check=False)
    assert not any(
        one.why is Why.IMAGE_WRITTEN_BENEATH
        for one in planned(lab, RevertIntent(lab.key("web"), "s", safety=SafetyKind.NONE)).refusals
    )
