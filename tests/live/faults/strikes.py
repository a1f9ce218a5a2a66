"""What goes wrong."""

from __future__ import annotations

import enum
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tests.lab import FILLER, fill
from tests.live.faults.acts import FREE, SPARE, Act
from tests.live.faults.driven import Driven
from tests.live.faults.neighbour import Neighbour
from tests.live.faults.proxy import Proxy
from tests.live.faults.seen import OTHER
from tests.live.matrix.guest import Guest


class Fault(enum.Enum):
    """The value is what the table calls it."""

    KILLED = "daemon killed"
    STOPPED = "daemon stopped"
    STOPPED_LONG = "daemon stopped until given up"
    RESTARTED = "daemon restarted"
    CUT = "connection cut"
    HANGUP = "program hung up on"
    TERMINATED = "program terminated"
    DEAD = "program killed"
    POWER = "power cut"
    CHANGED = "another admin's snapshot"
    DELETED = "another admin's delete"
    DESTROYED = "domain destroyed"
    UNDEFINED = "domain undefined"
    RENAMED = "domain renamed"
    MIGRATED = "domain migrated away"
    FULL = "disk full"

    @property
    def of_host(self) -> bool:
        return self in _OF_HOST

    @property
    def breaks_the_link(self) -> bool:
        return self.of_host and self is not Fault.STOPPED

    @property
    def of_program(self) -> signal.Signals | None:
        return _SIGNALS.get(self)


_OF_HOST = {
    Fault.KILLED,
    Fault.STOPPED,
    Fault.STOPPED_LONG,
    Fault.RESTARTED,
    Fault.CUT,
}
_SIGNALS = {
    Fault.HANGUP: signal.SIGHUP,
    Fault.TERMINATED: signal.SIGTERM,
    Fault.DEAD: signal.SIGKILL,
    Fault.POWER: signal.SIGKILL,
}


MIGRATES = 15.0
"""Seconds in which a guest that is not held up is on the other host."""


class Holding:
    """What keeps the host at a call; it can be taken away once.

    Attributes:
        of_qemu: a QEMU does not answer meanwhile, for which a daemon waits as it starts or ends.
    """

    def __init__(self, end: Callable[[], None] = lambda: None, *, of_qemu: bool = False) -> None:
        self._end = end
        self.of_qemu = of_qemu

    def release(self) -> None:
        """Take it away."""
        end, self._end = self._end, lambda: None
        end()


@dataclass
class Strike:
    """One fault on its way.

    Attributes:
        reconnect: called when the daemon is another process.
        neighbour: the host that guests can be migrated to.
    """

    fault: Fault
    act: Act
    guest: Guest
    driven: Driven
    proxy: Proxy
    holding: Holding
    reconnect: Callable[[Guest], None]
    neighbour: Callable[[], Neighbour]
    _virsh: threading.Thread | None = None

    def strike(self) -> None:
        """Let it go wrong, until the program says so and the host is there again."""
        daemon, lost = self.guest.lab.daemon, ("connection lost", "connecting")
        if self.fault is Fault.KILLED:
            daemon.kill()
            self.driven.says(*lost)
            self._let_qemu_go()
            daemon.restart()
        elif self.fault is Fault.RESTARTED:
            daemon.signal(signal.SIGTERM)
            with suppress(AssertionError):  # it waits for what it is at
                self.driven.until(lambda: daemon.pid is None, "", 2)
            self.holding.release()
            self.driven.until(lambda: daemon.pid is None, "the end of the daemon")
            daemon.restart()
        elif self.fault in (Fault.STOPPED, Fault.STOPPED_LONG):
            daemon.pause()
            try:
                words = ("no answer", *lost) if self.fault is Fault.STOPPED else lost
                self.driven.says(*words)
            finally:
                daemon.resume()
        elif self.fault is Fault.CUT:
            self.proxy.cut()
            self.driven.says(*lost)
        elif self.fault is Fault.FULL:
            fill(self.guest.lab.images)
        else:
            here = self.fault is Fault.MIGRATED and not self.holding.of_qemu
            self._begin(self._other_admin, MIGRATES if here else 0.5)
        if self.fault in (Fault.KILLED, Fault.RESTARTED):
            self.reconnect(self.guest)
        if self.fault.of_host:  # libvirt locks a domain while qemu-img changes its images
            self.driven.says("connected", "no answer")

    def _let_qemu_go(self) -> None:
        if self.holding.of_qemu:
            self.holding.release()

    def end(self) -> None:
        """Wait until the other admin has done what was begun, and has made room."""
        if self._virsh is not None:
            self._virsh.join()
        (self.guest.lab.images / FILLER).unlink(missing_ok=True)

    def _begin(self, change: Callable[[], None], seconds: float) -> None:
        """libvirt lets him wait while a job holds the domain."""
        self._virsh = threading.Thread(target=change)
        self._virsh.start()
        self._virsh.join(seconds)

    def _other_admin(self) -> None:
        lab, name = self.guest.lab, self.guest.name
        if self.fault is Fault.MIGRATED:
            self.neighbour().take(name, lab)
        elif self.fault is Fault.DESTROYED:
            lab.virsh("destroy", name, check=False)
        elif self.fault is Fault.UNDEFINED:
            lab.virsh("undefine", name, "--snapshots-metadata", check=False)
        elif self.fault is Fault.RENAMED:
            lab.virsh("domrename", name, f"{name}-{OTHER}", check=False)
        elif self.fault is Fault.DELETED:
            lab.virsh("snapshot-delete", name, SPARE, check=False)
        elif self.act.image:
            path = self.guest.directory / FREE
            subprocess.run(["/usr/bin/qemu-img", "snapshot", "-c", OTHER, path], check=False)
        else:
            how = ["--disk-only"] if self.act.external else []
            words = ("snapshot-create-as", name, f"--name={OTHER}", *how)
            lab.virsh(*words, check=False)


def makes_sense(fault: Fault, act: Act, *, running: bool) -> bool:
    """Whether a fault can befall an act."""
    if fault is Fault.DELETED:
        return act.spare
    if act.image:  # what qemu-img does for the program itself goes on without it
        return fault in (Fault.KILLED, Fault.STOPPED_LONG, Fault.CHANGED, Fault.FULL) or (
            fault.of_program is not None and fault is not Fault.POWER
        )
    if fault is Fault.DESTROYED:
        return running
    if fault is Fault.RENAMED:
        return act.bare
    if fault is Fault.MIGRATED:
        return act.moves
    return True
