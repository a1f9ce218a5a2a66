"""How libvirt is called: the connections, the handles, and its errors in our words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import libvirt

from snaptui.backend.virt.connections import Connections
from snaptui.backend.virt.errors import translated
from snaptui.common.errors import Disconnected, HostError
from snaptui.model.domain import DomainKey

T = TypeVar("T")

MOST_SNAPSHOTS = 16_384
"""libvirt's src/remote/remote_protocol.x, REMOTE_DOMAIN_SNAPSHOT_LIST_MAX."""


Ask = Callable[[Callable[[], Any]], Any]
"""Makes a call, and turns libvirt's errors into ours."""


def list_snapshots(ask: Ask, domain: libvirt.virDomain, flags: int = 0) -> list[Any]:
    """All snapshots of a domain, or those that flags choose.

    Raises:
        HostError: a reply cannot hold them; libvirt answers then as if the connection were lost.
        SnaptuiError: the domain cannot be asked.
    """
    try:
        return list(ask(lambda: domain.listAllSnapshots(flags)))
    except Disconnected:
        count = ask(domain.snapshotNum)
        if count <= MOST_SNAPSHOTS:
            raise
        raise HostError(
            f"It has {count} snapshots, and libvirt passes on {MOST_SNAPSHOTS} at most."
        ) from None


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
        except ValueError as error:  # a NUL, or what is not UTF-8: libvirt's binding passes none on
            raise HostError(f"libvirt's binding cannot pass a text on: {error}.") from error
