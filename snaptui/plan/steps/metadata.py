"""The steps that change what libvirt's records say, and no image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar

from snaptui.model.domain import Domain
from snaptui.model.host import Host
from snaptui.model.operation_record import StepKind
from snaptui.model.snapshot import Snapshot
from snaptui.model.virsh_line import option, virsh
from snaptui.plan.facts import Facts
from snaptui.plan.steps.base import OfName, OfSnapshot


@dataclass(frozen=True, slots=True)
class Redefine(OfSnapshot):
    """Define a snapshot again with another name, description or parent.

    The rest of its metadata is given back as libvirt has it (virDomainSnapshotCreateXML,
    VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE). Under another name it is one more snapshot.

    Attributes:
        after: the same as it is then.
        current: it is the current one then.
    """

    after: Snapshot
    current: bool = False

    kind: ClassVar[StepKind] = StepKind.EDIT

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        name, after = self.snapshot.name, self.after
        if after.name != name:
            return f"define {name} as {after.name} too"
        if after.parent != self.snapshot.parent:
            return f"put {name} below {after.parent}"
        return f"change the description of {name}"

    @property
    def defines(self) -> tuple[str, str, str]:
        """Name, parent and description of the snapshot as it is then."""
        return self.after.name, self.after.parent or "", self.after.description

    def virsh(self, host: Host, domain: Domain) -> str:
        """The nearest line for a shell: it opens an editor."""
        name = option("snapshotname", self.snapshot.name)
        flags = ["--clone"] if self.after.name != self.snapshot.name else []
        flags += ["--current"] if self.current else []
        return virsh(host, "snapshot-edit", domain, name, *flags)

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it: nothing else changed."""
        name, after = self.snapshot.name, replace(self.after, digest="")
        more = (after.name,) if after.name != name else ()
        known = dict(before.snapshots)
        if self.current and before.current in known and known[before.current].revert_disks:
            # the overlays of a revert to it are the other record's then
            known[before.current] = replace(known[before.current], revert_disks=(), digest="")
        return replace(
            before,
            names=(*before.names, *more),
            external=(*before.external, *(more if name in before.external else ())),
            current=after.name if self.current else before.current,
            snapshots=MappingProxyType({**known, after.name: after}),
        )


@dataclass(frozen=True, slots=True)
class Relocate(OfSnapshot):
    """Let a snapshot's record name other images, and all else of it be as it is.

    Attributes:
        places: by target, the path that it names then.
    """

    places: tuple[tuple[str, str], ...]

    kind: ClassVar[StepKind] = StepKind.RELOCATE

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return f"record that {self.subject} is in {', '.join(dict(self.places).values())}"

    @property
    def after(self) -> Snapshot:
        """The snapshot as its record has it then."""
        places, then = dict(self.places), self.snapshot.config
        if then is None:
            return self.snapshot
        disks = tuple(replace(d, path=places.get(d.target, d.path)) for d in then.disks)
        return replace(self.snapshot, config=replace(then, disks=disks, digest=""), digest="")

    def virsh(self, host: Host, domain: Domain) -> str:
        """The nearest line for a shell: it opens an editor."""
        return virsh(host, "snapshot-edit", domain, option("snapshotname", self.subject))

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it: nothing else changed."""
        snapshots = {**before.snapshots, self.subject: self.after}
        return replace(before, snapshots=MappingProxyType(snapshots))


@dataclass(frozen=True, slots=True)
class Adopt(OfName):
    """Give entries that the images hold libvirt's metadata, as of a domain that was off.

    Attributes:
        created: when the entries were made, seconds since the epoch.
    """

    created: int

    kind: ClassVar[StepKind] = StepKind.CREATE

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return f"register {self.name} with libvirt"

    def virsh(self, host: Host, domain: Domain) -> str:
        """The nearest line for a shell: it wants a file of XML."""
        return virsh(host, "snapshot-create", domain, "--redefine", "--xmlfile=SNAPSHOT.xml")

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it: one more snapshot, the images as they were."""
        return replace(before, names=(*before.names, self.name))
