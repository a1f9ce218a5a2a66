"""How libvirt is called: the connections, the handles, and its errors in our words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import libvirt

from snaptui.backend.libvirt_connections import Connections
from snaptui.backend.libvirt_errors import translated
from snaptui.errors import Disconnected
from snaptui.model import DomainKey

T = TypeVar("T")


class LibvirtCalls:
    """A part of a backend.

    Args:
        read_only: open read-only connections only.
    """

    def __init__(self, uri: str, *, read_only: bool) -> None:
        self._lock = threading.Lock()
        self._calls = 0
        self._uri = uri
        self._connections = Connections(uri, read_only=read_only, on_open=self._count)
        self._bound = threading.local()

    @property
    def calls(self) -> int:
        """Number of calls sent to libvirt so far."""
        return self._calls

    @property
    def link(self) -> int:
        """Which link to the host this is; see the protocol."""
        return self._connections.link

    @contextmanager
    def over(self, link: int) -> Iterator[None]:
        """Changes of this thread go over this link alone; see the protocol."""
        self._bound.link = link
        try:
            yield
        finally:
            del self._bound.link

    def _may_change(self) -> None:
        if getattr(self._bound, "link", self.link) != self.link:
            raise Disconnected("The connection was lost before the change was asked for.")

    def _change(self, call: Callable[[], T]) -> T:
        """Ask for a change, if the link is still the one that this thread is bound to."""
        self._may_change()
        return self._ask(call)

    def _handle(self, key: DomainKey) -> libvirt.virDomain:
        reads = self._connections.reads
        return reads.domains.get(key.uuid) or self._look_up(reads.connection, key)

    def _look_up(self, connection: libvirt.virConnect, key: DomainKey) -> libvirt.virDomain:
        return self._ask(lambda: connection.lookupByUUIDString(key.uuid))

    def _snapshot_handle(self, key: DomainKey, name: str) -> libvirt.virDomainSnapshot:
        """libvirt looks it up by its name at each call: a kept handle is never an old one."""
        known = self._connections.reads.snapshots.get(key.uuid, {}).get(name)
        if known is not None:
            return known
        domain = self._handle(key)
        return self._ask(lambda: domain.snapshotLookupByName(name))

    def _count(self) -> None:
        with self._lock:
            self._calls += 1

    def _ask(self, call: Callable[[], T]) -> T:
        self._count()
        try:
            return call()
        except libvirt.libvirtError as error:
            raise translated(error) from error
