"""The backend against libvirt's in-memory driver and a real daemon."""

from __future__ import annotations

import re
import subprocess
import threading
from pathlib import Path
from typing import Any

import libvirt
import pytest

from snaptui.backend.protocol.connection import HostEvent
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import Disconnected, ImageError, NotFound, NotPermitted
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.abilities import differs_by_build
from snaptui.model.choices import RunState, Scope
from snaptui.model.domain import DomainKey, DomainState
from snaptui.model.snapshot import Kind
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.operations.step_calls import perform
from snaptui.plan.plan import CreateIntent, DeleteIntent
from snaptui.plan.planner import make_plan
from tests.lab import Lab, entries
from tests.world import write_world

METADATA_ONLY = libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY


@pytest.fixture
def memory(tmp_path: Path) -> LibvirtBackend:
    backend = LibvirtBackend(write_world(tmp_path / "world.xml"))
    backend.connect()
    return backend


def web01(backend: LibvirtBackend) -> DomainKey:
    return next(domain.key for domain in backend.domains() if domain.name == "web01")


def test_domains_come_with_one_call(memory: LibvirtBackend) -> None:
    """The first time with one more, which tells whether the user may read all of them."""
    before = memory.calls
    assert len(memory.domains()) > 1
    assert memory.calls == before + 2
    before = memory.calls
    states = {domain.name: domain.state for domain in memory.domains()}
    assert memory.calls == before + 1
    assert states["web01"] is DomainState.RUNNING
    assert states["build"] is DomainState.SHUTOFF


