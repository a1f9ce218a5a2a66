"""The steps of a plan: what is called, its virsh line, and what it must have changed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar

from snaptui.model import (
    Domain,
    DomainState,
    Host,
    ImageInfo,
    ImageSnapshot,
    NotKnown,
    Presence,
    RunState,
    Snapshot,
)
from snaptui.plan.facts import Facts


class BaseStep:
    """What is the same for all steps, unless they say otherwise."""

    __slots__ = ()

    @property
    def ram_file(self) -> str | None:
        """The file that the RAM is saved in, of which libvirt tells how far it is."""
        return None

    @property
    def merges(self) -> tuple[str, ...]:
        """Targets of the disks of which libvirt tells how much is merged."""
        return ()

    @property
    def no_way_out(self) -> str:
        """Why it cannot be given up, as a sentence; empty when it can."""
        return "It takes a moment, and would be left half done."


@dataclass(frozen=True, slots=True)
class _OfName(BaseStep):
    """A step that is about a snapshot of a name."""

    name: str

    @property
    def subject(self) -> str:
        """The snapshot that it is about; may be empty."""
        return self.name


@dataclass(frozen=True, slots=True)
class _OfSnapshot(BaseStep):
    """A step that is about a snapshot that there is."""

    snapshot: Snapshot

    @property
    def subject(self) -> str:
        """The snapshot that it is about; may be empty."""
        return self.snapshot.name


@dataclass(frozen=True, slots=True)
class CreateSnapshot(_OfName):
    """Take an internal snapshot of all disks, with memory if the domain is active."""

    description: str

    kind: ClassVar[str] = "create"

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return f"take the snapshot {self.name}"

    @property
    def no_way_out(self) -> str:
        """libvirt waits with virDomainAbortJob until the snapshot is there."""
        return "libvirt cannot give up a snapshot inside an image."

    def virsh(self, host: Host, domain: Domain) -> str:
        """The same as a line for a shell."""
        described = [_option("description", self.description)] if self.description else []
        return virsh(host, "snapshot-create-as", domain, _option("name", self.name), *described)

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it, as far as it can be told before."""
        images = dict(before.images)
        for disk in before.status.config.disks:
            image = images.get(disk.path or "")
            if isinstance(image, ImageInfo) and not disk.read_only:
                entry = ImageSnapshot(next_id(image), self.name, 0, 0)
                images[image.path] = replace(image, snapshots=(*image.snapshots, entry))
        return replace(
            before,
            names=(*before.names, self.name),
            current=self.name,
            images=MappingProxyType(images),
        )


@dataclass(frozen=True, slots=True)
class CreateExternal(_OfName):
    """Put overlays on disks; what they hold until now stays as it is beneath.

    Attributes:
        overlays: by target, the file that the disk writes to from now on.
        left_out: targets of writable disks that are not part of it.
        memory_path: file that the RAM is saved in; ``None`` for a disk-only snapshot.
    """

    description: str
    overlays: Mapping[str, str]
    left_out: tuple[str, ...]
    memory_path: str | None

    kind: ClassVar[str] = "create"

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return f"take the external snapshot {self.name}"

    @property
    def ram_file(self) -> str | None:
        """The file that the RAM is saved in."""
        return self.memory_path

    @property
    def no_way_out(self) -> str:
        """Why it cannot be given up; saving the RAM can."""
        return "" if self.ram_file is not None else super().no_way_out

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it makes."""
        memory = (self.memory_path,) if self.memory_path is not None else ()
        return (*self.overlays.values(), *memory)

    def virsh(self, host: Host, domain: Domain) -> str:
        """The same as a line for a shell."""
        words = [_option("name", self.name)]
        if self.description:
            words.append(_option("description", self.description))
        if self.memory_path is None:
            words.append("--disk-only")
        else:
            memory = self.memory_path.replace(",", ",,")
            words.append(_option("memspec", f"file={memory},snapshot=external"))
        for target, path in self.overlays.items():
            file = path.replace(",", ",,")
            words.append(_option("diskspec", f"{target},snapshot=external,file={file}"))
        words += [_option("diskspec", f"{target},snapshot=no") for target in self.left_out]
        return virsh(host, "snapshot-create-as", domain, *words)

    def in_the_way(self, facts: Facts) -> tuple[str, ...]:
        """Why the facts of this moment forbid it, in words."""
        return tuple(f"{path} is there already" for path in self.files if facts.exists(path))

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it: the disks are the overlays."""
        images = dict(before.images)
        disks = []
        for disk in before.status.config.disks:
            path = self.overlays.get(disk.target)
            if path is None:
                disks.append(disk)
                continue
            disks.append(replace(disk, source_type="file", path=path, format="qcow2"))
            known = before.host.local
            images[path] = (
                ImageInfo(path, "qcow2", 0, 0, ()) if known else NotKnown("it is not here")
            )
        config = replace(before.status.config, disks=tuple(disks), digest="")
        return replace(
            before,
            names=(*before.names, self.name),
            external=(*before.external, self.name),
            current=self.name,
            images=MappingProxyType(images),
            status=replace(before.status, config=config),
        )


