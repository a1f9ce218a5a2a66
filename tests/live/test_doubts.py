"""What cannot be looked at on a host counts against the changes that it could matter to."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from snaptui.backend.files.backing import named
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.backend.virt.named_files import idle_pool
from snaptui.common import shell
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.domain import DomainKey
from snaptui.model.doubts import Doubt, Unread
from snaptui.model.image import ImageKey, NotKnown
from snaptui.plan.image.orphan import aside_name
from snaptui.plan.plan import DeleteIntent, Plan, RemoveLeftover, RevertIntent
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.words.why import Why
from tests import pools
from tests.lab import Lab, qemu_img
from tests.live.planned import facts_of, planned
from tests.ssh import behind_ssh
from tests.unit.made import said

REMOTE = (
    "nbd://elsewhere/disk",
    "rbd:pool/image:id=admin",
    'json:{"driver":"qcow2","file":{"driver":"nbd","server":{"type":"inet","host":"h","port":"1"}}}',
    'json:{"driver":"raw","file.driver":"iscsi","file.portal":"h","file.target":"t"}',
)


@pytest.fixture
def key(lab: Lab) -> DomainKey:
    key = lab.define("web")
    lab.snapshot("web", "over", "--disk-only")
    return key


def upon(lab: Lab, name: str, beneath: str) -> Path:
    """An image whose header names what lies beneath in these words."""
    path = lab.images / name
    qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-u", "-b", beneath, str(path), "8M")
    return path


@contextmanager
def idle(lab: Lab, name: str, kind: str, *words: str) -> Iterator[None]:
    """A pool that is defined and not active."""
    lab.virsh("pool-define-as", name, kind, *words)
    try:
        yield
    finally:
        lab.virsh("pool-undefine", name)


@contextmanager
def odd_things(lab: Lab) -> Iterator[None]:
    """Much that cannot be looked at, none of which can have to do with a domain's image."""
    for number, name in enumerate(REMOTE):
        upon(lab, f"far{number}.qcow2", name)
    folder = lab.directory / "elsewhere"
    net = ("--source-host=h", "--source-path=/e", f"--target={folder}/net")
    with (
        idle(lab, "stale", "dir", f"--target={folder}/gone"),
        idle(lab, "net", "netfs", *net),
        idle(lab, "disk", "fs", "--source-dev=/dev/none", f"--target={folder}/fs"),
        idle(lab, "group", "logical", "--source-name=group", "--target=/dev/group"),
        pools.pool(lab, "p", folder) as active,
    ):
        (active / "sub").mkdir()
        (active / "net").mkdir()
        lab.virsh("pool-refresh", "p")
        yield


def share_here(lab: Lab) -> AbstractContextManager[None]:
    """A share that is not mounted, and whose place is where the images are."""
    source = ("--source-host=h", "--source-path=/here")
    return idle(lab, "here", "netfs", *source, f"--target={lab.images}")


def delete(lab: Lab, key: DomainKey) -> Plan:
    return planned(lab, DeleteIntent(key, "over"))


def test_odd_things_elsewhere_do_not_count(lab: Lab, key: DomainKey) -> None:
    with odd_things(lab):
        plan = delete(lab, key)
        assert (plan.unchecked, plan.type_name, plan.refusals) == ((), False, ())
        key = lab.define("db")
        lab.snapshot("db", "inside")
        revert = planned(lab, RevertIntent(key, "inside"))
        assert revert.possible
        assert Unchecked.LIES_UPON not in said(revert.unchecked)


def test_what_is_told_is_only_what_could_matter(lab: Lab, key: DomainKey) -> None:
    """The same pool, with its place where the images are."""
    with odd_things(lab), share_here(lab):
        plan = delete(lab, key)
        assert plan.type_name
        (doubt,) = facts_of(lab, DeleteIntent(key, "over")).doubts
        assert doubt == idle_pool("here", str(lab.images))
        assert plan.unchecked == (remark(Unchecked.OTHERS_USE, reason=doubt.words),)


def test_a_name_that_may_be_any_file_counts(lab: Lab, key: DomainKey) -> None:
    beneath = 'json:{"driver":"qcow2","file":"node0"}'
    path = upon(lab, "odd.qcow2", beneath)
    plan = delete(lab, key)
    assert plan.type_name
    (doubt,) = facts_of(lab, DeleteIntent(key, "over")).doubts
    assert (doubt.what, doubt.name, doubt.places) == (Unread.BENEATH, str(path), None)
    read = named(str(path), beneath.encode())
    assert isinstance(read, NotKnown)
    assert doubt.reason == read.reason


@pytest.mark.parametrize(
    "options",
    [
        '{{"driver":"luks","key-secret":"k","file":{{"driver":"file","filename":"{}"}}}}',
        '{{"driver":"raw","offset":512,"file.driver":"file","file.filename":"{}"}}',
        '{{"driver":"qcow2","file.filename":"/t","backing":{{"driver":"file","filename":"{}"}}}}',
    ],
)
def test_what_options_name_is_in_use(lab: Lab, key: DomainKey, options: str) -> None:
    """However it is opened there, to merge into it changes what the other shows."""
    upon(lab, "odd.qcow2", "json:" + options.format(lab.image("web")))
    plan = delete(lab, key)
    assert not plan.unchecked
    assert plan.refusals[0].why is Why.USER_SEES_OTHER_DATA


