"""The connections of a host, asked for by several threads at once."""

from __future__ import annotations

import threading

import libvirt

from snaptui.backend.libvirt_connections import Connections
from tests.lab import Lab


def test_changes_that_begin_at_the_same_time_share_one_connection(lab: Lab) -> None:
    """One that is replaced is closed, and whoever has it fails."""
    connections = Connections(lab.uri, read_only=False, on_open=lambda: None)
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