def test_domains_whose_statistics_are_kept_back_are_listed(
    memory: LibvirtBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they are from a user who may list a domain and not read it."""
    plain = libvirt.virConnect.getAllDomainStats
    every = {domain.name: domain for domain in memory.domains()}

    def one_less(*words: Any) -> Any:
        return [(domain, stats) for domain, stats in plain(*words) if domain.name() != "web01"]

    monkeypatch.setattr(libvirt.virConnect, "getAllDomainStats", one_less)
    memory.connect()
    for _ in range(2):
        assert {domain.name: domain for domain in memory.domains()} == every
    monkeypatch.setattr(libvirt.virConnect, "getAllDomainStats", lambda *_: [])
    assert {domain.name for domain in memory.domains()} == set(every)


def test_snapshots_come_with_one_call_and_one_for_each(memory: LibvirtBackend) -> None:
    key = web01(memory)
    before = memory.calls
    names = memory.snapshot_names(key)
    found = [memory.snapshot(key, name) for name in names]
    assert memory.calls == before + 1 + len(names)
    assert {s.name: s.parent for s in found} == {
        "base": None,
        "pre-upgrade": "base",
        "experiment": "pre-upgrade",
        "post-upgrade": "pre-upgrade",
    }
    assert memory.current_snapshot(key) == "post-upgrade"


def test_the_newest_comes_from_the_leaves(memory: LibvirtBackend) -> None:
    key = web01(memory)
    summary = memory.summary(key)
    assert summary.count == 4
    assert summary.newest == max(
        memory.snapshot(key, n).created or 0 for n in memory.snapshot_names(key)
    )


def test_a_remote_or_invented_host_has_no_files_here(memory: LibvirtBackend) -> None:
    """Nothing is read from a local file that has the path of another host's."""
    for call in (memory.missing_file, memory.file_system, memory.names_in):
        with pytest.raises(ImageError, match="not on this machine"):
            call("/etc/passwd")
    with pytest.raises(ImageError, match="no active storage pool of test:"):
        memory.image("/etc/passwd")


def test_what_is_not_there_is_not_found(memory: LibvirtBackend) -> None:
    key = web01(memory)
    with pytest.raises(NotFound):
        memory.snapshot(key, "nope")
    with pytest.raises(NotFound):
        memory.status(DomainKey(key.host, "00000000-0000-4000-8000-00000000dead"))


def test_without_a_connection_every_call_says_so(tmp_path: Path) -> None:
    backend = LibvirtBackend(write_world(tmp_path / "world.xml"))
    with pytest.raises(Disconnected):
        backend.domains()
    backend.connect()
    backend.abandon()
    with pytest.raises(Disconnected):
        backend.domains()


def test_create_revert_delete_are_what_virsh_sees(lab: Lab) -> None:
    key = lab.define("web")
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    backend.create_snapshot(key, NewSnapshot("a & b <c>", "x\n[y]"))
    assert lab.snapshots("web") == ["a & b <c>"]
    found = backend.snapshot(key, "a & b <c>")
    assert (found.description, found.kind, found.state) == ("x\n[y]", Kind.INTERNAL, "shutoff")
    image = backend.image(str(lab.image("web")))
    assert [(e.id, e.name) for e in image.snapshots] == entries(lab.image("web"))
    backend.revert(key, "a & b <c>", RunState.PAUSED)
    assert lab.state("web") == "paused"
    assert backend.status(key).domain.state is DomainState.PAUSED
    backend.delete_snapshot(key, "a & b <c>")
    assert lab.snapshots("web") == []
    backend.abandon()


def test_read_only_cannot_change(lab: Lab) -> None:
    key = lab.define("web")
    backend = LibvirtBackend(lab.uri, read_only=True)
    assert backend.connect().read_only
    assert [domain.name for domain in backend.domains()] == ["web"]
    with pytest.raises(NotPermitted):
        backend.create_snapshot(key, NewSnapshot("a"))
    backend.abandon()
    assert lab.snapshots("web") == []


def test_events_are_hints_and_the_loss_is_told(own_lab: Lab) -> None:
    key = own_lab.define("web")
    backend = LibvirtBackend(own_lab.uri)
    backend.connect()
    hinted, lost = threading.Event(), threading.Event()

    def on_event(event: HostEvent) -> None:
        if event.uuid == key.uuid:
            hinted.set()
        if event.lost:
            lost.set()

    backend.watch(on_event)
    own_lab.start("web")
    assert hinted.wait(10)
    own_lab.daemon.kill()
    assert lost.wait(20)
    with pytest.raises(Disconnected):
        backend.domains()
    own_lab.daemon.restart()
    backend.connect()
    assert [domain.name for domain in backend.domains()] == ["web"]
    backend.abandon()


def test_leaving_does_not_wait_for_a_daemon_that_is_stopped(own_lab: Lab) -> None:
    own_lab.define("web")
    backend = LibvirtBackend(own_lab.uri)
    backend.connect()
    backend.watch(lambda event: None)
    own_lab.daemon.pause()
    try:
        left = threading.Thread(target=backend.abandon, daemon=True)
        left.start()
        left.join(5)
        assert not left.is_alive()
    finally:
        own_lab.daemon.resume()


def test_names_can_be_listed_while_a_snapshot_is_being_made(lab: Lab) -> None:
    """libvirt 9.0 fails to list in topological order then."""
    key = lab.define("web", running=True)
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    with lab.frozen("web"):
        making = threading.Thread(target=lab.snapshot, args=("web", "slow"))
        making.start()
        while "ok" in lab.virsh("domcontrol", "web"):
            continue
        assert backend.status(key).busy is True
        assert set(backend.snapshot_names(key)) <= {"slow"}
    making.join()
    assert backend.snapshot_names(key) == ("slow",)
    backend.abandon()


@pytest.mark.parametrize("kind", ["directory", "fifo", "empty", "text", "missing"])
def test_what_is_no_image_is_told_and_hangs_nothing(lab: Lab, kind: str) -> None:
    import os

    path = lab.images / "odd"
    if kind == "directory":
        path = lab.images
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind != "missing":
        path.write_bytes(b"" if kind == "empty" else b"hello world" * 100)
    backend = LibvirtBackend(lab.uri)
    if kind in ("empty", "text"):
        assert backend.image(str(path)).format == "raw"
    else:
        with pytest.raises(ImageError):
            backend.image(str(path))
    assert backend.missing_file(str(path)) is (kind == "missing")


@pytest.mark.parametrize(
    ("scope", "metadata_only", "expected"),
    [
        (Scope.WITH_CHILDREN, False, [("y", 0), ("x", 0), ("b", 0), ("a", 0)]),
        (Scope.CHILDREN, False, [("y", 0), ("x", 0), ("b", 0)]),
        (Scope.WITH_CHILDREN, True, [(name, METADATA_ONLY) for name in "yxba"]),
    ],
)
def test_what_a_delete_of_children_sends(
    lab: Lab,
    monkeypatch: pytest.MonkeyPatch,
    scope: Scope,
    metadata_only: bool,
    expected: list[tuple[str, int]],
) -> None:
    """One plain call after another, leaves first; the daemon is the same afterwards."""
    sent: list[tuple[str, int]] = []
    delete = libvirt.virDomainSnapshot.delete

    def noted(snapshot: libvirt.virDomainSnapshot, flags: int = 0) -> int:
        sent.append((snapshot.getName(), flags))
        return int(delete(snapshot, flags))

    lab.define("web")
    for name in ("a", "b"):
        lab.snapshot("web", name)
    lab.virsh("snapshot-revert", "web", "a")
    for name in ("x", "y"):
        lab.snapshot("web", name)
    backend = LibvirtBackend(lab.uri)
    host = backend.connect()
    (domain,) = backend.domains()
    daemon = lab.daemon.pid
    monkeypatch.setattr(libvirt.virDomainSnapshot, "delete", noted)
    intent = DeleteIntent(domain.key, "a", scope, metadata_only)
    plan = make_plan(intent, read_facts(backend, host, intent))
    for step in plan.steps:
        perform(backend, domain.key, step, lambda _: None)
    assert sorted(sent) == sorted(expected)
    assert [name for name, _ in sent if name != "b"] == [n for n, _ in expected if n != "b"]
    assert lab.snapshots("web") == (["a"] if scope is Scope.CHILDREN else [])
    assert lab.daemon.pid == daemon
    backend.abandon()


def test_what_confines_guests_is_what_the_capabilities_name(lab: Lab) -> None:
    backend = LibvirtBackend(lab.uri)
    try:
        backend.connect()
        told = re.findall(r"<secmodel>\s*<model>(\w+)</model>", lab.virsh("capabilities"))
        assert told, "libvirt names one also where none confines"
        assert backend.security_models() == set(told)
    finally:
        backend.abandon()


def test_the_package_that_a_daemon_is_from_is_that_of_its_own_root(
    every_root: Path, every_lab: Lab
) -> None:
    backend = LibvirtBackend(every_lab.uri)
    database = f"--admindir={every_root}/var/lib/dpkg"
    query = ["dpkg-query", database, "-W", "-f", "${Version}", "libvirt-daemon-driver-qemu"]
    told = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    try:
        host = backend.connect()
        assert backend.build() == told
        if differs_by_build(host) and told:
            key = every_lab.define("one")
            found = read_facts(backend, host, CreateIntent(key, "new", ""))
            assert found.host.build == told
    finally:
        backend.abandon()


def test_the_package_of_a_daemon_that_is_not_here_is_not_known() -> None:
    far = LibvirtBackend("qemu+ssh://root@host.invalid/system")
    gone = LibvirtBackend("qemu+unix:///system?socket=/gone/socket")
    assert (far.build(), gone.build()) == ("", "")
