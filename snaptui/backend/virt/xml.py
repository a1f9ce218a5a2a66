"""Domain and snapshot XML to and from the model.

The elements are those of libvirt's formatdomain.html and formatsnapshot.html. The parser is
imported where it is used: the first screen does without it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from snaptui.common import text
from snaptui.common.errors import HostError
from snaptui.model.disk import Disk, Presence, Volume
from snaptui.model.domain import DomainConfig
from snaptui.model.image import Unplaced
from snaptui.model.machine import Machine
from snaptui.model.snapshot import Snapshot, SnapshotDisk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from xml.etree.ElementTree import Element

    from snaptui.model.files import NamedFile, User

LARGEST = 1 << 20
"""Characters of XML above which it is not parsed."""

DEEPEST = 256
"""Elements inside of each other, as many as libxml2 lets libvirt read (XML_MAX_DEPTH)."""

NOT_ASKED = Unplaced("its pool was not asked where it is")
"""What is known of a volume from an XML alone."""

_UNITS = {
    "b": 1,
    "bytes": 1,
    "kb": 1000,
    "k": 1 << 10,
    "kib": 1 << 10,
    "mb": 1000**2,
    "m": 1 << 20,
    "mib": 1 << 20,
    "gb": 1000**3,
    "g": 1 << 30,
    "gib": 1 << 30,
    "tb": 1000**4,
    "t": 1 << 40,
    "tib": 1 << 40,
}


def parse_domain(xml: str) -> DomainConfig:
    """A domain's configuration.

    Raises:
        HostError: the XML is too large or not well-formed.
    """
    return _config(parse(xml), digest(xml))


def parse_snapshot(xml: str) -> Snapshot:
    """A snapshot's metadata.

    Raises:
        HostError: the XML is too large, not well-formed, or without a name.
    """
    root = parse(xml)
    name = root.findtext("name")
    if not name:
        raise HostError("The snapshot's XML has no name.")
    memory = root.find("memory")
    # where its record has no domain, libvirt gives one that is a UUID alone
    domain = root.find("domain[name]")
    return Snapshot(
        name=name,
        parent=root.findtext("parent/name"),
        created=_number(root.findtext("creationTime")),
        state=root.findtext("state") or "",
        description=root.findtext("description") or "",
        memory=_presence(memory) if memory is not None else Presence.NO,
        memory_path=memory.get("file") if memory is not None else None,
        disks=_parts(root, "disks/disk"),
        config=None if domain is None else _config(domain, ""),
        delete_in_progress=root.find("disks/disk/snapshotDeleteInProgress") is not None,
        digest=digest(xml),
        revert_disks=_parts(root, "revertDisks/disk"),
    )


def _parts(root: Element, path: str) -> tuple[SnapshotDisk, ...]:
    return tuple(
        SnapshotDisk(disk.get("name", "?"), _presence(disk), _path(disk))
        for disk in root.iterfind(path)
    )


def agent_connected(xml: str) -> bool | None:
    """Whether somebody in the guest listens at the agent's channel; ``None`` without one.

    Args:
        xml: of the live domain (formatdomain.html, *Channel*).
    """
    for target in parse(xml).iterfind("devices/channel/target"):
        if target.get("name") == "org.qemu.guest_agent.0":
            return target.get("state") != "disconnected"
    return None


def bitmap_there(xml: str) -> bool:
    """Whether a checkpoint has a whole bitmap on a disk at least.

    Args:
        xml: of the checkpoint, with sizes (formatcheckpoint.html, *size*).
    """
    return any(disk.get("size") is not None for disk in parse(xml).iterfind("disks/disk"))


def named_files(xml: str, owner: User) -> tuple[NamedFile, ...]:
    """Every absolute path in a domain's or snapshot's XML.

    Whatever it stands for: a path that is missed here could be taken for one that nobody
    needs. So all attributes and texts are looked at, not the elements that are known.

    Args:
        owner: whose XML it is.
    """
    from snaptui.model.files import NamedFile

    found: dict[str, NamedFile] = {}
    root = parse(xml)
    for disk in root.iter("disk"):
        target = disk.find("target")
        name = target.get("dev", "?") if target is not None else disk.get("name", "?")
        for holder in disk.iter():
            path = _path(holder) or ""
            if path.startswith("/"):
                raw = _form(holder) == "raw"
                found.setdefault(path, NamedFile(path, replace(owner, disk=name), True, raw))
    for element in root.iter():
        for value in (*element.attrib.values(), (element.text or "").strip()):
            if value.startswith("/"):
                found.setdefault(value, NamedFile(value, owner, False))
    return tuple(found.values())


def _form(holder: Element) -> str:
    """What a disk, or an image beneath it, is declared to be."""
    said = holder.find("driver" if holder.tag == "disk" else "format")
    return said.get("type", "") if said is not None else ""


def named_volumes(xml: str) -> tuple[tuple[str, str], ...]:
    """Pool and volume of each disk that is given so (formatdomain.html, *Hard drives*)."""
    sources = parse(xml).iter("source")
    return tuple(
        (pool, volume)
        for source in sources
        if (pool := source.get("pool")) and (volume := source.get("volume"))
    )


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


def pool_target(xml: str) -> str:
    """The directory of a pool; empty when it has none (formatstorage.html, *Target elements*)."""
    path = parse(xml).findtext("target/path") or ""
    return path if path.startswith("/") else ""


def pool_kind(xml: str) -> str:
    """The type of a storage pool (``dir``, ``logical``)."""
    return parse(xml).get("type", "")


def adopted(name: str, created: int, domain: str) -> str:
    """The XML that makes libvirt know what the images hold (formatsnapshot.html).

    Args:
        created: seconds since the epoch.
        domain: the XML of the domain that was shut off then.

    Raises:
        HostError: the domain's XML cannot be read.
    """
    from xml.etree import ElementTree

    root = ElementTree.Element("domainsnapshot")
    ElementTree.SubElement(root, "name").text = name
    ElementTree.SubElement(root, "creationTime").text = str(created)
    ElementTree.SubElement(root, "state").text = "shutoff"
    root.append(parse(domain))
    return ElementTree.tostring(root, encoding="unicode")


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


def redefined(xml: str, after: Snapshot) -> str:
    """A snapshot's XML with what ``after`` says, and all else as it is.

    That is its name, description and parent, and the paths of the disks' images.

    Raises:
        HostError: it cannot be read.
    """
    from xml.etree import ElementTree

    root = parse(xml)
    for path, value in (
        ("name", after.name), ("description", after.description), ("parent/name", after.parent)
    ):  # fmt: skip
        element = root.find(path)
        if element is None and path == "description":
            element = ElementTree.Element(path)
            root.insert(1, element)  # formatsnapshot.html puts it after the name
        if element is not None:
            element.text = value
            if path == "description" and not value:
                root.remove(element)
    wanted = {disk.target: disk.path for disk in after.config.disks} if after.config else {}
    for domain in ("domain", "inactiveDomain"):
        for disk in root.iterfind(f"{domain}/devices/disk"):
            _relocate(disk, wanted)
    return ElementTree.tostring(root, encoding="unicode")


def _relocate(disk: Element, wanted: Mapping[str, str | None]) -> None:
    """Give a disk the path that is wanted for its target; libvirt finds what lies beneath."""
    source, target = disk.find("source"), disk.find("target")
    now = wanted.get(target.get("dev", "")) if target is not None else None
    then = _path(disk)
    if source is None or now is None or then is None or now == then:
        return
    for name, value in source.items():
        if value == then:
            source.set(name, now)
    for beneath in disk.findall("backingStore"):
        disk.remove(beneath)


def digest(xml: str) -> str:
    """A hash by which one XML text is told from another."""
    import hashlib

    return hashlib.sha256(text.utf8(xml)).hexdigest()


def parse(xml: str) -> Element:
    """The root of an XML text.

    Raises:
        HostError: it is too large or deep, not well-formed, or declares a document type.
    """
    from xml.etree import ElementTree

    if len(xml) > LARGEST:
        raise HostError(f"Its XML is larger than {LARGEST >> 20} MiB and was not read.")
    if "<!DOCTYPE" in xml:
        raise HostError("Its XML declares a document type, which libvirt never does.")
    try:
        root = ElementTree.fromstring(xml)
    except (ElementTree.ParseError, ValueError) as error:
        raise HostError(f"Its XML cannot be read: {error}.") from error
    level: list[Element] = [root]
    for _ in range(DEEPEST):
        level = [child for element in level for child in element]
        if not level:
            return root
    raise HostError(f"Its XML is nested more than {DEEPEST} deep and was not read.")


def _config(domain: Element, hashed: str) -> DomainConfig:
    loaders = domain.iterfind("os/loader")
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
        tpm=domain.find("devices/tpm/backend[@type='emulator']") is not None,
    )


def started_by(snapshot: str) -> Element | None:
    """The domain of a snapshot's XML with which a revert starts a guest; ``None`` without one.

    Where RAM is loaded it is the one that ran, otherwise the definition of that time
    (formatsnapshot.html, *domain* and *inactiveDomain*). The CPU that QEMU made of ``host-model``
    is in the cookie (measured with 11.3 and 12.8; 9.0 has it in the domain).
    """
    root = parse(snapshot)
    memory = root.find("memory")
    kept = memory is not None and _presence(memory) is not Presence.NO
    defined = None if kept else root.find("inactiveDomain[name]")
    domain = defined if defined is not None else root.find("domain[name]")
    made = root.find("cookie/cpu") if kept else None
    if domain is not None and made is not None:
        for cpu in domain.findall("cpu"):
            domain.remove(cpu)
        domain.append(made)
    return domain


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


def _template(domain: Element, name: str) -> str | None:
    variables = domain.find(f"os/{name}")
    template = variables.get("template", "") if variables is not None else ""
    return template if template.startswith("/") else None


def _variables(nvram: Element | None) -> Disk | None:
    """The image of the UEFI variables (formatdomain.html, *BIOS bootloader*), as a disk."""
    if nvram is None:
        return None
    path = _path(nvram) or (nvram.text or "").strip() or None
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
        path=None if unknown else _path(disk),
        format=driver.get("type", "") if driver is not None else "",
        read_only=disk.find("readonly") is not None,
        shareable=disk.find("shareable") is not None,
        snapshot=_presence(disk) if snapshot is not None else None,
        encryption=next(disk.iter("encryption"), None) is not None,
        beneath=_beneath(disk),
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
        return f"it is a part of {_path(disk)}, at an offset in it (a slice)"
    return ""


def _beneath(disk: Element) -> tuple[str, ...] | None:
    if disk.find("backingStore") is None:
        return None
    found = (_path(one) for one in disk.iter("backingStore"))
    return tuple(path for path in found if path is not None)


def _path(disk: Element) -> str | None:
    source = disk.find("source")
    return None if source is None else source.get("file") or source.get("dev")


def _presence(element: Element) -> Presence:
    try:
        return Presence(element.get("snapshot", "no"))
    except ValueError:
        return Presence.MANUAL


def bytes_of(memory: Element | None) -> int:
    """A size with its unit (formatdomain.html, *Memory Allocation*), in bytes; 0 without one."""
    if memory is None:
        return 0
    unit = _UNITS.get(memory.get("unit", "KiB").lower(), 1 << 10)
    return (_number(memory.text) or 0) * unit


def _number(words: str | None) -> int | None:
    try:
        return int(words or "")
    except ValueError:
        return None
