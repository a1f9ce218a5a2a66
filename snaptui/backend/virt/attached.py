"""What a guest of then is attached to on its host, and what of that is not there any more.

libvirt looks for secrets, networks, filters, pools, devices and files when it starts a guest,
which in a revert is when the one of now is stopped already (measured with 9.0 and 11.3). What
libvirt itself tells of them is asked here, and the file systems. Whether a device or network that
is there is free, and whether the kernel hands it out, shows at the start only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from xml.etree.ElementTree import Element

import libvirt

from snaptui.backend.virt import pool_xml, xml
from snaptui.backend.virt.calls import Ask, of_other_daemons
from snaptui.backend.virt.places import DEVICES, FILES
from snaptui.common.errors import (
    Disconnected,
    ImageError,
    NotFound,
    OutOfReach,
    SnaptuiError,
)
from snaptui.model.machine import Lack, Part

_GONE = "there is none"
_IDLE = "it is not active"
_OPENED = (
    ("rng/backend[@model='random']", None),
    ("filesystem[@type='mount']/source", "dir"),
    ("filesystem/binary", "path"),
    ("input[@type='evdev']/source", "dev"),
    *((f"{kind}[@type='dev']/source", "path") for kind in ("serial", "console", "parallel")),
)
"""What has to be there: element below the devices, attribute (``None``: its text)."""
_MADE = tuple(f"{kind}[@type='file']/source" for kind in ("serial", "console", "parallel"))
"""Files that libvirt makes, in a directory that has to be there."""
_SECRETS = {
    "passphrase": libvirt.VIR_SECRET_USAGE_TYPE_VOLUME,
    "ceph": libvirt.VIR_SECRET_USAGE_TYPE_CEPH,
    "iscsi": libvirt.VIR_SECRET_USAGE_TYPE_ISCSI,
}
"""What a secret of a disk is for, by its type (formatdomain.html)."""
_PLACE = ("domain", "bus", "slot", "function")


def gone(
    ask: Ask,
    connection: libvirt.virConnect,
    domain: Element,
    missing: Callable[[str], bool],
) -> Iterator[Lack]:
    """What the host does not have any more; not sure is what cannot be asked.

    Args:
        domain: as its record has it.
        missing: whether a file is not there; :class:`ImageError` where that is not known.

    Raises:
        Disconnected: the host is gone.
    """
    devices = domain.find("devices")
    if devices is None:
        return
    ask = of_other_daemons(ask, connection)
    yield from _secrets(ask, connection, devices)
    yield from _networks(ask, connection, devices)
    yield from _links(ask, connection, devices)
    yield from _volumes(ask, connection, devices)
    for device in devices.iterfind("hostdev"):
        yield from _host_device(ask, connection, device)
    for path in dict.fromkeys(_opened(devices)):
        try:
            if missing(path):
                yield Lack(Part.HOST, path)
        except ImageError as error:
            yield Lack(Part.HOST, path, error.message, sure=False)


def keys_gone(ask: Ask, connection: libvirt.virConnect, domain: Element) -> Iterator[Lack]:
    """The same of the keys alone."""
    devices = domain.find("devices")
    if devices is not None:
        yield from _secrets(of_other_daemons(ask, connection), connection, devices)


def _secrets(ask: Ask, connection: libvirt.virConnect, devices: Element) -> Iterator[Lack]:
    """Keys of disks and TPMs. Whether one has a value is not asked: the answer is the value."""

    def by_uuid(uuid: str) -> bool:
        return ask(lambda: connection.secretLookupByUUIDString(uuid)) is not None

    def by_usage(kind: int, usage: str) -> bool:
        return ask(lambda: connection.secretLookupByUsage(kind, usage)) is not None

    named = [one.get("uuid") for one in devices.iter("secret")]
    named += [one.get("secret") for one in devices.iterfind("tpm/backend/encryption")]
    for uuid in filter(None, dict.fromkeys(named)):
        yield from _looked_up(f"the secret {uuid}", partial(by_uuid, uuid))
    used = ((one.get("type", ""), one.get("usage")) for one in devices.iter("secret"))
    for kind, usage in dict.fromkeys(used):
        if usage and kind in _SECRETS:
            yield from _looked_up(f"the secret {usage}", partial(by_usage, _SECRETS[kind], usage))


def _networks(ask: Ask, connection: libvirt.virConnect, devices: Element) -> Iterator[Lack]:
    def active(name: str) -> bool:
        network = ask(lambda: connection.networkLookupByName(name))
        return bool(ask(network.isActive))

    def there(name: str) -> bool:
        return ask(lambda: connection.nwfilterLookupByName(name)) is not None

    named = (one.get("network") for one in devices.iterfind("interface[@type='network']/source"))
    for name in filter(None, dict.fromkeys(named)):
        yield from _looked_up(f"the network {name}", partial(active, name))
    used = (one.get("filter") for one in devices.iterfind("interface/filterref"))
    for name in filter(None, dict.fromkeys(used)):
        yield from _looked_up(f"the network filter {name}", partial(there, name))


def _links(ask: Ask, connection: libvirt.virConnect, devices: Element) -> Iterator[Lack]:
    """Bridges, and interfaces of the host that guests share."""

    @cache
    def listed() -> frozenset[str]:
        kind = libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET
        found = ask(lambda: connection.listAllDevices(kind))
        texts = (xml.parse(ask(one.XMLDesc)) for one in found)
        return frozenset(one.findtext("capability/interface") or "" for one in texts)

    def there(name: str) -> bool:
        if name in listed():
            return True
        if "lo" in listed():  # which each host has: the list is whole
            raise NotFound(_GONE)
        raise SnaptuiError("libvirt lists no interfaces of the host")

    bridges = (one.get("bridge") for one in devices.iterfind("interface[@type='bridge']/source"))
    shared = (one.get("dev") for one in devices.iterfind("interface[@type='direct']/source"))
    for name in filter(None, dict.fromkeys((*bridges, *shared))):
        yield from _looked_up(f"the interface {name}", partial(there, name))


def _volumes(ask: Ask, connection: libvirt.virConnect, devices: Element) -> Iterator[Lack]:
    def there(pool: str, volume: str) -> bool:
        handle = ask(lambda: connection.storagePoolLookupByName(pool))
        if not ask(handle.isActive):
            return False
        if pool_xml.pool_kind(ask(handle.XMLDesc)) in (*FILES, *DEVICES):
            ask(lambda: handle.storageVolLookupByName(volume))
        return True

    sources = devices.iterfind("disk[@type='volume']/source")
    named = ((one.get("pool", ""), one.get("volume", "")) for one in sources if not _optional(one))
    for pool, volume in dict.fromkeys(named):
        what = f"the volume {volume} of the pool {pool}"
        yield from _looked_up(what, partial(there, pool, volume))


def _host_device(ask: Ask, connection: libvirt.virConnect, device: Element) -> Iterator[Lack]:
    """A PCI device is looked for by its place, others libvirt knows by names of another kind."""
    source, kind = device.find("source"), device.get("type", "?")
    address = source.find("address") if source is not None else None
    if source is not None and _optional(source):
        return
    if kind != "pci" or address is None:
        yield Lack(Part.HOST, f"a host device ({kind})", "it is not looked for", sure=False)
        return
    try:
        domain, bus, slot, function = (int(address.get(part, "0"), 0) for part in _PLACE)
    except ValueError:
        yield Lack(Part.HOST, "a host device (pci)", "its address is not a number", sure=False)
        return
    name = f"pci_{domain:04x}_{bus:02x}_{slot:02x}_{function:x}"
    yield from _looked_up(
        f"the device {name}",
        lambda: ask(lambda: connection.nodeDeviceLookupByName(name)) is not None,
    )


def _optional(source: Element) -> bool:
    """Whether libvirt may start a guest without it (formatdomain.html, *startupPolicy*)."""
    return source.get("startupPolicy", "mandatory") != "mandatory"


def _looked_up(what: str, active: Callable[[], bool]) -> Iterator[Lack]:
    """The lack of it, unless it is there and active."""
    try:
        if not active():
            yield Lack(Part.HOST, what, _IDLE)
    except Disconnected:
        raise
    except NotFound:
        yield Lack(Part.HOST, what, _GONE)
    except OutOfReach as error:
        yield Lack(Part.HOST, what, error.message)
    except SnaptuiError as error:
        yield Lack(Part.HOST, what, error.message, sure=False)


def _opened(devices: Element) -> Iterator[str]:
    for path, attribute in _OPENED:
        for one in devices.iterfind(path):
            named = (one.text or "").strip() if attribute is None else one.get(attribute, "")
            if named.startswith("/"):
                yield named
    for path in _MADE:
        for one in devices.iterfind(path):
            folder = one.get("path", "").rpartition("/")[0]
            if folder.startswith("/"):
                yield folder