def test_a_damaged_image_counts_for_what_its_head_names(lab: Lab, key: DomainKey) -> None:
    """Of its snapshot table alone nothing is left; where its head makes no sense it may be any."""
    far = upon(lab, "far.qcow2", "nbd://elsewhere/disk")
    near = upon(lab, "near.qcow2", str(lab.image("web")))
    for path in (far, near):
        with path.open("r+b") as f:
            f.seek(60)
            f.write((1).to_bytes(4, "big") + (1 << 40).to_bytes(8, "big"))
    plan = delete(lab, key)
    assert plan.unchecked == ()
    assert [dict(one.names)["user"] for one in plan.refusals] == [
        f"the image {near}, which lies upon it"
    ]
    near.unlink()
    assert delete(lab, key).possible
    far.write_bytes(b"QFI\xfb" + b"\xff" * 100)
    assert delete(lab, key).type_name


def test_a_volume_of_a_pool_that_is_not_active_is_looked_for(lab: Lab, key: DomainKey) -> None:
    """It is a domain's, and lies upon this image."""
    with pools.pool(lab, "p", lab.directory / "p") as folder:
        clone = folder / "clone.qcow2"
        words = ("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(lab.image("web")))
        qemu_img(*words, str(clone))
        lab.virsh("pool-refresh", "p")
        pools.define(lab, "of", ("p", clone.name))
        lab.virsh("pool-destroy", "p")
        plan = delete(lab, key)
        assert (plan.unchecked, plan.type_name) == ((), False)
        (refusal,) = plan.refusals
        assert refusal.why is Why.USER_SEES_OTHER_DATA
        assert str(clone) in dict(refusal.names)["user"]


def test_on_another_host_what_nobody_names_in_an_idle_pool_does_not_count(
    lab: Lab, key: DomainKey, tmp_path: Path
) -> None:
    """Its directory cannot be looked into from here; what a domain has in it may lie upon any."""
    far = DomainKey(behind_ssh(lab, tmp_path), key.uuid)
    lab.virsh("pool-create-as", "seen", "dir", f"--target={lab.images}")
    try:
        with pools.pool(lab, "p", lab.directory / "p"):
            pools.volume(lab, "p", "a.qcow2")
            lab.virsh("pool-destroy", "p")
            assert doubts_from_afar(far) == ()
            pools.define(lab, "of", ("p", "a.qcow2"))
            (doubt,) = doubts_from_afar(far)
            assert (doubt.what, doubt.name, doubt.places) == (Unread.IMAGE, "of", None)
    finally:
        lab.virsh("pool-destroy", "seen")


def doubts_from_afar(key: DomainKey) -> tuple[Doubt, ...]:
    backend = LibvirtBackend(key.host)
    try:
        return read_facts(backend, backend.connect(), DeleteIntent(key, "over")).doubts
    finally:
        backend.abandon()


def test_a_definition_that_cannot_be_read_counts_everywhere(lab: Lab, key: DomainKey) -> None:
    """Whatever it names may be this image."""
    lab.define("db")
    xml = lab.xml("db", inactive=True)
    lab.define_xml(
        xml.replace("<memory", f"<description>{'x' * (1 << 20)}</description><memory", 1)
    )
    (doubt,) = facts_of(lab, DeleteIntent(key, "over")).doubts
    assert (doubt.what, doubt.name, doubt.places) == (Unread.DEFINITION, "db", None)
    assert delete(lab, key).type_name


def test_a_leftover_is_called_one_where_no_doubt_reaches_it(lab: Lab, key: DomainKey) -> None:
    over = upon(lab, "gone.qcow2", str(lab.image("web")))
    intent = RemoveLeftover(ImageKey(lab.uri, str(over)), aside_name(str(over), "20261125T010203Z"))
    with odd_things(lab):
        assert not of_others(planned(lab, intent))
        with share_here(lab):
            assert len(of_others(planned(lab, intent))) == 1


def of_others(plan: Plan) -> list[Remark]:
    """What is not known of other users, beside processes that may not be looked into."""
    return [one for one in plan.unchecked if one.what is Unchecked.USED]


def test_a_host_without_the_storage_driver_has_no_pools_and_that_is_no_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drivers = tmp_path / "drivers"
    drivers.mkdir()
    places = ("lib*/libvirt/connection-driver/*", "lib*/*/libvirt/connection-driver/*")
    for driver in (found for place in places for found in Path("/usr").glob(place)):
        if "storage" not in driver.name:
            (drivers / driver.name).symlink_to(driver)
    monkeypatch.setenv("LIBVIRT_DRIVER_DIR", str(drivers))
    with tempfile.TemporaryDirectory(prefix="snaptui-", dir="/tmp") as place:
        lab = Lab(Path(place))
        try:
            assert "not supported by the connection driver" in lab.virsh("pool-list", check=False)
            key = lab.define("web")
            lab.snapshot("web", "over", "--disk-only")
            plan = planned(lab, DeleteIntent(key, "over"))
        finally:
            lab.daemon.stop()
    assert plan.possible
    assert (plan.unchecked, plan.type_name) == ((), False)


def test_the_line_that_starts_a_pool_can_be_pasted_whatever_it_is_called() -> None:
    for name in ("-c", "two words", "a'b", "$(id)"):
        line = shell.line(("virsh", "pool-start", f"--pool={name}"))
        assert line in idle_pool(name, "").reason
        assert shlex.split(line) == ["virsh", "pool-start", f"--pool={name}"]
