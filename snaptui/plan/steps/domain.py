"""The steps of a plan: what is called, its virsh line, and what it must have changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar

from snaptui.model.choices import Form, RunState
from snaptui.model.disk import Presence
from snaptui.model.domain import Domain, DomainState
from snaptui.model.host import Host
from snaptui.model.image import ImageInfo, ImageSnapshot, NotKnown
from snaptui.model.operation_record import StepKind
from snaptui.model.snapshot import Kind, Snapshot
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.model.virsh_line import option, virsh
from snaptui.plan.change import Change, Difference
from snaptui.plan.facts import Facts
from snaptui.plan.steps.base import SHORT, BaseStep, OfSnapshot, next_id
from snaptui.plan.steps.delete_effect import after_delete
from snaptui.plan.steps.group import FreezeGuest, NoteGroup, ThawGuest
from snaptui.plan.steps.merge import MergeOverlay
from snaptui.plan.steps.metadata import Adopt, Redefine, Relocate
from snaptui.plan.steps.revert_effect import after_external_revert, overlay_stems


@dataclass(frozen=True, slots=True)
class CreateSnapshot(BaseStep):
    """Take a snapshot: inside the images, or by overlays and a file for the RAM."""

    new: NewSnapshot

    kind: ClassVar[StepKind] = StepKind.CREATE

    @property
    def subject(self) -> str:
        """The snapshot that it is about; may be empty."""
        return self.new.name

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        external = "" if self.new.form is Form.INTERNAL else "external "
        return f"take the {external}snapshot {self.new.name}"

    @property
    def ram_file(self) -> str | None:
        """The file that the RAM is saved in."""
        return self.new.memory_path

    @property
    def no_way_out(self) -> str:
        """Why it cannot be given up; saving the RAM to a file can.

        libvirt waits with virDomainAbortJob until a snapshot inside an image is there.
        """
        if self.new.form is Form.INTERNAL:
            return "libvirt cannot give up a snapshot inside an image."
        return SHORT if self.ram_file is None else ""

    def virsh(self, host: Host, domain: Domain) -> str:
        """The same as a line for a shell."""
        new = self.new
        words = [option("name", new.name)]
        if new.description:
            words.append(option("description", new.description))
        flags = {
            "disk-only": new.form is Form.DISK_ONLY,
            "atomic": new.form is not Form.INTERNAL,
            "quiesce": new.quiesce,
            "live": new.live,
            "halt": new.halt,
            "reuse-external": new.reuse,
        }
        words += [f"--{flag}" for flag, wanted in flags.items() if wanted]
        if new.memory_path is not None:
            words.append(option("memspec", f"file={_spec(new.memory_path)},snapshot=external"))
        for disk in new.disks:
            file = f",file={_spec(disk.path)}" if disk.path is not None else ""
            spec = f"{disk.target},snapshot={disk.presence.value}{file}"
            words.append(option("diskspec", spec))
        return virsh(host, "snapshot-create-as", domain, *words)

    def in_the_way(self, facts: Facts) -> tuple[Difference, ...]:
        """Why the facts of this moment forbid it."""
        there = (path for path in self.new.made if facts.exists(path))
        return tuple(Difference(Change.THERE_ALREADY, path) for path in there)

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it: one more snapshot, or overlays as disks."""
        inside = self.new.form is Form.INTERNAL
        after = self._inside(before) if inside else self._outside(before)
        if self.new.halt:
            domain = replace(after.status.domain, state=DomainState.SHUTOFF)
            after = replace(after, status=replace(after.status, domain=domain))
        names = (*before.names, self.new.name)
        return replace(after, names=names, current=self.new.name, snapshots=_written_on(before))

    def _inside(self, before: Facts) -> Facts:
        images = dict(before.images)
        for disk in before.status.config.written:
            image = images.get(disk.path or "")
            if isinstance(image, ImageInfo) and not disk.read_only:
                entry = ImageSnapshot(next_id(image), self.new.name, 0, 0)
                images[image.path] = replace(image, snapshots=(*image.snapshots, entry))
        return replace(before, images=MappingProxyType(images))

    def _outside(self, before: Facts) -> Facts:
        images = dict(before.images)
        disks = []
        for disk in before.status.config.disks:
            path = self.new.overlays.get(disk.target)
            if path is None:
                disks.append(disk)
                continue
            disks.append(replace(disk, source_type="file", path=path, format="qcow2", volume=None))
            known = before.host.local
            images[path] = (
                ImageInfo(path, "qcow2", 0, 0, ()) if known else NotKnown("it is not here")
            )
        config = replace(before.status.config, disks=tuple(disks), digest="")
        return replace(
            before,
            external=(*before.external, self.new.name),
            images=MappingProxyType(images),
            status=replace(before.status, config=config),
        )


