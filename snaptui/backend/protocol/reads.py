"""What libvirt tells of a host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from snaptui.backend.protocol.asked import Asked
from snaptui.model.config_change import ConfigChange
from snaptui.model.domain import Amount, Domain, DomainConfig, DomainKey, DomainStatus
from snaptui.model.guest_agent import Agent
from snaptui.model.machine import Lack
from snaptui.model.snapshot import Snapshot, SnapshotSummary

if TYPE_CHECKING:
    from snaptui.model.doubts import Doubt
    from snaptui.model.files import Found, NamedFile


class Reads(Asked, Protocol):
    """Reads domains, snapshots and definitions."""

    def domains(self) -> tuple[Domain, ...]:
        """All domains, in no order, with one call for the whole host."""

    def domain(self, key: DomainKey) -> Domain:
        """One domain, with two calls; NotFound if there is none of the UUID."""

    def images_in_use(self) -> tuple[tuple[Domain, frozenset[str]], ...]:
        """The active domains with the paths of their images and those beneath; one call.

        A disk that is no file or device has no path. Each QEMU is asked, unless it is busy.
        """

    def summary(self, key: DomainKey) -> SnapshotSummary:
        """Number of snapshots and the newest leaf's creation time."""

    def snapshot_names(self, key: DomainKey) -> tuple[str, ...]:
        """Names of all snapshots, sorted, with one call."""

    def external_snapshots(self, key: DomainKey) -> tuple[str, ...]:
        """Names of the snapshots that libvirt counts as external."""

    def children(self, key: DomainKey, name: str) -> tuple[str, ...]:
        """Names of the snapshots directly below ``name``."""

    def descendants(self, key: DomainKey, name: str) -> tuple[str, ...]:
        """Names of all snapshots below ``name``, parents before children."""

    def checkpoints(self, key: DomainKey) -> tuple[str, ...]:
        """Names of a domain's checkpoints, from which backup tools count changes; one call."""

    def current_snapshot(self, key: DomainKey) -> str | None:
        """Name of the current snapshot, with one call; ``None`` when there is none."""

    def snapshot(self, key: DomainKey, name: str) -> Snapshot:
        """One snapshot's metadata, with one call after ``snapshot_names``."""

    def snapshot_xml(self, key: DomainKey, name: str) -> str:
        """One snapshot's XML as libvirt gives it, without secrets."""

    def domain_xml(self, key: DomainKey) -> str:
        """The live domain's XML, without secrets."""

    def config(self, key: DomainKey) -> DomainConfig:
        """What the live domain's XML says."""

    def config_changes(
        self, key: DomainKey, name: str, later: str | None = None
    ) -> tuple[ConfigChange, ...]:
        """What of the definition is otherwise than at a snapshot's time.

        Args:
            later: as it was at another snapshot's time; without one as it is now.
        """

    def status(self, key: DomainKey) -> DomainStatus:
        """What decides whether a change can be tried; looked up anew."""

    def agent(self, key: DomainKey) -> Agent:
        """The guest agent of a domain: it is asked, which takes seconds if it is silent.

        Raises:
            SnaptuiError: the domain cannot be read; what the agent lacks is told in the result.
        """

    def ram_saved(self, key: DomainKey) -> Amount | None:
        """How much of the RAM is in its file; ``None`` while none is being saved.

        Never while an internal snapshot is taken: libvirt then waits with the answer.
        """

    def written_by_qemu(self, key: DomainKey) -> frozenset[str]:
        """The images that a running guest writes to, as its QEMU itself says.

        Empty when it does not say. libvirt notes in its log that QEMU's monitor was used.
        """

    def merged(self, key: DomainKey, target: str) -> Amount | None:
        """How much of a disk's image is merged; ``None`` while there is no merge."""

    def secret_domain_xml(self, key: DomainKey) -> str:
        """The inactive definition with its secrets: for copies, never for the screen."""

    def secret_snapshot_xml(self, key: DomainKey, name: str) -> str:
        """A snapshot's XML with its secrets: for copies, never for the screen."""

    def security_models(self) -> frozenset[str]:
        """What confines the guests of the host: ``apparmor``, ``selinux``, ``dac``."""

    def build(self) -> str:
        """Version of the package that the host's libvirt is from; empty where it is not known."""

    def lacks(self, key: DomainKey, name: str) -> tuple[Lack, ...]:
        """What a snapshot's domain needs to be started that the host or its QEMU does not have."""

    def keys_gone(self, key: DomainKey) -> tuple[Lack, ...]:
        """The keys of its disks, as it is defined now, that the host does not have."""

    def named_files(self, key: DomainKey) -> tuple[NamedFile | Doubt, ...]:
        """All files that a domain's definitions, live and inactive, and its snapshots name."""

    def volumes(self) -> Found:
        """The files of the host's active storage pools."""
