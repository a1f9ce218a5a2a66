"""Which images make the disks what they were at a snapshot's time, and how QEMU is to open them."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from snaptui.model.domain import DomainConfig
from snaptui.model.image import ImageInfo, ImageSnapshot, NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.storage.backing_chain import NOT_READ, disks_with_chains
from snaptui.storage.disk_then import DiskAt, disk_now, disk_then
from snaptui.storage.in_image import Images
from snaptui.storage.reclaimable import Surveyed


@dataclass(frozen=True, slots=True)
class Layer:
    """One image of a chain.

    Attributes:
        format: ``qcow2`` or ``raw``, as the domain or the image upon it says; never probed.
    """

    path: str
    format: str


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
        domain: name of the domain.
        snapshot: name of a snapshot; ``None`` for now.
        disks: those that can be read; never empty.
        left_out: by target, why others cannot.
        steady: nothing writes to them; a running guest's now is as after a power cut.
    """

    host: str
    domain: str
    snapshot: str | None
    disks: tuple[ServedDisk, ...]
    left_out: Mapping[str, NotKnown]
    steady: bool


def source_of(found: Surveyed, snapshot: Snapshot | None) -> Source | NotKnown:
    """The disks of a domain at the time of a snapshot, or now; why not where none can be read."""
    config = snapshot.config if snapshot is not None else found.config
    if config is None:
        return NotKnown("the snapshot's record does not describe the domain")
    disks: list[ServedDisk] = []
    left_out: dict[str, NotKnown] = {}
    for disk in disks_with_chains(config):
        served = _served(found, config, snapshot, disk.target)
        if isinstance(served, NotKnown):
            left_out[disk.target] = served
        else:
            disks.append(served)
    if not disks:
        why = [f"{target}: {one.reason}" for target, one in left_out.items()]
        return NotKnown("; ".join(why) or "the domain has no disk with an image")
    return Source(
        host=found.domain.key.host,
        domain=found.domain.name,
        snapshot=snapshot.name if snapshot is not None else None,
        disks=tuple(disks),
        left_out=left_out,
        steady=snapshot is not None or not found.domain.state.active,
    )


def _served(
    found: Surveyed, config: DomainConfig, snapshot: Snapshot | None, target: str
) -> ServedDisk | NotKnown:
    heads = found.layers.heads
    at = (
        disk_now(config, target, found.layers)
        if snapshot is None
        else disk_then(snapshot, target, found.layers)
    )
    if isinstance(at, NotKnown):
        return at
    disk = next(one for one in config.disks if one.target == target)
    layers = _layers(at, disk.format, heads)
    if isinstance(layers, NotKnown):
        return layers
    entry = _entry(at, heads)
    if isinstance(entry, NotKnown):
        return entry
    return ServedDisk(target, layers, entry, at.size)


def _layers(at: DiskAt, form: str, heads: Images) -> tuple[Layer, ...] | NotKnown:
    layers: list[Layer] = []
    for one in at.stack:
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
        layers.append(Layer(one.path, form))
        form = head.backing_format or ""
        if layers[-1].format == "raw":
            break
    if len(layers) != len(at.stack):
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


def from_json(said: Mapping[str, Any]) -> ServedDisk:
    """What :func:`dataclasses.asdict` made of a disk."""
    entry = said["entry"]
    return ServedDisk(
        target=said["target"],
        layers=tuple(Layer(**layer) for layer in said["layers"]),
        entry=ImageSnapshot(**entry) if entry is not None else None,
        size=said["size"],
    )


def file_node(name: str, file: str, mode: int) -> dict[str, Any]:
    """Options of the QEMU block node that gives out a file's bytes (qapi/block-core.json).

    Without a lock: a guest that starts, or a snapshot that is deleted, would fail on it.
    """
    return {
        "driver": "host_device" if stat.S_ISBLK(mode) else "file",
        "node-name": name,
        "filename": file,
        "read-only": True,
        "auto-read-only": False,
        "locking": "off",
    }


def disk_node(disk: ServedDisk, socket: str, exports: tuple[str, ...]) -> dict[str, Any]:
    """Options of the node that makes a disk of its layers, each of which is an NBD export.

    Every node is named here, down to the end of the chain: QEMU opens nothing that only an
    image's header names.
    """
    node: dict[str, Any] | None = None
    for layer, export in zip(reversed(disk.layers), reversed(exports), strict=True):
        server = {"type": "unix", "path": socket}
        one: dict[str, Any] = {
            "driver": layer.format,
            "read-only": True,
            "file": {"driver": "nbd", "server": server, "export": export, "read-only": True},
        }
        if layer.format == "qcow2":
            one["backing"] = node
        node = one
    assert node is not None, "a disk has at least one layer"
    return node


def entry_option(entry: ImageSnapshot) -> str:
    """What ``qemu-nbd --load-snapshot`` is given, with commas as QEMU's options want them."""
    return f"snapshot.id={entry.id.replace(',', ',,')}"


def same_file(found: os.stat_result, device: int, inode: int) -> bool:
    """Whether it is that file, and one whose bytes can be read at any place."""
    regular = stat.S_ISREG(found.st_mode) or stat.S_ISBLK(found.st_mode)
    return regular and (found.st_dev, found.st_ino) == (device, inode)
