"""What a host offers to a guest that is to be started, and who would confine it."""

from __future__ import annotations

from snaptui.backend.files.packages import STATUS
from snaptui.backend.host_images import HostImages
from snaptui.backend.virt import domain_xml, snapshot_xml
from snaptui.backend.virt.status import LibvirtStatus
from snaptui.common.errors import ImageError
from snaptui.model.domain import DomainKey
from snaptui.model.host import Host
from snaptui.model.machine import Lack


class LibvirtOffers(LibvirtStatus, HostImages):
    """A part of a backend."""

    _host: Host | None = None

    def security_models(self) -> frozenset[str]:
        """What confines the guests; see the protocol."""
        from snaptui.backend.virt import xml

        told = xml.parse(self._ask(self._connections.reads.connection.getCapabilities))
        return frozenset((one.text or "").strip() for one in told.iterfind("host/secmodel/model"))

    def build(self) -> str:
        """Its package; see the protocol."""
        from snaptui.backend.virt.daemon_build import build

        try:
            return self._look(STATUS, lambda _: build(self._uri))
        except ImageError:
            return ""

    def lacks(self, key: DomainKey, name: str) -> tuple[Lack, ...]:
        """What QEMU is not any more; see the protocol."""
        from snaptui.backend.virt import attached, lacks, xml

        if self._host is not None and self._host.driver != "QEMU":
            return ()
        record = self.snapshot_xml(key, name)
        domain = snapshot_xml.started_by(record)
        machine = domain_xml.machine(domain) if domain is not None else None
        if domain is None or machine is None:
            return ()
        connection = self._connections.reads.connection
        now = xml.parse(self._texts.live(key.uuid, self._look_up(connection, key)))
        own = lacks.lacks(
            self._ask, connection, machine, domain, now, self._host,
            ram=snapshot_xml.parse_snapshot(record).has_memory,
        )  # fmt: skip
        return (*own, *attached.gone(self._ask, connection, domain, self.missing_file))

    def keys_gone(self, key: DomainKey) -> tuple[Lack, ...]:
        """The keys of its disks; see the protocol."""
        from snaptui.backend.virt import attached, xml

        connection = self._connections.reads.connection
        domain = xml.parse(self._texts.live(key.uuid, self._look_up(connection, key)))
        return tuple(attached.keys_gone(self._ask, connection, domain))
