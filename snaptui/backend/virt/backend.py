"""A libvirt host behind the Backend protocol."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import libvirt

from snaptui.backend.files import image_reader
from snaptui.backend.files.patience import Patience
from snaptui.backend.protocol.connection import HostEvent
from snaptui.backend.virt import domain_xml, snapshot_xml, uris
from snaptui.backend.virt.calls import list_snapshots
from snaptui.backend.virt.changes import LibvirtChanges
from snaptui.backend.virt.errors import translated
from snaptui.backend.virt.offers import LibvirtOffers
from snaptui.common import masking
from snaptui.common.errors import (
    Disconnected,
    ImageError,
    NoImage,
    SnaptuiError,
    Unsupported,
)
from snaptui.model import abilities
from snaptui.model.config_change import ConfigChange
from snaptui.model.domain import Amount, Domain, DomainConfig, DomainKey
from snaptui.model.guest_agent import Agent
from snaptui.model.host import Host, Version
from snaptui.model.snapshot import Snapshot, SnapshotSummary

if TYPE_CHECKING:
    from snaptui.backend.virt.volumes import VolumeFile
    from snaptui.model.doubts import Doubt
    from snaptui.model.files import Found, NamedFile

T = TypeVar("T")

WIDTH = 32
"""Calls at a time of a reading over a link. A daemon takes the next one when it has answered one
of five (libvirtd.conf, max_client_requests); which of them wait for it costs no time."""


class LibvirtBackend(LibvirtOffers, LibvirtChanges):
    """The host of one URI.

    Args:
        uri: ``None`` for libvirt's default.
        read_only: open read-only connections only.

    Attributes:
        local: files of the host are files of this machine.
    """

    def __init__(self, uri: str | None = None, *, read_only: bool = False) -> None:
        self._uri = uris.resolved(uri or uris.default_uri())
        self.local = uris.is_local(self._uri)
        self._patience = Patience()
        self._label = masking.label(self._uri)
        self._read_only = read_only
        self._answers = False
        super().__init__(self._uri, read_only=read_only, width=0 if self.local else WIDTH)

    @property
    def uri(self) -> str:
        """The URI that the user named; the ``host`` of all keys."""
        return self._uri

    @property
    def host(self) -> Host | None:
        """The host as it presented itself last; see the protocol."""
        return self._host

    @property
    def answers(self) -> bool:
        """Whether the host has answered since it was last connected to; see the protocol."""
        return self._answers

    # -- connection -------------------------------------------------------------------

    def jump_host(self) -> str:
        """Asks ssh for it; see the protocol."""
        return uris.jump_host(self.uri)

    def connect(self, *, interactive: bool = False) -> Host:
        """Open the reading connection; see the protocol."""
        self.abandon()
        self._answers = False
        connection = self._connections.open(interactive=interactive)
        try:
            host = self._introduce(connection)
        except BaseException:
            self._connections.let_go([connection])
            raise
        self._connections.read_through(connection)
        self._host = host
        return host

    def watch(self, on_event: Callable[[HostEvent], None]) -> None:
        """Open the events connection; see the protocol."""
        self._connections.watch(on_event)

    def expect_changes(self) -> None:
        """Open the connection for them ahead; see the protocol."""
        self._connections.expect_changes()

    def only_list(self) -> None:
        """Close all connections but one; see the protocol."""
        self._connections.only_list()

    def abandon(self) -> None:
        """Drop all connections without waiting; see the protocol."""
        self._connections.abandon()

    def _introduce(self, connection: libvirt.virConnect) -> Host:
        driver = self._ask(connection.getType)
        self._answers = True
        hypervisor: Version | None = None
        try:
            hypervisor = _version(self._ask(connection.getVersion))
        except Disconnected:
            raise
        except SnaptuiError as error:
            if driver == "QEMU" and "<guest>" not in self._ask(connection.getCapabilities):
                raise Unsupported(
                    f"{self._connections.label} has no QEMU: {error.message}.",
                    hint="Install it there (qemu-system-x86 or qemu-kvm).",
                ) from error
        try:
            hostname = self._ask(connection.getHostname)
        except Disconnected:
            raise
        except SnaptuiError:
            hostname = ""
        libvirt_version = _version(self._ask(connection.getLibVersion))
        return Host(
            uri=self._uri,
            label=self._connections.label,
            hostname=hostname,
            driver=driver.capitalize() if driver == "TEST" else driver,
            libvirt=libvirt_version,
            hypervisor=hypervisor,
            local=self.local,
            read_only=self._read_only,
            reverts_external=abilities.tells_reverts(libvirt_version)
            and "<externalSnapshot" in self._ask(connection.getCapabilities),
        )

    # -- reading ----------------------------------------------------------------------

    def domains(self) -> tuple[Domain, ...]:
        """All domains, with one call from the second time on; see the protocol.

        Statistics are only of those that this user may read, and nothing says that there are
        others, which may be listed all the same (virConnectGetAllDomainStats, @aclfilter).
        """
        return self._once("domains", self._listed)

    def domain(self, key: DomainKey) -> Domain:
        """One domain, looked up anew; see the protocol."""
        domain = self._look_up(self._connections.reads.connection, key)
        return self._domain(domain, {})

    def _listed(self) -> tuple[Domain, ...]:
        reads = self._connections.reads
        connection = reads.connection
        try:
            listed = self._ask(
                lambda: connection.getAllDomainStats(
                    libvirt.VIR_DOMAIN_STATS_STATE,
                    libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
                )
            )
        except Unsupported:
            listed = [(domain, {}) for domain in self._ask(connection.listAllDomains)]
        handles = {domain.UUIDString(): domain for domain, _ in listed}
        states = dict(zip(handles, (stats for _, stats in listed), strict=True))
        if not listed or reads.filtered is not False:
            every = {domain.UUIDString(): domain for domain in self._ask(connection.listAllDomains)}
            rest = every.keys() - handles.keys()
            reads.filtered = bool(rest)
            handles |= every
        found = tuple(
            self._domain(domain, states.get(uuid, {}), uuid) for uuid, domain in handles.items()
        )
        reads.domains = handles
        return found

    def summary(self, key: DomainKey) -> SnapshotSummary:
        """Number, newest leaf and oldest root; see the protocol."""
        domain = self._handle(key)
        count = self._ask(domain.snapshotNum)
        if not count:
            return SnapshotSummary(0)
        times: dict[str, int | None] = {}
        newest, oldest, error = None, None, ""
        leaves = list_snapshots(self._ask, domain, libvirt.VIR_DOMAIN_SNAPSHOT_LIST_LEAVES)
        roots = list_snapshots(self._ask, domain, libvirt.VIR_DOMAIN_SNAPSHOT_LIST_ROOTS)
        try:
            for one in (*leaves, *roots):
                if (name := one.getName()) not in times:
                    times[name] = snapshot_xml.created(self._ask(one.getXMLDesc))
        except Disconnected:
            raise
        except SnaptuiError as failed:
            error = failed.message
        else:
            newest = max((times[one.getName()] or 0 for one in leaves), default=0) or None
            made = [times[one.getName()] for one in roots]
            oldest = None if None in made else min(filter(None, made), default=None)
        return SnapshotSummary(count, newest, error, oldest)

    def snapshot_names(self, key: DomainKey) -> tuple[str, ...]:
        """All names; see the protocol.

        Not with VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL: libvirt 9.0 fails with it for as long
        as a snapshot of the domain is being made.
        """
        reads, domain = self._connections.reads, self._handle(key)
        handles = self._texts.snapshots(key.uuid, domain)
        reads.keep(key.uuid, handles)
        return tuple(sorted(handles))

    def external_snapshots(self, key: DomainKey) -> tuple[str, ...]:
        """What libvirt counts as external; see the protocol."""
        domain = self._handle(key)
        flag = libvirt.VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL
        return tuple(self._texts.snapshots(key.uuid, domain, flag))

    def children(self, key: DomainKey, name: str) -> tuple[str, ...]:
        """Those directly below; see the protocol."""
        snapshot = self._snapshot_handle(key, name)
        return tuple(s.getName() for s in self._ask(snapshot.listAllChildren))

    def descendants(self, key: DomainKey, name: str) -> tuple[str, ...]:
        """All below, parents first; see the protocol."""
        snapshot = self._snapshot_handle(key, name)
        flags = (
            libvirt.VIR_DOMAIN_SNAPSHOT_LIST_DESCENDANTS
            | libvirt.VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL
        )
        return tuple(s.getName() for s in self._ask(lambda: snapshot.listAllChildren(flags)))

    def current_snapshot(self, key: DomainKey) -> str | None:
        """The current one's name; see the protocol."""
        domain = self._handle(key)
        self._connections.count()
        try:
            return str(domain.snapshotCurrent().getName())
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT:
                return None
            raise translated(error) from error

    def snapshot(self, key: DomainKey, name: str) -> Snapshot:
        """One snapshot's metadata; see the protocol."""
        snapshot = snapshot_xml.parse_snapshot(self.snapshot_xml(key, name))
        if snapshot.config is None or not snapshot.config.of_pools:
            return snapshot
        return replace(snapshot, config=self._places().placed(snapshot.config, since=self._begun))

    def domain_xml(self, key: DomainKey) -> str:
        """The live XML; see the protocol."""
        return self._texts.live(key.uuid, self._handle(key))

    def config(self, key: DomainKey) -> DomainConfig:
        """What the live XML says; see the protocol."""
        live = self.domain_xml(key)
        return self._placed(domain_xml.parse_domain(live), live, key)

    def config_changes(
        self, key: DomainKey, name: str, later: str | None = None
    ) -> tuple[ConfigChange, ...]:
        """What has become otherwise since; see the protocol."""
        from snaptui.backend.virt.config_diff import between, changes

        snapshot = self.snapshot_xml(key, name)
        if later is not None:
            return between(snapshot, self.snapshot_xml(key, later))
        domain = self._look_up(self._connections.reads.connection, key)
        definition = self._texts.defined(key.uuid, domain)
        live = self._texts.live(key.uuid, domain) if self._ask(domain.isActive) else None
        return changes(snapshot, definition, live)

    def agent(self, key: DomainKey) -> Agent:
        """Ask the guest agent; see the protocol."""
        from snaptui.backend.virt import guest_agent

        domain = self._look_up(self._connections.reads.connection, key)
        connected = domain_xml.agent_connected(self._ask(domain.XMLDesc))
        state = self._domain(domain, {}).state
        return guest_agent.agent(key.uuid, state, connected, self._connections.probe)

    def ram_saved(self, key: DomainKey) -> Amount | None:
        """Job statistics; see the protocol."""
        domain = self._handle(key)
        told = self._ask(domain.jobStats)
        total = int(told.get(libvirt.VIR_DOMAIN_JOB_DATA_TOTAL, 0))
        if told.get("type") == libvirt.VIR_DOMAIN_JOB_NONE or not total:
            return None
        return Amount(total - int(told.get(libvirt.VIR_DOMAIN_JOB_DATA_REMAINING, total)), total)

    def written_by_qemu(self, key: DomainKey) -> frozenset[str]:
        """What QEMU says of its disks; see the protocol."""
        from snaptui.backend.virt.probe import PATIENCE, roots

        try:
            return self._connections.probe.ask(key.uuid, roots, PATIENCE)
        except (TimeoutError, SnaptuiError, libvirt.libvirtError):
            return frozenset()

    def merged(self, key: DomainKey, target: str) -> Amount | None:
        """The disk's block job; see the protocol."""
        domain = self._handle(key)
        told = self._ask(lambda: domain.blockJobInfo(target))
        return Amount(int(told["cur"]), int(told["end"])) if told and told["end"] else None

    def secret_domain_xml(self, key: DomainKey) -> str:
        """The definition with its secrets; see the protocol."""
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
        domain = self._handle(key)
        return str(self._ask(lambda: domain.XMLDesc(flags)))

    def secret_snapshot_xml(self, key: DomainKey, name: str) -> str:
        """A snapshot's XML with its secrets; see the protocol."""
        snapshot = self._snapshot_handle(key, name)
        return str(self._ask(lambda: snapshot.getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE)))

    def named_files(self, key: DomainKey) -> tuple[NamedFile | Doubt, ...]:
        """All that its definitions and snapshots name; see the protocol."""
        from snaptui.backend.virt import named_files

        domain = self._look_up(self._connections.reads.connection, key)
        return self._once(
            ("files", key.uuid),
            lambda: named_files.named_files(self._texts, domain, self._places(), self.together),
        )

    def volumes(self) -> Found:
        """The files of its pools; see the protocol."""
        from snaptui.backend.virt import named_files

        connection = self._connections.reads.connection
        return self._once(
            "volumes",
            lambda: named_files.volumes(self._ask, connection, self.together, local=self.local),
        )

    def qcow2_in(self, folder: str) -> Found:
        """The images in a directory; see the protocol."""
        from snaptui.model.doubts import Doubt, Unread
        from snaptui.model.files import Found

        found: list[str] = []
        doubts: list[Doubt] = []
        for path in sorted(os.path.join(folder, name) for name in self.names_in(folder)):
            try:
                found += [path] if self._look(path, image_reader.is_qcow2_file) else []
            except NoImage:
                continue  # it is gone, or a link to what is, and names nothing
            except ImageError as error:
                doubts.append(Doubt(Unread.IMAGE, path, error.message))
        return Found(tuple(found), tuple(doubts))

    def _volume(self, path: str) -> VolumeFile:
        from snaptui.backend.virt.volumes import VolumeFile

        self._connections.count()
        return VolumeFile(
            self._connections.reads.connection, path, self._connections.label, self.begin
        )


def _version(number: int) -> Version:
    return number // 1_000_000, number // 1_000 % 1_000, number % 1_000
