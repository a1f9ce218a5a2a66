"""Devices and features of a machine of then, and what libvirt says that QEMU here has of them.

It lists them in a domain's capabilities (formatdomaincaps.html), each version more of them. Not
compared is what they list but in part (channels, secure loaders), and what a start does not heed
(features of Hyper-V; measured with 9.0, 11.3 and 12.9). Of what they do not list nothing is known
but that a guest which has it now was started with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

from snaptui.model.machine import Lack, Part


class _Compared(NamedTuple):
    """What is compared.

    Attributes:
        path: of an element below the domain.
        attribute: of it.
        section, listed: in the capabilities; empty where no libvirt lists such.
    """

    path: str
    attribute: str
    section: str = ""
    listed: str = ""


_COMPARED = (
    _Compared("devices/disk", "device", "devices/disk", "diskDevice"),
    _Compared("devices/disk", "model", "devices/disk", "model"),
    _Compared("devices/disk/target", "bus", "devices/disk", "bus"),
    _Compared("devices/graphics", "type", "devices/graphics", "type"),
    _Compared("devices/video/model", "type", "devices/video", "modelType"),
    _Compared("devices/rng", "model", "devices/rng", "model"),
    _Compared("devices/rng/backend", "model", "devices/rng", "backendModel"),
    _Compared("devices/filesystem/driver", "type", "devices/filesystem", "driverType"),
    _Compared("devices/tpm", "model", "devices/tpm", "model"),
    _Compared("devices/tpm/backend", "type", "devices/tpm", "backendModel"),
    _Compared("devices/tpm/backend", "version", "devices/tpm", "backendVersion"),
    _Compared("devices/redirdev", "bus", "devices/redirdev", "bus"),
    _Compared("devices/crypto", "model", "devices/crypto", "model"),
    _Compared("devices/crypto/backend", "model", "devices/crypto", "backendModel"),
    _Compared("devices/interface/backend", "type", "devices/interface", "backendType"),
    _Compared("devices/panic", "model", "devices/panic", "model"),
    _Compared("devices/serial", "type", "devices/console", "type"),
    _Compared("devices/console", "type", "devices/console", "type"),
    _Compared("memoryBacking/source", "type", "memoryBacking", "sourceType"),
    _Compared("launchSecurity", "type", "features/launchSecurity", "sectype"),
    _Compared("devices/interface/model", "type"),
    _Compared("devices/controller[@type='usb']", "model"),
    _Compared("devices/controller[@type='scsi']", "model"),
    _Compared("devices/controller[@type='pci']", "model"),
    _Compared("devices/sound", "model"),
    _Compared("devices/watchdog", "model"),
    _Compared("devices/memballoon", "model"),
    _Compared("devices/memory", "model"),
    _Compared("devices/iommu", "model"),
    _Compared("devices/shmem/model", "type"),
    _Compared("devices/vsock", "model"),
    _Compared("devices/smartcard", "mode"),
)
_NOTHING = "none"
"""A model that stands for no device."""
_SUPPORTED = (
    ("genid", "features/genid"),
    ("features/vmcoreinfo", "features/vmcoreinfo"),
    ("iothreads", "iothreads"),
)
"""In a domain, and in the capabilities, which say whether it is supported."""
_PROGRAMS = (
    ("devices/filesystem/driver[@type='virtiofs']", "virtiofsd"),
    ("devices/interface/backend[@type='passt']", "passt"),
)
"""What libvirt starts beside QEMU, looks for only then, and lists whether or not it is there."""
_NOT_TOLD = "libvirt does not tell, and the guest of now has none"


def lacking(domain: Element, there: Element, now: Element) -> Iterator[Lack]:
    """What QEMU here has not, or may not have.

    Args:
        domain: as its record has it.
        there: the capabilities for its machine.
        now: the same domain as it is defined, or runs, now.
    """
    for one in _COMPARED:
        values = _listed(there, one)
        known = _values(now, one) if values is None else values
        for value in _values(domain, one):
            if value not in known:
                told = values is not None
                yield Lack(Part.DEVICE, _name(one, value), "" if told else _NOT_TOLD, sure=told)
    yield from _features(domain, there)
    for path, program in _PROGRAMS:
        if domain.find(path) is not None and now.find(path) is None:
            reason = "libvirt looks for it when it starts the guest"
            yield Lack(Part.HOST, f"the program {program}", reason, sure=False)


def _features(domain: Element, there: Element) -> Iterator[Lack]:
    for path, listed in _SUPPORTED:
        told = there.find(listed)
        if domain.find(path) is not None and told is not None and told.get("supported") == "no":
            yield Lack(Part.FEATURE, listed.rpartition("/")[2])
    most, vcpus = there.find("vcpu"), (domain.findtext("vcpu") or "").strip()
    most_of_them = most.get("max", "") if most is not None else ""
    if vcpus.isdecimal() and most_of_them.isdecimal() and int(vcpus) > int(most_of_them):
        yield Lack(Part.FEATURE, f"{vcpus} virtual CPUs", f"{most_of_them} are the most")
    firmware, found = domain.find("os[@firmware]"), there.find("os/enum[@name='firmware']")
    if firmware is not None and found is not None and firmware.find("loader") is None:
        kind = firmware.get("firmware", "")
        if kind not in [value.text for value in found.iterfind("value")]:
            yield Lack(Part.HOST, f"firmware of the type {kind}", "libvirt finds none")


def _listed(there: Element, one: _Compared) -> Collection[str] | None:
    """What the capabilities list; ``None`` where this libvirt does not list such."""
    found = there.find(one.section) if one.section else None
    if found is None:
        return None
    if found.get("supported") == "no":
        return ()
    values = [value.text or "" for value in found.iterfind(f"enum[@name='{one.listed}']/value")]
    return values or None


def _values(domain: Element, one: _Compared) -> Collection[str]:
    found = (element.get(one.attribute) for element in domain.iterfind(one.path))
    return dict.fromkeys(value for value in found if value is not None and value != _NOTHING)


def _name(one: _Compared, value: str) -> str:
    """libvirt's own: of the element below the devices, and the value."""
    parts = [part.partition("[")[0] for part in one.path.split("/")]
    return f"{parts[1] if parts[0] == 'devices' else parts[0]} {value}"
