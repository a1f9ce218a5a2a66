"""Which images make the disks what they were at a snapshot's time, and in which formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from snaptui.model.disk import Disk
from snaptui.model.image import ImageInfo, ImageSnapshot, NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.storage.backing_chain import NOT_READ, disks_with_chains
from snaptui.storage.disk_then import At, DiskAt, Stack, disk_now, disk_then
from snaptui.storage.in_image import Images, Unmanaged
from snaptui.storage.reclaimable import Surveyed


@dataclass(frozen=True, slots=True)
class Layer:
    """One image of a chain.

    Attributes:
        format: ``qcow2`` or ``raw``, as the domain or the image upon it says; never probed.
        block: it is on a block device.
    """

    path: str
    format: str
    block: bool = False


@dataclass(frozen=True, slots=True)
class ServedDisk:
    """A disk as it is given to the appliance.

    Attributes:
        target: what the domain calls it.
        layers: its image, and all that lies beneath it.
        entry: of the first one's snapshot table; ``None`` for what the image is now.
        size: bytes of the disk.
    """

    target: str
    layers: tuple[Layer, ...]
    entry: ImageSnapshot | None
    size: int


@dataclass(frozen=True, slots=True)
class Source:
    """A domain's disks at one time.

    Attributes:
        host: the URI of the host.
        domain: its name; of an image that no domain uses, its path.
        snapshot: name of a snapshot; ``None`` for now.
        disks: those that can be read; never empty.
        left_out: by target, why others cannot.
        steady: nothing writes to them; a running guest's now is as after a power cut.
        ssh: how the host is reached, up to its name; empty for this machine.
    """

    host: str
    domain: str
    snapshot: str | None
    disks: tuple[ServedDisk, ...]
    left_out: Mapping[str, NotKnown]
    steady: bool
    ssh: tuple[str, ...] = ()


def source_of(found: Surveyed, snapshot: Snapshot | None) -> Source | NotKnown:
    """The disks of a domain at the time of a snapshot, or now; why not where none can be read."""
    config = snapshot.config if snapshot is not None else found.config
    if config is None:
        return NotKnown("the snapshot's record does not describe the domain")
    heads = found.layers.heads
    served: dict[str, ServedDisk | NotKnown] = {}
    for disk in disks_with_chains(config):
        at = (
            disk_now(config, disk.target, found.layers)
            if snapshot is None
            else disk_then(snapshot, disk.target, found.layers)
        )
        served[disk.target] = _served(disk, at, heads)
    name = snapshot.name if snapshot is not None else None
    steady = snapshot is not None or not found.domain.state.active
    return _source(found, name, served, steady=steady)


def source_of_unmanaged(found: Surveyed, unmanaged: Unmanaged) -> Source | NotKnown:
    """The disks of which the images hold a snapshot that libvirt does not know."""
    heads = found.layers.heads
    entries = dict(unmanaged.parts)
    served: dict[str, ServedDisk | NotKnown] = {}
    for disk in disks_with_chains(found.config):
        now = disk_now(found.config, disk.target, found.layers)
        if isinstance(now, NotKnown):
            served[disk.target] = now
            continue
        paths = [one.path for one in now.stack]
        top = next((place for place, path in enumerate(paths) if path in entries), None)
        if top is None:
            served[disk.target] = NotKnown(f"its images do not hold {unmanaged.name}")
            continue
        entry = entries[paths[top]]
        size = entry.virtual_size or now.size
        at = DiskAt((At(paths[top], entry.id), *now.stack[top + 1 :]), size)
        served[disk.target] = _served(disk, at, heads, above=now.stack[:top])
    return _source(found, unmanaged.name, served, steady=True)


def source_of_image(host: str, head: ImageInfo, entry: ImageSnapshot | None) -> Source | NotKnown:
    """An image that no domain uses, or a snapshot inside it.

    Nothing but its own file is opened: whatever else its header names, nobody vouches for.
    """
    if head.backing is not None:
        return NotKnown("it names an image beneath it, and no domain says which one that may be")
    size = head.virtual_size if entry is None else entry.virtual_size or head.virtual_size
    at = DiskAt((At(head.path, entry.id if entry is not None else ""),), size)
    name = head.path.rpartition("/")[2]
    served = _served(Disk(name, "disk", "file", head.path, head.format), at, {head.path: head})
    if isinstance(served, NotKnown):
        return served
    return Source(host, head.path, entry.name if entry else None, (served,), {}, steady=True)


def _source(
    found: Surveyed, name: str | None, served: Mapping[str, ServedDisk | NotKnown], *, steady: bool
) -> Source | NotKnown:
    disks = tuple(one for one in served.values() if isinstance(one, ServedDisk))
    left_out = {target: one for target, one in served.items() if isinstance(one, NotKnown)}
    if not disks:
        why = [f"{target}: {one.reason}" for target, one in left_out.items()]
        return NotKnown("; ".join(why) or "the domain has no disk with an image")
    return Source(found.domain.key.host, found.domain.name, name, disks, left_out, steady)


def _served(
    disk: Disk, at: DiskAt | NotKnown, heads: Images, above: Stack = ()
) -> ServedDisk | NotKnown:
    """A disk of these layers.

    Args:
        above: what lies upon them, of which the first is what the disk's format is said of.
    """
    if isinstance(at, NotKnown):
        return at
    layers = _layers((*above, *at.stack), disk.format, heads)
    if isinstance(layers, NotKnown):
        return layers
    entry = _entry(at, heads)
    if isinstance(entry, NotKnown):
        return entry
    return ServedDisk(disk.target, layers[len(above) :], entry, at.size)


def _layers(stack: Stack, form: str, heads: Images) -> tuple[Layer, ...] | NotKnown:
    layers: list[Layer] = []
    for one in stack:
        head = heads.get(one.path, NOT_READ)
        if isinstance(head, NotKnown):
            return head
        if not form:
            return NotKnown(f"nothing says which format {one.path} has")
        if form not in ("qcow2", "raw"):
            return NotKnown(f"{one.path} is {form}: only qcow2 and raw images are opened")
        if head.encrypted:
            return NotKnown(f"{one.path} is encrypted")
        if head.data_file is not None:
            return NotKnown(f"the data of {one.path} are in another file")
        layers.append(Layer(one.path, form, head.device))
        form = head.backing_format or ""
        if layers[-1].format == "raw":
            break
    if len(layers) != len(stack):
        return NotKnown(f"{layers[-1].path} is raw, and yet names another image")
    return tuple(layers)


def _entry(at: DiskAt, heads: Images) -> ImageSnapshot | NotKnown | None:
    top = at.stack[0]
    if not top.entry:
        return None
    head = heads.get(top.path, NOT_READ)
    if not isinstance(head, ImageInfo):
        return head
    found = [entry for entry in head.snapshots if entry.id == top.entry]
    if len(found) != 1:
        return NotKnown(f"{len(found)} snapshots of {top.path} have the ID {top.entry}")
    if at.size != head.virtual_size:
        # QEMU gives a snapshot the size that the disk has now: cut off, or with what is not its own
        return NotKnown("the disk had another size then; extract the snapshot to read it")
    return found[0]
