"""How QEMU is to open the layers of a disk; everything by name, nothing found out by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from snaptui.guest_files.source import Layer, ServedDisk
from snaptui.model.image import ImageSnapshot


def from_json(said: Mapping[str, Any]) -> ServedDisk:
    """What :func:`dataclasses.asdict` made of a disk."""
    entry = said["entry"]
    return ServedDisk(
        target=said["target"],
        layers=tuple(Layer(**layer) for layer in said["layers"]),
        entry=ImageSnapshot(**entry) if entry is not None else None,
        size=said["size"],
    )


def file_server(
    disks: Sequence[ServedDisk], socket: str, files: Sequence[Sequence[str]]
) -> list[str]:
    """Options of the qemu-storage-daemon that gives out the bytes of all layers' files.

    Without locks: a guest that starts, or a snapshot that is deleted, would fail on them.

    Args:
        files: by disk and layer, the path to open.
    """
    where = {"addr": {"type": "unix", "path": socket}, "max-connections": 0}
    nodes: list[str] = []
    exports: list[str] = []
    for place, disk in enumerate(disks):
        for depth, layer in enumerate(disk.layers):
            name = layer_name(place, depth)
            node = {
                "driver": "host_device" if layer.block else "file",
                "node-name": name,
                "filename": files[place][depth],
                "read-only": True,
                "auto-read-only": False,
                "locking": "off",
            }
            export = {"type": "nbd", "id": f"e{name}", "node-name": name, "name": name}
            nodes += ["--blockdev", json.dumps(node)]
            exports += ["--export", json.dumps(export)]
    return [*nodes, "--nbd-server", json.dumps(where), *exports]


def layer_name(place: int, depth: int) -> str:
    """The name under which a layer's file is given out; disks and layers are numbered from 0."""
    return f"disk{place}-layer{depth}"


def nbd_uri(socket: str, export: str) -> str:
    """An export on a Unix socket (NBD URI specification)."""
    return f"nbd+unix:///{export}?socket={quote(socket)}"


def disk_node(
    disk: ServedDisk, socket: str, exports: Sequence[str], nameless: Mapping[int, str]
) -> dict[str, Any]:
    """Options of the node that makes a disk of its layers, each of which is an NBD export.

    Every node is given here, down to the end of the chain: QEMU opens nothing that only an
    image's header names. It would still join such a name with the options of what lies beneath
    (block.c, bdrv_open_backing_file), so those layers are read through a file that hides it.

    Args:
        nameless: by depth, paths of qcow2 images that are the layer's file without that name.
    """
    node: dict[str, Any] | None = None
    for depth in reversed(range(len(disk.layers))):
        form = disk.layers[depth].format
        server = {"type": "unix", "path": socket}
        file: dict[str, Any] = {"driver": "nbd", "server": server, "export": exports[depth]}
        if depth in nameless:
            file = {"driver": "qcow2", "file": _read_only("file", filename=nameless[depth])}
        one = _read_only(form, file=file | {"read-only": True})
        if form == "qcow2":
            one["backing"] = node
        node = one
    assert node is not None, "a disk has at least one layer"
    return node


def _read_only(driver: str, **options: Any) -> dict[str, Any]:
    return {"driver": driver, "read-only": True, **options}


def entry_option(entry: ImageSnapshot) -> str:
    """What ``qemu-nbd --load-snapshot`` is given, with commas as QEMU's options want them."""
    return f"snapshot.id={entry.id.replace(',', ',,')}"
