"""One image under two domains of other UUIDs, on two hosts: a change is refused while one runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.discovery.domain_facts import read_facts
from snaptui.discovery.elsewhere import OtherHost, with_elsewhere
from snaptui.model.domain import DomainKey
from snaptui.plan.change import Change
from snaptui.plan.differences import differences
from snaptui.plan.facts import Facts
from snaptui.plan.plan import CreateIntent, Plan
from snaptui.plan.planner import make_plan
from snaptui.plan.remark import Unchecked
from snaptui.plan.words.why import Why
from tests.conftest import one_lab
from tests.lab import Lab, qemu_img
from tests.share import missing, shared
from tests.ssh import behind_ssh

DISK = """\
<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/>
<source file='{}'/><target dev='vda' bus='virtio'/></disk>"""


@pytest.fixture
def other() -> Iterator[Lab]:
    """The host of the other guest."""
    yield from one_lab()


@pytest.fixture
def opened() -> Iterator[Callable[[str], LibvirtBackend]]:
    """Connects, and lets go of all at the end."""
    every: list[LibvirtBackend] = []

    def connected(uri: str, make: type[LibvirtBackend] = LibvirtBackend) -> LibvirtBackend:
        every.append(make(uri))
        every[-1].connect()
        return every[-1]

    yield connected
    for one in every:
        one.abandon()


def facts_beside(
    backend: LibvirtBackend, key: DomainKey, *others: LibvirtBackend, away: str = ""
) -> Facts:
    """What a create is planned on, where others are looked at, too."""
    assert backend.host is not None
    intent = CreateIntent(key._replace(host=backend.uri), "new", "")
    read = read_facts(backend, backend.host, intent)
    seen = frozenset(disk.path for disk in read.status.config.disks if disk.path)
    beside = [OtherHost("kvm2", one, away, frozenset(), seen) for one in others]
    found = with_elsewhere(backend, read, beside)
    assert isinstance(found, Facts)
    return found


def plan_of(facts: Facts) -> Plan:
    return make_plan(CreateIntent(facts.status.domain.key, "new", ""), facts)


def test_on_one_machine_the_guest_of_another_daemon_is_named(
    lab: Lab, other: Lab, opened: Callable[[str], LibvirtBackend]
) -> None:
    """What became so between two steps stops the plan."""
    key = lab.define("web")
    there = other.define_disks("db", DISK.format(lab.image("web")))
    here, beside = opened(lab.uri), opened(other.uri)
    before = facts_beside(here, key, beside)
    assert before.images_elsewhere == ()
    assert Why.IMAGE_ELSEWHERE not in {one.why for one in plan_of(before).refusals}
    other.start("db")
    after = facts_beside(here, key, beside)
    (use,) = after.images_elsewhere
    assert (use.host, use.domain, use.path) == ("kvm2", "db", str(lab.image("web")))
    (refusal,) = (one for one in plan_of(after).refusals if one.why is Why.IMAGE_ELSEWHERE)
    assert {("domain", "db"), ("host", "kvm2")} <= {*refusal.names}
    assert Change.IMAGE_ELSEWHERE in {one.change for one in differences(before, after)}
    assert there.uuid != key.uuid


def test_the_same_path_on_another_machine_is_another_file_where_this_one_is_alone(
    lab: Lab, other: Lab, tmp_path: Path, opened: Callable[[str], LibvirtBackend]
) -> None:
    """From afar both may be one; that is not checked, and forbids nothing."""
    key = lab.define("web")
    other.define_disks("db", DISK.format(lab.image("web")))
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    far = opened(behind_ssh(other, tmp_path / "one"))
    assert facts_beside(opened(lab.uri), key, far).images_elsewhere == ()
    other.start("db")
    near = facts_beside(opened(lab.uri), key, far)
    assert near.images_elsewhere == (), "its file system is of this machine alone"
    facts = facts_beside(opened(behind_ssh(lab, tmp_path / "two")), key, far)
    (use,) = facts.images_elsewhere
    assert not use.sure
    plan = plan_of(facts)
    assert Why.IMAGE_ELSEWHERE not in {one.why for one in plan.refusals}
    (told,) = (one for one in plan.unchecked if one.what is Unchecked.SAME_IMAGE)
    assert ("domain", "db") in told.names


class Netfs(LibvirtBackend):
    """A host whose images are in a pool that is mounted from a server."""

    def on_several_hosts(self, path: str) -> bool | None:
        return True


def test_in_a_pool_of_a_server_the_same_path_is_the_same_file(
    lab: Lab, other: Lab, tmp_path: Path, opened: Callable[..., LibvirtBackend]
) -> None:
    """And hosts that do not answer are not checked."""
    key = lab.define("web")
    other.define_disks("db", DISK.format(lab.image("web")))
    other.start("db")
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    far = opened(behind_ssh(other, tmp_path / "one"))
    here = opened(behind_ssh(lab, tmp_path / "two"), Netfs)
    facts = facts_beside(here, key, far)
    assert Why.IMAGE_ELSEWHERE in {one.why for one in plan_of(facts).refusals}
    away = facts_beside(here, key, far, away="connection lost")
    assert away.unasked == ("kvm2",)
    plan = plan_of(away)
    assert Why.IMAGE_ELSEWHERE not in {one.why for one in plan.refusals}
    (told,) = (one for one in plan.unchecked if one.what is Unchecked.IMAGES_ELSEWHERE)
    assert "1 host did not answer (kvm2)" in told.words
    assert plan_of(replace(away, unasked=())).unchecked != plan.unchecked


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_on_a_share_every_host_is_asked(
    tmp_path: Path, opened: Callable[[str], LibvirtBackend]
) -> None:
    """A real one; the other host was not seen with the path before. Stopped, it is not checked."""
    behind = tmp_path / "behind.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(behind), "8M")
    with behind.open("r+b") as f:
        f.truncate(64 << 20)
    with ExitStack() as stack:
        share = stack.enter_context(shared(tmp_path / "store", behind))
        # a daemon sees what was mounted before it started
        lab, other = (stack.enter_context(contextmanager(one_lab)()) for _ in range(2))
        key = lab.define_disks("web", DISK.format(share.path))
        other.define_disks("db", DISK.format(share.path))
        other.start("db")
        here, far = opened(lab.uri), opened(behind_ssh(other, tmp_path))
        assert here.host is not None
        beside = [OtherHost("kvm2", far, "", frozenset())]
        read = read_facts(here, here.host, CreateIntent(key, "new", ""))
        facts = with_elsewhere(here, read, beside)
        assert isinstance(facts, Facts)
        (use,) = facts.images_elsewhere
        assert use.sure
        assert Why.IMAGE_ELSEWHERE in {one.why for one in plan_of(facts).refusals}
        other.daemon.pause()
        try:
            silent = with_elsewhere(here, read, beside)
        finally:
            other.daemon.resume()
        assert isinstance(silent, Facts)
        assert silent.unasked == ("kvm2",)
        other.destroy("db")
