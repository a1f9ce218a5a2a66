"""Asking a domain's QEMU or the agent in its guest, without waiting for one that never answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import TypeVar

import libvirt

from snaptui.common.errors import SnaptuiError

T = TypeVar("T")

PATIENCE = 1.5
"""Seconds after which a QEMU that has not answered a small question is called hung."""


class Probe:
    """Asks each question on a thread of its own.

    A question that is not answered goes on waiting and holds the domain's job, so it is not
    asked again meanwhile; destroying the domain ends it. On a connection of its own, because
    a connection serves only five calls at a time.

    Args:
        connect: opens that connection.

    Attributes:
        connection: it, once it was needed.
    """

    def __init__(self, connect: Callable[[], libvirt.virConnect]) -> None:
        self._connect = connect
        self._lock, self._opening = threading.Lock(), threading.Lock()
        self.connection: libvirt.virConnect | None = None
        self._outstanding: set[tuple[str, object]] = set()

    def outstanding(self, uuid: str) -> bool:
        """Whether a domain's QEMU still owes the answer to an earlier question."""
        with self._lock:
            return any((uuid, question) in self._outstanding for question in _OF_QEMU)

    def answers(self, uuid: str) -> bool:
        """Ask for block statistics, which QEMU itself must answer; :data:`PATIENCE` at most.

        An error is an answer: the call that needs more will meet it again. Without a
        connection nothing is known, and nothing is claimed.
        """
        try:
            self.ask(uuid, _statistics, PATIENCE)
        except TimeoutError:
            return False
        except (SnaptuiError, libvirt.libvirtError):
            return True
        return True

    def ask(self, uuid: str, question: Callable[[libvirt.virDomain], T], patience: float) -> T:
        """Ask, and wait for so many seconds at most.

        Args:
            question: one and the same function each time, by which it is known.

        Raises:
            TimeoutError: there is no answer, or still none to the same question before.
            libvirt.libvirtError: the answer is an error.
            SnaptuiError: there is no connection.
        """
        connection = self.open()
        answered = threading.Event()
        answers: list[T] = []
        errors: list[libvirt.libvirtError] = []
        with self._lock:
            if (uuid, question) in self._outstanding:
                raise TimeoutError
            self._outstanding.add((uuid, question))

        def ask() -> None:
            try:
                answers.append(question(connection.lookupByUUIDString(uuid)))
            except libvirt.libvirtError as error:
                errors.append(error)
            finally:
                with self._lock:
                    self._outstanding.discard((uuid, question))
                answered.set()

        threading.Thread(target=ask, name="probe", daemon=True).start()
        if not answered.wait(patience):
            raise TimeoutError
        if errors:
            raise errors[0]
        return answers[0]

    def open(self) -> libvirt.virConnect:
        """The connection, opened unless it is there.

        Raises:
            SnaptuiError: it cannot be opened.
        """
        with self._opening:
            connection = self.connection
            if connection is not None and connection.isAlive():
                return connection
            self.connection = opened = self._connect()
            return opened


def _statistics(domain: libvirt.virDomain) -> object:
    return domain.blockStats("")


def block_paths(domain: libvirt.virDomain) -> dict[str, str]:
    """By target, the path of each disk that is local to the host (virConnectGetAllDomainStats)."""
    ((_, told),) = domain.connect().domainListGetStats(
        [domain],
        libvirt.VIR_DOMAIN_STATS_BLOCK,
        libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
    )
    return {
        told[f"block.{number}.name"]: told[f"block.{number}.path"]
        for number in range(told.get("block.count", 0))
        if f"block.{number}.path" in told
    }


def roots(domain: libvirt.virDomain) -> frozenset[str]:
    """The images that its disks are, whatever libvirt takes them for (QEMU's ``query-block``)."""
    import libvirt_qemu

    said = json.loads(libvirt_qemu.qemuMonitorCommand(domain, '{"execute": "query-block"}', 0))
    return frozenset(one["inserted"]["file"] for one in said["return"] if "inserted" in one)


_OF_QEMU = (_statistics, block_paths, roots)
"""Questions that QEMU itself answers."""
