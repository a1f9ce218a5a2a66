"""The connections to one libvirt host: opened when needed, let go of without waiting.

Three of them: one that reads, one that changes, and one for events that carries no calls. A
connection serves five calls at a time (libvirtd.conf, ``max_client_requests``), and those
that wait for a busy domain count. A fourth one asks whether a QEMU answers. Drivers inside
this process have one for all.
"""

from __future__ import annotations

import contextlib
import getpass
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import libvirt

from snaptui.backend.protocol.connection import HostEvent
from snaptui.backend.virt import uris
from snaptui.backend.virt.errors import connecting, translated
from snaptui.backend.virt.events import Janitor, Subscription, start_event_loop
from snaptui.backend.virt.probe import Probe
from snaptui.common import masking
from snaptui.common.errors import Disconnected, SnaptuiError
from snaptui.common.quiet import echoing, interruptible

if TYPE_CHECKING:
    from snaptui.backend.virt.places import Places


KEPT = 16
"""Domains whose snapshots' handles are kept."""


class Reads:
    """The reading connection and the handles that were got through it."""

    def __init__(self, connection: libvirt.virConnect) -> None:
        self.connection = connection
        self.domains: dict[str, libvirt.virDomain] = {}
        self.snapshots: OrderedDict[str, Mapping[str, libvirt.virDomainSnapshot]] = OrderedDict()
        self.places: Places | None = None
        self._lock = threading.Lock()
        self.filtered: bool | None = None
        """Whether its user sees domains whose statistics are kept back; None: not asked."""

    def keep(self, uuid: str, handles: Mapping[str, libvirt.virDomainSnapshot]) -> None:
        """Keep the handles of a domain's snapshots, so that reading one is one call."""
        with self._lock:
            self.snapshots[uuid] = handles
            self.snapshots.move_to_end(uuid)
            while len(self.snapshots) > KEPT:
                self.snapshots.popitem(last=False)


