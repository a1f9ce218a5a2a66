"""Where the disks are that a domain's XML gives as volumes of storage pools.

Only what libvirt knows already is asked: no pool is started or refreshed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import libvirt

from snaptui.backend.virt import domain_xml, pool_xml
from snaptui.backend.virt.calls import Ask, of_other_daemons
from snaptui.backend.virt.probe import PATIENCE, Probe, block_paths
from snaptui.common import shell
from snaptui.common.errors import Disconnected, NotFound, SnaptuiError
from snaptui.model.disk import Disk
from snaptui.model.domain import DomainConfig
from snaptui.model.image import Unplaced

FILES = ("dir", "fs", "netfs")
"""Kinds of pools whose volumes are files (formatstorage.html)."""
DEVICES = ("disk", "iscsi", "logical", "mpath", "scsi", "zfs")
"""Kinds whose volumes are block devices of the host."""
KEPT = 10.0
"""Seconds for which the answer of a pool is good enough for what is only shown."""


class Places:
    """Resolves volumes; what it has learned is worth as much as the connection.

    Args:
        ask: makes a call, and turns libvirt's errors into ours.
        probe: asks QEMUs, which may hang.
    """

    def __init__(self, ask: Ask, connection: libvirt.virConnect, probe: Probe) -> None:
        self._ask = of_other_daemons(ask, connection)
        self._connection, self._probe = connection, probe
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], tuple[float, str | Unplaced]] = {}
        self._open: dict[tuple[str, ...], str] = {}

    def of(self, pool: str, volume: str, *, since: float = 0.0) -> str | Unplaced:
        """Where a volume is, or why that is not known.

        Args:
            since: ask, unless that was done after this (``time.monotonic()``).

        Raises:
            Disconnected: the host is gone.
        """
        at, known = self._known.get((pool, volume), (0.0, domain_xml.NOT_ASKED))
        if not at or at < since or time.monotonic() - at > KEPT:
            known = self._asked(pool, volume)
            self._known[pool, volume] = (time.monotonic(), known)
        return known

    def _asked(self, pool: str, volume: str) -> str | Unplaced:
        folder: str | None = None
        try:
            handle = self._ask(lambda: self._connection.storagePoolLookupByName(pool))
            text = self._ask(handle.XMLDesc)
            kind, folder = pool_xml.pool_kind(text), pool_xml.pool_target(text) or None
            if kind not in (*FILES, *DEVICES):
                return Unplaced(f"the pool {pool} is {kind}: its volumes are no files here", "")
            if not self._ask(handle.isActive):
                start = shell.line(("virsh", "pool-start", f"--pool={pool}"))
                return Unplaced(f"its pool {pool} is not active ({start})", folder)
            found = self._ask(lambda: handle.storageVolLookupByName(volume))
            path = cast("str", self._ask(found.path))
            if not path.startswith("/"):
                return Unplaced(f"libvirt gives no path of the volume {volume} of the pool {pool}")
            return path
        except Disconnected:
            raise
        except SnaptuiError as error:
            return _unplaced(error, pool, volume, folder)

    def placed(
        self,
        config: DomainConfig,
        text: str = "",
        uuid: str = "",
        *,
        since: float = 0.0,
        hung: bool = False,
    ) -> DomainConfig:
        """A configuration with the paths of its volumes.

        Args:
            text: of a domain, its live XML: while it runs, what QEMU has open is asked.
            since: as in :meth:`of`.
            hung: QEMU does not answer: what it has told before is all that is known.

        Raises:
            Disconnected: the host is gone.
        """
        if not config.of_pools:
            return config
        nodes = domain_xml.volume_nodes(text) if text else {}
        live = self._live(uuid, nodes, hung) if nodes else {}
        told = live if nodes else None
        disks = tuple(self._placed(disk, told, since) for disk in config.disks)
        return replace(config, disks=disks)

    def _placed(self, disk: Disk, live: Mapping[str, str] | None, since: float) -> Disk:
        volumes = (
            replace(one, place=self.of(one.pool, one.name, since=since)) for one in disk.volumes
        )
        disk, volume = replace(disk, volumes=tuple(volumes)), disk.volume
        if volume is None:
            return disk
        place = self.of(volume.pool, volume.name, since=since)
        volume = replace(volume, place=place)
        if live is not None:
            path = live.get(disk.target)
            silent = "" if path is not None else "QEMU does not tell which file it has open for it"
            return replace(disk, volume=volume, path=path, unknown=silent)
        if isinstance(place, Unplaced):
            return replace(disk, volume=volume, unknown=place.reason)
        return replace(disk, volume=volume, path=place, unknown="")

    def _live(
        self, uuid: str, nodes: Mapping[str, tuple[str, ...]], hung: bool
    ) -> Mapping[str, str]:
        """By target, what QEMU has open; a disk of which it does not tell is left out."""
        keys = {target: (uuid, target, *node) for target, node in nodes.items()}
        with self._lock:
            if not hung and any(key not in self._open for key in keys.values()):
                try:
                    told = self._probe.ask(uuid, block_paths, PATIENCE)
                except (TimeoutError, SnaptuiError, libvirt.libvirtError):
                    told = {}
                self._open |= {keys[target]: told[target] for target in keys.keys() & told.keys()}
            return {t: self._open[key] for t, key in keys.items() if key in self._open}


def _unplaced(error: SnaptuiError, pool: str, volume: str, folder: str | None) -> Unplaced:
    if not isinstance(error, NotFound):
        return Unplaced(f"the volume {volume} of the pool {pool}: {error.message}", folder)
    if folder is None:
        return Unplaced(f"there is no pool {pool}")
    look = shell.line(("virsh", "pool-refresh", f"--pool={pool}"))
    return Unplaced(f"the pool {pool} has no volume {volume} ({look} looks again)", folder)