@dataclass(frozen=True, slots=True)
class PowerOff(BaseStep):
    """Stop the guest at once."""

    kind: ClassVar[StepKind] = StepKind.POWER_OFF

    @property
    def subject(self) -> str:
        """The snapshot that it is about; may be empty."""
        return ""

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return "power off"

    def virsh(self, host: Host, domain: Domain) -> str:
        """The same as a line for a shell."""
        return virsh(host, "destroy", domain)

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it: shut off, with the disks of the definition."""
        status = before.status
        domain = replace(status.domain, state=DomainState.SHUTOFF)
        return replace(before, status=replace(status, domain=domain, hung=False))


@dataclass(frozen=True, slots=True)
class RevertTo(OfSnapshot):
    """Revert to a snapshot; never with force.

    Attributes:
        reset_nvram: the UEFI variables start from their template.
    """

    state: RunState
    reset_nvram: bool = False

    kind: ClassVar[StepKind] = StepKind.REVERT

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return f"revert to {self.snapshot.name}"

    @property
    def no_way_out(self) -> str:
        """Why it cannot be given up."""
        return "libvirt cannot give up a revert: the state before is gone already."

    def virsh(self, host: Host, domain: Domain) -> str:
        """The same as a line for a shell."""
        flags = {
            RunState.RECORDED: [],
            RunState.RUNNING: ["--running"],
            RunState.PAUSED: ["--paused"],
        }
        name = option("snapshotname", self.snapshot.name)
        reset = ["--reset-nvram"] if self.reset_nvram else []
        return virsh(host, "snapshot-revert", domain, name, *flags[self.state], *reset)

    @property
    def overlay_stems(self) -> tuple[str, ...]:
        """Paths of the overlays that libvirt makes, but for the seconds at their end."""
        then = self.snapshot.config
        outside = self.snapshot.kind is Kind.EXTERNAL and then is not None
        return overlay_stems(then.disks) if outside and then is not None else ()

    @property
    def end_state(self) -> DomainState | None:
        """The state of the domain after it; ``None`` when libvirt does not document it."""
        if self.state is RunState.RUNNING:
            return DomainState.RUNNING
        if self.state is RunState.PAUSED:
            return DomainState.PAUSED
        return {
            "running": DomainState.RUNNING,
            "paused": DomainState.PAUSED,
            "shutoff": DomainState.SHUTOFF,
            "disk-snapshot": DomainState.SHUTOFF,
        }.get(self.snapshot.state)

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it; the definition becomes the snapshot's."""
        if self.snapshot.kind is Kind.EXTERNAL:
            return after_external_revert(before, self.snapshot, self.end_state)
        status = before.status
        domain = replace(status.domain, state=self.end_state or status.domain.state)
        config = replace(self.snapshot.config or status.config, digest="")
        return replace(
            before,
            current=self.snapshot.name,
            status=replace(status, domain=domain, config=config, hung=False),
        )


@dataclass(frozen=True, slots=True)
class DeleteSnapshot(OfSnapshot):
    """Delete one snapshot with one plain call.

    Attributes:
        metadata_only: its data stay where they are.
    """

    metadata_only: bool = False

    kind: ClassVar[StepKind] = StepKind.DELETE

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        what = "the metadata of " if self.metadata_only else ""
        return f"delete {what}{self.snapshot.name}"

    @property
    def merges(self) -> tuple[str, ...]:
        """Targets of the disks whose overlays are merged."""
        if self.metadata_only:
            return ()
        return tuple(d.target for d in self.snapshot.disks if d.presence is Presence.EXTERNAL)

    @property
    def no_way_out(self) -> str:
        """libvirt 9.0 answers that it gave up a merge, and goes on."""
        return "libvirt cannot give up a merge." if self.merges else SHORT

    def virsh(self, host: Host, domain: Domain) -> str:
        """The same as a line for a shell."""
        name = option("snapshotname", self.snapshot.name)
        flags = ["--metadata"] if self.metadata_only else []
        return virsh(host, "snapshot-delete", domain, name, *flags)

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it: the snapshot is gone, and what it kept apart."""
        return after_delete(before, self.snapshot, metadata_only=self.metadata_only)


DomainStep = (
    CreateSnapshot
    | PowerOff
    | RevertTo
    | DeleteSnapshot
    | Redefine
    | Relocate
    | MergeOverlay
    | Adopt
    | FreezeGuest
    | ThawGuest
    | NoteGroup
)


def _written_on(before: Facts) -> Mapping[str, Snapshot]:
    """The snapshots when the overlays of a revert to the current one are a new one's images."""
    known = dict(before.snapshots)
    if before.current in known and known[before.current].revert_disks:
        known[before.current] = replace(known[before.current], revert_disks=(), digest="")
    return MappingProxyType(known)


def _spec(path: str) -> str:
    """A path within a specification of virsh, where commas part the fields."""
    return path.replace(",", ",,")
