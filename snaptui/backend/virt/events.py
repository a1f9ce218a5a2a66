"""libvirt's event loop, and connections that are let go of without waiting for them."""

from __future__ import annotations

import contextlib
import functools
import queue
import threading
import time
from collections.abc import Callable

import libvirt

from snaptui.backend.protocol.connection import HostEvent

KEEPALIVE = (3, 2)
"""Seconds between two messages, and how many may stay without an answer."""
BREATH = 0.005
"""Seconds between two rounds of the event loop. Each call through a connection wakes it twice
(src/rpc/virnetclient.c, virNetClientIOUpdateCallback), for nothing: who calls reads the answer
himself. Of many calls one after another it looks into the sockets once."""


@functools.cache
def start_event_loop() -> None:
    """Start libvirt's event loop in a daemon thread; must precede the first connection."""
    libvirt.registerErrorHandler(_say_nothing, None)
    libvirt.virEventRegisterDefaultImpl()
    threading.Thread(target=_run_events, name="libvirt-events", daemon=True).start()


def _say_nothing(_context: object, _error: object) -> None:
    """Errors are raised; libvirt would print them over the screen as well."""


def _run_events() -> None:
    while True:
        try:
            libvirt.virEventRunDefaultImpl()
            time.sleep(BREATH)
        except libvirt.libvirtError:
            time.sleep(0.1)  # it may fail at once again, and again


class Subscription:
    """Lifecycle events and the loss of a connection, passed on as hints.

    Args:
        shared: the connection carries calls too. Keepalive then stays off: libvirt's client
            does not stand both (9.0, 11.3).
    """

    def __init__(
        self,
        connection: libvirt.virConnect,
        on_event: Callable[[HostEvent], None],
        *,
        shared: bool,
    ) -> None:
        self.connection = connection
        self._closing = False

        def changed(_conn: object, domain: libvirt.virDomain, *_details: object) -> None:
            on_event(HostEvent(uuid=domain.UUIDString()))

        def closed(*_details: object) -> None:
            on_event(HostEvent(lost=True))

        self._lifecycle = connection.domainEventRegisterAny(
            None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, changed, None
        )
        if not shared:
            with contextlib.suppress(libvirt.libvirtError):
                connection.registerCloseCallback(closed, None)
                self._closing = True
                connection.setKeepAlive(*KEEPALIVE)

    def cancel(self) -> None:
        """Take the callbacks back, without which the connection's descriptor leaks."""
        with contextlib.suppress(libvirt.libvirtError):
            self.connection.domainEventDeregisterAny(self._lifecycle)
        if self._closing:
            with contextlib.suppress(libvirt.libvirtError):
                self.connection.unregisterCloseCallback()


class Janitor:
    """Closes connections on a daemon thread of its own.

    Closing one is a call to the daemon and hangs when that does not answer. What is handed
    over stays referenced by this thread until it is closed: were it freed elsewhere, that
    place would hang instead.
    """

    def __init__(self) -> None:
        self._left: queue.SimpleQueue[list[object]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def take(self, things: list[object]) -> None:
        """Close the connections and cancel the subscriptions among ``things``; never blocks."""
        self._left.put(things)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="janitor", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            things = self._left.get()
            for thing in things:
                if isinstance(thing, Subscription):
                    thing.cancel()
            while things:
                thing = things.pop()
                if isinstance(thing, libvirt.virConnect):
                    with contextlib.suppress(libvirt.libvirtError):
                        thing.close()
                del thing
