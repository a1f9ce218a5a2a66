"""A libvirt host behind the Backend protocol."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import libvirt

from snaptui.backend.files import image_reader
from snaptui.backend.files.patience import Patience
from snaptui.backend.host_images import HostImages
from snaptui.backend.protocol import HostEvent
from snaptui.backend.virt import uris, xml
from snaptui.backend.virt.calls import list_snapshots
from snaptui.backend.virt.changes import LibvirtChanges
from snaptui.backend.virt.errors import translated
from snaptui.backend.virt.states import domain_state
from snaptui.backend.virt.texts import Texts
from snaptui.common import masking
from snaptui.common.errors import (
    Disconnected,
    HostError,
    ImageError,
    NoImage,
    SnaptuiError,
    Unsupported,
)
from snaptui.model import abilities
from snaptui.model.domain import (
    Agent,
    Amount,
    Domain,
    DomainConfig,
    DomainKey,
    DomainState,
    DomainStatus,
    Host,
    Lack,
    NewReason,
    Reason,
    Snapshot,
    SnapshotSummary,
    Version,
)
from snaptui.model.image import NotKnown

if TYPE_CHECKING:
    from snaptui.backend.virt.places import Places
    from snaptui.backend.virt.volumes import VolumeFile
    from snaptui.model.doubts import Doubt
    from snaptui.model.files import Found, NamedFile

T = TypeVar("T")

WIDTH = 32
"""Calls at a time of a reading over a link. A daemon takes the next one when it has answered one
of five (libvirtd.conf, max_client_requests); which of them wait for it costs no time."""


class LibvirtBackend(LibvirtChanges, HostImages):
    """The host of one URI.

    Args:
        uri: ``None`` for libvirt's default.
        read_only: open read-only connections only.
    """

    def __init__(self, uri: str | None = None, *, read_only: bool = False) -> None:
        self._uri = uri or uris.default_uri()
        self._local = uris.is_local(self._uri)
        self._patience = Patience()
        self._label = masking.label(self._uri)
        self._read_only = read_only
        self._host: Host | None = None
        self._answers = False
        super().__init__(self._uri, read_only=read_only, width=0 if self._local else WIDTH)

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
            local=self._local,
            read_only=self._read_only,
            reverts_external=abilities.tells_reverts(libvirt_version)
            and "<externalSnapshot" in self._ask(connection.getCapabilities),
        )

    # -- reading ----------------------------------------------------------------------

    @property
    def _texts(self) -> Texts:
        return Texts(self._ask, self._once, self._about)

    def domains(self) -> tuple[Domain, ...]:
        """All domains, with one call from the second time on; see the protocol.

        Statistics are only of those that this user may read, and nothing says that there are
        others, which may be listed all the same (virConnectGetAllDomainStats, @aclfilter).
        """
        return self._once("domains", self._listed)

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
        if not listed or reads.filtered is not False:
            every = {domain.UUIDString(): domain for domain in self._ask(connection.listAllDomains)}
            rest = every.keys() - handles.keys()
            reads.filtered = bool(rest)
            listed += [(every[uuid], {}) for uuid in rest]
            handles |= every
        found = tuple(self._domain(domain, stats) for domain, stats in listed)
        reads.domains = handles
        return found

    def summary(self, key: DomainKey) -> SnapshotSummary:
        """Number and newest leaf; see the protocol."""
        domain = self._handle(key)
        count = self._ask(domain.snapshotNum)
        if not count:
            return SnapshotSummary(0)
        flag = libvirt.VIR_DOMAIN_SNAPSHOT_LIST_LEAVES
        newest, error = None, ""
        for leaf in list_snapshots(self._ask, domain, flag):
            try:
                created = xml.parse_snapshot(self._ask(leaf.getXMLDesc)).created
            except Disconnected:
                raise
            except SnaptuiError as failed:
                error = failed.message
            else:
                newest = max(newest or 0, created or 0) or None
        return SnapshotSummary(count, None if error else newest, error)

    def snapshot_names(self, key: DomainKey) -> tuple[str, ...]:
        """All names; see the protocol.

        Not with VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL: libvirt 9.0 fails with it for as long
        as a snapshot of the domain is being made.
        """
        reads, domain = self._connections.reads, self._handle(key)
        handles = {s.getName(): s for s in self._texts.snapshots(domain)}
        reads.keep(key.uuid, handles)
        return tuple(sorted(handles))

    def external_snapshots(self, key: DomainKey) -> tuple[str, ...]:
        """What libvirt counts as external; see the protocol."""
        domain = self._handle(key)
        flag = libvirt.VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL
        return tuple(s.getName() for s in self._texts.snapshots(domain, flag))

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
        snapshot = xml.parse_snapshot(self.snapshot_xml(key, name))
        if snapshot.config is None or not snapshot.config.of_pools:
            return snapshot
        return replace(snapshot, config=self._places().placed(snapshot.config))

    def snapshot_xml(self, key: DomainKey, name: str) -> str:
        """One snapshot's XML; see the protocol."""
        return self._texts.snapshot(key.uuid, self._snapshot_handle(key, name))

    def domain_xml(self, key: DomainKey) -> str:
        """The live XML; see the protocol."""
        return self._texts.live(self._handle(key))

    def config(self, key: DomainKey) -> DomainConfig:
        """What the live XML says; see the protocol."""
        live = self.domain_xml(key)
        return self._placed(xml.parse_domain(live), live, key)

    def config_changes(self, key: DomainKey, name: str) -> tuple[str, ...]:
        """What has become otherwise since; see the protocol."""
        from snaptui.backend.virt.config_diff import changes

        domain = self._look_up(self._connections.reads.connection, key)
        snapshot = self.snapshot_xml(key, name)
        definition = self._texts.defined(domain)
        live = self._texts.live(domain) if self._ask(domain.isActive) else None
        return changes(snapshot, definition, live)

    def status(self, key: DomainKey) -> DomainStatus:
        """What decides whether a change can be tried; see the protocol."""
        domain = self._look_up(self._connections.reads.connection, key)
        state = self.begin(lambda: self._domain(domain, {}))
        told = self.begin(lambda: self._texts.live(domain))
        kept = self.begin(lambda: self._texts.persistent(domain))
        next_start = self.begin(lambda: xml.parse_domain(self._texts.defined(domain)))
        control = self.begin(lambda: self._busy(domain))
        points = self.begin(lambda: self._checkpoints(domain))
        saved = self.begin(lambda: self._managed_save(domain))
        found = state()
        if found.state is DomainState.UNKNOWN:
            raise HostError(found.why)
        live, persistent = told(), kept()
        config = xml.parse_domain(live)
        defined = next_start() if persistent else config
        active = found.state.active
        hung = active and self._connections.probe.outstanding(key.uuid)
        busy = control() if active and not hung else False
        if active and not busy and not hung:
            hung = not self._connections.probe.answers(key.uuid)
        free = active and not busy and not hung
        checkpoints, gone = points(), tuple[str, ...]()
        jobs, ready, backup = (gone, gone, gone)
        if free:  # a job that ended meanwhile may have left the guest in another state
            state = self.begin(lambda: self._domain(domain, {}))
            lost = self.begin(lambda: self._lost_checkpoints(domain))
            jobs, ready, backup = self._block_jobs(domain, config)
            found, gone = state(), lost() if checkpoints else ()
        return DomainStatus(
            domain=found,
            config=replace(
                self._placed(config, live, key, fresh=True, hung=hung), digest=defined.digest
            ),
            persistent=persistent,
            managed_save=saved(),
            busy=busy,
            hung=hung,
            block_jobs=jobs,
            ready_jobs=ready,
            backup=backup,
            checkpoints=checkpoints,
            lost_checkpoints=gone,
            next_start={d.target: d.path for d in defined.disks if d.path is not None},
        )

    def _placed(
        self,
        config: DomainConfig,
        live: str,
        key: DomainKey,
        *,
        fresh: bool = False,
        hung: bool = False,
    ) -> DomainConfig:
        if not config.of_pools:
            return config
        return self._places().placed(config, live, key.uuid, fresh=fresh, hung=hung)

    def _places(self) -> Places:
        from snaptui.backend.virt.places import Places

        reads = self._connections.reads
        if reads.places is None:
            reads.places = Places(self._ask, reads.connection, self._connections.probe)
        return reads.places

    def _domain(self, domain: libvirt.virDomain, stats: dict[str, Any]) -> Domain:
        """State from the state call alone: whatever else fails, a running guest runs."""
        reason: Reason | NewReason | NotKnown | None
        if "state.state" in stats:
            state, reason = domain_state(stats["state.state"], stats.get("state.reason", 0))
        else:
            try:
                state, reason = domain_state(*self._ask(domain.state))
            except Disconnected:
                raise
            except SnaptuiError as error:
                state, reason = DomainState.UNKNOWN, NotKnown(error.message)
        return Domain(DomainKey(self._uri, domain.UUIDString()), domain.name(), state, reason)

    def _managed_save(self, domain: libvirt.virDomain) -> bool:
        try:
            return bool(self._ask(domain.hasManagedSaveImage))
        except Unsupported:
            return False

    def checkpoints(self, key: DomainKey) -> tuple[str, ...]:
        """Names of a domain's checkpoints; see the protocol."""
        return self._checkpoints(self._handle(key))

    def _checkpoints(self, domain: libvirt.virDomain) -> tuple[str, ...]:
        try:
            found = self._ask(domain.listAllCheckpoints)
        except Unsupported:
            return ()
        return tuple(sorted(one.getName() for one in found))

    def _lost_checkpoints(self, domain: libvirt.virDomain) -> tuple[str, ...]:
        """Those of which QEMU has no whole bitmap: libvirt tells no size of such a one.

        One of which that cannot be asked is not lost.
        """
        size = libvirt.VIR_DOMAIN_CHECKPOINT_XML_SIZE | libvirt.VIR_DOMAIN_CHECKPOINT_XML_NO_DOMAIN

        def lost(one: libvirt.virDomainCheckpoint) -> bool:
            try:
                return not xml.bitmap_there(self._ask(partial(one.getXMLDesc, size)))
            except Disconnected:
                raise
            except SnaptuiError:
                return False

        points = self._ask(domain.listAllCheckpoints)
        found = zip(points, self.together(partial(lost, one) for one in points), strict=True)
        return tuple(sorted(one.getName() for one, is_lost in found if is_lost))

    def _busy(self, domain: libvirt.virDomain) -> bool | None:
        try:
            control = self._ask(domain.controlInfo)[0]
        except Unsupported:
            return None
        return control in (libvirt.VIR_DOMAIN_CONTROL_JOB, libvirt.VIR_DOMAIN_CONTROL_OCCUPIED)

    def _block_jobs(
        self, domain: libvirt.virDomain, config: DomainConfig
    ) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """The disks that QEMU copies or merges, those that wait to be ended, and a backup's.

        A copy, and a merge of the newest overlay, go on until they are told what to keep; they are
        whole when libvirt says that all is done (virDomainBlockJobInfo). It waits where another
        job holds the domain.
        """
        targets = [disk.target for disk in config.disks if disk.path or disk.unknown]
        try:
            asked = self.together(
                partial(self._ask, partial(domain.blockJobInfo, target)) for target in targets
            )
        except Disconnected:
            raise
        except SnaptuiError:
            # libvirt itself refuses what one is in the way of, and changes nothing
            return (), (), ()
        under_way = {t: info for t, info in zip(targets, asked, strict=True) if info}
        lasting = (
            libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_COPY,
            libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT,
        )
        ready = (
            target
            for target, info in under_way.items()
            if info.get("type") in lasting and info.get("cur") == info.get("end")
        )
        backup = (
            target
            for target, info in under_way.items()
            if info.get("type") == libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_BACKUP
        )
        return tuple(under_way), tuple(ready), tuple(backup)

    def agent(self, key: DomainKey) -> Agent:
        """Ask the guest agent; see the protocol."""
        from snaptui.backend.virt import guest_agent

        domain = self._look_up(self._connections.reads.connection, key)
        connected = xml.agent_connected(self._ask(domain.XMLDesc))
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

    def lacks(self, key: DomainKey, name: str) -> tuple[Lack, ...]:
        """What QEMU is not any more; see the protocol."""
        from snaptui.backend.virt import attached, lacks

        if self.host is not None and self.host.driver != "QEMU":
            return ()
        record = self.snapshot_xml(key, name)
        domain = xml.started_by(record)
        machine = xml.machine(domain) if domain is not None else None
        if domain is None or machine is None:
            return ()
        connection = self._connections.reads.connection
        own = lacks.lacks(
            self._ask, connection, machine, domain, self.host,
            ram=xml.parse_snapshot(record).has_memory,
        )  # fmt: skip
        return (*own, *attached.gone(self._ask, connection, domain, self.missing_file))

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
            lambda: named_files.volumes(self._ask, connection, self.together, local=self._local),
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
