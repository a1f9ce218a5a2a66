"""One domain of the demo: what an admin does to it with libvirt and QEMU's tools.

It imports libvirt itself because the demo defines and starts domains, which no backend does.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import libvirt

from snaptui.common.errors import HostError
from snaptui.demo.setups import SEARCH

MEMORY = 32
"""MiB of RAM: a guest without an operating system needs no more."""


class Guest:
    """A domain that is not there yet.

    Every method raises ``libvirt.libvirtError`` or, when it uses QEMU's tools,
    :class:`~snaptui.common.errors.HostError`.

    Args:
        connection: to the daemon that it will be on.
        images: an existing directory.
    """

    def __init__(self, connection: libvirt.virConnect, images: Path, name: str) -> None:
        self._connection = connection
        self._images = images
        self._name = name
        self._paths: dict[str, Path] = {}
        self._domain: libvirt.virDomain = None

    def define(self, description: str, disks: Mapping[str, int]) -> None:
        """Define it with new images; sizes in GiB by the disk's target."""
        root = Element("domain", type="qemu")
        SubElement(root, "name").text = self._name
        SubElement(root, "description").text = description
        SubElement(root, "memory", unit="MiB").text = str(MEMORY)
        kind = SubElement(SubElement(root, "os"), "type", arch="x86_64", machine="pc")
        kind.text = "hvm"
        devices = SubElement(root, "devices")
        for target, size in disks.items():
            path = self._images / f"{self._name}-{target}.qcow2"
            _run("qemu-img", "create", "-q", "-f", "qcow2", str(path), f"{size}G")
            self._paths[target] = path
            disk = SubElement(devices, "disk", type="file", device="disk")
            SubElement(disk, "driver", name="qemu", type="qcow2")
            SubElement(disk, "source", file=str(path))
            SubElement(disk, "target", dev=target, bus="virtio")
        SubElement(devices, "memballoon", model="none")
        self._domain = self._connection.defineXML(_text(root))

    def write(self, target: str, at: int, count: int) -> None:
        """Write so many MiB from a place on, in MiB, while it is shut off."""
        command = f"write -P {0x20 + at} {at}M {count}M"
        _run("qemu-io", "-f", "qcow2", "-c", command, str(self._paths[target]))

    def snapshot(self, name: str, description: str) -> None:
        """Take an internal snapshot, with RAM while it runs."""
        self._domain.snapshotCreateXML(_text(_snapshot(name, description)), 0)

    def overlay(self, name: str, description: str, target: str) -> None:
        """Take an external snapshot of one disk, without RAM."""
        root = _snapshot(name, description)
        path = self._images / f"{self._name}-{target}.{name}.qcow2"
        disk = SubElement(SubElement(root, "disks"), "disk", name=target, snapshot="external")
        SubElement(disk, "source", file=str(path))
        self._domain.snapshotCreateXML(_text(root), libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY)
        self._paths[target] = path

    def make_unmanaged(self, name: str, target: str) -> None:
        """Take a snapshot of an image behind libvirt's back, while it is shut off."""
        _run("qemu-img", "snapshot", "-c", name, str(self._paths[target]))

    def start(self, *, paused: bool = False) -> None:
        """Switch it on."""
        self._domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED if paused else 0)

    def power_off(self) -> None:
        """Switch it off."""
        self._domain.destroy()

    def revert(self, name: str) -> None:
        """Go back to a snapshot."""
        self._domain.revertToSnapshot(self._domain.snapshotLookupByName(name), 0)

    def age(self, times: Mapping[str, int]) -> None:
        """Say when its snapshots were made, in seconds since the epoch; parents first."""
        current = self._domain.snapshotCurrent().getName()
        for name, made in times.items():
            snapshot = self._domain.snapshotLookupByName(name)
            root = ElementTree.fromstring(
                snapshot.getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE)
            )
            created = root.find("creationTime")
            assert created is not None
            created.text = str(made)
            flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
            if name == current:
                flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT
            self._domain.snapshotCreateXML(_text(root), flags)


def _snapshot(name: str, description: str) -> Element:
    root = Element("domainsnapshot")
    SubElement(root, "name").text = name
    SubElement(root, "description").text = description
    return root


def _text(root: Element) -> str:
    return ElementTree.tostring(root, encoding="unicode")


def _run(tool: str, *words: str) -> None:
    found = shutil.which(tool, path=SEARCH) or tool
    done = subprocess.run(
        [found, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise HostError(f"{tool} failed: {(done.stderr or done.stdout).strip()}.")
