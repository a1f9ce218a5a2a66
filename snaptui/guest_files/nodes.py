"""How QEMU is to open the layers of a disk; everything by name, nothing found out by itself."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import Any

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