@dataclass(frozen=True, slots=True)
class PowerOff(BaseStep):
    """Stop the guest at once."""

    kind: ClassVar[str] = "power off"

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
class RevertTo(_OfSnapshot):
    """Revert to a snapshot; never with force."""

    state: RunState

    kind: ClassVar[str] = "revert"

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
        name = _option("snapshotname", self.snapshot.name)
        return virsh(host, "snapshot-revert", domain, name, *flags[self.state])

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
        }.get(self.snapshot.state)

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it; the definition becomes the snapshot's."""
        status = before.status
        domain = replace(status.domain, state=self.end_state or status.domain.state)
        config = replace(self.snapshot.config or status.config, digest="")
        return replace(
            before,
            current=self.snapshot.name,
            status=replace(status, domain=domain, config=config, hung=False),
        )


@dataclass(frozen=True, slots=True)
class DeleteSnapshot(_OfSnapshot):
    """Delete one snapshot with one plain call.

    Attributes:
        metadata_only: its data stay where they are.
    """

    metadata_only: bool = False

    kind: ClassVar[str] = "delete"

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
        return "libvirt cannot give up a merge." if self.merges else super().no_way_out

    def virsh(self, host: Host, domain: Domain) -> str:
        """The same as a line for a shell."""
        name = _option("snapshotname", self.snapshot.name)
        flags = ["--metadata"] if self.metadata_only else []
        return virsh(host, "snapshot-delete", domain, name, *flags)

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it: the snapshot is gone, and nothing else."""
        name = self.snapshot.name
        internal = {d.target for d in self.snapshot.disks if d.presence is Presence.INTERNAL}
        if self.metadata_only:
            internal = set()
        images: dict[str, ImageInfo | NotKnown] = dict(before.images)
        for disk in before.status.config.disks:
            image = images.get(disk.path or "")
            if disk.target in internal and isinstance(image, ImageInfo):
                images[image.path] = replace(
                    image, snapshots=tuple(e for e in image.snapshots if e.name != name)
                )
        return replace(
            before,
            names=tuple(other for other in before.names if other != name),
            external=tuple(other for other in before.external if other != name),
            below=tuple(other for other in before.below if other != name),
            current=self.snapshot.parent if before.current == name else before.current,
            snapshots=MappingProxyType(
                {key: value for key, value in before.snapshots.items() if key != name}
            ),
            images=MappingProxyType(images),
        )


@dataclass(frozen=True, slots=True)
class Describe(_OfSnapshot):
    """Give a snapshot another description by defining it again.

    The rest of its metadata is given back as libvirt has it (virDomainSnapshotCreateXML,
    VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE); no image is touched.
    """

    description: str

    kind: ClassVar[str] = "edit"

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return f"change the description of {self.snapshot.name}"

    def virsh(self, host: Host, domain: Domain) -> str:
        """The nearest line for a shell: it opens an editor."""
        return virsh(host, "snapshot-edit", domain, _option("snapshotname", self.snapshot.name))

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it: nothing else changed."""
        after = replace(self.snapshot, description=self.description, digest="")
        snapshots = {**before.snapshots, self.snapshot.name: after}
        return replace(before, snapshots=MappingProxyType(snapshots))


@dataclass(frozen=True, slots=True)
class Adopt(_OfName):
    """Give entries that the images hold libvirt's metadata, as of a domain that was off.

    Attributes:
        created: when the entries were made, seconds since the epoch.
    """

    created: int

    kind: ClassVar[str] = "create"

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return f"make {self.name} known to libvirt"

    def virsh(self, host: Host, domain: Domain) -> str:
        """The nearest line for a shell: it wants a file of XML."""
        return virsh(host, "snapshot-create", domain, "--redefine", "--xmlfile=SNAPSHOT.xml")

    def expected(self, before: Facts) -> Facts:
        """What the facts must be after it: one more snapshot, the images as they were."""
        return replace(before, names=(*before.names, self.name))


DomainStep = (
    CreateSnapshot | CreateExternal | PowerOff | RevertTo | DeleteSnapshot | Describe | Adopt
)


def virsh(host: Host, command: str, domain: Domain, *arguments: str) -> str:
    """A virsh line that a shell passes on unchanged, whatever the names are.

    virsh takes a number for a domain's ID, and looks for a UUID before a name (virsh(1),
    *NOTES*).
    """
    plain = domain.name.isprintable() and not domain.name[:1].isdigit()
    target = domain.name if plain else domain.key.uuid
    words = ["virsh", "-c", host.label, command, _option("domain", target), *arguments]
    return " ".join(shlex.quote(word) for word in words)


def _option(name: str, value: str) -> str:
    """``--name=value``, which virsh takes whatever the value begins with."""
    return f"--{name}={value}"


def next_id(image: ImageInfo) -> str:
    """The ID that QEMU gives to the next entry (block/snapshot.c: the highest + 1)."""
    return str(max((int(e.id) for e in image.snapshots if e.id.isdecimal()), default=0) + 1)
