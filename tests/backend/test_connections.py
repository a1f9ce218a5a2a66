"""The connections of a host, asked for by several threads at once."""

from __future__ import annotations

import queue
import threading
from pathlib import Path

import libvirt
import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.backend.virt.connections import Connections
from snaptui.common.errors import Disconnected
from snaptui.model.snapshot_request import NewSnapshot
from tests.lab import Lab, entries, qemu_img


def test_changes_that_begin_at_the_same_time_share_one_connection(lab: Lab) -> None:
    """One that is replaced is closed, and whoever has it fails."""
    connections = Connections(lab.uri, read_only=False)
    found: list[libvirt.virConnect] = []
    ready = threading.Barrier(8)

    def change() -> None:
        ready.wait()
        found.append(connections.changes())

    threads = [threading.Thread(target=change) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(one is found[0] for one in found)
    connections.abandon()


def test_a_change_goes_over_the_link_that_it_was_checked_over_or_not_at_all(
    lab: Lab, tmp_path: Path
) -> None:
    """A thread that was held up comes back after what it was to do has been judged."""
    key = lab.define("web")
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    link = backend.link
    backend.connect()
    path = tmp_path / "free.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(path), "1M")
    with backend.over(link):
        with pytest.raises(Disconnected):
            backend.create_snapshot(key, NewSnapshot("a"))
        with pytest.raises(Disconnected):
            backend.create_entry(str(path), "a")
    assert (lab.snapshots("web"), entries(path)) == ([], [])
    with backend.over(backend.link):
        backend.create_snapshot(key, NewSnapshot("a"))
    assert lab.snapshots("web") == ["a"]
    backend.abandon()


def test_many_calls_do_not_drive_the_event_loop(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each wakes it; that it looks at once costs as much as the calls."""
    key = lab.define("web")
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    rounds = 0
    once = libvirt.virEventRunDefaultImpl

    def count() -> None:
        nonlocal rounds
        once()
        rounds += 1

    monkeypatch.setattr(libvirt, "virEventRunDefaultImpl", count)
    calls = 1000
    for _ in range(calls):
        backend.domain_xml(key)
    assert rounds < calls
    backend.abandon()


def test_events_of_a_link_that_was_given_up_do_not_replace_those_of_the_next(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread whose connection took long comes back when there is another one already."""
    key = lab.define("web")
    connections = Connections(lab.uri, read_only=False)
    connections.read_through(connections.open())
    events: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
    opened = connections.open

    def late() -> libvirt.virConnect:
        """The link is lost, and there is another one, before this one is open."""
        monkeypatch.setattr(connections, "open", opened)
        connections.abandon()
        connections.read_through(opened())
        connections.watch(lambda event: events.put(("new", event.uuid)))
        return opened()

    monkeypatch.setattr(connections, "open", late)
    with pytest.raises(Disconnected):
        connections.watch(lambda event: events.put(("old", event.uuid)))
    lab.virsh("start", "--paused", "web")
    assert events.get(timeout=60) == ("new", key.uuid)
    connections.abandon()
