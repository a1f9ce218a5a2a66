"""How libvirt is called: the connections, the handles, and its errors in our words."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

import libvirt

from snaptui.backend.virt import uris
from snaptui.backend.virt.connections import Connections
from snaptui.backend.virt.errors import translated
from snaptui.common.ahead import Ahead, Tell, nobody
from snaptui.common.errors import Disconnected, HostError, OutOfReach
from snaptui.model.domain import DomainKey, Key

T = TypeVar("T")

MOST_SNAPSHOTS = 16_384
"""libvirt's src/remote/remote_protocol.x, REMOTE_DOMAIN_SNAPSHOT_LIST_MAX."""


Ask = Callable[[Callable[[], Any]], Any]
"""Makes a call, and turns libvirt's errors into ours."""


def of_other_daemons(ask: Ask, connection: libvirt.virConnect) -> Ask:
    """The same for what virtqemud passes on: pools, secrets, networks, devices.

    Where it does not reach virtstoraged and its like, it says what its own client of them says
    (src/remote/remote_daemon_dispatch.c, remoteOpenConn), which reads as if this connection were
    lost. A start of a guest that needs them fails in the same way then.
    """

    def asked(call: Callable[[], Any]) -> Any:
        try:
            return ask(call)
        except Disconnected as error:
            if not connection.isAlive():
                raise
            raise OutOfReach(error.message) from error

    return asked


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
        width: calls of one reading that are made at the same time; 0 where the host is near.
    """

    def __init__(self, uri: str, *, read_only: bool, width: int) -> None:
        self._uri = uri
        self._connections = Connections(uri, read_only=read_only)
        self._bound = threading.local()
        # libvirt's ssh within this process is not asked for several things of a reading at once
        self._width = 0 if uris.transport(uri) in ("libssh", "libssh2") else width
        self._ahead: Ahead | None = None
        self._about = ""
        self._begun = 0.0

    @property
    def calls(self) -> int:
        """Number of calls sent to libvirt so far."""
        return self._connections.calls

    def reading(self, of: Key, tell: Tell = nobody) -> Self:
        """The same host for one reading; see the protocol."""
        view = copy.copy(self)
        view._ahead = Ahead(self._width, tell)
        view._about = of.uuid if isinstance(of, DomainKey) else ""
        view._begun = time.monotonic()
        return view

    def _once(self, what: Hashable, call: Callable[[], T]) -> T:
        """The answer that was given in this reading, or that is given now."""
        return call() if self._ahead is None else self._ahead.once(what, call)

    def begin(self, call: Callable[[], T]) -> Callable[[], T]:
        """Begin a reading call; see the protocol."""
        return (self._ahead or Ahead(0)).begin(call)

    def together(self, calls: Iterable[Callable[[], T]]) -> list[T]:
        """The answers of several calls; see the protocol."""
        return (self._ahead or Ahead(0)).together(calls)

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
        return self._once(
            ("lookup", key.uuid), lambda: self._ask(lambda: connection.lookupByUUIDString(key.uuid))
        )

    def _snapshot_handle(self, key: DomainKey, name: str) -> libvirt.virDomainSnapshot:
        """libvirt looks it up by its name at each call: a kept handle is never an old one."""
        known = self._connections.reads.snapshots.get(key.uuid, {}).get(name)
        if known is not None:
            return known
        domain = self._handle(key)
        return self._ask(lambda: domain.snapshotLookupByName(name))

    def _ask(self, call: Callable[[], T]) -> T:
        self._connections.count()
        try:
            return call()
        except libvirt.libvirtError as error:
            raise translated(error) from error
        except ValueError as error:  # a NUL, or what is not UTF-8: libvirt's binding passes none on
            raise HostError(f"libvirt's binding cannot pass a text on: {error}.") from error
