"""What decides whether a change of a domain can be tried."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import libvirt

from snaptui.backend.virt import domain_xml, pool_xml, snapshot_xml
from snaptui.backend.virt.calls import LibvirtCalls
from snaptui.backend.virt.states import domain_state
from snaptui.backend.virt.texts import Texts
from snaptui.common.errors import Disconnected, HostError, SnaptuiError, Unsupported
from snaptui.model.domain import (
    Domain,
    DomainConfig,
    DomainKey,
    DomainState,
    DomainStatus,
    NewReason,
    Reason,
)
from snaptui.model.image import NotKnown

if TYPE_CHECKING:
    from snaptui.backend.virt.places import Places


class LibvirtStatus(LibvirtCalls):
    """A part of a backend."""

    @property
    def _texts(self) -> Texts:
        return Texts(self._ask, self._once, self._about)

    def snapshot_xml(self, key: DomainKey, name: str) -> str:
        """One snapshot's XML; see the protocol."""
        return self._texts.snapshot(key.uuid, name, self._snapshot_handle(key, name))

    def status(self, key: DomainKey) -> DomainStatus:
        """What decides whether a change can be tried; see the protocol."""
        domain = self._look_up(self._connections.reads.connection, key)
        state = self.begin(lambda: self._domain(domain, {}))
        told = self.begin(lambda: self._texts.live(key.uuid, domain))
        kept = self.begin(lambda: self._texts.persistent(key.uuid, domain))
        next_start = self.begin(
            lambda: domain_xml.parse_domain(self._texts.defined(key.uuid, domain))
        )
        control = self.begin(lambda: self._busy(domain))
        points = self.begin(lambda: self._checkpoints(domain))
        saved = self.begin(lambda: self._managed_save(domain))
        found = state()
        if found.state is DomainState.UNKNOWN:
            raise HostError(found.why)
        live, persistent = told(), kept()
        config = domain_xml.parse_domain(live)
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
                self._placed(config, live, key, since=time.monotonic(), hung=hung),
                digest=defined.digest,
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
            settings={d.target: d.snapshot for d in defined.disks if d.snapshot is not None},
        )

    def images_in_use(self) -> tuple[tuple[Domain, frozenset[str]], ...]:
        """The images of the active domains, by their statistics; see the protocol."""
        connection = self._connections.reads.connection
        told = self._ask(
            lambda: connection.getAllDomainStats(
                libvirt.VIR_DOMAIN_STATS_STATE | libvirt.VIR_DOMAIN_STATS_BLOCK,
                libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE
                | libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING
                | libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
            )
        )
        return tuple(
            (
                self._domain(domain, stats),
                frozenset(
                    stats[f"block.{at}.path"]
                    for at in range(stats.get("block.count", 0))
                    if f"block.{at}.path" in stats
                ),
            )
            for domain, stats in told
        )

    def _pool_kind(self, folder: str) -> str:
        """The type of the active pool of a directory of the host."""
        connection = self._connections.reads.connection
        pool = self._ask(lambda: connection.storagePoolLookupByTargetPath(folder))
        return pool_xml.pool_kind(self._ask(pool.XMLDesc))

    def _placed(
        self,
        config: DomainConfig,
        live: str,
        key: DomainKey,
        *,
        since: float = 0.0,
        hung: bool = False,
    ) -> DomainConfig:
        if not config.of_pools:
            return config
        return self._places().placed(config, live, key.uuid, since=since, hung=hung)

    def _places(self) -> Places:
        from snaptui.backend.virt.places import Places

        reads = self._connections.reads
        if reads.places is None:
            reads.places = Places(self._ask, reads.connection, self._connections.probe)
        return reads.places

    def _domain(self, domain: libvirt.virDomain, stats: dict[str, Any], uuid: str = "") -> Domain:
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
        key = DomainKey(self._uri, uuid or domain.UUIDString())
        return Domain(key, domain.name(), state, reason)

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
                return not snapshot_xml.bitmap_there(self._ask(partial(one.getXMLDesc, size)))
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
