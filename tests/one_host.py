"""What the program is handed where there is one host."""

from __future__ import annotations

from collections.abc import Callable

from snaptui.backend.protocol.backend import Backend
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker
from snaptui.config import HostEntry
from snaptui.operations.reached import Reached
from snaptui.session import KnownHost


def everywhere(backend: Backend, worker: Worker) -> Callable[[str], Reached]:
    """Reaches each host with these."""
    return lambda _uri: Reached(backend, worker)


def reach(entry: HostEntry) -> LibvirtBackend:
    """What reaches a host that is added."""
    return LibvirtBackend(entry.uri, read_only=entry.read_only)


def alone(backend: Backend) -> tuple[KnownHost, ...]:
    """One host, connected to."""
    return (KnownHost(HostEntry(), backend, backend.connect()),)