class Connections:
    """All connections to one URI.

    Attributes:
        calls: number of calls sent to libvirt so far.
        label: the URI without a password.
        link: how often all of them were let go of.
        probe: asks QEMUs whether they answer.
    """

    def __init__(self, uri: str, *, read_only: bool) -> None:
        self._uri = uri
        self.label = masking.label(uri)
        masking.learn(uri)
        self.link = self.calls = 0
        self._single = uris.has_one_world(uri)
        self._far = not self._single and not uris.is_local(uri)
        self._read_only = read_only
        self._lock = threading.Lock()
        self._opening = threading.Lock()
        self._reads: Reads | None = None
        self._changes: libvirt.virConnect | None = None
        self._subscription: Subscription | None = None
        self._janitor = Janitor()
        self.probe = Probe(self._for_probe)

    @property
    def reads(self) -> Reads:
        """The reading connection.

        Raises:
            Disconnected: there is none.
        """
        reads = self._reads
        if reads is None:
            raise Disconnected(f"There is no connection to {self.label}.")
        return reads

    def changes(self) -> libvirt.virConnect:
        """The connection for changes, opened at the first of them."""
        if self._single:
            return self.reads.connection
        with self._opening:  # of two, one would be closed under the change that uses it
            connection, link = self._changes, self.link
            if connection is not None and connection.isAlive():
                return connection
            opened = self.open()
            with self._lock:
                given_up = self.link != link
                before = opened if given_up else self._changes
                self._changes = self._changes if given_up else opened
        if before is not None:
            self.let_go([before])
        if given_up:
            raise Disconnected("The connection was lost while another one was opened.")
        return opened

    def expect_changes(self) -> None:
        """Open the connection for changes before it is needed; see the protocol."""
        further = self._subscription is not None  # a user who had to sign in gets no more of them
        if self._far and further and not self._read_only:
            with contextlib.suppress(SnaptuiError):
                self.changes()

    def read_through(self, connection: libvirt.virConnect) -> None:
        """Make an open connection the reading one."""
        with self._lock:
            self._reads = Reads(connection)

    def watch(self, on_event: Callable[[HostEvent], None]) -> None:
        """Open the events connection; see the protocol.

        Of a far host also the one for questions to QEMU, before a dialog has to wait for it.
        """
        link = self.link
        connection = self.reads.connection if self._single else self.open()
        try:
            subscription = Subscription(connection, on_event, shared=self._single)
        except libvirt.libvirtError as error:
            if not self._single:
                self.let_go([connection])
            raise translated(error) from error
        with self._lock:
            given_up = self.link != link
            before = subscription if given_up else self._subscription
            self._subscription = self._subscription if given_up else subscription
        if before is not None:
            self.let_go([before, *([] if self._single else [before.connection])])
        if given_up:
            raise Disconnected("The connection was lost while that for events was opened.")
        if self._far:
            with contextlib.suppress(SnaptuiError):
                self.probe.open()

    def only_list(self) -> None:
        """Close all but the reading connection, without waiting; see the protocol."""
        with self._lock:
            changes, subscription = self._changes, self._subscription
            self._changes = self._subscription = None
            probe, self.probe = self.probe, Probe(self._for_probe)
            if self._reads is not None:
                self._reads.places = None  # they ask the probe of before
        things: list[object] = [subscription]
        if not self._single:
            things += [changes, probe.connection]
            things += [subscription.connection] if subscription is not None else []
        del changes, subscription, probe
        self.let_go(things)

    def abandon(self) -> None:
        """Drop all of them without waiting; see the protocol."""
        with self._lock:
            reads, changes, subscription = self._reads, self._changes, self._subscription
            self._reads = self._changes = self._subscription = None
            self.link += 1
            probe, self.probe = self.probe, Probe(self._for_probe)
            self._opening = threading.Lock()  # one that hangs keeps the other for ever
        things: list[object] = []
        if subscription is not None:
            things += [subscription.connection] if not self._single else []
            things.append(subscription)
        if not self._single:
            things += [changes, probe.connection, probe]
        if reads is not None:
            things += [reads.connection, reads]
        del changes, subscription, reads, probe
        self.let_go(things)

    def count(self) -> None:
        """One more call is sent."""
        with self._lock:
            self.calls += 1

    def let_go(self, things: list[object]) -> None:
        """Close connections and cancel subscriptions elsewhere; the caller keeps none of them."""
        if any(thing is not None for thing in things):
            self._janitor.take(things)

    def open(self, *, interactive: bool = False) -> libvirt.virConnect:
        """Open one more.

        Raises:
            SnaptuiError: it cannot be opened; says what to do.
        """
        start_event_loop()
        uri = self._uri if interactive else uris.without_terminal(self._uri)
        flags = libvirt.VIR_CONNECT_RO if self._read_only else 0
        kinds = [
            libvirt.VIR_CRED_AUTHNAME,
            libvirt.VIR_CRED_PASSPHRASE,
            libvirt.VIR_CRED_ECHOPROMPT,
            libvirt.VIR_CRED_NOECHOPROMPT,
        ]
        questions = _Questions(self.label, interactive=interactive)
        self.count()
        try:
            return libvirt.openAuth(uri, [kinds, questions.answer, None], flags)
        except libvirt.libvirtError as error:
            if questions.given_up:
                raise Disconnected(f"The sign-in to {self.label} was given up.") from error
            raise connecting(
                error,
                self.label,
                uris.transport(self._uri),
                asked=questions.asked,
                interactive=questions.interactive,
            ) from error

    def _for_probe(self) -> libvirt.virConnect:
        return self.reads.connection if self._single else self.open()


class _Questions:
    """What a host asks while a connection is opened.

    Attributes:
        interactive: they may be answered on the terminal, and there is one.
        asked: whether there was any.
        given_up: the admin did not want to answer.
    """

    def __init__(self, label: str, *, interactive: bool) -> None:
        self._label = label
        self.interactive = interactive
        self.asked = self.given_up = False

    def answer(self, credentials: list[list[Any]], _data: object) -> int:
        """Ask the admin; libvirt's binding would print what is raised here."""
        self.asked = True
        if not self.interactive:
            return -1
        try:
            with interruptible():
                for credential in credentials:
                    self._ask(credential)
        except (KeyboardInterrupt, EOFError):
            self.given_up = True
        except OSError:
            self.interactive = False
        return 0 if self.interactive and not self.given_up else -1

    def _ask(self, credential: list[Any]) -> None:
        kind, prompt = credential[0], f"{self._label}: {credential[1]}: "
        if kind in (libvirt.VIR_CRED_AUTHNAME, libvirt.VIR_CRED_ECHOPROMPT):
            # input() would write its prompt to where errors go, which is the log
            with echoing(), open("/dev/tty", "w", encoding="utf-8") as terminal:
                terminal.write(prompt)
                terminal.flush()
                credential[4] = input()
        else:
            credential[4] = getpass.getpass(prompt)
