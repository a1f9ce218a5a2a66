"""Finding out whether a domain's QEMU answers, without waiting for one that never will."""

from __future__ import annotations

import threading
from collections.abc import Callable

import libvirt

from snaptui.errors import SnaptuiError

PATIENCE = 1.5
"""Seconds after which a QEMU that has not answered a small question is called hung."""


class Probe:
    """Asks for block statistics, which QEMU itself must answer.

    A question that is not answered goes on waiting and holds the domain's job, so a domain
    is not asked again meanwhile; destroying the domain ends it. On a connection of its own,
    because a connection serves only five calls at a time.

    Args:
        connect: opens that connection.

    Attributes:
        connection: it, once it was needed.
    """

    def __init__(self, connect: Callable[[], libvirt.virConnect]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self.connection: libvirt.virConnect | None = None
        self._outstanding: set[str] = set()

    def outstanding(self, uuid: str) -> bool:
        """Whether a domain still owes the answer to an earlier question."""
        with self._lock:
            return uuid in self._outstanding

    def answers(self, uuid: str) -> bool:
        """Ask, and wait for :data:`PATIENCE` at most.

        An error is an answer: the call that needs more will meet it again. Without a
        connection nothing is known, and nothing is claimed.
        """
        try:
            connection = self._opened()
        except SnaptuiError:
            return True
        answered = threading.Event()
        with self._lock:
            self._outstanding.add(uuid)

        def ask() -> None:
            try:
                connection.lookupByUUIDString(uuid).blockStats("")
            except libvirt.libvirtError:
                pass
            finally:
                with self._lock:
                    self._outstanding.discard(uuid)
                answered.set()

        threading.Thread(target=ask, name="probe", daemon=True).start()
        return answered.wait(PATIENCE)

    def _opened(self) -> libvirt.virConnect:
        with self._lock:
            connection = self.connection
        if connection is not None and connection.isAlive():
            return connection
        opened = self._connect()
        with self._lock:
            self.connection = opened
        return opened
