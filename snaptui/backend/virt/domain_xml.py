"""Domain XML to the model; the elements are those of libvirt's formatdomain.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snaptui.backend.virt.xml import bytes_of, digest, parse, presence, source_path
from snaptui.model.disk import Disk, Volume
from snaptui.model.domain import DomainConfig
from snaptui.model.image import Unplaced
from snaptui.model.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from xml.etree.ElementTree import Element

NOT_ASKED = Unplaced("its pool was not asked where it is")
"""What is known of a volume from an XML alone."""


def parse_domain(xml: str) -> DomainConfig:
    """A domain's configuration.

    Raises:
        HostError: the XML is too large or not well-formed.
    """
    return config(parse(xml), digest(xml))


def config(domain: Element, hashed: str) -> DomainConfig:
    """What a ``<domain>`` says, wherever it stands; ``hashed`` is the digest of its text."""
    loaders, store = domain.iterfind("os/loader"), domain.find("os/varstore")
    return DomainConfig(
        disks=tuple(_disk(disk) for disk in domain.iterfind("devices/disk")),
        memory=bytes_of(domain.find("memory")),
        pflash=any(loader.get("type") == "pflash" for loader in loaders)
        or any(domain.find(f"os/{name}") is not None for name in ("nvram", "varstore")),
        passthrough=tuple(device.get("type", "?") for device in domain.iterfind("devices/hostdev")),
        digest=hashed,
        variables=_variables(domain.find("os/nvram")),
        machine=machine(domain),
        firmware=(domain.findtext("os/loader") or "").strip() or None,
        template=_template(domain, "nvram"),
        boot_files=tuple(dict.fromkeys(_boot_files(domain))),
        drives=tuple(dict.fromkeys(_drives(domain))),
        tpm=_tpm(domain.find("devices/tpm/backend")),
        varstore=store.get("path", "") if store is not None else None,
    )


def _tpm(backend: Element | None) -> str:
    return backend.get("type", "?") if backend is not None else ""


def machine(domain: Element) -> Machine | None:
    """What a domain is a machine of (formatdomain.html, *Operating system booting*, *Devices*)."""
    os_type = domain.find("os/type")
    if os_type is None:
        return None
    emulator = (domain.findtext("devices/emulator") or "").strip()
    arch, kind = os_type.get("arch", ""), os_type.get("machine", "")
    return Machine(domain.get("type", ""), arch, kind, emulator)


def _boot_files(domain: Element) -> Iterator[str]:
    for name in ("loader", "shim", "kernel", "initrd", "dtb"):
        path = (domain.findtext(f"os/{name}") or "").strip()
        if path.startswith("/"):
            yield path
    for name in ("nvram", "varstore"):
        if template := _template(domain, name):
            yield template


def _drives(domain: Element) -> Iterator[str]:
    """What libvirt starts no QEMU without (formatdomain.html, *startupPolicy*)."""
    for element in domain.iterfind("devices/disk"):
        source, disk = element.find("source"), _disk(element)
        needed = source is not None and source.get("startupPolicy", "mandatory") == "mandatory"
        if needed and disk.path is not None and (disk.read_only or disk.format != "qcow2"):
            yield disk.path


def _template(domain: Element, name: str) -> str | None:
    variables = domain.find(f"os/{name}")
    template = variables.get("template", "") if variables is not None else ""
    return template if template.startswith("/") else None


def _variables(nvram: Element | None) -> Disk | None:
    """The image of the UEFI variables (formatdomain.html, *BIOS bootloader*), as a disk."""
    if nvram is None:
        return None
    path = source_path(nvram) or (nvram.text or "").strip() or None
    kind = nvram.get("type", "file")
    return Disk("UEFI variables", "nvram", kind, path, nvram.get("format", "raw"))


def _disk(disk: Element) -> Disk:
    target, driver = disk.find("target"), disk.find("driver")
    snapshot = disk.get("snapshot")
    unknown = _unknown(disk)
    return Disk(
        target=target.get("dev", "?") if target is not None else "?",
        device=disk.get("device", "disk"),
        source_type=disk.get("type", "file"),
        path=None if unknown else source_path(disk),
        format=driver.get("type", "") if driver is not None else "",
        read_only=disk.find("readonly") is not None,
        shareable=disk.find("shareable") is not None,
        snapshot=presence(disk) if snapshot is not None else None,
        encryption=next(disk.iter("encryption"), None) is not None,
        beneath=_beneath(disk),
        volumes=tuple(filter(None, map(_volume, disk.iter("backingStore")))),
        volume=_volume(disk),
        unknown=unknown,
        passed=disk.find("source[@fdgroup]") is not None,
        transient=disk.find("transient") is not None,
        discards_all=disk.find("driver[@discard='unmap'][@discard_no_unref='on']") is not None,
    )


def _volume(disk: Element) -> Volume | None:
    source = disk.find("source")
    pool, name = (source.get("pool"), source.get("volume")) if source is not None else (None, None)
    return Volume(pool, name, NOT_ASKED) if pool and name else None


def _unknown(disk: Element) -> str:
    """Why no path holds the bytes of a disk's image; empty when one does, or it has no medium."""
    kind, source = disk.get("type", "file"), disk.find("source")
    if kind == "volume" and source is not None and source.get("volume"):
        return NOT_ASKED.reason
    if kind == "network":
        protocol = source.get("protocol", "?") if source is not None else "?"
        return f"it is a network disk ({protocol}), of which libvirt passes no bytes on"
    if kind not in ("file", "block", "volume"):
        return f"it is a disk of the type {kind}, which only QEMU can open"
    if source is not None and source.find("slices") is not None:
        return f"it is a part of {source_path(disk)}, at an offset in it (a slice)"
    return ""


def _beneath(disk: Element) -> tuple[str, ...] | None:
    if disk.find("backingStore") is None:
        return None
    found = (source_path(one) for one in disk.iter("backingStore"))
    return tuple(path for path in found if path is not None)


def active(xml: str) -> bool:
    """Whether a domain is there to do something (formatdomain.html, ``id``).

    Raises:
        HostError: the XML is too large, or not well-formed.
    """
    return parse(xml).get("id") is not None


def agent_connected(xml: str) -> bool | None:
    """Whether somebody in the guest listens at the agent's channel; ``None`` without one.

    Args:
        xml: of the live domain (formatdomain.html, *Channel*).
    """
    for target in parse(xml).iterfind("devices/channel/target"):
        if target.get("name") == "org.qemu.guest_agent.0":
            return target.get("state") != "disconnected"
    return None


def mirrored(xml: str, target: str) -> bool:
    """Whether a merge or copy of what a disk writes to is whole, and waits to be told to pivot.

    Raises:
        HostError: it cannot be read.
    """
    for disk in parse(xml).iterfind("devices/disk"):
        device, mirror = disk.find("target"), disk.find("mirror")
        if device is not None and device.get("dev") == target and mirror is not None:
            return mirror.get("ready") == "yes"
    return False


def volume_nodes(xml: str) -> Mapping[str, tuple[str, ...]]:
    """By target of each disk of a running domain that is a volume, what it is known by.

    Its QEMU and the number of its node in there (formatdomain.html, ``index``): as long as these
    are the same, the file that it has open is. Empty for a domain that is off.
    """
    root = parse(xml)
    if (number := root.get("id")) is None:
        return {}
    found = {}
    for disk in root.iterfind("devices/disk[@type='volume']"):
        target, source = disk.find("target"), disk.find("source")
        if target is not None and source is not None:
            words = (source.get(key, "") for key in ("pool", "volume", "index"))
            found[target.get("dev", "?")] = (number, *words)
    return found
